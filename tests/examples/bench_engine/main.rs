//! The evidence engine at work, so that its time and memory can be measured. `cargo xtask bench`
//! runs it.
//!
//! ```text
//! bench_engine stage  DIR                    a terminal in DIR whose officer is on duty
//! bench_engine record DIR MEDIA SECONDS      so much media, as fast as possible, all durable
//! bench_engine live   DIR MEDIA SECONDS      in real time, each append timed
//! bench_engine memory DIR MEDIA SECONDS      second by second, each durable before the next,
//!                                            behind a pre-event buffer
//! bench_engine kill   DIR MEDIA BYTES        a recording of so many bytes that is never ended
//! bench_engine fill   DIR ITEMS ENTRIES      rows as of so many items and journal entries
//! bench_engine open   DIR                    opens the terminal
//! bench_engine plain  DIR                    opens its database with SQLCipher and asks one row
//! ```
//!
//! Each prints one line of JSON.

#![allow(clippy::print_stdout)]

mod fill;
mod measure;
mod open;
mod run;
mod stage;

use std::error::Error;
use std::path::Path;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let line = match words.as_slice() {
        ["stage", dir] => stage::make(Path::new(dir))?,
        ["record", dir, media, seconds] => {
            run::record(dir.as_ref(), media.as_ref(), seconds.parse()?)?
        }
        ["live", dir, media, seconds] => run::live(dir.as_ref(), media.as_ref(), seconds.parse()?)?,
        ["memory", dir, media, seconds] => {
            run::memory(dir.as_ref(), media.as_ref(), seconds.parse()?)?
        }
        ["kill", dir, media, bytes] => run::kill(dir.as_ref(), media.as_ref(), bytes.parse()?)?,
        ["fill", dir, items, entries] => {
            fill::fill(dir.as_ref(), items.parse()?, entries.parse()?)?
        }
        ["open", dir] => open::terminal(dir.as_ref())?,
        ["plain", dir] => open::plain(dir.as_ref())?,
        _ => return Err("see the head of bench_engine/main.rs".into()),
    };
    println!("{line}");
    Ok(())
}
