//! What holds for any input.

use crate::trials::options;
use bakeoff_core::analysis::{AnalysisOptions, Comparison, LabNumbers, TrialNumbers, compare};
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::{Outcome, TimeoutCountsAs};
use bakeoff_core::stats::{holm, mcnemar, percentile, sign_flip, tango, wilson};
use bakeoff_core::trial::TrialKey;
use proptest::prelude::*;
use serde_json::Value;

/// Any number, and more often those that break things.
fn awkward() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        Just(Some(0.0)),
        Just(Some(-0.0)),
        Just(Some(f64::NAN)),
        Just(Some(f64::INFINITY)),
        Just(Some(f64::MAX)),
        Just(Some(f64::MIN_POSITIVE)),
        (0.0..1.0).prop_map(Some),
        any::<f64>().prop_map(Some),
    ]
}

fn any_trial() -> impl Strategy<Value = TrialNumbers> {
    let case = prop_oneof![0..4_u32, 0..60_u32, any::<u32>()];
    let key = (case, 0..5_u16, 0..3_u16).prop_map(|(case, variant, repetition)| TrialKey {
        case,
        variant,
        repetition,
    });
    let tokens = (proptest::option::of(any::<u32>()), proptest::option::of(any::<u32>()));
    let seconds = || awkward().prop_map(|seconds| seconds.map(|seconds| seconds as f32));
    let lab = (seconds(), seconds(), seconds(), any::<u32>(), 0..2_u16).prop_map(
        |(detect_s, restore_s, censored_s, commands, mechanism)| LabNumbers {
            detect_s,
            restore_s,
            censored_s,
            commands,
            destructive: commands / 2,
            mechanism,
        },
    );
    let numbers = (awkward(), awkward(), awkward(), tokens, any::<bool>(), proptest::option::of(lab));
    (key, 0..Outcome::ALL.len(), numbers).prop_map(|(key, outcome, numbers)| {
        let (score, latency_ms, cost_usd, (input_tokens, output_tokens), paced, lab) = numbers;
        let outcome = Outcome::ALL[outcome];
        TrialNumbers {
            key,
            outcome,
            score,
            latency_ms,
            cost_usd,
            input_tokens,
            output_tokens,
            total_tokens: None,
            paced,
            lab,
        }
    })
}

fn any_options() -> impl Strategy<Value = AnalysisOptions> {
    let confidence = prop_oneof![Just(0.95), Just(f64::NAN), 0.0..1.0, Just(1.0)];
    let metric = (0..Metric::ALL.len()).prop_map(|index| Metric::ALL[index]);
    (0..5_u16, confidence, metric, any::<bool>(), any::<bool>()).prop_map(
        |(baseline, confidence, primary_metric, timeouts, complete)| AnalysisOptions {
            baseline,
            confidence,
            primary_metric,
            complete,
            timeout_counts_as: if timeouts { TimeoutCountsAs::Fail } else { TimeoutCountsAs::Unusable },
            ..options(&["a", "b", "c", "d"], 60)
        },
    )
}

/// Every number of a comparison: serde_json turns what isn't finite into null, so this reads the debug text too.
fn assert_sound(comparison: &Comparison) {
    let text = format!("{comparison:?}");
    for word in ["NaN", "inf,", "inf)", "-inf"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    let json = serde_json::to_value(comparison).unwrap();
    each_estimate(&json, &mut |estimate| {
        let bound = |name: &str| estimate["interval"].get(name).and_then(Value::as_f64);
        let value = estimate["value"].as_f64();
        if value.is_none() {
            assert!(estimate["interval"].is_null(), "an interval without a value: {estimate}");
            assert!(estimate["note"].is_string(), "a missing value is explained: {estimate}");
        }
        if let (Some(value), Some(low)) = (value, bound("low")) {
            assert!(low <= value + 1e-9 * value.abs(), "{estimate}");
        }
        if let (Some(value), Some(high)) = (value, bound("high")) {
            assert!(high >= value - 1e-9 * value.abs(), "{estimate}");
        }
        if value.is_some() && (bound("low").is_none() || bound("high").is_none()) {
            assert!(estimate["note"].is_string(), "a missing bound is explained: {estimate}");
        }
    });
}

fn each_estimate(json: &Value, check: &mut impl FnMut(&Value)) {
    match json {
        Value::Object(fields) if fields.contains_key("interval") => check(json),
        Value::Object(fields) => fields.values().for_each(|field| each_estimate(field, check)),
        Value::Array(items) => items.iter().for_each(|item| each_estimate(item, check)),
        _ => {}
    }
}

proptest! {
    // Exact sign flips are slow in a debug build; 80 comparisons of four variants are enough.
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn nothing_is_infinite_or_not_a_number(
        trials in proptest::collection::vec(any_trial(), 0..200),
        options in any_options(),
    ) {
        let comparison = compare(&trials, &options);
        assert_sound(&comparison);
        for summary in &comparison.variants {
            prop_assert_eq!(summary.usable + summary.unusable, summary.trials);
            prop_assert_eq!(summary.outcomes.iter().map(|counted| counted.count).sum::<u32>(), summary.trials);
            let bounds = (summary.success_rate_worst, summary.success_rate_best, summary.success_rate.value);
            if let (Some(worst), Some(best), Some(rate)) = bounds {
                prop_assert!(worst <= rate + 1e-12 && rate <= best + 1e-12);
            }
        }
    }

    #[test]
    fn the_order_of_trials_does_not_matter(trials in proptest::collection::vec(any_trial(), 0..60)) {
        // Up to rounding of sums: counts, verdicts, percentiles and outcomes are the same.
        let options = options(&["a", "b", "c", "d"], 60);
        let mut turned = trials.clone();
        turned.reverse();
        let (one, other) = (compare(&trials, &options), compare(&turned, &options));
        for (a, b) in one.variants.iter().zip(&other.variants) {
            prop_assert_eq!(&a.outcomes, &b.outcomes);
            prop_assert_eq!(&a.latency_ms.p95, &b.latency_ms.p95);
            prop_assert_eq!(&a.success_rate, &b.success_rate);
        }
    }

}

proptest! {
    #[test]
    fn wilson_contains_the_rate_and_narrows(n in 1..2_000_u32, share in 0.0..=1.0_f64) {
        let k = (f64::from(n) * share).round();
        let interval = wilson::wilson(k, f64::from(n), 0.95).unwrap();
        prop_assert!(interval.contains(k / f64::from(n)));
        let wider = wilson::wilson(k, f64::from(n), 0.99).unwrap();
        prop_assert!(wider.half_width() > interval.half_width());
    }

    #[test]
    fn tango_bounds_are_where_the_score_is_z(b in 0..60_u32, c in 0..60_u32, more in 0..200_u32) {
        let (b, c) = (f64::from(b), f64::from(c));
        let n = b + c + f64::from(more);
        prop_assume!(n >= 1.0);
        let z = 1.959_963_984_540_054;
        let (low, high) = tango::tango(b, c, n, 0.95).unwrap().bounds().unwrap();
        prop_assert!(low <= (b - c) / n && (b - c) / n <= high);
        // At the ends of [−1, 1] there is nothing left to invert.
        if high < 1.0 - 1e-9 {
            prop_assert!((tango::score(b, c, n, high) + z).abs() < 1e-6, "T({high}) = {}", tango::score(b, c, n, high));
        }
        if low > -1.0 + 1e-9 {
            prop_assert!((tango::score(b, c, n, low) - z).abs() < 1e-6, "T({low}) = {}", tango::score(b, c, n, low));
        }
        let (swapped_low, swapped_high) = tango::tango(c, b, n, 0.95).unwrap().bounds().unwrap();
        prop_assert!((low + swapped_high).abs() < 1e-9 && (high + swapped_low).abs() < 1e-9, "symmetric");
    }

    #[test]
    fn mid_p_is_at_most_exact(b in 0..400_u64, c in 0..400_u64) {
        let (exact, mid) = (mcnemar::exact(b, c), mcnemar::mid_p(b, c));
        prop_assert!(0.0 < mid && mid <= exact && exact <= 1.0);
        prop_assert_eq!(mid, mcnemar::mid_p(c, b));
    }

    #[test]
    fn holm_is_monotone_and_never_smaller(p in proptest::collection::vec(0.0..=1.0_f64, 0..12)) {
        let adjusted = holm::holm(&p);
        for (i, a) in p.iter().enumerate() {
            prop_assert!(adjusted[i] >= *a && adjusted[i] <= 1.0);
            for (j, b) in p.iter().enumerate() {
                prop_assert!(a > b || adjusted[i] <= adjusted[j]);
            }
        }
    }

    #[test]
    fn percentile_bounds_enclose_the_percentile(values in proptest::collection::vec(0.0..1e6_f64, 1..500)) {
        let mut sample = percentile::Sample::new(values.clone());
        for p in [0.5, 0.9, 0.95, 0.99] {
            let value = sample.percentile(p).unwrap();
            let interval = sample.order_statistics(p, 0.95);
            // Below that the one bound there is may lie beyond the interpolated percentile.
            let enough = values.len() >= percentile::minimum_n(p, 0.95) as usize;
            prop_assert!(!enough || interval.contains(value), "p{p} {value} {interval:?}");
            prop_assert_eq!(interval.bounds().is_some(), enough, "n {} p {}", values.len(), p);
        }
    }

    #[test]
    fn ranks_are_those_of_the_sorted_values(
        values in proptest::collection::vec(-5..5_i32, 1..80),
        ranks in proptest::collection::vec(0..90_usize, 1..20),
    ) {
        let mut sorted: Vec<f64> = values.into_iter().map(f64::from).collect();
        let mut sample = percentile::Sample::new(sorted.clone());
        sorted.sort_by(f64::total_cmp);
        for rank in ranks {
            prop_assert_eq!(sample.at(rank), sorted.get(rank).copied());
        }
    }

    #[test]
    fn sign_flips_ignore_signs_of_all(differences in proptest::collection::vec(-1.0..1.0_f64, 1..10)) {
        let mirrored: Vec<f64> = differences.iter().map(|difference| -difference).collect();
        let p = sign_flip::exact(&differences).unwrap();
        prop_assert_eq!(p, sign_flip::exact(&mirrored).unwrap());
        prop_assert!(p >= 1.0 / 2.0_f64.powi(differences.len() as i32 - 1) && p <= 1.0);
    }
}

#[test]
fn the_same_seed_gives_the_same_resampled_comparison() {
    let trials = crate::trials::table(20, 8, 3, 9);
    let mut options = options(&["default", "careful"], 40);
    options.resampling = true;
    assert_eq!(compare(&trials, &options), compare(&trials, &options));
    assert_sound(&compare(&trials, &options));
}
