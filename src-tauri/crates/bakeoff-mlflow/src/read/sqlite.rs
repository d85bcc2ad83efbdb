//! MLflow's SQLite stores. Tables and columns came over the years, so they are looked for instead of expected.

use super::{ExperimentRow, Runs, sort};
use crate::client::ExperimentInfo;
use crate::error::{MlflowError, Result};
use crate::run::{Run, RunStatus};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

/// How long another program's write is waited for.
const BUSY: Duration = Duration::from_secs(10);

/// All experiments that aren't deleted, newest first, with their runs counted.
pub(super) fn experiments(path: &Path) -> Result<Vec<ExperimentRow>> {
    let store = Store::open(path)?;
    let alive = store.active("runs", "r");
    let counts =
        format!("SELECT r.experiment_id, COUNT(*) FROM runs r WHERE {alive} GROUP BY r.experiment_id");
    let counts: HashMap<String, u64> = store
        .rows(&counts, &[], |row| Ok((text(row, 0)?, row.get::<_, i64>(1)?.cast_unsigned())))?
        .into_iter()
        .collect();
    let found = store.experiments()?.into_iter().filter(|info| info.active);
    let counted = |info: ExperimentInfo| {
        let runs = counts.get(&info.id).copied().unwrap_or(0);
        ExperimentRow { runs, ..ExperimentRow::without_runs(info) }
    };
    Ok(found.map(counted).collect())
}

/// All experiments, deleted ones too.
pub(super) fn names(path: &Path) -> Result<Vec<ExperimentInfo>> {
    Store::open(path)?.experiments()
}

/// The runs of an experiment, newest first; `None`: there is no such experiment.
pub(super) fn runs(path: &Path, name: &str) -> Result<Option<Runs>> {
    let store = Store::open(path)?;
    let found = store.experiments()?;
    let mut same = found.iter().filter(|info| info.name == name);
    let Some(first) = same.next() else { return Ok(None) };
    if !first.active && !same.any(|info| info.active) {
        return Err(MlflowError::ExperimentDeleted { name: name.to_owned() });
    }
    let id = found.iter().find(|info| info.name == name && info.active).map_or(&first.id, |info| &info.id);
    let mut runs = store.runs(id)?;
    sort(&mut runs);
    Ok(Some(Runs { runs, warnings: Vec::new() }))
}

struct Store {
    connection: Connection,
    path: String,
    columns: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Store {
    fn open(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let failed = |why: String| MlflowError::Store { path: shown.clone(), why };
        if !path.is_file() {
            return Err(failed("there is no such file".to_owned()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|error| failed(error.to_string()))?;
        connection.busy_timeout(BUSY).map_err(|error| failed(error.to_string()))?;
        // One transaction, so that all tables are of the same moment.
        connection.execute_batch("BEGIN").map_err(|error| failed(error.to_string()))?;
        let mut store = Self { connection, path: shown, columns: BTreeMap::new() };
        for table in ["experiments", "runs", "params", "metrics", "latest_metrics", "tags"] {
            let columns = store.rows("SELECT name FROM pragma_table_info(?1)", &[table], |row| row.get(0))?;
            store.columns.insert(table, columns.into_iter().collect());
        }
        let missing: Vec<&str> = ["experiments", "runs", "params", "metrics", "tags"]
            .into_iter()
            .filter(|table| store.columns.get(table).is_none_or(BTreeSet::is_empty))
            .collect();
        if missing.is_empty() {
            return Ok(store);
        }
        let tables = missing.join(", ");
        Err(store.failed(&format!("it has no table {tables}. Is this a database that MLflow has made?")))
    }

    fn failed(&self, why: &str) -> MlflowError {
        MlflowError::Store { path: self.path.clone(), why: why.to_owned() }
    }

    fn has(&self, table: &str, column: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// The column, or NULL in stores of before it came.
    fn or_null(&self, table: &str, alias: &str, column: &str) -> String {
        if self.has(table, column) { format!("{alias}.{column}") } else { "NULL".to_owned() }
    }

    fn active(&self, table: &str, alias: &str) -> String {
        match self.has(table, "lifecycle_stage") {
            true => format!("({alias}.lifecycle_stage IS NULL OR {alias}.lifecycle_stage = 'active')"),
            false => "1".to_owned(),
        }
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: &[&str],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let result = || {
            let mut select = self.connection.prepare(sql)?;
            let rows = select.query_map(rusqlite::params_from_iter(values), read)?;
            rows.collect::<rusqlite::Result<Vec<T>>>()
        };
        result().map_err(|error| self.failed(&error.to_string()))
    }

    /// Newest first.
    fn experiments(&self) -> Result<Vec<ExperimentInfo>> {
        let (created, active) =
            (self.or_null("experiments", "e", "creation_time"), self.active("experiments", "e"));
        let sql = format!(
            "SELECT e.experiment_id, e.name, {created}, {active} FROM experiments e
             ORDER BY {created} DESC, e.experiment_id DESC"
        );
        self.rows(&sql, &[], |row| {
            Ok(ExperimentInfo {
                id: text(row, 0)?,
                name: text(row, 1)?,
                created_at: row.get(2)?,
                active: row.get(3)?,
            })
        })
    }

    fn runs(&self, experiment: &str) -> Result<Vec<Run>> {
        let (name, active) = (self.or_null("runs", "r", "name"), self.active("runs", "r"));
        let sql = format!(
            "SELECT r.run_uuid, {name}, r.status, r.start_time, r.end_time FROM runs r
             WHERE r.experiment_id = ?1 AND {active}"
        );
        let mut runs = self.rows(&sql, &[experiment], |row| {
            Ok(Run {
                run_id: text(row, 0)?,
                name: text(row, 1)?,
                status: RunStatus::from_name(&text(row, 2)?),
                started_at: row.get(3)?,
                ended_at: row.get(4)?,
                params: BTreeMap::new(),
                metrics: BTreeMap::new(),
                tags: BTreeMap::new(),
            })
        })?;
        let index: HashMap<String, usize> =
            runs.iter().enumerate().map(|(index, run)| (run.run_id.clone(), index)).collect();
        for table in ["params", "tags"] {
            for (run, key, value) in self.texts(table, experiment)? {
                if let Some(run) = index.get(&run).and_then(|index| runs.get_mut(*index)) {
                    let place = if table == "tags" { &mut run.tags } else { &mut run.params };
                    place.insert(key, value);
                }
            }
        }
        for (run, key, value) in self.metrics(experiment)? {
            if let Some(run) = index.get(&run).and_then(|index| runs.get_mut(*index)) {
                run.metrics.insert(key, value);
            }
        }
        for run in runs.iter_mut().filter(|run| run.name.is_empty()) {
            run.name = run.tags.get("mlflow.runName").cloned().unwrap_or_default();
        }
        Ok(runs)
    }

    fn texts(&self, table: &str, experiment: &str) -> Result<Vec<(String, String, String)>> {
        let sql = format!(
            "SELECT t.run_uuid, t.key, t.value FROM {table} t
             WHERE t.run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id = ?1)"
        );
        self.rows(&sql, &[experiment], |row| Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?)))
    }

    /// The latest value of each metric: by step, then time, then value, as MLflow defines it.
    fn metrics(&self, experiment: &str) -> Result<Vec<(String, String, f64)>> {
        let of_latest = self.columns.get("latest_metrics").is_some_and(|columns| !columns.is_empty());
        let table = if of_latest { "latest_metrics" } else { "metrics" };
        let (nan, step) = (self.or_null(table, "m", "is_nan"), self.or_null(table, "m", "step"));
        // Later rows replace earlier ones, so the order decides.
        let order = if of_latest { String::new() } else { format!("ORDER BY {step}, m.timestamp, m.value") };
        let sql = format!(
            "SELECT m.run_uuid, m.key, m.value, COALESCE({nan}, 0) FROM {table} m
             WHERE m.run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id = ?1) {order}"
        );
        self.rows(&sql, &[experiment], |row| {
            let value: Option<f64> = row.get(2)?;
            let value = if row.get::<_, bool>(3)? { f64::NAN } else { value.unwrap_or(f64::NAN) };
            Ok((text(row, 0)?, text(row, 1)?, value))
        })
    }
}

/// A text, also where SQLite keeps a number; empty for NULL.
fn text(row: &Row<'_>, index: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    })
}
