//! A disk without room: everybody who waits is told, nothing is half-written, and it works again with room.

use crate::store;
use crate::support::{key, new_run, record};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_store::{Problem, TrialFilter};

#[tokio::test]
async fn a_full_disk_loses_nothing() {
    let (folder, store) = store();
    let run = store.create_run(new_run("tickets", 400, 1)).await.expect("a run");
    let log = store.trial_log(run);
    log.append(record(key(0, 1, 0), Outcome::Pass)).await.expect("there is room yet");
    store.limit_size(Some(300_000)).await.expect("a limit");
    let big = |case| {
        let mut record = record(key(case, 0, 0), Outcome::Pass);
        record.answer = Some("x".repeat(3000));
        record
    };
    let mut written = 0;
    let error = loop {
        match log.append_record(big(written)).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 400, "the limit must be met");
    };
    assert_eq!(error.problem, Problem::DiskFull);
    assert!(error.to_string().contains("no room"), "{error}");
    assert!(error.hint().contains("Free some space"));
    assert!(written > 0, "the limit left room for some");
    let rows = store.numbers(run).expect("it can still be read");
    assert_eq!(rows.len() as u32, written + 1, "all that were told so, no more");
    assert_eq!(store.run(run).expect("reads").done(), written + 1, "the counters went back too");
    let told = log.append(big(written)).await.expect_err("still full");
    assert!(
        told.message.contains("Free some space"),
        "the engine's message says what to do: {}",
        told.message
    );
    let waiting: Vec<_> = (written..written + 20).map(|case| log.append_record(big(case))).collect();
    let results = futures_all(waiting).await;
    assert!(results.iter().any(|result| matches!(result, Err(e) if e.problem == Problem::DiskFull)));
    let kept = results.iter().filter(|result| result.is_ok()).count() as u32;
    assert_eq!(store.numbers(run).expect("reads").len() as u32, written + 1 + kept);
    store.limit_size(None).await.expect("room again");
    for case in written + 20..400 {
        log.append(big(case)).await.expect("it works again");
    }
    let (_, total) = store.trials_page(run, &TrialFilter::default(), 0, 1).expect("reads");
    assert_eq!(total as usize, store.numbers(run).expect("reads").len());
    let file = rusqlite::Connection::open(folder.path().join("bakeoff.db")).expect("opens");
    let check: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checks");
    assert_eq!(check, "ok");
}

/// Waits for all, in order.
async fn futures_all<T>(futures: Vec<impl Future<Output = T> + Send + 'static>) -> Vec<T>
where
    T: Send + 'static,
{
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.expect("no panic"));
    }
    results
}
