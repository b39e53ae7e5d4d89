//! What is left of personal data for those who need not see all of it (T5.1c): enough to know that
//! it is the right person, too little to find them by.

use serde::{Deserialize, Serialize};

/// How much of a field somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    Full,
    Masked,
    /// Not even that there is something.
    Hidden,
}

/// What kind of thing a field of an answer is, and so how it is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Personal {
    /// A resident number, or another document's.
    Number,
    Name,
    Phone,
    Address,
    Plate,
    /// Anything else: shown or hidden, for nobody knows what part of it would say too much.
    Other,
}

/// The field as it is shown; `None`: not at all.
pub fn show(shown: Shown, what: Personal, value: &str) -> Option<String> {
    match (shown, what) {
        (Shown::Full, _) => Some(value.to_owned()),
        (Shown::Hidden, _) | (Shown::Masked, Personal::Other) => None,
        (Shown::Masked, Personal::Number) => Some(number(value)),
        (Shown::Masked, Personal::Name) => Some(name(value)),
        (Shown::Masked, Personal::Phone) => Some(phone(value)),
        (Shown::Masked, Personal::Address) => Some(address(value)),
        (Shown::Masked, Personal::Plate) => Some(plate(value)),
    }
}

/// Six characters, stars, four: `110101********1234`. Of shorter ones never more than half.
pub fn number(value: &str) -> String {
    keep(value, 6, 4)
}

/// The family name: its first character, or the first two of a compound one.
pub fn name(value: &str) -> String {
    const COMPOUND: [&str; 12] = [
        "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒",
        "夏侯",
    ];
    let long = value.chars().count() > 2 && COMPOUND.iter().any(|c| value.starts_with(c));
    let kept = if long { 2 } else { 1 };
    // A name of one character would be shown whole.
    if value.chars().count() <= kept {
        return "*".to_owned();
    }
    stars(value, kept, 0)
}

/// `138****1234`; of a number with an area code likewise the first three and the last four.
pub fn phone(value: &str) -> String {
    keep(value, 3, 4)
}

/// Down to the district or county; what lies behind finds a door.
pub fn address(value: &str) -> String {
    let district = |c: &(usize, char)| matches!(c.1, '区' | '县' | '旗');
    let city = |c: &(usize, char)| c.1 == '市';
    let end = value
        .char_indices()
        .find(district)
        .or_else(|| value.char_indices().find(city));
    match end {
        Some((at, c)) => format!("{}****", &value[..at + c.len_utf8()]),
        None => "****".to_owned(),
    }
}

/// Province and office, and the last two characters.
pub fn plate(value: &str) -> String {
    keep(value, 2, 2)
}

/// So many characters at the beginning and at the end, but never more than half of all.
fn keep(value: &str, first: usize, last: usize) -> String {
    let all = value.chars().count();
    if first + last <= all.div_ceil(2) + 1 {
        return stars(value, first, last);
    }
    let last = (all / 4).min(last);
    stars(value, (all / 4).min(first), last)
}

fn stars(value: &str, first: usize, last: usize) -> String {
    let all = value.chars().count();
    value
        .chars()
        .enumerate()
        .map(|(at, c)| {
            if at < first || at + last >= all {
                c
            } else {
                '*'
            }
        })
        .collect()
}
