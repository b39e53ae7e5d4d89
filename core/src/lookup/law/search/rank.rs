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

/// A character that more than this part of the articles hold is common.
const COMMON: f32 = 0.05;

/// A token that more than this part of the articles hold only adds to what rarer ones of its
/// wording have found.
const OPENS: f32 = 0.03;

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

/// What a query writes to, kept from one to the next: clearing what was used is quicker than
/// asking the system for zeroed memory, page by page, each time. All zero between queries.
#[derive(Debug)]
pub(crate) struct Scratch {
    total: Vec<f32>,
    best: Vec<f32>,
    /// Articles with points in `best`.
    some_best: Vec<u32>,
    /// Points of one wording, and how many of its tokens the article holds.
    one: Vec<(f32, u32)>,
    some_one: Vec<u32>,
}

impl Scratch {
    pub(crate) fn new(articles: usize) -> Self {
        Self {
            total: vec![0.0; articles + 1],
            best: vec![0.0; articles + 1],
            some_best: Vec::new(),
            one: vec![(0.0, 0); articles + 1],
            some_one: Vec::new(),
        }
    }

    /// Whether the wording has given the article anything.
    fn holds(&self, article: u32) -> bool {
        let held = self.one.get(article as usize);
        held.is_some_and(|(_, count)| *count > 0)
    }

    /// Adds what one wording gives to an article.
    fn add(&mut self, article: u32, points: f32) {
        if let Some((sum, count)) = self.one.get_mut(article as usize) {
            if *count == 0 {
                self.some_one.push(article);
            }
            *sum += points;
            *count += 1;
        }
    }

    /// The wording is through: its points count if no other wording of the concept gives more.
    /// Those of articles that hold only a part of it fall faster than the part.
    fn raise(&mut self, alternative: &Alternative, alone: bool) {
        let all = alternative.tokens.len() as f32;
        for article in self.some_one.drain(..) {
            let at = article as usize;
            let (points, count) = std::mem::take(&mut self.one[at]);
            let part = count as f32 / all;
            let points = points * part * part.sqrt() * alternative.weight;
            if alone {
                self.total[at] += points;
                continue;
            }
            let best = &mut self.best[at];
            if *best == 0.0 {
                self.some_best.push(article);
            }
            *best = best.max(points);
        }
    }

    /// The concept is through.
    fn sum(&mut self) {
        for article in self.some_best.drain(..) {
            let at = article as usize;
            self.total[at] += std::mem::take(&mut self.best[at]);
        }
    }
}

impl Pack {
    /// Articles by how well the words fit, the best first; only so many as are looked at closely.
    pub(super) fn ranked(&self, plan: &Plan, day: Day) -> Result<Vec<u32>> {
        // Taken out: if reading fails half-way, the next query begins with a new one.
        let taken = self.scratch.borrow_mut().take();
        let mut scratch = taken.unwrap_or_else(|| Scratch::new(self.lengths.len()));
        let mut budget = MOST_TOKENS;
        for concept in &plan.concepts {
            for alternative in &concept.alternatives {
                self.score(alternative, &mut scratch, &mut budget)?;
                scratch.raise(alternative, concept.alternatives.len() == 1);
            }
            scratch.sum();
        }
        let mut order: Vec<(f32, u32)> = Vec::new();
        for version in &self.versions {
            let of = scratch
                .total
                .get(version.first as usize..=version.last as usize);
            let some = of.unwrap_or_default().iter().zip(version.first..);
            let mut some = some.filter(|(points, _)| **points > 0.0).peekable();
            if some.peek().is_some() {
                let weight = self.version_weight(version, plan, day);
                order.extend(some.map(|(points, article)| (points * weight, article)));
            }
        }
        scratch.total.fill(0.0);
        self.scratch.replace(Some(scratch));
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

    /// Adds the points of every article that holds a token of a wording.
    fn score(
        &self,
        alternative: &Alternative,
        scratch: &mut Scratch,
        budget: &mut usize,
    ) -> Result<()> {
        let all = self.lengths.len() as f32;
        let most = if alternative.rare_only {
            all * COMMON
        } else {
            all
        };
        let lengths: &[f32; 256] = &LENGTHS;
        let mut lists = Vec::with_capacity(alternative.tokens.len());
        for token in alternative.tokens.iter().take(*budget) {
            lists.extend(self.postings(*token, most as u32)?);
        }
        // The rarest first: what only holds common ones of them (国家, 工作) is nothing that is
        // looked for, and passing it over is what keeps long wordings quick.
        lists.sort_unstable_by_key(|(articles, _)| *articles);
        for (at, (articles, postings)) in lists.iter().enumerate() {
            let articles = *articles as f32;
            let rarity = (1.0 + (all - articles + 0.5) / (articles + 0.5)).ln();
            let rarity = rarity.max(0.01) * (SATURATION + 1.0);
            // Nearly always it stands there once: then it is a look into this.
            let once = lengths.map(|length| rarity / (1.0 + length));
            let opens = at == 0 || articles < all * OPENS;
            for (article, times) in Postings::new(postings) {
                if !opens && !scratch.holds(article) {
                    continue;
                }
                let Some(code) = self.lengths.get((article as usize).wrapping_sub(1)) else {
                    continue;
                };
                let points = if times == 1 {
                    once[usize::from(*code)]
                } else {
                    let times = times as f32;
                    rarity * times / (times + lengths[usize::from(*code)])
                };
                scratch.add(article, points);
            }
        }
        *budget = budget.saturating_sub(alternative.tokens.len());
        Ok(())
    }

    /// The postings of a token that no more articles than `most` hold, and how many do.
    fn postings(&self, token: Token, most: u32) -> Result<Option<(u32, Vec<u8>)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT articles, postings FROM token WHERE id = ?1 AND articles <= ?2",
        )?;
        let found = statement.query_row((token, most), |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    }

    fn version_weight(&self, version: &VersionRow, plan: &Plan, day: Day) -> f32 {
        let words: usize = plan.concepts.len().max(1);
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
        !alternative.phrases.is_empty()
            && phrases.all(|phrase| position(title, phrase, 0).is_some())
    })
}

/// What a length adds below the line, by its code.
static LENGTHS: std::sync::LazyLock<[f32; 256]> = std::sync::LazyLock::new(|| {
    std::array::from_fn(|code| {
        let length = index::length_of(code as u8) / MEAN_LENGTH;
        SATURATION * (1.0 - LENGTH + LENGTH * length)
    })
});
