//! Times as people write them: a day, a minute of local time, or a second of UTC as this program
//! prints it.

use custos_protocol::civil;

use crate::failure::Failure;

const DAY_MS: i64 = 86_400_000;

/// Unix milliseconds of `2026-01-31` (its beginning), `2026-01-31T14:30` (both local, so many
/// minutes from UTC), or `2026-01-31T06:30:00Z`.
///
/// # Errors
/// `bad-time`.
pub(crate) fn parse(text: &str, utc_offset_min: i32) -> Result<i64, Failure> {
    let bad = || {
        Failure::usage(
            "bad-time",
            "a time is written as 2026-01-31, 2026-01-31T14:30 or 2026-01-31T06:30:00Z",
        )
    };
    let local = i64::from(utc_offset_min) * 60_000;
    let (day, time) = text.split_once('T').unwrap_or((text, "00:00"));
    let (time, local) = match time.strip_suffix('Z') {
        Some(time) => (time, 0),
        None => (time, local),
    };
    let days = days(day).ok_or_else(bad)?;
    let within = within(time).ok_or_else(bad)?;
    Ok(days * DAY_MS + within - local)
}

/// Fields of so many digits, and nothing else.
fn fields<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut found = [0; N];
    for (place, digits) in found.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *place = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

fn within(text: &str) -> Option<i64> {
    let [hour, minute, second] = match fields(text, ':', [2, 2]) {
        Some([hour, minute]) => [hour, minute, 0],
        None => fields(text, ':', [2, 2, 2])?,
    };
    let real = hour < 24 && minute < 60 && second < 60;
    real.then_some(((hour * 60 + minute) * 60 + second) * 1_000)
}

/// Days since 1970-01-01.
fn days(text: &str) -> Option<i64> {
    let [year, month, day] = fields(text, '-', [4, 2, 2])?;
    civil::days(year, month, day)
}

#[cfg(test)]
mod tests {
    use custos_protocol::verify::utc;

    use super::*;

    #[test]
    fn what_is_printed_can_be_read() {
        for ms in [0, 951_782_400_000, 1_795_313_909_000, 4_102_444_799_000] {
            assert_eq!(parse(&utc(ms), 480).ok(), Some(ms), "{}", utc(ms));
        }
    }

    #[test]
    fn days_and_minutes_are_local() {
        let day = parse("2026-11-22", 480).ok();
        assert_eq!(day, parse("2026-11-21T16:00:00Z", 480).ok());
        assert_eq!(
            parse("2026-11-22T14:30", 0).ok(),
            day.map(|ms| ms + 81_000_000)
        );
        assert!(day.is_some());
    }

    #[test]
    fn what_is_no_time() {
        for bad in [
            "",
            "now",
            "2026-02-29",
            "2026-13-01",
            "2026-1-1",
            "2026-01-01T24:00",
            "2026-01-01T10",
            "2026-01-01T10:00Zx",
            "2026-01-01-01",
            "+026-01-01",
        ] {
            assert!(parse(bad, 0).is_err(), "{bad}");
        }
    }
}
