//! Experiments, comparing, applying.

use super::support::Api;
use crate::support::{count, list, text};
use serde_json::{Value, json};

const APPLY: &str = "/optimization/apply";
const EXAMPLE: &str = "workflows/mlflow_example.yaml";

/// With a finished A/B test, `ticket_sorting`.
fn tested() -> Api {
    let api = Api::starter();
    api.place.run(&["ab-test", EXAMPLE]).expect_code(0);
    api
}

fn body(path: &str, dry_run: bool) -> Value {
    json!({"experiment": "ticket_sorting", "workflow_path": path, "dry_run": dry_run})
}

#[test]
fn experiments_are_listed_and_compared_as_the_command_line_does() {
    let api = tested();
    let listed = api.get("/optimization/experiments.json").good(200);
    assert_eq!(listed["mlflow_available"], false);
    let row = &list(&listed, "/experiments")[0];
    assert_eq!((text(row, "/name"), count(row, "/run_count")), ("ticket_sorting", 1));
    let compared = api.get(text(row, "/compare")).good(200);
    assert_eq!(text(&compared, "/best_variant"), "definitions");
    assert_eq!((text(&compared, "/metric"), count(&compared, "/cases")), ("success_rate", 150));
    let ranking = api.place.json(&["evaluate", "--experiment", "ticket_sorting"]);
    for (place, variant) in list(&compared, "/variants").iter().enumerate() {
        let same = &list(&ranking, "/ranking")[place];
        assert_eq!(variant["variant_name"], same["name"]);
        assert_eq!((&variant["value"], &variant["run_count"]), (&same["value"], &same["trials"]));
        assert_eq!(variant["success_rate"]["value"], variant["value"]);
        assert_eq!(count(variant, "/success_rate/n"), 150, "a number comes with its n: {variant:#}");
        assert_eq!(
            (count(variant, "/rank"), variant["is_best"].as_bool()),
            (place as u64 + 1, Some(place == 0))
        );
    }
    for metric in ["cost_usd_avg", "avg_cost_usd", "duration_ms_p95", "tokens"] {
        let path = format!("/optimization/compare?experiment=ticket_sorting&metric={metric}");
        assert_eq!(text(&api.get(&path).good(200), "/metric"), metric);
    }
    let error = api
        .get("/optimization/compare.json?experiment=ticket_sorting&metric=speed")
        .error(400, "INVALID_PARAM");
    assert!(text(&error, "/hint").contains("success_rate"), "{error:#}");
    api.get("/optimization/compare.json?experiment=nothing").error(404, "NOT_FOUND");
    for path in ["experiments.json?source=mlflow", "compare.json?experiment=x&source=mlflow"] {
        let error = api.get(&format!("/optimization/{path}")).error(503, "MLFLOW_UNAVAILABLE");
        assert!(text(&error, "/hint").contains("MLFLOW_TRACKING_URI"), "{error:#}");
    }
}

#[test]
fn the_best_prompt_is_shown_then_written_once_and_can_be_taken_back() {
    let api = tested();
    let before = api.place.read(EXAMPLE);
    let shown = api.post(APPLY, &body(EXAMPLE, true)).good(200);
    assert_eq!((&shown["success"], &shown["dry_run"]), (&json!(true), &json!(true)));
    assert_eq!((text(&shown, "/variant"), text(&shown, "/workflow_path")), ("definitions", EXAMPLE));
    assert!(before.contains("Answer with the label only.") && shown["backup_path"].is_null());
    assert!(!text(&shown, "/current_prompt").contains("- storage:"), "{shown:#}");
    assert!(text(&shown, "/new_prompt").contains("- storage:"), "{shown:#}");
    assert_eq!(api.place.read(EXAMPLE), before, "a dry run writes nothing");

    let written = api.post(APPLY, &body("mlflow_example", false)).good(200);
    let backup = text(&written, "/backup_path");
    assert_eq!(std::fs::read_to_string(backup).expect("the backup is there"), before);
    assert_eq!((text(&written, "/workflow_path"), &written["dry_run"]), (EXAMPLE, &json!(false)));
    let after = api.place.read(EXAMPLE);
    assert!(after != before && after.contains("# This prompt is under test"), "comments stay: {after}");

    let again = api.post(APPLY, &body(EXAMPLE, false)).good(200);
    assert_eq!((&again["nothing_to_do"], &again["backup_path"]), (&json!(true), &Value::Null));
    api.place.run(&["undo", &count(&written, "/application").to_string()]).expect_code(0);
    assert_eq!(api.place.read(EXAMPLE), before);

    let mut named = body(EXAMPLE, true);
    named["variant"] = json!("bare");
    assert_eq!(api.post(APPLY, &named).good(200)["nothing_to_do"], true, "it is in the file already");
    named["variant"] = json!("nobody");
    api.post(APPLY, &named).error(404, "NOT_FOUND");
    named["experiment"] = json!("nothing");
    api.post(APPLY, &named).error(404, "NOT_FOUND");
}

#[test]
fn no_path_leads_out_of_the_workspace() {
    let api = tested();
    let outside = api.place.root().join("outside.yaml");
    let inside = api.place.read(EXAMPLE);
    std::fs::write(&outside, &inside).expect("a file can be written");
    let link = api.place.path("workflows/link.yaml");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&outside, link).expect("a link can be made");
    let absolute = outside.display().to_string();
    for path in [
        absolute.as_str(),
        "/etc/passwd",
        "../outside.yaml",
        "workflows/../../outside.yaml",
        "workflows/../../outside",
        "../outside",
        "workflows/link.yaml",
        "",
    ] {
        api.post(APPLY, &body(path, false)).error(400, "INVALID_PARAM");
    }
    for path in
        ["workflows/none.yaml", "none", "workflows", "C:\\x.yaml", "..%2foutside.yaml", "a\u{0}b.yaml"]
    {
        api.post(APPLY, &body(path, false)).error(404, "NOT_FOUND");
    }
    api.post(APPLY, &body("datasets/tickets.jsonl", false)).error(404, "NOT_FOUND");
    assert_eq!(std::fs::read_to_string(&outside).expect("it is there"), inside, "it was not touched");
    assert_eq!(api.place.read(EXAMPLE), inside);
}

#[test]
fn a_workflow_that_a_gate_blocks_needs_a_reason() {
    let api = Api::starter();
    let text_of_example = api.place.read(EXAMPLE);
    let gates = text_of_example.find("\ngates:").expect("the example has gates");
    let strict = format!(
        "{}\ngates:\n  - {{metric: success_rate, min: 1.0, action: BLOCK_DEPLOY}}\n",
        &text_of_example[..gates]
    );
    api.place.write("workflows/strict.yaml", &strict);
    api.place.run(&["ab-test", "strict"]).expect_code(1);

    let shown = api.post(APPLY, &body("strict", true)).good(200);
    assert_eq!(text(&shown, "/blocked_by_run"), "1");
    let error = api.post(APPLY, &body("strict", false)).error(409, "DEPLOY_BLOCKED");
    assert!(text(&error, "/hint").contains("override_reason"), "{error:#}");
    assert_eq!(api.place.read("workflows/strict.yaml"), strict, "nothing is written");
    let mut with_reason = body("strict", false);
    with_reason["override_reason"] = json!("  ");
    api.post(APPLY, &with_reason).error(409, "DEPLOY_BLOCKED");
    with_reason["override_reason"] = json!("only the pilot");
    api.post(APPLY, &with_reason).good(200);
    assert_ne!(api.place.read("workflows/strict.yaml"), strict);
}
