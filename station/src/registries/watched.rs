//! People and things that are asked about out of curiosity: the agency's list of celebrities, an
//! officer's relatives. They are known here by a keyed hash alone, so the list itself tells nobody
//! who is on it.
//!
//! CSV with the header `registry,key,list,officer`. `list` is a word (`celebrity`, `relative` …);
//! with an officer, only that one's questions are noticed. An import replaces all that was known.

use custos_protocol::{
    id,
    lookup::query::{Registry, Subject},
};

use super::{ImportError, Table};
use crate::store::lookups;

const COLUMNS: [&str; 4] = ["registry", "key", "list", "officer"];

impl Table {
    /// Takes in a list; gives the number of its lines.
    ///
    /// # Errors
    /// [`ImportError`]: what was known stays as it was.
    pub(crate) async fn watch(
        &self,
        csv: &[u8],
        key: &ring::hmac::Key,
    ) -> Result<u64, ImportError> {
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(csv);
        let header = reader.headers().map_err(|_| ImportError::Header)?;
        if !header.iter().map(str::trim).eq(COLUMNS) {
            return Err(ImportError::Header);
        }
        let mut tx = self.0.begin().await?;
        sqlx::query("DELETE FROM watched").execute(&mut *tx).await?;
        let mut number = 0;
        for row in reader.records() {
            let line = number + 2;
            let row = row.map_err(|_| ImportError::Row(line))?;
            let [registry, typed, list, officer] = [0, 1, 2, 3].map(|at| row[at].trim());
            let registry: Registry = registry.parse().map_err(|_| ImportError::Row(line))?;
            if !id::is_safe(list) || !(officer.is_empty() || id::is_safe(officer)) {
                return Err(ImportError::Row(line));
            }
            let subject = Subject::parse(registry, typed)
                .map_err(|error| ImportError::Subject { line, error })?;
            sqlx::query("INSERT OR IGNORE INTO watched (mac, list, officer) VALUES (?1, ?2, ?3)")
                .bind(lookups::mac(key, registry.as_str(), &subject.key))
                .bind(list)
                .bind(officer)
                .execute(&mut *tx)
                .await?;
            number += 1;
        }
        tx.commit().await?;
        Ok(number)
    }

    /// The lists with this subject that count for this officer.
    pub(super) async fn watched(
        &self,
        mac: &[u8],
        officer: &str,
    ) -> Result<Vec<String>, sqlx::Error> {
        let lists: Vec<(String,)> = sqlx::query_as(
            "SELECT DISTINCT list FROM watched WHERE mac = ?1 AND officer IN ('', ?2) ORDER BY list",
        )
        .bind(mac)
        .bind(officer)
        .fetch_all(&self.0)
        .await?;
        Ok(lists.into_iter().map(|(list,)| list).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_list_is_kept_by_keyed_hashes_and_counts_for_whom_it_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("registries.db");
        let table = Table::open(&path).await.unwrap();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[7; 32]);
        let list = "registry,key,list,officer\n\
                    person,11010519491231002X,celebrity,\n\
                    vehicle,京A·12345,relative,100234\n";
        assert_eq!(table.watch(list.as_bytes(), &key).await.unwrap(), 2);
        let mac = |registry: &str, subject: &str| lookups::mac(&key, registry, subject);
        let star = mac("person", "11010519491231002X");
        let car = mac("vehicle", "京A12345");
        let watched = async |mac: &[u8], officer: &str| table.watched(mac, officer).await.unwrap();
        assert_eq!(watched(&star, "100317").await, ["celebrity"]);
        assert_eq!(watched(&car, "100234").await, ["relative"]);
        assert!(watched(&car, "100317").await.is_empty());
        let wrong = "registry,key,list,officer\nperson,1,celebrity,\n";
        assert!(table.watch(wrong.as_bytes(), &key).await.is_err());
        assert_eq!(watched(&star, "100317").await, ["celebrity"], "it stays");

        table.close().await;
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let names = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(!names("11010519491231002X") && !names("京A12345"));
        }
    }
}
