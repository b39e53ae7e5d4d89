//! Why a station does not start.

use std::io;

/// A start that was refused. Nothing that exists is ever recreated or repaired on the way.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("another process serves this station folder")]
    InUse,
    #[error("the port is taken by another program")]
    PortTaken,
    #[error("the address cannot be listened on")]
    Listen(#[source] io::Error),
    #[error("plain HTTP is only served on a loopback address")]
    PlainHttpNotLoopback,
    #[error("the agency's name must be 1 to 64 letters, digits, '-', '_' or '.'")]
    AgencyName,
    #[error("the folder belongs to another agency")]
    OtherAgency,
    #[error("the folder was written by a newer version")]
    NewerSchema,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} is damaged or cannot be read")]
    Damaged(&'static str),
    #[error("the keys are not those that the trust set in force names")]
    OtherKeys,
    #[error("registries.json: {0}")]
    Registries(#[from] RegistriesError),
    #[error("the folder cannot be written")]
    Storage(#[source] io::Error),
    #[error("the system's random generator failed")]
    NoRandom,
}

/// What is wrong with `registries.json`. Names the setting, and nothing that a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistriesError {
    #[error("it is not in its form")]
    Form,
    #[error("the url of a source is https, or http on this machine alone")]
    Url,
    #[error("the ca of a source is missing, or cannot be read as PEM certificates")]
    Ca,
    #[error("the identity of a source cannot be read as a PEM certificate and its key")]
    Identity,
    #[error("the TLS library does not start")]
    Tls,
}

impl StartError {
    /// A stable kebab-case word for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse => "station-in-use",
            Self::PortTaken => "port-taken",
            Self::Listen(_) => "cannot-listen",
            Self::PlainHttpNotLoopback => "plain-http-not-loopback",
            Self::AgencyName => "agency-name",
            Self::OtherAgency => "other-agency",
            Self::NewerSchema => "newer-schema",
            Self::Missing(_) => "station-file-missing",
            Self::Damaged(_) => "station-file-damaged",
            Self::OtherKeys => "station-keys-mismatch",
            Self::Registries(_) => "registries-config",
            Self::Storage(_) => "storage",
            Self::NoRandom => "no-random",
        }
    }

    /// Whether storage is at fault: full, failing, damaged or newer (exit code 4 of the CLI).
    pub fn is_storage(&self) -> bool {
        matches!(
            self,
            Self::NewerSchema
                | Self::Missing(_)
                | Self::Damaged(_)
                | Self::OtherKeys
                | Self::Storage(_)
        )
    }
}

impl From<custos_protocol::key::NoRandom> for StartError {
    fn from(_: custos_protocol::key::NoRandom) -> Self {
        Self::NoRandom
    }
}
