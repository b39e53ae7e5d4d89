//! Short-term reference picture sets (ITU-T H.265 §7.3.7), to get past them.

use super::Bits;

/// Differences in picture order: pictures before (S0) and after (S1), nearest first.
#[derive(Debug, Default, Clone)]
struct Set {
    before: Vec<i64>,
    after: Vec<i64>,
}

/// A set has no more pictures than a buffer (§A.4.2).
const MOST: usize = 16;

/// Skips all sets of an SPS.
pub(super) fn skip(bits: &mut Bits<'_>) -> Option<()> {
    let count = bits.golomb().filter(|n| *n <= 64)?;
    let mut last: Option<Set> = None;
    for _ in 0..count {
        let set = match &last {
            Some(reference) if bits.flag()? => predicted(bits, reference)?,
            _ => explicit(bits)?,
        };
        last = Some(set);
    }
    Some(())
}

fn explicit(bits: &mut Bits<'_>) -> Option<Set> {
    let before = bits.golomb().filter(|n| *n as usize <= MOST)?;
    let after = bits.golomb().filter(|n| *n as usize <= MOST)?;
    let mut side = |count: u32, sign: i64| -> Option<Vec<i64>> {
        let mut at = 0;
        (0..count)
            .map(|_| {
                at += sign * (i64::from(bits.golomb()?) + 1);
                bits.flag()?; // used_by_curr_pic_flag
                Some(at)
            })
            .collect()
    };
    Some(Set {
        before: side(before, -1)?,
        after: side(after, 1)?,
    })
}

/// Equations 7-59 to 7-62. How many are left of the set before decides how many flags the next
/// one has, so that this has to be exact.
fn predicted(bits: &mut Bits<'_>, reference: &Set) -> Option<Set> {
    let sign = if bits.flag()? { -1 } else { 1 };
    let delta = sign * (i64::from(bits.golomb()?) + 1);
    let count = reference.before.len() + reference.after.len();
    // The last flag is for the reference picture itself.
    let mut kept = Vec::with_capacity(count + 1);
    for _ in 0..=count {
        let used = bits.flag()?;
        kept.push(used || bits.flag()?);
    }
    let (kept_before, rest) = kept.split_at(reference.before.len());
    let (kept_after, itself) = rest.split_at(reference.after.len());
    let moved = |list: &[i64], kept: &[bool]| -> Vec<i64> {
        list.iter()
            .zip(kept)
            .filter(|(_, kept)| **kept)
            .map(|(at, _)| at + delta)
            .collect()
    };
    let before = moved(&reference.before, kept_before);
    let after = moved(&reference.after, kept_after);
    let itself = itself.first().is_some_and(|kept| *kept).then_some(delta);
    let mut set = Set::default();
    set.before.extend(after.iter().rev().filter(|d| **d < 0));
    set.before.extend(itself.filter(|d| *d < 0));
    set.before.extend(before.iter().filter(|d| **d < 0));
    set.after.extend(before.iter().rev().filter(|d| **d > 0));
    set.after.extend(itself.filter(|d| *d > 0));
    set.after.extend(after.iter().filter(|d| **d > 0));
    (set.before.len() + set.after.len() <= MOST).then_some(set)
}
