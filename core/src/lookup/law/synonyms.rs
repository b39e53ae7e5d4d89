//! Everyday wording and what the law says instead: `data/synonyms.txt`.

use std::{collections::HashMap, sync::LazyLock};

use super::normalise::folded;

/// Everyday words, folded, and the wordings of the law they stand for: each one or more phrases.
/// No wording at all: words that say nothing of what is looked for (怎么处理).
struct Table {
    entries: HashMap<Vec<char>, Vec<Vec<char>>>,
    longest: usize,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut entries: HashMap<Vec<char>, Vec<Vec<char>>> = HashMap::new();
    for line in include_str!("data/synonyms.txt").lines() {
        let Some((keys, wordings)) = line.split_once('\t').filter(|_| !line.starts_with('#'))
        else {
            continue;
        };
        let wordings = wordings.split('|').map(str::trim).filter(|w| !w.is_empty());
        let wordings: Vec<_> = wordings.map(folded).collect();
        for key in keys.split('|') {
            let entry = entries.entry(folded(key.trim())).or_default();
            entry.extend(wordings.iter().cloned());
        }
    }
    let longest = entries.keys().map(Vec::len).max().unwrap_or(0);
    Table { entries, longest }
});

/// A part of a word: everyday wording that is known, or something else.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<'w> {
    Known(&'w [char], &'static [Vec<char>]),
    Other(&'w [char]),
}

/// Takes a folded word apart, the longest known wording first from the left.
pub(crate) fn parts(word: &[char]) -> Vec<Part<'_>> {
    let table: &'static Table = &TABLE;
    let mut parts = Vec::new();
    let (mut at, mut begin) = (0, 0);
    while at < word.len() {
        let most = table.longest.min(word.len() - at);
        let known = (1..=most).rev().find_map(|length| {
            let key = &word[at..at + length];
            Some((key, table.entries.get(key)?))
        });
        let Some((key, wordings)) = known else {
            at += 1;
            continue;
        };
        if begin < at {
            parts.push(Part::Other(&word[begin..at]));
        }
        parts.push(Part::Known(key, wordings));
        at += key.len();
        begin = at;
    }
    if begin < word.len() {
        parts.push(Part::Other(&word[begin..]));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_wording_is_found_inside_a_sentence() {
        let word = folded("三楼噪音扰民怎么处理");
        let parts = parts(&word);
        assert!(matches!(parts[0], Part::Other(other) if other == folded("三楼")));
        assert!(
            matches!(parts[1], Part::Known(key, wordings) if key == folded("噪音扰民") && !wordings.is_empty())
        );
        assert!(matches!(parts[2], Part::Known(key, []) if key == folded("怎么处理")));
    }
}
