//! When a text is in force.
//!
//! A file's date is that of adoption or amendment. The day a text came into force stands in its
//! last articles; an amended law keeps its first one there, which is then older than the text.

use custos_protocol::civil;

use super::normalise::folded;
use super::source::Source;

/// `2026-01-01` as a number that sorts: 20260101. 0 is unknown.
pub(crate) type Day = u32;

/// Reads `YYYY-MM-DD`.
pub(crate) fn parse(text: &str) -> Option<Day> {
    let mut parts = text.split('-');
    let mut next = |length: usize| -> Option<u32> {
        let part = parts.next()?;
        let digits = part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok())?
    };
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    let date = civil::days(year.into(), month.into(), day.into());
    let real = date.is_some() && year >= 1900;
    (real && parts.next().is_none()).then_some(year * 10_000 + month * 100 + day)
}

/// The form of [`parse`]; nothing for a day that is not known.
pub(crate) fn show(day: Day) -> String {
    match day {
        0 => String::new(),
        _ => format!(
            "{:04}-{:02}-{:02}",
            day / 10_000,
            day / 100 % 100,
            day % 100
        ),
    }
}

/// The day of a time in milliseconds since 1970, in China (UTC+8).
pub(crate) fn of_time(time_ms: i64) -> Day {
    let (year, month, day) = civil::date((time_ms + 8 * 3_600_000).div_euclid(86_400_000));
    u32::try_from(year * 10_000 + month * 100 + day).unwrap_or(0)
}

/// The day a text came into force, as far as it says.
pub(crate) fn in_force(source: &Source) -> Day {
    let adopted = parse(&source.version).unwrap_or(0);
    let listed = include_str!("data/effective.txt").lines().find_map(|line| {
        let mut fields = line.split('\t');
        let same = fields.next() == Some(short(&source.title))
            && fields.next() == Some(source.version.as_str());
        same.then(|| fields.next().and_then(parse)).flatten()
    });
    if let Some(day) = listed {
        return day;
    }
    let last = source.articles.iter().rev().take(3);
    last.filter_map(|article| stated(&article.text))
        .max()
        .filter(|day| *day >= adopted)
        .unwrap_or(adopted)
}

/// 自2026年1月1日起施行.
fn stated(text: &str) -> Option<Day> {
    let text: String = folded(text).into_iter().filter(|c| *c != ' ').collect();
    text.match_indices('自')
        .filter_map(|(at, _)| {
            let rest = &text[at + '自'.len_utf8()..];
            let (year, rest) = rest.split_once('年')?;
            let (month, rest) = rest.split_once('月')?;
            let (day, rest) = rest.split_once('日')?;
            let begins = ["起施行", "起实施", "起执行", "起生效", "施行", "开始施行"];
            if !begins.iter().any(|word| rest.starts_with(word)) {
                return None;
            }
            let number = |part: &str| {
                let part: Vec<char> = part.chars().collect();
                super::number::value(&part).map(u32::from)
            };
            let day = format!(
                "{:04}-{:02}-{:02}",
                number(year)?,
                number(month)?,
                number(day)?
            );
            parse(&day)
        })
        .max()
}

/// Titles of laws that a text puts out of force: 《…》同时废止 in its last articles.
pub(crate) fn repealed(source: &Source) -> Vec<&str> {
    let mut titles = Vec::new();
    for article in source.articles.iter().rev().take(3) {
        let Some(end) = article.text.rfind("废止") else {
            continue;
        };
        // Without the sentences before, which say since when this one is in force.
        let mut rest = &article.text[..end];
        while let Some(begin) = rest.find('《') {
            let after = &rest[begin + '《'.len_utf8()..];
            let Some(close) = after.find('》') else {
                break;
            };
            titles.push(&after[..close]);
            rest = &after[close..];
        }
    }
    titles
}

/// A title without 中华人民共和国.
pub(crate) fn short(title: &str) -> &str {
    title.strip_prefix("中华人民共和国").unwrap_or(title)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::law::source::markdown;

    fn source(version: &str, last: &str) -> Source {
        let text = format!(
            "---\ntitle: \"某法\"\nversion: \"{version}\"\n---\n第一条 甲\n第二条 {last}\n"
        );
        markdown(&text, "a.md").expect("a law")
    }

    #[test]
    fn a_text_says_when() {
        let day = |version, last| show(in_force(&source(version, last)));
        assert_eq!(
            day("2025-06-27", "本法自2026年1月1日起施行。"),
            "2026-01-01"
        );
        // Amended: what stands there is the day of the first text.
        assert_eq!(
            day("2021-04-29", "本法自2004年5月1日起施行。"),
            "2021-04-29"
        );
        assert_eq!(day("", "本法自二〇〇四年五月一日起施行。"), "2004-05-01");
        assert_eq!(day("2020-01-02", "本条例自公布之日起施行。"), "2020-01-02");
        assert_eq!(day("", "无。"), "");
        let old = source(
            "2020-01-01",
            "自2020年2月1日起施行。《甲条例》、《乙办法》同时废止。",
        );
        assert_eq!(repealed(&old), ["甲条例", "乙办法"]);
    }

    #[test]
    fn days() {
        assert_eq!(parse("2026-01-01"), Some(20_260_101));
        for bad in [
            "",
            "2026-1-1",
            "2026-13-01",
            "2026-01-01-01",
            "20260101",
            "二〇二六-01-01",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(of_time(0), 19_700_101);
        // Midnight in China is 16:00 UTC.
        assert_eq!(of_time(951_753_600_000 - 1), 20_000_228);
        assert_eq!(of_time(951_753_600_000), 20_000_229);
    }
}
