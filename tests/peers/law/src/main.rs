//! tantivy with jieba, on the laws and queries that ours is measured with. `cargo xtask bench law`
//! runs it.
//!
//! ```text
//! custos-law-peer make DIR              indexes the text of DIR/full/articles.jsonl in DIR/tantivy;
//!                                       prints {"articles", "bytes"}
//! custos-law-peer cold DIR              opens it in a new process and asks once; prints {"ms"}
//! custos-law-peer search DIR QUERIES    every query of the file, five times; prints {"ms": […]}
//! ```
//!
//! A query is its words joined by OR, BM25, the ten best with their stored text: without names,
//! numbers, dates, other wordings and snippets.

use std::{
    error::Error,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::Path,
    time::Instant,
};

use jieba_rs::Jieba;
use tantivy::{
    Index, IndexReader, TantivyDocument, Term,
    collector::TopDocs,
    query::{BooleanQuery, Occur, Query, TermQuery},
    schema::{
        Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value as _,
    },
    tokenizer::{PreTokenizedString, Token},
};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

const ROUNDS: usize = 5;

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", dir] => make(dir.as_ref()),
        ["cold", dir] => cold(dir.as_ref()),
        ["search", dir, queries] => search(dir.as_ref(), queries.as_ref()),
        _ => Err("see the head of main.rs".into()),
    }
}

fn schema() -> Schema {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_index_option(IndexRecordOption::WithFreqs)
        .set_tokenizer("raw");
    let text = TextOptions::default().set_indexing_options(indexing);
    schema.add_text_field("text", text.set_stored());
    schema.add_text_field("law", STRING | STORED);
    schema.build()
}

/// The words of a text that have a letter in them.
fn words<'t>(jieba: &Jieba, text: &'t str) -> Vec<&'t str> {
    let words = jieba.cut_for_search(text, true).into_iter();
    words
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .collect()
}

fn make(dir: &Path) -> Result {
    let folder = dir.join("tantivy");
    fs::create_dir(&folder)?;
    let index = Index::create_in_dir(&folder, schema())?;
    let (text, law) = (field(&index, "text")?, field(&index, "law")?);
    let mut writer = index.writer_with_num_threads(1, 200_000_000)?;
    let jieba = Jieba::new();
    let mut articles = 0u64;
    for line in BufReader::new(File::open(dir.join("full/articles.jsonl"))?).lines() {
        let line: serde_json::Value = serde_json::from_str(&line?)?;
        let words_of = line["text"].as_str().unwrap_or_default();
        let tokens = words(&jieba, words_of).into_iter().enumerate();
        let tokens = tokens.map(|(position, word)| Token {
            position,
            text: word.to_owned(),
            position_length: 1,
            ..Token::default()
        });
        let mut document = TantivyDocument::default();
        let all = PreTokenizedString {
            text: words_of.to_owned(),
            tokens: tokens.collect(),
        };
        document.add_pre_tokenized_text(text, all);
        document.add_text(law, line["law"].as_str().unwrap_or_default());
        writer.add_document(document)?;
        articles += 1;
    }
    writer.commit()?;
    writer.wait_merging_threads()?;
    let mut bytes = 0;
    for entry in fs::read_dir(&folder)? {
        bytes += entry?.metadata()?.len();
    }
    println!("{}", serde_json::json!({ "articles": articles, "bytes": bytes }));
    Ok(())
}

fn field(index: &Index, name: &str) -> Result<Field> {
    Ok(index.schema().get_field(name)?)
}

fn ask(reader: &IndexReader, text: Field, jieba: &Jieba, query: &str) -> Result<usize> {
    let terms = words(jieba, query).into_iter().map(|word| {
        let term = Term::from_field_text(text, word);
        let query: Box<dyn Query> = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
        (Occur::Should, query)
    });
    let query = BooleanQuery::new(terms.collect());
    let searcher = reader.searcher();
    let mut length = 0;
    for (_, place) in searcher.search(&query, &TopDocs::with_limit(10))? {
        let document: TantivyDocument = searcher.doc(place)?;
        let stored = document.get_first(text).and_then(|value| value.as_str());
        length += stored.map_or(0, str::len);
    }
    Ok(length)
}

fn cold(dir: &Path) -> Result {
    let begin = Instant::now();
    let jieba = Jieba::new();
    let index = Index::open_in_dir(dir.join("tantivy"))?;
    let text = field(&index, "text")?;
    ask(&index.reader()?, text, &jieba, "噪音扰民")?;
    println!("{{\"ms\": {}}}", begin.elapsed().as_secs_f64() * 1000.0);
    Ok(())
}

fn search(dir: &Path, queries: &Path) -> Result {
    let index = Index::open_in_dir(dir.join("tantivy"))?;
    let text = field(&index, "text")?;
    let (reader, jieba) = (index.reader()?, Jieba::new());
    let queries = fs::read_to_string(queries)?;
    let queries = queries.lines().filter(|line| !line.starts_with('#'));
    let queries: Vec<&str> = queries.filter_map(|line| line.split('\t').nth(1)).collect();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        for query in &queries {
            let begin = Instant::now();
            ask(&reader, text, &jieba, query)?;
            times.push(begin.elapsed().as_secs_f64() * 1000.0);
        }
    }
    println!("{}", serde_json::json!({ "ms": times }));
    Ok(())
}
