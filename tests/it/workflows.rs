//! Workflows as a user runs them: the starter's A/B test, gates and blocks, applying to a node, an own program.

use crate::support::{Place, count, list, text};
use serde_json::Value;

const EXAMPLE: &str = "workflows/mlflow_example.yaml";

#[test]
fn the_starter_workflow_from_the_first_look_to_an_applied_prompt_and_undo() {
    let place = Place::starter();
    place.run(&["list-workflows"]).expect_code(0).prints(EXAMPLE).prints("3 nodes");
    place.run(&["validate"]).expect_code(0).prints(&format!("good {EXAMPLE}"));
    place
        .run(&["ab-test", "mlflow_example", "--plan"])
        .expect_code(0)
        .prints("150 cases × 2 variants = 300 trials");

    let ran = place.run(&["ab-test", EXAMPLE]).expect_code(0);
    assert!(ran.out.contains("success rate") && ran.out.contains("gate"), "{}", ran.out);
    let view = place.json(&["compare", "--experiment", "ticket_sorting"]);
    let rates: Vec<f64> = list(&view, "/comparison/variants")
        .iter()
        .map(|variant| variant.pointer("/success_rate/value").and_then(Value::as_f64).expect("a rate"))
        .collect();
    assert!(rates[1] > rates[0] + 0.05, "the definitions help: {rates:?}");
    assert_eq!(text(&view, "/best/name"), "definitions");
    for variant in list(&view, "/comparison/variants") {
        assert!(count(variant, "/total_tokens/n") > 0, "tokens are real: {variant:#}");
    }

    let before = place.read(EXAMPLE);
    let arguments = ["apply-optimized", "--experiment", "ticket_sorting", "--workflow", EXAMPLE];
    place.run(&[&arguments[..], &["--dry-run"]].concat()).expect_code(0);
    assert_eq!(place.read(EXAMPLE), before, "a dry run writes nothing");
    place.run(&arguments).expect_code(0).prints(EXAMPLE);
    let after = place.read(EXAMPLE);
    let changed: Vec<(&str, &str)> =
        before.lines().zip(after.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(changed.len(), 1, "one line differs: {changed:#?}");
    assert_eq!(before.lines().count(), after.lines().count());
    let backups: Vec<_> = std::fs::read_dir(place.path("workflows"))
        .expect("the folder is there")
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.starts_with("mlflow_example.backup."))
        .collect();
    assert_eq!(backups.len(), 1, "{backups:?}");
    assert_eq!(place.read(&format!("workflows/{}", backups[0])), before);
    assert_eq!(list(&place.json(&["list-workflows"]), "").len(), 2, "a backup is no workflow");

    place.run(&["undo"]).expect_code(0);
    assert_eq!(place.read(EXAMPLE), before, "undo restores the exact bytes");
}

#[test]
fn run_obeys_enabled_and_takes_inputs() {
    let place = Place::starter();
    let alone = place.read(EXAMPLE).replace("  enabled: true", "  enabled: false");
    place.write("workflows/alone.yaml", &alone);
    place.run(&["run", "workflows/alone.yaml"]).expect_code(3).says("input").says("-i NAME=VALUE");
    let ran = place.json(&["run", "workflows/alone.yaml", "-i", "input=the disk of db-3 is full"]);
    assert_eq!(count(&ran, "/run/planned"), 1);
    let trial = place.json(&["show", "1", "--trial", "1"]);
    let steps: Vec<&str> = list(&trial, "/steps").iter().map(|step| text(step, "/node")).collect();
    assert_eq!(steps, ["sort", "rate", "assign"]);
    assert_eq!(
        trial.pointer("/steps/0/state/label"),
        trial.pointer("/steps/2/state/label"),
        "the state goes on"
    );
    place.run(&["ab-test", "alone"]).expect_code(3).says("switched off");
    place.run(&["run", "tickets", "-i", "a=b"]).expect_code(3).says("takes no inputs");
    place.run(&["run", "workflows/alone.yaml", "-i", "inptu=x"]).expect_code(3).says("did you mean");
}

#[test]
fn gates_warn_fail_and_block_until_somebody_lifts_the_block() {
    let place = Place::starter();
    let text_of = |action: &str, more: &str| {
        let gates = format!(
            "gates:\n  - {{name: perfect, metric: success_rate, min_threshold: 0.999, action: {action}{more}}}\n"
        );
        let whole = place.read(EXAMPLE);
        let start = whole.find("\ngates:").expect("the example has gates") + 1;
        let end = whole[start..].find("\n\n").map_or(whole.len(), |at| start + at + 1);
        format!("{}{gates}{}", &whole[..start], &whole[end..])
    };
    place.write("workflows/strict.yaml", text_of("WARN", ""));
    place.run(&["ab-test", "strict"]).expect_code(0).prints("FAIL");
    place.run(&["deploy-check", "strict"]).expect_code(0).prints("may be deployed");

    place.write("workflows/strict.yaml", text_of("FAIL", ""));
    place.run(&["ab-test", "strict"]).expect_code(1).prints("FAIL");
    place.run(&["deploy-check", "strict"]).expect_code(0);

    place.write("workflows/strict.yaml", text_of("BLOCK_DEPLOY", ""));
    place.run(&["ab-test", "strict"]).expect_code(1);
    place.run(&["deploy-check", "strict"]).expect_code(1).prints("blocked").prints("perfect");
    let runs = place.json(&["list", "ticket_sorting"]);
    let marks: Vec<&str> = list(&runs, "/rows").iter().filter_map(|run| run["gates"].as_str()).collect();
    assert_eq!(marks, ["blocks", "failed", "warned"], "newest first: {runs:#}");
    place.run(&["list"]).expect_code(0).prints("blocks deploying").prints("warned");
    place.run(&["export", "3", "--format", "html", "-o", "report.html"]).expect_code(0);
    let report = place.read("report.html");
    for part in ["<h2>Gates</h2>", "blocks deployment", "<h2>Nodes of the workflow</h2>", "step"] {
        assert!(report.contains(part), "{part} is missing");
    }
    let arguments =
        ["apply-optimized", "--experiment", "ticket_sorting", "--workflow", "workflows/strict.yaml"];
    let before = place.read("workflows/strict.yaml");
    place.run(&arguments).expect_code(3).says("blocked").says("--override");
    assert_eq!(place.read("workflows/strict.yaml"), before, "nothing is written");
    place.run(&["deploy-unblock", "strict", "--reason", " "]).expect_code(3).says("needs a reason");
    place
        .run(&["deploy-unblock", "strict", "--reason", "a pilot with ten users"])
        .expect_code(0)
        .prints("a pilot with ten users");
    place.run(&["deploy-check", "strict"]).expect_code(0);
    place.run(&["deploy-unblock", "strict", "--reason", "again"]).expect_code(3).says("is not blocked");

    place.run(&["ab-test", "strict"]).expect_code(1);
    place.run(&[&arguments[..], &["--override", "only the pilot"]].concat()).expect_code(0);
    let check = place.run(&["deploy-check", "strict", "--json"]).expect_code(1).json();
    assert_eq!(list(&check, "/history").len(), 2, "the history is kept: {check:#}");
}

#[test]
fn a_gate_that_cannot_tell_exits_with_2_and_never_blocks() {
    let place = Place::starter();
    let whole = place.read(EXAMPLE);
    let start = whole.find("\ngates:").expect("the example has gates") + 1;
    let end = whole[start..].find("\n\n").map_or(whole.len(), |at| start + at + 1);
    let view = {
        place.run(&["ab-test", EXAMPLE]).expect_code(0);
        place.json(&["compare", "1"])
    };
    // At the rate itself the interval surely straddles the bound.
    let rate =
        view.pointer("/comparison/variants/0/success_rate/value").and_then(Value::as_f64).expect("a rate");
    let worse = view.pointer("/comparison/variants/1/success_rate/interval/low").and_then(Value::as_f64);
    assert!(worse.is_some_and(|low| low > rate), "the other variant passes the gate for sure");
    let gate = format!(
        "gates:\n  - {{metric: success_rate, min: {rate}, action: block_deploy, decide: interval}}\n"
    );
    place.write("workflows/doubt.yaml", format!("{}{gate}{}", &whole[..start], &whole[end..]));
    place.run(&["ab-test", "doubt"]).expect_code(2).prints("cannot tell").prints("more");
    place.run(&["deploy-check", "doubt"]).expect_code(0);
}

#[test]
fn a_program_of_the_users_own_is_run_once_a_trial() {
    let place = Place::starter();
    let ran = place.json(&["ab-test", "own_program"]);
    assert_eq!(text(&ran, "/run/state"), "finished");
    let trial = place.json(&["show", "1", "--trial", "1"]);
    assert_eq!(text(&trial, "/steps/0/node"), "runner");
    assert!(count(&trial, "/usage/output_tokens") > 0, "its tokens are kept: {trial:#}");
}

#[test]
fn unknown_things_are_answered_with_what_there_is() {
    let place = Place::starter();
    place.run(&["ab-test", "mlflow_exmaple"]).expect_code(3).says("did you mean mlflow_example?");
    place.run(&["run", "workflows/none.yaml"]).expect_code(3).says("workflows/none.yaml");
    place.run(&["ab-test", EXAMPLE]).expect_code(0);
    place
        .run(&["evaluate", "--experiment", "ticket_sorting", "--metric", "speed"])
        .expect_code(3)
        .says("success_rate");
    place.run(&["evaluate", "--experiment", "nothing"]).expect_code(3).says("ticket_sorting");
    let arguments =
        ["apply-optimized", "--experiment", "ticket_sorting", "--workflow", EXAMPLE, "--node", "srot"];
    place.run(&arguments).expect_code(3).says("sort, rate, assign");
    place
        .run(&["optimization", "evaluate", "--experiment", "ticket_sorting"])
        .expect_code(0)
        .prints("definitions *");
}
