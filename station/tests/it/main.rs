//! The station as others see it: a real one on a real port, asked over HTTP.
//!
//! # Layout
//!
//! - `support`: a station, a person and a terminal to ask with
//! - the rest: one file a concern

mod admin;
mod changes;
mod decided;
mod directives;
mod disclosures;
mod enrolment;
mod faults;
mod grants;
mod journal;
mod lookups;
mod openapi;
mod receipts;
mod restart;
mod rules;
mod start;
mod support;
mod tus;
mod tus_cut;
mod tus_life;
