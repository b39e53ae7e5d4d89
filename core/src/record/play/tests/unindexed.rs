//! Clips without rows in the table `fragment`.

use super::*;

#[test]
fn a_clip_that_nobody_indexed_is_found_by_its_boxes() {
    for (video, audio) in [(true, true), (true, false), (false, true)] {
        let clip = Clip::new(9, video, audio);
        for wanted in [
            range(0, 1),
            range(3_000_000, 3_000_001),
            range(2_500_000, 5_100_000),
            range(8_500_000, i64::MAX),
            range(-9, i64::MAX),
        ] {
            let indexed = read(&mut clip.view(wanted).unwrap());
            let mut view = View::unindexed(clip.opened(), wanted).unwrap();
            assert!(read(&mut view) == indexed, "{wanted:?}");
            assert_eq!(view.span(), clip.view(wanted).unwrap().span());
        }
        let mut whole = View::unindexed(clip.opened(), ClipRange::WHOLE).unwrap();
        assert!(read(&mut whole) == clip.plain);
        assert_eq!(whole.span(), None);
        // Rows that do not fit the file are not believed.
        let mut places = clip.places.clone();
        places.pop();
        let mut short = View::of(clip.opened(), places, range(0, 1)).unwrap();
        assert!(read(&mut short) == read(&mut clip.view(range(0, 1)).unwrap()));
    }
}

/// A camera's clock was set while sound went on: sound of the range lies behind a picture that
/// comes a minute after it. And damage behind the range is not looked for.
#[test]
fn what_lies_behind_a_later_time_is_found() {
    let mut muxer = Muxer::new(250_000);
    let video = VideoConfig::new(CONFIG, Rotation::None).unwrap();
    muxer.configure_video(video).unwrap();
    let audio = AudioConfig::new(&[0x11, 0x90]).unwrap();
    muxer.configure_audio(audio).unwrap();
    let mut clip = Clip {
        plain: Vec::new(),
        places: Vec::new(),
        sealed: Vec::new(),
        identity: Identity::generate(),
    };
    for picture in 0..40 {
        let jump = if picture < 10 { 0 } else { 60_000_000 };
        let pts_us = picture * 40_000 + jump;
        let unit = [&[0, 0, 0, 1, 0x65][..], &[picture as u8; 90]].concat();
        let done = muxer.push(Track::Video, pts_us, true, &unit);
        clip.add(done.unwrap());
    }
    for frame in 0..60 {
        let done = muxer.push(Track::Audio, frame * 1_024_000 / 48, true, &[7; 30]);
        clip.add(done.unwrap());
    }
    let last = muxer.finish().unwrap();
    clip.add(last);
    clip.seal();
    let late = clip.places.iter().position(|p| p.begin_us >= 1_000_000);
    assert!(late.is_some_and(|late| late + 1 < clip.places.len()));
    let wanted = range(300_000, 1_000_000);
    let indexed = read(&mut clip.view(wanted).unwrap());
    let mut view = View::unindexed(clip.opened(), wanted).unwrap();
    assert!(read(&mut view) == indexed);

    let mut clip = Clip::new(9, true, true);
    let wanted = range(0, 3_500_000);
    let sound = read(&mut View::unindexed(clip.opened(), wanted).unwrap());
    let head = clip.places[7].position as usize;
    clip.plain[head + 4..][..4].copy_from_slice(b"junk");
    clip.seal();
    let mut view = View::unindexed(clip.opened(), wanted).unwrap();
    assert!(read(&mut view) == sound);
    let beyond = View::unindexed(clip.opened(), range(0, 8_500_000));
    assert_eq!(beyond.err(), Some(Error::Evidence(EvidenceFault::NotMedia)));
}
