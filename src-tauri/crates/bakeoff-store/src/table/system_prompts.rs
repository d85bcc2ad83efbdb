//! System prompts, each text once.

use crate::error::StoreError;
use crate::table::cases::sha256;
use rusqlite::{Connection, OptionalExtension, params};

/// The row of a text, added where it is new.
pub(crate) fn intern(connection: &Connection, text: &str) -> Result<i64, StoreError> {
    let hash = sha256(text.as_bytes());
    let known = connection
        .prepare_cached("SELECT id FROM system_prompts WHERE hash = ?1")?
        .query_row([&hash[..]], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    connection
        .prepare_cached("INSERT INTO system_prompts (hash, text) VALUES (?1, ?2)")?
        .execute(params![&hash[..], text])?;
    Ok(connection.last_insert_rowid())
}

/// Drops texts that no trial uses any more.
pub(crate) fn remove_unused(connection: &Connection) -> Result<(), StoreError> {
    connection.execute(
        "DELETE FROM system_prompts WHERE NOT EXISTS
             (SELECT 1 FROM trial_texts t WHERE t.system_prompt = system_prompts.id)
         AND NOT EXISTS (SELECT 1 FROM steps s WHERE s.system_prompt = system_prompts.id)",
        [],
    )?;
    Ok(())
}
