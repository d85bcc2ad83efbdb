//! What `bakeoff show ID --trial N` tells of a fault trial: the fault, its moments, the verdict, the commands.

use super::output::{data, moment, table};
use super::tickets::state_word;
use bakeoff_core::chart::format;
use bakeoff_core::lab::{AuditKind, Clocks, ClusterState, FaultTrial, LayerState};
use bakeoff_core::trial::Millis;
use bakeoff_service::dto::FaultDetail;

/// Characters of a command that are shown; `bakeoff audit show` has the whole.
const COMMAND: usize = 80;

/// Prints what a fault trial has beside what every trial has.
pub fn print(detail: &FaultDetail) {
    let trial = &detail.trial;
    facts(trial);
    moments(&trial.clocks);
    verdict(trial);
    for ticket in &trial.tickets {
        data(&format!("ticket {}: {} ({})", ticket.key, ticket.message, state_word(ticket)));
    }
    commands(detail);
    for (name, state) in [("before the fault", &trial.initial_state), ("at the verdict", &trial.final_state)]
    {
        if let Some(state) = state {
            data(&format!("{name}: {}", members(state)));
        }
    }
}

fn facts(trial: &FaultTrial) {
    data(&format!("\nfault {} on {}", trial.fault.full_label(), trial.subject));
    match &trial.planned {
        Some(planned) => {
            let node = planned.node.as_deref().unwrap_or("no node");
            data(&format!("  hit {node}, by {}", planned.mechanism));
            for (name, value) in &planned.detail {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                data(&format!("  {name}: {value}"));
            }
        }
        None => data("  it never came to that"),
    }
    let sandbox = trial.sandbox.as_deref().map_or_else(String::new, |tier| format!(", commands in {tier}"));
    data(&format!("who repaired: {}{sandbox}", trial.mode));
    if let Some(imported) = &trial.imported {
        data(&format!(
            "imported from {}, campaign {}, trial {}: {}",
            imported.file, imported.campaign, imported.trial, imported.judged
        ));
    }
}

/// Each moment with its distance to the landed fault, or, before that was known, to the fault's begin.
fn moments(clocks: &Clocks) {
    let zero = clocks.landed_at.or(clocks.inject_begin_at);
    let all = [
        ("started", clocks.boot_at),
        ("healthy", clocks.healthy_at),
        ("fault begun", clocks.inject_begin_at),
        ("fault landed", clocks.landed_at),
        ("first symptom", clocks.onset_at),
        ("ticket", clocks.ticket_at),
        ("agent took it", clocks.agent_at),
        ("restored", clocks.restored_at),
        ("said to be resolved", clocks.resolved_at),
        ("verdict", clocks.verdict_at),
        ("fault undone", clocks.reverted_at),
    ];
    let mut known: Vec<(&str, Millis)> = all.into_iter().filter_map(|(name, at)| Some((name, at?))).collect();
    if known.is_empty() {
        return;
    }
    known.sort_by_key(|(_, at)| *at);
    let row = |(name, at): (&str, Millis)| {
        let since = zero.map_or_else(String::new, |zero| format!("{:+.1} s", (at - zero) as f64 / 1e3));
        vec![name.to_owned(), since, moment(at)]
    };
    data("");
    data(&table(&["moment", "since the fault", "at"], &[1], known.into_iter().map(row).collect()));
}

fn verdict(trial: &FaultTrial) {
    let seconds = |value: Option<f64>| value.map(|value| format::milliseconds(value * 1e3));
    let detect = seconds(trial.detect_s).unwrap_or_else(|| "never".to_owned());
    let restore =
        seconds(trial.restore_s).or_else(|| Some(format!("not within {}", seconds(trial.censored_s)?)));
    data(&format!("\ndetected {detect}, restored {}", restore.unwrap_or_else(|| "—".to_owned())));
    if let Some(lag) = trial.claim_lag_s {
        let what = if lag < 0.0 { "before" } else { "after" };
        let lag = format::milliseconds(lag.abs() * 1e3);
        data(&format!("said to be resolved {lag} {what} it was restored"));
    }
    let Some(verdict) = &trial.verdict else {
        data("no verdict");
        return;
    };
    let layers = [
        ("service", &verdict.service),
        ("redundancy", &verdict.redundancy),
        ("integrity", &verdict.integrity),
        ("cause", &verdict.cause),
    ];
    for (name, layer) in layers {
        let state = match layer.state {
            LayerState::Pass => "pass",
            LayerState::Fail => "fail",
            LayerState::Unknown => "unknown",
        };
        data(&format!("  {name:<10} {state:<7} {}", layer.reason));
    }
}

/// Numbered, with class and exit code; an exit code stands with the result, which follows its call.
fn commands(detail: &FaultDetail) {
    let trial = &detail.trial;
    let thrashing = if trial.thrashing { ", the same one three times within a minute" } else { "" };
    data(&format!(
        "\n{} commands, {} different, {} destructive by words, {} by effect{thrashing}",
        trial.commands, trial.unique_commands, trial.destructive, trial.destructive_effects
    ));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for entry in &detail.audit {
        match entry.kind {
            AuditKind::ToolCall => {
                let command = entry.parameters.as_ref().and_then(|given| given.get("command")?.as_str());
                let class = entry.class.map_or("—", |class| class.name());
                let text = command.unwrap_or(&entry.summary).replace('\n', " ↵ ");
                rows.push(vec![
                    (rows.len() + 1).to_string(),
                    class.to_owned(),
                    "—".to_owned(),
                    shortened(&text),
                ]);
            }
            AuditKind::ToolResult => {
                if let (Some(code), Some(row)) = (entry.exit_code, rows.last_mut()) {
                    row[2] = code.to_string();
                }
            }
            AuditKind::Reasoning | AuditKind::Note => {}
        }
    }
    if !rows.is_empty() {
        data(&table(&["#", "class", "exit", "command"], &[0, 2], rows));
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(COMMAND) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn members(state: &ClusterState) -> String {
    let records = state.records.map_or_else(String::new, |records| format!(", {records} records"));
    format!("members {}{records}", state.members.join(", "))
}
