//! The HTTP API under load: 1,000 requests of 50 clients while a triage test runs, beside requests that do nothing.

use crate::Error;
use crate::machine::milliseconds;
use crate::mock::Mock;
use crate::place::Place;
use crate::report::{Report, Target};
use futures::StreamExt;
use reqwest::Client;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const REQUESTS: usize = 1_000;
const CLIENTS: usize = 50;
const TOKEN: &str = "the-token-of-the-bench";
/// Of a test: as many as may be asked for.
const ITEMS: usize = 200;
const TRIED: usize = 8;
/// Tests in the queue: more than are called for while the requests are measured.
const TESTS: usize = 10;

/// The release program with `serve`, which also works on the tests in its queue.
pub fn load(report: &mut Report) -> Result<(), Error> {
    let place = Place::new()?;
    let mock = Mock::start(20)?;
    write_topic(&place)?;
    let (served, url) = Served::start(&place)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(create_tests(&url, &mock))?;
    let paths = ["/api/admin/abtests", "/api/admin/abtests/1", "/api/admin/queue-status"];
    let measured = runtime.block_on(requests(&url, &paths))?;
    let bare = runtime.block_on(requests(&url, &["/health"]))?;
    let queue: Value = runtime.block_on(async {
        let asked = Client::new().get(format!("{url}/api/admin/queue-status")).bearer_auth(TOKEN);
        asked.send().await?.json().await
    })?;
    if queue["counts"]["active"] != 1 {
        return Err(format!("no test was running to the end: {queue}").into());
    }
    drop(served);
    let what = format!(
        "{REQUESTS} API requests of {CLIENTS} clients during a triage test of {} trials",
        ITEMS * TRIED
    );
    report.judge(format!("{what}: p99"), share(&measured, 0.99), "ms", Target::AtMost(1_000.0));
    report.note("p50", share(&measured, 0.50), "ms");
    report.note("p99 of as many to /health", share(&bare, 0.99), "ms");
    report.note("p50 of as many to /health", share(&bare, 0.50), "ms");
    Ok(())
}

/// A topic whose items tell the mock server what to answer.
fn write_topic(place: &Place) -> Result<(), Error> {
    let answer = json!({
        "ai_score": 50, "reason": "it may matter", "is_relevant": true, "is_novel": false, "categories": ["ops"],
        "should_deep_summarize": false, "theme": "outages", "one_liner": "something broke",
    });
    let row = |number: usize| {
        let row = json!({
            "id": format!("n{number}"), "title": format!("News number {number}"), "source_type": "rss",
            "source_id": "feed", "published_at": "2026-11-02T08:00:00Z", "body": format!("[[answer:{answer}]]"),
        });
        format!("{row}\n")
    };
    let workspace = place.workspace();
    std::fs::create_dir_all(workspace.join("topics"))?;
    std::fs::write(workspace.join("topics/bench.yaml"), "source: {file: datasets/news.jsonl}\n")?;
    std::fs::write(workspace.join("datasets/news.jsonl"), (0..ITEMS).map(row).collect::<String>())?;
    Ok(())
}

async fn create_tests(url: &str, mock: &Mock) -> Result<(), Error> {
    let variant = |number: usize| {
        json!({
            "name": format!("variant-{number}"), "provider": "openai-compatible", "model": "mock-small",
            "baseUrl": format!("{}/v1", mock.url()),
        })
    };
    let body = json!({
        "topicId": "bench", "windowStart": "2026-11-01", "windowEnd": "2026-11-08", "maxItems": ITEMS,
        "variants": (0..TRIED).map(variant).collect::<Vec<_>>(),
    });
    for _ in 0..TESTS {
        let asked = Client::new().post(format!("{url}/api/admin/abtests")).bearer_auth(TOKEN).json(&body);
        let answer = asked.send().await?;
        if !answer.status().is_success() {
            return Err(format!("no test could be made: {}", answer.text().await?).into());
        }
    }
    Ok(())
}

/// The times of all requests in ms, in order. An answer that is missing or none is an error.
async fn requests(url: &str, paths: &[&str]) -> Result<Vec<f64>, Error> {
    let client = |number: usize| async move {
        let client = Client::builder().no_proxy().build()?;
        let mut times = Vec::new();
        for request in (number..REQUESTS).step_by(CLIENTS) {
            let path = paths[(request / CLIENTS) % paths.len()];
            let start = Instant::now();
            let answer = client.get(format!("{url}{path}")).bearer_auth(TOKEN).send().await?;
            let status = answer.status();
            answer.bytes().await?;
            times.push(milliseconds(start));
            if !status.is_success() {
                return Err(format!("{path} was answered with {status}").into());
            }
        }
        Ok::<Vec<f64>, Error>(times)
    };
    let all: Vec<Result<Vec<f64>, Error>> =
        futures::stream::iter((0..CLIENTS).map(client)).buffer_unordered(CLIENTS).collect().await;
    let mut times: Vec<f64> = all.into_iter().collect::<Result<Vec<_>, Error>>()?.concat();
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// The value below which this share lies, by nearest rank.
fn share(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The program that serves; it ends with this.
struct Served(Child);

impl Served {
    /// Also where it listens.
    fn start(place: &Place) -> Result<(Self, String), Error> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bakeoff"))
            .args(["serve", "--port", "0", "--json"])
            .current_dir(place.workspace())
            .env("BAKEOFF_CONFIG_DIR", place.config())
            .env("BAKEOFF_API_TOKEN", TOKEN)
            .env("ENABLE_ABTESTS", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let out = child.stdout.take().ok_or("the server has no output")?;
        let served = Self(child);
        let mut said = String::new();
        for line in BufReader::new(out).lines() {
            said.push_str(&line?);
            if let Ok(value) = serde_json::from_str::<Value>(&said) {
                let url = value["url"].as_str().ok_or("the server says no URL")?.to_owned();
                return Ok((served, url));
            }
        }
        Err(format!("the server said {said:?} and ended").into())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
