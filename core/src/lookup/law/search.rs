//! Search: what was asked for by name and number first, then what the words fit best.

mod direct;
pub(super) mod rank;

use std::{collections::HashSet, ops::Range};

use serde::Serialize;

use super::{
    browse,
    dates::{self, Day},
    names,
    number::ArticleNumber,
    pack::{Pack, VersionRow},
    query::{self, Plan},
    snippet,
};
use crate::Result;

/// Whether a text is in force on the day asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    InForce,
    Superseded,
    NotYet,
}

/// What is searched for.
#[derive(Debug, Clone, Copy)]
pub struct LawQuery<'q> {
    /// As officers type: words, the name of a law, an article's number, in any writing.
    pub words: &'q str,
    /// The day that matters, `2025-12-31`: that of the act. Today, if none is given.
    pub date: Option<&'q str>,
    pub limit: usize,
}

/// An article that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub law: String,
    /// The date of the text, or nothing.
    pub version: String,
    pub number: ArticleNumber,
    /// Headings above it, the widest first.
    pub chapter: Vec<String>,
    pub level: String,
    pub standing: Standing,
    /// Since when it is in force, and until when it was; nothing, if that is not known.
    pub since: String,
    pub until: String,
    pub snippet: String,
    /// What was looked for in it, in characters.
    pub marks: Vec<Range<usize>>,
    pub(crate) id: u32,
}

/// How many articles are looked at closely.
const CLOSELY: usize = 48;

/// A text that is not in force counts this much.
const NOT_IN_FORCE: f32 = 0.3;

impl Pack {
    /// The articles that fit, best first. Any text is a query; one that finds nothing has no hits.
    ///
    /// # Errors
    /// [`PackFault::Date`](crate::PackFault::Date); storage errors.
    pub fn search(&self, query: &LawQuery<'_>) -> Result<Vec<Hit>> {
        let day = browse::day(query.date)?;
        let mut plan = query::plan(query.words, &self.names);
        self.keep_best_names(&mut plan);
        let mut order = self.direct(&plan, day)?;
        let asked = order.len();
        // Who names a law and an article wants that article; words only order what else there is.
        if !plan.concepts.is_empty() && asked < query.limit {
            order.extend(self.ranked(&plan, day)?);
        }
        let mut seen = HashSet::new();
        order.retain(|id| seen.insert(*id));
        order.truncate(query.limit);
        order
            .into_iter()
            .filter_map(|id| self.hit(id, &plan, day).transpose())
            .collect()
    }

    /// A weak abbreviation beside a certain name is none, and of many laws that an abbreviation
    /// fits the weightiest count.
    pub(super) fn keep_best_names(&self, plan: &mut Plan) {
        let weight = |law: usize| {
            let texts = self.versions.iter().filter(|v| v.law == law);
            texts.map(|v| v.weight).fold(0.0, f32::max)
        };
        let best = plan.laws.iter().map(|l| l.1).fold(0.0, f32::max);
        if best > names::WEAK + 1.5 {
            plan.laws.retain(|(_, fit)| *fit > names::WEAK + 1.0);
        }
        if plan.laws.len() > 1 {
            for (law, fit) in &mut plan.laws {
                *fit *= 0.5 + 0.5 * weight(*law);
            }
        }
        plan.laws
            .sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        plan.laws.dedup_by_key(|(law, _)| *law);
        plan.laws.truncate(20);
    }

    fn hit(&self, id: u32, plan: &Plan, day: Day) -> Result<Option<Hit>> {
        let (Some(version), Some((number, text))) = (self.version_of(id), self.text(id)?) else {
            return Ok(None);
        };
        let (snippet, marks) = snippet::of(&text, plan);
        Ok(Some(Hit {
            law: self.title(version).to_owned(),
            version: version.adopted.clone(),
            number,
            chapter: self.path(id)?,
            level: version.level.clone(),
            standing: version.standing(day),
            since: dates::show(version.since),
            until: dates::show(version.until),
            snippet,
            marks,
            id,
        }))
    }

    /// How much a text counts on a day.
    fn weight(&self, version: &VersionRow, day: Day) -> f32 {
        match version.standing(day) {
            Standing::InForce => version.weight,
            Standing::Superseded | Standing::NotYet => version.weight * NOT_IN_FORCE,
        }
    }
}
