//! Writing an eval.db, and reading it back.

use crate::support::{DOWN, KILL, Place, Row, TRIALS, add};
use bakeoff_core::lab::FaultTrial;
use bakeoff_operator::{Converted, EvalDb, NewTrial, Zone, convert, write};
use rusqlite::Connection;
use std::path::Path;

fn all(path: &Path) -> Vec<Converted> {
    let file = EvalDb::read(path, &Zone::utc()).unwrap_or_else(|error| panic!("{error}"));
    let one = |campaign| convert(&file, campaign, None).unwrap_or_else(|problems| panic!("{problems:?}"));
    file.campaigns.iter().map(one).collect()
}

fn new_trials(converted: &Converted) -> Vec<NewTrial> {
    let one = |trial: &bakeoff_operator::ConvertedTrial| NewTrial {
        record: trial.record.clone(),
        case: converted.cases[trial.record.key.case as usize].clone(),
        variant: converted.variants[usize::from(trial.record.key.variant)].0.clone(),
        audit: trial.audit.clone(),
    };
    converted.trials.iter().map(one).collect()
}

/// Name, declared type, not null, default and key of each column.
type Column = (String, String, bool, Option<String>, bool);

fn columns(file: &Connection, table: &str) -> Vec<Column> {
    let mut select = file
        .prepare("SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?1)")
        .expect("SQL");
    let rows = select.query_map([table], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get::<_, i64>(4)? > 0))
    });
    rows.expect("SQL").collect::<Result<_, _>>().expect("reads")
}

fn sample(place: &Place) -> Vec<Converted> {
    let path = place.eval_db("tikv", "node_kill,disk_pressure", 4, false, "careful");
    let disk = r#"{"chaos_type": "disk_pressure", "target_container": "t1", "fill_percent": 60}"#;
    add(&path, 1, &Row::default());
    add(&path, 1, &Row { last: DOWN, ..Row::default() });
    add(&path, 1, &Row { resolved: None, last: DOWN, ..Row::default() });
    add(&path, 1, &Row { metadata: disk, ..Row::default() });
    all(&path)
}

#[test]
fn the_schema_is_operators() {
    let place = Place::new();
    let path = place.path("out.db");
    write(&path, 1_736_510_400_000, &new_trials(&sample(&place)[0])).expect("writes");
    let file = Connection::open(&path).expect("opens");
    // Section 1.2, column by column.
    let column = |name: &str, kind: &str, not_null, default: Option<&str>| -> Column {
        (name.to_owned(), kind.to_owned(), not_null, default.map(str::to_owned), name == "id")
    };
    let text = |name| column(name, "TEXT", true, None);
    assert_eq!(
        columns(&file, "campaigns"),
        [
            column("id", "INTEGER", false, None),
            text("subject_name"),
            text("chaos_type"),
            column("trial_count", "INTEGER", true, None),
            column("baseline", "INTEGER", true, Some("0")),
            column("variant_name", "TEXT", false, Some("'default'")),
            text("created_at"),
        ]
    );
    assert_eq!(
        columns(&file, "trials"),
        [
            column("id", "INTEGER", false, None),
            column("campaign_id", "INTEGER", true, None),
            text("started_at"),
            text("chaos_injected_at"),
            column("ticket_created_at", "TEXT", false, None),
            column("resolved_at", "TEXT", false, None),
            text("ended_at"),
            text("initial_state"),
            text("final_state"),
            text("chaos_metadata"),
            column("commands_json", "TEXT", true, Some("'[]'")),
        ]
    );
    let indexes: Vec<(String, String)> = file
        .prepare(
            "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
        )
        .and_then(|mut select| {
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()
        })
        .expect("SQL");
    let pair = |name: &str, table: &str| (name.to_owned(), table.to_owned());
    assert_eq!(indexes, [pair("idx_campaigns_variant", "campaigns"), pair("idx_trials_campaign", "trials")]);
    let keys: String = file
        .query_row("SELECT \"table\" || '.' || \"to\" FROM pragma_foreign_key_list('trials')", [], |row| {
            row.get(0)
        })
        .expect("a reference");
    assert_eq!(keys, "campaigns.id");
    let (at, commands): (String, String) = file
        .query_row("SELECT started_at, commands_json FROM trials WHERE id = 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("a trial");
    assert_eq!(at, "2025-01-10T12:00:00.000000+00:00");
    let commands: serde_json::Value = serde_json::from_str(&commands).expect("JSON");
    assert_eq!(commands[0]["tool_name"], "shell");
    assert!(
        commands[0]["tool_params"].as_str().is_some_and(|text| text.starts_with("{\"command\"")),
        "{commands}"
    );
    assert!(commands[0]["exit_code"].is_null() && commands[0]["timestamp"].is_string(), "{commands}");
    assert!(TRIALS.contains("commands_json"));
}

/// What is compared of a trial.
fn numbers(converted: &[Converted]) -> Vec<(String, String, FaultTrial)> {
    let mut numbers: Vec<_> = converted
        .iter()
        .flat_map(|run| run.trials.iter().map(move |trial| (run, trial)))
        .map(|(run, trial)| {
            let fault = trial.record.fault.as_deref().expect("a fault trial").clone();
            let case = run.cases[trial.record.key.case as usize].json.get().to_owned();
            // Its place in the other file differs.
            (case, format!("{:?}", trial.record.outcome), FaultTrial { imported: None, ..fault })
        })
        .collect();
    numbers.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    numbers
}

#[test]
fn what_is_written_comes_back_equal() {
    let place = Place::new();
    let before = sample(&place);
    let path = place.path("out.db");
    let written = write(&path, before[0].created_at, &new_trials(&before[0])).expect("writes");
    assert_eq!((written.campaigns, written.trials, written.left_out), (2, 4, 0), "a campaign for each fault");
    assert_eq!(numbers(&all(&path)), numbers(&before));
    let again = write(&path, 0, &[]).expect_err("it is there");
    assert!(again.to_string().contains("it is there already"), "{again}");
}

#[test]
fn trials_of_ours_come_back_with_their_verdict() {
    let place = Place::new();
    let mut ours = sample(&place);
    for trial in &mut ours[0].trials {
        let fault = trial.record.fault.as_mut().expect("a fault trial");
        fault.imported = None;
        fault.mode = "managed".to_owned();
        fault.clocks.landed_at = Some(1_736_510_431_000);
        fault.claim_lag_s = Some(1.25);
        fault.destructive_effects = 2;
    }
    let path = place.path("out.db");
    write(&path, 0, &new_trials(&ours[0])).expect("writes");
    let back = all(&path);
    assert_eq!(numbers(&back), numbers(&ours));
    let names: Vec<&str> = back.iter().map(|run| run.variants[0].0.name.as_str()).collect();
    assert_eq!(names, ["careful", "careful"]);
    let judged = back[0].trials[0].record.fault.as_ref().and_then(|fault| fault.imported.clone());
    assert!(judged.is_some_and(|imported| imported.judged.contains("Bakeoff ran it")));
    assert!(KILL.contains("SIGKILL"));
}
