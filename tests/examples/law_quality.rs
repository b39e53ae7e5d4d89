//! Prints how good the search for laws is: recall@5 and mean reciprocal rank of each group of
//! `tests/law/queries.tsv`, and what was missed; of `heldout.tsv` only the figures.
//!
//! ```text
//! law_quality        over the starter pack, and over the full set of laws where it is at hand
//! law_quality PACK   over a pack
//! ```

#![allow(clippy::print_stdout)]

use std::path::Path;

use custos_core::lookup::law::Pack;
use custos_tests::law;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(pack) = std::env::args_os().nth(1) {
        tell("the pack", &Pack::open(Path::new(&pack))?, &law::queries());
        return Ok(());
    }
    let dir = tempfile::tempdir()?;
    let starter = law::pack_of(&law::starter(), &dir.path().join("starter.pack"));
    let all: Vec<law::Query> = [law::queries(), law::heldout()].concat();
    let mut queries = all.clone();
    queries.retain(|query| law::can_answer(&starter, query));
    tell("starter pack", &starter, &queries);
    if let Some(full) = law::full_set(dir.path()) {
        let pack = law::pack_of(&full, &dir.path().join("full.pack"));
        tell("full set", &pack, &all);
    }
    Ok(())
}

fn tell(name: &str, pack: &Pack, queries: &[law::Query]) {
    for (group, score) in law::scores(pack, queries) {
        println!(
            "{name}, {group}: {} queries, recall@5 {:.3}, MRR {:.3}",
            score.queries, score.recall, score.reciprocal_rank
        );
        for missed in &score.missed {
            // Whoever reads these fits the search to them.
            if group != "heldout" {
                println!("    {missed}");
            }
        }
    }
}
