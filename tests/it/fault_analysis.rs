//! What the shell says about fault campaigns: launched without a file, analysed, compared.

use crate::support::{Place, Repair, count, list, stored_repairs, text as text_of};
use bakeoff_core::outcome::Outcome;
use serde_json::Value;

#[test]
fn a_fault_campaign_needs_no_file() {
    let place = Place::starter();
    let ran = place.json(&[
        "run",
        "--subject",
        "embedded",
        "-c",
        "node_kill",
        "-n",
        "2",
        "--variant",
        "runbook",
        "-b",
        "--timeout",
        "6",
        "--parallel",
        "4",
    ]);
    assert_eq!(ran["run"]["campaign"], "adhoc-embedded-node_kill", "{ran:#}");
    assert_eq!(ran["run"]["done"], 4, "two trials with the agent, two without");
    let detail = place.json(&["show", "1"]);
    assert_eq!(detail["run"]["variants"], serde_json::json!(["no-agent", "runbook"]));
    assert!(
        detail["run"]["definition"]
            .as_str()
            .is_some_and(|text| text.contains("chaos_types:\n  - {type: node_kill}")),
        "what was run is kept like a file: {detail:#}"
    );
    let rows = place.json(&["list"]);
    let row = &list(&rows, "/rows")[0];
    assert_eq!(row["faults"], serde_json::json!({"subjects": ["embedded"], "faults": ["node_kill"]}));
    place.run(&["list"]).expect_code(0).prints("embedded").prints("node_kill");
}

#[test]
fn what_is_wrong_on_the_command_line_is_told_with_what_is_allowed() {
    let place = Place::starter();
    let check = |arguments: &[&str], wanted: &[&str]| {
        let mut all = vec!["run"];
        all.extend(arguments);
        let ran = place.run(&all).expect_code(3);
        for wanted in wanted {
            assert!(ran.err.contains(wanted), "{arguments:?}: {wanted:?} is not in\n{}", ran.err);
        }
    };
    let agent = ["-s", "embedded", "-v", "runbook"];
    let with = |more: &[&'static str]| [&agent[..], more].concat();
    check(&with(&["-c", "node_kil"]), &["there is no fault \"node_kil\"", "did you mean node_kill?"]);
    check(&with(&["-c", "xyz"]), &["there are none, node_kill, process_restart"]);
    check(&with(&["-c", "latency:min_ms=0"]), &["`min_ms` is 0; allowed is 1 to 60000"]);
    check(&with(&["-c", "node_kill:percent=5"]), &["`percent` is no parameter of node_kill", "it has node"]);
    check(
        &with(&["-c", "packet_loss"]),
        &["packet_loss can't be done to the subject `embedded`", "it allows none, node_kill"],
    );
    check(&with(&["-c", "node_kill:node=n9"]), &["there is no node `n9`"]);
    check(
        &["-s", "embeded", "-v", "runbook"],
        &["there is no subject \"embeded\"", "did you mean embedded?"],
    );
    check(&["-s", "embedded", "-v", "runbok"], &["there is no variant \"runbok\"", "did you mean runbook?"]);
    check(&["-s", "embedded"], &["nobody is named who repairs", "--baseline", "runbook-short"]);
    check(&["repairs", "-s", "embedded"], &["cannot be used with"]);
    check(&["repairs", "-c", "node_kill"], &["cannot be used with"]);
    check(&with(&["-n", "0"]), &["1..=1000"]);
}

/// Two faults and a control, with repetitions.
fn campaign(variants: &str, faults: &str, trials: u16) -> String {
    format!(
        "subjects: [embedded]\nchaos_types: [{faults}]\nvariants: [{variants}]\ntrials_per_combination: {trials}\n\
         timeout_seconds: 15\n"
    )
}

const KILL_AND_PAUSE: &str = "{type: node_kill}, {type: node_pause}";

fn value(json: &Value, pointer: &str) -> f64 {
    json.pointer(pointer)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("no number at {pointer} of {json:#}"))
}

#[test]
fn an_analysis_loses_no_trial_and_counts_commands() {
    let place = Place::starter();
    let text = campaign("no-agent, runbook", &format!("{KILL_AND_PAUSE}, {{type: none}}"), 3);
    stored_repairs(&place, "repairs2", &text, |fault, variant, repetition| {
        let control = Repair { detect_s: None, restored: None, ..Repair::after(0.0) };
        Some(match (fault, variant, repetition) {
            ("none", ..) => control,
            (_, "no-agent", _) => Repair::never(),
            // Restored in the moment in which it was broken: 0 s is a value.
            ("node_kill", ..) => Repair::after(0.0).by(&["labctl node list", "labctl node start n2"]),
            ("node_pause", _, 0) => Repair { outcome: Outcome::Void, ..Repair::after(1.0) },
            ("node_pause", _, 1) => Repair { outcome: Outcome::InfraError, ..Repair::never() },
            (..) => Repair::never().by(&["./mend", "./mend", "./mend", "rm -rf /data"]),
        })
    });
    for target in ["1", "#1", "repairs2"] {
        let analysis = place.json(&["analyze", target, "--commands"]);
        let variants = list(&analysis, "/comparison/variants");
        assert_eq!((&variants[0]["trials"], &variants[1]["trials"]), (&9.into(), &9.into()), "{target}");
        assert_eq!((&variants[1]["unusable"], &variants[1]["usable"]), (&2.into(), &7.into()));
        let faults = list(&analysis, "/faults");
        let names: Vec<&str> = faults.iter().map(|row| text_of(row, "/name/fault")).collect();
        assert_eq!(names, ["node_kill", "node_pause", "none"]);
        assert_eq!(value(&faults[0], "/cells/1/restore_s/value"), 0.0);
        assert_eq!(value(&faults[0], "/cells/1/success_rate/value"), 1.0);
        assert!(faults[0]["cells"][1]["success_rate"]["interval"]["low"].is_number(), "{faults:#?}");
        assert_eq!(
            value(&faults[0], "/cells/0/restore_s/value"),
            15.0,
            "nobody repairs: censored at the limit"
        );
        assert_eq!(faults[1]["cells"][1]["unusable"], 2);
        assert_eq!(faults[2]["cells"][1]["restore_s"]["value"], Value::Null, "a control has no time");
        let runbook = &list(&analysis, "/commands")[1];
        assert_eq!(
            (&runbook["total"], &runbook["unique"], &runbook["thrashing_trials"], &runbook["unclassified"]),
            (&10.into(), &4.into(), &1.into(), &3.into()),
            "the commands of void and broken trials are not counted: {runbook:#}"
        );
        let classes: Vec<u64> =
            list(runbook, "/classes").iter().map(|class| count(class, "/count")).collect();
        assert_eq!(classes, [3, 3, 0, 1], "read, repair, risky, destructive");
        let most = &list(runbook, "/commands")[0];
        assert_eq!(
            (&most["command"], &most["count"], &most["class"]),
            (&"./mend".into(), &3.into(), &Value::Null)
        );
    }
    place
        .run(&["analyze", "1", "--commands"])
        .expect_code(0)
        .prints("1 timeout, 1 infra_error, 1 void")
        .prints("0.0 s")
        .prints("unclassified")
        .prints("labctl node start n2");
    place.run(&["analyze", "7"]).expect_code(3).says("#7");
    place.run(&["analyze", "repars2"]).expect_code(3).says("repairs2");
}

#[test]
fn two_campaigns_are_matched_by_fault_and_the_better_one_wins() {
    let place = Place::starter();
    let kill = stored_repairs(&place, "old", &campaign("restarts", KILL_AND_PAUSE, 6), |_, _, repetition| {
        Some(if repetition < 4 { Repair::never() } else { Repair::after(5.0) })
    });
    let text = campaign("runbook", "{type: node_pause}, {type: node_kill}, {type: disk_pressure}", 6);
    let better = stored_repairs(&place, "new", &text, |fault, _, _| {
        Some(if fault == "disk_pressure" { Repair::never() } else { Repair::after(5.0) })
    });
    let duels = place.json(&["compare", "old", &better.to_string()]);
    let duel = &list(&duels, "/duels")[0];
    assert_eq!((text_of(duel, "/a/label"), text_of(duel, "/b/label")), ("old restarts", "#2 runbook"));
    assert_eq!(
        (&duel["verdict"]["winner"], &duel["verdict"]["decided_by"]),
        (&1.into(), &"success_rate".into())
    );
    let success = &list(duel, "/comparison/differences")[0];
    assert!((value(success, "/difference/value") - 2.0 / 3.0).abs() < 1e-9, "B − A over the common faults");
    assert!(value(success, "/difference/interval/low") > 0.0);
    assert_eq!(list(duel, "/faults").len(), 2, "only the common faults");
    assert!(list(&duels, "/cautions")[0].as_str().is_some_and(|caution| caution.contains("disk_pressure")));
    let shown = place
        .run(&["compare", "old", "new"])
        .expect_code(0)
        .prints("new runbook wins")
        .prints("+66.7 points");
    assert!(shown.err.contains("only new has embedded disk_pressure: left out"), "{}", shown.err);
    place.run(&["compare", "old", "new", "--require", "better"]).expect_code(0);
    place.run(&["compare", "new", "old", "--require", "better"]).expect_code(1);
    place
        .run(&["compare", &kill.to_string(), "2", "--pool"])
        .expect_code(0)
        .prints("restarts")
        .prints("runbook");
}

#[test]
fn a_tie_is_broken_by_the_time_only_where_its_interval_supports_it() {
    let place = Place::starter();
    let run = |name: &str, variant: &str, seconds: f64| {
        stored_repairs(&place, name, &campaign(variant, "{type: node_kill}", 5), |_, _, repetition| {
            Some(Repair::after(seconds + f64::from(repetition) / 10.0))
        })
    };
    run("slow", "restarts", 9.0);
    run("fast", "runbook", 4.0);
    run("same", "runbook-short", 4.01);
    let verdict = |a: &str, b: &str| place.json(&["compare", a, b])["duels"][0]["verdict"].clone();
    let found = verdict("slow", "fast");
    assert_eq!((&found["winner"], &found["decided_by"]), (&1.into(), &"restore_s".into()), "{found:#}");
    let found = verdict("fast", "same");
    assert_eq!(found["winner"], Value::Null, "{found:#}");
    place.run(&["compare", "fast", "same"]).expect_code(0).prints("no winner: Success does not decide");
    place.run(&["compare", "fast", "same", "--require", "better"]).expect_code(2);
}

#[test]
fn what_can_not_be_compared_is_refused_with_the_reason() {
    let place = Place::starter();
    let run = |name: &str, variants: &str, fault: &str, whole: bool| {
        stored_repairs(&place, name, &campaign(variants, fault, 2), move |_, _, repetition| {
            (whole || repetition == 0).then(|| Repair::after(2.0))
        })
    };
    run("kills", "runbook", "{type: node_kill}", true);
    run("pauses", "runbook", "{type: node_pause}", true);
    run("strong", "runbook", "{type: latency, params: {min_ms: 200, max_ms: 400}}", true);
    run("weak", "runbook", "{type: latency}", true);
    run("other", "restarts, runbook-short", "{type: node_kill}", true);
    run("broken", "runbook", "{type: node_kill}", false);
    place
        .run(&["compare", "kills", "pauses"])
        .expect_code(3)
        .says("they have no fault of a subject in common")
        .says("kills has embedded node_kill; pauses has embedded node_pause");
    place.run(&["compare", "strong", "weak"]).expect_code(3).says("latency(min_ms=200, max_ms=400)");
    place
        .run(&["compare", "kills", "other"])
        .expect_code(3)
        .says("no variant in common")
        .says("--variants runbook,restarts");
    place
        .run(&["compare", "kills", "other", "--variants", "runbook,restarts"])
        .expect_code(0)
        .prints("other restarts");
    place.run(&["compare", "kills", "kills"]).expect_code(3).says("both are kills");
    place.run(&["compare", "kills", "nobody"]).expect_code(3).says("nobody");
    // A stopped run can be looked at, but has no winner.
    place.run(&["compare", "1", "6"]).expect_code(0).prints("no winner: Still running");
}

#[test]
fn agents_are_compared_with_nobody_who_is_found() {
    let place = Place::starter();
    let faults = "{type: node_kill}, {type: node_pause}";
    // The system heals itself from one of two.
    let alone = |fault: &str| if fault == "node_kill" { Repair::after(6.0) } else { Repair::never() };
    stored_repairs(&place, "old-alone", &campaign("no-agent", "{type: node_kill}", 4), |_, _, _| {
        Some(Repair::never())
    });
    stored_repairs(&place, "alone", &campaign("no-agent", faults, 4), |fault, _, _| Some(alone(fault)));
    stored_repairs(&place, "agents", &campaign("runbook", faults, 4), |_, _, _| Some(Repair::after(3.0)));
    let check = |arguments: &[&str], nobody: &str, rate: f64| {
        let duels = place.json(&[&["compare-baseline"], arguments].concat());
        let duel = &list(&duels, "/duels")[0];
        assert_eq!(text_of(duel, "/a/label"), nobody);
        assert_eq!(value(duel, "/comparison/variants/0/success_rate/value"), rate, "self-healing counts");
        assert_eq!(text_of(duel, "/b/variant"), "runbook");
        duel.clone()
    };
    let duel = check(&["agents"], "#2 no-agent", 0.5);
    let restore = list(&duel, "/comparison/differences").iter().find(|one| one["metric"] == "restore_s");
    assert!(restore.is_some_and(|restore| value(restore, "/difference/value") < 0.0), "agent − nobody");
    check(&["3", "--baseline", "1"], "#1 no-agent", 0.0);
    let both = campaign("no-agent, runbook", faults, 4);
    stored_repairs(&place, "both", &both, |fault, variant, _| {
        Some(if variant == "no-agent" { alone(fault) } else { Repair::after(2.0) })
    });
    check(&["both"], "both no-agent", 0.5);
    place
        .run(&["compare-baseline", "agents", "-b", "agents"])
        .expect_code(3)
        .says("has no trials without an agent");
    place.run(&["compare-baseline", "alone"]).expect_code(3).says("has only trials without an agent");
    let lonely = campaign("runbook", "{type: disk_pressure}", 1);
    stored_repairs(&place, "lonely", &lonely, |_, _, _| Some(Repair::after(1.0)));
    place
        .run(&["compare-baseline", "lonely"])
        .expect_code(3)
        .says("--subject embedded --chaos disk_pressure --baseline");
}

#[test]
fn variants_are_pooled_over_all_campaigns_without_a_winner() {
    let place = Place::starter();
    let text = campaign("no-agent, runbook", "{type: node_kill}, {type: node_pause}", 3);
    stored_repairs(&place, "one", &text, |_, variant, _| {
        Some(if variant == "runbook" { Repair::after(2.0) } else { Repair::never() })
    });
    stored_repairs(&place, "two", &campaign("runbook, restarts", "{type: node_kill}", 1), |_, _, _| {
        Some(Repair::never())
    });
    stored_repairs(&place, "three", &campaign("restarts", "{type: node_kill}", 2), |_, _, repetition| {
        (repetition == 0).then(Repair::never)
    });
    let card = place.json(&["compare-variants", "embedded", "node_kill"]);
    let variants = list(&card, "/variants");
    let names: Vec<&str> = variants.iter().map(|variant| text_of(variant, "/name")).collect();
    assert_eq!(names, ["restarts", "runbook"], "sorted, and without nobody");
    assert_eq!(variants[1]["trials"], 4);
    assert_eq!(
        value(&variants[1], "/success_rate/value"),
        0.75,
        "pooled over trials: not the mean of 1 and 0"
    );
    assert_eq!(card["left_out"][0]["run"], 3);
    assert!(card.get("winner").is_none() && card.get("differences").is_none(), "{card:#}");
    let one = place.json(&["compare-variants", "embedded", "node_kill", "--variants", "runbook"]);
    assert_eq!(list(&one, "/variants").len(), 1);
    place
        .run(&["compare-variants", "embedded", "node_kill", "--variants", "runbok"])
        .expect_code(3)
        .says("did you mean runbook?");
    place
        .run(&["compare-variants", "embedded", "latency"])
        .expect_code(3)
        .says("there are runs of embedded node_kill");
    place.run(&["compare-variants", "embedded", "latncy"]).expect_code(3).says("did you mean latency?");
    place
        .run(&["compare-variants", "embedded", "node_kill"])
        .expect_code(0)
        .prints("success rate")
        .prints("75.0");
}
