//! Binding tickets in a file that others work with.

use crate::support::{Place, operator_db};
use bakeoff_core::lab::{AuditKind, TicketStatus};
use bakeoff_core::ports::operator::{Binding, Operator, OperatorEnd};
use bakeoff_operator::{LiveOperator, sweep};
use rusqlite::{Connection, OptionalExtension};
use serde_json::Map;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn binding(model: &str) -> Binding {
    Binding::Variant {
        name: "careful".to_owned(),
        model: model.to_owned(),
        system_prompt: Some("Look first; it's \"quoted\".".to_owned()),
        tools_config: Map::from_iter([("tool_choice".to_owned(), "auto".into())]),
    }
}

fn connect(path: &Path) -> Connection {
    let file = Connection::open(path).expect("opens");
    file.busy_timeout(Duration::from_secs(5)).expect("SQL");
    file
}

/// As Operator's monitor does it.
fn tell(path: &Path, key: &str) -> i64 {
    let file = connect(path);
    file.execute(
        "INSERT INTO tickets (violation_key, invariant_name, first_seen_at, last_seen_at, message, severity)
         VALUES (?1, 'store_down', strftime('%Y-%m-%dT%H:%M:%f', 'now'), strftime('%Y-%m-%dT%H:%M:%f', 'now'),
             'down', 'critical')",
        [key],
    )
    .expect("SQL");
    file.last_insert_rowid()
}

fn leftovers(path: &Path) -> i64 {
    connect(path)
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'bakeoff%'", [], |row| row.get(0))
        .expect("SQL")
}

fn place() -> (Place, PathBuf, LiveOperator) {
    let place = Place::new();
    let path = place.path("operator.db");
    operator_db(&path);
    let live = LiveOperator::new(place.path(""), place.path("marks"));
    (place, path, live)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_poller_is_fast_enough_to_see_a_ticket_without_its_variant() {
    let (_place, path, live) = place();
    let stop = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let poller = scope.spawn(|| {
            let file = connect(&path);
            let mut seen: Vec<(i64, Option<String>)> = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let last = seen.last().map_or(1, |(id, _)| *id);
                let found = file
                    .query_row(
                        "SELECT id, variant_model FROM tickets WHERE id > ?1 AND status = 'open' ORDER BY id LIMIT 1",
                        [last],
                        |row| Ok((row.get(0)?, row.get(1)?)),
                    )
                    .optional();
                // Busy is no answer.
                if let Ok(Some(found)) = found {
                    seen.push(found);
                }
            }
            seen
        });
        let work = async {
            for turn in 0..30 {
                let mut trial = live
                    .bind("operator.db".into(), binding(&format!("model-{turn}")))
                    .await
                    .expect("it is free");
                tell(&path, &format!("store_down:{turn}"));
                let look = trial.look().await.expect("looks");
                assert_eq!(look.misbound, None, "turn {turn}");
                assert_eq!(
                    look.ticket.map(|ticket| (ticket.number, ticket.status)),
                    Some((1, TicketStatus::Open))
                );
                trial.release().await.expect("releases");
                assert_eq!(leftovers(&path), 0);
            }
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work));
        stop.store(true, Ordering::Relaxed);
        poller.join().expect("it polls")
    });
    assert!(!seen.is_empty(), "the poller was at work");
    for (id, model) in seen {
        // Ticket 1 was there before.
        assert_eq!(model, Some(format!("model-{}", id - 2)), "what the poller saw of ticket {id}");
    }
}

#[tokio::test]
async fn the_agents_session_and_its_end_are_followed() {
    let (_place, path, live) = place();
    let mut trial = live.bind("operator.db".into(), binding("claude-sonnet-4-5")).await.expect("it is free");
    assert_eq!(trial.look().await.expect("looks").ticket, None, "tickets of before are not this trial's");
    let id = tell(&path, "store_down:4");
    connect(&path)
        .execute_batch(&format!(
            "UPDATE tickets SET status = 'acknowledged', held = 1 WHERE id = {id};
             INSERT INTO agent_sessions (session_id, ticket_id, started_at) VALUES ('s-2', {id}, '2025-01-10T13:00:43');
             INSERT INTO agent_log_entries (session_id, entry_type, content, tool_name, tool_params, timestamp)
             VALUES ('s-2', 'tool_call', 'Starts.', 'shell', '{{\"command\": \"docker start t1\"}}', '2025-01-10T13:00:45');"
        ))
        .expect("SQL");
    let look = trial.look().await.expect("looks");
    assert!(look.is_taken && look.end.is_none());
    assert_eq!(look.news.len(), 1);
    assert_eq!((look.news[0].kind, look.news[0].content.as_str()), (AuditKind::ToolCall, "docker start t1"));
    assert!(trial.look().await.expect("looks").news.is_empty(), "told once");
    connect(&path)
        .execute_batch(&format!(
            "UPDATE tickets SET status = 'resolved', resolved_at = '2025-01-10T13:01:00' WHERE id = {id};
             UPDATE agent_sessions SET status = 'resolved', outcome_summary = 'Started it.' WHERE session_id = 's-2'"
        ))
        .expect("SQL");
    let look = trial.look().await.expect("looks");
    assert_eq!(look.end, Some(OperatorEnd::Resolved("Started it.".to_owned())));
}

#[tokio::test]
async fn an_escalation_is_the_end_and_a_changed_ticket_is_told() {
    let (_place, path, live) = place();
    let mut trial = live.bind("operator.db".into(), binding("claude-sonnet-4-5")).await.expect("it is free");
    let id = tell(&path, "store_down:4");
    connect(&path)
        .execute_batch(&format!(
            "INSERT INTO agent_sessions (session_id, ticket_id, status, started_at)
             VALUES ('s-2', {id}, 'escalated', '2025-01-10T13:00:43');
             UPDATE tickets SET status = 'diagnosed', diagnosis = 'ESCALATED: no idea' WHERE id = {id};"
        ))
        .expect("SQL");
    let look = trial.look().await.expect("looks");
    assert_eq!(look.end, Some(OperatorEnd::Escalated("ESCALATED: no idea".to_owned())));
    connect(&path).execute("UPDATE tickets SET variant_model = 'other' WHERE id = ?1", [id]).expect("SQL");
    let look = trial.look().await.expect("looks");
    assert!(look.misbound.is_some_and(|why| why.contains("does not carry the variant careful")));
}

#[tokio::test]
async fn without_an_agent_no_poller_gets_a_ticket() {
    let (_place, path, live) = place();
    let mut trial = live.bind("operator.db".into(), Binding::Nobody).await.expect("it is free");
    let id = tell(&path, "store_down:4");
    let (status, held): (String, bool) = connect(&path)
        .query_row("SELECT status, held FROM tickets WHERE id = ?1", [id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("SQL");
    assert_eq!((status.as_str(), held), ("acknowledged", true), "nobody takes it");
    trial.release().await.expect("releases");
    let status: String = connect(&path)
        .query_row("SELECT status FROM tickets WHERE id = ?1", [id], |row| row.get(0))
        .expect("SQL");
    assert_eq!(status, "resolved", "its system is gone");
}

#[tokio::test]
async fn what_stands_in_the_way_is_told() {
    let (place, path, live) = place();
    let error = live.bind("gone.db".into(), Binding::Nobody).await.err().expect("there is none");
    assert!(error.is_unavailable && error.message.contains("There is no file"), "{error}");
    std::fs::write(place.path("other.db"), "").expect("writes");
    let error = live.bind("other.db".into(), Binding::Nobody).await.err().expect("it is another's");
    assert!(error.is_unavailable && error.message.contains("has no tickets."), "{error}");
    let bound = live.bind("operator.db".into(), Binding::Nobody).await.expect("it is free");
    let error = live.bind("operator.db".into(), Binding::Nobody).await.err().expect("it is bound");
    assert!(!error.is_unavailable && error.message.contains("Another trial works with"), "{error}");
    drop(bound);
    assert_eq!(leftovers(&path), 0, "dropping it is enough");
    let id = tell(&path, "store_down:4");
    let error = live.bind("operator.db".into(), Binding::Nobody).await.err().expect("a ticket is open");
    assert!(error.message.contains(&format!("Ticket {id} (store_down:4)")), "{error}");
}

#[tokio::test]
async fn what_a_killed_program_left_is_taken_away() {
    let (place, path, live) = place();
    let bound = live.bind("operator.db".into(), binding("m")).await.expect("it is free");
    let marks = place.path("marks");
    sweep(&marks);
    assert_eq!(leftovers(&path), 2, "its owner lives");
    let id = tell(&path, "store_down:4");
    // What is left when a program is killed: trigger, table and mark, without the lock.
    let copy = place.path("left.db");
    std::fs::copy(&path, &copy).expect("copies");
    let mark = std::fs::read_dir(&marks).expect("lists").next().expect("a mark").expect("lists").path();
    drop(bound);
    std::fs::rename(&copy, &path).expect("renames");
    std::fs::write(&mark, path.display().to_string()).expect("writes");
    sweep(&marks);
    assert_eq!(leftovers(&path), 0);
    assert!(!mark.exists());
    let status: String = connect(&path)
        .query_row("SELECT status FROM tickets WHERE id = ?1", [id], |row| row.get(0))
        .expect("SQL");
    assert_eq!(status, "resolved");
}
