//! The first minute: make a workspace, run the starter campaign, apply the best prompt, take it back.

use crate::support::{Place, list, text};

#[test]
fn first_launch_to_applied_prompt_and_undo() {
    let place = Place::empty();
    place
        .run(&["init", "."])
        .expect_code(0)
        .prints("variants/default.yaml")
        .prints("campaigns/tickets.yaml")
        .says("run tickets");
    place.run(&["validate"]).expect_code(0).prints("good variants/default.yaml");
    place.run(&["plan", "tickets"]).expect_code(0).prints("150 cases × 3 variants = 450 trials");

    let ran = place.run(&["run", "tickets", "--parallel", "64", "--report", "report"]).expect_code(0);
    assert!(ran.err.contains("run #1: tickets, 450 trials"), "{}", ran.err);
    assert!(ran.out.contains("success rate") && ran.out.contains("examples"), "{}", ran.out);
    let report = place.read("report/report.html");
    assert!(report.contains("<svg") && !report.contains("src=\"http"), "the report needs no other file");

    let before = place.read("variants/default.yaml");
    let preview = place.run(&["apply-optimized", "--experiment", "tickets", "--dry-run"]).expect_code(0);
    assert!(preview.err.contains("nothing written: dry run"), "{}", preview.err);
    assert_eq!(place.read("variants/default.yaml"), before, "a dry run writes nothing");

    let applied = place.run(&["apply-optimized", "--experiment", "tickets"]).expect_code(0);
    assert!(applied.err.contains("evidence: success rate"), "{}", applied.err);
    let after = place.read("variants/default.yaml");
    for comment in before.lines().filter(|line| line.trim_start().starts_with('#')) {
        assert!(after.contains(comment), "the comment {comment:?} is kept in\n{after}");
    }
    assert!(after.contains("pace_ms: 220             # answers"), "comments beside values are kept");
    let winner = text(&place.json(&["compare", "1"]), "/best/name").to_owned();
    let rows = place.json(&["list-variants"]);
    let prompt = |name: &str| {
        let row =
            list(&rows, "").iter().find(|row| text(row, "/name") == name).expect("the variant is listed");
        row.pointer("/variant/system_prompt").cloned()
    };
    assert_eq!(prompt("default"), prompt(&winner), "default.yaml has the winner's prompt");

    let again = place.run(&["apply-optimized", "--experiment", "tickets"]).expect_code(0);
    assert!(again.err.contains("the file has this prompt already"), "{}", again.err);

    place.run(&["undo"]).expect_code(0).prints("variants/default.yaml is as it was before");
    assert_eq!(place.read("variants/default.yaml"), before, "undo restores the exact bytes");
    place.run(&["undo"]).expect_code(3).says("there is nothing to undo");
}

#[test]
fn undo_refuses_when_the_file_was_changed_afterwards() {
    let place = Place::starter();
    quicken(&place);
    place.run(&["run", "tickets"]).expect_code(0);
    place.run(&["apply-optimized", "--experiment", "tickets", "--variant", "definitions"]).expect_code(0);
    let mine = place.read("variants/default.yaml") + "# my own note\n";
    place.write("variants/default.yaml", &mine);
    place
        .run(&["undo"])
        .expect_code(3)
        .says("changed after the prompt was applied")
        .says("the old file is kept in");
    assert_eq!(place.read("variants/default.yaml"), mine, "nothing of the user's is overwritten");
}

#[test]
fn init_keeps_files_that_are_there() {
    let place = Place::empty();
    place.write("variants/default.yaml", "prompt: mine\nmodel: lexical-1\n");
    let ran = place.run(&["init", "."]).expect_code(0);
    assert!(!ran.out.contains("variants/default.yaml"), "{}", ran.out);
    assert_eq!(place.read("variants/default.yaml"), "prompt: mine\nmodel: lexical-1\n");
}

/// Takes the pace out of the starter variants.
fn quicken(place: &Place) {
    for name in ["default", "definitions", "examples"] {
        let file = format!("variants/{name}.yaml");
        let lines: Vec<String> = place
            .read(&file)
            .lines()
            .filter(|line| !line.starts_with("pace_ms"))
            .map(str::to_owned)
            .collect();
        place.write(&file, lines.join("\n") + "\n");
    }
}
