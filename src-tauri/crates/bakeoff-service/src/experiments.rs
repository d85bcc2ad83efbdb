//! Experiments: the campaigns that have runs here, and those of an MLflow store, whose runs are compared, evaluated
//! and applied with the same statistics.

use crate::dto::{CompareRequest, ErrorCode, ExperimentRow, ServiceError};
use crate::error::Result;
use crate::pool::{Pool, PooledVariant};
use crate::service::Service;
use bakeoff_core::campaign::Campaign;
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::TimeoutCountsAs;
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_mlflow::{Access, Credentials, Experiment, MlflowError, Reader, TrackingUri, VariantRuns};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long runs that were read from MLflow are taken for current. A view asks for them several times.
const CURRENT: Duration = Duration::from_secs(10);

/// What was read from MLflow last.
#[derive(Default)]
pub(crate) struct ReadCache(Mutex<Option<CachedRead>>);

struct CachedRead {
    at: Instant,
    uri: String,
    experiment: Arc<Experiment>,
}

impl Service {
    /// The experiments of this workspace, or of an MLflow store; newest first.
    pub fn list_experiments(&self, mlflow_uri: Option<&str>) -> Result<Vec<ExperimentRow>> {
        let Some(uri) = mlflow_uri.map(str::trim).filter(|uri| !uri.is_empty()) else {
            let runs = self.runs_by_campaign()?;
            let mut rows: Vec<ExperimentRow> = runs
                .into_iter()
                .map(|(name, (last, count))| ExperimentRow {
                    name,
                    runs: count,
                    last_at: last.map(|run| run.created_at),
                    mlflow_id: None,
                    url: None,
                })
                .collect();
            rows.sort_by_key(|row| std::cmp::Reverse(row.last_at));
            return Ok(rows);
        };
        let reader = self.mlflow_reader(uri)?;
        let rows = self.wait(reader.experiments())?;
        let (shown, _) = TrackingUri::split_credentials(uri);
        let server = shown.starts_with("http").then(|| shown.trim_end_matches('/').to_owned());
        Ok(rows
            .into_iter()
            .map(|row| ExperimentRow {
                name: row.name,
                runs: u32::try_from(row.runs).unwrap_or(u32::MAX),
                last_at: row.created_at,
                url: server.as_ref().map(|server| format!("{server}/#/experiments/{}", row.id)),
                mlflow_id: Some(row.id),
            })
            .collect())
    }

    /// The runs of an experiment in MLflow as a pool.
    pub(crate) fn mlflow_pool(&self, uri: &str, request: &CompareRequest) -> Result<Pool> {
        let Some(name) = &request.experiment else {
            return Err(ServiceError::bad_input("which experiment of the MLflow store?")
                .with_hint("name it: --experiment NAME"));
        };
        let experiment = self.read_experiment(uri, name)?;
        let all: Vec<&str> = experiment.variants.iter().map(|variant| variant.name.as_str()).collect();
        let wanted: Vec<&str> = match request.variants.is_empty() {
            true => all.clone(),
            false => request.variants.iter().map(String::as_str).collect(),
        };
        let mut place = vec![None; all.len()];
        let mut variants = Vec::new();
        for name in wanted {
            let Some(index) = all.iter().position(|known| *known == name) else {
                return Err(ServiceError::not_found(format!("{name:?} is not in these runs"))
                    .with_hint(format!("choose among {}", all.join(", "))));
            };
            place[index] = Some(variants.len() as u16);
            let variant = variant_of(&experiment.variants[index]);
            variants.push(PooledVariant::new(name.to_owned(), variant));
        }
        let mut trials = experiment.numbers();
        trials.retain_mut(|trial| match place.get(usize::from(trial.key.variant)).copied().flatten() {
            Some(index) => {
                trial.key.variant = index;
                true
            }
            None => false,
        });
        let baseline = all.get(usize::from(experiment.baseline)).copied().unwrap_or_default();
        Ok(Pool::of_elsewhere(trials, variants, campaign_of(&experiment.name, baseline)))
    }

    /// The whole prompt of a variant of an MLflow experiment, or why it can't be applied.
    pub(crate) fn check_mlflow_prompt(&self, uri: &str, experiment: &str, variant: &str) -> Result<()> {
        let read = self.read_experiment(uri, experiment)?;
        let found = read.variants.iter().find(|known| known.name == variant);
        match found.and_then(|variant| variant.prompt.as_ref()) {
            None => Err(ServiceError::not_found(format!("no run of {variant} in MLflow has its prompt"))
                .with_hint("log it as the parameter `prompt`, or name another variant")),
            Some(prompt) if prompt.cut => Err(ServiceError::bad_input(format!(
                "the prompt of {variant} was cut when it was logged (run {})",
                prompt.run_id
            ))
            .with_hint("apply it from the file that it came from")),
            Some(_) => Ok(()),
        }
    }

    fn read_experiment(&self, uri: &str, name: &str) -> Result<Arc<Experiment>> {
        let mut cache = self.mlflow_reads.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*cache
            && known.at.elapsed() < CURRENT
            && known.uri == uri
            && known.experiment.name == name
        {
            return Ok(Arc::clone(&known.experiment));
        }
        let reader = self.mlflow_reader(uri)?;
        let experiment = Arc::new(self.wait(reader.experiment(name))?);
        *cache =
            Some(CachedRead { at: Instant::now(), uri: uri.to_owned(), experiment: Arc::clone(&experiment) });
        Ok(experiment)
    }

    fn mlflow_reader(&self, uri: &str) -> Result<Reader> {
        let here = std::env::current_dir().unwrap_or_else(|_| self.files().root().to_owned());
        let uri = TrackingUri::parse(uri, &here)?;
        Ok(Reader::new(uri, mlflow_access()))
    }
}

/// What the environment says about getting in; MLflow's own names.
pub(crate) fn mlflow_access() -> Access {
    let value = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let credentials = Credentials {
        token: value("MLFLOW_TRACKING_TOKEN"),
        username: value("MLFLOW_TRACKING_USERNAME"),
        password: value("MLFLOW_TRACKING_PASSWORD"),
    };
    credentials.into()
}

/// A variant that is known by its prompt only. Its model is not: MLflow's runs don't have to say it.
fn variant_of(runs: &VariantRuns) -> Variant {
    let prompt = runs.prompt.as_ref();
    let is_system = prompt.is_some_and(|prompt| prompt.field == "system_prompt");
    let text = prompt.map(|prompt| prompt.text.clone());
    let beside = prompt.and_then(|prompt| prompt.system_prompt.clone());
    Variant {
        name: runs.name.clone(),
        description: None,
        provider: Provider::OpenaiCompatible,
        model: String::new(),
        base_url: None,
        system_prompt: if is_system { text.clone() } else { beside },
        prompt: if is_system { None } else { text },
        reasoning_effort: None,
        temperature: None,
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        tools_config: BTreeMap::new(),
        config_overrides: BTreeMap::new(),
        tags: Vec::new(),
        pace_ms: None,
        workflow: None,
    }
}

fn campaign_of(name: &str, baseline: &str) -> Campaign {
    Campaign {
        name: name.to_owned(),
        description: None,
        dataset: String::new(),
        workflow: None,
        inputs: serde_json::Map::new(),
        sample: None,
        variants: Vec::new(),
        baseline_variant: baseline.to_owned(),
        trials_per_combination: 1,
        scorers: Vec::new(),
        pass_threshold: 1.0,
        primary_metric: Metric::SuccessRate,
        confidence: 0.95,
        margin: 0.0,
        parallel: 1,
        timeout_seconds: 300.0,
        timeout_counts_as: TimeoutCountsAs::default(),
        retries: 0,
        cooldown_seconds: 0.0,
        budget_usd: None,
        seed: 42,
        gates: Vec::new(),
        mlflow: None,
        lab: None,
        triage: None,
    }
}

impl From<MlflowError> for ServiceError {
    fn from(error: MlflowError) -> Self {
        let code = match &error {
            MlflowError::Address { .. } => ErrorCode::BadInput,
            MlflowError::NoExperiment { .. } | MlflowError::ExperimentDeleted { .. } => ErrorCode::NotFound,
            _ => ErrorCode::Unavailable,
        };
        let hint = match code {
            ErrorCode::Unavailable => {
                "check the tracking URI and that the server runs; stored results are safe"
            }
            ErrorCode::NotFound => "list them: bakeoff list-experiments --mlflow-uri URI",
            _ => "such as http://127.0.0.1:5000, sqlite:///mlflow.db or ./mlruns",
        };
        Self::new(code, error.to_string()).with_hint(hint)
    }
}
