//! Whatever is appended in whatever order, the counters equal a naive recount.

use crate::store;
use crate::support::{NOW, key, new_run, record};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_core::trial::{TrialKey, TrialRecord};
use bakeoff_store::{Store, TrialFilter};
use proptest::prelude::*;
use std::collections::BTreeMap;

const CASES: u32 = 4;

fn step() -> impl Strategy<Value = (TrialRecord, bool)> {
    (0..CASES, 0..2_u16, 0..2_u16, 0..Outcome::ALL.len(), prop::option::of(0.0..0.5_f64), any::<bool>())
        .prop_map(|(case, variant, repetition, outcome, cost, started)| {
            let mut record = record(key(case, variant, repetition), Outcome::ALL[outcome]);
            record.cost_usd = cost;
            record.attempts[0].cost_usd = cost;
            (record, started)
        })
}

/// What a list of appended records should have led to, by the plainest means.
#[derive(Default)]
struct Naive {
    results: BTreeMap<TrialKey, (usize, TrialRecord)>,
    calls: BTreeMap<TrialKey, usize>,
    known_usd: f64,
    unknown: u32,
}

impl Naive {
    fn append(&mut self, number: usize, record: TrialRecord) -> bool {
        if self.results.get(&record.key).is_some_and(|(_, old)| !old.outcome.can_be_retried()) {
            return false;
        }
        *self.calls.entry(record.key).or_default() += 1;
        self.known_usd += record.cost_usd.unwrap_or(0.0);
        self.unknown += u32::from(record.cost_usd.is_none());
        self.results.insert(record.key, (number, record));
        true
    }

    fn count(&self, wanted: impl Fn(&TrialRecord) -> bool) -> u32 {
        self.results.values().filter(|(_, record)| wanted(record)).count() as u32
    }

    fn in_order(&self) -> Vec<TrialKey> {
        let mut results: Vec<_> = self.results.values().collect();
        results.sort_by_key(|(number, _)| *number);
        results.into_iter().map(|(_, record)| record.key).collect()
    }
}

fn check_counts(store: &Store, run: u32, naive: &Naive) -> Result<(), TestCaseError> {
    let summary = store.run(run).expect("reads");
    for variant in &summary.counts {
        for outcome in Outcome::ALL {
            let expected = naive.count(|r| r.key.variant == variant.variant && r.outcome == outcome);
            prop_assert_eq!(variant.count(|o| o == outcome), expected, "{:?}", outcome);
        }
    }
    prop_assert_eq!(summary.done(), naive.count(|r| !r.outcome.is_unfinished()));
    prop_assert_eq!(summary.retriable(), naive.count(|r| r.outcome.can_be_retried()));
    prop_assert!((summary.cost.known_usd - naive.known_usd).abs() < 1e-9);
    prop_assert_eq!(summary.cost.unknown_trials, naive.unknown);
    Ok(())
}

fn check_lists(store: &Store, run: u32, naive: &Naive) -> Result<(), TestCaseError> {
    let order = naive.in_order();
    let numbers: Vec<TrialKey> = store.numbers(run).expect("reads").iter().map(|n| n.key).collect();
    prop_assert_eq!(&numbers, &order);
    let mut paged = Vec::new();
    for offset in (0..=order.len() as u32).step_by(3) {
        let (rows, total) = store.trials_page(run, &TrialFilter::default(), offset, 3).expect("reads");
        prop_assert_eq!(total as usize, order.len());
        paged.extend(rows.iter().map(|row| row.key));
    }
    prop_assert_eq!(&paged, &order);
    let cells = store.matrix(run, 0, CASES).expect("reads");
    prop_assert_eq!(cells.iter().map(|cell| u32::from(cell.done)).sum::<u32>(), naive.count(|_| true));
    prop_assert_eq!(
        cells.iter().map(|cell| u32::from(cell.passes)).sum::<u32>(),
        naive.count(|r| r.outcome == Outcome::Pass)
    );
    let remaining = store.remaining(run).expect("reads");
    prop_assert_eq!(remaining.len() as u32, CASES * 4 - naive.count(|r| !r.outcome.is_unfinished()));
    for (key, calls) in &naive.calls {
        let detail = store.trial_detail(run, *key).expect("reads").expect("it is there");
        prop_assert_eq!(detail.attempts.len(), *calls, "every call is kept");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn counters_equal_a_recount(steps in prop::collection::vec(step(), 0..40)) {
        let (_folder, store) = store();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let run = runtime.block_on(store.create_run(new_run("tickets", CASES, 2))).expect("a run");
        let log = store.trial_log(run);
        let mut naive = Naive::default();
        for (number, (record, started)) in steps.into_iter().enumerate() {
            if started {
                log.started(record.key, NOW);
            }
            let accepted = runtime.block_on(log.append_record(record.clone())).is_ok();
            prop_assert_eq!(accepted, naive.append(number, record));
        }
        check_counts(&store, run, &naive)?;
        check_lists(&store, run, &naive)?;
    }
}
