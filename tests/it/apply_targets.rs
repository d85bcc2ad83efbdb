//! Applying a prompt to files that are hard to edit: only the bytes of the value change.

use crate::support::{Place, text};
use std::sync::OnceLock;

/// A workspace with a finished run whose winner has a prompt of several lines.
fn evidence() -> Place {
    static RUN: OnceLock<Place> = OnceLock::new();
    let made = RUN.get_or_init(|| {
        let place = Place::shared("apply");
        place.run(&["init", "."]).expect_code(0);
        let campaign = place
            .read("campaigns/tickets.yaml")
            .replace("variants:", "sample: {max_items: 20, seed: 1}\nvariants:");
        place.write("campaigns/small.yaml", campaign);
        place.run(&["run", "small", "--parallel", "60"]).expect_code(0);
        place
    });
    // Each test has its own copy: tests run at the same time.
    let place = Place::empty();
    let copied = std::process::Command::new("cp")
        .args(["-a", &format!("{}/.", made.path("").display()), &place.path("").display().to_string()])
        .status();
    assert!(copied.is_ok_and(|status| status.success()), "the workspace can be copied");
    place
}

const APPLY: [&str; 5] = ["apply-optimized", "--experiment", "small", "--variant", "definitions"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&APPLY[..], more].concat()
}

#[test]
fn a_foreign_file_keeps_carriage_returns_anchors_and_comments() {
    let place = evidence();
    let before = "# made by another tool\r\ndefaults: &base   # shared\r\n  model: gpt-x\r\n  tags: [a,  'b' ]\r\n\
                  agents:\r\n  - name: first\r\n    <<: *base\r\n    prompt: |-   # the old one\r\n      You sort.\r\n\
                  \x20     Carefully.\r\n    after: \"kept\"\t# tab\r\n  - name: second\r\n    prompt: untouched\r\n";
    place.write("app.yaml", before);
    let applied = place.run(&with(&["--to", "app.yaml:agents.0.prompt"])).expect_code(0);
    assert!(applied.out.contains("written to app.yaml"), "{}", applied.out);
    let after = place.read("app.yaml");
    let (head, tail) = (before.split("    prompt: |-").next(), before.split("    after:").nth(1));
    assert!(after.starts_with(head.expect("a head")), "what stands before is kept:\n{after}");
    assert!(after.ends_with(tail.expect("a tail")), "what stands behind is kept:\n{after}");
    assert!(after.contains("# the old one"), "the comment beside the value is kept:\n{after}");
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count(), "every line still ends in CRLF");
    assert!(after.contains("- access: logins, passwords"), "{after}");

    place.run(&["undo"]).expect_code(0);
    assert_eq!(place.read("app.yaml"), before, "undo restores the exact bytes");
}

#[test]
fn an_alias_that_changes_too_is_told_or_refused() {
    let place = evidence();
    let before = "one: &p \"old\"\ntwo: *p\n";
    place.write("app.yaml", before);
    let preview = place.run(&with(&["--to", "app.yaml:one", "--dry-run"]));
    match preview.code {
        Some(0) => assert!(preview.err.contains("note: "), "the other place is named: {}", preview.err),
        Some(3) => assert!(preview.err.contains("error: "), "{}", preview.err),
        _ => panic!("{preview:?}"),
    }
    assert_eq!(place.read("app.yaml"), before);
}

#[test]
fn targets_that_are_no_good_are_refused_untouched() {
    let place = evidence();
    let app = "agents:\n  - prompt: old\n    size: 3\n";
    place.write("app.yaml", app);
    place.write("broken.yaml", "a: [1, 2\nb: }\n");
    place.write("notes.txt", "prompt: old\n");
    let cases = [
        ("missing.yaml:a", "missing.yaml"),
        ("app.yaml:agents.7.prompt", "the value agents.7.prompt does not exist"),
        ("app.yaml:agents.0.size", "the value agents.0.size is not a text"),
        ("app.yaml:agents", "the value agents is not a text"),
        ("broken.yaml:a", "broken.yaml:"),
        ("notes.txt:prompt", "notes.txt is not a YAML file"),
        ("../outside.yaml:a", "is not a path inside the workspace"),
        ("app.yaml", "names no value"),
    ];
    for (target, told) in cases {
        place.run(&with(&["--to", target])).expect_code(3).says(told);
    }
    place
        .run(&with(&["--workflow", "app.yaml"]))
        .expect_code(3)
        .says("app.yaml is not a valid variant")
        .says("key path");
    assert_eq!(place.read("app.yaml"), app);
    assert_eq!(place.json(&["list-variants"]).as_array().expect("a list").len(), 9, "nothing was made");
    place.run(&["undo"]).expect_code(3).says("nothing to undo");
}

#[test]
fn a_variant_takes_both_prompts_and_what_else_is_asked_for() {
    let place = evidence();
    let before = "# mine\nprovider: builtin\nmodel: lexical-1   # the model\nprompt: 'old {{ input }}'\n\
                  temperature: 1 # hot\n";
    place.write("variants/mine.yaml", before);
    place.run(&with(&["--workflow", "variants/mine.yaml"])).expect_code(0);
    let after = place.read("variants/mine.yaml");
    assert!(
        after.contains("system_prompt: ") && after.contains("# the model") && after.contains("# hot"),
        "{after}"
    );
    assert!(after.contains("'{{ input }}'"), "the quoting style is kept:\n{after}");
    place.run(&["validate", "variants/mine.yaml"]).expect_code(0);
    place.run(&with(&["--workflow", "variants/mine.yaml", "--also", "temperature"])).expect_code(0);
    assert!(
        !place.read("variants/mine.yaml").contains("temperature"),
        "an unset field is removed when asked for"
    );
    place.run(&["undo"]).expect_code(0);
    place.run(&["undo"]).expect_code(0);
    assert_eq!(place.read("variants/mine.yaml"), before);
}

/// The program prints the difference between looking and writing. With a difference that is larger than a pipe can
/// hold it waits there for its reader, and meanwhile the file changes.
#[test]
fn a_file_that_changes_after_the_look_is_not_written() {
    let place = evidence();
    let long = (0..20_000).map(|line| format!("  line {line} of the old prompt\n")).collect::<String>();
    place.write("app.yaml", format!("prompt: |\n{long}"));
    let mut command = place.command(&with(&["--to", "app.yaml:prompt"]));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("the program can be started");
    let mut out = child.stdout.take().expect("stdout is piped");
    std::io::Read::read_exact(&mut out, &mut [0]).expect("it begins to print the difference");
    let changed = "prompt: changed by somebody else\n";
    place.write("app.yaml", changed);
    std::io::copy(&mut out, &mut std::io::sink()).expect("the rest can be read");
    let ended = child.wait_with_output().expect("it ends");
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(3), "{err}");
    assert!(err.contains("app.yaml changed since it was looked at"), "{err}");
    assert_eq!(place.read("app.yaml"), changed);
}

#[test]
fn the_file_s_permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = evidence();
    place.write("real.yaml", "prompt: old\n");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(place.path("real.yaml"), mode).expect("permissions can be set");
    symlink("real.yaml", place.path("link.yaml")).expect("a link can be made");
    place.run(&with(&["--to", "link.yaml:prompt"])).expect_code(0);
    let link = std::fs::symlink_metadata(place.path("link.yaml")).expect("the link is there");
    assert!(link.file_type().is_symlink(), "the link is still a link");
    let mode = std::fs::metadata(place.path("real.yaml")).expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(place.read("real.yaml").contains("You sort incident tickets"));
}

#[test]
fn history_keeps_the_evidence() {
    let place = evidence();
    let applied = place.json(&APPLY);
    assert!(text(&applied, "/evidence").contains("n = 20"), "{applied}");
    assert_eq!(applied["runs"], serde_json::json!([1]));
    let backup = std::fs::read_to_string(text(&applied, "/backup")).expect("the backup is there");
    assert!(backup.contains("names the five labels, no more"), "the backup has the old bytes");
}
