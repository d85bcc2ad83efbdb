//! What a run is made of.

use bakeoff_core::campaign::{Campaign, LabSettings};
use bakeoff_core::dataset::Case;
use bakeoff_core::ports::lab::{LabLog, Subjects};
use bakeoff_core::ports::operator::Operator;
use bakeoff_core::ports::{BoxFuture, Clock, Model, Runner, TrialLog};
use bakeoff_core::price::Price;
use bakeoff_core::scorer::Scorer;
use bakeoff_core::subject::Subject;
use bakeoff_core::trial::TrialKey;
use bakeoff_core::variant::{Provider, Variant};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Where cases come from, so that they need not be in memory all at once.
pub trait CaseSource: Send + Sync {
    /// The case with this index ([`TrialKey::case`]), or why it can't be read, for people.
    fn case(&self, index: u32) -> BoxFuture<'_, Result<Case, String>>;
}

impl CaseSource for Arc<[Case]> {
    fn case(&self, index: u32) -> BoxFuture<'_, Result<Case, String>> {
        let case = self.get(index as usize).cloned().ok_or_else(|| format!("There is no case {index}."));
        Box::pin(std::future::ready(case))
    }
}

/// Everything that decides a run. What is not in `trials` is not run: to resume, pass the missing keys.
#[derive(Clone)]
pub struct RunSpec {
    /// The trials to run, in the order of starting.
    pub trials: Vec<TrialKey>,
    /// Their cases.
    pub cases: Arc<dyn CaseSource>,
    /// Their variants, by [`TrialKey::variant`].
    pub variants: Arc<[Variant]>,
    /// The file of the workflow that the variants are variants of, for the user's own program.
    pub workflow: Option<String>,
    /// Inputs of a workflow that every case has; the fields of a row come over them.
    pub inputs: Map<String, Value>,
    /// The campaign's scorers; a row's own come from the row.
    pub scorers: Vec<Scorer>,
    /// The weighted score at or above which a trial passes.
    pub pass_threshold: f64,
    /// Calls at the same time, over all providers.
    pub parallel: u16,
    /// The most time that one call, or one run of the user's own program, may take. Waiting and earlier attempts are
    /// not counted. A node of a workflow may have its own.
    pub timeout: Duration,
    /// How often a transient error is tried again, for the answer and for each judge. A node of a workflow may have its
    /// own number.
    pub retries: u16,
    /// How long a permit rests after a trial.
    pub cooldown: Duration,
    /// USD that this run may cost, `spent_usd` included.
    pub budget_usd: Option<f64>,
    /// USD that earlier parts of this run have cost.
    pub spent_usd: f64,
    /// Of the back-off's jitter and, in a fault campaign, of the choice of nodes.
    pub seed: u64,
    /// Of a fault campaign: its cases are subjects with faults, and its trials run agents on them.
    pub lab: Option<Lab>,
    /// Of a triage campaign: its cases are candidates, and answers must be readable as `core::triage::TriageAnswer`.
    pub triage: bool,
}

/// What a run of a fault campaign has beside others.
#[derive(Debug, Clone)]
pub struct Lab {
    /// Who repairs, and within which limits.
    pub settings: LabSettings,
    /// The subjects that cases only name; usually a case has its whole subject in it.
    pub subjects: Arc<[Subject]>,
}

impl RunSpec {
    /// The settings of a campaign.
    pub fn of_campaign(
        campaign: &Campaign,
        trials: Vec<TrialKey>,
        cases: Arc<dyn CaseSource>,
        variants: Arc<[Variant]>,
    ) -> Self {
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        Self {
            trials,
            cases,
            variants,
            workflow: campaign.workflow.clone(),
            inputs: campaign.inputs.clone(),
            scorers: campaign.scorers.clone(),
            pass_threshold: campaign.pass_threshold,
            parallel: campaign.parallel,
            timeout: seconds(campaign.timeout_seconds),
            retries: campaign.retries,
            cooldown: seconds(campaign.cooldown_seconds),
            budget_usd: campaign.budget_usd,
            spent_usd: 0.0,
            seed: campaign.seed,
            triage: campaign.triage.is_some(),
            lab: campaign.lab.clone().map(|settings| Lab { settings, subjects: Arc::from([]) }),
        }
    }
}

/// What a user allows a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProviderLimits {
    /// The most calls at the same time.
    pub max_parallel: Option<u32>,
    /// The most calls in any 60 seconds.
    pub requests_per_minute: Option<u32>,
    /// The most tokens a minute, as far as they can be told before a call.
    pub tokens_per_minute: Option<u32>,
}

/// The price of a provider's model; `None` when it isn't known.
pub type PriceSource = Arc<dyn Fn(Provider, &str) -> Option<Price> + Send + Sync>;

/// The outside world of a run.
#[derive(Clone)]
pub struct Ports {
    /// Answers prompts.
    pub model: Arc<dyn Model>,
    /// Runs users' own programs.
    pub runner: Arc<dyn Runner>,
    /// Gives out systems under test; needed by fault campaigns.
    pub subjects: Option<Arc<dyn Subjects>>,
    /// Opens Operator's files; needed by campaigns whose agent is Operator's.
    pub operator: Option<Arc<dyn Operator>>,
    /// Keeps what fault trials tell while they run; needed by fault campaigns.
    pub lab_log: Option<Arc<dyn LabLog>>,
    /// Keeps results.
    pub log: Arc<dyn TrialLog>,
    /// Tells the time for records. Waiting goes by tokio's time.
    pub clock: Arc<dyn Clock>,
    /// What calls cost.
    pub prices: PriceSource,
    /// By provider; absent: no limit of its own.
    pub limits: BTreeMap<Provider, ProviderLimits>,
}
