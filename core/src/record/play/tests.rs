mod unindexed;

use std::io::Cursor;

use age::x25519::Identity;
use mp4_atom::{Atom as _, Decode as _, Header, Moof, Moov, ReadFrom as _, SegmentReference, Sidx};

use super::*;
use crate::record::{AudioConfig, Fragment, Muxer, Rotation, Track, VideoConfig, seal};

/// 640x480, Baseline, with its PPS.
const CONFIG: &[u8] = &[
    0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00,
    0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x58, 0xba, 0x80, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80,
];

struct Clip {
    plain: Vec<u8>,
    places: Vec<Place>,
    sealed: Vec<u8>,
    identity: Identity,
}

impl Clip {
    /// Key frames every two seconds, fragments of one.
    fn new(seconds: i64, video: bool, audio: bool) -> Self {
        let mut muxer = Muxer::new(1_000_000);
        if video {
            let config = VideoConfig::new(CONFIG, Rotation::None).unwrap();
            muxer.configure_video(config).unwrap();
        }
        if audio {
            let config = AudioConfig::new(&[0x11, 0x90]).unwrap();
            muxer.configure_audio(config).unwrap();
        }
        let mut clip = Self {
            plain: Vec::new(),
            places: Vec::new(),
            sealed: Vec::new(),
            identity: Identity::generate(),
        };
        let mut frame = 0;
        for picture in 0..seconds * 25 {
            if video {
                let key = picture % 50 == 0;
                let kind = if key { 0x65 } else { 0x41 };
                let unit = [&[0, 0, 0, 1, kind][..], &[picture as u8; 4000]].concat();
                let done = muxer.push(Track::Video, picture * 40_000, key, &unit);
                clip.add(done.unwrap());
            }
            while audio && frame * 1_024_000 / 48 <= (picture + 1) * 40_000 {
                let done = muxer.push(Track::Audio, frame * 1_024_000 / 48, true, &[7; 300]);
                clip.add(done.unwrap());
                frame += 1;
            }
        }
        let last = muxer.finish().unwrap();
        clip.add(last);
        clip.seal();
        clip
    }

    fn add(&mut self, fragment: Option<Fragment>) {
        let Some(fragment) = fragment else { return };
        let position = (self.plain.len() + fragment.init_bytes) as u64;
        self.places.push(Place {
            position,
            length: (fragment.bytes() - fragment.init_bytes) as u64,
            begin_us: fragment.begin_us,
            end_us: fragment.end_us,
            sync: fragment.sync,
        });
        self.plain.extend(fragment.parts().concat());
    }

    fn seal(&mut self) {
        let recipient = self.identity.to_public().to_string().parse().unwrap();
        let mut begun = seal::begin(&[recipient]).unwrap();
        self.sealed = begun.header;
        begun.sealer.push(&self.plain, &mut self.sealed).unwrap();
        begun.sealer.close().complete(&mut self.sealed).unwrap();
    }

    fn opened(&self) -> Opened<Cursor<Vec<u8>>> {
        Opened::new(Cursor::new(self.sealed.clone()), &self.identity).unwrap()
    }

    fn view(&self, range: ClipRange) -> Result<View<Cursor<Vec<u8>>>> {
        View::of(self.opened(), self.places.clone(), range)
    }
}

fn range(from_us: i64, to_us: i64) -> ClipRange {
    ClipRange {
        from_us,
        to_us: Some(to_us),
    }
}

/// Everything, and the same in pieces of every sort.
fn read(view: &mut View<Cursor<Vec<u8>>>) -> Vec<u8> {
    let mut whole = vec![0; view.size() as usize + 10];
    let length = view.read_at(0, &mut whole).unwrap();
    assert_eq!(length as u64, view.size());
    whole.truncate(length);
    for piece in [1, 7, 500, 65_537] {
        let mut at = whole.len() / piece % 13;
        let mut buffer = vec![0; piece];
        for _ in 0..2000 {
            let read = view.read_at(at as u64, &mut buffer).unwrap();
            assert_eq!(&buffer[..read], &whole[at..at + read]);
            at += read;
            if read < piece {
                assert_eq!(at, whole.len());
                break;
            }
        }
    }
    for beyond in [whole.len() as u64, u64::MAX] {
        assert_eq!(view.read_at(beyond, &mut [0; 5]), Ok(0));
    }
    whole
}

/// What a parser of others makes of it.
struct Parsed {
    moov: Moov,
    indexes: Vec<Sidx>,
    moofs: Vec<Moof>,
    /// Where the fragments begin.
    first: usize,
    /// Bytes of each fragment.
    lengths: Vec<u64>,
}

fn parse(file: &[u8]) -> Parsed {
    let mut cursor = Cursor::new(file);
    let (mut moov, mut indexes) = (None, Vec::new());
    let (mut moofs, mut lengths) = (Vec::new(), Vec::new());
    let mut first = 0;
    while (cursor.position() as usize) < file.len() {
        let start = cursor.position() as usize;
        let header = Header::read_from(&mut cursor).unwrap();
        let body = cursor.position() as usize;
        let end = body + header.size.unwrap();
        let mut content = &file[body..end];
        match &header.kind.as_ref()[..4] {
            b"moov" => moov = Some(Moov::decode_body(&mut content).unwrap()),
            b"sidx" => {
                indexes.push(Sidx::decode(&mut &file[start..end]).unwrap());
                first = end;
            }
            b"moof" => {
                moofs.push(Moof::decode_body(&mut content).unwrap());
                lengths.push((end - start) as u64);
            }
            b"mdat" => *lengths.last_mut().unwrap() += (end - start) as u64,
            b"ftyp" => {}
            other => panic!("{other:?}"),
        }
        cursor.set_position(end as u64);
    }
    Parsed {
        moov: moov.unwrap(),
        indexes,
        moofs,
        first,
        lengths,
    }
}

#[test]
fn a_whole_clip_has_an_index_and_its_duration() {
    for (video, audio) in [(true, true), (true, false), (false, true)] {
        let clip = Clip::new(7, video, audio);
        let mut view = clip.view(ClipRange::WHOLE).unwrap();
        let file = read(&mut view);
        let parsed = parse(&file);
        let first = clip.places[0].position as usize;
        assert!(
            file[parsed.first..] == clip.plain[first..],
            "the fragments are as they were sealed"
        );
        let end_us = clip.places.last().unwrap().end_us;
        let span = view.span().unwrap();
        assert_eq!((span.from_us, span.to_us), (0, end_us));
        let mehd = parsed.moov.mvex.unwrap().mehd.unwrap();
        assert_eq!(mehd.fragment_duration, end_us.unsigned_abs().div_ceil(1000));

        let told: Vec<_> = parsed
            .indexes
            .iter()
            .map(|i| (i.reference_id, i.timescale))
            .collect();
        let tracks = [(1, 90_000), (2, 48_000)];
        assert_eq!(told, tracks[usize::from(!video)..1 + usize::from(audio)]);
        let mut begins = parsed.first as u64;
        for sidx in parsed.indexes.iter().rev() {
            assert_eq!(begins + sidx.first_offset, parsed.first as u64);
            begins -= sidx_bytes(sidx);
            assert_eq!(sidx.references.len(), clip.places.len());
            // With pictures, only every other fragment begins with a key frame.
            for (number, reference) in sidx.references.iter().enumerate() {
                let entry = !video || number % 2 == 0;
                assert_eq!(reference.starts_with_sap, entry);
                assert_eq!(
                    reference.subsegment_duration > 0,
                    entry,
                    "nobody is led there"
                );
                assert_eq!(u64::from(reference.referenced_size), parsed.lengths[number]);
            }
            let sum = |of: fn(&SegmentReference) -> u32| -> u64 {
                sidx.references.iter().map(|r| u64::from(of(r))).sum()
            };
            let bytes = sum(|r| r.referenced_size);
            assert_eq!(bytes, (file.len() - parsed.first) as u64);
            let ticks = sum(|r| r.subsegment_duration);
            let end = timeline(end_us, sidx.timescale);
            assert_eq!(sidx.earliest_presentation_time + ticks, end);
        }
    }
}

fn sidx_bytes(sidx: &Sidx) -> u64 {
    40 + 12 * sidx.references.len() as u64
}

fn timeline(us: i64, scale: u32) -> u64 {
    crate::record::timeline::to_ticks(us, scale).unsigned_abs()
}

#[test]
fn a_range_has_its_fragments_and_begins_at_zero() {
    let clip = Clip::new(12, true, true);
    let mut view = clip.view(range(5_300_000, 7_500_000)).unwrap();
    let file = read(&mut view);
    let parsed = parse(&file);
    let span = view.span().unwrap();
    // Key frames are two seconds apart.
    assert!((3_900_000..=4_000_000).contains(&span.from_us), "{span:?}");
    assert!((8_000_000..=8_100_000).contains(&span.to_us), "{span:?}");
    let whole = parse(&read(&mut clip.view(ClipRange::WHOLE).unwrap()));
    let numbers: Vec<_> = parsed
        .moofs
        .iter()
        .map(|m| m.mfhd.sequence_number)
        .collect();
    assert_eq!(numbers, [5, 6, 7, 8]);
    // Times are moved by the same in all tracks, to a tick; nothing else is touched.
    for moof in &parsed.moofs {
        let number = moof.mfhd.sequence_number as usize;
        let source = &whole.moofs[number - 1];
        for (traf, original) in moof.traf.iter().zip(&source.traf) {
            let scale = if traf.tfhd.track_id == 1 {
                90_000
            } else {
                48_000
            };
            let time = |t: &mp4_atom::Traf| t.tfdt.as_ref().unwrap().base_media_decode_time;
            assert_eq!(
                time(original) - time(traf),
                timeline(span.from_us, scale),
                "{number}"
            );
            assert_eq!(traf.trun, original.trun);
            assert_eq!(traf.tfhd, original.tfhd);
        }
    }
    let earliest = parsed.moofs[0]
        .traf
        .iter()
        .map(|t| t.tfdt.as_ref().unwrap().base_media_decode_time);
    assert_eq!(earliest.min(), Some(0));
    let position = clip.places[4].position as usize;
    let sealed = &clip.plain[position..][..file.len() - parsed.first];
    let touched = sealed
        .iter()
        .zip(&file[parsed.first..])
        .filter(|(a, b)| a != b)
        .count();
    assert!(touched <= 4 * 2 * 8, "{touched}");
    assert_eq!(parsed.indexes.len(), 2);
    for sidx in &parsed.indexes {
        assert_eq!(sidx.references.len(), 4);
    }
}

/// Only what a range needs is decrypted: damage elsewhere does not matter to it.
#[test]
fn a_range_reads_nothing_but_itself() {
    let mut clip = Clip::new(12, true, true);
    let start = custos_protocol::clip::read_header(&mut clip.sealed.as_slice())
        .unwrap()
        .len();
    let expected = read(&mut clip.view(range(10_100_000, 10_200_000)).unwrap());
    let begin = clip.places[10].position as usize;
    let sealed = custos_protocol::clip::SEALED_CHUNK;
    let chunks = 1..begin / custos_protocol::clip::CHUNK;
    assert!(chunks.len() > 10);
    for number in chunks {
        clip.sealed[start + number * sealed + 99] ^= 1;
    }
    let mut view = clip.view(range(10_100_000, 10_200_000)).unwrap();
    assert_eq!(read(&mut view), expected);
    let mut whole = clip.view(ClipRange::WHOLE).unwrap();
    let mut all = vec![0; whole.size() as usize];
    assert_eq!(
        whole.read_at(0, &mut all),
        Err(Error::Evidence(EvidenceFault::Altered))
    );
}

#[test]
fn ranges_without_anything_in_them_are_refused() {
    let clip = Clip::new(3, true, true);
    for empty in [
        range(60_000_000, 70_000_000),
        range(i64::MAX, i64::MAX),
        range(-5, 0),
        range(2_000_000, 2_000_000),
        range(2_000_000, 1_000_000),
        range(i64::MIN, i64::MIN),
    ] {
        for view in [
            clip.view(empty).err(),
            View::unindexed(clip.opened(), empty).err(),
        ] {
            assert_eq!(view, Some(Error::EmptyRange), "{empty:?}");
        }
    }
    let one = Clip::new(1, true, false);
    assert_eq!(one.places.len(), 1);
    read(&mut one.view(range(500_000, 600_000)).unwrap());
}

#[test]
fn what_is_no_media_is_plain_or_refused() {
    let mut clip = Clip::new(1, true, false);
    for plain in [
        Vec::new(),
        b"text".to_vec(),
        vec![0; 200_000],
        clip.plain[..500].to_vec(),
        [&clip.plain[..], &[0, 0, 0, 20, b'm', b'o', b'o', b'f']].concat(),
        clip.plain[clip.places[0].position as usize..].to_vec(),
        [&8_u32.to_be_bytes()[..], b"moof"].concat(),
        [&1_u32.to_be_bytes()[..], b"moov", &u64::MAX.to_be_bytes()].concat(),
    ] {
        clip.plain = plain;
        clip.seal();
        let mut whole = View::unindexed(clip.opened(), ClipRange::WHOLE).unwrap();
        assert_eq!(read(&mut whole), clip.plain);
        let part = View::unindexed(clip.opened(), range(0, 1_000_000));
        assert_eq!(part.err(), Some(Error::Evidence(EvidenceFault::NotMedia)));
    }
}

/// Times that no index can say: the clip is given as it is.
#[test]
fn a_clip_without_an_index_is_given_as_it_is() {
    let clip = Clip::new(2, true, false);
    let mut places = clip.places.clone();
    places[1].end_us = i64::MAX;
    let mut view = View::of(clip.opened(), places, ClipRange::WHOLE).unwrap();
    assert!(read(&mut view) == clip.plain);
}

/// Bits of the heads flipped: an error or a view, and never more than is there.
#[test]
fn damaged_heads_are_survived() {
    let mut clip = Clip::new(3, true, true);
    let plain = clip.plain.clone();
    let heads: Vec<usize> = (0..clip.places[0].position as usize)
        .chain(clip.places.iter().flat_map(|p| {
            let at = p.position as usize;
            at..at + 160
        }))
        .step_by(3)
        .collect();
    for (round, at) in heads.into_iter().enumerate() {
        clip.plain[at] ^= [0xff, 0x80, 1][round % 3];
        clip.seal();
        for wanted in [range(1_200_000, 1_300_000), range(2_000_001, i64::MAX)] {
            if let Ok(mut view) = View::unindexed(clip.opened(), wanted) {
                let mut all = vec![0; view.size() as usize];
                let _ = view.read_at(0, &mut all);
            }
            if let Ok(mut view) = clip.view(wanted) {
                let mut all = vec![0; view.size() as usize];
                let _ = view.read_at(0, &mut all);
            }
        }
        clip.plain[at] = plain[at];
    }
}
