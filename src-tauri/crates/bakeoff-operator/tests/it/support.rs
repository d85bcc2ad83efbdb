//! Files as Operator v3.2 leaves them.

use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};

/// As section 1.2 of Operator's description has it.
pub const CAMPAIGNS: &str =
    "CREATE TABLE campaigns (id INTEGER PRIMARY KEY AUTOINCREMENT, subject_name TEXT NOT NULL,
    chaos_type TEXT NOT NULL, trial_count INTEGER NOT NULL, baseline INTEGER NOT NULL DEFAULT 0,
    variant_name TEXT DEFAULT 'default', created_at TEXT NOT NULL);";
/// The first version, without variants.
pub const FIRST_CAMPAIGNS: &str = "CREATE TABLE campaigns (id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject_name TEXT NOT NULL, chaos_type TEXT NOT NULL, trial_count INTEGER NOT NULL,
    baseline INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL);";
pub const TRIALS: &str = "CREATE TABLE trials (id INTEGER PRIMARY KEY AUTOINCREMENT, campaign_id INTEGER NOT NULL
    REFERENCES campaigns(id), started_at TEXT NOT NULL, chaos_injected_at TEXT NOT NULL, ticket_created_at TEXT,
    resolved_at TEXT, ended_at TEXT NOT NULL, initial_state TEXT NOT NULL, final_state TEXT NOT NULL,
    chaos_metadata TEXT NOT NULL, commands_json TEXT NOT NULL DEFAULT '[]');";

pub const UP: &str = r#"{"store_count": 3, "region_count": 7, "stores": [{"id": 1, "address": "tikv0:20160", "state_name": "Up"}, {"id": 4, "address": "tikv1:20160", "state_name": "Up"}]}"#;
pub const DOWN: &str = r#"{"store_count": 3, "stores": [{"id": 1, "address": "tikv0:20160", "state_name": "Up"}, {"id": 4, "address": "tikv1:20160", "state_name": "Disconnected"}]}"#;
pub const KILL: &str =
    r#"{"chaos_type": "node_kill", "target_container": "tikv-tikv1-1", "signal": "SIGKILL"}"#;

/// A folder with a file in it.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An eval.db with the campaign `(subject, chaos_type, trial_count, baseline, variant)` 1.
    pub fn eval_db(&self, subject: &str, chaos: &str, count: u32, baseline: bool, variant: &str) -> PathBuf {
        let path = self.path("eval.db");
        let file = Connection::open(&path).expect("opens");
        file.execute_batch(&format!("{CAMPAIGNS}{TRIALS}")).expect("SQL");
        file.execute(
            "INSERT INTO campaigns (subject_name, chaos_type, trial_count, baseline, variant_name, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, '2025-01-10T12:00:00+00:00')",
            params![subject, chaos, count, baseline, variant],
        )
        .expect("SQL");
        path
    }
}

/// A trial that began at 12:00; seconds from there.
#[derive(Clone)]
pub struct Row {
    pub injected: u32,
    pub ticket: Option<&'static str>,
    pub resolved: Option<&'static str>,
    pub ended: u32,
    pub last: &'static str,
    pub metadata: &'static str,
    pub commands: String,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            injected: 30,
            ticket: Some("2025-01-10T12:00:41.500000+00:00"),
            resolved: Some("2025-01-10T12:01:30+00:00"),
            ended: 95,
            last: UP,
            metadata: KILL,
            commands: command("docker start tikv-tikv1-1", "2025-01-10T12:01:00"),
        }
    }
}

/// `commands_json` with one command, as Operator writes it.
pub fn command(line: &str, at: &str) -> String {
    let params = serde_json::json!({"command": line, "reasoning": "it is down"}).to_string();
    serde_json::json!([{"tool_name": "shell", "tool_params": params, "exit_code": null, "timestamp": at}])
        .to_string()
}

pub fn at(seconds: u32) -> String {
    format!("2025-01-10T12:{:02}:{:02}.000000+00:00", seconds / 60, seconds % 60)
}

/// Adds a trial to a campaign.
pub fn add(path: &Path, campaign: i64, row: &Row) {
    let file = Connection::open(path).expect("opens");
    // Off, as in Python: Operator itself can leave trials without their campaign.
    file.pragma_update(None, "foreign_keys", false).expect("SQL");
    file.execute(
        "INSERT INTO trials (campaign_id, started_at, chaos_injected_at, ticket_created_at, resolved_at, ended_at,
             initial_state, final_state, chaos_metadata, commands_json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            campaign,
            at(0),
            at(row.injected),
            row.ticket,
            row.resolved,
            at(row.ended),
            UP,
            row.last,
            row.metadata,
            row.commands
        ],
    )
    .expect("SQL");
}

/// An operator.db whose machine stood in Berlin (UTC+1 in January): one resolved ticket with its session.
pub fn operator_db(path: &Path) {
    let file = Connection::open(path).expect("opens");
    file.execute_batch(
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY AUTOINCREMENT, violation_key TEXT NOT NULL,
            invariant_name TEXT NOT NULL, store_id TEXT, status TEXT NOT NULL DEFAULT 'open',
            held BOOLEAN NOT NULL DEFAULT 0, batch_key TEXT, occurrence_count INTEGER NOT NULL DEFAULT 1,
            first_seen_at TEXT NOT NULL, last_seen_at TEXT NOT NULL, resolved_at TEXT, message TEXT NOT NULL,
            severity TEXT NOT NULL DEFAULT 'warning', diagnosis TEXT, metric_snapshot TEXT, subject_context TEXT,
            variant_model TEXT, variant_system_prompt TEXT, variant_tools_config TEXT,
            created_at TEXT DEFAULT CURRENT_TIMESTAMP, updated_at TEXT DEFAULT CURRENT_TIMESTAMP);
         CREATE TABLE agent_sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT UNIQUE NOT NULL,
            ticket_id INTEGER REFERENCES tickets(id), status TEXT NOT NULL DEFAULT 'running', started_at TEXT NOT NULL,
            ended_at TEXT, outcome_summary TEXT, created_at TEXT DEFAULT CURRENT_TIMESTAMP);
         CREATE TABLE agent_log_entries (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,
            entry_type TEXT NOT NULL, content TEXT NOT NULL, raw_content TEXT, tool_name TEXT, tool_params TEXT,
            exit_code INTEGER, timestamp TEXT NOT NULL, created_at TEXT DEFAULT CURRENT_TIMESTAMP);
         INSERT INTO tickets (violation_key, invariant_name, store_id, status, first_seen_at, last_seen_at, resolved_at,
            message, severity, metric_snapshot, variant_model, variant_system_prompt, variant_tools_config, created_at)
         VALUES ('store_down:4', 'store_down', '4', 'resolved', '2025-01-10T13:00:41.500000',
            '2025-01-10T13:01:20', '2025-01-10T13:01:30', 'Store 4 is down', 'critical', '{\"up\": 2}',
            'claude-sonnet-4-5', 'Look first.', '{\"tool_choice\": \"auto\", \"enabled_tools\": [\"shell\"]}',
            '2025-01-10 12:00:41');
         INSERT INTO agent_sessions (session_id, ticket_id, status, started_at, ended_at, outcome_summary)
         VALUES ('2025-01-10T13-00-43-0a1b2c3d', 1, 'resolved', '2025-01-10T13:00:43', '2025-01-10T13:01:30',
            'Started the killed store again.');
         INSERT INTO agent_log_entries
            (session_id, entry_type, content, raw_content, tool_name, tool_params, exit_code, timestamp) VALUES
            ('2025-01-10T13-00-43-0a1b2c3d', 'reasoning', 'Looks.', 'I look first.', NULL, NULL, NULL, '2025-01-10T13:00:45'),
            ('2025-01-10T13-00-43-0a1b2c3d', 'tool_call', 'Lists.', NULL, 'shell',
             '{\"command\": \"docker ps -a\", \"reasoning\": \"what runs\"}', NULL, '2025-01-10T13:00:50'),
            ('2025-01-10T13-00-43-0a1b2c3d', 'tool_result', 'One is down.', 'tikv1 Exited', 'shell', NULL, 0, '2025-01-10T13:00:51'),
            ('2025-01-10T13-00-43-0a1b2c3d', 'tool_call', 'Starts.', NULL, 'shell',
             '{\"command\": \"docker start tikv-tikv1-1\", \"reasoning\": \"it is down\"}', NULL, '2025-01-10T13:01:00');",
    )
    .expect("SQL");
}
