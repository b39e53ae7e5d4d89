//! Which law is meant: by its title, an abbreviation of it, what officers call it, or the initials
//! of its pinyin.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    dates::short,
    normalise::{fold, folded, is_han},
};

/// What officers call a law, and its title without 中华人民共和国, both folded.
static ALIASES: LazyLock<HashMap<Vec<char>, Vec<char>>> = LazyLock::new(|| {
    let lines = include_str!("data/aliases.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(alias, title)| (folded(alias), folded(title)))
        .collect()
});

/// How well a name fits a law: more is better, below [`WEAK`] the name may as well be a word.
pub(crate) type Fit = f32;

/// An abbreviation by leaving characters out, or the beginning of initials.
pub(crate) const WEAK: Fit = 2.0;

const EXACT: Fit = 4.0;
const INITIALS: Fit = 3.0;

/// Titles end with one of these, and so do abbreviations of them.
const ENDINGS: &[&str] = &[
    "法", "条例", "规定", "办法", "规则", "细则", "规范", "解释", "法典", "决定", "规程", "准则",
];

/// A law as far as its name goes.
#[derive(Debug)]
pub(crate) struct Name {
    /// Without 中华人民共和国, folded, without brackets.
    title: Vec<char>,
    initials: String,
}

impl Name {
    pub(crate) fn new(title: &str, initials: String) -> Self {
        Self {
            title: bare(short(title)),
            initials,
        }
    }

    pub(crate) fn title(&self) -> &[char] {
        &self.title
    }

    fn fit(&self, word: &[char]) -> Option<Fit> {
        if self.title == word {
            return Some(EXACT);
        }
        // 刑法 has two characters and is a title; as an abbreviation two are a word: 办法, 违法.
        if word.len() < 3 || word.first() != self.title.first() {
            return None;
        }
        let skipped = skipped(&self.title, word)?;
        Some(WEAK + 0.9 * word.len() as f32 / (word.len() + skipped) as f32)
    }

    fn fit_initials(&self, letters: &str) -> Option<Fit> {
        let rest = self.initials.strip_prefix(letters)?;
        if rest.is_empty() {
            return Some(EXACT);
        }
        Some(INITIALS - 0.02 * rest.len() as f32)
    }
}

/// A title or name without spaces, brackets and stops.
fn bare(name: &str) -> Vec<char> {
    let folded = name.chars().map(fold);
    folded.filter(|c| c.is_alphanumeric()).collect()
}

/// How many characters of `title` are left out in `word`, whose last one is the title's last; none
/// if it is no abbreviation.
fn skipped(title: &[char], word: &[char]) -> Option<usize> {
    if title.last() != word.last() {
        return None;
    }
    let mut rest = word.iter().peekable();
    for c in title {
        rest.next_if_eq(&c);
    }
    rest.peek().is_none().then(|| title.len() - word.len())
}

/// Laws that `word` may mean, with their fit, in no order.
pub(crate) fn find(names: &[Name], word: &[char]) -> Vec<(usize, Fit)> {
    let word: Vec<char> = word
        .iter()
        .copied()
        .filter(|c| c.is_alphanumeric())
        .collect();
    if word.len() < 2 {
        return Vec::new();
    }
    let collect = |fit: &dyn Fn(&Name) -> Option<Fit>| -> Vec<(usize, Fit)> {
        let all = names.iter().enumerate();
        all.filter_map(|(at, name)| Some((at, fit(name)?)))
            .collect()
    };
    if word.iter().all(char::is_ascii_lowercase) {
        let letters: String = word.iter().collect();
        return collect(&|name| name.fit_initials(&letters));
    }
    if !word.iter().any(|c| is_han(*c)) || word.len() > 80 {
        return Vec::new();
    }
    let text: String = word.iter().collect();
    let plain = bare(short(&text));
    let known = ALIASES.get(&plain);
    if let Some(title) = known {
        let found = collect(&|name| (name.title == *title).then_some(EXACT));
        if !found.is_empty() {
            return found;
        }
    }
    if !ENDINGS.iter().any(|ending| text.ends_with(ending)) {
        return Vec::new();
    }
    collect(&|name| name.fit(&plain))
}

/// A name that a word begins with (刑法盗窃罪): its laws and how many characters it has.
pub(crate) fn find_prefix(names: &[Name], word: &[char]) -> Option<(Vec<(usize, Fit)>, usize)> {
    let ends = (2..word.len().min(60)).rev();
    for end in ends {
        let head = &word[..end];
        let ending = ENDINGS.iter().any(|e| head.ends_with(&folded(e)));
        if !ending && !ALIASES.contains_key(head) {
            continue;
        }
        let found = find(names, head);
        if !found.is_empty() {
            return Some((found, end));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::law::initials;

    fn best(word: &str) -> Option<&'static str> {
        const TITLES: &[&str] = &[
            "中华人民共和国治安管理处罚法",
            "中华人民共和国道路交通安全法",
            "中华人民共和国道路交通安全法实施条例",
            "中华人民共和国刑法",
            "中华人民共和国刑事诉讼法",
            "公安机关办理行政案件程序规定",
        ];
        let names: Vec<_> = TITLES
            .iter()
            .map(|t| Name::new(t, initials::of_title(t)))
            .collect();
        let found = find(&names, &folded(word));
        let best = found.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        best.map(|(at, _)| TITLES[at])
    }

    #[test]
    fn as_officers_type() {
        for (word, title) in [
            ("治安法", "中华人民共和国治安管理处罚法"),
            ("治安处罚法", "中华人民共和国治安管理处罚法"),
            (
                "中华人民共和国治安管理处罚法",
                "中华人民共和国治安管理处罚法",
            ),
            ("zagl", "中华人民共和国治安管理处罚法"),
            ("ZAGLCFF", "中华人民共和国治安管理处罚法"),
            ("道交法", "中华人民共和国道路交通安全法"),
            (
                "道路交通安全法實施條例",
                "中华人民共和国道路交通安全法实施条例",
            ),
            ("刑法", "中华人民共和国刑法"),
            ("刑诉法", "中华人民共和国刑事诉讼法"),
            ("《程序规定》", "公安机关办理行政案件程序规定"),
        ] {
            assert_eq!(best(word), Some(title), "{word}");
        }
        for word in ["办法", "违法", "非法", "执法", "法", "盗窃", ""] {
            assert_eq!(best(word), None, "{word}");
        }
    }
}
