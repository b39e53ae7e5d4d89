//! Orders to a terminal, signed by people and acknowledged by the terminal.

use serde::{Deserialize, Serialize};

use crate::{
    note::{Note, Verifier},
    statement::{self, Statement, StatementError},
    trust::{ROLE_DIRECTIVE, TrustSet},
};

/// What a terminal is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Action {
    /// Nobody unlocks until an `unlock` directive.
    Lock,
    Unlock,
    /// Destroys the keys, then the files. Two different people sign.
    Wipe,
}

impl Action {
    /// How many different people have to sign.
    pub fn threshold(self) -> usize {
        match self {
            Self::Lock | Self::Unlock => 1,
            Self::Wipe => 2,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Wipe => "wipe",
        }
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Directive {
    pub suite: u16,
    pub id: String,
    pub terminal: String,
    /// The enrolment it is for: an order for a wiped terminal means nothing to the next.
    pub epoch: u32,
    /// Counts up within the epoch from 1; a terminal takes none that is not higher than its last.
    pub seq: u64,
    pub action: Action,
    pub reason: String,
    pub issued_ms: i64,
    pub expires_ms: i64,
}

impl Statement for Directive {
    const TYPE: &'static str = "custos.directive/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

/// Why a directive is not acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectiveError {
    #[error("the directive is for another terminal")]
    OtherTerminal,
    #[error("the directive is for another enrolment of this terminal")]
    OtherEpoch,
    #[error("the directive's sequence number was used before")]
    Replayed,
    #[error("the directive has expired")]
    Expired,
    #[error("{signed} of {threshold} people needed have signed")]
    Threshold { signed: usize, threshold: usize },
    #[error(transparent)]
    Statement(#[from] StatementError),
}

impl DirectiveError {
    /// A stable word for acknowledgements and registers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherTerminal => "other-terminal",
            Self::OtherEpoch => "other-epoch",
            Self::Replayed => "replayed",
            Self::Expired => "expired",
            Self::Threshold { .. } => "threshold",
            Self::Statement(_) => "signature",
        }
    }
}

/// What a terminal knows of itself when a directive arrives.
#[derive(Debug, Clone, Copy)]
pub struct Addressee<'a> {
    pub terminal: &'a str,
    pub epoch: u32,
    /// The highest sequence number taken so far.
    pub last_seq: u64,
    pub now_ms: i64,
}

impl Directive {
    /// The people of `trust` who signed `note`, each counted once; their number is not yet held
    /// against the threshold. A line by any other key is an error.
    pub fn signers(note: &Note, trust: &TrustSet) -> Result<Vec<String>, DirectiveError> {
        let allowed: Vec<_> = trust
            .people
            .iter()
            .filter(|p| p.has_role(ROLE_DIRECTIVE))
            .collect();
        let keys: Vec<&Verifier> = allowed.iter().map(|p| &p.key).collect();
        let signed = note.verify_strict(keys).map_err(StatementError::from)?;
        let mut people: Vec<(&str, &[u8; 32])> = Vec::new();
        for person in allowed.iter().filter(|p| signed.contains(&&p.key)) {
            // Two names for one key, or two keys of one person, are one person.
            let raw = &person.key.key().0;
            if !people
                .iter()
                .any(|(name, key)| *name == person.name || *key == raw)
            {
                people.push((&person.name, raw));
            }
        }
        Ok(people
            .into_iter()
            .map(|(name, _)| name.to_owned())
            .collect())
    }

    /// The directive of a note that enough people of `trust` signed.
    pub fn open(note: &Note, trust: &TrustSet) -> Result<Self, DirectiveError> {
        let directive: Self = statement::read_unverified(note)?;
        let signed = Self::signers(note, trust)?.len();
        let threshold = directive.action.threshold();
        if signed < threshold {
            return Err(DirectiveError::Threshold { signed, threshold });
        }
        Ok(directive)
    }

    /// Whether the directive is for this terminal, now, and new.
    pub fn check(&self, to: &Addressee<'_>) -> Result<(), DirectiveError> {
        if self.terminal != to.terminal {
            return Err(DirectiveError::OtherTerminal);
        }
        if self.epoch != to.epoch {
            return Err(DirectiveError::OtherEpoch);
        }
        if self.seq <= to.last_seq {
            return Err(DirectiveError::Replayed);
        }
        if to.now_ms >= self.expires_ms {
            return Err(DirectiveError::Expired);
        }
        Ok(())
    }
}

/// How far a directive has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum State {
    /// Waits at the station for signatures or for the terminal.
    Queued,
    Fetched,
    Accepted,
    Refused,
    Executing,
    Done,
    Failed,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Fetched => "fetched",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Executing => "executing",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// Nothing follows.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::Done | Self::Failed)
    }
}

/// A terminal's signed word on a directive, by its journal key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ack {
    pub suite: u16,
    pub directive: String,
    pub terminal: String,
    pub epoch: u32,
    pub seq: u64,
    pub state: State,
    /// A stable word where something was refused or failed.
    pub reason: Option<String>,
    pub time_ms: i64,
}

impl Statement for Ack {
    const TYPE: &'static str = "custos.directive-ack/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}
