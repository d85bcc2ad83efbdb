//! Files that belong to a run or to one of its trials.

use crate::error::{Problem, StoreError};
use crate::table::trials;
use crate::{RunId, Store};
use bakeoff_core::trial::TrialKey;
use rusqlite::{OptionalExtension, params};

/// An artifact without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactHead {
    /// Its number.
    pub id: i64,
    /// Such as `report.html`.
    pub name: String,
    /// Such as `text/html`.
    pub media_type: String,
    /// Its length in bytes.
    pub size: u32,
}

/// An artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Such as `report.html`.
    pub name: String,
    /// Such as `text/html`.
    pub media_type: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Keeps an artifact of a run, or of one of its trials that has ended; returns its number.
    pub async fn add_artifact(
        &self,
        run: RunId,
        trial: Option<TrialKey>,
        artifact: Artifact,
    ) -> Result<i64, StoreError> {
        self.write_own(run, move |connection| {
            let trial = match trial {
                None => None,
                Some(key) => {
                    Some(trials::find(connection, run, key)?.map(|(id, _)| id).ok_or_else(|| {
                        let what =
                            format!("ended trial (case {}, variant {}) in run #{run}", key.case, key.variant);
                        StoreError::from(Problem::NotFound { what })
                    })?)
                }
            };
            connection
                .prepare_cached(
                    "INSERT INTO artifacts (run, trial, name, media_type, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![run, trial, artifact.name, artifact.media_type, artifact.bytes])?;
            Ok(connection.last_insert_rowid())
        })
        .await
    }

    /// The artifacts of one trial, or with `None` of the run as a whole, oldest first. Blocks.
    pub fn artifacts(&self, run: RunId, trial: Option<TrialKey>) -> Result<Vec<ArtifactHead>, StoreError> {
        self.read(|transaction| {
            let trial = match trial {
                None => None,
                Some(key) => match trials::find(transaction, run, key)? {
                    Some((id, _)) => Some(id),
                    None => return Ok(Vec::new()),
                },
            };
            let mut select = transaction.prepare_cached(
                "SELECT id, name, media_type, length(bytes) FROM artifacts
                 WHERE run = ?1 AND trial IS ?2 ORDER BY id",
            )?;
            let heads = select
                .query_map(params![run, trial], |row| {
                    Ok(ArtifactHead {
                        id: row.get(0)?,
                        name: row.get(1)?,
                        media_type: row.get(2)?,
                        size: row.get(3)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(heads)
        })
    }

    /// An artifact with its bytes. Blocks.
    pub fn artifact(&self, id: i64) -> Result<Option<Artifact>, StoreError> {
        self.read(|transaction| {
            let mut select =
                transaction.prepare_cached("SELECT name, media_type, bytes FROM artifacts WHERE id = ?1")?;
            let read = |row: &rusqlite::Row<'_>| {
                Ok(Artifact { name: row.get(0)?, media_type: row.get(1)?, bytes: row.get(2)? })
            };
            Ok(select.query_row([id], read).optional()?)
        })
    }
}
