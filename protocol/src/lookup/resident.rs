//! Resident identity numbers (GB 11643-1999): six digits of the area, the date of birth, three of
//! sequence, a check character by ISO 7064 MOD 11-2.

use std::{fmt, str::FromStr};

use super::plain;

/// A number whose date exists and whose check character is right. Whether anybody has it, and
/// whether its area ever existed, only the registry knows.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResidentId([u8; 18]);

/// Why a text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ResidentIdError {
    #[error("a resident number has 18 characters, or 15 in its form of before 1999")]
    Length,
    #[error("a resident number has digits, and at its end perhaps an X")]
    Character,
    #[error("the date of birth in the number does not exist")]
    Date,
    #[error("the number's check character is wrong: something was mistyped")]
    Check,
}

impl ResidentIdError {
    /// A stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Length => "id-length",
            Self::Character => "id-character",
            Self::Date => "id-date",
            Self::Check => "id-check",
        }
    }
}

/// GB 11643-1999 §3.4.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: [u8; 11] = *b"10X98765432";

impl ResidentId {
    /// The number in 18 characters.
    pub fn as_str(&self) -> &str {
        // Digits and X.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The area's code, six digits (GB/T 2260).
    pub fn area(&self) -> &str {
        &self.as_str()[..6]
    }

    /// Year, month and day of birth.
    pub fn born(&self) -> (u16, u8, u8) {
        (
            number(&self.0[6..10]) as u16,
            number(&self.0[10..12]) as u8,
            number(&self.0[12..14]) as u8,
        )
    }

    /// Odd sequence numbers are men's.
    pub fn is_male(&self) -> bool {
        self.0[16] % 2 == 1
    }

    /// `110101********1234`.
    pub fn masked(&self) -> String {
        let text = self.as_str();
        format!("{}********{}", &text[..6], &text[14..])
    }
}

impl FromStr for ResidentId {
    type Err = ResidentIdError;

    /// Takes full-width characters, blanks and hyphens between, a lower-case x, and the 15 digits
    /// of before 1999, which become the 18 that the same person has had since.
    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        // Nobody's typing is that long, and nothing is done for it.
        if typed.len() > 256 {
            return Err(ResidentIdError::Length);
        }
        let plain = plain(typed);
        let text = plain.as_bytes();
        let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
        let mut id = [0; 18];
        match text.len() {
            18 if !digits(&text[..17]) || !matches!(text[17], b'0'..=b'9' | b'X') => {
                return Err(ResidentIdError::Character);
            }
            18 => id.copy_from_slice(text),
            15 if !digits(text) => return Err(ResidentIdError::Character),
            15 => {
                id[..6].copy_from_slice(&text[..6]);
                // Everybody who had one was born in the 1900s, or before: those are few and old.
                id[6..8].copy_from_slice(b"19");
                id[8..17].copy_from_slice(&text[6..]);
                id[17] = check(&id);
            }
            _ => return Err(ResidentIdError::Length),
        }
        let id = Self(id);
        let (year, month, day) = id.born();
        if year == 0 || day == 0 || day > days_in(year, month) {
            return Err(ResidentIdError::Date);
        }
        if id.0[17] != check(&id.0) {
            return Err(ResidentIdError::Check);
        }
        Ok(id)
    }
}

/// It is personal: what is logged or shown by accident is masked.
impl fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResidentId({})", self.masked())
    }
}

fn number(digits: &[u8]) -> u32 {
    let value = |sum: u32, digit: &u8| sum * 10 + u32::from(digit.wrapping_sub(b'0'));
    digits.iter().fold(0, value)
}

fn check(id: &[u8; 18]) -> u8 {
    let products = id
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight);
    CHECKS[(products.sum::<u32>() % 11) as usize]
}

/// 0 for a month that there is not.
fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(if year.is_multiple_of(100) { 400 } else { 4 });
    match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}
