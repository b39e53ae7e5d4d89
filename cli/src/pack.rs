//! `custos pack`: laws into a pack, and questions to it.
//!
//! # Layout
//!
//! - here: building, searching, what a pack says of itself
//! - [`read`]: articles and headings; `delta`: from one pack to the next

mod delta;
pub(crate) mod read;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use custos_core::lookup::law::{self, ArticleNumber, Hit, LawQuery, Pack, PackSpec, Standing};
use custos_protocol::{
    key::SigningKey,
    note::Signer,
    pack::PackManifest,
    trust::{TrustFile, TrustSet},
};
use serde::Serialize;

use crate::{
    admin::PersonKey,
    failure::{Exit, Failure},
    output::{Lang, Output},
};

#[derive(Debug, Subcommand)]
pub(crate) enum PackCommand {
    /// Build a pack from a folder of laws (.md, .jsonl)
    #[command(
        after_help = "Examples:\n  custos pack build laws -o laws.pack --key editor.key\n  custos pack build laws -o test.pack\n\nWithout --key the pack is signed with the development key, which no trust set has."
    )]
    Build(BuildArgs),
    /// Search a pack
    #[command(
        after_help = "Examples:\n  custos pack search laws.pack \"治安处罚法 23\"\n  custos pack search laws.pack \"噪音扰民\" --limit 5\n  custos pack search laws.pack \"zagl 殴打他人\" --date 2025-12-31"
    )]
    Search(SearchArgs),
    /// Show an article as a whole
    #[command(
        after_help = "Examples:\n  custos pack show laws.pack 治安法 23\n  custos pack show laws.pack zagl 第四十三条 --date 2025-12-31"
    )]
    Show(read::ShowArgs),
    /// The headings of a law, each with its first article
    #[command(after_help = "Example:\n  custos pack chapters laws.pack 道交法")]
    Chapters(read::ChaptersArgs),
    /// What a pack says of itself; with --trust, whether that and every byte verify
    Info(InfoArgs),
    /// Make the delta that turns one pack into a newer one; terminals take it as they take packs
    #[command(
        after_help = "Example:\n  custos pack delta laws-5.pack laws-6.pack -o laws-5-6.delta --key editor.key"
    )]
    Delta(delta::DeltaArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// Folder of laws, folders below it too
    dir: PathBuf,
    /// File to write; nothing is overwritten
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Name of the pack; versions are counted for each
    #[arg(long, default_value = "laws")]
    name: String,
    /// Version; a terminal takes none that is not above its own [default: today as a number]
    #[arg(long, value_name = "N")]
    version: Option<u64>,
    /// Key file of a person with the role `pack`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// What is asked of laws, in a file or on a terminal.
#[derive(Debug, Args)]
pub(crate) struct QuestionArgs {
    /// As you would say it: words, a law's name or its initials, an article's number
    #[arg(allow_hyphen_values = true)]
    pub(crate) words: String,
    /// The day that matters, YYYY-MM-DD: that of the act [default: today]
    #[arg(long)]
    pub(crate) date: Option<String>,
    /// Hits at most
    #[arg(long, default_value_t = 10)]
    pub(crate) limit: usize,
}

impl QuestionArgs {
    pub(crate) fn query(&self) -> LawQuery<'_> {
        LawQuery {
            words: &self.words,
            date: self.date.as_deref(),
            limit: self.limit,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// The pack
    pack: PathBuf,
    #[command(flatten)]
    question: QuestionArgs,
    /// Verify the pack first, against this trust set
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// The pack
    pack: PathBuf,
    /// Trust set to verify against
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

pub(crate) fn run(command: &PackCommand, output: &Output) -> Result<(), Failure> {
    match command {
        PackCommand::Build(args) => build(args, output),
        PackCommand::Search(args) => search(args, output),
        PackCommand::Show(args) => read::show(args, output),
        PackCommand::Chapters(args) => read::chapters(args, output),
        PackCommand::Info(args) => info(args, output),
        PackCommand::Delta(args) => delta::run(args, output),
    }
}

#[derive(Serialize)]
struct BuiltLine<'a> {
    event: &'static str,
    file: &'a Path,
    #[serde(flatten)]
    manifest: ManifestLine<'a>,
    bytes: u64,
    text_bytes: u64,
    /// Size of the file to that of the articles' text.
    ratio: f64,
    signed_by: &'a str,
}

#[derive(Serialize)]
struct ManifestLine<'a> {
    pack: &'a str,
    version: u64,
    laws: u64,
    versions: u64,
    articles: u64,
}

impl<'a> From<&'a PackManifest> for ManifestLine<'a> {
    fn from(manifest: &'a PackManifest) -> Self {
        Self {
            pack: &manifest.pack,
            version: manifest.version,
            laws: manifest.laws,
            versions: manifest.versions,
            articles: manifest.articles,
        }
    }
}

fn build(args: &BuildArgs, output: &Output) -> Result<(), Failure> {
    if !custos_protocol::id::is_safe(&args.name) {
        return Err(Failure::usage(
            "bad-name",
            "the name of a pack is 1 to 64 letters, digits, '-', '_' or '.'",
        ));
    }
    let signer = signer(args.key.as_deref(), output)?;
    if !args.dir.is_dir() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Failure::file(&missing, "the folder of laws"));
    }
    let (time_ms, today) = law::now();
    let spec = PackSpec {
        pack: &args.name,
        version: args.version.unwrap_or(today),
        time_ms,
        signer: &signer,
    };
    let built = law::build(&args.dir, &args.output, &spec)?;
    let verifier = signer.verifier();
    let line = BuiltLine {
        event: "built",
        file: &args.output,
        manifest: (&built.manifest).into(),
        bytes: built.bytes,
        text_bytes: built.text_bytes,
        ratio: built.bytes as f64 / built.text_bytes.max(1) as f64,
        signed_by: verifier.name(),
    };
    let m = &built.manifest;
    let sentence = match output.lang {
        Lang::En => format!(
            "{}: version {}, {} laws, {} texts, {} articles, {} bytes ({:.2} times the text)",
            m.pack, m.version, m.laws, m.versions, m.articles, built.bytes, line.ratio
        ),
        Lang::Zh => format!(
            "{}：版本 {}，法规 {} 部，文本 {} 份，条文 {} 条，{} 字节（为原文 {:.2} 倍）",
            m.pack, m.version, m.laws, m.versions, m.articles, built.bytes, line.ratio
        ),
    };
    output.result(&line, &sentence)
}

/// The person's key; the development key, if none is given, and then says so.
fn signer(key: Option<&Path>, output: &Output) -> Result<Signer, Failure> {
    if let Some(file) = key {
        return Ok(PersonKey::read(file)?.signer);
    }
    output.say(output.pick(
        "Signed with the development key: no terminal installs this.",
        "使用开发密钥签名：终端不会安装。",
    ));
    development_key()
}

/// A key that everybody has: for trying packs out. Its signature is worth nothing, by its name.
fn development_key() -> Result<Signer, Failure> {
    let key = SigningKey::from_seed(b"custos law packs: development   ");
    Signer::new("custos/development", key).map_err(|_| Failure::internal())
}

#[derive(Serialize)]
struct HitLine<'a> {
    law: &'a str,
    version: &'a str,
    article: String,
    snippet: &'a str,
    /// Begin and end, in characters of the snippet, of what was looked for.
    marks: Vec<[usize; 2]>,
    chapter: &'a [String],
    level: &'a str,
    standing: Standing,
    since: &'a str,
    until: &'a str,
}

fn search(args: &SearchArgs, output: &Output) -> Result<(), Failure> {
    if let Some(trust) = &args.trust {
        law::verify(&args.pack, &read_trust(trust)?)?;
    }
    let pack = Pack::open(&args.pack).map_err(|e| file_failure(e, &args.pack))?;
    let hits = pack.search(&args.question.query())?;
    tell(&hits, output)
}

/// A line a hit, the best first.
pub(crate) fn tell(hits: &[Hit], output: &Output) -> Result<(), Failure> {
    for hit in hits {
        let line = HitLine {
            law: &hit.law,
            version: &hit.version,
            article: hit.number.to_string(),
            snippet: &hit.snippet,
            marks: hit.marks.iter().map(|m| [m.start, m.end]).collect(),
            chapter: &hit.chapter,
            level: &hit.level,
            standing: hit.standing,
            since: &hit.since,
            until: &hit.until,
        };
        output.result(&line, &sentence(hit, output))?;
    }
    if hits.is_empty() {
        output.say(output.pick("Nothing found.", "未找到。"));
    }
    Ok(())
}

fn sentence(hit: &Hit, output: &Output) -> String {
    let standing = standing_words(hit.standing, output);
    let number = article_name(hit.number);
    let mut snippet = String::new();
    for (at, c) in hit.snippet.chars().enumerate() {
        if hit.marks.iter().any(|m| m.start == at) {
            snippet.push('【');
        }
        snippet.push(c);
        if hit.marks.iter().any(|m| m.end == at + 1) {
            snippet.push('】');
        }
    }
    let version = match hit.version.as_str() {
        "" => String::new(),
        version => format!(" ({version})"),
    };
    let chapter = hit.chapter.join(" › ");
    format!(
        "{}{version} {number}{standing}  {chapter}\n    {snippet}",
        hit.law
    )
}

fn article_name(number: ArticleNumber) -> String {
    match number.sub {
        0 => format!("第{}条", number.main),
        sub => format!("第{}条之{sub}", number.main),
    }
}

fn standing_words(standing: Standing, output: &Output) -> &'static str {
    match standing {
        Standing::InForce => "",
        Standing::Superseded => output.pick(" [no longer in force]", "［已失效］"),
        Standing::NotYet => output.pick(" [not yet in force]", "［尚未施行］"),
    }
}

#[derive(Serialize)]
struct InfoLine<'a> {
    #[serde(flatten)]
    manifest: ManifestLine<'a>,
    time_ms: i64,
    bytes: u64,
    sha256: String,
    /// Nothing, if no trust set was given.
    verified: Option<bool>,
}

fn info(args: &InfoArgs, output: &Output) -> Result<(), Failure> {
    let manifest = law::manifest(&args.pack).map_err(|e| file_failure(e, &args.pack))?;
    let verified = match &args.trust {
        Some(trust) => {
            law::verify(&args.pack, &read_trust(trust)?)?;
            Some(true)
        }
        None => None,
    };
    let line = InfoLine {
        manifest: (&manifest).into(),
        time_ms: manifest.time_ms,
        bytes: manifest.length,
        sha256: manifest.sha256.to_string(),
        verified,
    };
    let known = match verified {
        Some(_) => output.pick("verified", "核验通过"),
        None => output.pick("not verified: give --trust", "未核验：请用 --trust"),
    };
    let m = &manifest;
    let sentence = match output.lang {
        Lang::En => format!(
            "{}: version {}, {} laws, {} texts, {} articles, {} bytes; {known}",
            m.pack, m.version, m.laws, m.versions, m.articles, m.length
        ),
        Lang::Zh => format!(
            "{}：版本 {}，法规 {} 部，文本 {} 份，条文 {} 条，{} 字节；{known}",
            m.pack, m.version, m.laws, m.versions, m.articles, m.length
        ),
    };
    output.result(&line, &sentence)
}

fn read_trust(path: &Path) -> Result<TrustSet, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(&e, "the trust set"))?;
    let bad = |_| {
        Failure::new(
            Exit::Refused,
            "trust-invalid",
            "the trust set does not verify",
        )
    };
    TrustFile::from_text(&text)
        .and_then(|f| f.open())
        .map_err(bad)
}

/// A pack that a person named and that is not there is a wrong call, no failing storage.
fn file_failure(error: custos_core::Error, path: &Path) -> Failure {
    if path.is_file() {
        return error.into();
    }
    let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
    Failure::file(&missing, "the pack")
}
