//! The enrolment ticket: what a terminal needs to find, recognise and be admitted by its station.
//! It holds a secret (the token) that works once and for a limited time.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{id, trust::Roots};

/// A ticket, as JSON in a file or a QR code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ticket {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    format: TicketFormat,
    pub suite: u16,
    pub agency: String,
    /// Base URL of the station, without a trailing slash.
    pub station: String,
    /// Base64 of the SHA-256 of the station's public key (SPKI DER; the form of RFC 7469);
    /// none only with plain HTTP on loopback.
    pub pin: Option<String>,
    pub terminal: String,
    /// Which enrolment of this terminal it will be: names its journal.
    pub epoch: u32,
    /// Secret, base64 of 32 bytes. The station keeps its hash alone.
    pub token: String,
    /// Who may use the terminal; empty: personal, the first officer to enrol.
    pub officers: Vec<String>,
    pub expires_ms: i64,
    /// The agency's root keys, by which the first trust set is accepted.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub roots: Roots,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum TicketFormat {
    #[serde(rename = "custos-ticket/1")]
    V1,
}

/// A file that is not a ticket, or one of another suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an enrolment ticket of this version")]
pub struct BadTicket;

/// The parts of a ticket.
#[derive(Debug, Clone)]
pub struct TicketParts {
    pub agency: String,
    pub station: String,
    pub pin: Option<String>,
    pub terminal: String,
    pub epoch: u32,
    pub token: String,
    pub officers: Vec<String>,
    pub expires_ms: i64,
    pub roots: Roots,
}

impl Ticket {
    pub fn new(parts: TicketParts) -> Self {
        Self {
            format: TicketFormat::V1,
            suite: crate::suite::CURRENT,
            agency: parts.agency,
            station: parts.station,
            pin: parts.pin,
            terminal: parts.terminal,
            epoch: parts.epoch,
            token: parts.token,
            officers: parts.officers,
            expires_ms: parts.expires_ms,
            roots: parts.roots,
        }
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("plain data") + "\n"
    }

    pub fn from_text(text: &str) -> Result<Self, BadTicket> {
        let ticket: Self = serde_json::from_str(text.trim()).map_err(|_| BadTicket)?;
        let sound = ticket.suite == crate::suite::CURRENT
            && id::is_safe(&ticket.terminal)
            && ticket.officers.iter().all(|o| id::is_safe(o))
            && !ticket.station.ends_with('/');
        if sound { Ok(ticket) } else { Err(BadTicket) }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Ticket(for {} at {}, token hidden)",
            self.terminal, self.station
        )
    }
}
