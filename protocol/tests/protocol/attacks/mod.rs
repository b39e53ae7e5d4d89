//! What must not verify.
//!
//! # Layout
//!
//! - `clip`: changed, cut and rearranged evidence files
//! - `cosignature`: missing, foreign and misplaced countersignatures
//! - `receipt`: changed, mixed and misdirected receipts
//! - `trust`: versions, agencies and root keys of trust sets
//! - `directive`: replay, addressee, expiry, thresholds
//! - `disclosure`: steps by the wrong people, mixed, of other originals, of altered copies
//! - `grant`: steps by the wrong people, altered, mixed, widened
//! - `change`: changes of people and policy by too few, by others, altered, too late
//! - `rules`: access rules by too few, by others, altered, without a version
//! - `statements`: policies, tickets and everything else that is signed

mod change;
mod clip;
mod cosignature;
mod directive;
mod disclosure;
mod grant;
mod receipt;
mod rules;
mod statements;
mod trust;

/// `bytes` with one bit turned over.
fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}
