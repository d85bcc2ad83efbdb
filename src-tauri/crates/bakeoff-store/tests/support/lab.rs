//! Parts of fault trials to test with.

use crate::plan::planned;
use crate::support::NOW;
use bakeoff_core::fault::{FaultKind, FaultState};
use bakeoff_core::lab::{
    Attribution, AuditEntry, AuditKind, Clocks, ClusterState, CommandClass, EntryProbe, FaultTrial,
    HealthSample, Layer, LayerState, MemberState, OracleVerdict, Ticket, TicketSeverity, TicketStatus,
};
use serde_json::{Map, Value, json};

fn object(json: Value) -> Map<String, Value> {
    json.as_object().cloned().unwrap_or_default()
}

/// One sample of three nodes, the second of which is gone.
pub fn sample(at: i64) -> HealthSample {
    let is_there = |node: &&str| *node != "n2";
    let entries = ["n1", "n2", "n3"].iter().map(|node| EntryProbe {
        node: (*node).into(),
        write_ok: is_there(node),
        read_ok: is_there(node),
        latency_ms: 1.25,
        error: (!is_there(node)).then(|| "connection refused".into()),
    });
    let members = ["n1", "n2", "n3"].iter().map(|node| MemberState {
        node: (*node).into(),
        healthy: is_there(node),
        leader: *node == "n1",
        term: is_there(node).then_some(7),
        applied: is_there(node).then_some(1234),
        disk_percent: is_there(node).then_some(12.5),
        error: (!is_there(node)).then(|| "connection refused".into()),
    });
    HealthSample { at, entries: entries.collect(), members: members.collect() }
}

/// A ticket about node n2, as it is when it was just opened.
pub fn ticket(number: u32, at: i64) -> Ticket {
    Ticket {
        number,
        key: "node_down:n2".into(),
        invariant: "node_down".into(),
        node: Some("n2".into()),
        severity: TicketSeverity::Critical,
        message: "n2 is down".into(),
        status: TicketStatus::Open,
        held: false,
        occurrences: 1,
        first_seen_at: at,
        last_seen_at: at,
        resolved_at: None,
        resolved_by: None,
        diagnosis: None,
        variant: Some("careful".into()),
        metrics: object(json!({"up": 2, "of": [3, null]})),
    }
}

/// The same once its agent resolved it.
pub fn resolved_ticket(number: u32, at: i64) -> Ticket {
    Ticket {
        status: TicketStatus::Resolved,
        held: true,
        occurrences: 4,
        last_seen_at: at + 3_000,
        resolved_at: Some(at + 4_000),
        resolved_by: Some("agent".into()),
        diagnosis: Some("n2 was started again".into()),
        ..ticket(number, at)
    }
}

/// A tool call and what it gave.
pub fn audit(at: i64) -> [AuditEntry; 2] {
    let call = AuditEntry {
        number: 1,
        at,
        kind: AuditKind::ToolCall,
        summary: "labctl node start n2".into(),
        content: r#"{"command": "node start n2"}"#.into(),
        tool: Some("labctl".into()),
        parameters: Some(json!({"command": "node start n2"})),
        exit_code: None,
        class: Some(CommandClass::Repair),
    };
    let result = AuditEntry {
        number: 2,
        at: at + 40,
        kind: AuditKind::ToolResult,
        summary: "n2 is running".into(),
        content: "n2  running\n".into(),
        parameters: None,
        exit_code: Some(0),
        class: None,
        ..call.clone()
    };
    [call, result]
}

/// A trial in which node n2 was killed and an agent started it again.
pub fn fault_trial() -> FaultTrial {
    let layer = |state, reason: &str| Layer { state, reason: reason.into() };
    FaultTrial {
        subject: "embedded".into(),
        fault: FaultKind::NodeKill.with_defaults(),
        planned: Some(planned()),
        fault_state: Some(FaultState::Reverted),
        mode: "managed".into(),
        sandbox: Some("commands only".into()),
        tools: vec!["labctl".into()],
        clocks: Clocks {
            boot_at: Some(NOW),
            landed_at: Some(NOW + 100),
            ticket_at: Some(NOW + 1_100),
            restored_at: Some(NOW + 4_350),
            reverted_at: Some(NOW + 9_000),
            ..Clocks::default()
        },
        detect_s: Some(1.0),
        restore_s: Some(4.25),
        censored_s: None,
        claim_lag_s: Some(0.75),
        commands: 3,
        unique_commands: 2,
        destructive: 1,
        destructive_effects: 0,
        thrashing: false,
        verdict: Some(OracleVerdict {
            service: layer(LayerState::Pass, "120 of 120 writes"),
            redundancy: layer(LayerState::Pass, "3 of 3 members"),
            integrity: layer(LayerState::Unknown, "the check could not be done"),
            cause: layer(LayerState::Fail, "a member is missing"),
        }),
        attribution: Some(Attribution::Targeted),
        tickets: vec![resolved_ticket(1, NOW + 1_100)],
        initial_state: Some(ClusterState {
            members: vec!["n1".into(), "n2".into()],
            records: Some(40),
            ..ClusterState::default()
        }),
        final_state: None,
        imported: None,
    }
}
