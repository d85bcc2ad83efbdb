//! The words of the command line: usage errors, near misses, help, doctor, completions, and no colour in pipes.

use crate::support::{Place, text, tickets_run};

#[test]
fn unknown_names_suggest_the_nearest() {
    let place = tickets_run();
    place
        .run(&["run", "tikets"])
        .expect_code(3)
        .says("there is no campaign \"tikets\"")
        .says("did you mean tickets?");
    place.run(&["plan", "tickts"]).expect_code(3).says("did you mean tickets?");
    place.run(&["list", "tikets"]).expect_code(3).says("tickets");
    place.run(&["lisst"]).expect_code(3).says("'list'");
    place
        .run(&["apply-optimized", "--experiment", "tickets", "--variant", "exampels"])
        .expect_code(3)
        .says("choose one of default, definitions, examples");
    place
        .run(&["apply-optimized", "--experiment", "tickets", "--also", "modell"])
        .expect_code(3)
        .says("these can: provider, model");
}

/// 2 means "cannot tell"; a wrong flag must not look like it.
#[test]
fn wrong_usage_is_bad_input() {
    let place = tickets_run();
    place.run(&["compare", "1", "--require", "bettr"]).expect_code(3).says("better");
    place.run(&["run"]).expect_code(3).says("CAMPAIGN");
    place.run(&["show", "x"]).expect_code(3).says("is not a run's number");
    place.run(&["run", "tickets", "--parallel", "0"]).expect_code(3).says("use 1 to 1000");
    place.run(&["run", "tickets", "--budget=-1"]).expect_code(3).says("0 USD or more");
}

#[test]
fn help_and_version_are_data() {
    let place = Place::empty();
    let help = place.run(&["--help"]).expect_code(0);
    for verb in [
        "init",
        "validate",
        "plan",
        "run",
        "list",
        "show",
        "compare",
        "evaluate",
        "apply-optimized",
        "undo",
        "list-variants",
        "export",
        "doctor",
        "completions",
    ] {
        assert!(help.out.contains(&format!("  {verb} ")), "{verb} is not in\n{}", help.out);
        place.run(&[verb, "--help"]).expect_code(0).prints("Usage:");
    }
    place.run(&["--version"]).expect_code(0).prints(env!("CARGO_PKG_VERSION"));
}

#[test]
fn nothing_is_coloured_in_a_pipe() {
    let place = tickets_run();
    let verbs: [&[&str]; 12] = [
        &["--help"],
        &["lisst"],
        &["validate"],
        &["plan", "tickets"],
        &["list"],
        &["show", "1", "--trials", "3"],
        &["show", "1", "--trial", "1"],
        &["compare", "1"],
        &["evaluate", "--experiment", "tickets"],
        &["apply-optimized", "--experiment", "tickets", "--dry-run"],
        &["list-variants"],
        &["doctor"],
    ];
    for verb in verbs {
        let ran = place.run(verb);
        assert!(
            !ran.out.contains('\x1b') && !ran.err.contains('\x1b'),
            "{verb:?} writes escape codes: {ran:?}"
        );
        let padded = ran.out.lines().find(|line| line.ends_with(' '));
        assert!(padded.is_none() || verb.contains(&"--dry-run"), "{verb:?} pads {padded:?}");
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        place.run(&["completions", shell]).expect_code(0).prints("apply-optimized");
    }
}

#[test]
fn doctor_says_what_works_and_how_to_mend_the_rest() {
    tickets_run().run(&["doctor"]).expect_code(0).prints("ok       Database").prints("Built-in model");
    let place = Place::empty();
    place.run(&["doctor"]).expect_code(0).prints("missing  Workspace").prints("bakeoff init DIR");
    place.run(&["list"]).expect_code(3).says("there is no workspace").says("bakeoff init DIR");
}

#[test]
fn doctor_names_a_database_that_cannot_be_read() {
    let place = Place::starter();
    place.write(
        ".bakeoff/results.db",
        "this is not a database, but it is long enough to look like one ".repeat(100),
    );
    let ran = place
        .run(&["doctor"])
        .expect_code(1)
        .prints("broken")
        .prints("results.db")
        .prints("Move the file out of the way");
    assert!(!ran.out.contains("bakeoff init"), "the workspace is there:\n{}", ran.out);
    place.run(&["list"]).expect_code(1).says("results.db").says("Move the file out of the way");
}

#[test]
fn broken_settings_are_named_with_their_place() {
    let place = Place::starter();
    std::fs::write(place.root().join("config/settings.json"), "{\n  \"pricess\": {}\n}")
        .expect("it can be written");
    place
        .run(&["list"])
        .expect_code(3)
        .says("settings.json:2:")
        .says("pricess")
        .says("mend the file, or delete it");
    place.run(&["doctor"]).expect_code(1).prints("settings.json:2:");
}

#[test]
fn the_workspace_is_found_from_below_and_named_from_afar() {
    let place = tickets_run();
    let mut below = place.command(&["list", "--json"]);
    below.current_dir(place.path("campaigns"));
    let output = below.output().expect("the program can be started");
    assert!(output.status.success());
    let mut afar = place.command(&["-C", &place.path("").display().to_string(), "list", "--json"]);
    afar.current_dir(place.root());
    assert_eq!(afar.output().expect("the program can be started").stdout, output.stdout);
    let value = serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("it is JSON");
    assert_eq!(text(&value, "/rows/0/campaign"), "tickets");
}
