//! Checks a disclosed copy, offline: that it is the copy that was made, of what, for whom, and that
//! another person let it go; and what the original's receipt says of the original.

use std::io::{self, Read};

use super::{
    NotProved, Proved, Report, VerifiedReceipt, VerifyError, not_proved, of_original,
    verify_receipt,
};
use crate::{
    disclosure::{CopyDigest, Disclosed, SignedDisclosure},
    hash::Hash,
    trust::{TrustFile, TrustSet},
};

/// Read at a time.
const PIECE: usize = 256 << 10;

/// Checks a copy against its disclosure (`….disclosure.json`), the receipt of its original and a
/// trust file (`trust.json`).
pub fn verify_disclosure(
    copy: impl Read,
    disclosure: &str,
    receipt: &str,
    trust_file: &str,
) -> Report {
    match try_verify(copy, disclosure, receipt, trust_file) {
        Ok((proved, not_proved)) => Report {
            proved,
            not_proved,
            error: None,
        },
        Err(error) => Report {
            proved: Vec::new(),
            not_proved: Vec::new(),
            error: Some(error),
        },
    }
}

/// Checks a disclosure and the receipt of its original, which must speak of the same.
///
/// # Errors
/// [`VerifyError`].
pub fn check_disclosure(
    disclosure: &SignedDisclosure,
    receipt: &str,
    trust: &TrustSet,
) -> Result<(Disclosed, VerifiedReceipt), VerifyError> {
    let disclosed = disclosure.open(trust)?;
    let receipt = verify_receipt(receipt, trust)?;
    let (asked, sealed) = (&disclosed.request, &receipt.sealed);
    let same = [
        ("clip", asked.clip == sealed.clip),
        ("content", asked.digest == sealed.digest),
        ("media", asked.media == sealed.media),
    ];
    match same.into_iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(VerifyError::Other(what)),
        None => Ok((disclosed, receipt)),
    }
}

/// Length and SHA-256 of a copy.
///
/// # Errors
/// Those of reading.
pub fn copy_digest(mut copy: impl Read) -> io::Result<CopyDigest> {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut piece = vec![0; PIECE];
    let mut length = 0;
    loop {
        let read = copy.read(&mut piece)?;
        if read == 0 {
            break;
        }
        context.update(&piece[..read]);
        length += read as u64;
    }
    let sha256 = Hash::from_slice(context.finish().as_ref());
    Ok(CopyDigest {
        length,
        sha256: sha256.map_err(io::Error::other)?,
    })
}

fn try_verify(
    copy: impl Read,
    disclosure: &str,
    receipt: &str,
    trust_file: &str,
) -> Result<(Vec<Proved>, Vec<NotProved>), VerifyError> {
    let trust = TrustFile::from_text(trust_file)?.open()?;
    let disclosure = SignedDisclosure::from_text(disclosure)?;
    let (disclosed, receipt) = check_disclosure(&disclosure, receipt, &trust)?;
    let actual = copy_digest(copy).map_err(|error| VerifyError::Copy(error.kind()))?;
    if actual != disclosed.disclosure.copy {
        return Err(VerifyError::OtherCopy);
    }
    let maker = disclosed.disclosure.maker.clone();
    Ok((
        proved(disclosed, &receipt, &trust),
        left(maker, &receipt, &trust),
    ))
}

fn proved(disclosed: Disclosed, receipt: &VerifiedReceipt, trust: &TrustSet) -> Vec<Proved> {
    let Disclosed {
        request,
        approval,
        disclosure,
    } = disclosed;
    let mut list = vec![
        Proved::Copy {
            id: disclosure.id,
            length: disclosure.copy.length,
            clip: request.clip.clone(),
            maker: disclosure.maker,
            time_ms: disclosure.time_ms,
        },
        Proved::Approved {
            recipient: request.recipient,
            purpose: request.purpose,
            requester: request.requester,
            approver: approval.approver,
            time_ms: approval.time_ms,
        },
        Proved::Original {
            clip: request.clip,
            length: receipt.stored.digest.length,
            root: receipt.stored.digest.root,
        },
    ];
    list.extend(of_original(receipt, trust));
    list
}

/// What stays open: as of the original, but that the copy is readable, and its maker's word is all
/// that ties what it shows to what the original shows.
fn left(maker: String, receipt: &VerifiedReceipt, trust: &TrustSet) -> Vec<NotProved> {
    let likeness = NotProved::Likeness { maker };
    let mut list = not_proved(receipt, trust);
    for open in &mut list {
        if *open == NotProved::Content {
            *open = likeness.clone();
        }
    }
    list
}
