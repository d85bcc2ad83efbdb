//! How far runs have been written to MLflow, and reading what is still to be sent.

use crate::store;
use crate::support::{NOW, key, new_run, record};
use crate::workflow::steps;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_core::trial::TrialRecord;
use bakeoff_store::{ExportState, ExportedRun, MlflowExport, Problem, RunState};

fn export(run: u32, server: &str, position: u32) -> MlflowExport {
    MlflowExport {
        run,
        tracking_uri: server.into(),
        experiment: "tickets".into(),
        position,
        state: ExportState::Pending,
        remote: serde_json::json!({"experiment_id": "7"}).as_object().cloned().unwrap_or_default(),
        error: None,
        updated_at: NOW,
    }
}

#[tokio::test]
async fn an_export_is_kept_once_a_run_and_server() {
    let (_folder, store) = store();
    for _ in 0..2 {
        store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    }
    let (here, there) = ("http://127.0.0.1:5000", "sqlite:///mlflow.db");
    for one in [export(1, there, 0), export(1, here, 3), export(2, here, 1)] {
        store.set_mlflow_export(one).await.expect("kept");
    }
    let failed = MlflowExport {
        state: ExportState::Failed,
        error: Some("the server answers with HTML".into()),
        updated_at: NOW + 9,
        ..export(1, here, 5)
    };
    store.set_mlflow_export(failed.clone()).await.expect("replaced");
    assert_eq!(store.mlflow_exports(Some(1)).expect("reads"), [failed.clone(), export(1, there, 0)]);
    assert_eq!(store.mlflow_exports(None).expect("reads"), [failed, export(1, there, 0), export(2, here, 1)]);
    let missing = store.set_mlflow_export(export(9, here, 1)).await.expect_err("no such run");
    assert_eq!(missing.problem, Problem::NotFound { what: "run #9".into() });
    store.set_state(1, RunState::Finished, None, NOW).await.expect("finishes");
    store.delete_run(1, NOW).await.expect("deletes");
    assert_eq!(store.mlflow_exports(None).expect("reads").len(), 1, "it goes with its run");
}

#[tokio::test]
async fn what_is_still_to_be_sent_comes_in_pages_after_a_number() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 5, 1)).await.expect("a run");
    let other = store.create_run(new_run("tickets", 1, 1)).await.expect("another run");
    let log = store.trial_log(run);
    for case in 0..5 {
        let outcome = if case == 1 { Outcome::InfraError } else { Outcome::Pass };
        let written = TrialRecord { steps: steps(), ..record(key(case, 0, 0), outcome) };
        log.append(written).await.expect("a trial");
    }
    store.trial_log(other).append(record(key(0, 0, 0), Outcome::Pass)).await.expect("a trial");
    let page = |after, limit| -> Vec<(u32, u32)> {
        let trials = store.exported_trials(run, after, limit).expect("reads");
        trials.iter().map(|trial| (trial.row.number, trial.row.key.case)).collect()
    };
    assert_eq!(page(0, 2), [(1, 0), (2, 1)]);
    assert_eq!(page(2, 2), [(3, 2), (4, 3)]);
    assert_eq!(page(4, 2), [(5, 4)], "nothing of the other run");
    assert_eq!(page(5, 2), []);
    log.append(record(key(1, 0, 0), Outcome::Pass)).await.expect("a retry");
    assert_eq!(page(5, 2), [(6, 1)], "a retried trial comes again");
    let whole = store.exported_trials(run, 0, 1).expect("reads").remove(0);
    assert_eq!((whole.steps, whole.scores.len()), (steps(), 1));
    assert_eq!(whole.sent.user, "Disk /var is at 0 %");
}

#[tokio::test]
async fn asking_again_keeps_the_position_and_a_change_sees_where_the_run_stands() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 2, 1)).await.expect("a run");
    let server = "http://127.0.0.1:5000";
    let ask = || store.ask_for_mlflow_export(run, server.into(), "tickets".into(), NOW);
    ask().await.expect("asked for");
    store.trial_log(run).append(record(key(0, 0, 0), Outcome::Pass)).await.expect("a trial");
    let done = |known: MlflowExport, stands: ExportedRun| {
        assert_eq!(stands, ExportedRun { state: RunState::Running, last_number: 1 });
        let error = Some("one was refused".to_owned());
        Some(MlflowExport { position: 1, state: ExportState::Done, error, ..known })
    };
    store.change_mlflow_export(run, server.into(), done).await.expect("changed");
    let kept = || store.mlflow_exports(Some(run)).expect("reads").remove(0);
    assert_eq!((kept().position, kept().state), (1, ExportState::Done));
    ask().await.expect("asked again");
    assert_eq!((kept().position, kept().state, kept().error), (1, ExportState::Pending, None));
    store.set_state(run, RunState::Stopped, None, NOW).await.expect("stops");
    let unchanged = |_: MlflowExport, stands: ExportedRun| {
        assert_eq!(stands.state, RunState::Stopped);
        None
    };
    store.change_mlflow_export(run, server.into(), unchanged).await.expect("looked at");
    let other = "http://elsewhere".to_owned();
    store.change_mlflow_export(run, other, |known, _| Some(known)).await.expect("nothing is kept");
    assert_eq!(store.mlflow_exports(Some(run)).expect("reads").len(), 1);
}

#[tokio::test]
async fn scorers_means_are_over_graded_trials_of_a_variant() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 4, 1)).await.expect("a run");
    let log = store.trial_log(run);
    for (case, variant, outcome, score) in [
        (0, 0, Outcome::Pass, 1.0),
        (1, 0, Outcome::Fail, 0.25),
        (2, 0, Outcome::JudgeError, 0.0),
        (0, 1, Outcome::Fail, 0.5),
    ] {
        let mut written = record(key(case, variant, 0), outcome);
        written.scores[0].score = score;
        log.append(written).await.expect("a trial");
    }
    let means: Vec<_> = store.scorer_means(run).expect("reads");
    let read: Vec<(u16, &str, f64)> =
        means.iter().map(|mean| (mean.variant, mean.metric.as_str(), mean.mean)).collect();
    assert_eq!(read, [(0, "label", 0.625), (1, "label", 0.5)]);
}
