//! What goes to standard output and what to standard error.
//!
//! With `--json`, standard output carries one object a line and nothing else, each flushed at
//! once, because scripts act on a line the moment it stands there. Everything for people goes to
//! standard error then; without `--json` results go to standard output.

use std::io::{IsTerminal as _, Write as _};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::failure::Failure;

/// How to speak.
#[derive(Debug, Clone, Args)]
pub(crate) struct OutputArgs {
    /// One JSON object a line on standard output, and nothing else there
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Language of messages [default: from the locale]
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<Lang>,
}

/// A language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    Zh,
    En,
}

/// Where results go, in which language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) lang: Lang,
}

impl Output {
    pub(crate) fn new(args: &OutputArgs) -> Self {
        Self {
            json: args.json,
            lang: args.lang.unwrap_or_else(lang_of_locale),
        }
    }

    /// A result: the object for programs, the sentence for people.
    pub(crate) fn result(&self, object: &impl Serialize, sentence: &str) -> Result<(), Failure> {
        let line = if self.json {
            serde_json::to_string(object).map_err(|_| Failure::internal())?
        } else {
            sentence.to_owned()
        };
        write_line(&line)
    }

    /// An object alone; people are told otherwise.
    pub(crate) fn event(&self, object: &impl Serialize) -> Result<(), Failure> {
        if self.json {
            self.result(object, "")
        } else {
            Ok(())
        }
    }

    /// A sentence for people: to standard error where standard output belongs to a program.
    pub(crate) fn say(&self, sentence: &str) {
        if self.json {
            let _ = writeln!(std::io::stderr(), "{sentence}");
        } else {
            let _ = write_line(sentence);
        }
    }

    /// A failure for people: what happened, what is safe, what to do next.
    pub(crate) fn complain(&self, sentences: &[&str]) {
        let mut stderr = std::io::stderr().lock();
        for sentence in sentences {
            let _ = writeln!(stderr, "{sentence}");
        }
    }

    /// Whether progress bars make sense.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }

    /// `zh` or `en`, whichever is spoken.
    pub(crate) fn pick<'t>(&self, en: &'t str, zh: &'t str) -> &'t str {
        match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }
}

fn write_line(line: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .map_err(|error| match error.kind() {
            // Whoever read it has had enough, as `head` does: nobody is to be told, but what was not
            // said was not said, and so it is no success.
            std::io::ErrorKind::BrokenPipe => Failure::output_closed().told(),
            _ => Failure::output_closed(),
        })
}

fn lang_of_locale() -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    if locale.is_some_and(|l| l.starts_with("zh")) {
        Lang::Zh
    } else {
        Lang::En
    }
}
