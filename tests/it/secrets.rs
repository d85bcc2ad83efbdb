//! A key is sent to its provider and shows up nowhere else, not even when the provider says it back.

use crate::support::{Place, list};
use bakeoff_testkit::{MockServer, RecordedRequest, Reply};
use serde_json::json;
use std::path::Path;

const KEY: &str = "sk-planted-0123456789abcdefghijklmnopqrstuvwxyz";

/// Fails most calls in different ways, each time with the key in the answer.
fn telltale(request: &RecordedRequest) -> Option<Reply> {
    let key = request.header("authorization").unwrap_or_default().to_owned();
    let body = request.text();
    let is = |case: &str| body.contains(&format!("<{case}>"));
    match () {
        () if is("c0") => Some(Reply::status(400, format!("bad request with {key}"))),
        () if is("c1") => Some(Reply::status(500, format!("your header was {key}"))),
        () if is("c2") => Some(Reply::raw(200, "application/json", format!("{{\"choices\": \"{key}"))),
        () if is("c3") => Some(Reply::raw(200, "text/html", format!("<html>{key}</html>"))),
        () if is("c4") => Some(Reply::status(429, format!("slow down, {key}"))),
        () if is("refuse") => Some(Reply::status(401, format!("Incorrect API key provided: {key}"))),
        () => None,
    }
}

/// Every file below a folder that has the key in its bytes.
fn files_with_key(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            found.extend(files_with_key(&path));
        } else {
            let bytes = std::fs::read(&path).expect("a file can be read");
            if bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn write_campaign(place: &Place, name: &str, cases: &[&str]) {
    let rows = cases.iter().map(|case| format!("{}\n", json!({"id": case, "input": "x", "expected": "ok"})));
    place.write(&format!("datasets/{name}.jsonl"), rows.collect::<String>());
    place.write(
        &format!("campaigns/{name}.yaml"),
        format!(
            "dataset: datasets/{name}.jsonl\nvariants: [real]\nbaseline_variant: real\nretries: 1\n\
             scorers: [{{type: exact, value: ok}}]\n"
        ),
    );
}

#[test]
fn a_key_reaches_its_provider_and_nothing_else() {
    let server = MockServer::with_rule(telltale);
    let mut place = Place::empty();
    place.set_variable("OPENAI_API_KEY", KEY);
    place.write_settings(&json!({"providers": {"openai": {"base_url": server.openai_url()}}}));
    place.write("variants/real.yaml", "provider: openai\nmodel: gpt-mock\nprompt: \"<{{ id }}>\"\n");
    write_campaign(&place, "broken", &["c0", "c1", "c2", "c3", "c4", "c5", "c6"]);
    write_campaign(&place, "refused", &["refuse"]);

    let mut printed = Vec::new();
    let mut run = |arguments: &[&str]| {
        let ran = place.run(arguments);
        printed.push((format!("{arguments:?}"), ran.out.clone(), ran.err.clone()));
        ran
    };
    run(&["run", "broken", "--report", "report"]).expect_code(0);
    run(&["run", "refused"]).expect_code(1);
    let sent = |request: &RecordedRequest| request.header("authorization") == Some(&format!("Bearer {KEY}"));
    assert!(server.count() >= 8 && server.requests().iter().all(sent), "the key was really used");

    let trials = run(&["show", "1", "--trials", "100", "--json"]).expect_code(0).json();
    assert_eq!(list(&trials, "/trials").len(), 7);
    for number in 1..=7 {
        run(&["show", "1", "--trial", &number.to_string()]).expect_code(0);
        run(&["show", "1", "--trial", &number.to_string(), "--json"]).expect_code(0);
    }
    for format in ["csv", "json", "html"] {
        run(&["export", "1", "--format", format]).expect_code(0);
        run(&["export", "2", "--format", format]);
        let target = place.path(&format!("export.{format}")).display().to_string();
        run(&["export", "1", "--format", format, "-o", &target]).expect_code(0);
    }
    for arguments in [
        &["doctor"][..],
        &["doctor", "--json"],
        &["validate"],
        &["plan", "broken", "--json"],
        &["list", "--json"],
        &["show", "2", "--trials", "9"],
        &["compare", "1", "--json"],
        &["list-variants", "--json"],
        &["apply-optimized", "--experiment", "broken", "--workflow", "variants/real.yaml", "--json"],
    ] {
        run(arguments);
    }
    for (arguments, out, err) in &printed {
        assert!(!out.contains(KEY) && !err.contains(KEY), "{arguments} printed the key:\n{out}\n{err}");
    }
    assert_eq!(files_with_key(place.root()), Vec::<String>::new(), "no file has the key");
}

#[test]
fn a_key_in_a_variant_file_is_not_asked_for() {
    let place = Place::empty();
    place.write("variants/real.yaml", "provider: openai\nmodel: gpt-mock\nprompt: hello\napi_key: sk-x\n");
    place.run(&["validate"]).expect_code(3).says("unknown key `api_key`");
}
