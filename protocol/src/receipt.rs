//! The receipt: everything that shows, offline and later, that the station holds a clip.

use serde::{Deserialize, Serialize};

/// A receipt as one line of JSON. Its parts stand in their own standard formats, as strings, so
/// that other people's tools check them as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    format: ReceiptFormat,
    pub suite: u16,
    /// Signed note: [`crate::certificate::Certificate`] of the terminal.
    pub certificate: String,
    /// The terminal's seal entry, its raw bytes.
    pub entry: String,
    /// C2SP tlog-proof of that entry under a cosigned checkpoint.
    pub proof: String,
    /// Signed note: [`crate::stored::Stored`].
    pub stored: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum ReceiptFormat {
    #[serde(rename = "custos-receipt/1")]
    V1,
}

/// Not a receipt in its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed receipt")]
pub struct BadReceipt;

impl Receipt {
    pub fn new(certificate: String, entry: String, proof: String, stored: String) -> Self {
        let (format, suite) = (ReceiptFormat::V1, crate::suite::CURRENT);
        Self {
            format,
            suite,
            certificate,
            entry,
            proof,
            stored,
        }
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("strings") + "\n"
    }

    /// Takes only what [`Receipt::to_text`] writes: no byte of the file goes unchecked.
    pub fn from_text(text: &str) -> Result<Self, BadReceipt> {
        let receipt: Self = serde_json::from_str(text).map_err(|_| BadReceipt)?;
        if receipt.suite != crate::suite::CURRENT || receipt.to_text() != text {
            return Err(BadReceipt);
        }
        Ok(receipt)
    }
}
