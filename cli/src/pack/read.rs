//! `custos pack show` and `pack chapters`, and the same for a terminal's laws.

use std::path::PathBuf;

use clap::Args;
use custos_core::lookup::law::{Article, ArticleNumber, Contents, Pack, Reference, Standing};
use serde::Serialize;

use super::{article_name, file_failure, standing_words};
use crate::{failure::Failure, output::Output};

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The pack
    pack: PathBuf,
    #[command(flatten)]
    article: ArticleArgs,
}

/// An article by name.
#[derive(Debug, Args)]
pub(crate) struct ArticleArgs {
    /// The law: its title, an abbreviation (治安法) or initials (zagl)
    pub(crate) law: String,
    /// Its number, in any writing: 23, 第二十三条, 133.1
    #[arg(value_parser = number)]
    pub(crate) article: ArticleNumber,
    /// The day that matters, YYYY-MM-DD: that of the act [default: today]
    #[arg(long)]
    pub(crate) date: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ChaptersArgs {
    /// The pack
    pack: PathBuf,
    #[command(flatten)]
    law: LawNameArgs,
}

/// A law by name.
#[derive(Debug, Args)]
pub(crate) struct LawNameArgs {
    /// The law: its title, an abbreviation (治安法) or initials (zagl)
    pub(crate) law: String,
    /// The day that matters, YYYY-MM-DD [default: today]
    #[arg(long)]
    pub(crate) date: Option<String>,
}

pub(crate) fn number(text: &str) -> Result<ArticleNumber, String> {
    text.parse().map_err(|_| {
        "an article's number is written 23, 第二十三条, §23, 133.1 or 第一百三十三条之一".to_owned()
    })
}

pub(super) fn show(args: &ShowArgs, output: &Output) -> Result<(), Failure> {
    let pack = Pack::open(&args.pack).map_err(|e| file_failure(e, &args.pack))?;
    let asked = &args.article;
    let article = pack.show(&asked.law, asked.article, asked.date.as_deref())?;
    tell_article(&article, output)
}

pub(super) fn chapters(args: &ChaptersArgs, output: &Output) -> Result<(), Failure> {
    let pack = Pack::open(&args.pack).map_err(|e| file_failure(e, &args.pack))?;
    let contents = pack.contents(&args.law.law, args.law.date.as_deref())?;
    tell_contents(&contents, output)
}

#[derive(Serialize)]
struct ArticleLine<'a> {
    law: &'a str,
    version: &'a str,
    article: String,
    chapter: &'a [String],
    paragraphs: &'a [String],
    level: &'a str,
    standing: Standing,
    since: &'a str,
    until: &'a str,
}

pub(crate) fn tell_article(article: &Article, output: &Output) -> Result<(), Failure> {
    let line = ArticleLine {
        law: &article.law,
        version: &article.version,
        article: article.number.to_string(),
        chapter: &article.chapter,
        paragraphs: &article.paragraphs,
        level: &article.level,
        standing: article.standing,
        since: &article.since,
        until: &article.until,
    };
    let version = match article.version.as_str() {
        "" => String::new(),
        version => format!(" ({version})"),
    };
    let sentence = format!(
        "{}{version} {}{}  {}\n    {}",
        article.law,
        article_name(article.number),
        standing_words(article.standing, output),
        article.chapter.join(" › "),
        article.paragraphs.join("\n    ")
    );
    output.result(&line, &sentence)
}

#[derive(Serialize)]
struct ChapterLine<'a> {
    law: &'a str,
    version: &'a str,
    standing: Standing,
    chapter: &'a str,
    depth: usize,
    /// Its first article.
    article: String,
}

/// A line a heading, in their order.
pub(crate) fn tell_contents(contents: &Contents, output: &Output) -> Result<(), Failure> {
    for chapter in &contents.chapters {
        let line = ChapterLine {
            law: &contents.law,
            version: &contents.version,
            standing: contents.standing,
            chapter: &chapter.title,
            depth: chapter.depth,
            article: chapter.number.to_string(),
        };
        let sentence = format!(
            "{}{}  {}",
            "  ".repeat(chapter.depth),
            chapter.title,
            article_name(chapter.number)
        );
        output.result(&line, &sentence)?;
    }
    if contents.chapters.is_empty() {
        let none = output.pick("has no chapters.", "未分章节。");
        output.say(&format!("{} {none}", contents.law));
    }
    Ok(())
}

#[derive(Serialize)]
struct ReferenceLine<'a> {
    law: &'a str,
    article: String,
    time_ms: i64,
}

/// A line an article, the newest first.
pub(crate) fn tell_references(references: &[Reference], output: &Output) -> Result<(), Failure> {
    for reference in references {
        let line = ReferenceLine {
            law: &reference.law,
            article: reference.number.to_string(),
            time_ms: reference.time_ms,
        };
        let sentence = format!("{} {}", reference.law, article_name(reference.number));
        output.result(&line, &sentence)?;
    }
    if references.is_empty() {
        output.say(output.pick("None yet.", "暂无。"));
    }
    Ok(())
}
