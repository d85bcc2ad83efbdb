//! Server-sent events.

use super::support::{Api, TOKEN};
use bakeoff_service::dto::{LaunchOptions, RunState};
use futures::StreamExt;
use reqwest::Method;
use serde_json::Value;
use std::io::Write;

/// The events of a stream until one satisfies the condition: names and data.
async fn until(
    response: reqwest::Response,
    mut is_last: impl FnMut(&str, &Value) -> bool,
) -> Vec<(String, Value)> {
    let (mut chunks, mut text, mut events) = (response.bytes_stream(), String::new(), Vec::new());
    while let Some(chunk) = chunks.next().await {
        text.push_str(&String::from_utf8_lossy(&chunk.expect("the stream goes on")));
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field =
                |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let name = field("event: ").to_owned();
            let data: Value = serde_json::from_str(field("data: ")).unwrap_or_default();
            let is_end = is_last(&name, &data);
            events.push((name, data));
            if is_end {
                return events;
            }
            text = rest.to_owned();
        }
    }
    panic!("the stream ended; so far: {events:?}");
}

/// A stream of events.
fn open(api: &Api, path: &str) -> reqwest::Response {
    let request = api.request(Method::GET, path);
    api.runtime.block_on(async { request.send().await }).expect("an answer")
}

#[test]
fn a_run_is_told_from_its_beginning_to_its_end() {
    let api = Api::starter();
    let [all, of_one, of_none] =
        ["/api/events", "/events?run=1", "/api/events?run=7"].map(|path| open(&api, path));
    assert_eq!(all.headers()["content-type"], "text/event-stream");
    let run = api.service.launch("tickets", &LaunchOptions::default()).expect("it starts").id;
    assert_eq!(run, 1);
    let is_end = |name: &str, data: &Value| name == "progress" && data["state"] == "finished";
    let told = api.runtime.block_on(until(all, is_end));
    assert_eq!(told[0].0, "ready");
    assert!(told.iter().any(|(name, _)| name == "runs"), "the list changed: {told:?}");
    let told = api.runtime.block_on(until(of_one, is_end));
    assert!(told[1..].iter().all(|(name, data)| name == "progress" && data["run"] == 1), "{told:?}");
    let (_, last) = told.last().expect("there are events");
    assert_eq!(last["done"], last["planned"]);
    let Api { server, runtime, .. } = api;
    drop(server);
    let told = runtime.block_on(of_none.text()).expect("the stream has a clean end");
    assert!(told.starts_with("event: ready\n"), "{told}");
    assert!(!told.contains("event: progress"), "another run's progress is not told: {told}");
}

#[test]
fn readers_that_read_nothing_hold_nothing_up() {
    let api = Api::starter();
    let head = format!("GET /api/events HTTP/1.1\r\nHost: {}\r\nX-API-Key: {TOKEN}\r\n\r\n", api.address());
    let connect = |_| {
        let mut stream = api.connect();
        stream.write_all(head.as_bytes()).expect("it reads");
        stream
    };
    let readers: Vec<_> = (0..20).map(connect).collect();
    let run = api.service.launch("tickets", &LaunchOptions::default()).expect("it starts").id;
    crate::support::until("the run has ended", || {
        let row = api.service.run_detail(run).expect("the run is there").row;
        row.state == RunState::Finished
    });
    api.get("/health").good(200);
    drop(readers);
}

#[test]
fn streams_end_with_the_server() {
    let api = Api::starter();
    let stream = open(&api, "/api/events");
    let Api { server, runtime, .. } = api;
    drop(server);
    let text = runtime.block_on(stream.text()).expect("the stream has a clean end");
    assert!(text.starts_with("event: ready\n"), "{text}");
}
