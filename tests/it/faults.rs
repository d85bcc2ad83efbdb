//! Fault campaigns from the shell: real processes are broken, scripted agents repair them.

use crate::support::{Place, count, list, until};
use serde_json::Value;

/// Two faults and a control for two agents and nobody; parts of the starter's campaign.
const CAMPAIGN: &str = "subjects: [embedded]
chaos_types: [{type: node_kill}, {type: node_pause}, {type: none}]
variants: [runbook, vandals]
include_baseline: true
parallel: 3
timeout_seconds: 10
seed: 3
";

const VANDAL: &str = "provider: builtin\nmodel: vandal\nsystem_prompt: Delete what is broken.\n";

/// The starter's cluster with bounds of latency that a busy machine keeps; no fault of the campaign is one of latency.
fn unhurried(place: &Place) {
    let mut subject = place.read("subjects/embedded.yaml");
    for (written, wanted) in
        [("latency_ms: 250", "latency_ms: 2500"), ("latency_ms: 100", "latency_ms: 1000")]
    {
        assert!(subject.contains(written), "the starter's cluster says {written}");
        subject = subject.replacen(written, wanted, 1);
    }
    place.write("subjects/embedded.yaml", subject);
}

fn trials(place: &Place, run: &str) -> Vec<Value> {
    let page = place.json(&["show", run, "--trials", "50"]);
    list(&page, "/trials").to_vec()
}

#[test]
fn a_runbook_repairs_nobody_does_not_and_a_vandal_fails() {
    let place = Place::starter();
    unhurried(&place);
    place.write("campaigns/breaks.yaml", CAMPAIGN);
    place.write("variants/vandals.yaml", VANDAL);
    place.run(&["validate"]).expect_code(0);
    place.run(&["plan", "breaks"]).expect_code(0).prints("9 trials");
    place.run(&["run", "breaks"]).expect_code(0);
    let outcome = |case: &str, variant: &str| {
        let rows = trials(&place, "1");
        let row = rows.iter().find(|row| {
            row["case_id"].as_str().is_some_and(|id| id.contains(case)) && row["variant"] == variant
        });
        row.unwrap_or_else(|| panic!("no trial of {case} with {variant}: {rows:#?}"))["outcome"].clone()
    };
    for case in ["node_kill", "node_pause"] {
        assert_eq!(outcome(case, "runbook"), "pass", "{case}");
        assert_eq!(outcome(case, "no-agent"), "timeout", "{case}: nothing heals by itself here");
        assert_eq!(outcome(case, "vandals"), "fail", "{case}: a deleted node is no repair");
    }
    for variant in ["runbook", "vandals", "no-agent"] {
        assert_eq!(outcome("none", variant), "pass", "the control: {variant}");
    }

    let tickets = place.json(&["tickets", "list", "--all"]);
    assert!(tickets["total"].as_u64().is_some_and(|total| total >= 6), "{tickets:#}");
    let number = trials(&place, "1")
        .iter()
        .find(|row| {
            let is_fault = row["case_id"].as_str().is_some_and(|id| !id.contains("none"));
            is_fault && row["variant"] == "runbook" && row["outcome"] == "pass"
        })
        .and_then(|row| row["number"].as_u64())
        .expect("a repaired trial")
        .to_string();
    let detail = place.json(&["show", "1", "--trial", &number]);
    assert!(detail["fault"]["trial"]["restore_s"].is_number(), "{detail:#}");
    assert!(detail["fault"]["timeline"]["svg"].as_str().is_some_and(|svg| svg.contains("n1")), "{detail:#}");

    let told = place.run(&["show", "1", "--trial", &number]).expect_code(0);
    for wanted in [
        "fault landed",
        "+0.0 s",
        "first symptom",
        "restored",
        "service    pass",
        "cause      pass",
        "repair",
    ] {
        assert!(told.out.contains(wanted), "{wanted:?} is not in\n{}", told.out);
    }

    assert_eq!(place.json(&["faults", "list"]), serde_json::json!([]), "nothing is left in force");
    place.run(&["faults", "sweep"]).expect_code(0);
    place.run(&["subject", "status"]).expect_code(0).prints("embedded  ready");
    assert_eq!(place.json(&["subject", "down"])["removed"], serde_json::json!([]));
    let instances = std::fs::read_dir(place.path(".bakeoff/instances")).map_or(0, Iterator::count);
    assert_eq!(instances, 0, "no instance is left");
}

/// A fault that is in force while its program is killed: nothing of it may stay.
#[test]
fn nothing_is_left_after_the_program_was_killed_in_the_middle_of_a_fault() {
    let place = Place::starter();
    place.write("campaigns/breaks.yaml", CAMPAIGN.replace("[runbook, vandals]", "[runbook]"));
    let instances = || std::fs::read_dir(place.path(".bakeoff/instances")).map_or(0, Iterator::count);
    let kills: u8 = if std::env::var_os("BAKEOFF_SOAK").is_some() { 50 } else { 4 };
    for kill in 0..kills {
        let before = tickets(&place);
        let run = place.start(&["run", "breaks"]);
        until("a fault is in force", || !list(&place.json(&["faults", "list"]), "").is_empty());
        // At another moment each time: as soon as the fault is written down, landed, seen, or repaired.
        until("a moment", || match kill % 4 {
            0 => true,
            1 => has_fault(&place, "landed"),
            2 => tickets(&place) > before,
            _ => has_fault(&place, "reverting") || tickets(&place) > before + 2,
        });
        run.kill();
        until("its processes and folders are gone", || instances() == 0);
        assert_eq!(place.json(&["faults", "list"]), serde_json::json!([]), "the next start sweeps");
        place.run(&["faults", "sweep"]).expect_code(0);
    }
}

fn has_fault(place: &Place, state: &str) -> bool {
    list(&place.json(&["faults", "list"]), "").iter().any(|row| row["state"] == state)
}

fn tickets(place: &Place) -> u64 {
    count(&place.json(&["tickets", "list", "--all"]), "/total")
}
