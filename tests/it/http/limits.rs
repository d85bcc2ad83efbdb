//! What a caller may take up: bytes, time, connections.

use super::support::{Api, TOKEN, client, options_of, read_to_end};
use crate::support::Place;
use bakeoff::http::{Limits, start};
use reqwest::Method;
use serde_json::json;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

const APPLY: &str = "/optimization/apply";

#[test]
fn a_body_of_more_than_a_mebibyte_is_refused_with_an_answer() {
    let api = Api::starter();
    let limit = Limits::default().body_bytes;
    for (length, status, code) in [
        (limit, 400, "INVALID_BODY"),
        (limit + 1, 413, "PAYLOAD_TOO_LARGE"),
        (10 * 1024 * 1024, 413, "PAYLOAD_TOO_LARGE"),
    ] {
        let sent = api.request(Method::POST, APPLY).header("Content-Type", "application/json");
        api.send(sent.body(vec![b'x'; length])).error(status, code);
    }
    // Also where nobody would read it.
    let unread = api.request(Method::GET, "/optimization/experiments.json").body(vec![b'x'; 2 * limit]);
    api.send(unread).error(413, "PAYLOAD_TOO_LARGE");
    api.get("/optimization/experiments.json").good(200);
}

#[test]
fn bodies_that_are_no_json_object_are_told_apart() {
    let api = Api::starter();
    let send = |kind: &str, body: &str| {
        let request = api.request(Method::POST, APPLY).header("Content-Type", kind);
        api.send(request.body(body.to_owned()))
    };
    for body in ["", "null", "[]", "\"text\"", "{", "{} {}", "{\"experiment\": }", "\u{feff}{}"] {
        send("application/json", body).error(400, "INVALID_BODY");
    }
    let deep = "[".repeat(100_000);
    send("application/json", &format!("{{\"experiment\": {deep}")).error(400, "INVALID_BODY");
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        send(kind, "{}").error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let error = send("application/json; charset=utf-8", r#"{"experiment": 3, "workflow_path": "x"}"#)
        .error(400, "INVALID_PARAM");
    assert!(error["message"].as_str().is_some_and(|text| text.starts_with("experiment: ")), "{error:#}");
    let error = send("application/json", r#"{"experiment": "a", "workflow_path": "x", "dryrun": true}"#)
        .error(400, "INVALID_PARAM");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("`dryrun`")), "{error:#}");
}

#[test]
fn clients_that_send_slowly_lose_their_connection_and_nobody_else_does() {
    let limits = Limits {
        header_time: Duration::from_secs(1),
        body_time: Duration::from_secs(1),
        ..Limits::default()
    };
    let api = Api::of(Place::empty(), limits);
    let mut silent = api.connect();
    silent.write_all(b"GET /health HTTP/1.1\r\nHost: ").expect("it reads");
    let mut halfway = api.connect();
    let head = format!(
        "POST {APPLY} HTTP/1.1\r\nHost: {}\r\nX-API-Key: {TOKEN}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n{{",
        api.address()
    );
    halfway.write_all(head.as_bytes()).expect("it reads");
    api.get("/health").good(200);
    let answer = read_to_end(halfway);
    assert!(answer.contains(" 408 ") && answer.contains("REQUEST_TIMEOUT"), "{answer}");
    assert!(!read_to_end(silent).contains("200 OK"), "half a request has no answer");
    api.get("/health").good(200);
}

#[test]
fn connections_beyond_the_limit_wait_for_a_place() {
    let limits = Limits { connections: 2, header_time: Duration::from_secs(1), ..Limits::default() };
    let api = Api::of(Place::empty(), limits);
    let idle = [api.connect(), api.connect(), api.connect()];
    // It is behind three that say nothing, which lose their places in time.
    api.get("/health").good(200);
    drop(idle);
}

#[test]
fn an_answer_that_takes_too_long_is_told() {
    // A tracking server that takes connections and never answers: nothing that asks it is done in time.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let uri = format!("http://{}", silent.local_addr().expect("it is bound"));
    let place = Place::empty();
    place.write_settings(&json!({"mlflow_tracking_uri": uri}));
    let api = Api::of(place, Limits { request: Duration::from_millis(300), ..Limits::default() });
    api.get("/optimization/experiments.json?source=mlflow").error(503, "TIMEOUT");
    api.get("/health").good(200);
    // What still waits for it, which the end of the API would have to wait for, too, gets an error.
    drop(silent);
}

#[test]
fn without_an_open_workspace_everything_but_the_documentation_says_so() {
    let server = start(Arc::new(|| None), options_of(Limits::default())).expect("a free port");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let get = |path: &str| {
        let request = client().get(format!("{}{path}", server.url())).bearer_auth(TOKEN);
        runtime.block_on(super::support::answer_of(request))
    };
    for path in ["/optimization/experiments.json", "/optimization/compare.json?experiment=x", "/api/events"] {
        get(path).error(503, "NOT_INITIALIZED");
    }
    get("/health").good(200);
}

#[test]
fn what_is_named_twice_or_not_at_all_is_named_in_the_error() {
    let api = Api::starter();
    let error = api.get("/optimization/compare.json").error(400, "INVALID_PARAM");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("experiment")), "{error:#}");
    let error = api.get("/optimization/experiments.json?source=elsewhere").error(400, "INVALID_PARAM");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("elsewhere")), "{error:#}");
    api.get("/api/events?run=x").error(400, "INVALID_PARAM");
    let error = api.post(APPLY, &json!({"experiment": "x"})).error(400, "INVALID_PARAM");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("workflow_path")), "{error:#}");
}
