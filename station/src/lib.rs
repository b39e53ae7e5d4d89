//! The station: takes in journals and evidence, countersigns, gives receipts, holds directives.
//!
//! # Layout
//!
//! - start and stop: [`Station`], [`StationConfig`], `setup` (first run), `keys`, `tls`, `server`
//! - `api`: the HTTP interface, one handler a route; `openapi` describes it; `auth` says who asks
//! - `tus`: uploads
//! - `access`: what the access rules say; `grants`, `rules`, `disclosures`: their registers,
//!   `steps`: what people sign and hand in
//! - `journals`, `receipts`, `directives`, `enrolment`, `people`, `terminals`: what it does
//! - `lookups`: questions to registries, asked through `registries`
//! - `store`: all SQL; `objects`, `files`: all other files
//!
//! What was acknowledged survives SIGKILL and power cuts: files are synced before the database
//! speaks of them, the database before an answer leaves.

mod access;
mod api;
mod app;
mod auth;
mod changes;
mod clock;
mod config;
mod directives;
mod disclosures;
mod enrolment;
mod error;
mod files;
mod grants;
mod journals;
mod keys;
mod lookups;
mod objects;
mod openapi;
mod people;
mod receipts;
mod registries;
mod rules;
mod server;
mod setup;
mod station;
mod steps;
mod store;
mod terminals;
mod tls;
mod tus;

pub use config::StationConfig;
pub use error::{RegistriesError, StartError};
pub use lookups::import::{ImportFailure, import_registry, import_registry_file, import_watched};
pub use station::{RunningStation, Station};
