//! The part of an article that shows why it was found.

use std::ops::Range;

use super::{
    normalise::{folded, position},
    query::Plan,
};

/// Characters of a snippet, about.
const LENGTH: usize = 90;
/// How much stands before the first mark.
const BEFORE: usize = 24;

/// A snippet on one line and the places in it, in characters, of what was looked for.
pub(crate) fn of(text: &str, plan: &Plan) -> (String, Vec<Range<usize>>) {
    let original: Vec<char> = text.chars().collect();
    let marks = marks(&folded(text), plan);
    let first = best_start(&marks);
    let begin = match first {
        Some(first) if original.len() > LENGTH => {
            let begin = first.saturating_sub(BEFORE);
            // From the beginning of a sentence where one is near.
            let stop = original[begin..first]
                .iter()
                .rposition(|c| "。；：\n".contains(*c));
            let begin = stop.map_or(begin, |stop| begin + stop + 1);
            begin.min(original.len() - LENGTH)
        }
        _ => 0,
    };
    let end = original.len().min(begin + LENGTH);
    let mut snippet = String::new();
    let lead = usize::from(begin > 0);
    if lead > 0 {
        snippet.push('…');
    }
    // A line break is as wide as the space it becomes.
    snippet.extend(
        original[begin..end]
            .iter()
            .map(|c| if *c == '\n' { ' ' } else { *c }),
    );
    if end < original.len() {
        snippet.push('…');
    }
    let inside = marks
        .into_iter()
        .filter(|m| m.start >= begin && m.end <= end);
    let moved = inside.map(|m| m.start - begin + lead..m.end - begin + lead);
    (snippet, moved.collect())
}

/// Where the words of the query and the law's own words for them stand, in order, not overlapping.
fn marks(text: &[char], plan: &Plan) -> Vec<Range<usize>> {
    let mut marks: Vec<Range<usize>> = Vec::new();
    let mut phrases = Vec::new();
    for concept in &plan.concepts {
        for alternative in &concept.alternatives {
            phrases.extend(alternative.phrases.iter());
        }
    }
    for phrase in phrases {
        let before = marks.len();
        all(text, phrase, &mut marks);
        if marks.len() == before && phrase.len() > 2 {
            // Not as a whole: its pairs.
            phrase.windows(2).for_each(|two| all(text, two, &mut marks));
        }
    }
    marks.sort_by_key(|m| (m.start, m.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for mark in marks {
        match joined.last_mut() {
            Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
            _ => joined.push(mark),
        }
    }
    joined
}

fn all(text: &[char], phrase: &[char], marks: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(at) = position(text, phrase, from) {
        marks.push(at..at + phrase.len());
        from = at + phrase.len();
    }
}

/// The mark from which a snippet shows the most.
fn best_start(marks: &[Range<usize>]) -> Option<usize> {
    let shown = |from: usize| -> usize {
        let seen = marks
            .iter()
            .filter(|m| m.start >= from && m.end <= from + LENGTH - BEFORE);
        seen.map(|m| m.len()).sum()
    };
    let starts = marks.iter().map(|m| m.start);
    starts.max_by_key(|start| (shown(*start), usize::MAX - start))
}
