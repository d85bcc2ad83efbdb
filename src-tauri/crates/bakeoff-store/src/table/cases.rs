//! Cases: every content once, and which run tried which.

use crate::error::StoreError;
use crate::table::trial_page::like;
use crate::{RunId, Store};
use bakeoff_core::dataset::Case;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::value::RawValue;

/// A case to be stored with a run.
#[derive(Debug, Clone)]
pub struct NewCase {
    /// The row.
    pub case: Case,
    /// The class that it expects, where expected values are labels.
    pub expected: Option<String>,
    /// The beginning of its input, for lists.
    pub preview: String,
}

/// A case of a run, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseHead {
    /// Its index in the run.
    pub index: u32,
    /// Its id.
    pub case_id: String,
    /// The class that it expects.
    pub expected: Option<String>,
    /// The beginning of its input.
    pub preview: String,
    /// The number of its content: equal in two runs exactly when the rows are equal.
    pub content: i64,
}

/// A case of a run with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCase {
    /// What lists show.
    pub head: CaseHead,
    /// The row as one JSON object.
    pub json: String,
}

const HEAD: &str = "rc.case_index, rc.case_id, rc.expected, rc.preview, rc.content";

impl Store {
    /// One case of a run. Blocks.
    pub fn case(&self, run: RunId, index: u32) -> Result<Option<StoredCase>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(&format!(
                "SELECT {HEAD}, c.json FROM run_cases rc JOIN cases c ON c.id = rc.content
                 WHERE rc.run = ?1 AND rc.case_index = ?2"
            ))?;
            Ok(select.query_row(params![run, index], read).optional()?)
        })
    }

    /// Hands every case of a run to `each`, in order, one at a time. Blocks.
    pub fn each_case(&self, run: RunId, mut each: impl FnMut(StoredCase)) -> Result<(), StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(&format!(
                "SELECT {HEAD}, c.json FROM run_cases rc JOIN cases c ON c.id = rc.content
                 WHERE rc.run = ?1 ORDER BY rc.case_index"
            ))?;
            let mut rows = select.query([run])?;
            while let Some(row) = rows.next()? {
                each(read(row)?);
            }
            Ok(())
        })
    }

    /// The cases of a run as they were when it was created, in order, to run what remains of it. Blocks.
    pub fn load_cases(&self, run: RunId) -> Result<Vec<Case>, StoreError> {
        let mut cases = Vec::new();
        let mut problem = None;
        self.each_case(run, |stored| match RawValue::from_string(stored.json) {
            Ok(json) => cases.push(Case { id: stored.head.case_id.into(), json }),
            Err(error) => problem = Some((stored.head.index, error)),
        })?;
        match problem {
            Some((index, error)) => {
                Err(StoreError::unreadable(format!("case {index} of run #{run}"), &error))
            }
            None => Ok(cases),
        }
    }

    /// A page of the heads of a run's cases, in order, and how many match. `search`: only cases whose id or preview
    /// contains the text (upper and lower case of a–z alike). Blocks.
    pub fn find_cases(
        &self,
        run: RunId,
        search: Option<&str>,
        offset: u32,
        limit: u32,
    ) -> Result<(Vec<CaseHead>, u32), StoreError> {
        self.read(|transaction| {
            let pattern = search.map(like);
            let condition = "rc.run = ?1
                AND (?2 IS NULL OR rc.case_id LIKE ?2 ESCAPE '\\' OR rc.preview LIKE ?2 ESCAPE '\\')";
            let total = transaction
                .prepare_cached(&format!("SELECT count(*) FROM run_cases rc WHERE {condition}"))?
                .query_row(params![run, pattern], |row| row.get(0))?;
            let mut select = transaction.prepare_cached(&format!(
                "SELECT {HEAD} FROM run_cases rc WHERE {condition} ORDER BY rc.case_index LIMIT ?3 OFFSET ?4"
            ))?;
            let heads = select
                .query_map(params![run, pattern, limit, offset], read_head)?
                .collect::<Result<_, _>>()?;
            Ok((heads, total))
        })
    }

    /// For each case of a run, in order, the number of its content: equal in two runs exactly when the rows are
    /// equal. Blocks.
    pub fn case_contents(&self, run: RunId) -> Result<Vec<i64>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction
                .prepare_cached("SELECT content FROM run_cases WHERE run = ?1 ORDER BY case_index")?;
            let contents = select.query_map([run], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(contents)
        })
    }
}

fn read_head(row: &Row<'_>) -> rusqlite::Result<CaseHead> {
    Ok(CaseHead {
        index: row.get(0)?,
        case_id: row.get(1)?,
        expected: row.get(2)?,
        preview: row.get(3)?,
        content: row.get(4)?,
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredCase> {
    Ok(StoredCase { head: read_head(row)?, json: row.get(5)? })
}

/// SHA-256 as 32 bytes, half the size of the usual digits.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digits = bakeoff_core::hash::sha256_hex(bytes);
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = pair.iter().fold(0, |value, digit| value << 4 | hex_value(*digit));
    }
    hash
}

fn hex_value(digit: u8) -> u8 {
    match digit {
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'0'),
    }
}

/// Writes the cases of a run; returns how many there are.
pub(crate) fn insert(
    connection: &Connection,
    run: RunId,
    cases: impl Iterator<Item = NewCase>,
) -> Result<u32, StoreError> {
    let mut find = connection.prepare_cached("SELECT id FROM cases WHERE hash = ?1")?;
    let mut add = connection.prepare_cached("INSERT INTO cases (hash, json) VALUES (?1, ?2)")?;
    let mut link = connection.prepare_cached(
        "INSERT INTO run_cases (run, case_index, content, case_id, expected, preview)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut count = 0;
    for new in cases {
        let json = new.case.json.get();
        let hash = sha256(json.as_bytes());
        let content = match find.query_row([&hash[..]], |row| row.get(0)).optional()? {
            Some(id) => id,
            None => add.insert(params![&hash[..], json])?,
        };
        link.execute(params![run, count, content, &*new.case.id, new.expected, new.preview])?;
        count += 1;
    }
    Ok(count)
}

/// Drops contents that no run uses any more.
pub(crate) fn remove_unused(connection: &Connection) -> Result<(), StoreError> {
    connection.execute(
        "DELETE FROM cases WHERE NOT EXISTS (SELECT 1 FROM run_cases rc WHERE rc.content = cases.id)",
        [],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_hash_are_its_digits() {
        let digits: String = sha256(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digits, bakeoff_core::hash::sha256_hex(b"abc"));
    }
}
