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
//! - newer packs: `delta`; on a terminal: `install`, `shelf` (bookmarks, what was read)
//! - reading on: `browse`
//! - asking: `query` (what was typed, understood), `search` (ranking), `snippet`

mod browse;
mod build;
mod dates;
mod delta;
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
pub(crate) mod shelf;
mod snippet;
mod source;
mod synonyms;

pub use self::{
    browse::Contents,
    build::{Built, PackSpec, build},
    delta::make_delta,
    number::{ArticleNumber, NotANumber},
    pack::{Article, Chapter, Pack, manifest, now, verify},
    search::{Hit, LawQuery, Standing},
    shelf::Reference,
};
