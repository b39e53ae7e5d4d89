//! The law library: packs of laws that are built and signed once, installed as a whole and searched
//! offline, as officers type.
//!
//! # Layout
//!
//! - reading laws: `source` (Markdown, JSONL), `merge` (one text of a law and date), `dates` (when it
//!   is in force), `level`
//! - one form for every writing: `normalise`, `number`, `initials`, `names`, `synonyms`, with their
//!   tables in `data/`
//! - the pack: [`build`](build()), `index`, `schema.sql`, `file` (what it ends with), [`Pack`]
//! - on a terminal: `install`
//! - asking: `query` (what was typed, understood), `search` (ranking), `snippet`

mod build;
mod dates;
mod file;
mod index;
mod initials;
pub(crate) mod install;
mod level;
mod merge;
mod names;
mod normalise;
mod number;
mod pack;
mod query;
mod search;
mod snippet;
mod source;
mod synonyms;

pub use self::{
    build::{Built, PackSpec, build},
    number::ArticleNumber,
    pack::{Article, Chapter, Pack, manifest, now, verify},
    search::{Hit, LawQuery, Standing},
};
