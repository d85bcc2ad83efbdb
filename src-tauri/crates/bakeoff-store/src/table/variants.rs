//! Variants, frozen: what each run used, whatever happens to the files.

use crate::error::StoreError;
use crate::{RunId, Store};
use bakeoff_core::trial::Millis;
use bakeoff_core::variant::Variant;
use rusqlite::{Connection, params};

/// A variant to be stored with a run.
#[derive(Debug, Clone, PartialEq)]
pub struct NewVariant {
    /// The checked variant.
    pub variant: Variant,
    /// The whole file as it is.
    pub text: String,
}

/// A variant of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunVariant {
    /// Its index in the run.
    pub index: u16,
    /// Hash of everything that decides a trial.
    pub hash: String,
    /// The checked variant.
    pub variant: Variant,
    /// The whole file as it was.
    pub text: String,
}

/// A content that a variant of some name once had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantVersion {
    /// Hash of everything that decides a trial.
    pub hash: String,
    /// The whole file as it was in that run.
    pub text: String,
    /// The first run that used it.
    pub run: RunId,
    /// When that run was created.
    pub at: Millis,
}

impl Store {
    /// The variants of a run, by index. Blocks.
    pub fn run_variants(&self, run: RunId) -> Result<Vec<RunVariant>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT rv.variant, rv.hash, v.checked, rv.name, rv.description, rv.tags, rv.text
                 FROM run_variants rv JOIN variants v ON v.hash = rv.hash WHERE rv.run = ?1 ORDER BY rv.variant",
            )?;
            let mut variants = Vec::new();
            let mut rows = select.query([run])?;
            while let Some(row) = rows.next()? {
                let name: String = row.get(3)?;
                let unreadable =
                    |error| StoreError::unreadable(format!("variant `{name}` of run #{run}"), &error);
                let mut variant: Variant =
                    serde_json::from_str(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)
                        .map_err(unreadable)?;
                variant.description = row.get(4)?;
                variant.tags = serde_json::from_str(row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?)
                    .map_err(unreadable)?;
                variant.name = name;
                variants.push(RunVariant { index: row.get(0)?, hash: row.get(1)?, variant, text: row.get(6)? });
            }
            Ok(variants)
        })
    }

    /// Every content that variants of this name had in some run, each with the first run that used it; newest
    /// first. Blocks.
    pub fn variant_versions(&self, name: &str) -> Result<Vec<VariantVersion>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT rv.hash, rv.text, min(rv.run), r.created_at FROM run_variants rv JOIN runs r ON r.id = rv.run
                 WHERE rv.name = ?1 GROUP BY rv.hash ORDER BY min(rv.run) DESC",
            )?;
            let versions = select
                .query_map([name], |row| {
                    Ok(VariantVersion { hash: row.get(0)?, text: row.get(1)?, run: row.get(2)?, at: row.get(3)? })
                })?
                .collect::<Result<_, _>>()?;
            Ok(versions)
        })
    }
}

/// Writes the variants of a run.
pub(crate) fn insert(connection: &Connection, run: RunId, variants: &[NewVariant]) -> Result<(), StoreError> {
    for (index, new) in (0_i64..).zip(variants) {
        let variant = &new.variant;
        let hash = variant.content_hash();
        let deciding =
            Variant { name: String::new(), description: None, tags: Vec::new(), ..variant.clone() };
        connection
            .prepare_cached("INSERT OR IGNORE INTO variants (hash, checked) VALUES (?1, ?2)")?
            .execute(params![hash, json(&deciding, "a variant")?])?;
        connection
            .prepare_cached(
                "INSERT INTO run_variants (run, variant, name, hash, description, tags, text)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                run,
                index,
                variant.name,
                hash,
                variant.description,
                json(&variant.tags, "a variant's tags")?,
                new.text
            ])?;
    }
    Ok(())
}

/// A checked value as JSON.
pub(crate) fn json<T: serde::Serialize>(value: &T, what: &str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::unreadable(what.to_owned(), &error))
}

/// Drops contents that no run uses any more.
pub(crate) fn remove_unused(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("DELETE FROM variants WHERE hash NOT IN (SELECT hash FROM run_variants)", [])?;
    Ok(())
}
