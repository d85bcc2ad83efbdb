//! What we write, read back by MLflow's own client.

use crate::support::outbox::{ORIGIN, RUN, Waiting};
use crate::support::{SERVED, assert_same, dumped, sample, target, wait};
use bakeoff_core::analysis::{AnalysisOptions, Scope, compare};
use bakeoff_core::campaign::Campaign;
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::{Outcome, TimeoutCountsAs};
use bakeoff_core::trial::TrialRecord;
use bakeoff_core::workflow::MlflowSettings;
use bakeoff_mlflow::write::{RunDraft, SummaryContext, TrialContext, summary_drafts, trial_drafts};
use bakeoff_mlflow::{
    Access, Experiment, ExportOptions, ExportState, Exporter, Reader, Run, RunStatus, Target, TrackingUri,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const CASES: u32 = 4;
/// Starting MLflow takes long on a machine that has much to do.
const LONG: Duration = Duration::from_secs(300);

/// Four cases and two variants: passes, a wrong answer, a time-out, a provider that failed, and one that never began.
fn trials() -> Vec<TrialRecord> {
    use Outcome::{Fail, InfraError, Pass, Skipped, Timeout};
    let outcomes = [[Pass, Pass], [Fail, Pass], [Timeout, Pass], [InfraError, Skipped]];
    let mut trials = Vec::new();
    for (case, outcomes) in (0..CASES).zip(outcomes) {
        for (variant, outcome) in (0..2).zip(outcomes) {
            trials.push(sample::trial(case, variant, outcome));
        }
    }
    // Unknown numbers, and a workflow's nodes of which one is not priced.
    trials[1].cost_usd = None;
    trials[1].usage.output_tokens = None;
    trials[3].steps = vec![
        sample::step("draft", 1, Some(0.5)),
        sample::step("draft", 2, Some(0.25)),
        sample::step("check", 1, None),
    ];
    trials
}

struct Written {
    drafts: Vec<Vec<RunDraft>>,
    long_prompt: String,
}

fn written() -> Written {
    let mlflow = MlflowSettings {
        run_name: Some("nightly".to_owned()),
        enabled: true,
        nodes: BTreeMap::from([("draft".to_owned(), "drafting".to_owned())]),
        ..MlflowSettings::default()
    };
    let campaign = Campaign { mlflow: Some(mlflow), ..sample::campaign() };
    let long_prompt = "Label {{ input }} ünd why. ".repeat(400);
    let variants = [
        sample::variant("default", "system_prompt: \"Give \\\"a\\\" label.\"\n"),
        sample::variant("careful", &format!("prompt: {long_prompt:?}\n")),
    ];
    let trials = trials();
    let mut drafts: Vec<Vec<RunDraft>> = trials
        .iter()
        .map(|trial| {
            let case = sample::case(&format!("t-{}", trial.key.case), "Disk /var is \"full\"\nat 97 %");
            let variant = &variants[usize::from(trial.key.variant)];
            let context =
                TrialContext { origin: ORIGIN, run: RUN, campaign: &campaign, variant, case: &case };
            trial_drafts(&context, trial)
        })
        .collect();
    let scorer_means = [BTreeMap::from([("label".to_owned(), 0.625)]), BTreeMap::new()];
    let context = SummaryContext {
        origin: ORIGIN,
        run: RUN,
        campaign: &campaign,
        variants: &variants,
        scorer_means: &scorer_means,
        started_at: sample::START,
        ended_at: sample::START + 90_000,
    };
    drafts.push(summary_drafts(&context, &compare(&numbers(&trials), &options(&["default", "careful"]))));
    Written { drafts, long_prompt }
}

fn numbers(trials: &[TrialRecord]) -> Vec<bakeoff_core::analysis::TrialNumbers> {
    let narrow = |count: Option<u64>| count.map(|count| count as u32);
    let numbers = |trial: &TrialRecord| bakeoff_core::analysis::TrialNumbers {
        key: trial.key,
        outcome: trial.outcome,
        score: trial.score,
        latency_ms: trial.latency_ms,
        cost_usd: trial.cost_usd,
        input_tokens: narrow(trial.usage.input_tokens),
        output_tokens: narrow(trial.usage.output_tokens),
        total_tokens: None,
        paced: false,
        lab: None,
    };
    trials.iter().map(numbers).collect()
}

fn options(variants: &[&str]) -> AnalysisOptions {
    AnalysisOptions {
        variants: variants.iter().map(|name| (*name).to_owned()).collect(),
        baseline: 0,
        cases: CASES,
        confidence: 0.95,
        margin: 0.0,
        primary_metric: Metric::SuccessRate,
        timeout_counts_as: TimeoutCountsAs::Fail,
        complete: true,
        seed: 1,
        resampling: true,
        scope: Scope::default(),
    }
}

/// Sends everything to a target and stops.
async fn send(outbox: &Arc<Waiting>, target: &Arc<Target>) {
    let exporter =
        Exporter::start(Arc::<Waiting>::clone(outbox), Arc::clone(target), ExportOptions::default());
    let mut state = exporter.state();
    let sent = state.wait_for(|state| {
        assert!(!matches!(state, ExportState::Waiting { .. }), "{state:?}");
        *state == ExportState::Idle && outbox.state().sent == outbox.last()
    });
    tokio::time::timeout(LONG, sent).await.expect("in time").expect("it works");
    exporter.stop().await;
    assert_eq!(outbox.state().refused, []);
}

fn all_drafts(drafts: &[Vec<RunDraft>]) -> impl Iterator<Item = &RunDraft> {
    drafts.iter().flatten().flat_map(|draft| std::iter::once(draft).chain(&draft.children))
}

/// What was meant, as a run of MLflow's.
fn assert_is(run: &Run, draft: &RunDraft) {
    assert_eq!((run.name.as_str(), run.status), (draft.name.as_str(), draft.status));
    assert_eq!((run.started_at, run.ended_at), (Some(draft.started_at), Some(draft.ended_at)));
    assert_eq!(run.params, draft.params.iter().cloned().collect(), "{}", draft.name);
    assert_eq!(run.metrics, draft.metrics.iter().cloned().collect(), "{}", draft.name);
    for (key, value) in draft.tags.iter().chain(&draft.more_tags) {
        assert_eq!(run.tags.get(key), Some(value), "{key} of {}", draft.name);
    }
}

#[test]
fn mlflows_client_reads_back_what_was_written() {
    let written = written();
    let outbox = Arc::new(Waiting::new("written", written.drafts.clone()));
    let (theirs, ours, from_file) = wait(async {
        send(&outbox, &SERVED.target).await;
        let address = SERVED.target.client().await.expect("it runs").address().to_owned();
        let at = |uri: TrackingUri| Reader::new(uri, Access::default());
        let http = TrackingUri::parse(&address, "/".as_ref()).expect("an address");
        let ours = at(http).runs("written").await.expect("it can be read").runs;
        let from_file = at(TrackingUri::Sqlite(SERVED.database.clone())).runs("written").await;
        (dumped(&address, "written"), ours, from_file.expect("it can be read").runs)
    });
    assert_same(&ours, &theirs);
    assert_same(&from_file, &theirs);

    let mut count = 0;
    for draft in all_drafts(&written.drafts) {
        let same = |run: &&Run| run.tag("bakeoff.key") == Some(draft.key.as_str());
        let found: Vec<&Run> = theirs.iter().filter(same).collect();
        assert_eq!(found.len(), 1, "{}", draft.key);
        assert_is(found[0], draft);
        count += 1;
    }
    assert_eq!(theirs.len(), count, "and nothing else");
    s3_form(&theirs);

    let experiment = Experiment::new("written", bakeoff_mlflow::Runs { runs: ours, warnings: Vec::new() });
    same_trials(&experiment, &written.long_prompt);
}

/// Names, tags and numbers as system S3 writes and evaluates them.
fn s3_form(runs: &[Run]) {
    let named = |name: &str| {
        let found = runs.iter().find(|run| run.name == name);
        found.unwrap_or_else(|| {
            panic!("{name} among {:?}", runs.iter().map(|run| &run.name).collect::<Vec<_>>())
        })
    };
    let passed = named("nightly_default_run1_20251009_085320");
    assert_eq!(passed.tag("ab_test"), Some("true"));
    assert_eq!(passed.tag("prompt_hash"), passed.params.get("prompt_hash").map(String::as_str));
    assert_eq!(passed.params["prompt"], "Give \"a\" label.");
    assert_eq!(passed.tag("prompt_hash").map(str::len), Some(16));
    let metrics = ["duration_ms", "cost_usd", "total_tokens", "success"].map(|key| passed.metrics[key]);
    assert_eq!(metrics, [120.5, 0.000_123, 40.0, 1.0]);
    // The first variant's third trial timed out: a failed run without success, and its companion with success 0.
    let failed = named("nightly_default_run3_20251009_085322");
    assert_eq!((failed.status, failed.metrics.get("success")), (RunStatus::Failed, None));
    let companion = named("nightly_default_run3_failed");
    assert_eq!(companion.metrics, BTreeMap::from([("success".to_owned(), 0.0)]));
    assert!(companion.params.is_empty());
    // The provider failed: that says nothing about the variant.
    let unusable = named("nightly_default_run4_20251009_085323");
    assert_eq!((unusable.status, unusable.metrics.get("success")), (RunStatus::Failed, None));
    assert!(runs.iter().all(|run| run.name != "nightly_default_run4_failed"));
    // Unknown numbers are left out.
    let unknown = named("nightly_careful_run1_20251009_085320");
    assert!(!unknown.metrics.contains_key("cost_usd") && !unknown.metrics.contains_key("total_tokens"));
    assert_eq!(unknown.metrics["input_tokens"], 40.0);
    let nodes = named("nightly_careful_run2_20251009_085321");
    assert_eq!((nodes.metrics["node_draft_duration_ms"], nodes.metrics["node_draft_cost_usd"]), (60.0, 0.75));
    assert!(!nodes.metrics.contains_key("node_check_cost_usd"));
    assert_eq!(named("drafting").tag("mlflow.parentRunId"), Some(nodes.run_id.as_str()));
    let summary = named("careful_summary_run12");
    let difference: Vec<&String> = summary
        .metrics
        .keys()
        .filter(|key| key.starts_with("compare/") && key.contains("/success_rate/"))
        .collect();
    let parts: Vec<&str> = difference.iter().filter_map(|key| key.rsplit('/').next()).collect();
    for part in ["diff", "n_paired", "p_value"] {
        assert!(parts.contains(&part), "{parts:?}");
    }
    assert_eq!(summary.metrics["success_rate/mean"], 1.0);
}

/// What was written becomes the same trials again when it is read.
fn same_trials(experiment: &Experiment, long_prompt: &str) {
    let names: Vec<&str> = experiment.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["default", "careful"]);
    assert_eq!((experiment.cases.len(), experiment.baseline), (4, 0));
    let prompts = experiment.variants.iter().map(|variant| variant.prompt.clone().expect("a prompt"));
    let prompts: Vec<(String, String, bool)> =
        prompts.map(|prompt| (prompt.text, prompt.field, prompt.cut)).collect();
    assert_eq!(prompts[0], ("Give \"a\" label.".to_owned(), "system_prompt".to_owned(), false));
    assert_eq!(prompts[1], (long_prompt.to_owned(), "prompt".to_owned(), false), "whole again");
    let kept: Vec<TrialRecord> =
        trials().into_iter().filter(|trial| trial.outcome != Outcome::Skipped).collect();
    let mut read = experiment.numbers();
    read.sort_by_key(|numbers| numbers.key);
    assert_eq!(read, numbers(&kept));
}

#[test]
fn a_folder_is_written_through_a_server_which_may_be_killed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let uri = TrackingUri::Folder(folder.path().join("mlruns"));
    let drafts = sample::drafts(60);
    let outbox = Arc::new(Waiting::new("killed", drafts.clone()));
    let runs = wait(async {
        let target = Arc::new(target(uri.clone()));
        let options = ExportOptions { page: 10, ..ExportOptions::default() };
        let exporter = Exporter::start(Arc::<Waiting>::clone(&outbox), Arc::clone(&target), options);
        let mut state = exporter.state();
        state.wait_for(|state| matches!(state, ExportState::Sending { .. })).await.expect("it works");
        target.kill_server().await;
        state.wait_for(|state| matches!(state, ExportState::Waiting { .. })).await.expect("it works");
        assert!(outbox.state().sent < outbox.last());
        let sent =
            state.wait_for(|state| *state == ExportState::Idle && outbox.state().sent == outbox.last());
        tokio::time::timeout(LONG, sent).await.expect("in time").expect("it works");
        exporter.stop().await;
        Reader::new(uri, Access::default()).runs("killed").await.expect("it can be read").runs
    });
    assert_eq!(runs.len(), drafts.len(), "none is lost and none is there twice");
    for draft in all_drafts(&drafts) {
        let found: Vec<&Run> = runs.iter().filter(|run| run.tag("bakeoff.key") == Some(&draft.key)).collect();
        assert_eq!(found.len(), 1, "{}", draft.key);
        assert_is(found[0], draft);
    }
}
