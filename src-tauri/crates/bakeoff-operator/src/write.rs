//! Writing an `eval.db` that Operator's own viewer and commands can read. Each variant on each subject and fault becomes a
//! campaign of its own, because there campaigns can only be compared when both are the same.

use crate::error::FileError;
use crate::health::{is_healthy, is_tikv};
use crate::own::{KEY, Own};
use bakeoff_core::dataset::Case;
use bakeoff_core::fault::FaultKind;
use bakeoff_core::lab::{AuditEntry, AuditKind, ClusterState, FaultTrial, NO_AGENT};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Millis, TrialRecord};
use bakeoff_core::variant::Variant;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};
use std::path::Path;

/// As Operator v3.2 makes it.
const SCHEMA: &str = "
    CREATE TABLE campaigns (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        subject_name TEXT NOT NULL,
        chaos_type TEXT NOT NULL,
        trial_count INTEGER NOT NULL,
        baseline INTEGER NOT NULL DEFAULT 0,
        variant_name TEXT DEFAULT 'default',
        created_at TEXT NOT NULL
    );
    CREATE TABLE trials (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        campaign_id INTEGER NOT NULL,
        started_at TEXT NOT NULL,
        chaos_injected_at TEXT NOT NULL,
        ticket_created_at TEXT,
        resolved_at TEXT,
        ended_at TEXT NOT NULL,
        initial_state TEXT NOT NULL,
        final_state TEXT NOT NULL,
        chaos_metadata TEXT NOT NULL,
        commands_json TEXT NOT NULL DEFAULT '[]',
        FOREIGN KEY (campaign_id) REFERENCES campaigns(id)
    );
    CREATE INDEX idx_trials_campaign ON trials(campaign_id);
    CREATE INDEX idx_campaigns_variant ON campaigns(variant_name);
";

/// A trial to write.
#[derive(Debug, Clone)]
pub struct NewTrial {
    /// The record; one that is no fault trial, or has no result, is not written.
    pub record: TrialRecord,
    /// Its case.
    pub case: Case,
    /// Its variant.
    pub variant: Variant,
    /// What its agent did.
    pub audit: Vec<AuditEntry>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Campaigns.
    pub campaigns: u32,
    /// Trials.
    pub trials: u32,
    /// Trials without a result, for which the file has no place.
    pub left_out: u32,
}

struct Campaign<'a> {
    subject: &'a str,
    kind: FaultKind,
    variant: &'a str,
    trials: Vec<(&'a NewTrial, &'a FaultTrial)>,
}

/// Writes trials into a new file. `created_at` is the moment of their run.
///
/// # Errors
/// The file is there already, or can't be written.
pub fn write(path: &Path, created_at: Millis, trials: &[NewTrial]) -> Result<Written, FileError> {
    if path.exists() {
        return Err(FileError::of_file(path, "it is there already; name a file that is not there yet"));
    }
    let mut campaigns: Vec<Campaign<'_>> = Vec::new();
    let mut written = Written::default();
    for trial in trials {
        let has_result = matches!(trial.record.outcome, Outcome::Pass | Outcome::Fail | Outcome::Timeout);
        let Some(fault) = trial.record.fault.as_deref().filter(|_| has_result) else {
            written.left_out += 1;
            continue;
        };
        let (subject, kind, variant) =
            (fault.subject.as_str(), fault.fault.kind, trial.variant.name.as_str());
        let same = |one: &&mut Campaign<'_>| (one.subject, one.kind, one.variant) == (subject, kind, variant);
        match campaigns.iter_mut().find(same) {
            Some(campaign) => campaign.trials.push((trial, fault)),
            None => campaigns.push(Campaign { subject, kind, variant, trials: vec![(trial, fault)] }),
        }
        written.trials += 1;
    }
    written.campaigns = campaigns.len() as u32;
    let store = || -> rusqlite::Result<()> {
        let mut connection = Connection::open(path)?;
        let transaction = connection.transaction()?;
        transaction.execute_batch(SCHEMA)?;
        for campaign in &campaigns {
            insert(&transaction, campaign, created_at)?;
        }
        transaction.commit()
    };
    store().map_err(|error| FileError::of_file(path, format!("it can't be written: {error}")))?;
    Ok(written)
}

fn insert(connection: &Connection, campaign: &Campaign<'_>, created_at: Millis) -> rusqlite::Result<()> {
    let is_baseline = campaign.variant == NO_AGENT;
    connection.execute(
        "INSERT INTO campaigns (subject_name, chaos_type, trial_count, baseline, variant_name, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            campaign.subject,
            campaign.kind.name(),
            campaign.trials.len() as i64,
            is_baseline,
            if is_baseline { "default" } else { campaign.variant },
            stamp(created_at)
        ],
    )?;
    let id = connection.last_insert_rowid();
    for (trial, fault) in &campaign.trials {
        let clocks = &fault.clocks;
        let injected = clocks.landed_at.or(clocks.inject_begin_at).unwrap_or(trial.record.started_at);
        let final_state = state(fault, fault.final_state.as_ref(), trial.record.outcome);
        connection.execute(
            "INSERT INTO trials (campaign_id, started_at, chaos_injected_at, ticket_created_at, resolved_at, ended_at,
                 initial_state, final_state, chaos_metadata, commands_json)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                id,
                stamp(trial.record.started_at),
                stamp(injected),
                clocks.ticket_at.map(stamp),
                resolved_at(fault, trial, &final_state).map(stamp),
                stamp(trial.record.ended_at),
                state(fault, fault.initial_state.as_ref(), Outcome::Pass).to_string(),
                final_state.to_string(),
                Value::Object(metadata(fault, trial)).to_string(),
                Value::Array(commands(&trial.audit)).to_string()
            ],
        )?;
    }
    Ok(())
}

/// UTC with its offset, as Python writes it.
fn stamp(at: Millis) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{}+00:00", at.strftime("%Y-%m-%dT%H:%M:%S.%6f"))
}

/// Whether Operator ran it: then everything goes back as it came.
fn is_operators(fault: &FaultTrial) -> bool {
    fault.imported.is_some() && fault.verdict.is_none()
}

/// Chosen so that Operator's rule gives a success exactly where the trial passed: a passed one is resolved when the system
/// was restored, and one that did not pass is resolved only where its state shows that it should not have been.
fn resolved_at(fault: &FaultTrial, trial: &NewTrial, final_state: &Value) -> Option<Millis> {
    let clocks = &fault.clocks;
    if is_operators(fault) {
        return clocks.resolved_at;
    }
    match trial.record.outcome {
        Outcome::Pass => {
            clocks.restored_at.or(clocks.resolved_at).or(clocks.verdict_at).or(Some(trial.record.ended_at))
        }
        _ => clocks.resolved_at.filter(|_| !is_healthy(&fault.subject, final_state)),
    }
}

fn state(fault: &FaultTrial, state: Option<&ClusterState>, outcome: Outcome) -> Value {
    let Some(state) = state else { return json!({}) };
    if is_operators(fault) {
        return Value::Object(state.raw.clone());
    }
    let mut written = state.raw.clone();
    let names = || state.members.iter().map(|name| json!(name)).collect();
    if is_tikv(&fault.subject) && !written.contains_key("stores") {
        // What the verdict has seen: every member well where it passed; else nobody can tell which was not.
        let word = if outcome == Outcome::Pass { "Up" } else { "Unknown" };
        let store = |name: &String| json!({"address": name, "state_name": word});
        written.insert("stores".to_owned(), state.members.iter().map(store).collect());
        written.insert("store_count".to_owned(), json!(state.members.len()));
    }
    written.entry("members").or_insert_with(|| Value::Array(names()));
    if let Some(records) = state.records {
        written.entry("records").or_insert(json!(records));
    }
    Value::Object(written)
}

fn metadata(fault: &FaultTrial, trial: &NewTrial) -> Map<String, Value> {
    let planned = fault.planned.as_ref();
    let mut metadata = planned.map(|planned| planned.detail.clone()).unwrap_or_default();
    let kind = fault.fault.kind;
    metadata.entry("chaos_type").or_insert_with(|| json!(kind.name()));
    if is_operators(fault) {
        return metadata;
    }
    if let Some(node) = planned.and_then(|planned| planned.node.as_ref()) {
        let key = if kind == FaultKind::NetworkPartition { "isolated_container" } else { "target_container" };
        metadata.insert(key.to_owned(), json!(node));
    }
    for (name, value) in fault.fault.params().into_iter().filter(|(name, _)| *name != "node") {
        let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
        metadata.insert(name.to_owned(), value);
    }
    if kind == FaultKind::NodeKill {
        metadata.entry("signal").or_insert_with(|| json!("SIGKILL"));
    }
    let own = Own::new(&trial.case, &trial.variant, &trial.record);
    metadata.insert(KEY.to_owned(), serde_json::to_value(own).unwrap_or_default());
    metadata
}

/// The elements of `commands_json`, with the exit codes that Operator itself never has there.
fn commands(audit: &[AuditEntry]) -> Vec<Value> {
    let calls = audit.iter().enumerate().filter(|(_, entry)| entry.kind == AuditKind::ToolCall);
    calls
        .map(|(place, call)| {
            let after = audit.iter().skip(place + 1);
            let result = after.take_while(|entry| entry.kind != AuditKind::ToolCall);
            let mut result = result.filter(|entry| entry.kind == AuditKind::ToolResult);
            let exit_code = call.exit_code.or_else(|| result.next().and_then(|entry| entry.exit_code));
            let parameters = match &call.parameters {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => json!({"command": call.content}).to_string(),
            };
            json!({
                "tool_name": call.tool,
                "tool_params": parameters,
                "exit_code": exit_code,
                "timestamp": stamp(call.at),
            })
        })
        .collect()
}
