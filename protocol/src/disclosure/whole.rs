//! A disclosure with all its steps, as it is kept and goes out.

use serde::{Deserialize, Serialize};

use super::{Approved, Disclosure, DisclosureApproval, DisclosureError, DisclosureRequest};
use crate::{
    statement,
    step::{parsed, same, signer},
    trust::{ROLE_EVIDENCE, TrustSet},
};

/// A disclosure as it goes out beside the copy: three signed notes, whole, as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDisclosure {
    format: DisclosureFormat,
    pub request: String,
    pub approval: String,
    pub disclosure: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum DisclosureFormat {
    #[serde(rename = "custos-disclosure/1")]
    V1,
}

/// A disclosure whose three steps verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosed {
    pub request: DisclosureRequest,
    pub approval: DisclosureApproval,
    pub disclosure: Disclosure,
}

impl SignedDisclosure {
    pub fn new(request: String, approval: String, disclosure: String) -> Self {
        Self {
            format: DisclosureFormat::V1,
            request,
            approval,
            disclosure,
        }
    }

    /// Verifies all three steps under a trust set: who approved neither asked for the copy nor made
    /// it, and it was made in its time.
    ///
    /// # Errors
    /// [`DisclosureError`].
    pub fn open(&self, trust: &TrustSet) -> Result<Disclosed, DisclosureError> {
        let approved = Approved::open(&self.request, &self.approval, trust)?;
        let note = parsed(&self.disclosure)?;
        let disclosure: Disclosure = statement::read_unverified(&note)?;
        let maker = signer(&note, trust, &disclosure.maker, &[ROLE_EVIDENCE])?;
        if same(approved.approver, maker) {
            return Err(DisclosureError::SamePerson);
        }
        let Approved {
            request,
            approval,
            hash,
            ..
        } = approved;
        if disclosure.approval != hash || disclosure.id != approval.id {
            return Err(DisclosureError::OtherStep);
        }
        if disclosure.time_ms >= request.expires_ms {
            return Err(DisclosureError::Expired);
        }
        Ok(Disclosed {
            request,
            approval,
            disclosure,
        })
    }

    /// One line of JSON and a newline.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("strings") + "\n"
    }

    /// Takes only what [`SignedDisclosure::to_text`] writes: no byte of the file goes unchecked.
    ///
    /// # Errors
    /// [`DisclosureError::Malformed`].
    pub fn from_text(text: &str) -> Result<Self, DisclosureError> {
        let file: Self = serde_json::from_str(text).map_err(|_| DisclosureError::Malformed)?;
        if file.to_text() != text {
            return Err(DisclosureError::Malformed);
        }
        Ok(file)
    }
}
