//! An `operator.db` that Operator is working with: binding a trial's tickets to a variant, and following what comes of
//! them.
//!
//! The binding is a trigger, so that a ticket carries its variant from the instant at which it is inserted: no poller,
//! however fast, can see it without. Trigger and table are taken away at the end. A file with a lock on it says that
//! their owner lives; when the lock is gone they are stale, and whoever comes next takes them away.

use crate::convert::agent::audit_entry;
use crate::operator_db::{
    ENTRIES, ENTRY_COLUMNS, OperatorEntry, OperatorSession, OperatorTicket, SESSION_COLUMNS, SESSIONS,
    TICKET_COLUMNS, TICKETS, entry, session, ticket,
};
use crate::snapshot::{Record, rows};
use crate::time::Zone;
use bakeoff_core::lab::TicketStatus;
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::SubjectError;
use bakeoff_core::ports::operator::{Binding, Operator, OperatorEnd, OperatorLook, OperatorTrial};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Another program's write is waited for this long.
const BUSY: Duration = Duration::from_secs(5);
/// The trigger and the table that it reads.
const TRIGGER: &str = "bakeoff_bind_ticket";
const TABLE: &str = "bakeoff_binding";
/// Makes the names of marks differ within a process.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// Binds tickets in files of Operator.
#[derive(Debug, Clone)]
pub struct LiveOperator {
    root: PathBuf,
    marks: PathBuf,
}

impl LiveOperator {
    /// Relative paths are in `root`; `marks` is a folder of this program's own, for the locks.
    pub fn new(root: impl Into<PathBuf>, marks: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), marks: marks.into() }
    }
}

impl Operator for LiveOperator {
    fn bind<'a>(
        &'a self,
        path: PathBuf,
        binding: Binding,
    ) -> BoxFuture<'a, Result<Box<dyn OperatorTrial>, SubjectError>> {
        let (path, marks) = (self.root.join(path), self.marks.clone());
        Box::pin(async move {
            let bound = blocking(move || Bound::open(path, &marks, binding)).await?;
            Ok(Box::new(Live(Arc::new(Mutex::new(bound)))) as Box<dyn OperatorTrial>)
        })
    }
}

struct Live(Arc<Mutex<Bound>>);

impl OperatorTrial for Live {
    fn look(&mut self) -> BoxFuture<'_, Result<OperatorLook, SubjectError>> {
        let bound = Arc::clone(&self.0);
        Box::pin(blocking(move || bound.lock().unwrap_or_else(PoisonError::into_inner).look()))
    }

    fn release(&mut self) -> BoxFuture<'_, Result<(), SubjectError>> {
        let bound = Arc::clone(&self.0);
        Box::pin(blocking(move || bound.lock().unwrap_or_else(PoisonError::into_inner).release()))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SubjectError> + Send + 'static,
) -> Result<T, SubjectError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(passing(format!("Reading operator.db broke: {error}"))))
}

/// Takes away what killed programs left bound, by their marks.
pub fn sweep(marks: &Path) {
    let Ok(entries) = std::fs::read_dir(marks) else { return };
    for mark in entries.flatten().map(|entry| entry.path()) {
        let Ok(file) = File::open(&mark) else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        let Ok(path) = std::fs::read_to_string(&mark) else { continue };
        let cleaned = match Path::new(&path).is_file() {
            true => open(Path::new(&path)).and_then(|mut connection| {
                let transaction = immediate(&mut connection)?;
                if owner(&transaction)?.is_some_and(|(owner, _)| Path::new(&owner) == mark) {
                    unbind(&transaction)?;
                }
                transaction.commit().map_err(sql)
            }),
            // With the file its trigger is gone.
            false => Ok(()),
        };
        if cleaned.is_ok() {
            let _ = std::fs::remove_file(&mark);
        }
    }
}

struct Bound {
    connection: Connection,
    path: PathBuf,
    binding: Binding,
    zone: Zone,
    /// Later tickets are of this trial.
    after: i64,
    /// The one that is followed, once an agent works on it.
    taken: Option<i64>,
    /// The last line of a log that was told.
    told: i64,
    /// Locked for as long as this lives.
    mark: Option<(PathBuf, File)>,
}

impl Bound {
    fn open(path: PathBuf, marks: &Path, binding: Binding) -> Result<Self, SubjectError> {
        if !path.is_file() {
            return Err(lasting(format!(
                "There is no file {}; start Operator with it first.",
                path.display()
            )));
        }
        let mut connection = open(&path)?;
        check_columns(&connection, &path)?;
        let mark = make_mark(marks, &path)?;
        let transaction = immediate(&mut connection)?;
        if let Some((owner, _)) = owner(&transaction)? {
            if is_locked(Path::new(&owner)) {
                let _ = std::fs::remove_file(&mark.0);
                return Err(passing(format!(
                    "Another trial works with {}; one at a time can.",
                    path.display()
                )));
            }
            unbind(&transaction)?;
        }
        let open: Option<(i64, String)> = transaction
            .query_row(
                "SELECT id, violation_key FROM tickets WHERE status <> 'resolved' ORDER BY id LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(sql)?;
        if let Some((id, key)) = open {
            transaction.commit().map_err(sql)?;
            let _ = std::fs::remove_file(&mark.0);
            return Err(passing(format!(
                "Ticket {id} ({key}) of {} is open from before: what this trial breaks would be counted on it. Resolve it \
                 first: operator tickets resolve {id}",
                path.display()
            )));
        }
        let after = transaction
            .query_row("SELECT coalesce(max(id), 0) FROM tickets", [], |row| row.get(0))
            .map_err(sql)?;
        bind(&transaction, &mark.0, after, &binding).map_err(sql)?;
        transaction.commit().map_err(sql)?;
        let zone = Zone::named(None).map_err(lasting)?;
        Ok(Self { connection, path, binding, zone, after, taken: None, told: 0, mark: Some(mark) })
    }

    fn look(&mut self) -> Result<OperatorLook, SubjectError> {
        // One moment for all three tables.
        let transaction = self.connection.unchecked_transaction().map_err(sql)?;
        let zone = &self.zone;
        let tickets: Vec<OperatorTicket> =
            all(&transaction, TICKETS, &TICKET_COLUMNS, &format!("id > {}", self.after), |record| {
                ticket(record, zone)
            })?;
        let sessions: Vec<OperatorSession> =
            all(&transaction, SESSIONS, &SESSION_COLUMNS, "1", |record| session(record, zone))?;
        let sessions_of = |id: i64| sessions.iter().filter(move |one| one.ticket == Some(id));
        let taken = self
            .taken
            .or_else(|| tickets.iter().map(|ticket| ticket.id).find(|id| sessions_of(*id).next().is_some()));
        self.taken = taken;
        let is_open = |ticket: &&OperatorTicket| ticket.status != TicketStatus::Resolved;
        let followed = match taken {
            Some(id) => tickets.iter().find(|ticket| ticket.id == id),
            None => tickets.iter().find(is_open).or(tickets.first()),
        };
        let Some(ticket) = followed else { return Ok(OperatorLook::default()) };
        let own: Vec<&OperatorSession> = sessions_of(ticket.id).collect();
        let condition = format!("id > {}", self.told);
        let lines: Vec<(String, OperatorEntry)> =
            all(&transaction, ENTRIES, &ENTRY_COLUMNS, &condition, |record| entry(record, zone))?;
        let is_own = |name: &str| own.iter().any(|one| one.id == name || one.row.to_string() == name);
        let now = Timestamp::now().as_millisecond();
        let own_lines: Vec<OperatorEntry> =
            lines.into_iter().filter(|(session, _)| is_own(session)).map(|(_, line)| line).collect();
        self.told = own_lines.iter().map(|line| line.id).fold(self.told, i64::max);
        let name = match &self.binding {
            Binding::Variant { name, .. } => Some(name.as_str()),
            Binding::Nobody => None,
        };
        Ok(OperatorLook {
            // The first ticket of the trial is number 1, whatever came before.
            ticket: Some(ticket.ticket(number(&tickets, ticket), name)),
            is_taken: !own.is_empty(),
            news: own_lines.iter().map(|line| audit_entry(line, line.at.unwrap_or(now))).collect(),
            end: end(ticket, &own),
            misbound: misbound(ticket, &self.binding),
        })
    }

    fn release(&mut self) -> Result<(), SubjectError> {
        if self.mark.is_none() {
            return Ok(());
        }
        let transaction = immediate(&mut self.connection)?;
        unbind(&transaction)?;
        transaction.commit().map_err(sql)?;
        if let Some((path, _file)) = self.mark.take() {
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Err(error) = self.release() {
            // The mark stays without its lock, so that the next start takes the binding away.
            let path = self.path.display();
            eprintln!(
                "the binding in {path} could not be taken away, the next start does: {}",
                error.message
            );
        }
    }
}

fn open(path: &Path) -> Result<Connection, SubjectError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| lasting(format!("{} can't be opened: {error}", path.display())))?;
    connection.busy_timeout(BUSY).map_err(sql)?;
    Ok(connection)
}

fn immediate(connection: &mut Connection) -> Result<rusqlite::Transaction<'_>, SubjectError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)
}

fn check_columns(connection: &Connection, path: &Path) -> Result<(), SubjectError> {
    let tables: [(&str, &[&str]); 3] =
        [(TICKETS, &TICKET_COLUMNS), (SESSIONS, &SESSION_COLUMNS), (ENTRIES, &ENTRY_COLUMNS)];
    for (table, columns) in tables {
        for column in columns {
            let known: bool = connection
                .query_row(
                    "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2)",
                    [table, column],
                    |row| row.get(0),
                )
                .map_err(|error| lasting(format!("{} can't be read: {error}", path.display())))?;
            if !known {
                let path = path.display();
                return Err(lasting(format!(
                    "{path} has no {table}.{column}; is it Operator's operator.db?"
                )));
            }
        }
    }
    Ok(())
}

fn bind(connection: &Connection, mark: &Path, after: i64, binding: &Binding) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "CREATE TABLE {TABLE} (mark TEXT NOT NULL, after_id INTEGER NOT NULL, model TEXT, system_prompt TEXT,
             tools_config TEXT)"
    ))?;
    let (model, prompt, tools, change) = match binding {
        Binding::Variant { model, system_prompt, tools_config, .. } => (
            Some(model.clone()),
            system_prompt.clone(),
            Some(Value::Object(tools_config.clone()).to_string()),
            format!(
                "variant_model = (SELECT model FROM {TABLE}), variant_system_prompt = (SELECT system_prompt FROM {TABLE}),
                 variant_tools_config = (SELECT tools_config FROM {TABLE})"
            ),
        ),
        // No agent takes what is taken, and no monitor resolves what is held.
        Binding::Nobody => (None, None, None, "status = 'acknowledged', held = 1".to_owned()),
    };
    connection.execute(
        &format!("INSERT INTO {TABLE} VALUES (?1, ?2, ?3, ?4, ?5)"),
        params![mark.display().to_string(), after, model, prompt, tools],
    )?;
    connection.execute_batch(&format!(
        "CREATE TRIGGER {TRIGGER} AFTER INSERT ON tickets BEGIN UPDATE tickets SET {change} WHERE id = NEW.id; END"
    ))
}

/// The mark of whoever is bound, and the last ticket before it.
fn owner(connection: &Connection) -> Result<Option<(String, i64)>, SubjectError> {
    let is_bound: bool = connection
        .query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)", [TABLE], |row| row.get(0))
        .map_err(sql)?;
    if !is_bound {
        return Ok(None);
    }
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    connection.query_row(&format!("SELECT mark, after_id FROM {TABLE}"), [], read).optional().map_err(sql)
}

/// Takes the binding away; tickets since then are closed, because the system that they are about is gone.
fn unbind(connection: &Connection) -> Result<(), SubjectError> {
    if let Some((_, after)) = owner(connection)? {
        let now = Timestamp::now().as_millisecond();
        let now = Zone::named(None).map_err(lasting)?.naive(now);
        connection
            .execute(
                "UPDATE tickets SET status = 'resolved', held = 0, resolved_at = ?2 WHERE id > ?1 AND status <> 'resolved'",
                params![after, now],
            )
            .map_err(sql)?;
    }
    connection
        .execute_batch(&format!("DROP TRIGGER IF EXISTS {TRIGGER}; DROP TABLE IF EXISTS {TABLE}"))
        .map_err(sql)
}

fn make_mark(marks: &Path, path: &Path) -> Result<(PathBuf, File), SubjectError> {
    let make = || -> std::io::Result<(PathBuf, File)> {
        std::fs::create_dir_all(marks)?;
        let name = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mark = std::fs::canonicalize(marks)?.join(name);
        let mut file = File::create(&mark)?;
        file.lock()?;
        let path = std::fs::canonicalize(path)?;
        std::io::Write::write_all(&mut file, path.display().to_string().as_bytes())?;
        Ok((mark, file))
    };
    make().map_err(|error| lasting(format!("The mark of the binding can't be written: {error}")))
}

fn is_locked(mark: &Path) -> bool {
    File::open(mark).is_ok_and(|file| file.try_lock().is_err())
}

fn all<T>(
    connection: &Connection,
    table: &str,
    columns: &[&str],
    condition: &str,
    read: impl Fn(&Record<'_>) -> Result<T, String>,
) -> Result<Vec<T>, SubjectError> {
    let mut found = Vec::new();
    let mut wrong = None;
    rows(connection, table, columns, condition, |record| match read(record) {
        Ok(one) => found.push(one),
        Err(why) => wrong = Some(format!("operator.db, table {table}, row {}: {why}.", record.id)),
    })
    .map_err(|(_, error)| sql(error))?;
    wrong.map_or(Ok(found), |why| Err(passing(why)))
}

/// From 1 within the trial.
fn number(tickets: &[OperatorTicket], ticket: &OperatorTicket) -> u32 {
    tickets.iter().position(|one| one.id == ticket.id).unwrap_or_default() as u32 + 1
}

/// How the agent ended. A ticket that is resolved without any session was resolved by Operator's monitor.
fn end(ticket: &OperatorTicket, sessions: &[&OperatorSession]) -> Option<OperatorEnd> {
    let last = sessions.last()?;
    let said = last.outcome.clone().or_else(|| ticket.diagnosis.clone()).unwrap_or_default();
    match (ticket.status, last.status.as_str()) {
        (TicketStatus::Resolved, _) => Some(OperatorEnd::Resolved(said)),
        (TicketStatus::Diagnosed, _) | (_, "escalated" | "failed") => Some(OperatorEnd::Escalated(said)),
        _ => None,
    }
}

fn misbound(ticket: &OperatorTicket, binding: &Binding) -> Option<String> {
    let Binding::Variant { name, model, system_prompt, tools_config } = binding else { return None };
    let tools = ticket.tools_config.clone().unwrap_or_default();
    let is_bound = ticket.model.as_ref() == Some(model)
        && ticket.system_prompt == *system_prompt
        && tools == Value::Object(tools_config.clone());
    (!is_bound).then(|| {
        format!(
            "Ticket {} of operator.db does not carry the variant {name}: somebody has changed it.",
            ticket.id
        )
    })
}

fn sql(error: rusqlite::Error) -> SubjectError {
    passing(format!("operator.db: {error}."))
}

fn passing(message: String) -> SubjectError {
    SubjectError { message, is_unavailable: false }
}

fn lasting(message: impl Into<String>) -> SubjectError {
    SubjectError { message: message.into(), is_unavailable: true }
}
