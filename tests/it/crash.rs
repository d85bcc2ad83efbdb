//! SIGKILL at any moment: no finished trial is lost or called again, and resuming runs exactly what is missing.

use crate::support::{MockCampaign, Place, Running, text, trial_of, until};
use bakeoff_testkit::{MockOptions, MockServer};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Calls at the same time.
const PARALLEL: usize = 4;

/// How often each trial was called, from this request on.
fn calls(server: &MockServer, from: usize) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for request in server.requests().iter().skip(from) {
        *calls.entry(trial_of(request)).or_default() += 1;
    }
    calls
}

/// What was seen after the kills.
#[derive(Default)]
struct Seen {
    /// How often a trial had been called when it was first seen committed.
    committed: BTreeMap<String, usize>,
    /// Calls whose trial was not committed when the program was killed, summed over the kills.
    in_flight: usize,
    /// Trials marked interrupted, summed over the kills.
    interrupted: usize,
}

impl Seen {
    /// Looks at the database and at the server after a kill of a program that was started at request `from`.
    fn look(&mut self, place: &Place, server: &MockServer, from: usize) {
        assert_eq!(text(&place.newest_run(), "/state"), "interrupted", "the next start marks the run");
        let (mut results, mut interrupted) = (BTreeSet::new(), BTreeSet::new());
        for (trial, outcome) in place.trials(1) {
            let new = match outcome.as_str() {
                "pass" => results.insert(trial),
                "interrupted" => interrupted.insert(trial),
                other => panic!("{trial} ended as {other}"),
            };
            assert!(new, "a trial is recorded twice");
        }
        assert!(results.is_disjoint(&interrupted), "a trial has one state");
        for trial in self.committed.keys() {
            assert!(results.contains(trial), "{trial} was committed and is lost");
        }
        for (trial, called) in calls(server, from) {
            assert_eq!(called, 1, "{trial} was called twice by one program");
            self.in_flight += usize::from(!results.contains(&trial));
        }
        self.interrupted += interrupted.len();
        let called = calls(server, 0);
        for trial in results {
            let called = called.get(&trial).copied().unwrap_or(0);
            self.committed.entry(trial).or_insert(called);
        }
    }
}

fn start(place: &Place, first: bool) -> Running {
    let mut arguments = vec!["run", "calls"];
    if !first {
        arguments.push("--resume");
    }
    place.start(&arguments)
}

#[test]
fn crash_and_resume_lose_and_repeat_nothing() {
    let soak = std::env::var_os("BAKEOFF_SOAK").is_some();
    let (kills, cases) = if soak { (100, 1_500) } else { (5, 60) };
    let options = MockOptions { delay: Duration::from_millis(8), ..MockOptions::default() };
    let server = MockServer::with_options(options, |_| None);
    let place = Place::empty();
    let more = format!("parallel: {PARALLEL}\n");
    let campaign = MockCampaign { server: &server, cases, variants: &["a", "b"], more: &more };
    campaign.write(&place);
    let trials = campaign.planned();

    let mut random = ChaCha8Rng::seed_from_u64(20_261_120);
    let mut seen = Seen::default();
    for kill in 0..kills {
        let before = server.count();
        // Also right after the start, with nothing called yet.
        let most = (2 * (trials - seen.committed.len()) / (kills - kill + 1)) as u64;
        let calls = (random.next_u64() % most.max(1)) as usize;
        let mut running = start(&place, kill == 0);
        until("the run has made its calls", || {
            let ended = running.has_ended();
            assert!(!ended, "it ended before it was killed: {}", running.said());
            running.said().contains("run #1") && server.count() >= before + calls
        });
        running.kill();
        seen.look(&place, &server, before);
    }
    start(&place, false).wait().expect_code(0);

    assert_eq!(text(&place.newest_run(), "/state"), "finished");
    let ended = place.trials(1);
    assert!(ended.iter().all(|(_, outcome)| outcome == "pass"), "{ended:?}");
    let keys: BTreeSet<&String> = ended.iter().map(|(trial, _)| trial).collect();
    assert_eq!((ended.len(), keys.len()), (trials, trials), "every trial is there exactly once");
    let called = calls(&server, 0);
    for (trial, before) in &seen.committed {
        assert_eq!(called[trial], *before, "{trial} was committed and called again");
    }
    let (requests, in_flight) = (server.count(), seen.in_flight);
    assert!(requests <= trials + in_flight, "{requests} requests, {trials} trials, {in_flight} in flight");
    assert!(seen.interrupted > 0, "what was in flight is marked as interrupted");
}
