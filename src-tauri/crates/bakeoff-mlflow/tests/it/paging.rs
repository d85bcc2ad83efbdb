//! Experiments with more runs than a page, from servers whose tokens are MLflow's and whose are not.

use crate::support::wait;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use bakeoff_mlflow::{Access, Reader, TrackingUri};
use data_encoding::BASE64;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Barrier;

/// Runs that are there before anything is read; the fifth page is the last and not full.
const RUNS: usize = 4_500;
/// What the reader asks for at once.
const AT_ONCE: usize = 4;

/// A server whose runs have the ids 0, 1, 2, …, the last one being the newest.
struct Server {
    runs: AtomicUsize,
    /// None: the tokens say nothing about where a page begins.
    together: Option<Barrier>,
    open: Mutex<(usize, usize)>,
}

impl Server {
    fn token(&self, offset: usize) -> String {
        match self.together {
            Some(_) => BASE64.encode(format!("{{\"offset\": {offset}}}").as_bytes()),
            None => format!("after {offset}"),
        }
    }

    fn offset(&self, token: &str) -> usize {
        let decoded = BASE64.decode(token.as_bytes()).ok().and_then(|text| String::from_utf8(text).ok());
        let number = match &self.together {
            Some(_) => {
                decoded.as_deref().and_then(|text| text.strip_prefix("{\"offset\": ")?.strip_suffix('}'))
            }
            None => token.strip_prefix("after "),
        };
        number.and_then(|number| number.parse().ok()).expect("a token that this server made")
    }
}

async fn search(State(server): State<Arc<Server>>, Json(body): Json<Value>) -> Json<Value> {
    {
        let mut open = server.open.lock().expect("no test panics while it holds this");
        open.0 += 1;
        open.1 = open.1.max(open.0);
    }
    let offset = body["page_token"].as_str().map_or(0, |token| server.offset(token));
    let most = body["max_results"].as_u64().expect("a number") as usize;
    if let Some(together) = server.together.as_ref().filter(|_| (1..RUNS).contains(&offset)) {
        // Nobody gets an answer before all of the later pages were asked for.
        together.wait().await;
    }
    let count = server.runs.load(Ordering::SeqCst);
    let ids = (0..count).rev().skip(offset).take(most);
    let runs: Vec<Value> = ids
        .map(|id| json!({"info": {"run_id": id.to_string(), "status": "FINISHED", "start_time": id}}))
        .collect();
    let mut answer = json!({"runs": runs});
    if offset + most < count {
        answer["next_page_token"] = Value::from(server.token(offset + most));
    }
    if offset == 0 {
        server.runs.fetch_add(1, Ordering::SeqCst);
    }
    server.open.lock().expect("no test panics while it holds this").0 -= 1;
    Json(answer)
}

/// The ids that are read while one run begins, and how many pages were asked for at once.
fn read(together: Option<Barrier>) -> (Vec<usize>, usize) {
    let server = Arc::new(Server { runs: AtomicUsize::new(RUNS), together, open: Mutex::default() });
    let state = Arc::clone(&server);
    let runs = wait(async move {
        let found =
            Json(json!({"experiment": {"experiment_id": "7", "name": "e", "lifecycle_stage": "active"}}));
        let router = Router::new()
            .route("/api/2.0/mlflow/experiments/get-by-name", get(|| async { found }))
            .route("/api/2.0/mlflow/runs/search", post(search))
            .with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        let uri = TrackingUri::parse(&format!("http://{address}"), Path::new("/")).expect("a tracking URI");
        let access = Access { timeout: Duration::from_secs(20), ..Access::default() };
        let read = Reader::new(uri, access).runs("e").await;
        task.abort();
        read.expect("it can be read").runs
    });
    let most = server.open.lock().expect("no test panics while it holds this").1;
    (runs.iter().map(|run| run.run_id.parse().expect("a number")).collect(), most)
}

fn assert_each_once_newest_first(ids: &[usize]) {
    let distinct: HashSet<usize> = ids.iter().copied().collect();
    assert_eq!(
        (ids.len(), distinct.len()),
        (RUNS, RUNS),
        "the run that moved into the next page is there once"
    );
    assert!(ids.is_sorted_by(|newer, older| newer > older));
}

#[test]
fn pages_of_mlflow_are_asked_for_side_by_side() {
    let (ids, at_once) = read(Some(Barrier::new(AT_ONCE)));
    assert_each_once_newest_first(&ids);
    assert_eq!(at_once, AT_ONCE);
}

#[test]
fn a_token_that_says_nothing_is_handed_back() {
    let (ids, at_once) = read(None);
    assert_each_once_newest_first(&ids);
    assert_eq!(at_once, 1);
}
