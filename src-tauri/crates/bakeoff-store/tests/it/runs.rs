//! Runs: frozen definitions, lists, states, deleting.

use crate::store;
use crate::support::{NOW, key, new_run, record, variant};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_store::{Artifact, Problem, RunState};

#[tokio::test]
async fn a_run_keeps_what_it_was_made_of() {
    let (_folder, store) = store();
    let expected = new_run("tickets", 3, 2);
    let run = store.create_run(new_run("tickets", 3, 2)).await.expect("a run");
    let definition = store.definition(run).expect("reads");
    assert_eq!((definition.campaign, definition.definition), (expected.campaign, expected.definition));
    assert_eq!((definition.seed, definition.app_version.as_str()), (u64::MAX, "0.1.0"));
    let variants = store.run_variants(run).expect("reads");
    for (stored, made) in variants.iter().zip(&expected.variants) {
        assert_eq!(
            (&stored.variant, &stored.text),
            (&made.variant, &made.text),
            "name, tags and comments too"
        );
        assert_eq!(stored.hash, made.variant.content_hash());
    }
    let summary = store.run(run).expect("reads");
    assert_eq!((summary.planned, summary.cases, summary.repetitions), (12, 3, 2));
    assert_eq!((summary.state, summary.baseline.as_str()), (RunState::Running, "default"));
    assert!(summary.owner.is_some_and(|owner| owner.is_this && !owner.is_gone));
    assert_eq!(summary.counts.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["default", "careful"]);
}

#[tokio::test]
async fn lists_are_newest_first_and_by_campaign() {
    let (_folder, store) = store();
    for campaign in ["tickets", "mails", "tickets"] {
        store.create_run(new_run(campaign, 1, 1)).await.expect("a run");
    }
    let ids = |campaign, offset, limit| {
        let (runs, total) = store.list_runs(campaign, offset, limit).expect("reads");
        (runs.iter().map(|run| run.id).collect::<Vec<_>>(), total)
    };
    assert_eq!(ids(None, 0, 2), (vec![3, 2], 3));
    assert_eq!(ids(None, 2, 2), (vec![1], 3));
    assert_eq!(ids(Some("tickets"), 0, 9), (vec![3, 1], 2));
    assert_eq!(ids(Some("nothing"), 0, 9), (vec![], 0));
    let campaigns = store.campaigns().expect("reads");
    let found: Vec<_> = campaigns.iter().map(|c| (c.name.as_str(), c.runs, c.last_run)).collect();
    assert_eq!(found, [("mails", 1, 2), ("tickets", 2, 3)]);
    store.set_state(3, RunState::Finished, None, NOW).await.expect("finishes");
    let states = store.campaign_runs("tickets").expect("reads");
    assert_eq!(states, [(1, RunState::Running), (3, RunState::Finished)]);
}

#[tokio::test]
async fn states_keep_their_reason_and_times() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    store.set_state(run, RunState::Paused, None, NOW + 1).await.expect("pauses");
    assert!(store.owner(run).expect("reads").is_some(), "a paused run is still owned");
    store.set_state(run, RunState::Stopped, Some("by you".into()), NOW + 2).await.expect("stops");
    let stopped = store.run(run).expect("reads");
    assert_eq!((stopped.state, stopped.reason.as_deref()), (RunState::Stopped, Some("by you")));
    assert_eq!((stopped.started_at, stopped.ended_at, stopped.owner), (Some(NOW), Some(NOW + 2), None));
    let error = store.set_state(run, RunState::Running, None, NOW + 3).await.expect_err("nobody owns it");
    assert_eq!(error.problem, Problem::NotOwner { run });
    store.acquire(run, NOW + 3).await.expect("takes it");
    store.set_state(run, RunState::Running, None, NOW + 3).await.expect("resumes");
    let resumed = store.run(run).expect("reads");
    assert_eq!((resumed.started_at, resumed.ended_at, resumed.reason), (Some(NOW), None, None));
}

#[tokio::test]
async fn events_follow_a_number() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    let first = store.append_event(run, NOW, "launched", "2 trials").await.expect("writes");
    let second = store.append_event(run, NOW + 1, "paused", "by you").await.expect("writes");
    let events = store.events(run, first).expect("reads");
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].sequence, events[0].kind.as_str()), (second, "paused"));
    assert_eq!(store.events(run, second).expect("reads"), Vec::new());
    let missing = store.append_event(99, NOW, "launched", "").await.expect_err("no such run");
    assert_eq!(missing.problem, Problem::NotFound { what: "run #99".into() });
}

#[tokio::test]
async fn versions_of_a_variant_are_told_apart_by_content() {
    let (_folder, store) = store();
    for (prompt, tags) in [("one", "a"), ("one", "b"), ("two", "c"), ("one", "d")] {
        let mut new = new_run("tickets", 1, 1);
        new.variants[0] = variant("default", prompt);
        new.variants[0].variant.tags = vec![tags.into()];
        store.create_run(new).await.expect("a run");
    }
    let versions = store.variant_versions("default").expect("reads");
    let found: Vec<_> = versions.iter().map(|version| (version.run, version.text.contains("two"))).collect();
    assert_eq!(found, [(3, true), (1, false)], "newest content first, each at its first run");
}

#[tokio::test]
async fn deleting_takes_everything_of_one_run_and_nothing_of_others() {
    let (folder, store) = store();
    for cases in [3, 2] {
        let run = store.create_run(new_run("tickets", cases, 1)).await.expect("a run");
        let log = store.trial_log(run);
        log.append(record(key(0, 0, 0), Outcome::Pass)).await.expect("a trial");
        let artifact = Artifact { name: "a.txt".into(), media_type: "text/plain".into(), bytes: vec![1, 2] };
        store.add_artifact(run, Some(key(0, 0, 0)), artifact).await.expect("an artifact");
    }
    let owned = store.delete_run(1, NOW).await.expect_err("it runs");
    assert!(matches!(owned.problem, Problem::Owned { run: 1, .. }));
    store.set_state(1, RunState::Stopped, None, NOW).await.expect("stops");
    store.delete_run(1, NOW).await.expect("deletes");
    assert!(matches!(store.run(1).expect_err("gone").problem, Problem::NotFound { .. }));
    assert_eq!(store.numbers(1).expect("reads"), Vec::new());
    assert_eq!(store.numbers(2).expect("reads").len(), 1);
    assert_eq!(store.artifacts(2, Some(key(0, 0, 0))).expect("reads").len(), 1);
    let file = rusqlite::Connection::open(folder.path().join("bakeoff.db")).expect("opens");
    let count = |table: &str| -> u32 {
        file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("counts")
    };
    assert_eq!(count("cases"), 2, "the third row's content is used by no run any more");
    assert_eq!((count("trial_texts"), count("scores"), count("attempts"), count("artifacts")), (1, 1, 1, 1));
    let next = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    assert_eq!(next, 3, "numbers are never used twice");
}

#[tokio::test]
async fn artifacts_belong_to_a_run_or_a_trial() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    let artifact = Artifact { name: "log.txt".into(), media_type: "text/plain".into(), bytes: vec![0, 255] };
    let early = store.add_artifact(run, Some(key(0, 0, 0)), artifact.clone()).await;
    assert!(matches!(early.expect_err("not ended").problem, Problem::NotFound { .. }));
    let log = store.trial_log(run);
    log.append(record(key(0, 0, 0), Outcome::InfraError)).await.expect("a trial");
    let id = store.add_artifact(run, Some(key(0, 0, 0)), artifact.clone()).await.expect("an artifact");
    store.add_artifact(run, None, artifact.clone()).await.expect("an artifact");
    log.append(record(key(0, 0, 0), Outcome::Pass)).await.expect("a retry");
    let heads = store.artifacts(run, Some(key(0, 0, 0))).expect("reads");
    assert_eq!((heads.len(), heads[0].id, heads[0].size), (1, id, 2), "it follows the retried trial");
    assert_eq!(store.artifacts(run, None).expect("reads").len(), 1);
    assert_eq!(store.artifact(id).expect("reads"), Some(artifact));
}
