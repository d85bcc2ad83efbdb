//! Trials: what is written comes back, retries replace, pages and counts agree.

use crate::store;
use crate::support::{NOW, key, new_run, record};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_store::{Problem, Store, TrialFilter};

/// A run of 3 cases, 2 variants, with all first repetitions done in the order of the cases.
async fn filled(store: &Store) -> u32 {
    let run = store.create_run(new_run("tickets", 3, 1)).await.expect("a run");
    let log = store.trial_log(run);
    for case in 0..3 {
        for variant in 0..2 {
            let outcome = if case == variant { Outcome::Pass } else { Outcome::Fail };
            log.append(record(key(case, variant as u16, 0), outcome)).await.expect("a trial");
        }
    }
    run
}

#[tokio::test]
async fn everything_of_a_trial_comes_back() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 3, 1)).await.expect("a run");
    let written = record(key(2, 1, 0), Outcome::Fail);
    store.trial_log(run).append(written.clone()).await.expect("a trial");
    let detail = store.trial_detail(run, written.key).expect("reads").expect("it is there");
    assert_eq!(detail.sent, written.sent);
    assert_eq!(detail.answer, written.answer);
    assert_eq!((detail.error, detail.stop_reason), (written.error, written.stop_reason));
    assert_eq!(detail.model_answered, written.model_answered);
    assert_eq!(detail.usage, written.usage);
    assert_eq!((detail.wait_ms, detail.paced), (written.wait_ms, written.paced));
    assert_eq!((detail.started_at, detail.row.ended_at), (written.started_at, written.ended_at));
    assert_eq!(
        (detail.expected_label, detail.answered_label),
        (written.expected_label, written.answered_label)
    );
    assert_eq!(detail.scores, written.scores);
    assert_eq!(detail.attempts, written.attempts);
    assert_eq!(detail.row.number, 1);
    assert_eq!((detail.row.case_id.as_str(), detail.row.variant.as_str()), ("case-2", "careful"));
    assert_eq!(detail.row.total_tokens, Some(314), "input and output, the cached ones not twice");
    assert!(detail.case_json.contains("at 2 %"));
    let numbers = store.numbers(run).expect("reads");
    assert_eq!(numbers.len(), 1);
    assert_eq!((numbers[0].key, numbers[0].outcome, numbers[0].paced), (written.key, Outcome::Fail, true));
    assert_eq!((numbers[0].score, numbers[0].latency_ms), (written.score, written.latency_ms));
    assert_eq!((numbers[0].input_tokens, numbers[0].output_tokens), (Some(302), Some(12)));
    assert_eq!(store.trial_detail(run, key(0, 0, 0)).expect("reads"), None, "this one has not ended");
}

#[tokio::test]
async fn the_largest_keys_are_told_apart() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    let keys = [key(u32::MAX, 1, u16::MAX), key(0, u16::MAX, 0), key(u32::MAX, 0, 1), key(7, 2, 3)];
    for key in keys {
        store.trial_log(run).append(record(key, Outcome::Skipped)).await.expect("a trial");
    }
    let read: Vec<_> = store.numbers(run).expect("reads").iter().map(|numbers| numbers.key).collect();
    assert_eq!(read, keys);
}

#[tokio::test]
async fn what_is_unknown_stays_unknown() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    let mut written = record(key(0, 0, 0), Outcome::InfraError);
    (written.score, written.latency_ms, written.cost_usd) = (None, None, None);
    (written.usage, written.answer) = (Default::default(), None);
    written.error = Some("connection reset".into());
    store.trial_log(run).append(written).await.expect("a trial");
    let numbers = store.numbers(run).expect("reads")[0];
    assert_eq!((numbers.score, numbers.latency_ms, numbers.cost_usd), (None, None, None));
    assert_eq!((numbers.input_tokens, numbers.output_tokens), (None, None));
    let (rows, _) = store.trials_page(run, &TrialFilter::default(), 0, 10).expect("reads");
    assert_eq!(rows[0].preview, "connection reset", "without an answer the error is shown");
    assert_eq!(store.latencies(run).expect("reads"), Vec::new());
    let cost = store.cost(run).expect("reads");
    assert_eq!((cost.known_usd, cost.unknown_trials), (0.001, 1), "the one call that is known, and a hole");
}

#[tokio::test]
async fn a_retry_replaces_the_result_and_keeps_the_attempts() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    let log = store.trial_log(run);
    log.append(record(key(0, 0, 0), Outcome::InfraError)).await.expect("the first try");
    log.append(record(key(0, 1, 0), Outcome::Pass)).await.expect("another trial");
    assert_eq!(store.retriable(run).expect("reads"), vec![key(0, 0, 0)]);
    log.append(record(key(0, 0, 0), Outcome::Pass)).await.expect("the retry");
    let detail = store.trial_detail(run, key(0, 0, 0)).expect("reads").expect("it is there");
    assert_eq!(detail.row.outcome, Outcome::Pass);
    assert_eq!(detail.row.number, 3, "it ended last");
    let numbers: Vec<u32> = detail.attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 2], "both calls, numbered over the whole trial");
    assert_eq!(detail.scores.len(), 1, "only the new judgement");
    let summary = store.run(run).expect("reads");
    assert_eq!(summary.count(|outcome| outcome == Outcome::Pass), 2);
    assert_eq!(summary.count(|outcome| outcome == Outcome::InfraError), 0);
    assert!((summary.cost.known_usd - 0.003).abs() < 1e-12, "what the first try cost was spent too");
    let (rows, total) = store.trials_page(run, &TrialFilter::default(), 1, 5).expect("reads");
    assert_eq!((rows.len(), total, rows[0].key), (1, 2, key(0, 0, 0)), "pages count rows, not numbers");
}

#[tokio::test]
async fn a_result_is_never_rolled_again() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    for outcome in [Outcome::Pass, Outcome::Fail] {
        let variant = u16::from(outcome == Outcome::Fail);
        let log = store.trial_log(run);
        log.append(record(key(0, variant, 0), outcome)).await.expect("the result");
        let again = log.append_record(record(key(0, variant, 0), Outcome::InfraError)).await;
        assert!(matches!(again.expect_err("refused").problem, Problem::AlreadyFinal { .. }));
        let detail = store.trial_detail(run, key(0, variant, 0)).expect("reads").expect("it is there");
        assert_eq!((detail.row.outcome, detail.attempts.len()), (outcome, 1), "nothing was half-written");
    }
}

#[tokio::test]
async fn pages_follow_the_order_of_ending() {
    let (_folder, store) = store();
    let run = filled(&store).await;
    let page =
        |filter: &TrialFilter, offset, limit| store.trials_page(run, filter, offset, limit).expect("reads");
    let (rows, total) = page(&TrialFilter::default(), 2, 3);
    assert_eq!((rows.iter().map(|row| row.number).collect::<Vec<_>>(), total), (vec![3, 4, 5], 6));
    assert_eq!(page(&TrialFilter::default(), 6, 3), (Vec::new(), 6), "past the end");
    let passes = TrialFilter { outcomes: vec![Outcome::Pass], ..Default::default() };
    let (rows, total) = page(&passes, 1, 5);
    assert_eq!((rows.len(), rows[0].key, total), (1, key(1, 1, 0), 2));
    let cell = TrialFilter { variant: Some(1), case: Some(2), ..Default::default() };
    assert_eq!(page(&cell, 0, 5).0[0].key, key(2, 1, 0));
    let named = TrialFilter { search: Some("SE-1".into()), ..Default::default() };
    assert_eq!(page(&named, 0, 5).1, 2, "both variants of case-1");
    let literal = TrialFilter { search: Some("case_1".into()), ..Default::default() };
    assert_eq!(page(&literal, 0, 5).1, 0, "an underscore is only an underscore");
}

#[tokio::test]
async fn remaining_is_the_plan_without_results() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 2, 2)).await.expect("a run");
    assert_eq!(store.remaining(run).expect("reads").len(), 8, "nothing has run");
    let log = store.trial_log(run);
    let ends =
        [Outcome::Pass, Outcome::InfraError, Outcome::Cancelled, Outcome::Skipped, Outcome::Interrupted];
    let keys = [key(0, 0, 0), key(0, 0, 1), key(0, 1, 0), key(0, 1, 1), key(1, 0, 0)];
    for (key, outcome) in keys.into_iter().zip(ends) {
        log.append(record(key, outcome)).await.expect("a trial");
    }
    let missing = [key(0, 1, 0), key(0, 1, 1), key(1, 0, 0), key(1, 0, 1), key(1, 1, 0), key(1, 1, 1)];
    assert_eq!(store.remaining(run).expect("reads"), missing);
    assert_eq!(store.retriable(run).expect("reads"), keys[1..], "all but the pass, in the order of ending");
}

#[tokio::test]
async fn the_matrix_counts_by_cell() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 3, 3)).await.expect("a run");
    let log = store.trial_log(run);
    for (repetition, outcome) in [Outcome::Pass, Outcome::Timeout, Outcome::Void].into_iter().enumerate() {
        log.append(record(key(1, 1, repetition as u16), outcome)).await.expect("a trial");
    }
    let cells = store.matrix(run, 1, 1).expect("reads");
    let cell = cells[0];
    assert_eq!((cells.len(), cell.case, cell.variant), (1, 1, 1));
    assert_eq!((cell.done, cell.passes, cell.fails, cell.unusable), (3, 1, 1, 1));
    assert_eq!(store.matrix(run, 2, 10).expect("reads"), Vec::new());
}

#[tokio::test]
async fn labels_and_exports_pass_by_one_at_a_time() {
    let (_folder, store) = store();
    let run = filled(&store).await;
    let mut labels = Vec::new();
    store.each_label(run, |label| labels.push(label)).expect("reads");
    assert_eq!(labels.len(), 6);
    assert_eq!(
        (labels[0].expected.as_deref(), labels[0].answered.as_deref()),
        (Some("storage"), Some("network"))
    );
    let mut exported = Vec::new();
    store.each_trial(run, |detail| exported.push((detail.row.number, detail.scores.len()))).expect("reads");
    assert_eq!(exported, (1..=6).map(|number| (number, 1)).collect::<Vec<_>>());
    assert_eq!(store.latencies(run).expect("reads").len(), 6);
}

#[tokio::test]
async fn trials_of_many_callers_are_all_there() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 400, 1)).await.expect("a run");
    let log = store.trial_log(run);
    let keys: Vec<_> = (0..400).flat_map(|case| [key(case, 0, 0), key(case, 1, 0)]).collect();
    let callers: Vec<_> = keys
        .chunks(50)
        .map(|keys| {
            let (log, keys) = (log.clone(), keys.to_vec());
            tokio::spawn(async move {
                for key in keys {
                    log.started(key, NOW);
                    log.append(record(key, Outcome::Pass)).await.expect("a trial");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    assert_eq!(store.numbers(run).expect("reads").len(), 800);
    assert_eq!(store.remaining(run).expect("reads"), Vec::new());
    store.set_state(run, bakeoff_store::RunState::Finished, None, NOW).await.expect("finishes");
    assert_eq!(store.run(run).expect("reads").done(), 800, "no mark of a start was left behind");
}

#[tokio::test]
async fn a_large_run_is_read_whole_and_in_order() {
    let (_folder, store) = store();
    let cases = 5_000;
    let run = store.create_run(new_run("tickets", cases, 1)).await.expect("a run");
    let log = store.trial_log(run);
    // The second of these is retried at the end, which leaves a gap in the numbers.
    let keys: Vec<_> = (0..cases).map(|case| key(case, 0, 0)).chain([key(1, 0, 0)]).collect();
    let waiting: Vec<_> =
        keys.iter().map(|key| log.append_record(record(*key, Outcome::InfraError))).collect();
    for written in waiting {
        written.await.expect("a trial");
    }
    let read: Vec<_> = store.numbers(run).expect("reads").iter().map(|numbers| numbers.key).collect();
    let expected: Vec<_> = [key(0, 0, 0)].into_iter().chain(keys[2..].iter().copied()).collect();
    assert!(read == expected, "the parts join without a hole or a repeat");
}
