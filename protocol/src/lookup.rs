//! What is looked up in registries, as people type it and as it is sent: resident numbers,
//! number plates; questions and answers ([`ask`]); lists that work without the
//! station ([`list`]); parts of numbers ([`pattern`]); and how answers are masked.
//!
//! Nothing goes out that is not well-formed: a number with a typing error asks about somebody
//! else, or about nobody, and either is a look-up that the work did not need.

pub mod ask;
pub mod list;
pub mod mask;
pub mod pattern;
pub mod plate;
pub mod query;
pub mod resident;

/// As typed on any keyboard: full-width characters become ASCII, letters upper case, and what only
/// separates goes.
fn plain(typed: &str) -> String {
    let narrow = |c: char| match c {
        // U+FF01..U+FF5E are ASCII's printable characters in the same order.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21).unwrap_or(c),
        c => c,
    };
    typed
        .chars()
        .map(narrow)
        .filter(|c| {
            !c.is_whitespace() && !matches!(c, '-' | '·' | '•' | '.' | '\u{2010}'..='\u{2015}')
        })
        .map(|c| c.to_ascii_uppercase())
        .collect()
}
