//! Signed statements: a signed note whose text is a type line and one line of JSON.
//!
//! The type line separates domains: a key that signs directives cannot be made to have signed a
//! policy. Fields that this build does not know are refused, so a statement is understood whole
//! or not at all.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    note::{Note, NoteError, Signer, Verifier},
    suite,
};

/// A kind of statement.
pub trait Statement: Serialize + DeserializeOwned {
    /// The first line of the text, `custos.<kind>/v1`.
    const TYPE: &'static str;

    /// The suite that it says it was made with; only that of this build is understood.
    fn suite(&self) -> u16;
}

/// A statement that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    #[error("not a statement of the expected kind")]
    OtherKind,
    #[error("the statement's body is not understood")]
    Malformed,
    #[error("a statement of another suite of algorithms")]
    OtherSuite,
    #[error("{signed} of {threshold} needed signatures")]
    Threshold { signed: usize, threshold: usize },
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Signs `value`. With no signers the note is a draft to add signatures to.
pub fn sign<T: Statement>(value: &T, signers: &[&Signer]) -> Result<Note, StatementError> {
    let json = serde_json::to_string(value).map_err(|_| StatementError::Malformed)?;
    Ok(Note::sign(&format!("{}\n{json}\n", T::TYPE), signers)?)
}

/// The body, its signatures not checked.
pub fn read_unverified<T: Statement>(note: &Note) -> Result<T, StatementError> {
    let (kind, json) = note
        .text()
        .split_once('\n')
        .ok_or(StatementError::Malformed)?;
    if kind != T::TYPE {
        return Err(StatementError::OtherKind);
    }
    let json = json.strip_suffix('\n').filter(|j| !j.contains('\n'));
    let value: T = serde_json::from_str(json.ok_or(StatementError::Malformed)?)
        .map_err(|_| StatementError::Malformed)?;
    if value.suite() != suite::CURRENT {
        return Err(StatementError::OtherSuite);
    }
    Ok(value)
}

/// The body of a note that at least `threshold` different keys of `known` signed, and no others.
pub fn open<'k, T: Statement>(
    note: &Note,
    known: impl IntoIterator<Item = &'k Verifier>,
    threshold: usize,
) -> Result<T, StatementError> {
    let value = read_unverified(note)?;
    let signed = note.verify_strict(known)?.len();
    if signed < threshold || threshold == 0 {
        return Err(StatementError::Threshold { signed, threshold });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::key::SigningKey;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Greeting {
        text: String,
    }

    impl Statement for Greeting {
        const TYPE: &'static str = "custos.greeting/v1";

        fn suite(&self) -> u16 {
            suite::CURRENT
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Farewell {
        text: String,
    }

    impl Statement for Farewell {
        const TYPE: &'static str = "custos.farewell/v1";

        fn suite(&self) -> u16 {
            suite::CURRENT
        }
    }

    fn signer(seed: u8) -> Signer {
        Signer::new(&format!("k{seed}"), SigningKey::from_seed(&[seed; 32])).expect("signer")
    }

    #[test]
    fn thresholds_kinds_and_strangers() {
        let (a, b, c) = (signer(1), signer(2), signer(3));
        let known = [a.verifier(), b.verifier()];
        let greeting = Greeting {
            text: "line\nbreak".into(),
        };
        let one = sign(&greeting, &[&a]).expect("sign");
        assert_eq!(open::<Greeting>(&one, &known, 1).as_ref(), Ok(&greeting));
        let short = StatementError::Threshold {
            signed: 1,
            threshold: 2,
        };
        assert_eq!(open::<Greeting>(&one, &known, 2), Err(short));
        assert!(
            open::<Greeting>(&one, &known, 0).is_err(),
            "no threshold is no check"
        );
        let two = sign(&greeting, &[&a, &b]).expect("sign");
        assert!(open::<Greeting>(&two, &known, 2).is_ok());
        assert_eq!(
            open::<Farewell>(&two, &known, 1),
            Err(StatementError::OtherKind)
        );
        let stranger = sign(&greeting, &[&a, &c]).expect("sign");
        assert_eq!(
            open::<Greeting>(&stranger, &known, 1),
            Err(StatementError::Note(NoteError::Unexpected))
        );
        let twice = Note::sign("custos.greeting/v1\n{\"text\":\"a\"}\n{}\n", &[&a]).expect("sign");
        assert_eq!(
            open::<Greeting>(&twice, &known, 1),
            Err(StatementError::Malformed)
        );
        let extra = "custos.greeting/v1\n{\"text\":\"a\",\"more\":1}\n";
        let extra = Note::sign(extra, &[&a]).expect("sign");
        assert_eq!(
            open::<Greeting>(&extra, &known, 1),
            Err(StatementError::Malformed)
        );
    }
}
