//! Laws on the terminal: everybody may look them up, and nothing of it is journalled, for it says
//! nothing of anybody. What an officer keeps and read last is the officer's own.

use std::path::Path;

use custos_protocol::pack::PackManifest;

use super::{Officer, Terminal};
use crate::{
    Result,
    device::state,
    lookup::law::{
        Article, ArticleNumber, Pack, Reference, install,
        shelf::{self, Shelf},
    },
};

impl Terminal {
    /// Verifies a law pack, or what a delta makes of the one that is installed, and puts it in place
    /// of that.
    ///
    /// # Errors
    /// [`Error::Pack`](crate::Error::Pack): not signed by somebody of the role, altered, not newer
    /// than the one that is installed, a delta for another one; storage errors. What is installed
    /// stays then.
    pub fn install_laws(&self, file: &Path) -> Result<PackManifest> {
        install::install(&self.vault, file)
    }

    /// The installed law pack, open. Keep it: opening takes some milliseconds, searching less.
    ///
    /// # Errors
    /// [`Error::Pack`](crate::Error::Pack): none is installed, or the file is not the one that was;
    /// storage errors.
    pub fn laws(&self) -> Result<Pack> {
        install::open(&self.vault)
    }
}

impl Officer {
    /// Reads an article whole; it is then the first of those that were read.
    ///
    /// # Errors
    /// [`PackFault::UnknownLaw`](crate::PackFault::UnknownLaw),
    /// [`PackFault::UnknownArticle`](crate::PackFault::UnknownArticle),
    /// [`PackFault::Date`](crate::PackFault::Date); [`Error::Locked`](crate::Error::Locked); storage
    /// errors.
    pub fn read_article(
        &self,
        laws: &Pack,
        law: &str,
        number: ArticleNumber,
        date: Option<&str>,
    ) -> Result<Article> {
        let article = laws.show(law, number, date)?;
        self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            shelf::put(tx, &self.officer, Shelf::Recent, &article)
        })?;
        Ok(article)
    }

    /// The articles read last, the last one first; fifty at most.
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked); storage errors.
    pub fn recent_articles(&self) -> Result<Vec<Reference>> {
        self.shelf(Shelf::Recent)
    }

    /// Keeps an article; one that is kept already comes to the front.
    ///
    /// # Errors
    /// As [`Officer::read_article`]; [`PackFault::Full`](crate::PackFault::Full): there are too many.
    pub fn bookmark(&self, laws: &Pack, law: &str, number: ArticleNumber) -> Result<Article> {
        let article = laws.show(law, number, None)?;
        self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            shelf::put(tx, &self.officer, Shelf::Bookmarks, &article)
        })?;
        Ok(article)
    }

    /// Keeps an article no longer; whether it was kept. `law` is its full title, as
    /// [`Officer::bookmarks`] gives it: that works also for a law that the pack no longer holds.
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked); storage errors.
    pub fn drop_bookmark(&self, law: &str, number: ArticleNumber) -> Result<bool> {
        self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            shelf::take(tx, &self.officer, law, number)
        })
    }

    /// What the officer keeps, the last one first.
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked); storage errors.
    pub fn bookmarks(&self) -> Result<Vec<Reference>> {
        self.shelf(Shelf::Bookmarks)
    }

    /// What somebody reads says what they work on: who finds a locked terminal does not learn it.
    fn shelf(&self, shelf: Shelf) -> Result<Vec<Reference>> {
        self.vault.read(|connection| {
            state::refuse_if_locked(connection)?;
            shelf::list(connection, &self.officer, shelf)
        })
    }
}
