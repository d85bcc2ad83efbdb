//! Writes a database like the fixtures of `tests/it/schema.rs` to the path given. Run it once for a new version of
//! the schema and dump its file: `sqlite3 FILE .dump`.

#[path = "../tests/support/lab.rs"]
mod lab;
#[path = "../tests/support/plan.rs"]
mod plan;
#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../tests/support/workflow.rs"]
mod workflow;

use bakeoff_core::fault::FaultState;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_core::ports::lab::LabLog;
use bakeoff_core::trial::TrialRecord;
use bakeoff_store::{
    Artifact, ExportState, GateCheck, MlflowExport, NewApply, NewDeployBlock, RunState, Store, StoreError,
};
use lab::{audit, fault_trial, sample};
use plan::journal_entry;
use support::{NOW, key, new_run, record};
use workflow::{failed_gate, steps};

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let path = std::env::args().nth(1).expect("a path as the only argument");
    let store = Store::open(path)?;
    let finished = store.create_run(new_run("tickets", 2, 1)).await?;
    let log = store.trial_log(finished);
    log.append_record(record(key(0, 0, 0), Outcome::InfraError)).await?;
    for (case, variant, outcome) in
        [(0, 0, Outcome::Pass), (0, 1, Outcome::Fail), (1, 0, Outcome::Timeout), (1, 1, Outcome::Ungraded)]
    {
        let steps = if outcome == Outcome::Fail { steps() } else { Vec::new() };
        let fault = (outcome == Outcome::Timeout).then(|| Box::new(fault_trial()));
        log.append_record(TrialRecord { steps, fault, ..record(key(case, variant, 0), outcome) }).await?;
    }
    for entry in audit(NOW + 2_000) {
        log.audit(key(1, 0, 0), entry);
    }
    log.sample(key(1, 0, 0), sample(NOW));
    let artifact =
        Artifact { name: "notes.txt".into(), media_type: "text/plain".into(), bytes: b"notes".to_vec() };
    store.add_artifact(finished, None, artifact).await?;
    store.append_event(finished, NOW, "launched", "4 trials").await?;
    store.set_state(finished, RunState::Finished, None, NOW + 900).await?;
    let apply = NewApply {
        at: NOW + 950,
        variant: "careful".into(),
        variant_hash: "a".repeat(64),
        metric: "success_rate".into(),
        evidence: "success rate 50.0 %, n = 2".into(),
        runs: vec![finished],
        file: "variants/default.yaml".into(),
        key_path: None,
        backup: ".bakeoff/backups/1-default.yaml".into(),
        before_hash: "b".repeat(64),
        after_hash: "c".repeat(64),
        diff: "-old\n+new\n".into(),
    };
    store.insert_apply(apply).await?;
    workflow_tables(&store, finished).await?;
    let going_on = store.create_run(new_run("tickets", 2, 1)).await?;
    store.trial_log(going_on).started(key(1, 1, 0), NOW + 1000);
    let log = store.trial_log(going_on);
    let place = "/tmp/bakeoff/embedded-1";
    let fault = log.plan_fault(journal_entry(key(1, 1, 0), place), NOW + 1000).await.expect("a journal");
    log.advance_fault(fault, FaultState::Landed, NOW + 1100, None).await.expect("a journal");
    store.append_event(going_on, NOW + 1000, "launched", "4 trials").await?;
    Ok(())
}

async fn workflow_tables(store: &Store, run: u32) -> Result<(), StoreError> {
    let check = GateCheck { results: vec![failed_gate()], at: NOW + 920 };
    store.set_gate_results(run, check).await?;
    let block = NewDeployBlock {
        workflow: "workflows/triage.yaml".into(),
        run,
        at: NOW + 920,
        failed_gates: vec![failed_gate()],
    };
    store.insert_deploy_block(block).await?;
    let export = MlflowExport {
        run,
        tracking_uri: "http://127.0.0.1:5000".into(),
        experiment: "tickets".into(),
        position: 5,
        state: ExportState::Done,
        remote: serde_json::Map::new(),
        error: None,
        updated_at: NOW + 930,
    };
    store.set_mlflow_export(export).await
}
