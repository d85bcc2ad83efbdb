//! MLflow's REST API 2.0, as far as it is needed here.

mod http;
mod wire;

pub use http::{Access, Credentials};
pub use wire::{ExperimentInfo, NewRun, RunPage};

use crate::error::{MlflowError, Result};
use crate::run::{Run, RunStatus};
use bakeoff_core::trial::Millis;
use http::Http;
use reqwest::Url;
use serde_json::{Value, json};

/// The most metrics in one request.
const METRICS_A_REQUEST: usize = 1_000;
/// The most parameters, and the most tags, in one request.
const TEXTS_A_REQUEST: usize = 100;
/// The most of all three together.
const ENTRIES_A_REQUEST: usize = 1_000;
/// The most bytes of values in one request: the limit is a million for the whole body, with every quote escaped.
const BYTES_A_REQUEST: usize = 400_000;

/// A tracking server.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http,
}

impl Client {
    /// A client of the server at this address. User and password in the address count when `access` has none.
    ///
    /// # Errors
    /// HTTP can't be set up on this system.
    pub fn new(address: &Url, access: Access) -> Result<Self> {
        Ok(Self { http: Http::new(address, access)? })
    }

    /// The server's address, without a password.
    pub fn address(&self) -> &str {
        self.http.address()
    }

    /// The page of an experiment in MLflow's own window.
    pub fn experiment_page(&self, id: &str) -> String {
        format!("{}/#/experiments/{id}", self.address())
    }

    /// Asks for one experiment, which every MLflow server can answer.
    ///
    /// # Errors
    /// The server can't be used.
    pub async fn check(&self) -> Result<()> {
        self.post("experiments/search", json!({"max_results": 1})).await.map(drop)
    }

    /// The experiment of this name, also a deleted one; `None`: there is none.
    ///
    /// # Errors
    /// The server can't be used.
    pub async fn experiment(&self, name: &str) -> Result<Option<ExperimentInfo>> {
        match self.http.get("experiments/get-by-name", &[("experiment_name", name)]).await {
            Ok(answer) => self.read(wire::experiment(&answer["experiment"])).map(Some),
            Err(MlflowError::Rejected { code, .. }) if code == "RESOURCE_DOES_NOT_EXIST" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The id of the experiment of this name, which is made when there is none.
    ///
    /// # Errors
    /// The experiment was deleted, or the server can't be used.
    pub async fn ensure_experiment(&self, name: &str) -> Result<String> {
        let id = |found: ExperimentInfo| {
            let deleted = MlflowError::ExperimentDeleted { name: name.to_owned() };
            if found.active { Ok(found.id) } else { Err(deleted) }
        };
        if let Some(found) = self.experiment(name).await? {
            return id(found);
        }
        match self.post("experiments/create", json!({"name": name})).await {
            Ok(answer) => self.read(wire::text(&answer["experiment_id"]).ok_or("it names no experiment_id")),
            // Somebody else was faster.
            Err(MlflowError::Rejected { code, .. }) if code == "RESOURCE_ALREADY_EXISTS" => {
                match self.experiment(name).await? {
                    Some(found) => id(found),
                    None => Err(MlflowError::ExperimentDeleted { name: name.to_owned() }),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// All experiments that aren't deleted, newest first.
    ///
    /// # Errors
    /// The server can't be used.
    pub async fn experiments(&self) -> Result<Vec<ExperimentInfo>> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let mut query = json!({"max_results": 1000, "view_type": "ACTIVE_ONLY"});
            query["order_by"] = json!(["creation_time DESC"]);
            put_token(&mut query, token);
            let answer = self.post("experiments/search", query).await?;
            for experiment in wire::list(&answer["experiments"]) {
                found.push(self.read(wire::experiment(experiment))?);
            }
            token = wire::page_token(&answer);
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// One page of an experiment's runs that aren't deleted, newest first unless `order_by` says otherwise.
    ///
    /// # Errors
    /// The filter is wrong, or the server can't be used.
    pub async fn search_runs(
        &self,
        experiment: &str,
        filter: &str,
        order_by: &[&str],
        most: usize,
        token: Option<String>,
    ) -> Result<RunPage> {
        let order_by = if order_by.is_empty() { &["attributes.start_time DESC"] } else { order_by };
        let mut query = json!({
            "experiment_ids": [experiment], "filter": filter, "run_view_type": "ACTIVE_ONLY",
            "max_results": most, "order_by": order_by,
        });
        put_token(&mut query, token);
        let body = self.http.post_for_bytes("runs/search", &query).await?;
        self.read(RunPage::read(&body))
    }

    /// One run.
    ///
    /// # Errors
    /// There is no such run, or the server can't be used.
    pub async fn run(&self, run_id: &str) -> Result<Run> {
        let answer = self.http.get("runs/get", &[("run_id", run_id)]).await?;
        self.read(wire::run(&answer["run"]))
    }

    /// Begins a run and says its id. `experiment` has id and name.
    ///
    /// # Errors
    /// The experiment was deleted, or the server can't be used.
    pub async fn create_run(&self, experiment: (&str, &str), run: &NewRun<'_>) -> Result<String> {
        let (id, name) = experiment;
        let mut body =
            json!({"experiment_id": id, "start_time": run.started_at, "tags": wire::texts(run.tags)});
        body["run_name"] = Value::from(run.name);
        match self.post("runs/create", body).await {
            Ok(answer) => {
                let id = wire::text(&answer["run"]["info"]["run_id"]);
                self.read(
                    id.or_else(|| wire::text(&answer["run"]["info"]["run_uuid"])).ok_or("it names no run_id"),
                )
            }
            Err(MlflowError::Rejected { message, .. })
                if message.contains("must be in the 'active' state") =>
            {
                Err(MlflowError::ExperimentDeleted { name: name.to_owned() })
            }
            Err(error) => Err(error),
        }
    }

    /// Adds metrics, parameters and tags, in as many requests as MLflow's limits ask for. Doing it twice does no harm.
    ///
    /// # Errors
    /// The server does not accept something, or can't be used.
    pub async fn log(
        &self,
        run_id: &str,
        at: Millis,
        metrics: &[(String, f64)],
        params: &[(String, String)],
        tags: &[(String, String)],
    ) -> Result<()> {
        let mut batch = wire::Batch::default();
        let finite = metrics.iter().filter(|(_, value)| value.is_finite());
        let entries = finite.map(|(key, value)| wire::Entry::Metric(key, *value, at));
        let entries = entries.chain(params.iter().map(|(key, value)| wire::Entry::Param(key, value)));
        for entry in entries.chain(tags.iter().map(|(key, value)| wire::Entry::Tag(key, value))) {
            if !batch.has_room_for(&entry) {
                self.post("runs/log-batch", std::mem::take(&mut batch).body(run_id)).await?;
            }
            batch.push(&entry);
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.post("runs/log-batch", batch.body(run_id)).await.map(drop)
    }

    /// Closes a run.
    ///
    /// # Errors
    /// The server can't be used.
    pub async fn end_run(&self, run_id: &str, status: RunStatus, ended_at: Millis) -> Result<()> {
        let body = json!({"run_id": run_id, "status": status.name(), "end_time": ended_at});
        self.post("runs/update", body).await.map(drop)
    }

    async fn post(&self, call: &str, body: Value) -> Result<Value> {
        self.http.post(call, &body).await
    }

    /// An answer that is JSON but not what the API promises.
    fn read<T>(&self, value: std::result::Result<T, &str>) -> Result<T> {
        value.map_err(|what| MlflowError::NotMlflow {
            address: self.address().to_owned(),
            status: 200,
            what: format!("JSON that is no answer of MLflow's ({what})"),
        })
    }
}

fn put_token(query: &mut Value, token: Option<String>) {
    if let Some(token) = token {
        query["page_token"] = Value::from(token);
    }
}
