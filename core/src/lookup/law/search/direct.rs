//! What was asked for by name: an article's number, a chapter, a law.

use crate::{
    Result,
    lookup::law::{
        dates::Day,
        pack::{Pack, VersionRow},
        query::Plan,
    },
};

/// Articles with a number alone, in how many laws at most.
const MOST: usize = 64;

impl Pack {
    /// The articles that the query names, best first; none, if it has only words.
    pub(super) fn direct(&self, plan: &Plan, day: Day) -> Result<Vec<u32>> {
        let versions = self.named(plan, day);
        if plan.number.is_some() {
            // With words beside a bare number the words decide; they weigh the number as well.
            if plan.laws.is_empty() && !plan.concepts.is_empty() {
                return Ok(Vec::new());
            }
            return self.numbered(plan, &versions, day);
        }
        if !plan.headings.is_empty() {
            return self.headed(plan, &versions);
        }
        if plan.concepts.is_empty() {
            return Ok(self.openings(&versions));
        }
        Ok(Vec::new())
    }

    /// The texts of the named laws: by fit, that in force on the day first.
    pub(in crate::lookup::law) fn named(&self, plan: &Plan, day: Day) -> Vec<(&VersionRow, f32)> {
        let mut named: Vec<_> = plan
            .laws
            .iter()
            .flat_map(|(law, fit)| {
                let texts = self.versions.iter().filter(move |v| v.law == *law);
                texts.map(move |v| (v, fit * self.weight(v, day) / v.weight))
            })
            .collect();
        named.sort_by(|a, b| b.1.total_cmp(&a.1));
        named
    }

    fn numbered(&self, plan: &Plan, versions: &[(&VersionRow, f32)], day: Day) -> Result<Vec<u32>> {
        let Some(number) = plan.number else {
            return Ok(Vec::new());
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM article WHERE number = ?1 AND sub = ?2 ORDER BY version",
        )?;
        let rows = statement.query_map((number.main, number.sub), |row| row.get(0))?;
        let all = rows.collect::<rusqlite::Result<Vec<u32>>>()?;
        if !plan.laws.is_empty() {
            let of = |version: &VersionRow| {
                let from = all.partition_point(|id| *id < version.first);
                let to = all.partition_point(|id| *id <= version.last);
                all.get(from..to).unwrap_or_default().to_vec()
            };
            return Ok(versions
                .iter()
                .flat_map(|(version, _)| of(version))
                .collect());
        }
        let mut weighed: Vec<(f32, u32)> = all
            .into_iter()
            .filter_map(|id| Some((self.weight(self.version_of(id)?, day), id)))
            .collect();
        weighed.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        weighed.truncate(MOST);
        Ok(weighed.into_iter().map(|(_, id)| id).collect())
    }

    /// The first article under the headings, and those after it.
    fn headed(&self, plan: &Plan, versions: &[(&VersionRow, f32)]) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        for (version, _) in versions.iter().take(3) {
            let chapters = self.chapters_of(version)?;
            let mut from = 0;
            let mut first = None;
            for heading in &plan.headings {
                let rest = chapters.get(from..).unwrap_or_default();
                let Some(at) = rest
                    .iter()
                    .position(|c| c.title.starts_with(heading.as_str()))
                else {
                    break;
                };
                from += at;
                first = chapters.get(from).map(|c| c.first);
                from += 1;
            }
            if let Some(first) = first {
                found.extend((first..=version.last).take(MOST));
            }
        }
        Ok(found)
    }

    /// A law's first article, then those of the others that were meant, then what follows.
    fn openings(&self, versions: &[(&VersionRow, f32)]) -> Vec<u32> {
        let mut found: Vec<u32> = versions.iter().map(|(version, _)| version.first).collect();
        if let Some((version, _)) = versions.first() {
            found.extend((version.first..=version.last).take(MOST));
        }
        found
    }
}
