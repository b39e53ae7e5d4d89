//! Whether what was told as durable is there.

use custos_core::EvidenceState;

use super::{State, Verdict};
use crate::torture::{mp4::Fault, told::Told};

impl State<'_> {
    /// How many promises are broken.
    pub(super) fn promises_are_kept(&self, verdict: &mut Verdict) -> u64 {
        let mut broken = 0;
        for told in self.death.told {
            let Some(clip) = told.promised() else {
                continue;
            };
            if let Err(fault) = self.kept(told, clip) {
                broken += 1;
                verdict.fault(clip, format!("{told:?}: {fault}"));
            }
        }
        broken
    }

    fn kept(&self, told: &Told, clip: &str) -> Result<(), Fault> {
        let (item, said) = self
            .items
            .get(clip)
            .zip(self.journal.clips.get(clip))
            .ok_or("it is gone")?;
        if self.broken.contains(clip) {
            return Err("it is not sound".to_owned());
        }
        let sealed = said.sealed.first().ok_or("it is not sealed")?;
        let holds = match told {
            Told::Committed {
                fragment, end_us, ..
            } => {
                // One that a check before this saw has been compared already.
                let opened = self.opened.get(clip);
                item.fragments >= *fragment
                    && sealed.duration_us >= *end_us
                    && opened.is_none_or(|opened| opened.end_us() + 100_000 >= *end_us)
            }
            Told::Sealed { bytes, .. } | Told::Photo { bytes, .. } => {
                item.state == EvidenceState::Sealed && item.length == Some(*bytes)
            }
            Told::Marked { label, .. } => {
                let marks = said.marks.len();
                said.marks.contains(label) && item.marked as usize == marks
            }
            _ => true,
        };
        let lost = || {
            format!(
                "there are {} fragments up to {} us, {:?} bytes, {}",
                item.fragments,
                sealed.duration_us,
                item.length,
                item.state.as_str()
            )
        };
        holds.then_some(()).ok_or_else(lost)
    }
}
