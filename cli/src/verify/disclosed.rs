//! A disclosed copy with what came along: who let it go, and the receipt of its original.

use std::path::Path;

use custos_protocol::{
    disclosure::{DisclosureRequest, SignedDisclosure},
    note::Note,
    statement,
    verify::verify_disclosure,
};

use super::{read_text, source::Source, tell};
use crate::{
    failure::{Exit, Failure},
    output::Output,
};

const SUFFIX: &str = ".disclosure.json";

/// The disclosure in a bundle, if it is one of a copy.
///
/// # Errors
/// A [`Failure`] where the bundle cannot be read, or has several.
pub(super) fn named(source: &Source) -> Result<Option<String>, Failure> {
    let names = source.names()?;
    let mut found = names.into_iter().filter(|name| name.ends_with(SUFFIX));
    let first = found.next();
    match found.next() {
        Some(_) => Err(not_verified("there are several disclosures in it")),
        None => Ok(first),
    }
}

/// Tells what is proved of the copy and of its original.
///
/// # Errors
/// A [`Failure`] where a file cannot be read or is missing, or something does not verify.
pub(super) fn run(
    mut source: Source,
    name: &str,
    trust: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    let names = source.names()?;
    let text = source.text(name)?;
    let request =
        requested(&text).ok_or_else(|| not_verified("the disclosure in it is not well-formed"))?;
    let (copy, receipt) = (request.copy_name(), format!("{}.receipt", request.clip));
    for needed in [&copy, &receipt] {
        if !names.contains(needed) {
            return Err(not_verified(
                "the copy or the receipt of its original is not in it",
            ));
        }
    }
    let trust = match trust {
        Some(path) => read_text(path, "the trust set")?,
        None if names.contains("trust.json") => source.text("trust.json")?,
        None => String::new(),
    };
    let receipt = source.text(&receipt)?;
    let report = source.read(&copy, |copy| {
        verify_disclosure(copy, &text, &receipt, &trust)
    })?;
    tell(&report, output)
}

/// What the disclosure is of, by its own word: enough to find the files that it is checked with.
fn requested(text: &str) -> Option<DisclosureRequest> {
    let file = SignedDisclosure::from_text(text).ok()?;
    let note: Note = file.request.parse().ok()?;
    statement::read_unverified(&note).ok()
}

fn not_verified(reason: &str) -> Failure {
    Failure::new(Exit::Refused, "not-verified", reason)
}
