//! MLflow at the program's edge: runs that wait while nobody answers, and runs that another program logged. What needs
//! the real MLflow is tested in its crate.

use crate::support::{Place, count, list, text};
use std::net::TcpListener;

const EXAMPLE: &str = "workflows/mlflow_example.yaml";

#[test]
fn a_campaign_finishes_though_nobody_answers_and_its_trials_wait() {
    let mut place = Place::starter();
    // A port that was free a moment ago: nobody listens there.
    let port = {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
        socket.local_addr().expect("its address").port()
    };
    place.set_variable("MLFLOW_TRACKING_URI", &format!("http://127.0.0.1:{port}"));
    place
        .run(&["ab-test", EXAMPLE])
        .expect_code(0)
        .prints("success rate")
        .says("300 trials wait for MLflow")
        .says("mlflow-sync");
    let state = place.run(&["mlflow-sync", "--json"]).expect_code(1).json();
    assert_eq!(count(&state, "/waiting"), 300);
    assert!(text(&state, "/problem").contains("can't be reached"), "{state:#}");

    let off = place.read(EXAMPLE).replace("mlflow: {experiment: ticket_sorting}", "mlflow: {enabled: false}");
    place.write("workflows/silent.yaml", off);
    let ran = place.run(&["ab-test", "silent"]).expect_code(0);
    assert!(ran.err.contains("300 trials wait"), "only the first run waits: {}", ran.err);
}

#[test]
fn a_tracking_uri_that_is_none_is_answered_with_what_is_allowed() {
    let place = Place::starter();
    place.run(&["list-experiments", "--mlflow-uri", "ftp://somewhere/x"]).expect_code(3).says("sqlite:///");
    place
        .run(&["list-experiments", "--mlflow-uri", "http://127.0.0.1:1"])
        .expect_code(1)
        .says("can't be reached");
}

#[test]
fn runs_that_another_program_logged_are_ranked_and_applied() {
    let place = Place::starter();
    for (number, variant, prompt, cost) in [
        (1, "plain", "Sort this ticket: {input}", 0.004),
        (2, "plain", "Sort this ticket: {input}", 0.006),
        (3, "short", "Which label? {input}", 0.001),
        (4, "short", "Which label? {input}", 0.003),
    ] {
        logged_run(&place, number, variant, prompt, cost);
    }
    place.write(
        "mlruns/7/meta.yaml",
        "experiment_id: '7'\nname: prompt_opt\nlifecycle_stage: active\nartifact_location: none\n",
    );
    let uri = ["--mlflow-uri", "mlruns"];
    place.run(&[&["list-experiments"][..], &uri].concat()).expect_code(0).prints("prompt_opt");
    let of = |verb: &str, more: &[&str]| -> Vec<String> {
        let all = [&[verb, "--experiment", "prompt_opt"][..], &uri, more].concat();
        all.into_iter().map(str::to_owned).collect()
    };
    let arguments = of("evaluate", &["--metric", "cost_usd_avg", "--json"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ranking = place.run(&arguments).expect_code(0).json();
    let first = &list(&ranking, "/ranking")[0];
    assert_eq!((text(first, "/name"), count(first, "/trials")), ("short", 2));
    let value = first.pointer("/value").and_then(serde_json::Value::as_f64).expect("a cost");
    assert!((value - 0.002).abs() < 1e-12, "the mean of its runs: {value}");

    let arguments = of("apply-optimized", &["--metric", "cost", "--workflow", EXAMPLE, "--node", "sort"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    place.run(&arguments).expect_code(0);
    assert!(place.read(EXAMPLE).contains("Which label? {input}"), "{}", place.read(EXAMPLE));
    place
        .run(&["evaluate", "--experiment", "none", "--mlflow-uri", "mlruns"])
        .expect_code(3)
        .says("prompt_opt");
}

/// A run as MLflow's file store keeps it.
fn logged_run(place: &Place, number: u32, variant: &str, prompt: &str, cost: f64) {
    let id = format!("{number:032x}");
    let folder = format!("mlruns/7/{id}");
    let start = 1_763_000_000_000_u64 + u64::from(number) * 1_000;
    place.write(
        &format!("{folder}/meta.yaml"),
        format!(
            "run_id: {id}\nrun_uuid: {id}\nrun_name: {variant}_run{number}\nexperiment_id: '7'\nstatus: 3\n\
             start_time: {start}\nend_time: {}\nlifecycle_stage: active\nartifact_uri: none\nuser_id: me\n",
            start + 500
        ),
    );
    for (key, value) in [("variant_name", variant), ("prompt", prompt)] {
        place.write(&format!("{folder}/params/{key}"), value);
    }
    place.write(&format!("{folder}/tags/variant_name"), variant);
    for (key, value) in [("cost_usd", cost), ("success", 1.0), ("duration_ms", 500.0), ("total_tokens", 40.0)]
    {
        place.write(&format!("{folder}/metrics/{key}"), format!("{start} {value} 0\n"));
    }
}
