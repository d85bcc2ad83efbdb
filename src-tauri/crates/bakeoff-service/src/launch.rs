//! Launching, steering, resuming and retrying runs.

use crate::active::{ActiveRun, accompany, stored_state};
use crate::campaigns::{Loaded, LoadedVariant};
use crate::dto::{ErrorCode, LaunchOptions, Notice, RunProgress, RunRow, RunState, ServiceError};
use crate::error::Result;
use crate::live::{Beginning, Live};
use crate::others::progress_of;
use crate::service::Service;
use crate::triage::is_queued;
use bakeoff_core::campaign::Campaign;
use bakeoff_core::dataset::Case;
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::hash::sha256_hex;
use bakeoff_core::ports::lab::{LabLog, Subjects};
use bakeoff_core::ports::{Clock, Model};
use bakeoff_core::trial::{Millis, TrialKey};
use bakeoff_core::variant::Variant;
use bakeoff_core::{plan, price};
use bakeoff_engine::{Ports, ProviderLimits, RunSpec};
use bakeoff_process::ProcessRunner;
use bakeoff_store::{NewCase, NewRun, NewVariant};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Characters of a case's preview.
const PREVIEW: usize = 160;
/// Longer expected values are no labels.
const LONGEST_LABEL: usize = 60;

impl Service {
    /// Starts a new run of a campaign, given by its name or file. Refuses when any of its files has an error or a
    /// key is missing.
    pub fn launch(&self, campaign: &str, options: &LaunchOptions) -> Result<RunRow> {
        let source = self.campaign_text(campaign)?;
        let loaded = self.load_campaign(&source)?;
        if is_queued(loaded.campaign.as_ref()) {
            let run = self.enqueue(loaded, options, &source.name)?;
            return self.run_row(self.store().run(run)?);
        }
        self.launch_loaded(&source.name, loaded, options)
    }

    /// Starts a new run of what was loaded, unless anything of it has an error.
    pub(crate) fn launch_loaded(
        &self,
        name: &str,
        mut loaded: Loaded,
        options: &LaunchOptions,
    ) -> Result<RunRow> {
        loaded.diagnostics.extend(self.missing_keys(&loaded.variants, loaded.campaign.as_ref()));
        let errors: Vec<Diagnostic> = loaded.diagnostics.iter().filter(|f| f.is_error()).cloned().collect();
        let Some(campaign) = loaded.campaign.take().filter(|_| errors.is_empty()) else {
            return Err(ServiceError::bad_input(format!(
                "{name} can't be run: {} to mend",
                count(errors.len(), "thing")
            ))
            .with_diagnostics(errors));
        };
        if loaded.cases.is_empty() {
            return Err(ServiceError::bad_input(format!("{} has no rows", campaign.dataset))
                .with_hint("put at least one case into it"));
        }
        let campaign = self.with_options(campaign, options)?;
        let cases = Arc::clone(&loaded.cases);
        let variants: Arc<[Variant]> = loaded.variants.iter().map(|loaded| loaded.variant.clone()).collect();
        let trials = plan::build(
            cases.len() as u32,
            variants.len() as u16,
            campaign.trials_per_combination,
            campaign.seed,
        )
        .trials;
        let planned = trials.len();
        let run = self.create_run(&campaign, loaded)?;
        self.log_event(run, "launched", &format!("{} of {}", count(planned, "trial"), campaign.name))?;
        let beginning = Beginning { run, planned: planned as u32, ..Beginning::default() };
        self.start(&campaign, trials, cases, variants, beginning)
    }

    /// Goes on with a stopped, interrupted, failed or out-of-budget run: exactly the missing trials are run, on the
    /// cases and variants as they were.
    pub fn resume_run(&self, run: u32, options: &LaunchOptions) -> Result<RunRow> {
        if self.active.get(run).is_some() {
            self.continue_run(run)?;
            return self.run_row(self.store().run(run)?);
        }
        self.require_own(run)?;
        let missing = self.store().remaining(run)?;
        if missing.is_empty() {
            return Err(ServiceError::conflict(format!("run #{run} has no missing trials"))
                .with_hint("use Retry failed for calls that failed, or launch the campaign again"));
        }
        self.go_on(run, missing, options, "resumed")
    }

    /// Runs failed calls again: infra_error, judge_error, void, cancelled, interrupted, skipped. A pass, fail or
    /// timeout is never re-rolled.
    pub fn retry_failed(&self, run: u32) -> Result<RunRow> {
        if self.active.get(run).is_some() {
            return Err(ServiceError::conflict(format!("run #{run} is still going on"))
                .with_hint("wait until it has ended, or stop it first"));
        }
        self.require_own(run)?;
        let mut again = self.store().retriable(run)?;
        if again.is_empty() {
            return Err(ServiceError::conflict(format!("run #{run} has no failed calls"))
                .with_hint("passes, fails and time-outs are results and are never run again"));
        }
        // What was never started belongs to it too: afterwards the run is complete.
        let known: HashSet<TrialKey> = again.iter().copied().collect();
        again.extend(self.store().remaining(run)?.into_iter().filter(|key| !known.contains(key)));
        self.go_on(run, again, &LaunchOptions::default(), "retried")
    }

    /// No new trial starts; running ones finish.
    pub fn pause_run(&self, run: u32) -> Result<()> {
        self.steer(run, RunState::Paused, "paused", |handle| handle.pause())
    }

    /// Goes on after a pause.
    pub fn continue_run(&self, run: u32) -> Result<()> {
        self.steer(run, RunState::Running, "resumed", |handle| handle.resume())
    }

    /// Cancels running trials at once; they are recorded as cancelled. Returns before they are.
    pub fn stop_run(&self, run: u32) -> Result<()> {
        let active = self.active_run(run)?;
        active.steer(|handle| handle.stop());
        Ok(())
    }

    /// The numbers of a run as they stand, live if this program runs it.
    pub fn progress(&self, run: u32) -> Result<RunProgress> {
        if let Some(active) = self.active.get(run) {
            return Ok(active.snapshot());
        }
        Ok(progress_of(&self.store().run(run)?))
    }

    /// Waits until a run of this program has ended, or for `most`.
    pub fn wait_for_end(&self, run: u32, most: Duration) {
        match self.active.get(run) {
            Some(active) => active.wait(most),
            // It runs in another program or waits in the queue.
            // The sleep is made inside: it needs the runtime's clock.
            None => self.handle().block_on(async { tokio::time::sleep(most).await }),
        }
    }

    /// Stops every run of this program and waits until that is recorded, at most `most`.
    pub fn stop_all(&self, most: Duration) {
        let until = Instant::now() + most;
        let runs = self.active.all();
        for active in &runs {
            active.steer(|handle| handle.stop());
        }
        for active in &runs {
            active.wait(until.saturating_duration_since(Instant::now()));
        }
    }

    fn steer(
        &self,
        run: u32,
        state: RunState,
        kind: &'static str,
        action: impl FnOnce(&bakeoff_engine::RunHandle),
    ) -> Result<()> {
        let active = self.active_run(run)?;
        active.steer(action);
        active.set_state(state);
        self.wait(self.store().set_state(run, stored_state(state), None, self.now()))?;
        self.log_event(run, kind, "by the user")?;
        self.notify(Notice::Runs);
        Ok(())
    }

    fn active_run(&self, run: u32) -> Result<Arc<ActiveRun>> {
        if let Some(active) = self.active.get(run) {
            return Ok(active);
        }
        let summary = self.store().run(run)?;
        let owner = summary.owner.filter(|owner| !owner.is_this && !owner.is_gone);
        Err(match owner {
            Some(owner) => ServiceError::conflict(format!(
                "run #{run} belongs to another program (process {})",
                owner.process
            ))
            .with_hint("steer it there"),
            None => {
                ServiceError::conflict(format!("run #{run} is not going on: it is {}", summary.state.name()))
            }
        })
    }

    fn create_run(&self, campaign: &Campaign, loaded: Loaded) -> Result<u32> {
        let cases = loaded.cases;
        let stored = (0..cases.len()).filter_map(move |index| cases.get(index).map(new_case));
        let variants =
            loaded.variants.into_iter().map(|LoadedVariant { variant, text }| NewVariant { variant, text });
        self.wait(self.store().create_run(NewRun {
            campaign: campaign.clone(),
            definition_hash: sha256_hex(loaded.text.as_bytes()),
            definition: loaded.text,
            seed: campaign.seed,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: self.now(),
            variants: variants.collect(),
            cases: Box::new(stored),
        }))
    }

    pub(crate) fn go_on(
        &self,
        run: u32,
        again: Vec<TrialKey>,
        options: &LaunchOptions,
        kind: &'static str,
    ) -> Result<RunRow> {
        let definition = self.store().definition(run)?;
        let campaign =
            self.with_options(Campaign { seed: definition.seed, ..definition.campaign }, options)?;
        let variants: Arc<[Variant]> =
            self.store().run_variants(run)?.into_iter().map(|stored| stored.variant).collect();
        let loaded: Vec<LoadedVariant> = variants
            .iter()
            .map(|variant| LoadedVariant { variant: variant.clone(), text: String::new() })
            .collect();
        let missing = self.missing_keys(&loaded, Some(&campaign));
        if !missing.is_empty() {
            return Err(ServiceError::bad_input(format!("run #{run} can't go on")).with_diagnostics(missing));
        }
        let cases: Arc<[Case]> = self.store().load_cases(run)?.into();
        if is_queued(Some(&campaign)) {
            self.require_no_emergency()?;
        }
        self.wait(self.store().acquire(run, self.now()))?;
        if is_queued(Some(&campaign)) {
            self.wait(self.store().begin_job(run, self.now()))?;
        }
        self.wait(self.store().set_state(run, bakeoff_store::RunState::Running, None, self.now()))?;
        self.log_event(run, kind, &count(again.len(), "trial"))?;
        let trials = in_plan_order(&again, cases.len() as u32, variants.len() as u16, &campaign);
        let again: HashSet<TrialKey> = again.into_iter().collect();
        let ended = self.store().numbers(run)?.into_iter().map(|trial| (trial.key, trial.outcome));
        let summary = self.store().run(run)?;
        let beginning = Beginning {
            run,
            planned: summary.planned,
            ended: ended.filter(|(key, _)| !again.contains(key)).collect(),
            known_usd: summary.cost.known_usd,
            cost_unknown: summary.cost.unknown_trials > 0,
        };
        self.start(&campaign, trials, cases, variants, beginning)
    }

    fn start(
        &self,
        campaign: &Campaign,
        trials: Vec<TrialKey>,
        cases: Arc<[Case]>,
        variants: Arc<[Variant]>,
        beginning: Beginning,
    ) -> Result<RunRow> {
        let run = beginning.run;
        let mut spec = RunSpec::of_campaign(campaign, trials, Arc::new(cases), variants);
        spec.spent_usd = beginning.known_usd;
        let active = ActiveRun::new(run, Live::new(beginning, Instant::now()), campaign.lab.is_some());
        let (observed, store, handle) = (Arc::clone(&active), self.store().clone(), self.handle().clone());
        let observer = move |event| {
            if let Some((kind, message)) = observed.take(event) {
                let store = store.clone();
                // The log of a run is for people; a run must not wait for it.
                handle.spawn(async move {
                    let _ = store.append_event(run, crate::time::now(), kind, &message).await;
                });
            }
        };
        // Before its first trial: an error here must not leave a run behind that nobody accompanies.
        self.log_to_mlflow(run, campaign)?;
        let _inside = self.handle().enter();
        let handle = match bakeoff_engine::start(spec, self.ports(run)?, observer) {
            Ok(handle) => handle,
            Err(error) => {
                let reason = error.to_string();
                self.wait(self.store().set_state(
                    run,
                    bakeoff_store::RunState::Failed,
                    Some(reason.clone()),
                    self.now(),
                ))?;
                return Err(ServiceError::new(ErrorCode::RunFailed, reason)
                    .with_hint("mend the files and launch again"));
            }
        };
        active.set_handle(handle.clone());
        self.active.insert(Arc::clone(&active));
        self.handle().spawn(accompany(
            Arc::clone(&self.active),
            active,
            handle,
            self.store().clone(),
            self.notice_sender().clone(),
        ));
        self.notify(Notice::Runs);
        self.run_row(self.store().run(run)?)
    }

    fn ports(&self, run: u32) -> Result<Ports> {
        let settings = self.current_settings();
        let limits = settings.providers.iter().map(|(provider, settings)| {
            let limits = ProviderLimits {
                max_parallel: settings.max_parallel,
                requests_per_minute: settings.requests_per_minute,
                tokens_per_minute: settings.tokens_per_minute,
            };
            (*provider, limits)
        });
        let limits: BTreeMap<_, _> = limits.collect();
        let prices = self.price_list();
        let log = Arc::new(self.store().trial_log(run));
        Ok(Ports {
            model: self.models()? as Arc<dyn Model>,
            runner: Arc::new(ProcessRunner::new(self.files().root())),
            subjects: Some(Arc::clone(self.subjects()) as Arc<dyn Subjects>),
            operator: Some(Arc::new(self.operator())),
            lab_log: Some(Arc::clone(&log) as Arc<dyn LabLog>),
            log,
            clock: Arc::new(SystemClock),
            prices: Arc::new(move |provider, model| -> Option<price::Price> {
                prices.price(provider, model)
            }),
            limits,
        })
    }

    /// The campaign with what the launch changes; the user's spend cap holds whatever the campaign says.
    pub(crate) fn with_options(&self, mut campaign: Campaign, options: &LaunchOptions) -> Result<Campaign> {
        campaign.seed = options.seed.unwrap_or(campaign.seed);
        if let Some(parallel) = options.parallel {
            if !(1..=1_000).contains(&parallel) {
                return Err(ServiceError::bad_input(format!(
                    "{parallel} trials at the same time is out of range"
                ))
                .with_hint("use 1 to 1000"));
            }
            campaign.parallel = parallel;
        }
        if let Some(budget) = options.budget_usd {
            if !budget.is_finite() || budget < 0.0 {
                return Err(ServiceError::bad_input("the budget must be 0 USD or more"));
            }
            campaign.budget_usd = Some(budget);
        }
        let cap = self.current_settings().spend_cap_usd;
        campaign.budget_usd = match (campaign.budget_usd, cap) {
            (Some(budget), Some(cap)) => Some(budget.min(cap)),
            (budget, cap) => budget.or(cap),
        };
        Ok(campaign)
    }

    pub(crate) fn log_event(&self, run: u32, kind: &'static str, message: &str) -> Result<()> {
        self.wait(self.store().append_event(run, self.now(), kind, message))?;
        Ok(())
    }
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        crate::time::now()
    }
}

/// Trials in the order in which the plan would have started them.
fn in_plan_order(wanted: &[TrialKey], cases: u32, variants: u16, campaign: &Campaign) -> Vec<TrialKey> {
    let wanted: HashSet<TrialKey> = wanted.iter().copied().collect();
    let plan = plan::build(cases, variants, campaign.trials_per_combination, campaign.seed);
    plan.trials.into_iter().filter(|key| wanted.contains(key)).collect()
}

/// A case with what lists show of it.
pub(crate) fn new_case(case: &Case) -> NewCase {
    let fields = case.fields();
    let expected = fields.get("expected").and_then(|value| match value {
        serde_json::Value::String(text) if text.chars().count() <= LONGEST_LABEL => Some(text.clone()),
        serde_json::Value::Number(_) | serde_json::Value::Bool(_) => Some(value.to_string()),
        _ => None,
    });
    let input = fields.get("input").map(|input| match input {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let preview = input.unwrap_or_else(|| case.json.get().to_owned());
    let preview = preview.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(PREVIEW).collect();
    NewCase { case: case.clone(), expected, preview }
}

/// `1 trial`, `3 trials`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
