//! Sequences of calls: into the muxer, the recorder and the player.

use super::super::script::samples::{HEVC, IDR, KEY, SETS, SHORT, SKIPPED, Script};
use super::{Corpus, parameter_sets, read, units};
use crate::step::Result;

/// The sample film and its sound as calls, as far as `pictures`.
fn film(script: &mut Script, pictures: usize) -> Result {
    let (film, sound) = (
        read("tests/media/sample.h264")?,
        read("tests/media/sample.aac")?,
    );
    // ADTS (ISO/IEC 13818-7, 6.2) says of each frame what the configuration says once.
    let header = sound.first_chunk::<7>().ok_or("sample.aac is empty")?;
    let rate = header[2] >> 2 & 0x0f;
    let channels = (header[2] & 1) << 2 | header[3] >> 6;
    script.video_config(&parameter_sets(&film));
    script.audio_config(&[2 << 3 | rate >> 1, rate << 7 | channels << 3]);
    let slices = units(&film)
        .into_iter()
        .filter(|u| matches!(u[0] & 0x1f, 1 | 5));
    for (number, unit) in slices.take(pictures).enumerate() {
        let size = unit.len().min(2_000);
        match (unit[0] & 0x1f, number % 3) {
            (5, _) => script.picture(KEY | IDR, size as u16),
            // As with B-frames: one picture ahead of the next two in time.
            (_, 1) => script.reordered(2, (size / 8) as u8),
            _ => script.picture(0, size as u16),
        };
        script.frame(200).frame(180);
    }
    Ok(())
}

pub(super) fn scripts(corpus: &mut Corpus) -> Result {
    let mut all: Vec<(&str, Script)> = Vec::new();
    let mut add = |name, write: &dyn Fn(&mut Script)| {
        let mut script = Script::default();
        write(&mut script);
        all.push((name, script));
    };
    add("plain", &|s| {
        s.video(1, 0).audio(0).stretch(60);
    });
    add("commits", &|s| {
        s.video(0, 1)
            .audio(1)
            .stretch(20)
            .flush()
            .stretch(3)
            .flush()
            .flush()
            .stretch(30);
    });
    add("late-sound", &|s| {
        s.video(2, 0).stretch(12).audio(2).stretch(40);
    });
    add("sound-alone", &|s| {
        s.audio(3);
        for size in 0..60 {
            s.frame(size * 4);
        }
    });
    add("b-frames", &|s| {
        s.video(0, 0).picture(KEY | IDR, 900);
        for _ in 0..8 {
            s.reordered(2, 90)
                .reordered(0, 40)
                .reordered(1, 30)
                .picture(0, 3)
                .flush();
        }
    });
    add("jumps", &|s| {
        s.video(1, 0)
            .audio(0)
            .stretch(5)
            .picture_after(60_000, KEY)
            .frame_after(61_000);
        s.stretch(5)
            .picture_after(-90_000, 0)
            .frame_after(-90_000)
            .stretch(5);
        s.picture_at(i64::MAX, IDR)
            .frame_at(i64::MIN)
            .picture_at(0, 0)
            .picture_at(0, 0)
            .stretch(9);
    });
    add("in-band", &|s| {
        s.video(0, 2)
            .picture(KEY | IDR | SETS | SHORT, 70)
            .picture(SHORT, 10)
            .stretch(30);
    });
    add("hevc", &|s| {
        s.video(3, 0).picture(KEY | IDR | HEVC, 300);
        for _ in 0..12 {
            s.picture(HEVC, 80).picture(HEVC | SKIPPED, 40);
        }
        s.flush()
            .picture(KEY | IDR | HEVC | SETS, 200)
            .picture(HEVC, 30);
    });
    add("sets-again", &|s| {
        s.video(0, 0).picture(KEY | IDR, 90).flush();
        s.picture(KEY | IDR | SETS, 90)
            .raw_picture(0, b"\0\0\x01\x68\xef\xbc\xb0");
        s.raw_picture(0, b"\0\0\x01\x67\x42\0\0\x01\x41\x09")
            .picture(0, 9);
    });
    add("refused", &|s| {
        s.picture(KEY, 9)
            .frame(9)
            .video_config(b"none")
            .audio_config(&[0xf8, 0xe0]);
        s.video(1, 3)
            .raw_picture(0, b"no start code")
            .raw_picture(KEY, b"\0\0\x01\x65\0\x03\x01");
        s.audio(0).frame(0).large(0x80, 65_535).video(0, 0).frame(4);
    });
    add("large", &|s| {
        s.video(0, 0)
            .large(KEY | IDR, 9_000)
            .large(0, 2_000)
            .other(0)
            .large(0, 100);
    });
    add("clips", &|s| {
        s.video(1, 0).audio(0);
        for _ in 0..3 {
            s.stretch(120)
                .other(0)
                .picture_after(8_000, KEY | IDR)
                .other(1)
                .flush();
        }
    });
    let mut real = Script::default();
    film(&mut real, 40)?;
    all.push(("film", real));
    for (name, script) in all {
        corpus.kind("mux", name, 0, &script.0);
        // Then what the setup is: sound alone 1, a buffer before it 2, and a look at it 4.
        let sound_alone = u8::from(name == "sound-alone");
        if name != "large" {
            corpus.kind("recorder", name, sound_alone | 4, &script.0);
        }
        // From and to in ms, and no damage.
        let range = [&[0][..], &500_u32.to_be_bytes(), &1_900_u32.to_be_bytes()].concat();
        corpus.add("play", name, [&range, &[0, 0][..], &script.0].concat());
    }
    let mut buffered = Script::default();
    buffered
        .video(1, 0)
        .audio(0)
        .stretch(110)
        .other(0)
        .stretch(40);
    buffered
        .other(2)
        .stretch(20)
        .other(2)
        .stretch(20)
        .other(3)
        .stretch(30);
    corpus.kind("recorder", "buffered", 2 | 4, &buffered.0);
    let mut changed = Script::default();
    changed
        .video(1, 0)
        .audio(0)
        .stretch(30)
        .audio(1)
        .stretch(20);
    changed
        .video(0, 0)
        .picture(0, 9)
        .stretch(40)
        .video(3, 0)
        .picture(KEY | IDR | HEVC, 50);
    changed
        .picture(HEVC, 30)
        .audio(0)
        .frame(9)
        .picture(KEY | IDR | HEVC, 50);
    corpus.kind("recorder", "changed", 4, &changed.0);
    let mut plain = Script::default();
    plain.video(1, 0).audio(0).stretch(60);
    // What is written somewhere, a byte, the end; the size of the first `trun`, a field in it.
    for (name, damage) in [
        ("size", [1_u8, 0, 0, 0, 0, 0xff, 0xff]),
        ("byte", [2, 3, 0x20, 0, 0, 0, 0x55]),
        ("cut", [0, 9, 0, 0, 0, 0, 0]),
        ("box", [4, 0, 43, 0, 0, 0, 60]),
        ("field", [5 + 6, 0, 43, 0xff, 0xff, 0xff, 0xf0]),
    ] {
        let head = [&[1][..], &[0, 0, 3, 0], &[0; 4], &[0, 7], &damage].concat();
        corpus.add(
            "play",
            format!("damage-{name}"),
            [&head, plain.0.as_slice()].concat(),
        );
    }
    Ok(())
}
