//! How far each run has been written to each MLflow server: an outbox whose contents are the trials themselves.

use crate::error::StoreError;
use crate::table::runs;
use crate::table::variants::json;
use crate::{RunId, Store};
use bakeoff_core::trial::Millis;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, params};
use serde_json::{Map, Value};

/// Whether there is more to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportState {
    /// There is, or there may be.
    Pending,
    /// The server has everything of the run.
    Done,
    /// It was given up until somebody asks for it again; the error says why.
    Failed,
}

impl ExportState {
    const ALL: [ExportState; 3] = [ExportState::Pending, ExportState::Done, ExportState::Failed];

    /// The name in the database.
    pub fn name(self) -> &'static str {
        match self {
            ExportState::Pending => "pending",
            ExportState::Done => "done",
            ExportState::Failed => "failed",
        }
    }
}

impl ToSql for ExportState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for ExportState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        Self::ALL.into_iter().find(|state| state.name() == name).ok_or(FromSqlError::InvalidType)
    }
}

/// How far a run has been written to a server.
#[derive(Debug, Clone, PartialEq)]
pub struct MlflowExport {
    /// The run.
    pub run: RunId,
    /// The server. Never with a password in it.
    pub tracking_uri: String,
    /// The experiment there.
    pub experiment: String,
    /// The number of the last trial that the server has; 0: none. What comes after it is still to be sent
    /// ([`Store::exported_trials`]).
    pub position: u32,
    /// Whether there is more to send.
    pub state: ExportState,
    /// What the exporter must know of the other side, such as the server's own identifiers.
    pub remote: Map<String, Value>,
    /// What went wrong last, for people.
    pub error: Option<String>,
    /// When this was written.
    pub updated_at: Millis,
}

impl Store {
    /// Keeps how far a run has been written; replaces what was kept for the same run and server. Any program may.
    pub async fn set_mlflow_export(&self, export: MlflowExport) -> Result<(), StoreError> {
        self.write(move |connection| {
            runs::require(connection, export.run)?;
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO mlflow_exports
                         (run, tracking_uri, experiment, position, state, remote, error, updated_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    export.run,
                    export.tracking_uri,
                    export.experiment,
                    export.position,
                    export.state,
                    json(&export.remote, "the other side of an export")?,
                    export.error,
                    export.updated_at
                ])?;
            Ok(())
        })
        .await
    }

    /// The exports of one run, or of all, by run and server. Blocks.
    pub fn mlflow_exports(&self, run: Option<RunId>) -> Result<Vec<MlflowExport>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT run, tracking_uri, experiment, position, state, remote, error, updated_at
                 FROM mlflow_exports WHERE ?1 IS NULL OR run = ?1 ORDER BY run, tracking_uri",
            )?;
            let mut exports = Vec::new();
            let mut rows = select.query([run])?;
            while let Some(row) = rows.next()? {
                exports.push(read(row)?);
            }
            Ok(exports)
        })
    }
}

fn read(row: &Row<'_>) -> Result<MlflowExport, StoreError> {
    let run = row.get(0)?;
    let remote = serde_json::from_str(row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?)
        .map_err(|error| StoreError::unreadable(format!("the export of run #{run}"), &error))?;
    Ok(MlflowExport {
        run,
        tracking_uri: row.get(1)?,
        experiment: row.get(2)?,
        position: row.get(3)?,
        state: row.get(4)?,
        remote,
        error: row.get(6)?,
        updated_at: row.get(7)?,
    })
}
