//! The plan: every trial of a campaign, in the order in which they are started.

use crate::shuffle::{generator, shuffle};
use crate::trial::TrialKey;

/// All trials of a run. Cases and variants are indices; 8 bytes a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In the order of starting: the cases shuffled by the seed, and within a case its trials shuffled too, so that
    /// the variants are interleaved and a slow drift of the provider meets them all alike.
    pub trials: Vec<TrialKey>,
}

/// Every (case, variant, repetition) exactly once, case by case. The same arguments always give the same order.
pub fn build(cases: u32, variants: u16, repetitions: u16, seed: u64) -> Plan {
    let mut generator = generator(seed);
    let mut order: Vec<u32> = (0..cases).collect();
    shuffle(&mut generator, &mut order);
    let per_case = usize::from(variants) * usize::from(repetitions);
    let mut trials = Vec::with_capacity(per_case.saturating_mul(order.len()));
    for case in order {
        let start = trials.len();
        for repetition in 0..repetitions {
            trials.extend((0..variants).map(|variant| TrialKey { case, variant, repetition }));
        }
        if let Some(of_case) = trials.get_mut(start..) {
            shuffle(&mut generator, of_case);
        }
    }
    Plan { trials }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn has_every_trial_once_and_case_by_case(cases in 0u32..40, variants in 0u16..6, repetitions in 0u16..5, seed: u64) {
            let plan = build(cases, variants, repetitions, seed);
            let expected = cases as usize * usize::from(variants) * usize::from(repetitions);
            prop_assert_eq!(plan.trials.len(), expected);
            let distinct: HashSet<_> = plan.trials.iter().collect();
            prop_assert_eq!(distinct.len(), expected, "no trial may come twice");
            let inside = plan.trials.iter().all(|key| {
                key.case < cases && key.variant < variants && key.repetition < repetitions
            });
            prop_assert!(inside);
            let mut finished = HashSet::new();
            for pair in plan.trials.windows(2) {
                if pair[0].case != pair[1].case {
                    finished.insert(pair[0].case);
                }
                prop_assert!(!finished.contains(&pair[1].case), "a case must not be taken up again");
            }
            prop_assert_eq!(&plan, &build(cases, variants, repetitions, seed));
        }
    }

    #[test]
    fn the_order_of_a_seed_never_changes() {
        let order: Vec<_> = build(4, 2, 1, 42).trials.iter().map(|key| (key.case, key.variant)).collect();
        assert_eq!(order, FOUR_CASES_SEED_42, "stored seeds must keep their meaning");
    }

    const FOUR_CASES_SEED_42: [(u32, u16); 8] =
        [(2, 1), (2, 0), (0, 1), (0, 0), (3, 1), (3, 0), (1, 1), (1, 0)];

    #[test]
    fn variants_take_turns_at_being_first() {
        let plan = build(3000, 3, 1, 7);
        let mut first = [0u32; 3];
        for trials in plan.trials.chunks(3) {
            first[usize::from(trials[0].variant)] += 1;
        }
        assert!(first.iter().all(|count| (900..1100).contains(count)), "{first:?}");
    }
}
