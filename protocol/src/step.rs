//! A step that one person takes by signing, alone: of a grant, of a disclosure.

use crate::{
    note::Note,
    statement::StatementError,
    trust::{Person, TrustSet},
};

/// Longest text in a step, in bytes.
pub(crate) const MAX_TEXT: usize = 512;

/// A step that is not its signer's to take.
#[derive(Debug)]
pub(crate) enum StepError {
    UnknownPerson,
    WrongRole,
    Statement(StatementError),
}

impl From<StatementError> for StepError {
    fn from(error: StatementError) -> Self {
        Self::Statement(error)
    }
}

/// The note of a step.
///
/// # Errors
/// [`StatementError::Note`].
pub(crate) fn parsed(note: &str) -> Result<Note, StatementError> {
    Ok(note.parse()?)
}

/// The one person who signed a step, and nobody else.
pub(crate) fn signer<'t>(
    note: &Note,
    trust: &'t TrustSet,
    name: &str,
    roles: &[&str],
) -> Result<&'t Person, StepError> {
    let person = trust.person(name).ok_or(StepError::UnknownPerson)?;
    if !roles.iter().any(|role| person.has_role(role)) {
        return Err(StepError::WrongRole);
    }
    let signed = note.verify_strict([&person.key]);
    if signed.map_err(StatementError::from)?.is_empty() {
        let (signed, threshold) = (0, 1);
        return Err(StatementError::Threshold { signed, threshold }.into());
    }
    Ok(person)
}

/// Two names for one key are one person, as two keys of one name are.
pub(crate) fn same(a: &Person, b: &Person) -> bool {
    a.name == b.name || a.key.key() == b.key.key()
}

/// Words that a person wrote: some, not too many, on one line.
pub(crate) fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_TEXT && !text.contains(char::is_control)
}
