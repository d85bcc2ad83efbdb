//! The OpenAPI document against the running server, by schemathesis: many made-up requests, no server error, and every
//! answer as the document says. Installed from PyPI by the test itself (`tests/api/schemathesis`).

use super::support::TOKEN;
use super::triage::{News, TESTS, body, good_triage};
use crate::support::text;
use std::path::Path;
use std::process::Command;

#[test]
fn every_answer_is_as_the_document_says() {
    let news = News::new(|_| Some(good_triage(50)));
    news.place.run(&["ab-test", "workflows/mlflow_example.yaml"]).expect_code(0);
    let serving = news.serve();
    // So that there is a test to show.
    assert_eq!(text(&serving.post(TESTS, &body()).good(201), "/runId"), "2");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let build = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the build folder");
    let ran = Command::new(root.join("tests/api/schemathesis"))
        .arg(build)
        .arg(serving.url())
        .env("BAKEOFF_API_TOKEN", TOKEN)
        .current_dir(news.place.root())
        .output()
        .expect("bash is there");
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    assert!(out.contains("generated"), "it has tried something: {out}");
}
