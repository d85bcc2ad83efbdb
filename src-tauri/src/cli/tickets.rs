//! `bakeoff tickets …` and `bakeoff audit …`

use super::output::{Output, data, moment, table, talk};
use super::{CliResult, DONE, run_number};
use bakeoff_core::lab::{AuditEntry, AuditKind, Ticket};
use bakeoff_service::Service;
use bakeoff_service::dto::TicketRow;
use clap::Subcommand;

/// Verbs of `bakeoff tickets`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Tickets, newest first.
    List {
        /// Only of this run.
        #[arg(long, value_parser = run_number)]
        run: Option<u32>,
        /// Resolved ones, too.
        #[arg(long)]
        all: bool,
        /// How many.
        #[arg(short = 'n', long, default_value_t = 20)]
        limit: u32,
        /// Skip this many.
        #[arg(long, default_value_t = 0)]
        offset: u32,
    },
    /// One ticket with everything about it.
    Show {
        /// Its number.
        id: u32,
    },
    /// Close a ticket by hand.
    Resolve {
        /// Its number.
        id: u32,
    },
    /// Keep a ticket from being resolved by itself.
    Hold {
        /// Its number.
        id: u32,
    },
    /// Let a ticket be resolved by itself again.
    Unhold {
        /// Its number.
        id: u32,
    },
}

/// Verbs of `bakeoff audit`.
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// What the agent of a trial did, one line an entry.
    List(Trial),
    /// The same with the whole texts.
    Show(Trial),
}

/// A trial.
#[derive(Debug, clap::Args)]
pub struct Trial {
    /// The run's number.
    #[arg(value_parser = run_number)]
    run: u32,
    /// The trial's number within the run, as `bakeoff show RUN --trials 20` lists them.
    #[arg(short = 't', long)]
    trial: u32,
}

/// Tickets.
pub fn run(service: &Service, verb: &Verb, output: &Output) -> CliResult {
    let one = |row: TicketRow| output.print(&row, || show(&row));
    match verb {
        Verb::List { run, all, limit, offset } => {
            let page = service.list_tickets(*run, !all, *offset, *limit)?;
            output.print(&page, || list(&page.rows, page.total, page.offset));
        }
        Verb::Show { id } => one(service.ticket(*id)?),
        Verb::Resolve { id } => one(service.resolve_ticket(*id)?),
        Verb::Hold { id } => one(service.hold_ticket(*id, true)?),
        Verb::Unhold { id } => one(service.hold_ticket(*id, false)?),
    }
    Ok(DONE)
}

fn list(rows: &[TicketRow], total: u32, offset: u32) {
    if rows.is_empty() {
        talk("there are no such tickets");
        return;
    }
    let line = |row: &TicketRow| {
        vec![
            row.id.to_string(),
            format!("#{}", row.run),
            row.case_id.clone(),
            row.variant.clone(),
            state_word(&row.ticket),
            row.ticket.occurrences.to_string(),
            row.ticket.message.clone(),
        ]
    };
    let header = ["#", "Run", "Case", "Variant", "Status", "Seen", "Message"];
    data(&table(&header, &[0, 5], rows.iter().map(line).collect()));
    talk(&format!("Showing {}-{} of {total}", offset + 1, offset as usize + rows.len()));
}

/// Its status, and whether it is held.
pub(super) fn state_word(ticket: &Ticket) -> String {
    let held = if ticket.held { ", held" } else { "" };
    format!("{:?}{held}", ticket.status).to_lowercase()
}

fn show(row: &TicketRow) {
    let ticket = &row.ticket;
    data(&format!("Ticket {} of run #{}, {} with {}", row.id, row.run, row.case_id, row.variant));
    data(&format!("  {} ({:?}): {}", ticket.key, ticket.severity, ticket.message));
    data(&format!("  {}; seen {} times", state_word(&row.ticket), ticket.occurrences));
    data(&format!("  first seen {}", moment(ticket.first_seen_at)));
    if let Some(at) = ticket.resolved_at {
        let by = ticket.resolved_by.as_deref().unwrap_or("nobody");
        data(&format!("  resolved {} by the {by}", moment(at)));
    }
    if let Some(diagnosis) = &ticket.diagnosis {
        data(&format!("  {diagnosis}"));
    }
}

/// What agents did.
pub fn audit(service: &Service, verb: &AuditVerb, output: &Output) -> CliResult {
    let (AuditVerb::List(trial) | AuditVerb::Show(trial)) = verb;
    let key = service.trial_by_number(trial.run, trial.trial)?.row.key;
    let entries = service.trial_audit(trial.run, key)?;
    output.print(&entries, || {
        if entries.is_empty() {
            talk("no agent did anything in this trial");
        }
        entries.iter().for_each(|entry| line(entry, matches!(verb, AuditVerb::Show(_))));
    });
    Ok(DONE)
}

fn line(entry: &AuditEntry, whole: bool) {
    let kind = match entry.kind {
        AuditKind::Reasoning => "thinks",
        AuditKind::ToolCall => "calls",
        AuditKind::ToolResult => "gets",
        AuditKind::Note => "note",
    };
    let exit = entry.exit_code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
    let time = moment(entry.at);
    data(&format!("{:>3}  {time}  {kind:<6} {}{exit}", entry.number, entry.summary));
    if whole {
        entry.content.lines().for_each(|line| data(&format!("       {line}")));
    }
}
