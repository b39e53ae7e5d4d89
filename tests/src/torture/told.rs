//! What a recording process says, one JSON object a line. A line is written with one call before
//! anything else happens, so that the pipe holds it whatever becomes of the writer. The lines
//! `committed` and `sealed` are those of `custos terminal record --json`.

use serde::{Deserialize, Serialize};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Told {
    /// It is about to do something that it can be killed in.
    Doing { what: Doing },
    /// A recording began, the process's own number for it, of this one of the media: it is durable
    /// that there is this clip.
    Began {
        recording: u64,
        media: usize,
        clip: String,
    },
    /// It is about to hand over a sample: the n-th of the recording, from 0.
    Handing { recording: u64, sample: u64 },
    /// Acknowledged: so many fragments of the clip are durable, up to this time.
    Committed {
        clip: String,
        fragment: u32,
        end_us: i64,
    },
    /// Acknowledged: the clip is sealed.
    Sealed { clip: String, bytes: u64 },
    /// Acknowledged: the photo is sealed.
    Photo { clip: String, bytes: u64 },
    /// Acknowledged: the clip has a mark with this label.
    Marked { clip: String, label: String },
    /// A signed checkpoint of the journal, handed out.
    Published { note: String },
    /// A line of the program under test that says nothing about what is durable.
    #[serde(other)]
    Other,
}

/// What can be killed in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    Open,
    Unlock,
    Start,
    Commit,
    Mark,
    Photo,
    Stop,
    Close,
}

impl Told {
    /// As one line, with its end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("plain data") + "\n"
    }

    /// Whatever is no line of ours, a diagnostic for instance, is [`Told::Other`].
    pub fn from_line(line: &str) -> Self {
        serde_json::from_str(line).unwrap_or(Self::Other)
    }

    /// The clip that it promises something about.
    pub fn promised(&self) -> Option<&str> {
        match self {
            Self::Began { clip, .. }
            | Self::Committed { clip, .. }
            | Self::Sealed { clip, .. }
            | Self::Photo { clip, .. }
            | Self::Marked { clip, .. } => Some(clip),
            _ => None,
        }
    }
}
