//! From files to laws: one text of a law and date, whichever files it comes from, each with the
//! days between which it is in force.

use std::collections::{BTreeMap, HashSet};

use super::{
    dates::{self, Day},
    level,
    source::Source,
};

/// A law with its texts, the newest first.
#[derive(Debug)]
pub(crate) struct Law {
    pub(crate) title: String,
    pub(crate) versions: Vec<Version>,
}

/// A text with the first day it is in force and the first it no longer is (0: none is known).
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) source: Source,
    pub(crate) since: Day,
    pub(crate) until: Day,
}

/// The laws, the weightiest level first, then by title.
pub(crate) fn laws(sources: Vec<Source>) -> Vec<Law> {
    let mut repealed: Vec<(String, Day)> = Vec::new();
    let mut by_title: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    for source in one_of_each(sources) {
        let since = dates::in_force(&source);
        let own = dates::short(&source.title).to_owned();
        for title in dates::repealed(&source) {
            // An old text of the same law: versions follow each other anyway.
            if dates::short(title) != own && since > 0 {
                repealed.push((dates::short(title).to_owned(), since));
            }
        }
        let versions = by_title.entry(source.title.clone()).or_default();
        versions.push(Version {
            source,
            since,
            until: 0,
        });
    }
    let mut laws: Vec<Law> = by_title
        .into_iter()
        .map(|(title, mut versions)| {
            versions.sort_by(|a, b| {
                let key = |v: &Version| (v.since, v.source.version.clone());
                key(b).cmp(&key(a))
            });
            let mut next = 0;
            for version in &mut versions {
                version.until = next;
                next = version.since;
                let own = dates::short(&title);
                for (_, day) in repealed.iter().filter(|(other, _)| other == own) {
                    if *day > version.since && (version.until == 0 || *day < version.until) {
                        version.until = *day;
                    }
                }
            }
            Law { title, versions }
        })
        .collect();
    laws.sort_by_key(|law| law.versions.first().map(|v| level::rank(&v.source.level)));
    laws
}

/// Files of the same law and date are one text: 民法典 lies in seven files, and many laws came from
/// two places. The file of the weightiest level goes first, for its level is the law's; another
/// adds the articles whose numbers are not there yet.
fn one_of_each(mut sources: Vec<Source>) -> Vec<Source> {
    sources.sort_by(|a, b| {
        let key = |s: &Source| {
            // 法律 as such before its subdivisions, which another collection uses.
            let named = s.level != "法律";
            (s.title.clone(), s.version.clone(), named, s.origin.clone())
        };
        key(a).cmp(&key(b))
    });
    let mut merged: Vec<Source> = Vec::new();
    for mut source in sources {
        let last = merged.last_mut();
        let same = last.filter(|l| l.title == source.title && l.version == source.version);
        let Some(into) = same else {
            merged.push(source);
            continue;
        };
        let there: HashSet<_> = into.articles.iter().map(|a| a.number).collect();
        source.articles.retain(|a| !there.contains(&a.number));
        if !source.articles.is_empty() {
            into.articles.append(&mut source.articles);
            into.articles.sort_by_key(|a| a.number);
        }
    }
    merged
}
