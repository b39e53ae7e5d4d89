//! Whether a recording's clips are what was handed over, and how much of its end is missing.

use std::collections::BTreeMap;

use custos_core::record::Track;

use super::{State, Verdict};
use crate::torture::{
    clip::{self, Came},
    media::Media,
    mp4::Fault,
    told::Told,
};

impl State<'_> {
    /// Clip after clip of each recording: the samples that were handed over, from the first on,
    /// without a hole; and how many of the last ones are missing.
    pub(super) fn recordings_have_no_holes(&mut self, verdict: &mut Verdict) {
        let mut recordings: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for clip in &self.journal.order {
            if self.opened.contains_key(clip) {
                let recording = &self.journal.clips[clip].recording;
                recordings.entry(recording).or_default().push(clip);
            }
        }
        for (recording, clips) in recordings {
            let failed = |clip: &&str| !self.journal.clips[*clip].failed.is_empty();
            if self.death.faulty && clips.iter().any(failed) {
                // The disk failed at the end of one of them: the next one went on without that.
                continue;
            }
            let began = self.death.told.iter().find_map(|told| match told {
                Told::Began {
                    recording,
                    media,
                    clip,
                } if clips.contains(&clip.as_str()) => Some((*recording, *media)),
                _ => None,
            });
            let candidates = match began.and_then(|(_, media)| self.death.media.get(media)) {
                Some(media) => std::slice::from_ref(media),
                None => self.death.media,
            };
            let tries = candidates
                .iter()
                .map(|media| (*media, self.follow(media, &clips)));
            // The one that went farthest is the one that it was.
            let best =
                tries.max_by_key(|(_, (came, fault))| (fault.is_none(), came.video + came.audio));
            match best {
                Some((media, (came, None))) => {
                    if let Some((number, _)) = began {
                        self.measure(number, media, came, &clips, verdict);
                    }
                }
                Some((media, (_, Some((clip, fault))))) => {
                    verdict.fault(&clip, format!("of {}: {fault}", media.name));
                    self.broken.insert(clip);
                }
                None => verdict.fault(recording, "nobody knows what was recorded"),
            }
        }
    }

    /// How far the clips are those samples, and where that ends before they do.
    fn follow(&self, media: &Media, clips: &[&str]) -> (Came, Option<(String, Fault)>) {
        let mut came = Came::default();
        for clip in clips {
            if let Err(fault) = clip::follows(&self.opened[*clip], media, &mut came) {
                return (came, Some(((*clip).to_owned(), fault)));
            }
        }
        (came, None)
    }

    fn measure(
        &self,
        number: u64,
        media: &Media,
        came: Came,
        clips: &[&str],
        verdict: &mut Verdict,
    ) {
        let handed = self.death.told.iter().filter_map(|told| match told {
            Told::Handing { recording, sample } if *recording == number => Some(sample + 1),
            _ => None,
        });
        let handed = handed.max().unwrap_or(0);
        let sealed = self.death.told.iter().any(
            |told| matches!(told, Told::Sealed { clip, .. } if clips.last() == Some(&clip.as_str())),
        );
        for track in [Track::Video, Track::Audio] {
            let (had, has) = (media.handed(track, handed), came.of(track));
            if has > had {
                let fault = format!("{has} {track:?} samples of {had} that were handed over");
                verdict.fault(clips[0], fault);
            }
            if sealed && has < had {
                let fault = format!("sealed with {has} {track:?} samples of {had}");
                verdict.fault(clips[0], fault);
            }
            let missing = (has..had).filter_map(|n| media.expected(track, n).map(|e| e.1));
            let (from, to) = missing.fold((i64::MAX, i64::MIN), |(from, to), at| {
                (from.min(at), to.max(at))
            });
            let loss = if from > to {
                0
            } else {
                to - from + media.step_us(track)
            };
            verdict.loss_us = verdict.loss_us.max(Some(loss));
        }
    }
}
