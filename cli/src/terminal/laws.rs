//! `custos terminal … laws` and `lookup law`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custos_core::{Terminal, lookup::law::ArticleNumber};
use serde_json::json;

use super::{TerminalArgs, registry, unlock};
use crate::{
    failure::Failure,
    output::Output,
    pack::{
        self, QuestionArgs,
        read::{self, ArticleArgs, LawNameArgs},
    },
};

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  custos terminal --dir D laws laws.pack\n  custos terminal --dir D laws laws-5-6.delta\n  custos terminal --dir D laws chapters 道交法"
)]
pub(crate) struct LawsArgs {
    /// The pack to install, or a delta for the one that is installed
    file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<LawsCommand>,
}

#[derive(Debug, Subcommand)]
enum LawsCommand {
    /// The headings of a law, each with its first article
    Chapters(LawNameArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum LookupCommand {
    /// Search the installed laws; an officer who is named finds the best hit again under `recent`
    #[command(
        after_help = "Examples:\n  custos terminal --dir D lookup law \"噪音扰民\"\n  custos terminal --dir D --officer 100123 --pin-file pin lookup law \"治安法 23\""
    )]
    Law(QuestionArgs),
    #[command(flatten)]
    Registry(registry::RegistryCommand),
    /// Show an article of the installed laws as a whole
    #[command(after_help = "Example:\n  custos terminal --dir D lookup article 治安法 23")]
    Article(ArticleArgs),
    /// Keep an article, or keep it no longer; the officer's own
    #[command(
        after_help = "Examples:\n  custos terminal --dir D --officer 100123 --pin-file pin lookup bookmark 治安法 23\n  custos terminal --dir D --officer 100123 --pin-file pin lookup bookmark 治安法 23 --remove"
    )]
    Bookmark(BookmarkArgs),
    /// The officer's bookmarks, the last one first
    Bookmarks,
    /// The articles that the officer read last
    Recent,
}

#[derive(Debug, Args)]
pub(crate) struct BookmarkArgs {
    /// The law: its title, an abbreviation (治安法) or initials (zagl)
    law: String,
    /// Its number, in any writing: 23, 第二十三条, 133.1
    #[arg(value_parser = read::number)]
    article: ArticleNumber,
    /// Keep it no longer
    #[arg(long)]
    remove: bool,
}

pub(super) fn install(
    terminal: &Terminal,
    args: &LawsArgs,
    output: &Output,
) -> Result<(), Failure> {
    if let Some(LawsCommand::Chapters(law)) = &args.command {
        let contents = terminal.laws()?.contents(&law.law, law.date.as_deref())?;
        return read::tell_contents(&contents, output);
    }
    let Some(file) = &args.file else {
        let wanted = "name the pack to install, or `chapters LAW`";
        return Err(Failure::usage("missing-argument", wanted));
    };
    if !file.is_file() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Failure::file(&missing, "the pack"));
    }
    let manifest = terminal.install_laws(file)?;
    let line = json!({
        "event": "installed",
        "pack": manifest.pack,
        "version": manifest.version,
        "articles": manifest.articles,
    });
    let done = output.pick("Installed, version", "已安装，版本");
    output.result(&line, &format!("{done} {}", manifest.version))
}

pub(super) fn lookup(
    args: &TerminalArgs,
    terminal: &Terminal,
    command: &LookupCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        LookupCommand::Registry(asked) => registry::run(&unlock(args, terminal)?, asked, output),
        LookupCommand::Law(asked) => search(args, terminal, asked, output),
        LookupCommand::Article(asked) => {
            let laws = terminal.laws()?;
            let date = asked.date.as_deref();
            let article = match &args.officer {
                Some(_) => {
                    unlock(args, terminal)?.read_article(&laws, &asked.law, asked.article, date)?
                }
                None => laws.show(&asked.law, asked.article, date)?,
            };
            read::tell_article(&article, output)
        }
        LookupCommand::Bookmark(asked) => bookmark(args, terminal, asked, output),
        LookupCommand::Bookmarks => {
            read::tell_references(&unlock(args, terminal)?.bookmarks()?, output)
        }
        LookupCommand::Recent => {
            read::tell_references(&unlock(args, terminal)?.recent_articles()?, output)
        }
    }
}

fn search(
    args: &TerminalArgs,
    terminal: &Terminal,
    asked: &QuestionArgs,
    output: &Output,
) -> Result<(), Failure> {
    let laws = terminal.laws()?;
    let hits = laws.search(&asked.query())?;
    if args.officer.is_some() {
        let officer = unlock(args, terminal)?;
        if let Some(hit) = hits.first() {
            officer.read_article(&laws, &hit.law, hit.number, asked.date.as_deref())?;
        }
    }
    pack::tell(&hits, output)
}

fn bookmark(
    args: &TerminalArgs,
    terminal: &Terminal,
    asked: &BookmarkArgs,
    output: &Output,
) -> Result<(), Failure> {
    let officer = unlock(args, terminal)?;
    let laws = terminal.laws()?;
    let (law, event, done) = if asked.remove {
        // The pack may no longer hold it: then the name is the title as it was kept.
        let law = match laws.contents(&asked.law, None) {
            Ok(contents) => contents.law,
            Err(_) => asked.law.clone(),
        };
        if officer.drop_bookmark(&law, asked.article)? {
            (law, "removed", output.pick("Kept no longer:", "已移除："))
        } else {
            (law, "none", output.pick("Was not kept:", "未收藏："))
        }
    } else {
        let article = officer.bookmark(&laws, &asked.law, asked.article)?;
        (article.law, "kept", output.pick("Kept:", "已收藏："))
    };
    let number = asked.article.to_string();
    let line = json!({ "event": event, "law": law, "article": number });
    output.result(&line, &format!("{done} {law} {number}"))
}
