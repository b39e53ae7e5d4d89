//! Identifiers that sort by time: `<prefix>-` and 26 Crockford base32 digits (ULID: 48 bits of
//! milliseconds, 80 random bits), in lower case so that they are safe in file names and URLs.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::key::{NoRandom, random};

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A fresh identifier, `clip-01jd8e…`.
///
/// # Errors
/// [`NoRandom`] when the system's random generator fails.
pub fn fresh(prefix: &str) -> Result<String, NoRandom> {
    let millis = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_millis());
    let mut random_part = [0; 16];
    random(&mut random_part[..10])?;
    let low = u128::from_le_bytes(random_part);
    Ok(format(prefix, (millis & 0xFFFF_FFFF_FFFF) << 80 | low))
}

fn format(prefix: &str, value: u128) -> String {
    let mut text = String::with_capacity(prefix.len() + 27);
    text.push_str(prefix);
    text.push('-');
    for position in (0..26).rev() {
        let digit = (value >> (position * 5)) & 31;
        text.push(char::from(DIGITS[digit as usize]));
    }
    text
}

/// Whether `text` is safe as a name in paths, URLs, note key names and journal entries: 1 to 64
/// characters, ASCII letters, digits, `-`, `_` and `.`, not starting with a dot.
pub fn is_safe(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_and_order() {
        assert_eq!(format("clip", 0), "clip-00000000000000000000000000");
        assert_eq!(format("c", u128::MAX), "c-7zzzzzzzzzzzzzzzzzzzzzzzzz");
        let id = fresh("clip").expect("random");
        assert_eq!(id.len(), 31);
        assert!(is_safe(&id));
        assert!(format("c", 1 << 80) < format("c", 2 << 80));
        assert!(!is_safe("../x") && !is_safe("") && !is_safe(".x") && !is_safe("a b"));
    }
}
