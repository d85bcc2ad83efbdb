//! Operator's own agent in a fault campaign: this test is its monitor and its agent, by the tickets of a real operator.db.

use crate::support::{Place, list, text, until};
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

const SCHEMA: &str = "
    CREATE TABLE tickets (id INTEGER PRIMARY KEY AUTOINCREMENT, violation_key TEXT NOT NULL, invariant_name TEXT NOT NULL,
        store_id TEXT, status TEXT NOT NULL DEFAULT 'open', held BOOLEAN NOT NULL DEFAULT 0, batch_key TEXT,
        occurrence_count INTEGER NOT NULL DEFAULT 1, first_seen_at TEXT NOT NULL, last_seen_at TEXT NOT NULL,
        resolved_at TEXT, message TEXT NOT NULL, severity TEXT NOT NULL DEFAULT 'warning', diagnosis TEXT,
        metric_snapshot TEXT, subject_context TEXT, variant_model TEXT, variant_system_prompt TEXT,
        variant_tools_config TEXT, created_at TEXT DEFAULT CURRENT_TIMESTAMP, updated_at TEXT DEFAULT CURRENT_TIMESTAMP);
    CREATE TABLE agent_sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT UNIQUE NOT NULL, ticket_id INTEGER,
        status TEXT NOT NULL DEFAULT 'running', started_at TEXT NOT NULL, ended_at TEXT, outcome_summary TEXT,
        created_at TEXT DEFAULT CURRENT_TIMESTAMP);
    CREATE TABLE agent_log_entries (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,
        entry_type TEXT NOT NULL, content TEXT NOT NULL, raw_content TEXT, tool_name TEXT, tool_params TEXT,
        exit_code INTEGER, timestamp TEXT NOT NULL, created_at TEXT DEFAULT CURRENT_TIMESTAMP);";

const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%f', 'now')";

const VARIANT: &str = "provider: anthropic\nmodel: claude-careful\nsystem_prompt: Look first.\n\
    tools_config: {tool_choice: auto, enabled_tools: [shell]}\n";

struct Operator {
    place: Place,
    path: PathBuf,
}

impl Operator {
    /// A workspace with a campaign whose agent is Operator's.
    fn new(fault: &str, seconds: u32) -> Self {
        let place = Place::starter();
        let path = place.path("operator.db");
        Connection::open(&path).and_then(|file| file.execute_batch(SCHEMA)).expect("SQL");
        place.write("variants/careful.yaml", VARIANT);
        place.write(
            "campaigns/outside.yaml",
            format!(
                "subjects: [embedded]\nchaos_types: [{{type: {fault}}}]\nvariants: [careful]\n\
                 agent: {{operator_db: operator.db}}\ntimeout_seconds: {seconds}\n"
            ),
        );
        Self { place, path }
    }

    fn file(&self) -> Connection {
        let file = Connection::open(&self.path).expect("opens");
        file.busy_timeout(Duration::from_secs(5)).expect("SQL");
        file
    }

    fn is_bound(&self) -> bool {
        let found = self.file().query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name LIKE 'bakeoff%')",
            [],
            |row| row.get(0),
        );
        found.expect("SQL")
    }

    /// What its monitor does.
    fn tell(&self) {
        let sql = format!(
            "INSERT INTO tickets (violation_key, invariant_name, store_id, first_seen_at, last_seen_at, message, severity)
             VALUES ('store_down:2', 'store_down', '2', {NOW}, {NOW}, 'Store 2 is down', 'critical')"
        );
        self.file().execute_batch(&sql).expect("SQL");
    }

    /// What its agent does: it takes the oldest open ticket as soon as there is one. Gives what the ticket carried then.
    fn work(&self) -> (Option<String>, Option<String>, Option<String>) {
        let file = self.file();
        let found = || {
            file.query_row(
                "SELECT id, variant_model, variant_system_prompt, variant_tools_config FROM tickets
                 WHERE status = 'open' ORDER BY id LIMIT 1",
                [],
                |row| Ok((row.get::<_, i64>(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))),
            )
            .optional()
            .expect("SQL")
        };
        let (id, carried) = loop {
            if let Some(found) = found() {
                break found;
            }
            std::thread::yield_now();
        };
        file.execute_batch(&format!(
            "BEGIN;
             UPDATE tickets SET status = 'acknowledged', held = 1 WHERE id = {id};
             INSERT INTO agent_sessions (session_id, ticket_id, started_at) VALUES ('s-1', {id}, {NOW});
             INSERT INTO agent_log_entries (session_id, entry_type, content, raw_content, tool_name, tool_params, exit_code,
                 timestamp) VALUES
                 ('s-1', 'reasoning', 'Looks.', 'I look first.', NULL, NULL, NULL, {NOW}),
                 ('s-1', 'tool_call', 'Lists.', NULL, 'shell', '{{\"command\": \"docker ps\"}}', NULL, {NOW}),
                 ('s-1', 'tool_result', 'All run.', 'three lines', 'shell', NULL, 0, {NOW});
             UPDATE tickets SET status = 'resolved', resolved_at = {NOW} WHERE id = {id};
             COMMIT;"
        ))
        .expect("SQL");
        // Its session ends after the ticket, here when the trial has certainly seen that one.
        until("the trial has seen the end", || self.has_seen("All run."));
        file.execute_batch(&format!(
            "UPDATE agent_sessions SET status = 'resolved', ended_at = {NOW}, outcome_summary = 'Nothing is wrong.'"
        ))
        .expect("SQL");
        carried
    }

    /// Whether the trial's audit has it.
    fn has_seen(&self, summary: &str) -> bool {
        let results = Connection::open(self.place.path(".bakeoff/results.db")).expect("opens");
        results.busy_timeout(Duration::from_secs(5)).expect("SQL");
        let found = results.query_row(
            "SELECT EXISTS (SELECT 1 FROM audit_entries WHERE summary = ?1)",
            [summary],
            |row| row.get(0),
        );
        found.expect("SQL")
    }

    fn trial(&self) -> Value {
        self.place.json(&["show", "1", "--trial", "1"])
    }
}

#[test]
fn operators_agent_is_bound_followed_and_judged() {
    let operator = Operator::new("none", 30);
    let run = operator.place.start(&["run", "outside"]);
    until("the tickets are bound", || operator.is_bound());
    let carried = std::thread::scope(|scope| {
        let agent = scope.spawn(|| operator.work());
        operator.tell();
        agent.join().expect("it works")
    });
    assert_eq!(carried.0.as_deref(), Some("claude-careful"), "no poller is faster");
    assert_eq!(carried.1.as_deref(), Some("Look first."));
    assert!(carried.2.is_some_and(|tools| tools.contains("\"tool_choice\":\"auto\"")));
    run.wait().expect_code(0);
    let trial = operator.trial();
    assert_eq!(text(&trial, "/row/outcome"), "pass", "nothing was wrong, and nothing was changed: {trial:#}");
    assert_eq!(text(&trial, "/fault/trial/mode"), "operator_db");
    assert_eq!(text(&trial, "/answer"), "Nothing is wrong.");
    assert_eq!(text(&trial, "/fault/trial/tickets/0/key"), "store_down:2");
    assert_eq!(text(&trial, "/fault/trial/tickets/0/variant"), "careful");
    assert_eq!(trial["fault"]["trial"]["commands"], 1);
    let audit: Vec<&str> = list(&trial, "/fault/audit").iter().map(|entry| text(entry, "/content")).collect();
    for wanted in ["I look first.", "docker ps", "three lines"] {
        assert!(audit.contains(&wanted), "{wanted:?} is not in {audit:#?}");
    }
    assert!(audit.iter().any(|line| line.contains("was read back with") && line.contains("claude-careful")));
    assert!(!operator.is_bound(), "nothing is left in the file");
}

#[test]
fn an_agent_that_never_answers_runs_out_of_time_and_what_was_seen_is_kept() {
    let operator = Operator::new("node_kill", 8);
    let run = operator.place.start(&["run", "outside"]);
    let is_in = || {
        let faults = operator.place.json(&["faults", "list"]);
        list(&faults, "").iter().any(|row| row["state"] == "landed")
    };
    until("the fault is in", is_in);
    operator.tell();
    run.wait().expect_code(0);
    let trial = operator.trial();
    assert_eq!(text(&trial, "/row/outcome"), "timeout", "{trial:#}");
    assert!(trial["fault"]["trial"]["detect_s"].is_number(), "it was detected all the same: {trial:#}");
    assert_eq!(text(&trial, "/fault/trial/tickets/0/message"), "Store 2 is down");
    assert!(!operator.is_bound(), "nothing is left in the file");
    let status: String =
        operator.file().query_row("SELECT status FROM tickets", [], |row| row.get(0)).expect("SQL");
    assert_eq!(status, "resolved", "the next trial finds no open ticket");
}

#[test]
fn what_a_killed_run_bound_is_gone_at_the_next_start() {
    let operator = Operator::new("none", 30);
    let run = operator.place.start(&["run", "outside"]);
    until("the tickets are bound", || operator.is_bound());
    run.kill();
    assert!(operator.is_bound(), "it had no time to clean up");
    operator.place.run(&["list"]).expect_code(0);
    assert!(!operator.is_bound(), "the next start does");
}
