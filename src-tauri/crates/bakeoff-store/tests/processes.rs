//! Several programs on one database, and programs that are killed. Started with a role in its environment, this
//! binary is the other program.

#[path = "support/plan.rs"]
mod plan;
mod support;

use bakeoff_core::fault::{FaultState, Undo};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_core::ports::lab::LabLog;
use bakeoff_core::trial::TrialKey;
use bakeoff_store::{Problem, RunState, Store};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use support::{NOW, key, new_run, record};

/// In the environment of the other program: its database.
const ROLE: &str = "BAKEOFF_STORE_TEST_DATABASE";
/// The most trials that it runs before it waits to be killed; absent: all, and it ends by itself.
const LIMIT: &str = "BAKEOFF_STORE_TEST_LIMIT";
/// In the environment: the other program does not run trials but a fault, whose states it says.
const FAULT: &str = "BAKEOFF_STORE_TEST_FAULT";
const CASES: u32 = 400;
const WORKERS: usize = 16;

fn main() {
    if let Some(path) = std::env::var_os(ROLE) {
        if std::env::var_os(FAULT).is_some() {
            child_with_a_fault(Path::new(&path));
        } else {
            child(Path::new(&path));
        }
        return;
    }
    for (name, test) in [
        ("killed_programs_lose_no_acknowledged_trial", killed_programs_lose_no_acknowledged_trial as fn()),
        ("a_living_program_keeps_its_run_and_is_read_live", a_living_program_keeps_its_run_and_is_read_live),
        ("a_fault_of_a_killed_program_is_in_the_journal", a_fault_of_a_killed_program_is_in_the_journal),
    ] {
        test();
        println!("test {name} ... ok");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
}

/// The other program: takes run 1 (creating it where there is none), runs what remains of it with many workers,
/// and says each trial that was acknowledged.
fn child(path: &Path) {
    let store = Store::open(path).expect("opens");
    runtime().block_on(async {
        if store.list_runs(None, 0, 1).expect("reads").1 == 0 {
            store.create_run(new_run("tickets", CASES, 1)).await.expect("a run");
        }
        store.acquire(1, NOW).await.expect("its owner is gone");
        store.set_state(1, RunState::Running, None, NOW).await.expect("runs");
        let mut todo = store.remaining(1).expect("reads");
        let limit = std::env::var(LIMIT).ok().and_then(|text| text.parse().ok());
        todo.truncate(limit.unwrap_or(usize::MAX));
        let todo = Arc::new(Mutex::new(todo));
        let workers: Vec<_> =
            (0..WORKERS).map(|_| tokio::spawn(work(store.clone(), Arc::clone(&todo)))).collect();
        for worker in workers {
            worker.await.expect("no panic");
        }
        if limit.is_some() {
            // Ends with the parent at the latest, whose end of this pipe is then closed.
            std::io::stdin().read_line(&mut String::new()).expect("reads");
        }
        store.set_state(1, RunState::Finished, None, NOW).await.expect("finishes");
    });
    say("finished");
}

async fn work(store: Store, todo: Arc<Mutex<Vec<TrialKey>>>) {
    let log = store.trial_log(1);
    loop {
        let Some(key) = todo.lock().expect("no panic").pop() else { return };
        log.started(key, NOW);
        log.append(record(key, Outcome::Pass)).await.expect("a trial");
        say(&format!("{} {}", key.case, key.variant));
    }
}

/// One line to the parent, whole or not at all.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A parent that no longer reads has seen enough.
    let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
}

fn spawn(path: &Path, limit: Option<usize>) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env(ROLE, path).stdin(Stdio::piped()).stdout(Stdio::piped());
    if let Some(limit) = limit {
        command.env(LIMIT, limit.to_string());
    }
    let mut child = command.spawn().expect("it can be started");
    let lines = BufReader::new(child.stdout.take().expect("it has an output"));
    (child, lines)
}

fn read_line(lines: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let length = lines.read_line(&mut line).expect("reads");
    (length > 0).then(|| line.trim_end().to_owned())
}

fn parse(line: &str) -> TrialKey {
    let (case, variant) = line.split_once(' ').expect("two numbers");
    key(case.parse().expect("a case"), variant.parse().expect("a variant"), 0)
}

/// How often the program is killed.
fn rounds() -> usize {
    std::env::var("BAKEOFF_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5).clamp(1, 100)
}

fn killed_programs_lose_no_acknowledged_trial() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bakeoff.db");
    let mut acknowledged = BTreeSet::new();
    let limit = (CASES as usize * 2 - 50) / rounds();
    for round in 1..=rounds() {
        // Spread by a fixed recurrence, so that a failure comes again.
        let point = ((round as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as usize % limit;
        let (mut child, mut lines) = spawn(&path, Some(limit));
        let mut said = 0;
        while let Some(line) = read_line(&mut lines) {
            let key = parse(&line);
            assert!(acknowledged.insert(key), "{key:?} was run again after it had a result");
            said += 1;
            if said > point {
                // SIGKILL on Unix; what it had said before is still read afterwards.
                let _ = child.kill();
            }
        }
        child.wait().expect("it has ended");
        acknowledged.extend(check_after_the_kill(&path, &acknowledged));
    }
    let (mut child, mut lines) = spawn(&path, None);
    let mut last = None;
    while let Some(line) = read_line(&mut lines) {
        if line != "finished" {
            let key = parse(&line);
            assert!(acknowledged.insert(key), "{key:?} was run again after it had a result");
        }
        last = Some(line);
    }
    assert!(child.wait().expect("it has ended").success());
    assert_eq!(last.as_deref(), Some("finished"));
    let store = Store::open(&path).expect("opens");
    let summary = store.run(1).expect("reads");
    assert_eq!((summary.state, summary.done()), (RunState::Finished, CASES * 2));
    assert_eq!(store.numbers(1).expect("reads").len() as u32, CASES * 2);
}

/// Returns the trials that have a result.
fn check_after_the_kill(path: &Path, acknowledged: &BTreeSet<TrialKey>) -> BTreeSet<TrialKey> {
    let store = Store::open(path).expect("opens after the kill");
    let Ok(before) = store.run(1) else {
        assert!(acknowledged.is_empty(), "killed before the run was created");
        return BTreeSet::new();
    };
    assert_ne!(before.state, RunState::Finished, "it was killed before it could finish");
    let in_flight: u32 = runtime()
        .block_on(store.recover(NOW + 1))
        .expect("recovers")
        .iter()
        .map(|found| found.in_flight)
        .sum();
    assert!(in_flight as usize <= WORKERS, "{in_flight} in flight with {WORKERS} workers");
    let trials = store.numbers(1).expect("reads");
    let passed: BTreeSet<TrialKey> =
        trials.iter().filter(|trial| trial.outcome == Outcome::Pass).map(|trial| trial.key).collect();
    let lost: Vec<_> = acknowledged.difference(&passed).collect();
    assert!(lost.is_empty(), "acknowledged, but not there: {lost:?}");
    // What was committed in the last moment could not be said any more; it is not run again either.
    assert!(
        passed.len() <= acknowledged.len() + WORKERS,
        "no more than was in flight is committed but not said"
    );
    let remaining: BTreeSet<TrialKey> = store.remaining(1).expect("reads").into_iter().collect();
    assert!(remaining.is_disjoint(&passed));
    assert_eq!(
        remaining.len() + passed.len(),
        CASES as usize * 2,
        "every trial either has a result or remains"
    );
    let summary = store.run(1).expect("reads");
    assert_eq!(summary.state, RunState::Interrupted);
    assert_eq!(summary.done() as usize, passed.len(), "the counters agree with the trials");
    let file = rusqlite::Connection::open(path).expect("opens");
    let check: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checks");
    assert_eq!(check, "ok");
    passed
}

fn a_living_program_keeps_its_run_and_is_read_live() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bakeoff.db");
    let (mut child, mut lines) = spawn(&path, Some(20));
    let first = parse(&read_line(&mut lines).expect("it says its first trial"));
    let store = Store::open(&path).expect("a second program opens");
    assert!(store.trial_detail(1, first).expect("reads").is_some(), "its trials are seen while it runs");
    let runtime = runtime();
    let owner = store.owner(1).expect("reads").expect("it is owned");
    assert_eq!((owner.process, owner.is_this, owner.is_gone), (child.id(), false, false));
    let error = runtime.block_on(store.acquire(1, NOW)).expect_err("its owner is alive");
    assert_eq!(error.problem, Problem::Owned { run: 1, process: child.id() });
    assert_eq!(
        runtime.block_on(store.recover(NOW + 1_000_000)),
        Ok(Vec::new()),
        "alive, however long it is silent"
    );
    let own = runtime.block_on(store.create_run(new_run("mails", 3, 1))).expect("both may write");
    child.kill().expect("it can be killed");
    child.wait().expect("it has ended");
    let recovered = runtime.block_on(store.recover(NOW)).expect("recovers");
    assert_eq!(recovered.iter().map(|found| found.run).collect::<Vec<_>>(), [1], "the own run goes on");
    runtime.block_on(store.heartbeat(own, NOW)).expect("it is still ours");
}

/// The other program: plans a fault, then says each state that it has noted and waits for the word to go on.
fn child_with_a_fault(path: &Path) {
    let store = Store::open(path).expect("opens");
    runtime().block_on(async {
        let run = store.create_run(new_run("chaos", 1, 1)).await.expect("a run");
        let log = store.trial_log(run);
        let entry = plan::journal_entry(key(0, 0, 0), "/tmp/bakeoff/embedded-1");
        let id = log.plan_fault(entry, NOW).await.expect("it is written down");
        for state in [FaultState::Injecting, FaultState::Landed] {
            say("noted");
            std::io::stdin().read_line(&mut String::new()).expect("reads");
            log.advance_fault(id, state, NOW, None).await.expect("it is noted");
        }
        say("noted");
        std::io::stdin().read_line(&mut String::new()).expect("reads");
    });
}

fn a_fault_of_a_killed_program_is_in_the_journal() {
    for (words, expected) in [(0, FaultState::Planned), (1, FaultState::Injecting), (2, FaultState::Landed)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("bakeoff.db");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.env(ROLE, &path).env(FAULT, "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("it has an output"));
        let mut input = child.stdin.take().expect("it has an input");
        for _ in 0..words {
            assert_eq!(read_line(&mut lines).as_deref(), Some("noted"));
            input.write_all(b"go on\n").expect("it reads");
        }
        assert_eq!(read_line(&mut lines).as_deref(), Some("noted"));
        child.kill().expect("it can be killed");
        child.wait().expect("it has ended");

        let store = Store::open(&path).expect("opens after the kill");
        let open = store.open_faults().expect("reads");
        assert_eq!(open.len(), 1, "killed when it had been told to go on {words} times");
        let fault = &open[0];
        assert_eq!(fault.state, expected);
        assert_eq!(
            fault.entry.planned.undo,
            Undo::StartNode { node: "n2".into() },
            "it says how it is undone"
        );
        assert_eq!(fault.entry.place, plan::place("/tmp/bakeoff/embedded-1"), "and where");
        assert_eq!(
            (fault.owner.process, fault.owner.is_this, fault.owner.is_gone),
            (child.id(), false, true)
        );
        assert!(!fault.owner.is_earlier_boot, "of this start of the machine");
    }
}
