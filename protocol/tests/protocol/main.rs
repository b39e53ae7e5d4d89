//! Tests of the formats and of what holds them together.
//!
//! # Layout
//!
//! - `fixture`: an agency, a terminal and their evidence, always the same bytes
//! - `vectors`: other people's test data (`testdata/SOURCES.md`)
//! - `golden`: the bytes of every serialized type; `document`: the examples in docs/FORMATS.md
//! - `lookup`: numbers and masks; made-up people, and the examples of the standards
//! - `attacks`: what must not verify: clip and receipt, trust set, directive, statements
//! - `properties`: parsers and trees on arbitrary input
//!
//! `CUSTOS_REGENERATE=1 cargo test --release -p custos-protocol --test protocol` writes golden
//! files and examples anew; look at the difference before committing it.

mod attacks;
mod document;

mod fixture;
mod golden;
mod lookup;
mod properties;

mod vectors;
