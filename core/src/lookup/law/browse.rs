//! Reading on: a law's headings, and an article as a whole.

use super::{
    dates::{self, Day},
    number::ArticleNumber,
    pack::{self, Article, Chapter, Pack, VersionRow},
    query,
    search::Standing,
};
use crate::{Error, Result, error::PackFault};

/// A law's headings, in the text of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    pub law: String,
    /// The date of the text, or nothing.
    pub version: String,
    pub standing: Standing,
    pub chapters: Vec<Chapter>,
}

impl Pack {
    /// The headings of the law that `law` names (by title, abbreviation or initials), in the text
    /// that is in force on `date` (`2025-12-31`; today, if none is given).
    ///
    /// # Errors
    /// [`PackFault::UnknownLaw`], [`PackFault::Date`]; storage errors.
    pub fn contents(&self, law: &str, date: Option<&str>) -> Result<Contents> {
        let day = day(date)?;
        let version = self.text_named(law, day)?;
        Ok(Contents {
            law: self.title(version).to_owned(),
            version: version.adopted.clone(),
            standing: version.standing(day),
            chapters: self.chapters_of(version)?,
        })
    }

    /// An article of the law that `law` names, in the text that is in force on `date`.
    ///
    /// # Errors
    /// [`PackFault::UnknownLaw`], [`PackFault::UnknownArticle`], [`PackFault::Date`]; storage
    /// errors.
    pub fn show(&self, law: &str, number: ArticleNumber, date: Option<&str>) -> Result<Article> {
        let day = day(date)?;
        let version = self.text_named(law, day)?;
        let unknown = Error::Pack(PackFault::UnknownArticle);
        let id = self.numbered_in(version, number)?.ok_or(unknown)?;
        self.whole(id, day)
    }

    fn text_named(&self, law: &str, day: Day) -> Result<&VersionRow> {
        let mut plan = query::plan(law, &self.names);
        self.keep_best_names(&mut plan);
        let named = self.named(&plan, day).into_iter().next();
        let (version, _) = named.ok_or(Error::Pack(PackFault::UnknownLaw))?;
        Ok(version)
    }
}

/// The day of a date; today, if none is given.
pub(super) fn day(date: Option<&str>) -> Result<Day> {
    match date {
        Some(date) => dates::parse(date).ok_or(Error::Pack(PackFault::Date)),
        None => Ok(pack::today()),
    }
}
