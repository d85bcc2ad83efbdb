//! The store as an outbox: trials in the order in which they ended, then, once a run is finished, its summaries.

use crate::active::ActiveRuns;
use crate::workspace::Workspace;
use bakeoff_core::analysis::{self, AnalysisOptions};
use bakeoff_core::campaign::Campaign;
use bakeoff_core::dataset::Case;
use bakeoff_core::hash::sha256_hex;
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::trial::TrialRecord;
use bakeoff_core::variant::Variant;
use bakeoff_mlflow::write::{SummaryContext, TrialContext, summary_drafts, trial_drafts};
use bakeoff_mlflow::{Item, Outbox, OutboxError, Page, RefusedItem};
use bakeoff_store::{ExportState, MlflowExport, RunState, Store, StoreError, TrialDetail};
use serde_json::value::RawValue;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Characters of the workspace's id in MLflow's tags.
const ORIGIN: usize = 12;

/// The runs of one workspace that go to one tracking URI.
pub(crate) struct StoreOutbox {
    store: Store,
    active: Arc<ActiveRuns>,
    uri: String,
    origin: String,
    /// Locked by the program whose exporter works, so that two never send the same trial.
    lock_path: PathBuf,
    lock: Mutex<Option<File>>,
}

impl StoreOutbox {
    pub fn new(store: Store, active: Arc<ActiveRuns>, uri: String, workspace: &Workspace) -> Self {
        let database = workspace.database();
        let origin = sha256_hex(database.display().to_string().as_bytes()).chars().take(ORIGIN).collect();
        let lock_path = workspace.data_folder().join("mlflow.lock");
        Self { store, active, uri, origin, lock_path, lock: Mutex::new(None) }
    }

    /// Whether this program may send. Another one that holds the lock sends in its place.
    fn may_send(&self) -> Result<bool, OutboxError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_some() {
            return Ok(true);
        }
        let wrong = |error: std::io::Error| OutboxError(format!("{}: {error}", self.lock_path.display()));
        let file =
            File::options().create(true).truncate(false).write(true).open(&self.lock_path).map_err(wrong)?;
        match file.try_lock() {
            Ok(()) => {
                *lock = Some(file);
                Ok(true)
            }
            Err(std::fs::TryLockError::WouldBlock) => Ok(false),
            Err(std::fs::TryLockError::Error(error)) => Err(wrong(error)),
        }
    }

    fn read_page(&self, most: usize) -> Result<Option<Page>, OutboxError> {
        if !self.may_send()? {
            return Ok(None);
        }
        for export in self.exports()? {
            if let Some(page) = self.page_of(&export, most)? {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    fn exports(&self) -> Result<Vec<MlflowExport>, OutboxError> {
        let mut exports = self.store.mlflow_exports(None).map_err(told)?;
        exports.retain(|export| export.tracking_uri == self.uri && export.state == ExportState::Pending);
        Ok(exports)
    }

    fn page_of(&self, export: &MlflowExport, most: usize) -> Result<Option<Page>, OutboxError> {
        let run = export.run;
        let campaign = self.store.definition(run).map_err(told)?.campaign;
        let variants: Vec<Variant> =
            self.store.run_variants(run).map_err(told)?.into_iter().map(|stored| stored.variant).collect();
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let trials = self.store.exported_trials(run, export.position, most).map_err(told)?;
        let items: Vec<Item> = if trials.is_empty() {
            self.summaries(export, &campaign, &variants)?
        } else {
            trials.into_iter().filter_map(|trial| self.item(run, &campaign, &variants, trial)).collect()
        };
        let page = Page {
            run,
            origin: self.origin.clone(),
            experiment: export.experiment.clone(),
            after: i64::from(export.position),
            items,
        };
        Ok((!page.items.is_empty()).then_some(page))
    }

    fn item(&self, run: u32, campaign: &Campaign, variants: &[Variant], trial: TrialDetail) -> Option<Item> {
        let variant = variants.get(usize::from(trial.row.key.variant))?;
        let position = i64::from(trial.row.number);
        let json = RawValue::from_string(trial.case_json.clone()).ok()?;
        let case = Case { id: trial.row.case_id.as_str().into(), json };
        let context = TrialContext { origin: &self.origin, run, campaign, variant, case: &case };
        Some(Item { position, drafts: trial_drafts(&context, &record(trial)) })
    }

    /// One a variant, once the run is finished. They stand behind its last trial.
    fn summaries(
        &self,
        export: &MlflowExport,
        campaign: &Campaign,
        variants: &[Variant],
    ) -> Result<Vec<Item>, OutboxError> {
        let run = self.store.run(export.run).map_err(told)?;
        if run.state != RunState::Finished || self.active.get(export.run).is_some() {
            return Ok(Vec::new());
        }
        let numbers = self.store.numbers(export.run).map_err(told)?;
        let names: Vec<String> = variants.iter().map(|variant| variant.name.clone()).collect();
        let baseline = names.iter().position(|name| *name == campaign.baseline_variant).unwrap_or(0);
        let options = AnalysisOptions {
            variants: names,
            baseline: baseline as u16,
            cases: run.cases,
            confidence: campaign.confidence,
            margin: campaign.margin,
            primary_metric: campaign.primary_metric,
            timeout_counts_as: campaign.timeout_counts_as,
            complete: true,
            seed: campaign.seed,
            resampling: false,
        };
        let comparison = analysis::compare(&numbers, &options);
        let context = SummaryContext {
            origin: &self.origin,
            run: export.run,
            campaign,
            variants,
            scorer_means: &[],
            started_at: run.created_at,
            ended_at: run.ended_at.unwrap_or(run.created_at),
        };
        let last = i64::from(self.store.last_trial_number(export.run).map_err(told)?);
        let drafts = summary_drafts(&context, &comparison);
        // One item, so that its position says whether all summaries are there.
        Ok(vec![Item { position: last + 1, drafts }])
    }

    async fn sent(&self, run: u32, position: i64, refused: Vec<RefusedItem>) -> Result<(), OutboxError> {
        let Some(export) = self.exports()?.into_iter().find(|export| export.run == run) else {
            return Ok(());
        };
        let last = self.store.last_trial_number(run).map_err(told)?;
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        let refusal = refused.first().map(|first| {
            format!(
                "{} of its trials were not accepted, such as {}: {}",
                refused.len(),
                first.position,
                first.reason
            )
        });
        let export = MlflowExport {
            position: position.min(last),
            state: if position > last { ExportState::Done } else { ExportState::Pending },
            error: refusal.or(export.error),
            updated_at: crate::time::now(),
            ..export
        };
        self.store.set_mlflow_export(export).await.map_err(told)
    }

    async fn failed(&self, run: u32, reason: String) -> Result<(), OutboxError> {
        let Some(export) = self.exports()?.into_iter().find(|export| export.run == run) else {
            return Ok(());
        };
        let export = MlflowExport {
            state: ExportState::Failed,
            error: Some(reason),
            updated_at: crate::time::now(),
            ..export
        };
        self.store.set_mlflow_export(export).await.map_err(told)
    }
}

impl Outbox for StoreOutbox {
    fn next_page(&self, most: usize) -> BoxFuture<'_, Result<Option<Page>, OutboxError>> {
        // Reading blocks for some milliseconds at most: a page is small.
        Box::pin(std::future::ready(self.read_page(most)))
    }

    fn mark_sent(
        &self,
        run: u32,
        position: i64,
        refused: Vec<RefusedItem>,
    ) -> BoxFuture<'_, Result<(), OutboxError>> {
        Box::pin(self.sent(run, position, refused))
    }

    fn mark_failed(&self, run: u32, reason: String) -> BoxFuture<'_, Result<(), OutboxError>> {
        Box::pin(self.failed(run, reason))
    }
}

fn told(error: StoreError) -> OutboxError {
    OutboxError(error.to_string())
}

fn record(trial: TrialDetail) -> TrialRecord {
    TrialRecord {
        key: trial.row.key,
        outcome: trial.row.outcome,
        score: trial.row.score,
        latency_ms: trial.row.latency_ms,
        wait_ms: trial.wait_ms,
        paced: trial.paced,
        usage: trial.usage,
        cost_usd: trial.row.cost_usd,
        started_at: trial.started_at,
        ended_at: trial.row.ended_at,
        sent: trial.sent,
        answer: trial.answer,
        stop_reason: trial.stop_reason,
        model_answered: trial.model_answered,
        error: trial.error,
        expected_label: trial.expected_label,
        answered_label: trial.answered_label,
        scores: trial.scores,
        attempts: trial.attempts,
        steps: trial.steps,
        fault: None,
    }
}
