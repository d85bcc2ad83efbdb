//! How far each run has been written to each MLflow server: an outbox whose contents are the trials themselves.

use crate::error::StoreError;
use crate::table::numbers::last_number;
use crate::table::runs;
use crate::table::state::RunState;
use crate::table::variants::json;
use crate::{RunId, Store};
use bakeoff_core::trial::Millis;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
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

/// Where a run stands at the moment in which its export is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportedRun {
    /// The run's state.
    pub state: RunState,
    /// The number of its trial that ended last; 0: none has.
    pub last_number: u32,
}

impl Store {
    /// Keeps how far a run has been written; replaces what was kept for the same run and server. Any program may.
    pub async fn set_mlflow_export(&self, export: MlflowExport) -> Result<(), StoreError> {
        self.write(move |connection| {
            runs::require(connection, export.run)?;
            write(connection, &export)
        })
        .await
    }

    /// Notes that there is (again) something of a run to write to a server: the export is pending, without an error,
    /// from the position that was reached before, or from the start.
    pub async fn ask_for_mlflow_export(
        &self,
        run: RunId,
        tracking_uri: String,
        experiment: String,
        at: Millis,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            runs::require(connection, run)?;
            let known = find(connection, run, &tracking_uri)?;
            let position = known.map_or(0, |known| known.position);
            let state = ExportState::Pending;
            let (remote, error) = (Map::new(), None);
            write(
                connection,
                &MlflowExport {
                    run,
                    tracking_uri,
                    experiment,
                    position,
                    state,
                    remote,
                    error,
                    updated_at: at,
                },
            )
        })
        .await
    }

    /// Changes how far a run has been written. `change` is given what is kept and where the run stands, in the
    /// transaction that also writes its result, so that two programs never undo each other's changes. Nothing is
    /// written when nothing is kept or `change` gives `None`.
    pub async fn change_mlflow_export(
        &self,
        run: RunId,
        tracking_uri: String,
        change: impl FnOnce(MlflowExport, ExportedRun) -> Option<MlflowExport> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let Some(known) = find(connection, run, &tracking_uri)? else { return Ok(()) };
            let mut select = connection.prepare_cached("SELECT state FROM runs WHERE id = ?1")?;
            let state = select.query_row([run], |row| row.get(0))?;
            let stands = ExportedRun { state, last_number: last_number(connection, run)? };
            change(known, stands).map_or(Ok(()), |changed| write(connection, &changed))
        })
        .await
    }

    /// The exports of one run, or of all, by run and server. Blocks.
    pub fn mlflow_exports(&self, run: Option<RunId>) -> Result<Vec<MlflowExport>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(&format!(
                "{SELECT} WHERE ?1 IS NULL OR run = ?1 ORDER BY run, tracking_uri"
            ))?;
            let mut exports = Vec::new();
            let mut rows = select.query([run])?;
            while let Some(row) = rows.next()? {
                exports.push(read(row)?);
            }
            Ok(exports)
        })
    }
}

const SELECT: &str =
    "SELECT run, tracking_uri, experiment, position, state, remote, error, updated_at FROM mlflow_exports";

fn find(connection: &Connection, run: RunId, tracking_uri: &str) -> Result<Option<MlflowExport>, StoreError> {
    let mut select = connection.prepare_cached(&format!("{SELECT} WHERE run = ?1 AND tracking_uri = ?2"))?;
    select.query_row(params![run, tracking_uri], |row| Ok(read(row))).optional()?.transpose()
}

fn write(connection: &Connection, export: &MlflowExport) -> Result<(), StoreError> {
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
