//! Ranking by words: BM25 over characters and pairs for all articles, then a close look at the
//! best of them.

use rusqlite::OptionalExtension as _;

use crate::{
    Result,
    lookup::law::{
        dates::Day,
        index::{self, Postings, Token},
        normalise::{folded, position},
        pack::{Pack, VersionRow},
        query::{Alternative, Concept, Plan},
    },
};

use super::CLOSELY;

/// BM25: how soon more of the same counts no more, and how much long articles lose.
const SATURATION: f32 = 1.2;
const LENGTH: f32 = 0.45;
const MEAN_LENGTH: f32 = 120.0;

/// Tokens looked up in one query.
const MOST_TOKENS: usize = 200;

/// A law that was named counts this much beside others.
const NAMED: f32 = 6.0;
/// So does an article with the number that was given.
const NUMBERED: f32 = 4.0;
/// What the title of a law adds when it holds all words of the query.
const TITLED: f32 = 0.25;
/// What an article that says what an act costs, or forbids it, counts beside others: that is what
/// is asked for in the street.
const SANCTION: f32 = 1.2;
const SANCTIONS: [&[char]; 6] = [
    &['罚', '款'],
    &['拘', '留'],
    &['徒', '刑'],
    &['禁', '止'],
    &['不', '得'],
    &['警', '告'],
];

/// Points of articles: dense, with a list of those that have any.
struct Points {
    of: Vec<f32>,
    some: Vec<u32>,
}

impl Points {
    fn new(articles: usize) -> Self {
        Self {
            of: vec![0.0; articles + 1],
            some: Vec::new(),
        }
    }

    fn add(&mut self, article: u32, points: f32) {
        if let Some(of) = self.of.get_mut(article as usize) {
            if *of == 0.0 {
                self.some.push(article);
            }
            *of += points;
        }
    }

    fn raise(&mut self, article: u32, points: f32) {
        let Some(of) = self.of.get_mut(article as usize) else {
            return;
        };
        if *of == 0.0 {
            self.some.push(article);
        }
        *of = of.max(points);
    }

    /// Takes all points out, by article in no order.
    fn drain(&mut self, mut each: impl FnMut(u32, f32)) {
        for article in self.some.drain(..) {
            let of = &mut self.of[article as usize];
            each(article, *of);
            *of = 0.0;
        }
    }
}

impl Pack {
    /// Articles by how well the words fit, the best first; only so many as are looked at closely.
    pub(super) fn ranked(&self, plan: &Plan, day: Day) -> Result<Vec<u32>> {
        let articles = self.lengths.len();
        let mut total = Points::new(articles);
        let mut best = Points::new(articles);
        let mut one = Points::new(articles);
        let mut matched = vec![0u8; articles + 1];
        let mut budget = MOST_TOKENS;
        for concept in &plan.concepts {
            for alternative in &concept.alternatives {
                self.score(alternative, &mut one, &mut matched, &mut budget)?;
                let all = alternative.tokens.len() as f32;
                one.drain(|article, points| {
                    let count = &mut matched[article as usize];
                    let part = f32::from(*count) / all;
                    *count = 0;
                    best.raise(article, points * part * part.sqrt() * alternative.weight);
                });
            }
            best.drain(|article, points| total.add(article, points));
        }
        let weights: Vec<f32> = self.version_weights(plan, day);
        let mut order: Vec<(f32, u32)> = Vec::with_capacity(total.some.len());
        let mut at = 0;
        total.some.sort_unstable();
        for article in &total.some {
            while self.versions.get(at).is_some_and(|v| v.last < *article) {
                at += 1;
            }
            let weight = weights.get(at).copied().unwrap_or(0.0);
            order.push((total.of[*article as usize] * weight, *article));
        }
        let best_first = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if order.len() > CLOSELY {
            order.select_nth_unstable_by(CLOSELY, best_first);
            order.truncate(CLOSELY);
        }
        for (points, article) in &mut order {
            *points *= self.closely(*article, plan)?;
        }
        order.sort_by(best_first);
        Ok(order.into_iter().map(|(_, article)| article).collect())
    }

    /// Adds to `one` the points of every article that holds a token of a wording, and counts in
    /// `matched` how many of them it holds.
    fn score(
        &self,
        alternative: &Alternative,
        one: &mut Points,
        matched: &mut [u8],
        budget: &mut usize,
    ) -> Result<()> {
        let all = self.lengths.len() as f32;
        for token in alternative.tokens.iter().take(*budget) {
            let Some((articles, postings)) = self.postings(*token)? else {
                continue;
            };
            let rarity = (1.0 + (all - articles as f32 + 0.5) / (articles as f32 + 0.5)).ln();
            for (article, times) in Postings::new(&postings) {
                let Some(code) = self.lengths.get((article as usize).wrapping_sub(1)) else {
                    continue;
                };
                let length = LENGTHS[usize::from(*code)];
                let times = times as f32;
                one.add(
                    article,
                    rarity.max(0.01) * times * (SATURATION + 1.0) / (times + length),
                );
                let count = &mut matched[article as usize];
                *count = count.saturating_add(1);
            }
        }
        *budget = budget.saturating_sub(alternative.tokens.len());
        Ok(())
    }

    fn postings(&self, token: Token) -> Result<Option<(u32, Vec<u8>)>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT articles, postings FROM token WHERE id = ?1")?;
        let found = statement.query_row([token], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    }

    fn version_weights(&self, plan: &Plan, day: Day) -> Vec<f32> {
        let words: usize = plan.concepts.len().max(1);
        let weigh = |version: &VersionRow| {
            let mut weight = self.weight(version, day);
            if let Some((_, fit)) = plan.laws.iter().find(|(law, _)| *law == version.law) {
                weight *= NAMED * fit;
            }
            let Some(name) = self.names.get(version.law) else {
                return weight;
            };
            let titled = plan
                .concepts
                .iter()
                .filter(|c| names(c, name.title()))
                .count();
            weight * (1.0 + TITLED * titled as f32 / words as f32)
        };
        self.versions.iter().map(weigh).collect()
    }

    /// What reading the article changes: whether phrases stand there as a whole, and how early.
    fn closely(&self, article: u32, plan: &Plan) -> Result<f32> {
        let Some((number, text)) = self.text(article)? else {
            return Ok(0.0);
        };
        let text = folded(&text);
        let (mut whole, mut early) = (0.0, 0.0f32);
        for concept in &plan.concepts {
            let found = concept.alternatives.iter().filter_map(|a| {
                let places = a.phrases.iter().map(|p| position(&text, p, 0));
                places.collect::<Option<Vec<usize>>>()?.into_iter().min()
            });
            if let Some(at) = found.min() {
                whole += 1.0;
                early += 1.0 - at as f32 / text.len().max(1) as f32;
            }
        }
        let count = plan.concepts.len().max(1) as f32;
        let numbered = plan.number.is_some_and(|n| n == number);
        let mut factor = 1.0 + 0.6 * whole / count + 0.12 * early / count;
        if SANCTIONS
            .iter()
            .any(|word| position(&text, word, 0).is_some())
        {
            factor *= SANCTION;
        }
        Ok(if numbered { factor * NUMBERED } else { factor })
    }
}

/// Whether the title of a law speaks of it.
fn names(concept: &Concept, title: &[char]) -> bool {
    concept.alternatives.iter().any(|alternative| {
        let mut phrases = alternative.phrases.iter();
        phrases.all(|phrase| position(title, phrase, 0).is_some())
    })
}

/// What a length adds below the line, by its code.
static LENGTHS: std::sync::LazyLock<[f32; 256]> = std::sync::LazyLock::new(|| {
    std::array::from_fn(|code| {
        let length = index::length_of(code as u8) / MEAN_LENGTH;
        SATURATION * (1.0 - LENGTH + LENGTH * length)
    })
});
