//! Completions and man pages, generated from the grammar itself.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{args::Cli, failure::Failure};

pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "custos", &mut script);
    std::io::Write::write_all(&mut std::io::stdout(), &script).map_err(|_| Failure::output_closed())
}

/// `custos.1` and one page for each verb, `custos-station-run.1` and so on.
pub(crate) fn pages(folder: &Path) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::file(&e, "the man pages");
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound_and_every_verb_has_a_page() {
        Cli::command().debug_assert();
        let folder = tempfile::tempdir().expect("a folder");
        pages(folder.path()).expect("pages");
        for page in ["custos.1", "custos-verify.1", "custos-terminal-record.1"] {
            assert!(folder.path().join(page).exists(), "{page}");
        }
    }
}
