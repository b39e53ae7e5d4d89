//! What terminal, station and verifiers say to each other: formats, trees, proofs and signed
//! statements. No I/O, no async, and no C but ring.
//!
//! # Layout
//!
//! - bytes and keys: [`hash`], [`key`], [`note`] (C2SP signed-note), [`id`], [`suite`],
//!   [`civil`] (days and dates)
//! - transparency log: [`merkle`] (RFC 6962), [`checkpoint`] (C2SP tlog-checkpoint and
//!   tlog-cosignature), [`proof`] (C2SP tlog-proof)
//! - evidence: [`clip`] (digest of an age file), [`journal`] (what a terminal writes down),
//!   [`metadata`] (a sheet: what else is known of a recording), [`name`] (of exported files)
//! - signed statements: [`statement`] and its kinds [`trust`], [`certificate`], [`policy`],
//!   [`directive`], [`grant`], [`disclosure`], [`rules`] (who may do what), [`stored`],
//!   [`session`], [`pack`] (laws that work offline)
//! - look-ups: [`lookup`] (resident numbers, plates, masks)
//! - composed: [`ticket`], [`receipt`], [`verify`]
//! - [`api`]: the bodies of the station's HTTP interface
//!
//! # Which part do I need?
//!
//! To check a clip somebody handed you: [`verify::verify_clip`]. To sign or open a statement:
//! [`statement::sign`] and [`statement::open`]. To keep a log: [`merkle::append`] over your own
//! storage, then [`checkpoint::Checkpoint::sign`].

pub mod api;
pub mod certificate;
pub mod change;
pub mod checkpoint;
pub mod civil;
pub mod clip;
pub mod directive;
pub mod disclosure;
pub mod grant;
pub mod hash;
pub mod id;
pub mod journal;
pub mod key;
pub mod lookup;
pub mod merkle;
pub mod metadata;
pub mod name;
pub mod note;
pub mod pack;
pub mod policy;
pub mod proof;
pub mod receipt;
pub mod rules;
pub mod session;
pub mod statement;
mod step;
pub mod stored;
pub mod suite;
pub mod ticket;
pub mod trust;
pub mod verify;
