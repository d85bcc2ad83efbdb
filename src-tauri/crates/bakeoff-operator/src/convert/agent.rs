//! What an agent did in an old trial: from `operator.db` where it is there, else from the trial's own list of commands.

use crate::eval_db::{OldCampaign, OldCommand, OldTrial};
use crate::operator_db::{OperatorDb, OperatorEntry, OperatorSession, OperatorTicket};
use bakeoff_core::lab::tickets::resolver;
use bakeoff_core::lab::{AuditEntry, AuditKind, Executed, Ticket, TicketStatus, classify};
use bakeoff_core::trial::Millis;
use serde_json::Value;

/// SQLite stamps rows to the second, so that a ticket may seem to be older than the fault by less than that.
const SECOND: Millis = 1000;
/// Characters of a summary.
const SUMMARY: usize = 200;

/// Everything that is known of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    pub audit: Vec<AuditEntry>,
    pub tickets: Vec<Ticket>,
    /// Its last word.
    pub answer: Option<String>,
    /// When the agent began.
    pub began_at: Option<Millis>,
    pub ticket_at: Option<Millis>,
    pub resolved_at: Option<Millis>,
    pub model: Option<String>,
    pub system_prompt: Option<String>,
    pub tools_config: Option<Value>,
}

impl Work {
    /// Of a trial. Tickets of `operator.db` are told by the moment at which their row was made.
    pub fn of(
        trial: &OldTrial,
        campaign: &OldCampaign,
        operator: Option<&OperatorDb>,
        notes: &mut Vec<String>,
    ) -> Self {
        let mut work = Self { ticket_at: trial.ticket_at, resolved_at: trial.resolved_at, ..Self::default() };
        let tickets = operator.map(|operator| tickets_of(operator, trial)).unwrap_or_default();
        let is_shared = |ticket: &OperatorTicket| {
            campaign.trials.iter().any(|other| other.id != trial.id && is_of(ticket, other))
        };
        if tickets.iter().any(|ticket| is_shared(ticket)) {
            notes.push(format!(
                "Trial {}: tickets of operator.db could be of several trials that ran at the same time, so none is taken.",
                trial.id
            ));
        } else if let Some(operator) = operator {
            work.take(operator, &tickets);
        }
        if !work.audit.iter().any(|entry| entry.kind == AuditKind::ToolCall) {
            work.audit.extend(audit_of(&trial.commands, trial.injected_at));
        }
        for (place, entry) in work.audit.iter_mut().enumerate() {
            entry.number = place as u32 + 1;
        }
        work
    }

    fn take(&mut self, operator: &OperatorDb, tickets: &[&OperatorTicket]) {
        let Some(first) = tickets.first() else { return };
        // On a time-out the old harness forgot when it had seen the ticket.
        self.ticket_at.get_or_insert(first.first_seen_at);
        self.model.clone_from(&first.model);
        self.system_prompt.clone_from(&first.system_prompt);
        self.tools_config.clone_from(&first.tools_config);
        self.answer.clone_from(&first.diagnosis);
        let variant = None;
        self.tickets =
            tickets.iter().enumerate().map(|(at, one)| one.ticket(at as u32 + 1, variant)).collect();
        for session in tickets.iter().flat_map(|ticket| operator.sessions_of(ticket.id)) {
            self.began_at = self.began_at.or(session.started_at);
            self.answer = session.outcome.clone().or(self.answer.take());
            self.audit.extend(session_audit(session, first.first_seen_at));
        }
    }

    /// Whether anybody did anything.
    pub fn is_any(&self) -> bool {
        self.resolved_at.is_some() || self.executed().next().is_some() || self.began_at.is_some()
    }

    /// The commands, in order.
    pub fn executed(&self) -> impl Iterator<Item = Executed> {
        self.audit.iter().filter(|entry| entry.kind == AuditKind::ToolCall).map(|entry| Executed {
            began_at: entry.at,
            ended_at: entry.at,
            line: entry.content.clone(),
            class: classify(&entry.content),
            exit_code: entry.exit_code.unwrap_or_default(),
        })
    }
}

fn tickets_of<'a>(operator: &'a OperatorDb, trial: &OldTrial) -> Vec<&'a OperatorTicket> {
    operator.tickets.iter().filter(|ticket| is_of(ticket, trial)).collect()
}

/// Whether a ticket was made while a trial's fault was in.
fn is_of(ticket: &OperatorTicket, trial: &OldTrial) -> bool {
    match ticket.created_at {
        Some(at) => at > trial.injected_at - SECOND && at <= trial.ended_at,
        None => (trial.injected_at..=trial.ended_at).contains(&ticket.first_seen_at),
    }
}

impl OperatorTicket {
    /// As a ticket of ours, with a number of its own and the variant that it was bound to.
    pub fn ticket(&self, number: u32, variant: Option<&str>) -> Ticket {
        let resolved = self.status == TicketStatus::Resolved;
        let by = if self.diagnosis.is_some() { resolver::AGENT } else { resolver::MONITOR };
        Ticket {
            number,
            key: self.key.clone(),
            invariant: self.invariant.clone(),
            node: self.store.clone(),
            severity: self.severity,
            message: self.message.clone(),
            status: self.status,
            held: self.held,
            occurrences: self.occurrences,
            first_seen_at: self.first_seen_at,
            last_seen_at: self.last_seen_at,
            resolved_at: self.resolved_at,
            resolved_by: resolved.then(|| by.to_owned()),
            diagnosis: self.diagnosis.clone(),
            variant: variant.map(str::to_owned),
            metrics: self.metrics.clone(),
        }
    }
}

/// A session's log; an entry without a moment has that of the one before it.
pub(crate) fn session_audit(session: &OperatorSession, from: Millis) -> Vec<AuditEntry> {
    let mut at = session.started_at.unwrap_or(from);
    let entry = |entry: &OperatorEntry| {
        at = entry.at.unwrap_or(at);
        audit_entry(entry, at)
    };
    session.entries.iter().map(entry).collect()
}

/// One line of a log.
pub(crate) fn audit_entry(entry: &OperatorEntry, at: Millis) -> AuditEntry {
    let command = command(entry.tool.as_deref(), entry.parameters.as_ref());
    let is_call = entry.kind == AuditKind::ToolCall;
    let content = match (&command, &entry.raw) {
        (Some(command), _) if is_call => command.clone(),
        (_, Some(raw)) => raw.clone(),
        _ => entry.summary.clone(),
    };
    AuditEntry {
        number: 0,
        at,
        kind: entry.kind,
        summary: cut(&entry.summary),
        class: command.filter(|_| is_call).map(|command| classify(&command)),
        content,
        tool: entry.tool.clone(),
        parameters: entry.parameters.clone(),
        exit_code: entry.exit_code,
    }
}

/// The calls of `commands_json`; one without a moment has that of the one before it.
pub(super) fn audit_of(commands: &[OldCommand], from: Millis) -> Vec<AuditEntry> {
    let mut at = from;
    let mut entries: Vec<AuditEntry> = Vec::with_capacity(commands.len());
    for old in commands {
        at = old.at.unwrap_or(at);
        let line = command(Some(&old.tool), Some(&old.parameters));
        let reason = old.parameters.get("reasoning").and_then(Value::as_str);
        let content = line.clone().unwrap_or_else(|| old.parameters.to_string());
        entries.push(AuditEntry {
            number: entries.len() as u32 + 1,
            at,
            kind: AuditKind::ToolCall,
            summary: cut(reason.unwrap_or(&content)),
            class: line.map(|line| classify(&line)),
            content,
            tool: Some(old.tool.clone()),
            parameters: Some(old.parameters.clone()),
            exit_code: old.exit_code,
        });
    }
    entries
}

/// A call's command without the agent's words about it. `None`: the tool runs no command.
fn command(tool: Option<&str>, parameters: Option<&Value>) -> Option<String> {
    let parameters = parameters?;
    let line = match parameters.get("command").or_else(|| parameters.get("args"))? {
        Value::String(line) => line.trim().to_owned(),
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => return None,
    };
    Some(match tool {
        Some("labctl") if !line.starts_with("labctl") => format!("labctl {line}"),
        _ => line,
    })
}

fn cut(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(SUMMARY) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
