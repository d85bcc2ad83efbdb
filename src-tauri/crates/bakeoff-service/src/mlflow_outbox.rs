//! The store as an outbox: trials in the order in which they ended, then, once a run is finished, its summaries.

use crate::active::ActiveRuns;
use crate::compare::options_of_campaign;
use crate::workspace::Workspace;
use bakeoff_core::analysis;
use bakeoff_core::campaign::Campaign;
use bakeoff_core::dataset::Case;
use bakeoff_core::hash::sha256_hex;
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::trial::TrialRecord;
use bakeoff_core::variant::Variant;
use bakeoff_mlflow::write::{SummaryContext, TrialContext, summary_drafts, trial_drafts};
use bakeoff_mlflow::{Item, Outbox, OutboxError, Page, RefusedItem};
use bakeoff_store::{ExportState, ExportedRun, MlflowExport, RunState, Store, StoreError, TrialDetail};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Characters of the workspace's id in MLflow's tags.
const ORIGIN: usize = 12;
/// Where a run's summaries stand: behind every trial.
const SUMMARIES: i64 = u32::MAX as i64 + 1;

/// The runs of one workspace that go to one tracking URI.
pub(crate) struct StoreOutbox {
    store: Store,
    active: Arc<ActiveRuns>,
    uri: String,
    origin: String,
    /// Locked by the program whose exporter works, so that two never send the same trial.
    lock_path: PathBuf,
    lock: Mutex<Option<File>>,
    /// Another program held the lock when it was last looked at.
    elsewhere: AtomicBool,
}

impl StoreOutbox {
    pub fn new(store: Store, active: Arc<ActiveRuns>, uri: String, workspace: &Workspace) -> Self {
        let database = workspace.database();
        let origin = sha256_hex(database.display().to_string().as_bytes()).chars().take(ORIGIN).collect();
        let lock_path = workspace.data_folder().join("mlflow.lock");
        Self {
            store,
            active,
            uri,
            origin,
            lock_path,
            lock: Mutex::new(None),
            elsewhere: AtomicBool::new(false),
        }
    }

    /// Whether another program sends in the place of this one.
    pub fn is_elsewhere(&self) -> bool {
        self.elsewhere.load(Ordering::Relaxed)
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
        let taken = file.try_lock();
        self.elsewhere.store(matches!(taken, Err(TryLockError::WouldBlock)), Ordering::Relaxed);
        match taken {
            Ok(()) => {
                *lock = Some(file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(wrong(error)),
        }
    }

    async fn read_page(&self, most: usize) -> Result<Option<Page>, OutboxError> {
        if !self.may_send()? {
            return Ok(None);
        }
        for export in self.exports()? {
            // Reading blocks for some milliseconds at most: a page is small.
            if let Some(page) = self.page_of(&export, most)? {
                return Ok(Some(page));
            }
            self.close(export.run).await?;
        }
        Ok(None)
    }

    /// A run that is over without being finished gets no summaries: when all its trials are there, that is all.
    /// Resume makes it pending again.
    async fn close(&self, run: u32) -> Result<(), OutboxError> {
        let change = |known: MlflowExport, stands: ExportedRun| {
            let is_over = !stands.state.is_active() && stands.state != RunState::Finished;
            let is_all = known.state == ExportState::Pending && known.position >= stands.last_number;
            let updated_at = crate::time::now();
            (is_over && is_all).then(|| MlflowExport { state: ExportState::Done, updated_at, ..known })
        };
        self.store.change_mlflow_export(run, self.uri.clone(), change).await.map_err(told)
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
        let options = options_of_campaign(campaign, names, run.cases);
        let comparison = analysis::compare(&numbers, &options);
        let mut scorer_means = vec![BTreeMap::new(); variants.len()];
        for found in self.store.scorer_means(export.run).map_err(told)? {
            if let Some(means) = scorer_means.get_mut(usize::from(found.variant)) {
                means.insert(found.metric, found.mean);
            }
        }
        let context = SummaryContext {
            origin: &self.origin,
            run: export.run,
            campaign,
            variants,
            scorer_means: &scorer_means,
            started_at: run.created_at,
            ended_at: run.ended_at.unwrap_or(run.created_at),
        };
        let drafts = summary_drafts(&context, &comparison);
        // One item, so that its position says whether all summaries are there.
        Ok(vec![Item { position: SUMMARIES, drafts }])
    }

    async fn sent(&self, run: u32, position: i64, refused: Vec<RefusedItem>) -> Result<(), OutboxError> {
        let refusal = refused.first().map(|first| {
            let what = if first.position == SUMMARIES {
                "its summaries".to_owned()
            } else {
                first.position.to_string()
            };
            format!("{} of its trials were not accepted, such as {what}: {}", refused.len(), first.reason)
        });
        let change = move |known: MlflowExport, stands: ExportedRun| {
            // Since the summaries were made the run may have been resumed, and ended once more.
            let is_done = position == SUMMARIES
                && stands.state == RunState::Finished
                && known.position == stands.last_number;
            let reached = u32::try_from(position).unwrap_or(known.position);
            Some(MlflowExport {
                position: reached.max(known.position),
                state: if is_done { ExportState::Done } else { known.state },
                error: refusal.or(known.error),
                updated_at: crate::time::now(),
                ..known
            })
        };
        self.store.change_mlflow_export(run, self.uri.clone(), change).await.map_err(told)
    }

    async fn failed(&self, run: u32, reason: String) -> Result<(), OutboxError> {
        let change = |known: MlflowExport, _| {
            let (state, updated_at) = (ExportState::Failed, crate::time::now());
            Some(MlflowExport { state, error: Some(reason), updated_at, ..known })
        };
        self.store.change_mlflow_export(run, self.uri.clone(), change).await.map_err(told)
    }
}

impl Outbox for StoreOutbox {
    fn next_page(&self, most: usize) -> BoxFuture<'_, Result<Option<Page>, OutboxError>> {
        Box::pin(self.read_page(most))
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
        fault: trial.fault,
    }
}
