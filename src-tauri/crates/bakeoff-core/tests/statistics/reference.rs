//! Each formula against numbers computed with scipy 1.17.1 and statsmodels 0.15.0 (`tests/fixtures/oracles`).

use bakeoff_core::stats::clustered::{CaseTotal, clustered_mean};
use bakeoff_core::stats::{
    Interval, bootstrap, distributions, fisher, holm, mcnemar, paired, percentile, power, sign_flip, tango,
    wilson,
};
use serde_json::Value;

/// Computed for the whole project.
fn statistics() -> Value {
    serde_json::from_str(include_str!("../../../../../tests/fixtures/oracles/statistics.json")).unwrap()
}

/// Computed for these tests: large samples and small tables.
fn scipy() -> Value {
    serde_json::from_str(include_str!("../../../../../tests/fixtures/oracles/scipy.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Equal to nine digits, or to 1e-12 near zero.
#[track_caller]
fn near(what: &str, got: f64, expected: f64) {
    let tolerance = 1e-9 * expected.abs() + 1e-12_f64.min(1e-9 * expected.abs() + 1e-300);
    assert!((got - expected).abs() <= tolerance.max(1e-15), "{what}: got {got:e}, reference {expected:e}");
}

#[track_caller]
fn near_bounds(what: &str, got: Interval, expected: &Value) {
    let expected = numbers(expected);
    let (low, high) = got.bounds().unwrap();
    // Reference bounds were themselves found to 1e-12.
    assert!((low - expected[0]).abs() < 1e-9 && (high - expected[1]).abs() < 1e-9, "{what}: {low} {high}");
}

#[test]
fn wilson_intervals() {
    for (key, row) in statistics()["proportion_ci_95"].as_object().unwrap() {
        let (k, n) = key.split_once('/').unwrap();
        let got = wilson::wilson(k.parse().unwrap(), n.parse().unwrap(), 0.95).unwrap();
        let expected = numbers(&row["wilson"]);
        near(key, got.low.unwrap(), expected[0]);
        near(key, got.high.unwrap(), expected[1]);
    }
    assert_eq!(wilson::wilson(0.0, 0.0, 0.95), None, "no trials, no interval");
}

fn by_group(scores: &Value, groups: &Value) -> Vec<CaseTotal> {
    let groups = groups.as_array().unwrap();
    let mut names: Vec<String> = groups.iter().map(Value::to_string).collect();
    let mut totals = Vec::new();
    let keys = names.clone();
    names.dedup();
    for name in names {
        let of_group = numbers(scores).into_iter().zip(&keys).filter(|(_, key)| **key == name);
        let values: Vec<f64> = of_group.map(|(value, _)| value).collect();
        totals.push(CaseTotal { sum: values.iter().sum(), count: values.len() as u32 });
    }
    totals
}

#[test]
fn clustered_standard_errors() {
    let all = statistics();
    let balanced = &all["clustered_se"];
    let got = clustered_mean(&by_group(&balanced["scores"], &balanced["clusters"])).unwrap();
    near("mean", got.mean, balanced["mean"].as_f64().unwrap());
    near("CR1", got.standard_error.unwrap(), balanced["cr1_inspect"].as_f64().unwrap());
    near_bounds("t interval", got.interval(0.95).unwrap(), &balanced["ci95_t"]);
    assert!(got.balanced);

    let unbalanced = &all["clustered_se_unbalanced"];
    let got = clustered_mean(&by_group(&unbalanced["scores"], &unbalanced["clusters"])).unwrap();
    near("CR1, unbalanced", got.standard_error.unwrap(), unbalanced["cr1"].as_f64().unwrap());
    assert!(!got.balanced);
}

#[test]
fn paired_differences() {
    let all = statistics();
    let row = &all["paired_numeric"];
    let differences: Vec<f64> =
        numbers(&row["B"]).iter().zip(numbers(&row["A"])).map(|(b, a)| b - a).collect();
    let got = paired::paired_mean(&differences, 0.95).unwrap();
    near("mean", got.mean, row["mean_diff"].as_f64().unwrap());
    near("SE", got.standard_error, row["se"].as_f64().unwrap());
    near("p", got.p_value, row["p_t"].as_f64().unwrap());
    near_bounds("t interval", got.interval, &row["ci95_t"]);

    let exact = row["p_signflip_exact_2sided"].as_f64().unwrap();
    near("sign flip", sign_flip::exact(&differences).unwrap(), exact);
    let random = sign_flip::monte_carlo(&differences, 10_000, 7);
    assert!((random - exact).abs() < 0.005, "three standard errors of 10,000 flips: {random}");
    assert_eq!(sign_flip::exact(&[0.5; 21]), None, "too many to count");
}

#[test]
fn bootstrap_intervals() {
    let all = statistics();
    let row = &all["paired_numeric"];
    let differences: Vec<f64> =
        numbers(&row["B"]).iter().zip(numbers(&row["A"])).map(|(b, a)| b - a).collect();
    let n = differences.len() as f64;
    let sum: f64 = differences.iter().sum();
    let mut replicates = bootstrap::replicates(differences.len(), 200_000, 11, |indices| {
        indices.map(|index| differences[index]).sum::<f64>() / n
    });
    let jackknife: Vec<f64> = differences.iter().map(|left_out| (sum - left_out) / (n - 1.0)).collect();
    let within = |what: &str, got: Interval, expected: &Value| {
        let (expected, (low, high)) = (numbers(expected), got.bounds().unwrap());
        let tolerance = 0.02 * (expected[1] - expected[0]);
        assert!(
            (low - expected[0]).abs() <= tolerance && (high - expected[1]).abs() <= tolerance,
            "{what}: {got:?}"
        );
    };
    within("percentile", bootstrap::percentile(&mut replicates, 0.95).unwrap(), &row["ci95_percentile_200k"]);
    let bca = bootstrap::bca(sum / n, &mut replicates, &jackknife, 0.95).unwrap();
    within("BCa", bca, &row["ci95_bca_200k"]);
    near("acceleration", bootstrap::acceleration(&jackknife), row["bca_acceleration"].as_f64().unwrap());
}

#[test]
fn mcnemar_p_values() {
    for (key, row) in statistics()["mcnemar"].as_object().unwrap() {
        let cells: Vec<u64> = key.split(',').map(|cell| cell.parse().unwrap()).collect();
        near(key, mcnemar::exact(cells[1], cells[2]), row["exact"].as_f64().unwrap());
        near(key, mcnemar::mid_p(cells[1], cells[2]), row["midp"].as_f64().unwrap());
    }
    for row in scipy()["mcnemar_exact"].as_array().unwrap() {
        let row = numbers(row);
        let got = mcnemar::exact(row[0] as u64, row[1] as u64);
        assert!((got / row[2] - 1.0).abs() < 1e-8, "{row:?}: {got:e}");
    }
}

#[test]
fn tango_intervals() {
    for (key, row) in statistics()["paired_proportion_diff_ci_95"].as_object().unwrap() {
        let cells: Vec<f64> = key.split(',').map(|cell| cell.parse().unwrap()).collect();
        let got = tango::tango(cells[1], cells[2], cells.iter().sum(), 0.95).unwrap();
        near_bounds(key, got, &row["tango"]);
    }
}

#[test]
fn percentiles_of_a_small_sample() {
    let all = statistics();
    let latencies = &all["latency_quantiles"];
    let mut sample = percentile::Sample::new(numbers(&latencies["values"]));
    for (p, row) in latencies["q"].as_object().unwrap() {
        let level: f64 = p.parse().unwrap();
        near(p, sample.percentile(level).unwrap(), row["type7_linear"].as_f64().unwrap());
        let got = sample.order_statistics(level, 0.95);
        let expected = row["order_stat_ci95"].as_array().unwrap();
        assert_eq!((got.low, got.high), (expected[0].as_f64(), expected[1].as_f64()), "p{p}");
    }
    for (p, n) in all["min_n_two_sided_95_quantile_ci"].as_object().unwrap() {
        assert_eq!(u64::from(percentile::minimum_n(p.parse().unwrap(), 0.95)), n.as_u64().unwrap(), "p{p}");
    }
}

/// The values are 0, 1, 2 …, so that the bounds are ranks; up to a million of them.
#[test]
fn ranks_of_percentile_intervals() {
    for row in scipy()["quantile_ranks"].as_array().unwrap() {
        let (n, p, confidence) =
            (row[0].as_u64().unwrap(), row[1].as_f64().unwrap(), row[2].as_f64().unwrap());
        let mut sample = percentile::Sample::new((0..n).rev().map(|rank| rank as f64).collect());
        let got = sample.order_statistics(p, confidence);
        assert_eq!((got.low, got.high), (row[3].as_f64(), row[4].as_f64()), "{row}");
    }
}

#[test]
fn distributions_far_and_wide() {
    let all = scipy();
    for row in all["normal_quantile"].as_array().unwrap() {
        let row = numbers(row);
        near("normal quantile", distributions::normal_quantile(row[0]), row[1]);
    }
    for row in all["t_critical"].as_array().unwrap() {
        let row = numbers(row);
        near(&format!("t critical {row:?}"), distributions::t_critical(row[0], row[1]), row[2]);
    }
    for row in all["t_two_sided"].as_array().unwrap() {
        let row = numbers(row);
        let got = distributions::t_two_sided(row[0], row[1]);
        // Wallace's approximation for many degrees of freedom: 1e-5 of the p value, 1e-4 where p is below 1e-20.
        let large = if row[2] < 1e-20 { 1e-4 } else { 1e-5 };
        let tolerance = if row[1] < 2_000.0 { 1e-9 } else { large };
        assert!((got / row[2] - 1.0).abs() < tolerance, "t p {row:?}: {got:e}");
    }
}

#[test]
fn fisher_p_values() {
    for row in scipy()["fisher"].as_array().unwrap() {
        let counts: Vec<u64> =
            row.as_array().unwrap()[..4].iter().map(|count| count.as_u64().unwrap()).collect();
        let got = fisher::fisher_exact((counts[0], counts[1]), (counts[2], counts[3]));
        let expected = row[4].as_f64().unwrap();
        assert!((got / expected - 1.0).abs() < 1e-8, "{row}: {got:e}");
    }
}

#[test]
fn holm_adjustment() {
    let all = statistics();
    let got = holm::holm(&numbers(&all["multiplicity"]["p"]));
    for (got, expected) in got.into_iter().zip(numbers(&all["multiplicity"]["holm"])) {
        near("Holm", got, expected);
    }
}

/// Miller's constant (z₀.₉₇₅ + z₀.₈)² = 7.8489, and his 969 questions for a difference of 3 points.
#[test]
fn detectable_differences() {
    let all = statistics();
    let constant = all["power_miller"]["z_sum_sq"].as_f64().unwrap();
    let (variance, n) = (1.0 / 9.0, all["power_miller"]["n(delta=.03,omega2=1/9,K=inf)"].as_f64().unwrap());
    let standard_error: f64 = f64::sqrt(variance / n);
    let z = distributions::normal_critical(0.95);
    let interval = Interval::between(-z * standard_error, z * standard_error);
    let got = power::detectable(interval, z, 0.95).unwrap();
    near("2.80 standard errors", got / standard_error, constant.sqrt());
    near("3 points", got, 0.03);
}
