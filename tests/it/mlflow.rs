//! MLflow at the program's edge: runs that wait while nobody answers, and runs that another program logged. What needs
//! the real MLflow is tested in its crate.

use crate::support::{Place, count, list, text, until};
use bakeoff_testkit::{MockServer, RecordedRequest, Reply};
use serde_json::{Value, json};
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

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

/// Runs that a server which speaks MLflow's API has been given: the bodies of all calls that changed something.
#[derive(Clone, Default)]
struct Mlflow(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// Bodies of `runs/create`; the id of a run is its index.
    created: Vec<Value>,
    /// Bodies of `runs/log-batch`.
    logged: Vec<Value>,
    /// Calls of `runs/update`.
    ended: usize,
}

impl Mlflow {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("no test panics while it holds this")
    }

    fn serve(&self) -> MockServer {
        let kept = self.clone();
        MockServer::with_rule(move |request| Some(kept.answer(request)))
    }

    fn answer(&self, request: &RecordedRequest) -> Reply {
        let call = request.path.split("/api/2.0/mlflow/").last().unwrap_or_default();
        let mut kept = self.kept();
        let answer = match call.split('?').next().unwrap_or_default() {
            "experiments/get-by-name" => json!({"experiment": {"experiment_id": "7", "name": "e"}}),
            "runs/create" => {
                kept.created.push(request.json());
                json!({"run": {"info": {"run_id": (kept.created.len() - 1).to_string()}}})
            }
            "runs/log-batch" => {
                kept.logged.push(request.json());
                json!({})
            }
            "runs/update" => {
                kept.ended += 1;
                json!({})
            }
            _ => json!({"runs": [], "experiments": [{"experiment_id": "7", "name": "e"}]}),
        };
        Reply::raw(200, "application/json", answer.to_string())
    }

    /// The metrics of the runs that are summaries, by name of the run.
    fn summaries(&self) -> Vec<(String, Value)> {
        let kept = self.kept();
        let is_summary = |run: &Value| {
            let tags = run["tags"].as_array().into_iter().flatten();
            tags.into_iter().any(|tag| tag["key"] == "bakeoff.summary")
        };
        let found = kept.created.iter().enumerate().filter(|(_, run)| is_summary(run));
        found
            .map(|(id, run)| {
                let logged = kept.logged.iter().find(|logged| logged["run_id"] == id.to_string().as_str());
                (text(run, "/run_name").to_owned(), logged.expect("it was logged")["metrics"].clone())
            })
            .collect()
    }
}

#[test]
fn the_program_ends_after_the_summaries_with_their_scorers_means_are_sent() {
    let (mlflow, mut place) = (Mlflow::default(), Place::starter());
    let server = mlflow.serve();
    place.set_variable("MLFLOW_TRACKING_URI", &server.url());
    place.run(&["ab-test", EXAMPLE]).expect_code(0);
    let summaries = mlflow.summaries();
    assert_eq!(summaries.len(), 2, "one a variant");
    for (name, metrics) in &summaries {
        let metrics = metrics.as_array().expect("metrics");
        let mean =
            |key: &str| metrics.iter().find(|metric| metric["key"] == key).map(|metric| &metric["value"]);
        let scorer =
            mean("label/mean").or(mean("exact/mean")).unwrap_or_else(|| panic!("{name}: {metrics:#?}"));
        assert_eq!(Some(scorer), mean("success_rate/mean"), "{name}: its one scorer decides");
    }
    let kept = mlflow.kept();
    assert_eq!(kept.ended, kept.created.len(), "every run is closed");
    drop(kept);
    place.run(&["mlflow-sync"]).expect_code(0).prints("MLflow has everything");
}

#[test]
fn a_run_that_was_stopped_is_sent_and_then_nobody_waits_for_it() {
    let (mlflow, mut place) = (Mlflow::default(), Place::starter());
    let server = mlflow.serve();
    place.set_variable("MLFLOW_TRACKING_URI", &server.url());
    slow_campaign(&place);
    let running = place.start(&["run", "slow"]);
    until("some trials are there", || {
        let shown = place.run(&["show", "1", "--trials", "9", "--json"]);
        shown.code == Some(0) && list(&shown.json(), "/trials").len() > 2
    });
    running.interrupt();
    running.wait().expect_code(130);
    let sent = place.run(&["mlflow-sync", "--json"]).expect_code(0).json();
    assert_eq!((count(&sent, "/waiting"), count(&sent, "/summaries_waiting")), (0, 0), "{sent:#}");
    assert!(mlflow.summaries().is_empty(), "it is not finished");
    let before = mlflow.kept().created.len();
    place.write("variants/slow.yaml", variant(0));
    place.run(&["run", "slow", "--resume", "--parallel", "64"]).expect_code(0);
    assert!(mlflow.kept().created.len() > before, "what Resume adds is sent too");
    assert_eq!(mlflow.summaries().len(), 1);
}

/// 100 cases of which one starts every 200 ms.
fn slow_campaign(place: &Place) {
    let rows: String =
        (0..100).map(|id| format!("{}\n", json!({"id": id, "input": "x", "expected": "x"}))).collect();
    place.write("datasets/slow.jsonl", rows);
    place.write("variants/slow.yaml", variant(200));
    place.write(
        "campaigns/slow.yaml",
        "dataset: datasets/slow.jsonl\nvariants: [slow]\nbaseline_variant: slow\nparallel: 1\n\
         scorers: [{type: exact, value: x}]\n",
    );
}

fn variant(pace_ms: u32) -> String {
    format!("provider: builtin\nmodel: lexical-1\npace_ms: {pace_ms}\nprompt: \"{{{{ input }}}}\"\n")
}

#[test]
fn nobody_waits_for_long_while_another_program_sends() {
    let (mlflow, mut place) = (Mlflow::default(), Place::starter());
    let server = mlflow.serve();
    place.set_variable("MLFLOW_TRACKING_URI", &server.url());
    place.run(&["list"]).expect_code(0);
    let lock = File::create(place.path(".bakeoff/mlflow.lock")).expect("a lock file");
    lock.lock().expect("nobody else has it");
    place
        .run(&["ab-test", EXAMPLE])
        .expect_code(0)
        .says("300 trials wait")
        .says("another program")
        .says("mlflow-sync");
    assert!(mlflow.kept().created.is_empty());
    lock.unlock().expect("it is ours");
    place.run(&["mlflow-sync"]).expect_code(0).prints("MLflow has everything");
    assert_eq!(mlflow.summaries().len(), 2);
}

const USER: &str = "trackinguser";
const PASSWORD: &str = "planted-mlflow-password";
const TOKEN: &str = "planted-mlflow-token";

#[test]
fn what_gets_into_the_server_is_in_its_header_and_nowhere_else() {
    // base64 of `trackinguser:planted-mlflow-password`.
    const BASIC: &str = "Basic dHJhY2tpbmd1c2VyOnBsYW50ZWQtbWxmbG93LXBhc3N3b3Jk";
    let bearer = format!("Bearer {TOKEN}");
    for (variables, in_address, expected) in [
        (vec![("MLFLOW_TRACKING_TOKEN", TOKEN)], String::new(), bearer.as_str()),
        (
            vec![("MLFLOW_TRACKING_USERNAME", USER), ("MLFLOW_TRACKING_PASSWORD", PASSWORD)],
            String::new(),
            BASIC,
        ),
        (vec![], format!("{USER}:{PASSWORD}@"), BASIC),
    ] {
        let (mlflow, mut place) = (Mlflow::default(), Place::starter());
        let server = mlflow.serve();
        let address = server.url().replace("http://", &format!("http://{in_address}"));
        place.set_variable("MLFLOW_TRACKING_URI", &address);
        for (name, value) in variables {
            place.set_variable(name, value);
        }
        let mut printed = String::new();
        for arguments in [
            &["ab-test", EXAMPLE][..],
            &["mlflow-sync", "--json"],
            &["list-experiments", "--mlflow-uri", &address, "--json"],
            &["doctor"],
        ] {
            let ran = place.run(arguments).expect_code(0);
            printed.push_str(&format!("{}{}", ran.out, ran.err));
        }
        assert!(server.count() > 300);
        for request in server.requests() {
            assert_eq!(request.header("authorization"), Some(expected), "{}", request.path);
        }
        drop(server);
        // Nobody answers any more: errors are told without it too.
        for arguments in [
            &["run", EXAMPLE][..],
            &["mlflow-sync"],
            &["evaluate", "--experiment", "e", "--mlflow-uri", &address],
        ] {
            let ran = place.run(arguments);
            printed.push_str(&format!("{}{}", ran.out, ran.err));
        }
        for secret in [PASSWORD, TOKEN] {
            assert!(!printed.contains(secret), "{printed}");
            assert_eq!(files_with(place.root(), secret), Vec::<String>::new());
        }
    }
}

#[test]
fn a_password_in_a_file_is_refused() {
    let place = Place::starter();
    let with_password = format!("mlflow: {{tracking_uri: \"http://{USER}:{PASSWORD}@127.0.0.1:1\", ");
    place.write("workflows/secret.yaml", place.read(EXAMPLE).replace("mlflow: {", &with_password));
    let refused = place.run(&["ab-test", "secret"]).expect_code(3).says("MLFLOW_TRACKING_PASSWORD");
    assert!(!refused.err.contains(PASSWORD), "{}", refused.err);
    assert_eq!(files_with(&place.path(".bakeoff"), PASSWORD), Vec::<String>::new());
}

/// Every file below a folder that has the secret in its bytes.
fn files_with(folder: &Path, secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            found.extend(files_with(&path, secret));
        } else if std::fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(secret.len()).any(|part| part == secret.as_bytes()))
        {
            found.push(path.display().to_string());
        }
    }
    found
}
