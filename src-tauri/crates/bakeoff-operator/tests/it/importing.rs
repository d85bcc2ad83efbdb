//! From old files to runs.

use crate::support::{
    CAMPAIGNS, DOWN, FIRST_CAMPAIGNS, KILL, Place, Row, TRIALS, UP, add, command, operator_db,
};
use bakeoff_core::fault::FaultKind;
use bakeoff_core::lab::{AuditKind, FaultTrial, TicketStatus};
use bakeoff_core::outcome::Outcome;
use bakeoff_operator::{Converted, EvalDb, OperatorDb, Zone, convert};
use rusqlite::Connection;
use std::path::Path;

fn read(path: &Path) -> EvalDb {
    EvalDb::read(path, &Zone::utc()).unwrap_or_else(|error| panic!("{error}"))
}

fn first(path: &Path) -> Converted {
    let file = read(path);
    convert(&file, &file.campaigns[0], None).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn fault(converted: &Converted, trial: usize) -> &FaultTrial {
    converted.trials[trial].record.fault.as_deref().expect("a fault trial")
}

#[test]
fn outcome_and_times_follow_operators_rule() {
    for (row, outcome, detect, restore, censored) in [
        (Row::default(), Outcome::Pass, Some(11.5), Some(60.0), None),
        (Row { last: DOWN, ..Row::default() }, Outcome::Fail, Some(11.5), None, Some(65.0)),
        (
            Row { resolved: None, last: DOWN, ..Row::default() },
            Outcome::Timeout,
            Some(11.5),
            None,
            Some(65.0),
        ),
        (Row { resolved: None, ..Row::default() }, Outcome::Fail, Some(11.5), None, Some(65.0)),
        // A ticket from before the fault is another trial's; the rule itself does not look at that.
        (
            Row { ticket: Some("2025-01-10T12:00:10+00:00"), ..Row::default() },
            Outcome::Pass,
            None,
            Some(60.0),
            None,
        ),
    ] {
        let place = Place::new();
        let path = place.eval_db("tikv", "node_kill", 1, false, "careful");
        add(&path, 1, &row);
        let converted = first(&path);
        let fault = fault(&converted, 0);
        assert_eq!(converted.trials[0].record.outcome, outcome);
        assert_eq!(
            (fault.detect_s, fault.restore_s, fault.censored_s),
            (detect, restore, censored),
            "{outcome:?}"
        );
        assert!(fault.verdict.is_none(), "its layers are not known, and none is made up");
        let imported = fault.imported.as_ref().expect("it is marked");
        assert_eq!((imported.campaign, imported.trial), (1, 1));
        assert!(imported.judged.contains("Operator's rule"), "{}", imported.judged);
    }
}

#[test]
fn what_the_file_has_is_kept() {
    let place = Place::new();
    let path = place.eval_db("tikv", "node_kill", 3, false, "careful");
    add(&path, 1, &Row::default());
    let converted = first(&path);
    assert_eq!(converted.campaign.name, "operator-tikv-node_kill");
    assert_eq!((converted.planned, converted.cases.len()), (3, 1));
    assert!(converted.notes[0].contains("2 of 3 trials are not in the file"), "{:?}", converted.notes);
    let (variant, _) = &converted.variants[0];
    assert_eq!((variant.name.as_str(), variant.model.as_str()), ("careful", "unknown"));
    assert!(
        variant.description.as_deref().is_some_and(|text| text.contains("neither the model nor the prompt"))
    );
    let fault = fault(&converted, 0);
    let planned = fault.planned.as_ref().expect("a fault was done");
    assert_eq!((planned.node.as_deref(), planned.mechanism.as_str()), (Some("tikv-tikv1-1"), "signal"));
    assert_eq!(planned.detail["signal"], "SIGKILL");
    let last = fault.final_state.as_ref().expect("a state");
    assert_eq!(last.members, ["tikv0:20160", "tikv1:20160"]);
    assert_eq!(last.raw["region_count"], 7);
    assert_eq!((fault.commands, fault.unique_commands), (1, 1));
    let audit = &converted.trials[0].audit;
    assert_eq!(audit[0].content, "docker start tikv-tikv1-1");
    assert_eq!((audit[0].at, audit[0].summary.as_str()), (1_736_510_460_000, "it is down"));
}

#[test]
fn files_of_the_first_version_have_no_variant() {
    let place = Place::new();
    let path = place.path("first.db");
    let file = Connection::open(&path).expect("opens");
    file.execute_batch(&format!(
        "{FIRST_CAMPAIGNS}{TRIALS} INSERT INTO campaigns (subject_name, chaos_type, trial_count, created_at)
         VALUES ('tikv', 'latency', 1, '2025-01-10T12:00:00+00:00');"
    ))
    .expect("SQL");
    let metadata = r#"{"chaos_type": "latency", "target_container": "t1", "min_ms": 100, "max_ms": 300, "interface": "eth0"}"#;
    add(&path, 1, &Row { metadata, ..Row::default() });
    let converted = first(&path);
    assert_eq!(converted.variants[0].0.name, "default");
    let fault = fault(&converted, 0);
    assert_eq!(fault.fault.kind, FaultKind::Latency);
    assert_eq!((fault.fault.min_ms, fault.fault.max_ms), (Some(100), Some(300)), "from the metadata");
}

#[test]
fn a_campaign_of_several_faults_has_a_case_for_each() {
    let place = Place::new();
    let path = place.eval_db("tikv", "node_kill,disk_pressure", 3, false, "default");
    let disk = r#"{"chaos_type": "disk_pressure", "target_container": "t1", "fill_percent": 80}"#;
    for metadata in [KILL, disk, KILL] {
        add(&path, 1, &Row { metadata, ..Row::default() });
    }
    let converted = first(&path);
    assert_eq!(converted.cases.len(), 2);
    let keys: Vec<_> =
        converted.trials.iter().map(|one| (one.record.key.case, one.record.key.repetition)).collect();
    assert_eq!(keys, [(0, 0), (1, 0), (0, 1)]);
}

#[test]
fn without_an_agent_the_state_alone_counts() {
    let place = Place::new();
    let path = place.eval_db("tikv", "node_kill", 2, true, "default");
    let nobody = Row { ticket: None, resolved: None, commands: "[]".to_owned(), ..Row::default() };
    add(&path, 1, &nobody);
    add(&path, 1, &Row { last: DOWN, ..nobody });
    // Operator flags the whole campaign, also when an agent was at work in it.
    add(&path, 1, &Row::default());
    let converted = first(&path);
    let outcomes: Vec<Outcome> = converted.trials.iter().map(|one| one.record.outcome).collect();
    assert_eq!(outcomes, [Outcome::Pass, Outcome::Timeout, Outcome::Pass], "self-healing counts");
    let names: Vec<&str> = converted.variants.iter().map(|(variant, _)| variant.name.as_str()).collect();
    assert_eq!(names, ["no-agent", "default"]);
    assert_eq!(fault(&converted, 0).restore_s, None, "nobody knows when it was restored");
    assert_eq!(fault(&converted, 1).censored_s, Some(65.0));
}

#[test]
fn operator_db_adds_ticket_agent_and_model() {
    let place = Place::new();
    let path = place.eval_db("tikv", "node_kill", 1, false, "careful");
    // As the old harness leaves a trial whose time was up: without ticket and commands.
    let row = Row { ticket: None, resolved: None, last: DOWN, commands: "[]".to_owned(), ..Row::default() };
    add(&path, 1, &row);
    let operator_path = place.path("operator.db");
    operator_db(&operator_path);
    let berlin = Zone::named(Some("Europe/Berlin")).expect("a zone");
    let operator = OperatorDb::read(&operator_path, &berlin).unwrap_or_else(|error| panic!("{error}"));
    let file = read(&path);
    let converted = convert(&file, &file.campaigns[0], Some(&operator)).expect("it can be taken");
    let fault = fault(&converted, 0);
    assert_eq!(fault.detect_s, Some(11.5), "local time was understood");
    assert_eq!(fault.tickets.len(), 1);
    let ticket = &fault.tickets[0];
    assert_eq!((ticket.key.as_str(), ticket.status), ("store_down:4", TicketStatus::Resolved));
    assert_eq!((fault.commands, fault.clocks.agent_at), (2, Some(1_736_510_443_000)));
    let kinds: Vec<AuditKind> = converted.trials[0].audit.iter().map(|entry| entry.kind).collect();
    use AuditKind::{Reasoning, ToolCall, ToolResult};
    assert_eq!(kinds, [Reasoning, ToolCall, ToolResult, ToolCall]);
    assert_eq!(converted.trials[0].audit[2].exit_code, Some(0));
    let record = &converted.trials[0].record;
    assert_eq!(record.answer.as_deref(), Some("Started the killed store again."));
    assert_eq!(record.outcome, Outcome::Timeout, "the verdict stays that of eval.db");
    let (variant, _) = &converted.variants[0];
    assert_eq!(
        (variant.model.as_str(), variant.system_prompt.as_deref()),
        ("claude-sonnet-4-5", Some("Look first."))
    );
    assert_eq!(variant.tools_config["tool_choice"], "auto");
}

/// The problems of the file as a whole, or of its first campaign.
fn problem(path: &Path) -> String {
    match EvalDb::read(path, &Zone::utc()) {
        Err(error) => error.to_string(),
        Ok(file) => match file.campaigns.first() {
            Some(campaign) => match convert(&file, campaign, None) {
                Err(problems) => problems[0].to_string(),
                Ok(_) => file.problems.first().map(ToString::to_string).unwrap_or_default(),
            },
            None => file.problems.first().map(ToString::to_string).unwrap_or_default(),
        },
    }
}

#[test]
fn broken_files_are_told_with_table_and_row() {
    let place = Place::new();
    let check = |name: &str, bytes: &[u8], wanted: &str| {
        let path = place.path(name);
        std::fs::write(&path, bytes).expect("writes");
        let told = problem(&path);
        assert!(told.contains(name) && told.contains(wanted), "{told}");
    };
    check("text.db", b"these are no campaigns at all", "no SQLite database");
    check("empty.db", b"", "it is empty");
    assert!(problem(&place.path("gone.db")).contains("there is no such file"));
    let path = place.path("half.db");
    Connection::open(&path).and_then(|file| file.execute_batch(CAMPAIGNS)).expect("SQL");
    assert!(problem(&path).contains("it has no table trials"), "{}", problem(&path));
    for (row, wanted) in [
        (Row { last: "{\"stores\": [", ..Row::default() }, "table trials, row 1: final_state is no JSON"),
        (Row { metadata: "[]", ..Row::default() }, "table trials, row 1: chaos_metadata is no JSON object"),
        (
            Row { commands: "{}".into(), ..Row::default() },
            "table trials, row 1: commands_json is no JSON list",
        ),
        (
            Row { ticket: Some("soon"), ..Row::default() },
            "row 1: ticket_created_at is \"soon\", which is no moment",
        ),
        (
            Row { metadata: r#"{"chaos_type": "meteor"}"#, ..Row::default() },
            "table trials, row 1: the fault \"meteor\" is none that Bakeoff knows; it knows none, node_kill",
        ),
        (
            Row { metadata: r#"{"chaos_type": "latency", "min_ms": -4}"#, ..Row::default() },
            "table trials, row 1: chaos_metadata:",
        ),
    ] {
        let place = Place::new();
        let path = place.eval_db("tikv", "node_kill", 1, false, "default");
        add(&path, 1, &row);
        let told = problem(&path);
        assert!(told.contains(wanted), "{wanted:?} is not in {told:?}");
    }
    let place = Place::new();
    let path = place.eval_db("tikv", "node_kill", 1, false, "default");
    add(&path, 7, &Row::default());
    assert!(problem(&path).contains("table trials, row 1: it belongs to campaign 7"), "{}", problem(&path));
}

#[test]
fn a_half_written_file_is_told() {
    let place = Place::new();
    let path = place.eval_db("tikv", "node_kill", 200, false, "default");
    for _ in 0..200 {
        add(&path, 1, &Row::default());
    }
    let bytes = std::fs::read(&path).expect("reads");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("writes");
    let told = problem(&path);
    assert!(told.contains("damaged or half-written"), "{told}");
}

/// Everything in a folder.
fn folder(path: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let entries = std::fs::read_dir(path.parent().expect("a folder")).expect("lists");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("lists"))
        .map(|entry| (entry.file_name(), std::fs::read(entry.path()).expect("reads")))
        .collect();
    files.sort();
    files
}

#[test]
fn the_file_is_never_changed_also_while_others_write_to_it() {
    let place = Place::new();
    let path = place.eval_db("tikv", "node_kill", 2, false, "default");
    let writer = Connection::open(&path).expect("opens");
    let mode: String = writer.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).expect("SQL");
    assert_eq!(mode, "wal");
    // A connection that has read keeps the log from being folded into the file.
    writer.execute_batch("BEGIN; SELECT count(*) FROM trials;").expect("SQL");
    add(&path, 1, &Row::default());
    let before = folder(&path);
    assert!(
        before.iter().any(|(name, bytes)| name == "eval.db-wal" && !bytes.is_empty()),
        "the trial is in the log"
    );
    assert_eq!(first(&path).trials.len(), 1, "what is only in the log is seen");
    assert_eq!(folder(&path), before);

    let place = Place::new();
    let path = place.eval_db("tikv", "node_kill", 2, false, "default");
    add(&path, 1, &Row::default());
    let writer = Connection::open(&path).expect("opens");
    writer.execute_batch("BEGIN EXCLUSIVE; UPDATE trials SET final_state = '{}'").expect("SQL");
    let before = folder(&path);
    let converted = first(&path);
    assert_eq!(converted.trials[0].record.outcome, Outcome::Pass, "what is not committed is not seen");
    assert_eq!(folder(&path), before);
    drop(writer);
}

#[test]
fn a_campaign_is_known_by_its_content() {
    let place = Place::new();
    let path = place.eval_db("tikv", "node_kill", 2, false, "default");
    add(&path, 1, &Row::default());
    let once = read(&path);
    let moved = place.path("moved.db");
    std::fs::copy(&path, &moved).expect("copies");
    let again = read(&moved);
    assert_eq!(once.campaigns[0].key, again.campaigns[0].key, "wherever the file lies");
    assert_eq!(once.campaigns[0].content, again.campaigns[0].content);
    add(&moved, 1, &Row { last: UP, commands: command("ls", "2025-01-10T12:01:00"), ..Row::default() });
    let grown = read(&moved);
    assert_eq!(once.campaigns[0].key, grown.campaigns[0].key);
    assert_ne!(once.campaigns[0].content, grown.campaigns[0].content);
}
