//! Laws as they are handed over: Markdown and JSONL files of a folder.
//!
//! Markdown: front matter with `title`, `version` (a date, may be empty) and `level`, headings for
//! parts and chapters, `第…条 ` at the beginning of each article. JSONL: one article a line with
//! `law`, `version`, `level`, `path` (headings), `n` (number and sub-number) and `text`.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::number::{self, ArticleNumber};
use crate::{Error, Result, error::PackFault};

/// One text of one law, from one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) title: String,
    /// `2025-06-27`, or nothing.
    pub(crate) version: String,
    pub(crate) level: String,
    /// Where it came from, to tell files of the same law apart.
    pub(crate) origin: String,
    pub(crate) articles: Vec<SourceArticle>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceArticle {
    pub(crate) number: ArticleNumber,
    /// Headings above it, the widest first.
    pub(crate) path: Vec<String>,
    /// Paragraphs, a line each.
    pub(crate) text: String,
}

#[derive(Deserialize)]
struct Line {
    law: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    path: Vec<String>,
    n: [u16; 2],
    text: String,
    #[serde(default)]
    file: String,
}

/// All texts of a folder's `.md` and `.jsonl` files, and of those below it, in the order of their
/// names; and how many bytes of article text that is.
///
/// # Errors
/// [`PackFault::Source`] for a line that is no article; storage errors.
pub(crate) fn read(dir: &Path) -> Result<Vec<Source>> {
    let mut files = Vec::new();
    list(dir, &mut files)?;
    files.sort();
    let mut sources = Vec::new();
    for file in files {
        if file.extension().is_some_and(|e| e == "jsonl") {
            jsonl(&file, &mut sources)?;
        } else {
            let bytes = fs::read(&file)?;
            let text = String::from_utf8(bytes).map_err(|_| Error::Pack(PackFault::Source))?;
            let origin = file.file_name().unwrap_or_default().to_string_lossy();
            sources.extend(markdown(&text, &origin));
        }
    }
    Ok(sources)
}

fn list(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "md" || e == "jsonl") {
            files.push(path);
        }
    }
    Ok(())
}

fn jsonl(file: &Path, sources: &mut Vec<Source>) -> Result<()> {
    let mut places: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for line in BufReader::new(fs::File::open(file)?).lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&line).map_err(|_| Error::Pack(PackFault::Source))?;
        let key = (line.law, line.version, line.file);
        let place = *places.entry(key.clone()).or_insert_with(|| {
            let (title, version, origin) = key;
            sources.push(Source {
                title,
                version,
                level: line.level,
                origin,
                articles: Vec::new(),
            });
            sources.len() - 1
        });
        let [main, sub] = line.n;
        sources[place].articles.push(SourceArticle {
            number: ArticleNumber { main, sub },
            path: line.path,
            text: line.text,
        });
    }
    Ok(())
}

/// One Markdown file; nothing, if it has no title or no article (decisions and notices).
pub(crate) fn markdown(text: &str, origin: &str) -> Option<Source> {
    let (mut title, mut version, mut level) = (String::new(), String::new(), String::new());
    let mut lines = text.lines().peekable();
    if lines.next_if(|line| line.trim() == "---").is_some() {
        for line in lines.by_ref().take_while(|line| line.trim() != "---") {
            let (name, value) = line.split_once(':')?;
            let value = value.trim().trim_matches('"').to_owned();
            match name {
                "title" => title = value,
                "version" => version = value,
                "level" => level = value,
                _ => {}
            }
        }
    }
    let mut articles: Vec<SourceArticle> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            match depth(heading) {
                Some(depth) => {
                    path.retain(|above| self::depth(above).is_some_and(|d| d < depth));
                    path.push(heading.to_owned());
                }
                None if title.is_empty() => title = heading.to_owned(),
                None => {}
            }
        } else if let Some((number, rest)) = article(line) {
            articles.push(SourceArticle {
                number,
                path: path.clone(),
                text: rest.to_owned(),
            });
        } else if let Some(article) = articles.last_mut() {
            article.text.push('\n');
            article.text.push_str(line);
        }
    }
    if title.is_empty() || articles.is_empty() {
        return None;
    }
    Some(Source {
        title,
        version,
        level,
        origin: origin.to_owned(),
        articles,
    })
}

/// 第十二条之一 and what follows it, if a line begins so.
fn article(line: &str) -> Option<(ArticleNumber, &str)> {
    let end = line.find([' ', '\u{3000}'])?;
    let (head, rest) = line.split_at(end);
    let head: Vec<char> = head.chars().collect();
    let found = number::find(&head).filter(|f| f.begin == 0 && f.end == head.len() && f.marked)?;
    (head.first() == Some(&'第')).then_some((found.number, rest.trim()))
}

/// How far down a heading stands: 编, 分编, 章, 节.
fn depth(heading: &str) -> Option<u8> {
    let head: String = heading.chars().take_while(|c| !c.is_whitespace()).collect();
    let rest = head.strip_prefix('第')?;
    let kinds = [("分编", 2), ("编", 1), ("章", 3), ("节", 4)];
    let found = kinds.iter().find(|(kind, _)| rest.ends_with(kind))?;
    Some(found.1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

    use super::*;

    const TEXT: &str = "---\ntitle: \"某法\"\nversion: \"2020-01-02\"\nlevel: \"法律\"\n---\n# 某法\n\n（通过）\n\n#### 第一章 总则\n\n第一条 甲\n\n乙\n\n第二条所称 不是条文\n\n##### 第一节 细\n第一条之一 丙\n#### 第二章 罚则\n第十条　丁\n";

    #[test]
    fn markdown_becomes_articles() {
        let source = markdown(TEXT, "a.md").unwrap();
        assert_eq!(
            (source.title.as_str(), source.version.as_str()),
            ("某法", "2020-01-02")
        );
        let shown: Vec<_> = source
            .articles
            .iter()
            .map(|a| (a.number.to_string(), a.path.join("/"), a.text.as_str()))
            .collect();
        let row = |n: &str, path: &str, text| (n.to_owned(), path.to_owned(), text);
        assert_eq!(
            shown,
            [
                row("1", "第一章 总则", "甲\n乙\n第二条所称 不是条文"),
                row("1.1", "第一章 总则/第一节 细", "丙"),
                row("10", "第二章 罚则", "丁"),
            ]
        );
        assert_eq!(markdown("# 决定\n无条文\n", "b.md"), None);
    }
}
