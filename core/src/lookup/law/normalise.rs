//! One form for what is written in many: full-width and half-width, traditional and simplified,
//! capital and small. Every character becomes exactly one, so that places in the folded text are
//! places in the text.

use std::sync::LazyLock;

/// The simplified form of each character from [`FIRST`] on. Every character of every article that
/// is looked at closely passes here: no hashing.
static SIMPLIFIED: LazyLock<Vec<char>> = LazyLock::new(|| {
    let mut table: Vec<char> = (FIRST..='\u{9fff}').collect();
    let lines = include_str!("data/traditional.txt").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let mut characters = line.chars();
        while let (Some(from), Some(to)) = (characters.next(), characters.next()) {
            if let Some(form) = place(from).and_then(|at| table.get_mut(at)) {
                *form = to;
            }
        }
    }
    table
});

const FIRST: char = '\u{3400}';

fn place(c: char) -> Option<usize> {
    (c as usize).checked_sub(FIRST as usize)
}

/// One character in the form that is compared.
pub(crate) fn fold(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{3000}' | '\u{2000}'..='\u{200f}' => ' ',
        // Half-width forms stand this far below their full-width twins.
        '\u{ff01}'..='\u{ff5e}' => {
            let half = char::from_u32(c as u32 - 0xfee0).unwrap_or(' ');
            half.to_ascii_lowercase()
        }
        FIRST..='\u{9fff}' => place(c)
            .and_then(|at| SIMPLIFIED.get(at))
            .copied()
            .unwrap_or(c),
        _ => c,
    }
}

/// A text in the form that is compared, character by character.
pub(crate) fn folded(text: &str) -> Vec<char> {
    text.chars().map(fold).collect()
}

/// Chinese characters, 〇 among them.
pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{323af}' | '〇')
}

/// What makes up a word that is not Chinese.
pub(crate) fn is_letter(c: char) -> bool {
    !is_han(c) && c.is_alphanumeric()
}

/// What a run of characters is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Han,
    Letters,
}

/// The runs of Chinese characters and of letters in a folded text: kind, begin, end.
pub(crate) fn runs(text: &[char]) -> Vec<(Kind, usize, usize)> {
    let kind_of = |c: char| match c {
        c if is_han(c) => Some(Kind::Han),
        c if is_letter(c) => Some(Kind::Letters),
        _ => None,
    };
    let mut runs: Vec<(Kind, usize, usize)> = Vec::new();
    for (at, c) in text.iter().enumerate() {
        match (kind_of(*c), runs.last_mut()) {
            (Some(kind), Some(run)) if run.0 == kind && run.2 == at => run.2 = at + 1,
            (Some(kind), _) => runs.push((kind, at, at + 1)),
            (None, _) => {}
        }
    }
    runs
}

/// Where `needle` begins in `text`, from `from` on.
pub(crate) fn position(text: &[char], needle: &[char], from: usize) -> Option<usize> {
    let first = needle.first()?;
    let mut at = from;
    while let Some(step) = text.get(at..)?.iter().position(|c| c == first) {
        at += step;
        if text[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form() {
        let fold = |text: &str| folded(text).iter().collect::<String>();
        assert_eq!(
            fold("道路交通安全違法行為處理程序規定"),
            "道路交通安全违法行为处理程序规定"
        );
        assert_eq!(fold("第２３條　ＤＮＡ（一）"), "第23条 dna(一)");
        assert_eq!(fold("a\0b\n"), "a b ");
    }

    #[test]
    fn runs_end_where_the_kind_does() {
        let text = folded("血液DNA鉴定,20克");
        let runs = runs(&text);
        let shown: Vec<(usize, usize)> = runs.iter().map(|r| (r.1, r.2)).collect();
        assert_eq!(shown, [(0, 2), (2, 5), (5, 7), (8, 10), (10, 11)]);
        assert_eq!(position(&text, &folded("鉴定"), 0), Some(5));
        assert_eq!(position(&text, &[], 0), None);
    }
}
