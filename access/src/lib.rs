//! Who may see or do what: Cedar policies, decided by the same code on terminal and station.
//!
//! # Layout
//!
//! - `custos.cedarschema`: what rules speak of; `custos.cedar`: the rules, each with its clause
//! - [`Rules`]: rules that are well-formed and fit the schema; there are no others
//! - [`Request`] and [`Decision`]: one question and its answer, see [`Rules::decide`]
//! - [`table`]: decisions as a table, to test rules with
//!
//! Nothing here reads a clock, a file or the network, and nothing is journalled here: who asks
//! journals what was decided before anything is shown.

mod decide;
mod entities;
mod request;
mod rules;
pub mod table;

pub use decide::{ALLOWED, Decision, GRANTED, INVALID_REQUEST, NO_RULE, POLICY_ERROR, Verdict};
pub use request::{
    Action, Circumstances, Clock, Granted, Kind, REGISTRIES, ROLE_OFFICER, Request, Resource, Who,
};
pub use rules::{Rule, Rules, RulesError};
