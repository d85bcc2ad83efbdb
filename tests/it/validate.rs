//! `validate`: everything that is wrong, at its place, all at once.

use crate::support::{Place, list, text};
use std::path::{Path, PathBuf};

/// Copies the bad samples into the place; returns for each its path and the places (`line:column`) expected.
fn copy_bad_samples(place: &Place, kind: &str) -> Vec<(String, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bad").join(kind);
    let entries = std::fs::read_dir(&folder).expect("the bad samples are there");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    files.retain(|path| path.extension().is_none_or(|extension| extension != "expect"));
    files.sort();
    let copy = |path: PathBuf| {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let target = format!("{kind}/{name}");
        place.write(&target, std::fs::read(&path).expect("a sample can be read"));
        let expected =
            std::fs::read_to_string(format!("{}.expect", path.display())).expect("it says what comes");
        let places = expected.lines().filter(|line| !line.starts_with(' ')).map(|line| {
            // Either `3:4: error: …` or, for a finding about the whole file, `error: …`.
            line.split_once(": error").or_else(|| line.split_once(": warning")).map_or("", |(place, _)| place)
        });
        (target, places.map(str::to_owned).collect())
    };
    files.into_iter().map(copy).collect()
}

#[test]
fn every_message_of_every_broken_file_comes_at_once_with_its_place() {
    let place = Place::starter();
    let mut expected = copy_bad_samples(&place, "variants");
    expected.extend(copy_bad_samples(&place, "datasets"));
    let ran = place.run(&["validate"]).expect_code(3);
    for (file, places) in &expected {
        for position in places.iter().filter(|position| !position.is_empty()) {
            let start = format!("{file}:{position}: ");
            assert!(
                ran.err.lines().any(|line| line.starts_with(&start)),
                "{start} is missing in\n{}",
                ran.err
            );
        }
    }
    for good in ["variants/default.yaml", "campaigns/tickets.yaml", "datasets/tickets.jsonl"] {
        assert!(ran.out.contains(&format!("good {good}\n")), "{good} is hidden by bad ones:\n{}", ran.out);
    }
    ran.says("errors in");
}

#[test]
fn findings_name_value_allowed_and_mend() {
    let place = Place::starter();
    place.write("variants/bad.yaml", "provider: antropic\nmodle: x\ntemperature: 3\n");
    let ran = place.run(&["validate", "variants/bad.yaml"]).expect_code(3);
    ran.says("variants/bad.yaml:1:11: error: `provider` is \"antropic\"; allowed is builtin, anthropic")
        .says("did you mean `anthropic`?")
        .says("variants/bad.yaml:2:1: error: unknown key `modle` (did you mean `model`?)")
        .says("variants/bad.yaml:3:14: error: `temperature` is 3; allowed is 0 to 2");
}

#[test]
fn a_campaign_with_the_other_extension_is_checked_too() {
    let place = Place::starter();
    let text =
        place.read("campaigns/tickets.yaml").replace("baseline_variant: default", "baseline_variant: nobody");
    place.write("campaigns/other.yml", text);
    place.run(&["validate"]).expect_code(3).prints("bad  campaigns/other.yml").says("campaigns/other.yml:");
}

#[test]
fn a_missing_file_does_not_hide_the_others() {
    let place = Place::starter();
    place.write("variants/bad.yaml", "modle: x\n");
    place
        .run(&["validate", "variants/nobody.yaml", "variants/bad.yaml", "variants/default.yaml"])
        .expect_code(3)
        .prints("bad  variants/bad.yaml")
        .prints("good variants/default.yaml")
        .says("variants/nobody.yaml");
}

#[test]
fn a_broken_variant_stops_only_campaigns_that_use_it() {
    let place = Place::starter();
    place.write("variants/bad.yaml", "modle: x\n");
    place.run(&["plan", "tickets"]).expect_code(0);
    place.run(&["list-variants"]).expect_code(0).says("1 of 10 variants can't be used").prints("has errors");
    let text =
        place.read("campaigns/tickets.yaml").replace("[default, definitions", "[default, bad, definitions");
    place.write("campaigns/with-bad.yaml", text);
    place.run(&["run", "with-bad"]).expect_code(3).says("variants/bad.yaml:1:1: error: unknown key `modle`");
    place.run(&["list"]).expect_code(0).says("There are no runs yet");
}

#[test]
fn json_carries_every_finding() {
    let place = Place::starter();
    place.write("variants/bad.yaml", "provider: antropic\nmodle: x\ntemperature: 3\n");
    let checked = place.run(&["validate", "--json"]).expect_code(3).json();
    let bad = list(&checked, "").iter().find(|file| text(file, "/path") == "variants/bad.yaml");
    let bad = bad.expect("the broken file is in the list");
    let codes: Vec<&str> = list(bad, "/diagnostics").iter().map(|finding| text(finding, "/code")).collect();
    for code in ["not-allowed", "unknown-key", "out-of-range"] {
        assert!(codes.contains(&code), "{code} is missing in {codes:?}");
    }
}
