//! Anything that can be typed, asked of a sound pack: an answer, with its marks inside its snippet,
//! whose articles are found again by name. The first byte says how many hits at most, and whether
//! there is a date.

#![no_main]

use custos_core::lookup::law::{ArticleNumber, LawQuery, Pack};
use custos_fuzz::laws::Laws;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static PACK: Pack = {
        let laws = Laws::new();
        // It stays open when its name goes.
        Pack::open(&laws.pack).expect("just built")
    };
}

fuzz_target!(|data: &[u8]| {
    let Some((setup, words)) = data.split_first() else {
        return;
    };
    let words = String::from_utf8_lossy(words);
    let limit = usize::from(setup & 0x0f);
    let date = match setup >> 6 {
        0 => None,
        1 => Some("2025-12-31"),
        2 => Some("2026-01-01"),
        _ => Some(&*words),
    };
    PACK.with(|pack| {
        let query = LawQuery {
            words: &words,
            date,
            limit,
        };
        let Ok(hits) = pack.search(&query) else {
            assert_eq!(setup >> 6, 3, "only a date can be wrong");
            return;
        };
        assert!(hits.len() <= limit);
        for hit in &hits {
            let length = hit.snippet.chars().count();
            let mut end = 0;
            for mark in &hit.marks {
                assert!(end <= mark.start && mark.start < mark.end && mark.end <= length);
                end = mark.end;
            }
            let whole = pack.article(hit).expect("it was found");
            assert_eq!((whole.number, &whole.law), (hit.number, &hit.law));
        }
        let _ = pack.contents(&words, None);
    });
    if let Ok(number) = words.parse::<ArticleNumber>() {
        assert!(number.main > 0);
        assert_eq!(number.to_string().parse(), Ok(number));
    }
});
