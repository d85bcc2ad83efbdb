//! A server that speaks as much of MLflow's API as the exporter uses, keeps the runs, and misbehaves on request.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How an answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 500, and nothing was done.
    Error,
    /// An HTML page, and nothing was done.
    Html,
    /// It was done, but the connection breaks before the answer is there.
    BrokenAnswer,
    /// It was done, but there is never an answer.
    NoAnswer,
    /// 401.
    Unauthorized,
    /// 400.
    Rejected,
}

#[derive(Debug, Clone, Default)]
pub struct KeptRun {
    pub name: String,
    pub status: String,
    pub tags: BTreeMap<String, String>,
    pub params: BTreeMap<String, String>,
    pub metrics: BTreeMap<String, f64>,
}

#[derive(Default)]
pub struct Kept {
    pub runs: Vec<KeptRun>,
    pub requests: usize,
    pub deleted: bool,
    /// Runs that were begun and not yet closed, at most at a time.
    pub most_open: usize,
}

/// Which request goes wrong how: by its number from 0, and its path and body.
type Rule = dyn Fn(usize, &str, &str) -> Option<Fault> + Send + Sync;

pub struct Shared {
    kept: Mutex<Kept>,
    rule: Mutex<Box<Rule>>,
}

impl Shared {
    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no test panics while it holds this")
    }

    pub fn set_rule(&self, rule: impl Fn(usize, &str, &str) -> Option<Fault> + Send + Sync + 'static) {
        *self.rule.lock().expect("no test panics while it holds this") = Box::new(rule);
    }
}

/// A server; dropping it closes its port.
pub struct FakeServer {
    pub address: SocketAddr,
    pub shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl FakeServer {
    pub async fn start() -> Self {
        let shared = Shared { kept: Mutex::default(), rule: Mutex::new(Box::new(|_, _, _| None)) };
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), Arc::new(shared)).await
    }

    /// A server at this address with what another one has kept.
    pub async fn start_at(address: SocketAddr, shared: Arc<Shared>) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an address can be used again");
        socket.bind(address).expect("the port is free");
        let listener: TcpListener = socket.listen(64).expect("it listens");
        let address = listener.local_addr().expect("it has an address");
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { address, shared, task }
    }

    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes the port and every connection.
    pub async fn stop(mut self) -> Arc<Shared> {
        self.task.abort();
        let _ = (&mut self.task).await;
        Arc::clone(&self.shared)
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, body: Bytes) -> Response {
    let call = uri.path().trim_start_matches("/api/2.0/mlflow/").to_owned();
    let text = String::from_utf8_lossy(&body).into_owned();
    let number = {
        let mut kept = shared.kept();
        kept.requests += 1;
        kept.requests - 1
    };
    let fault = shared.rule.lock().expect("no test panics while it holds this")(number, &call, &text);
    match fault {
        Some(Fault::Error) => {
            return with(
                StatusCode::INTERNAL_SERVER_ERROR,
                &json!({"error_code": "INTERNAL_ERROR", "message": "database is locked"}),
            );
        }
        Some(Fault::Html) => return html(),
        Some(Fault::Unauthorized) => {
            return with(StatusCode::UNAUTHORIZED, &json!({"message": "who are you?"}));
        }
        Some(Fault::Rejected) => return rejected("INVALID_PARAMETER_VALUE", "no such value"),
        _ => {}
    }
    let answer = perform(&mut shared.kept(), &call, &serde_json::from_str(&text).unwrap_or(Value::Null));
    match fault {
        Some(Fault::NoAnswer) => std::future::pending().await,
        Some(Fault::BrokenAnswer) => {
            let broken = futures::stream::iter([Ok(Bytes::from("{")), Err(std::io::Error::other("gone"))]);
            Response::new(Body::from_stream(broken))
        }
        _ => answer,
    }
}

fn with(status: StatusCode, body: &Value) -> Response {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    response.body(Body::from(body.to_string())).expect("a response")
}

fn html() -> Response {
    let response = Response::builder().header(header::CONTENT_TYPE, "text/html");
    response.body(Body::from("<html><body>Please log in</body></html>")).expect("a response")
}

fn rejected(code: &str, message: &str) -> Response {
    with(StatusCode::BAD_REQUEST, &json!({"error_code": code, "message": message}))
}

fn pairs(value: &Value) -> impl Iterator<Item = (String, Value)> {
    let pairs = value.as_array().cloned().unwrap_or_default();
    pairs.into_iter().map(|pair| (pair["key"].as_str().unwrap_or_default().to_owned(), pair["value"].clone()))
}

fn text(value: Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn perform(kept: &mut Kept, call: &str, body: &Value) -> Response {
    let index = body["run_id"].as_str().and_then(|id| id.parse::<usize>().ok());
    let ok = |answer: Value| with(StatusCode::OK, &answer);
    match call {
        "experiments/get-by-name" => {
            let stage = if kept.deleted { "deleted" } else { "active" };
            ok(json!({"experiment": {"experiment_id": "7", "name": "e", "lifecycle_stage": stage}}))
        }
        "experiments/search" => ok(json!({"experiments": []})),
        "runs/create" if kept.deleted => {
            rejected("INVALID_PARAMETER_VALUE", "The experiment 7 must be in the 'active' state.")
        }
        "runs/create" => {
            kept.runs.push(KeptRun {
                name: text(body["run_name"].clone()),
                status: "RUNNING".to_owned(),
                tags: pairs(&body["tags"]).map(|(key, value)| (key, text(value))).collect(),
                ..KeptRun::default()
            });
            let open = kept.runs.iter().filter(|run| run.status == "RUNNING").count();
            kept.most_open = kept.most_open.max(open);
            ok(json!({"run": {"info": {"run_id": (kept.runs.len() - 1).to_string()}}}))
        }
        "runs/log-batch" => {
            let run = &mut kept.runs[index.expect("a run that was begun")];
            run.tags.extend(pairs(&body["tags"]).map(|(key, value)| (key, text(value))));
            run.params.extend(pairs(&body["params"]).map(|(key, value)| (key, text(value))));
            run.metrics
                .extend(pairs(&body["metrics"]).filter_map(|(key, value)| Some((key, value.as_f64()?))));
            ok(json!({}))
        }
        "runs/update" => {
            kept.runs[index.expect("a run that was begun")].status = text(body["status"].clone());
            ok(json!({}))
        }
        "runs/search" => ok(search(kept, body["filter"].as_str().unwrap_or_default())),
        other => with(StatusCode::NOT_FOUND, &json!({"error_code": "ENDPOINT_NOT_FOUND", "message": other})),
    }
}

/// Understands one filter: a tag has a value.
fn search(kept: &Kept, filter: &str) -> Value {
    let (key, value) = filter
        .strip_prefix("tags.`")
        .and_then(|rest| rest.strip_suffix('\''))
        .and_then(|rest| rest.split_once("` = '"))
        .expect("the filter of the exporter");
    let found =
        kept.runs.iter().enumerate().filter(|(_, run)| run.tags.get(key).is_some_and(|tag| tag == value));
    let runs: Vec<Value> = found
        .map(|(id, run)| {
            let tags: Vec<Value> =
                run.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
            json!({"info": {"run_id": id.to_string(), "status": run.status}, "data": {"tags": tags}})
        })
        .collect();
    json!({"runs": runs})
}
