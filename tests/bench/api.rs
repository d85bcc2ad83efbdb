//! The HTTP API under load: 1,000 requests of 50 clients while a campaign runs, beside requests that do nothing.

use crate::Error;
use crate::machine::milliseconds;
use crate::mock::Mock;
use crate::place::{Place, VARIANTS};
use crate::report::{Report, Target};
use futures::StreamExt;
use reqwest::Client;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const REQUESTS: usize = 1_000;
const CLIENTS: usize = 50;
/// More than is called while the requests are measured.
const CASES: usize = 20_000;
const TOKEN: &str = "the-token-of-the-bench";

/// The release program with `serve`, and a run in a program beside it on the same workspace.
pub fn load(report: &mut Report) -> Result<(), Error> {
    let place = Place::new()?;
    let mock = Mock::start(20)?;
    let model = format!("provider: openai-compatible\nmodel: mock-small\nbase_url: {}/v1", mock.url());
    place.write_campaign(&model, 50, 16)?;
    let first = program(&place, &["run", "bench"]).stdout(Stdio::null()).status()?;
    if !first.success() {
        return Err("the campaign that is compared could not be run".into());
    }
    place.write_campaign(&model, CASES, 16)?;
    let served = Ended(program(&place, &["serve", "--port", "0", "--json"]).stdout(Stdio::piped()).spawn()?);
    let (served, url) = served.url()?;
    let mut running = Ended(program(&place, &["run", "bench"]).stdout(Stdio::null()).spawn()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listed = "/optimization/experiments.json";
    let compared = "/optimization/compare.json?experiment=bench";
    let measured = runtime.block_on(requests(&url, &[listed, compared]))?;
    let bare = runtime.block_on(requests(&url, &["/health"]))?;
    if running.0.try_wait()?.is_some() {
        return Err("the run ended before the requests did".into());
    }
    drop((running, served));
    let what = format!(
        "{REQUESTS} API requests of {CLIENTS} clients during a run of {} trials",
        CASES * VARIANTS.len()
    );
    report.judge(format!("{what}: p99"), share(&measured, 0.99), "ms", Target::AtMost(1_000.0));
    report.note("p50", share(&measured, 0.50), "ms");
    report.note("p99 of as many to /health", share(&bare, 0.99), "ms");
    report.note("p50 of as many to /health", share(&bare, 0.50), "ms");
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

fn program(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bakeoff"));
    command
        .args(arguments)
        .current_dir(place.workspace())
        .env("BAKEOFF_CONFIG_DIR", place.config())
        .env("BAKEOFF_API_TOKEN", TOKEN)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A process that ends with this.
struct Ended(Child);

impl Ended {
    /// Where it says that it listens.
    fn url(mut self) -> Result<(Self, String), Error> {
        let out = self.0.stdout.take().ok_or("the server has no output")?;
        let mut said = String::new();
        for line in BufReader::new(out).lines() {
            said.push_str(&line?);
            if let Ok(value) = serde_json::from_str::<Value>(&said) {
                let url = value["url"].as_str().ok_or("the server says no URL")?.to_owned();
                return Ok((self, url));
            }
        }
        Err(format!("the server said {said:?} and ended").into())
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
