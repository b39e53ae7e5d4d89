//! Article numbers in any writing: 第二十三条, 23条, 二十三, §23, 第一百三十三条之一, 133.1.

use std::{fmt, str::FromStr};

use super::normalise::fold;

/// The number of an article: 133.1 is 第一百三十三条之一. A sub-number of 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArticleNumber {
    pub main: u16,
    pub sub: u16,
}

impl fmt::Display for ArticleNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sub {
            0 => write!(f, "{}", self.main),
            sub => write!(f, "{}.{sub}", self.main),
        }
    }
}

impl FromStr for ArticleNumber {
    type Err = NotANumber;

    /// Reads a number in any writing, and nothing beside it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text: Vec<char> = text.trim().chars().map(fold).collect();
        let found = find(&text).filter(|f| f.begin == 0 && f.end == text.len());
        found.map(|f| f.number).ok_or(NotANumber)
    }
}

/// A text that is no article's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the number of an article")]
pub struct NotANumber;

/// A number found in a text, at these characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) number: ArticleNumber,
    pub(crate) begin: usize,
    pub(crate) end: usize,
    /// Written as an article's (第, 条, §), so that it cannot be anything else.
    pub(crate) marked: bool,
}

/// The value of a numeral of Chinese or Arabic digits, at most 9,999: 一百三十三, 〇, 23, 二三.
pub(crate) fn value(numeral: &[char]) -> Option<u16> {
    if numeral.is_empty() || numeral.len() > 8 {
        return None;
    }
    let plain: Option<Vec<u32>> = numeral.iter().map(|c| digit(*c)).collect();
    if let Some(digits) = plain {
        let value = digits
            .iter()
            .try_fold(0u32, |sum, digit| sum.checked_mul(10)?.checked_add(*digit))?;
        return u16::try_from(value).ok().filter(|v| *v <= 9_999);
    }
    let (mut total, mut pending) = (0u32, None);
    let mut last_unit = u32::MAX;
    for c in numeral {
        if let Some(unit) = unit(*c) {
            // 十 alone is ten, 百 alone is no number; units fall: 百 cannot follow 十.
            let digit = pending.take().or((unit == 10).then_some(1))?;
            if unit >= last_unit {
                return None;
            }
            last_unit = unit;
            total += digit * unit;
        } else {
            match digit(*c)? {
                0 => {}
                _ if pending.is_some() => return None,
                digit => pending = Some(digit),
            }
        }
    }
    let value = total + pending.unwrap_or(0);
    u16::try_from(value).ok().filter(|v| *v <= 9_999)
}

fn digit(c: char) -> Option<u32> {
    Some(match c {
        '0'..='9' => c as u32 - '0' as u32,
        '〇' | '零' | '○' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

fn unit(c: char) -> Option<u32> {
    match c {
        '十' => Some(10),
        '百' => Some(100),
        '千' => Some(1_000),
        _ => None,
    }
}

fn is_numeral(c: char) -> bool {
    digit(c).is_some() || unit(c).is_some()
}

fn numeral_end(text: &[char], from: usize) -> usize {
    let tail = text.get(from..).unwrap_or_default();
    from + tail.iter().take_while(|c| is_numeral(**c)).count()
}

/// The first number in a folded text that can be an article's. One without a mark counts only
/// where it is a word of its own or stands at the end (治安处罚法23), for 十日 is no article.
pub(crate) fn find(text: &[char]) -> Option<Found> {
    let mut plain = None;
    let mut at = 0;
    while at < text.len() {
        if !is_numeral(text[at]) {
            at += 1;
            continue;
        }
        let end = numeral_end(text, at);
        if let Some(found) = read(text, at, end) {
            if found.marked {
                return Some(found);
            }
            plain = plain.or(Some(found));
        }
        at = end;
    }
    plain
}

fn read(text: &[char], at: usize, end: usize) -> Option<Found> {
    let main = value(text.get(at..end)?).filter(|main| *main > 0)?;
    let before = text[..at].iter().rev().find(|c| **c != ' ').copied();
    let mut begin = at;
    let lead = matches!(before, Some('第' | '§'));
    if lead {
        begin = text[..at].iter().rposition(|c| *c != ' ')?;
    }
    let mut to = end;
    let after = text.get(end..).unwrap_or_default();
    let spaces = after.iter().take_while(|c| **c == ' ').count();
    let unit = after.get(spaces) == Some(&'条');
    if unit {
        to = end + spaces + 1;
    } else if before == Some('第') && after.first().is_some_and(|c| *c != ' ' && *c != '之') {
        // 第三章, 第二款: numbers of something else.
        return None;
    }
    let sub = sub_number(text, to).filter(|(_, _, hyphen)| !*hyphen || !unit);
    let (sub, sub_end) = sub.map_or((0, to), |(sub, end, _)| (sub, end));
    to = sub_end;
    let marked = unit || lead;
    let next = text.get(to).copied();
    let alone = next.is_none_or(|c| c == ' ');
    if !marked && !alone {
        return None;
    }
    // 第二十三条第二款第一项: the paragraph is in the article.
    while let Some(past) = part_end(text, to).filter(|_| marked) {
        to = past;
    }
    let number = ArticleNumber { main, sub };
    Some(Found {
        number,
        begin,
        end: to,
        marked,
    })
}

/// 之一, .1 or -1 from `at`: its value, its end, and whether it was written with a hyphen or point.
fn sub_number(text: &[char], at: usize) -> Option<(u16, usize, bool)> {
    let sign = *text.get(at)?;
    if !matches!(sign, '之' | '.' | '-') {
        return None;
    }
    let end = numeral_end(text, at + 1);
    let sub = value(text.get(at + 1..end)?)?;
    Some((sub, end, sign != '之')).filter(|(sub, ..)| (1..100).contains(sub))
}

fn part_end(text: &[char], at: usize) -> Option<usize> {
    if text.get(at) != Some(&'第') {
        return None;
    }
    let mut from = at + 1;
    if text.get(from) == Some(&'(') {
        from += 1;
    }
    let mut end = numeral_end(text, from);
    if end == from {
        return None;
    }
    if text.get(end) == Some(&')') {
        end += 1;
    }
    matches!(text.get(end), Some('款' | '项' | '目')).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

    use super::*;

    fn found(text: &str) -> Option<String> {
        let text: Vec<char> = text.chars().collect();
        find(&text).map(|f| f.number.to_string())
    }

    #[test]
    fn any_writing() {
        for (text, number) in [
            ("第二十三条", "23"),
            ("23条", "23"),
            ("二十三", "23"),
            ("二三", "23"),
            ("§23", "23"),
            ("§ 23", "23"),
            ("第 23 条", "23"),
            ("治安处罚法 23", "23"),
            ("治安处罚法23", "23"),
            ("治安处罚法第二十三条第二款第(一)项", "23"),
            ("第一百三十三条之一", "133.1"),
            ("133条之1", "133.1"),
            ("133之一", "133.1"),
            ("刑法 133.1", "133.1"),
            ("刑法133-1", "133.1"),
            ("第一千二百六十条", "1260"),
            ("第一百零五条", "105"),
            ("第十条", "10"),
            ("第一百一十条", "110"),
            ("两百条", "200"),
        ] {
            assert_eq!(found(text).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "十日以下拘留",
            "第三章",
            "第二款",
            "0",
            "第零条",
            "百十条",
            "99999999999",
            "",
            "一二三四五六七八九十",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_alone_is_read_whole() {
        for text in ["23", "第二十三条", " §２３ ", "二十三", "第23條"] {
            assert_eq!(
                text.parse(),
                Ok(ArticleNumber { main: 23, sub: 0 }),
                "{text}"
            );
        }
        assert_eq!("133.1".parse(), Ok(ArticleNumber { main: 133, sub: 1 }));
        for text in [
            "",
            "法",
            "23 24",
            "刑法 23",
            "23条 盗窃",
            "-1",
            "0",
            "99999",
            "\0",
        ] {
            assert_eq!(text.parse::<ArticleNumber>(), Err(NotANumber), "{text}");
        }
    }

    #[test]
    fn what_belongs_to_the_number_is_taken_with_it() {
        let text: Vec<char> = "刑法第133条之一第二款 拘役".chars().collect();
        let found = find(&text).unwrap();
        assert_eq!((found.begin, found.end), (2, 12));
    }
}
