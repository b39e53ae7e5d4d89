//! A pack that somebody changed: places in a sound one (three bytes) and what stands there instead
//! (one), as often as wanted, four zeros, and the words to ask it. It does not open, or it answers,
//! or it says that it is damaged.

#![no_main]

use std::{fs, sync::LazyLock};

use custos_core::lookup::law::{self, LawQuery, Pack};
use custos_fuzz::laws::Laws;
use libfuzzer_sys::fuzz_target;

static LAWS: LazyLock<(Laws, Vec<u8>)> = LazyLock::new(|| {
    let laws = Laws::new();
    let bytes = fs::read(&laws.pack).expect("just built");
    (laws, bytes)
});

fuzz_target!(|data: &[u8]| {
    let (laws, sound) = &*LAWS;
    let mut bytes = sound.clone();
    let mut rest = data;
    while let Some(([a, b, c, value], after)) = rest.split_first_chunk() {
        rest = after;
        let at = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        if (at, *value) == (0, 0) {
            break;
        }
        if at >= bytes.len() {
            bytes.truncate(at % sound.len());
        } else {
            bytes[at] = *value;
        }
    }
    let words = String::from_utf8_lossy(rest);
    let file = laws.path("changed.pack");
    fs::write(&file, &bytes).expect("a file");
    let _ = law::manifest(&file);
    let Ok(pack) = Pack::open(&file) else {
        return;
    };
    for words in [&*words, "治安法 23", "扰乱公共秩序", "第二章"] {
        let query = LawQuery {
            words,
            date: None,
            limit: 5,
        };
        if let Ok(hits) = pack.search(&query) {
            for hit in &hits {
                let _ = (pack.article(hit), pack.chapters(hit));
            }
        }
    }
});
