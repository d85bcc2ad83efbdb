//! Operator's files from the shell: what it ran comes in, and what we ran goes out.

use crate::support::{Place, count, list, text};
use rusqlite::Connection;
use serde_json::Value;

const UP: &str = r#"{"stores": [{"id": 1, "address": "tikv0", "state_name": "Up"}]}"#;
const DOWN: &str = r#"{"stores": [{"id": 1, "address": "tikv0", "state_name": "Down"}]}"#;

/// An eval.db with two variants and nobody on the same fault, and a fourth campaign with a broken row.
fn eval_db(place: &Place) -> String {
    let path = place.root().join("eval.db");
    let file = Connection::open(&path).expect("opens");
    file.execute_batch(
        "CREATE TABLE campaigns (id INTEGER PRIMARY KEY AUTOINCREMENT, subject_name TEXT NOT NULL,
            chaos_type TEXT NOT NULL, trial_count INTEGER NOT NULL, baseline INTEGER NOT NULL DEFAULT 0,
            variant_name TEXT DEFAULT 'default', created_at TEXT NOT NULL);
         CREATE TABLE trials (id INTEGER PRIMARY KEY AUTOINCREMENT, campaign_id INTEGER NOT NULL, started_at TEXT NOT NULL,
            chaos_injected_at TEXT NOT NULL, ticket_created_at TEXT, resolved_at TEXT, ended_at TEXT NOT NULL,
            initial_state TEXT NOT NULL, final_state TEXT NOT NULL, chaos_metadata TEXT NOT NULL,
            commands_json TEXT NOT NULL DEFAULT '[]');
         INSERT INTO campaigns (subject_name, chaos_type, trial_count, baseline, variant_name, created_at) VALUES
            ('tikv', 'node_kill', 2, 0, 'careful', '2025-01-10T12:00:00+00:00'),
            ('tikv', 'node_kill', 2, 0, 'default', '2025-01-10T13:00:00+00:00'),
            ('tikv', 'node_kill', 2, 1, 'default', '2025-01-10T14:00:00+00:00'),
            ('tikv', 'node_kill', 1, 0, 'default', '2025-01-10T15:00:00+00:00');",
    )
    .expect("SQL");
    let add = |campaign: i64, resolved: Option<&str>, last: &str| {
        let commands = r#"[{"tool_name": "shell", "tool_params": "{\"command\": \"docker ps\", \"reasoning\": \"look\"}", "exit_code": null, "timestamp": "2025-01-10T12:00:50"}]"#;
        let commands = if campaign == 3 { "[]" } else { commands };
        let ticket = (campaign != 3).then_some("2025-01-10T12:00:40+00:00");
        file.execute(
            "INSERT INTO trials (campaign_id, started_at, chaos_injected_at, ticket_created_at, resolved_at, ended_at,
                 initial_state, final_state, chaos_metadata, commands_json)
             VALUES (?1, '2025-01-10T12:00:00+00:00', '2025-01-10T12:00:30+00:00', ?2, ?3, '2025-01-10T12:05:30+00:00',
                 ?4, ?5, '{\"chaos_type\": \"node_kill\", \"target_container\": \"tikv-tikv0-1\"}', ?6)",
            rusqlite::params![campaign, ticket, resolved, UP, last, commands],
        )
        .expect("SQL");
    };
    let resolved = Some("2025-01-10T12:01:30+00:00");
    add(1, resolved, UP);
    add(1, resolved, UP);
    add(2, resolved, UP);
    add(2, None, DOWN);
    add(3, None, DOWN);
    add(3, None, UP);
    add(4, resolved, "no JSON");
    path.display().to_string()
}

fn states(imported: &Value) -> Vec<(&str, Option<u64>)> {
    let one = |row| (text(row, "/state"), row["run"].as_u64());
    list(imported, "/campaigns").iter().map(one).collect()
}

#[test]
fn what_operator_ran_is_listed_shown_and_compared() {
    let place = Place::empty();
    place.write("variants/.keep", "");
    let file = eval_db(&place);
    let before = std::fs::read(&file).expect("reads");
    let first = place.run(&["import", &file, "--json"]).expect_code(3).json();
    assert_eq!(
        states(&first),
        [("imported", Some(1)), ("imported", Some(2)), ("imported", Some(3)), ("left_out", None)],
        "{first:#}"
    );
    let why = text(&first, "/campaigns/3/notes/0");
    assert!(why.contains("eval.db, table trials, row 7: final_state is no JSON"), "{why}");
    let again = place.run(&["import", &file]).expect_code(3);
    let again = again.prints("already imported: #1").prints("already imported: #3");
    assert!(again.out.contains("left out"), "{}", again.out);
    assert_eq!(count(&place.json(&["list"]), "/total"), 3, "nothing came twice");
    assert_eq!(std::fs::read(&file).expect("reads"), before, "the file is as it was");

    place.run(&["list"]).expect_code(0).prints("operator-tikv-node_kill");
    let run = place.json(&["show", "2", "--trials", "9"]);
    assert_eq!(text(&run, "/run/row/state"), "finished");
    let outcomes: Vec<&str> = list(&run, "/trials").iter().map(|trial| text(trial, "/outcome")).collect();
    assert_eq!(outcomes, ["pass", "timeout"]);
    let trial = place.json(&["show", "2", "--trial", "1"]);
    assert_eq!(trial["fault"]["trial"]["detect_s"], 10.0, "{trial:#}");
    assert_eq!(trial["fault"]["trial"]["restore_s"], 60.0);
    assert!(trial["fault"]["trial"]["verdict"].is_null(), "no layer is made up");
    assert!(text(&trial, "/fault/trial/imported/judged").contains("Operator's rule"));
    assert!(trial["cost_usd"].is_null() && trial["row"]["cost_usd"].is_null(), "what it cost is not known");
    place.run(&["audit", "show", "2", "--trial", "1"]).expect_code(0).prints("docker ps");
    let compared = place.json(&["compare", "1", "2", "3", "--baseline", "no-agent"]);
    let rates: Vec<(&str, f64)> = list(&compared, "/comparison/variants")
        .iter()
        .map(|one| (text(one, "/name"), one["success_rate"]["value"].as_f64().unwrap_or(f64::NAN)))
        .collect();
    for wanted in [("careful", 1.0), ("default", 0.5), ("no-agent", 0.5)] {
        assert!(rates.contains(&wanted), "{wanted:?} is not in {rates:?}");
    }
    place.run(&["run", "operator-tikv-node_kill", "--resume"]).expect_code(3);
    place.run(&["import", "/nonexistent/eval.db"]).expect_code(3).says("there is no such file");
    place.run(&["import", &file, "--operator-time-zone", "Mars/Base"]).expect_code(3).says("no time zone");
}

#[test]
fn a_run_goes_out_and_comes_back_with_equal_numbers() {
    let place = Place::empty();
    place.write("variants/.keep", "");
    let file = eval_db(&place);
    place.run(&["import", &file]).expect_code(3);
    let out = place.path("out.db").display().to_string();
    place.run(&["export", "2", "--format", "eval-db"]).expect_code(3).says("can't go to standard output");
    place.run(&["export", "2", "--format", "eval-db", &out]).expect_code(0).says("2 trials in 1 campaigns");
    place.run(&["export", "2", "--format", "eval-db", &out]).expect_code(3).says("there already");
    let other = Place::empty();
    other.write("variants/.keep", "");
    other.run(&["import", &out]).expect_code(0);
    let numbers = |place: &Place, run: &str| {
        let mut compared = place.json(&["compare", run]);
        compared["comparison"]["variants"].take()
    };
    assert_eq!(numbers(&other, "1"), numbers(&place, "2"));
}

#[test]
fn the_viewer_takes_a_file_in_for_a_look() {
    let place = Place::empty();
    let file = eval_db(&place);
    // No display is known to the tests.
    let ran = place.run(&["viewer", "--db", &file]).expect_code(0);
    let ran = ran.says("There is no display").says("final_state is no JSON");
    let folder =
        ran.err.split(" -C ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a folder").to_owned();
    place.run(&["-C", &folder, "list"]).expect_code(0).prints("operator-tikv-node_kill");
    std::fs::remove_dir_all(&folder).expect("the folder is there");
    place.run(&["viewer", "--db", "/nonexistent/eval.db"]).expect_code(3).says("there is no such file");
}
