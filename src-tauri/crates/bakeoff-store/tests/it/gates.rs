//! What gates said, and what may not be deployed.

use crate::store;
use crate::support::{NOW, new_run};
use crate::workflow::failed_gate;
use bakeoff_core::gate::{GateResult, GateVerdict};
use bakeoff_store::{GateCheck, NewDeployBlock, Problem, RunState, Store};

fn block(workflow: &str, at: i64) -> NewDeployBlock {
    NewDeployBlock { workflow: workflow.into(), run: 1, at, failed_gates: vec![failed_gate()] }
}

#[tokio::test]
async fn the_last_check_of_a_runs_gates_is_kept() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    assert_eq!(store.gate_results(run).expect("reads"), None, "not checked yet");
    let failed = GateCheck { results: vec![failed_gate()], at: NOW };
    store.set_gate_results(run, failed.clone()).await.expect("kept");
    assert_eq!(store.gate_results(run).expect("reads"), Some(failed));
    let passed = GateResult { verdict: GateVerdict::Pass, actual: None, ..failed_gate() };
    let later = GateCheck { results: vec![passed, failed_gate()], at: NOW + 1 };
    store.set_gate_results(run, later.clone()).await.expect("replaced");
    assert_eq!(store.gate_results(run).expect("reads"), Some(later.clone()));
    let missing = store.set_gate_results(9, later).await.expect_err("no such run");
    assert_eq!(missing.problem, Problem::NotFound { what: "run #9".into() });
}

#[tokio::test]
async fn a_block_stands_over_restarts_until_it_is_lifted_and_its_history_stays() {
    let (folder, store) = store();
    let path = folder.path().join("bakeoff.db");
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    assert_eq!(store.insert_deploy_block(block("workflows/a.yaml", NOW)).await, Ok(1));
    assert_eq!(store.insert_deploy_block(block("workflows/a.yaml", NOW + 1)).await, Ok(2));
    assert_eq!(store.insert_deploy_block(block("workflows/b.yaml", NOW + 2)).await, Ok(3));
    store.set_state(run, RunState::Finished, None, NOW).await.expect("finishes");
    store.delete_run(run, NOW).await.expect("deletes");
    drop(store);
    let store = Store::open(&path).expect("opens again");
    let current = store.current_deploy_block("workflows/a.yaml").expect("reads").expect("it stands");
    assert_eq!((current.id, &current.lifted), (2, &None), "the newest, and the run's end didn't lift it");
    assert_eq!(current.block.failed_gates, [failed_gate()]);
    assert_eq!(store.lift_deploy_blocks("workflows/a.yaml", NOW + 5, "looked at it").await, Ok(2));
    assert_eq!(store.current_deploy_block("workflows/a.yaml").expect("reads"), None);
    assert!(store.current_deploy_block("workflows/b.yaml").expect("reads").is_some(), "another workflow");
    let again =
        store.lift_deploy_blocks("workflows/a.yaml", NOW + 6, "again").await.expect_err("none stands");
    assert!(matches!(again.problem, Problem::NotFound { .. }));
    let history = store.deploy_blocks(Some("workflows/a.yaml")).expect("reads");
    let told: Vec<_> = history.iter().map(|block| (block.id, block.lifted.clone())).collect();
    let lifted = Some((NOW + 5, "looked at it".to_owned()));
    assert_eq!(told, [(2, lifted.clone()), (1, lifted)]);
    let all: Vec<u32> = store.deploy_blocks(None).expect("reads").iter().map(|block| block.id).collect();
    assert_eq!(all, [3, 2, 1]);
}
