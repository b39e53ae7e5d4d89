//! First letters of pinyin: zaglcff for 治安管理处罚法.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    dates::short,
    normalise::{fold, is_han, is_letter},
};

struct Table {
    characters: HashMap<char, char>,
    /// Words in which a character is read otherwise.
    words: Vec<(Vec<char>, &'static str)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let (mut characters, mut words) = (HashMap::new(), Vec::new());
    for line in include_str!("data/initials.txt").lines() {
        let Some((left, right)) = line.split_once(' ').filter(|(left, _)| *left != "#") else {
            continue;
        };
        match left.chars().next() {
            Some(letter @ 'a'..='z') => characters.extend(right.chars().map(|c| (c, letter))),
            _ => words.push((left.chars().collect(), right)),
        }
    }
    Table { characters, words }
});

/// The initials of a title, without 中华人民共和国.
pub(crate) fn of_title(title: &str) -> String {
    let title: Vec<char> = short(title).chars().map(fold).collect();
    let mut initials = String::new();
    let mut at = 0;
    while let Some(rest) = title.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some((word, letters)) = TABLE.words.iter().find(|(word, _)| rest.starts_with(word)) {
            initials.push_str(letters);
            at += word.len();
            continue;
        }
        match rest[0] {
            c if is_letter(c) => initials.push(c),
            c if is_han(c) => initials.extend(TABLE.characters.get(&c)),
            _ => {}
        }
        at += 1;
    }
    initials
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        for (title, initials) in [
            ("中华人民共和国治安管理处罚法", "zaglcff"),
            ("中华人民共和国道路交通安全法", "dljtaqf"),
            ("重庆市市容环境卫生管理条例", "cqssrhjwsgltl"),
            ("中华人民共和国人民调解法", "rmtjf"),
            ("中华人民共和国刑法", "xf"),
        ] {
            assert_eq!(of_title(title), initials, "{title}");
        }
    }
}
