//! What an officer keeps of the laws, and what the officer read last. It says what somebody works
//! on: it lies in the vault, belongs to the officer, and goes with the officer's slot. An article is
//! kept by the law's title and its number, so that it stays kept when the text is amended.

use rusqlite::{Connection, Transaction};

use super::{number::ArticleNumber, pack::Article};
use crate::{Error, Result, clock, error::PackFault};

/// Articles that are remembered as read.
const RECENT: u32 = 50;
/// Bookmarks of an officer; nobody finds one among more.
const BOOKMARKS: u32 = 500;

/// An article that is kept or was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The law's title.
    pub law: String,
    pub number: ArticleNumber,
    /// When it was kept or read last.
    pub time_ms: i64,
}

/// Why an article is on the shelf.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shelf {
    Bookmarks,
    Recent,
}

impl Shelf {
    fn word(self) -> &'static str {
        match self {
            Self::Bookmarks => "bookmark",
            Self::Recent => "recent",
        }
    }
}

/// Puts an article on the shelf, or brings it to the front. Of what was read the oldest falls off.
///
/// # Errors
/// [`PackFault::Full`]: too many bookmarks; storage errors.
pub(crate) fn put(
    tx: &Transaction<'_>,
    officer: &str,
    shelf: Shelf,
    article: &Article,
) -> Result<()> {
    let time_ms = clock::now(tx)?.time_ms;
    // Strictly later than all before, also where the clock stands still or was set back.
    let last: Option<i64> = tx.query_row(
        "SELECT max(time_ms) FROM law_shelf WHERE officer = ?1 AND shelf = ?2",
        (officer, shelf.word()),
        |row| row.get(0),
    )?;
    let time_ms = last.map_or(time_ms, |last| time_ms.max(last.saturating_add(1)));
    tx.execute(
        "INSERT INTO law_shelf (officer, shelf, law, number, sub, time_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (officer, shelf, law, number, sub) DO UPDATE SET time_ms = excluded.time_ms",
        (
            officer,
            shelf.word(),
            &article.law,
            article.number.main,
            article.number.sub,
            time_ms,
        ),
    )?;
    let most = match shelf {
        Shelf::Recent => RECENT,
        Shelf::Bookmarks => BOOKMARKS,
    };
    let past: u32 = tx.query_row(
        "SELECT count(*) FROM law_shelf WHERE officer = ?1 AND shelf = ?2",
        (officer, shelf.word()),
        |row| row.get(0),
    )?;
    match shelf {
        Shelf::Bookmarks if past > most => return Err(Error::Pack(PackFault::Full)),
        Shelf::Recent if past > most => tx.execute(
            "DELETE FROM law_shelf WHERE officer = ?1 AND shelf = ?2 AND time_ms <=
                 (SELECT time_ms FROM law_shelf WHERE officer = ?1 AND shelf = ?2
                  ORDER BY time_ms DESC LIMIT 1 OFFSET ?3)",
            (officer, shelf.word(), most),
        )?,
        _ => 0,
    };
    Ok(())
}

/// Takes a bookmark away; whether there was one.
///
/// # Errors
/// Storage errors.
pub(crate) fn take(
    tx: &Transaction<'_>,
    officer: &str,
    law: &str,
    number: ArticleNumber,
) -> Result<bool> {
    let taken = tx.execute(
        "DELETE FROM law_shelf
         WHERE officer = ?1 AND shelf = ?2 AND law = ?3 AND number = ?4 AND sub = ?5",
        (
            officer,
            Shelf::Bookmarks.word(),
            law,
            number.main,
            number.sub,
        ),
    )?;
    Ok(taken > 0)
}

/// What is on an officer's shelf, the newest first.
///
/// # Errors
/// Storage errors.
pub(crate) fn list(connection: &Connection, officer: &str, shelf: Shelf) -> Result<Vec<Reference>> {
    let mut statement = connection.prepare(
        "SELECT law, number, sub, time_ms FROM law_shelf WHERE officer = ?1 AND shelf = ?2
         ORDER BY time_ms DESC",
    )?;
    let rows = statement.query_map((officer, shelf.word()), |row| {
        Ok(Reference {
            law: row.get(0)?,
            number: ArticleNumber {
                main: row.get(1)?,
                sub: row.get(2)?,
            },
            time_ms: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

    use super::*;
    use crate::{lookup::law::Standing, vault::testing::TestVault};

    fn article(number: u16) -> Article {
        Article {
            law: "某法".to_owned(),
            version: String::new(),
            level: "法律".to_owned(),
            standing: Standing::InForce,
            since: String::new(),
            until: String::new(),
            number: ArticleNumber {
                main: number,
                sub: 0,
            },
            chapter: Vec::new(),
            paragraphs: Vec::new(),
        }
    }

    fn slot(test: &TestVault, officer: &str) {
        let insert = |tx: &Transaction<'_>| {
            tx.execute(
                "INSERT INTO officer (officer, recipient, salt, memory_kib, passes, lanes, wrapped,
                                      enrolled_ms) VALUES (?1, 'age1', x'00', 8, 1, 1, x'00', 1)",
                [officer],
            )?;
            Ok(())
        };
        test.vault.write(insert).unwrap();
    }

    fn numbers(test: &TestVault, officer: &str, shelf: Shelf) -> Vec<u16> {
        let list = test.vault.read(|c| list(c, officer, shelf)).unwrap();
        list.iter().map(|r| r.number.main).collect()
    }

    #[test]
    fn each_has_their_own_newest_first() {
        let test = TestVault::new();
        slot(&test, "a");
        slot(&test, "b");
        let put = |officer: &str, shelf, number| {
            test.vault
                .write(|tx| put(tx, officer, shelf, &article(number)))
        };
        for number in [1, 2, 3, 1] {
            put("a", Shelf::Bookmarks, number).unwrap();
        }
        assert_eq!(numbers(&test, "a", Shelf::Bookmarks), [1, 3, 2]);
        assert!(numbers(&test, "b", Shelf::Bookmarks).is_empty());
        assert!(numbers(&test, "a", Shelf::Recent).is_empty());
        let three = ArticleNumber { main: 3, sub: 0 };
        let drop = || test.vault.write(|tx| take(tx, "a", "某法", three)).unwrap();
        assert!(drop());
        assert!(!drop());
        // Of what was read, the last fifty.
        for number in 1..=60 {
            put("b", Shelf::Recent, number).unwrap();
        }
        let read = numbers(&test, "b", Shelf::Recent);
        assert_eq!((read.len(), read[0], read[49]), (50, 60, 11));
        // Nobody without a slot has a shelf, and it goes with the slot.
        assert!(put("c", Shelf::Recent, 1).is_err());
        let gone =
            |tx: &Transaction<'_>| Ok(tx.execute("DELETE FROM officer WHERE officer = 'b'", [])?);
        test.vault.write(gone).unwrap();
        assert!(numbers(&test, "b", Shelf::Recent).is_empty());
        assert_eq!(numbers(&test, "a", Shelf::Bookmarks), [1, 2]);
    }

    #[test]
    fn bookmarks_have_an_end_and_none_is_lost_at_it() {
        let test = TestVault::new();
        slot(&test, "a");
        let put = |number| {
            test.vault
                .write(|tx| put(tx, "a", Shelf::Bookmarks, &article(number)))
        };
        for number in 1..=500 {
            put(number).unwrap();
        }
        assert_eq!(put(501), Err(Error::Pack(PackFault::Full)));
        put(7).unwrap();
        let all = numbers(&test, "a", Shelf::Bookmarks);
        assert_eq!((all.len(), all[0], all[499]), (500, 7, 1));
    }
}
