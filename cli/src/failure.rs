//! A failure as a person and as a script meet it.

use std::process::ExitCode;

use custos_core::error::Class;
use serde::Serialize;

use crate::{
    output::{Lang, Output},
    words,
};

/// Exit codes of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Refused = 1,
    Usage = 2,
    Unreachable = 3,
    Storage = 4,
    Credential = 5,
}

/// What happened, by a stable word; the sentences come from [`words`].
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) exit: Exit,
    /// English, from where it happened.
    message: String,
    /// Chinese, where the words for the code would leave something out.
    message_zh: Option<String>,
    /// Which rule or term: a stable word.
    reason: Option<String>,
    /// A result line has said it to people already.
    told: bool,
}

/// The last line of `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct FailureLine {
    error: String,
    message: String,
    what_is_safe: &'static str,
    next: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            exit,
            message: message.into(),
            message_zh: None,
            reason: None,
            told: false,
        }
    }

    pub(crate) fn usage(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, code, message)
    }

    /// Names the rule or the term.
    #[must_use]
    pub(crate) fn with_reason(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }

    /// Says it in Chinese where the words for the code would leave something out.
    #[must_use]
    pub(crate) fn in_chinese(mut self, message: String) -> Self {
        self.message_zh = Some(message);
        self
    }

    /// Said already by a result line, which is the last line of `--json` then.
    #[must_use]
    pub(crate) fn told(mut self) -> Self {
        self.told = true;
        self
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            Exit::Storage,
            "internal",
            "something that cannot happen has happened",
        )
    }

    pub(crate) fn output_closed() -> Self {
        Self::new(
            Exit::Storage,
            "output-closed",
            "the output cannot be written",
        )
    }

    /// A file that a person named could not be read or written.
    pub(crate) fn file(error: &std::io::Error, what: &str) -> Self {
        use std::io::ErrorKind;
        let (exit, code) = match error.kind() {
            ErrorKind::NotFound => (Exit::Usage, "file-not-found"),
            ErrorKind::AlreadyExists => (Exit::Usage, "file-exists"),
            ErrorKind::PermissionDenied => (Exit::Usage, "file-not-permitted"),
            ErrorKind::StorageFull => (Exit::Storage, "storage-full"),
            _ => (Exit::Storage, "storage-failed"),
        };
        Self::new(exit, code, format!("{what}: {}", error.kind()))
    }

    /// Tells it: the last line of `--json`, or three sentences on standard error.
    pub(crate) fn report(&self, output: &Output) -> ExitCode {
        if self.told {
            return ExitCode::from(self.exit as u8);
        }
        let line = self.line(output.lang);
        if output.json {
            // Nothing is left to be done where even this cannot be written.
            let _ = output.result(&line, "");
        } else {
            output.complain(&[&line.message, line.what_is_safe, line.next]);
        }
        ExitCode::from(self.exit as u8)
    }

    /// The failure in the words of `lang`.
    pub(crate) fn line(&self, lang: Lang) -> FailureLine {
        let words = words::of(&self.code, self.exit);
        let (message, what_is_safe, next) = match lang {
            Lang::En => (self.message.as_str(), words.safe_en, words.next_en),
            Lang::Zh => (
                (self.message_zh.as_deref())
                    .or(words.message_zh)
                    .unwrap_or(&self.message),
                words.safe_zh,
                words.next_zh,
            ),
        };
        let message = match &self.reason {
            Some(reason) => format!("{message} ({reason})"),
            None => message.to_owned(),
        };
        FailureLine {
            error: self.code.clone(),
            message,
            reason: self.reason.clone(),
            what_is_safe,
            next,
        }
    }
}

impl From<custos_core::Error> for Failure {
    fn from(error: custos_core::Error) -> Self {
        let exit = match error.class() {
            Class::Refused => Exit::Refused,
            Class::Unreachable => Exit::Unreachable,
            Class::Storage => Exit::Storage,
            Class::Credential => Exit::Credential,
        };
        let message_zh = match error {
            custos_core::Error::WrongPin { remaining } => {
                Some(format!("PIN 错误，还可尝试 {remaining} 次。"))
            }
            _ => None,
        };
        Self {
            message_zh,
            ..Self::new(exit, error.code(), error.to_string())
        }
    }
}

impl From<custos_station::StartError> for Failure {
    fn from(error: custos_station::StartError) -> Self {
        let exit = if error.is_storage() {
            Exit::Storage
        } else {
            Exit::Refused
        };
        Self::new(exit, error.code(), error.to_string())
    }
}

impl From<crate::camera::CameraError> for Failure {
    fn from(error: crate::camera::CameraError) -> Self {
        Self::new(Exit::Refused, error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever does not know that one attempt is left locks the terminal in the street.
    #[test]
    fn the_attempts_that_remain_are_told_in_both_languages() {
        let failure = Failure::from(custos_core::Error::WrongPin { remaining: 3 });
        for lang in [Lang::En, Lang::Zh] {
            let message = failure.line(lang).message;
            assert!(message.contains('3'), "{message}");
        }
    }
}
