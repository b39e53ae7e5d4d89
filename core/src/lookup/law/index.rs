//! The index: which articles hold a character, a pair of neighbouring characters, or a word of
//! letters, and how often.
//!
//! A token is a number. A character is its code point; a pair is the first code point times 2^21
//! plus the second; a word of letters or digits has bit 62 set and a 61-bit FNV-1a hash of its
//! UTF-8 below. A list of postings is a string of LEB128 numbers: the distance to the previous
//! article times two, plus one if the token stands there more than once; then the number of times.

use std::collections::HashMap;

use super::normalise::{Kind, runs};

/// See the head of this file.
pub(crate) type Token = i64;

pub(crate) fn pair(first: char, second: char) -> Token {
    (i64::from(first as u32) << 21) | i64::from(second as u32)
}

pub(crate) fn single(c: char) -> Token {
    i64::from(c as u32)
}

pub(crate) fn word(letters: &[char]) -> Token {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut buffer = [0; 4];
    for c in letters {
        for byte in c.encode_utf8(&mut buffer).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    (1 << 62) | (hash >> 3) as i64
}

/// What a folded phrase is looked up by: its pairs, its words of letters, and a character that
/// stands alone.
pub(crate) fn tokens_of_phrase(text: &[char]) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (kind, begin, end) in runs(text) {
        let run = &text[begin..end];
        match (kind, run) {
            (Kind::Letters, _) => tokens.push(word(run)),
            (Kind::Han, [alone]) => tokens.push(single(*alone)),
            (Kind::Han, _) => tokens.extend(run.windows(2).map(|w| pair(w[0], w[1]))),
        }
    }
    tokens
}

/// All tokens of a folded article.
fn tokens_of_article(text: &[char], count: &mut HashMap<Token, u32>) {
    count.clear();
    for (kind, begin, end) in runs(text) {
        let run = &text[begin..end];
        if kind == Kind::Letters {
            *count.entry(word(run)).or_default() += 1;
            continue;
        }
        for c in run {
            *count.entry(single(*c)).or_default() += 1;
        }
        for two in run.windows(2) {
            *count.entry(pair(two[0], two[1])).or_default() += 1;
        }
    }
}

/// An index being made, articles in rising order.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    lists: HashMap<Token, List>,
    count: HashMap<Token, u32>,
}

#[derive(Debug, Default)]
struct List {
    last: u32,
    articles: u32,
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn add(&mut self, article: u32, text: &[char]) {
        let mut count = std::mem::take(&mut self.count);
        tokens_of_article(text, &mut count);
        for (token, times) in &count {
            let list = self.lists.entry(*token).or_default();
            let distance = u64::from(article.saturating_sub(list.last));
            put(&mut list.bytes, distance << 1 | u64::from(*times > 1));
            if *times > 1 {
                put(&mut list.bytes, u64::from(*times));
            }
            list.last = article;
            list.articles += 1;
        }
        self.count = count;
    }

    /// Token, number of articles, postings; by token.
    pub(crate) fn finish(self) -> Vec<(Token, u32, Vec<u8>)> {
        let lists = self.lists.into_iter();
        let mut all: Vec<_> = lists.map(|(t, l)| (t, l.articles, l.bytes)).collect();
        all.sort_unstable_by_key(|entry| entry.0);
        all
    }
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Article and times, of a list of postings. Ends early where the bytes are none.
#[derive(Debug)]
pub(crate) struct Postings<'b> {
    bytes: &'b [u8],
    article: u64,
}

impl<'b> Postings<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, article: 0 }
    }

    #[inline]
    fn take(&mut self) -> Option<u64> {
        // Most numbers have one byte.
        if let Some((byte @ 0..0x80, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            return Some(u64::from(*byte));
        }
        let mut value = 0;
        for shift in 0..5 {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << (7 * shift);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl Iterator for Postings<'_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.take()?;
        self.article = self.article.saturating_add(head >> 1);
        let times = if head & 1 == 1 { self.take()? } else { 1 };
        Some((
            u32::try_from(self.article).ok()?,
            u32::try_from(times).ok()?,
        ))
    }
}

/// The length of an article in characters as one byte, to a twentieth.
pub(crate) fn length_code(characters: usize) -> u8 {
    let code = (characters as f32 + 1.0).log2() * 16.0;
    code.round().min(255.0) as u8
}

/// About the length that [`length_code`] was given.
pub(crate) fn length_of(code: u8) -> f32 {
    (f32::from(code) / 16.0).exp2() - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::law::normalise::folded;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.add(1, &folded("盗窃、盗窃"));
        writer.add(300, &folded("盗窃DNA"));
        writer.add(70_000, &folded("窃"));
        let lists = writer.finish();
        let of = |token| {
            let found = lists.iter().find(|l| l.0 == token).expect("a list");
            let postings: Vec<_> = Postings::new(&found.2).collect();
            assert_eq!(postings.len(), found.1 as usize);
            postings
        };
        assert_eq!(of(pair('盗', '窃')), [(1, 2), (300, 1)]);
        assert_eq!(of(single('窃')), [(1, 2), (300, 1), (70_000, 1)]);
        assert_eq!(of(word(&['d', 'n', 'a'])), [(300, 1)]);
        assert_eq!(tokens_of_phrase(&folded("盗窃罪 枪")).len(), 3);
    }

    #[test]
    fn bytes_that_are_no_postings_end() {
        for bytes in [&[0xff; 40][..], &[0x80], &[0x03], &[]] {
            assert!(Postings::new(bytes).count() <= 1);
        }
        for length in [0, 1, 100, 7_566] {
            let back = length_of(length_code(length));
            assert!(
                (back - length as f32).abs() <= length as f32 * 0.05,
                "{length}: {back}"
            );
        }
    }
}
