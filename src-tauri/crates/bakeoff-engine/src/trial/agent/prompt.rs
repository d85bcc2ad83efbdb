//! What an agent is told: the variant's system prompt, its ticket, where it is. Never anything about the fault: the
//! case's own fields don't come in here.

use super::super::Verdict;
use super::super::draft::Draft;
use super::Desk;
use bakeoff_core::lab::{Ticket, TicketSeverity};
use bakeoff_core::ports::ModelRequest;
use serde_json::{Map, Value, json};

/// The first request of an agent, without its tools. What is sent is kept in the record.
///
/// # Errors
/// A prompt that can't be filled in.
pub(super) fn request(desk: &Desk<'_>, draft: &mut Draft) -> Result<ModelRequest, Verdict> {
    let variant = draft.key().variant;
    let fields = fields(desk);
    let prepared = &desk.context.prepared;
    let (mut sent, mut request) =
        prepared.request(variant, &fields).map_err(|message| Verdict::infra(format!("{message}.")))?;
    // A prompt of the variant's own comes after the ticket, unless it says itself where the ticket belongs.
    if !prepared.places_input(variant) {
        let turn = turn(desk.ticket, &desk.lookout.instance.briefing());
        sent.user = format!("{turn}\n\n{}", sent.user);
        request.user.clone_from(&sent.user);
    }
    draft.record.sent = sent;
    Ok(request)
}

/// What the variant's templates can use: `input` (the whole turn as it is without a template), `ticket` (its facts as
/// text), the ticket's parts, `subject` (its name) and `briefing`.
fn fields(desk: &Desk<'_>) -> Map<String, Value> {
    let ticket = desk.ticket;
    let briefing = desk.lookout.instance.briefing();
    let fields = json!({
        "input": turn(ticket, &briefing),
        "ticket": facts(ticket),
        "number": ticket.number,
        "severity": severity(ticket.severity),
        "invariant": ticket.invariant,
        "node": ticket.node.as_deref().unwrap_or_default(),
        "message": ticket.message,
        "subject": desk.lookout.subject.name,
        "briefing": briefing,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The user turn.
pub(super) fn turn(ticket: &Ticket, briefing: &str) -> String {
    format!(
        "{}\n\n{}\n\nFind the cause and repair it. When the system is whole again, answer without calling a tool and say \
         in one or two sentences what was wrong and what you did; that resolves the ticket. If you can't repair it, \
         begin your answer with {} and say what you found.",
        facts(ticket),
        briefing.trim_end(),
        super::ESCALATE
    )
}

fn facts(ticket: &Ticket) -> String {
    let mut lines = vec![
        format!("Ticket {} ({})", ticket.number, severity(ticket.severity)),
        format!("Violated: {}", ticket.invariant),
    ];
    lines.extend(ticket.node.iter().map(|node| format!("Node: {node}")));
    lines.push(format!("Message: {}", ticket.message));
    if !ticket.metrics.is_empty() {
        lines.push(format!("Measured: {}", Value::Object(ticket.metrics.clone())));
    }
    lines.join("\n")
}

fn severity(severity: TicketSeverity) -> &'static str {
    match severity {
        TicketSeverity::Critical => "critical",
        TicketSeverity::Warning => "warning",
        TicketSeverity::Info => "info",
    }
}
