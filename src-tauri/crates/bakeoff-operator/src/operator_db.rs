//! Reading `operator.db`: tickets, agent sessions and their logs. Its times have no offset, but what SQLite stamped itself
//! (`created_at`) is UTC.

use crate::error::FileError;
use crate::eval_db::parameters;
use crate::snapshot::{Record, Snapshot};
use crate::time::{Zone, moment};
use bakeoff_core::lab::{AuditKind, TicketSeverity, TicketStatus};
use bakeoff_core::trial::Millis;
use serde_json::{Map, Value};
use std::path::Path;

/// Everything in a file.
#[derive(Debug, Clone, Default)]
pub struct OperatorDb {
    /// In the order of their ids.
    pub tickets: Vec<OperatorTicket>,
    /// In the order of their ids.
    pub sessions: Vec<OperatorSession>,
}

/// A ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatorTicket {
    /// Its row.
    pub id: i64,
    /// `invariant:store`, or the invariant.
    pub key: String,
    /// The invariant.
    pub invariant: String,
    /// The store that it is about.
    pub store: Option<String>,
    /// How far it is.
    pub status: TicketStatus,
    /// It is not resolved by itself.
    pub held: bool,
    /// How often the violation was seen.
    pub occurrences: u32,
    /// When it was first seen.
    pub first_seen_at: Millis,
    /// When it was last seen.
    pub last_seen_at: Millis,
    /// When it was resolved.
    pub resolved_at: Option<Millis>,
    /// The newest message.
    pub message: String,
    /// How bad.
    pub severity: TicketSeverity,
    /// What the agent said.
    pub diagnosis: Option<String>,
    /// What was measured.
    pub metrics: Map<String, Value>,
    /// The model that the ticket was bound to.
    pub model: Option<String>,
    /// The system prompt that the ticket was bound to.
    pub system_prompt: Option<String>,
    /// The tools that the ticket was bound to, as JSON.
    pub tools_config: Option<Value>,
    /// When the row was made, to the second.
    pub created_at: Option<Millis>,
}

/// An agent at work.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatorSession {
    /// Its row.
    pub row: i64,
    /// Its own id.
    pub id: String,
    /// The ticket that it works on.
    pub ticket: Option<i64>,
    /// As the file has it: running, resolved, completed, failed, escalated.
    pub status: String,
    /// When it began.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// What came of it.
    pub outcome: Option<String>,
    /// What it did.
    pub entries: Vec<OperatorEntry>,
}

/// A line of an agent's log.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatorEntry {
    /// Its row.
    pub id: i64,
    /// What it is.
    pub kind: AuditKind,
    /// In one or two sentences.
    pub summary: String,
    /// The whole text.
    pub raw: Option<String>,
    /// The tool.
    pub tool: Option<String>,
    /// Its parameters.
    pub parameters: Option<Value>,
    /// Of a result.
    pub exit_code: Option<i32>,
    /// When.
    pub at: Option<Millis>,
}

pub(crate) const TICKETS: &str = "tickets";
pub(crate) const SESSIONS: &str = "agent_sessions";
pub(crate) const ENTRIES: &str = "agent_log_entries";

pub(crate) const TICKET_COLUMNS: [&str; 18] = [
    "violation_key",
    "invariant_name",
    "store_id",
    "status",
    "held",
    "occurrence_count",
    "first_seen_at",
    "last_seen_at",
    "resolved_at",
    "message",
    "severity",
    "diagnosis",
    "metric_snapshot",
    "created_at",
    "variant_model",
    "variant_system_prompt",
    "variant_tools_config",
    "batch_key",
];
pub(crate) const SESSION_COLUMNS: [&str; 6] =
    ["session_id", "ticket_id", "status", "started_at", "ended_at", "outcome_summary"];
pub(crate) const ENTRY_COLUMNS: [&str; 8] = [
    "session_id",
    "entry_type",
    "content",
    "raw_content",
    "tool_name",
    "tool_params",
    "exit_code",
    "timestamp",
];

impl OperatorDb {
    /// Reads a file; `zone` is that of the machine on which Operator ran.
    ///
    /// # Errors
    /// What can't be read, with its place. Nothing is skipped.
    pub fn read(path: &Path, zone: &Zone) -> Result<Self, FileError> {
        let snapshot = Snapshot::open(path)?;
        // Files from before variants have none of their columns.
        let known = snapshot.columns(TICKETS, &TICKET_COLUMNS[..11])?;
        let columns: Vec<&str> =
            TICKET_COLUMNS.iter().copied().filter(|name| known.contains(*name)).collect();
        let mut found = Self::default();
        let mut problems: Vec<FileError> = Vec::new();
        let mut note =
            |table: &str, id: i64, why: String| problems.push(snapshot.wrong(table, Some(id), why));
        snapshot.rows(TICKETS, &columns, |record| match ticket(record, zone) {
            Ok(ticket) => found.tickets.push(ticket),
            Err(why) => note(TICKETS, record.id, why),
        })?;
        snapshot.columns(SESSIONS, &SESSION_COLUMNS)?;
        snapshot.rows(SESSIONS, &SESSION_COLUMNS, |record| match session(record, zone) {
            Ok(session) => found.sessions.push(session),
            Err(why) => note(SESSIONS, record.id, why),
        })?;
        snapshot.columns(ENTRIES, &ENTRY_COLUMNS)?;
        snapshot.rows(ENTRIES, &ENTRY_COLUMNS, |record| match entry(record, zone) {
            Ok((session, entry)) => {
                // Some versions refer to the row's number, some to the session's own id.
                let is_it = |one: &&mut OperatorSession| one.id == session || one.row.to_string() == session;
                match found.sessions.iter_mut().find(is_it) {
                    Some(session) => session.entries.push(entry),
                    None => note(ENTRIES, record.id, format!("there is no session {session}")),
                }
            }
            Err(why) => note(ENTRIES, record.id, why),
        })?;
        problems.into_iter().next().map_or(Ok(found), Err)
    }

    /// The sessions of a ticket, in order.
    pub fn sessions_of(&self, ticket: i64) -> impl Iterator<Item = &OperatorSession> {
        self.sessions.iter().filter(move |session| session.ticket == Some(ticket))
    }
}

pub(crate) fn ticket(record: &Record<'_>, zone: &Zone) -> Result<OperatorTicket, String> {
    let status = record.text("status")?;
    let at = |column: &str| -> Result<Millis, String> {
        let text = record.text(column)?;
        moment(&text, zone).ok_or_else(|| format!("{column} is {text:?}, which is no moment"))
    };
    let json = |column: &str| {
        let text = record.optional_text(column)?.filter(|text| !text.trim().is_empty());
        let value = text.map(|text| serde_json::from_str::<Value>(&text)).transpose();
        value.map_err(|error| format!("{column} is no JSON: {error}"))
    };
    Ok(OperatorTicket {
        id: record.id,
        key: record.text("violation_key")?,
        invariant: record.text("invariant_name")?,
        store: record.optional_text("store_id")?,
        status: ticket_status(&status).ok_or_else(|| format!("status is {status:?}, which is none"))?,
        held: record.optional_integer("held").is_some_and(|held| held != 0),
        occurrences: record.optional_integer("occurrence_count").and_then(|n| n.try_into().ok()).unwrap_or(1),
        first_seen_at: at("first_seen_at")?,
        last_seen_at: at("last_seen_at")?,
        resolved_at: record.optional_text("resolved_at")?.and_then(|text| moment(&text, zone)),
        message: record.text("message")?,
        severity: match record.optional_text("severity")?.as_deref() {
            Some("critical") => TicketSeverity::Critical,
            Some("info") => TicketSeverity::Info,
            _ => TicketSeverity::Warning,
        },
        diagnosis: record.optional_text("diagnosis")?,
        metrics: match json("metric_snapshot")? {
            Some(Value::Object(metrics)) => metrics,
            Some(other) => Map::from_iter([("metric_snapshot".to_owned(), other)]),
            None => Map::new(),
        },
        model: record.optional_text("variant_model")?,
        system_prompt: record.optional_text("variant_system_prompt")?,
        tools_config: json("variant_tools_config")?,
        created_at: record.optional_text("created_at")?.and_then(|text| moment(&text, &Zone::utc())),
    })
}

/// A ticket's state by Operator's word for it.
pub(crate) fn ticket_status(word: &str) -> Option<TicketStatus> {
    use TicketStatus::{Acknowledged, Diagnosed, Open, Resolved};
    [Open, Acknowledged, Diagnosed, Resolved].into_iter().find(|status| status.name() == word)
}

pub(crate) fn session(record: &Record<'_>, zone: &Zone) -> Result<OperatorSession, String> {
    let at = |column: &str| -> Result<Option<Millis>, String> {
        Ok(record.optional_text(column)?.and_then(|text| moment(&text, zone)))
    };
    Ok(OperatorSession {
        row: record.id,
        id: record.text("session_id")?,
        ticket: record.optional_integer("ticket_id"),
        status: record.text("status")?,
        started_at: at("started_at")?,
        ended_at: at("ended_at")?,
        outcome: record.optional_text("outcome_summary")?,
        entries: Vec::new(),
    })
}

pub(crate) fn entry(record: &Record<'_>, zone: &Zone) -> Result<(String, OperatorEntry), String> {
    let written = record.optional_text("tool_params")?.map(Value::String);
    let entry = OperatorEntry {
        id: record.id,
        kind: match record.text("entry_type")?.as_str() {
            "reasoning" => AuditKind::Reasoning,
            "tool_call" => AuditKind::ToolCall,
            "tool_result" => AuditKind::ToolResult,
            _ => AuditKind::Note,
        },
        summary: record.optional_text("content")?.unwrap_or_default(),
        raw: record.optional_text("raw_content")?,
        tool: record.optional_text("tool_name")?,
        parameters: written.as_ref().map(|text| parameters(Some(text))),
        exit_code: record.optional_integer("exit_code").and_then(|code| code.try_into().ok()),
        at: record.optional_text("timestamp")?.and_then(|text| moment(&text, zone)),
    };
    Ok((record.text("session_id")?, entry))
}
