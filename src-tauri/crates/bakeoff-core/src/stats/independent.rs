//! Two groups of independent values, in one or several strata that are alike within (the faults of a campaign, say): the
//! difference of two shares, and of two means. Strata count alike, however many values they have.

use super::Interval;
use super::distributions::{t_critical, t_two_sided};
use super::wilson::wilson;

/// Hits and trials of both groups in one stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Hits and trials of the first group; hits are not more than trials.
    pub first: (u64, u64),
    /// Of the second.
    pub second: (u64, u64),
}

/// The interval of the mean over strata of the difference of two shares, first minus second. `None` without strata, and
/// when a group of any is empty.
///
/// Wilson's intervals of both put together (Newcombe 1998, Statistics in Medicine 17:873–890, method 10; statsmodels'
/// `confint_proportions_2indep` with `newcomb`), and those of the strata in the same way (Zou and Donner 2008, Statistics in
/// Medicine 27:1693–1702).
pub fn newcombe(strata: &[Shares], confidence: f64) -> Option<Interval> {
    let share = |(hits, n): (u64, u64)| {
        let (low, high) = wilson(hits as f64, n as f64, confidence)?.bounds()?;
        Some((hits as f64 / n as f64, low, high))
    };
    let (mut difference, mut below, mut above) = (0.0, 0.0, 0.0);
    for of in strata {
        let ((p1, low1, high1), (p2, low2, high2)) = (share(of.first)?, share(of.second)?);
        difference += p1 - p2;
        below += (p1 - low1).powi(2) + (high2 - p2).powi(2);
        above += (high1 - p1).powi(2) + (p2 - low2).powi(2);
    }
    let n = strata.len() as f64;
    let bounds = [(difference - below.sqrt()) / n, (difference + above.sqrt()) / n];
    let [low, high] = bounds.map(|bound| bound.clamp(-1.0, 1.0));
    (!strata.is_empty()).then(|| Interval::between(low, high))
}

/// Two-sided p of the shares being the same within each stratum: the exact conditional test, which sums all tables with these
/// margins whose sum of first hits is no likelier than the observed one, ties within 1e-7 (Mehta, Patel and Gray 1985, JASA
/// 80:969–973; R's `mantelhaen.test(exact = TRUE)`). With one stratum it is Fisher's. 1 when the margins leave no choice.
pub fn exact_p(strata: &[Shares]) -> f64 {
    let mut all = vec![1.0];
    let mut observed = 0;
    for of in strata {
        let (least, weights) = hypergeometric(of);
        observed += (of.first.0 - least) as usize;
        let mut sums = vec![0.0; all.len() + weights.len() - 1];
        for (a, left) in all.iter().enumerate() {
            for (b, right) in weights.iter().enumerate() {
                sums[a + b] += left * right;
            }
        }
        all = sums;
    }
    let bound = all[observed] * (1.0 + 1e-7);
    all.iter().filter(|weight| **weight <= bound).sum::<f64>().min(1.0)
}

/// The fewest hits that the first group can have, and the probabilities of that many and more.
fn hypergeometric(of: &Shares) -> (u64, Vec<f64>) {
    let hits = of.first.0 + of.second.0;
    let (n1, n2) = (of.first.1, of.second.1);
    let (least, most) = (hits.saturating_sub(n2), hits.min(n1));
    // From the likeliest outwards, so that nothing overflows.
    let ratio = |k: u64| {
        let up = (n1 - k) as f64 * (hits - k) as f64;
        up / ((k + 1) as f64 * (n2 + k + 1 - hits) as f64)
    };
    let mode = ((hits as f64 + 1.0) * (n1 as f64 + 1.0) / ((n1 + n2) as f64 + 2.0)) as u64;
    let mode = mode.clamp(least, most);
    let up = (mode..most).scan(1.0, |weight, k| {
        *weight *= ratio(k);
        Some(*weight)
    });
    let mut weights: Vec<f64> = (least..mode)
        .rev()
        .scan(1.0, |weight, k| {
            *weight /= ratio(k);
            Some(*weight)
        })
        .collect();
    weights.reverse();
    weights.push(1.0);
    weights.extend(up);
    let sum: f64 = weights.iter().sum();
    (least, weights.into_iter().map(|weight| weight / sum).collect())
}

/// The difference of two means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// First minus second, the mean over strata.
    pub difference: f64,
    /// At the confidence asked for.
    pub interval: Interval,
    /// Two-sided p of no difference.
    pub p_value: f64,
    /// Of the t distribution.
    pub freedom: f64,
}

/// Welch's t (1947) with Satterthwaite's degrees of freedom, over strata: the variances of all groups are added, each over
/// its own trials. With one stratum it is scipy's `ttest_ind(equal_var=False)`. `None` below two values in a group, and
/// when no value differs from another of its group.
pub fn welch(strata: &[(&[f64], &[f64])], confidence: f64) -> Option<MeanDifference> {
    let moments = |values: &[f64]| {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (values.len() > 1).then(|| (mean, squares / (n - 1.0) / n, n - 1.0))
    };
    let weight = 1.0 / strata.len() as f64;
    let (mut difference, mut variance, mut errors) = (0.0, 0.0, Vec::new());
    for (first, second) in strata {
        let ((mean1, error1, freedom1), (mean2, error2, freedom2)) = (moments(first)?, moments(second)?);
        difference += weight * (mean1 - mean2);
        variance += weight.powi(2) * (error1 + error2);
        errors.extend([(weight.powi(2) * error1, freedom1), (weight.powi(2) * error2, freedom2)]);
    }
    if variance <= 0.0 || strata.is_empty() {
        return None;
    }
    // Shares of the variance, since the square of a tiny variance would be 0.
    let spread: f64 = errors.iter().map(|(error, freedom)| (error / variance).powi(2) / freedom).sum();
    let (freedom, error) = (1.0 / spread, variance.sqrt());
    let half = t_critical(confidence, freedom) * error;
    Some(MeanDifference {
        difference,
        interval: Interval::between(difference - half, difference + half),
        p_value: t_two_sided(difference / error, freedom),
        freedom,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fisher::fisher_exact;
    use proptest::prelude::*;

    fn shares(first: (u64, u64), second: (u64, u64)) -> Shares {
        Shares { first, second }
    }

    fn near(value: f64, wanted: f64) {
        assert!((value - wanted).abs() < 1e-9, "{value} is not {wanted}");
    }

    fn bounds(strata: &[Shares]) -> (f64, f64) {
        newcombe(strata, 0.95).unwrap().bounds().unwrap()
    }

    #[test]
    fn differences_of_shares_of_statsmodels() {
        // statsmodels 0.15.0, confint_proportions_2indep(…, method="newcomb", compare="diff"); the first is also Newcombe's
        // own example.
        let wanted = [
            (shares((56, 70), (48, 80)), 0.05243147240236498, 0.33387265403690614),
            (shares((9, 10), (3, 10)), 0.1705227239345029, 0.809017973535488),
            (shares((10, 10), (0, 10)), 0.6075093504305241, 1.0),
            (shares((0, 10), (0, 10)), -0.27753279986288926, 0.27753279986288926),
        ];
        for (of, low, high) in wanted {
            let found = bounds(&[of]);
            near(found.0, low);
            near(found.1, high);
        }
        assert_eq!(newcombe(&[shares((0, 0), (1, 2))], 0.95), None);
        assert_eq!(newcombe(&[], 0.95), None);
    }

    /// Three strata, with one in which everything hits.
    const THREE: [Shares; 3] = [
        Shares { first: (8, 10), second: (5, 10) },
        Shares { first: (6, 12), second: (2, 9) },
        Shares { first: (3, 3), second: (3, 3) },
    ];

    #[test]
    fn strata_are_put_together() {
        // The same formula done once more in Python from statsmodels' intervals of each stratum.
        let (low, high) = bounds(&THREE);
        near(low, -0.07553521143382654);
        near(high, 0.42618904105839345);
        // By enumeration with scipy 1.17.1's hypergeom.
        near(exact_p(&THREE), 0.10648165898264146);
        near(exact_p(&[shares((3, 3), (0, 3)), shares((3, 3), (0, 3))]), 0.005);
        near(exact_p(&[shares((9, 10), (3, 10))]), 0.019766611097880447);
        near(exact_p(&[shares((0, 10), (0, 10))]), 1.0);
    }

    #[test]
    fn differences_of_means_of_scipy() {
        // scipy 1.17.1, ttest_ind(equal_var=False) with its confidence_interval.
        let (x, y) = ([3.1, 4.5, 2.9, 6.0, 3.3], [7.2, 9.9, 5.1, 8.8]);
        let one = welch(&[(&x, &y)], 0.95).unwrap();
        near(one.difference, -3.79);
        near(one.p_value, 0.026089567532241485);
        near(one.freedom, 4.804474671052188);
        let (low, high) = one.interval.bounds().unwrap();
        near(low, -6.896643490456281);
        near(high, -0.6833565095437213);
        // Two strata: the same sums done once more in Python.
        let two = welch(&[(&x, &y), (&[1.0, 2.0, 4.0], &[2.0, 2.5, 6.0])], 0.95).unwrap();
        near(two.difference, -2.4783333333333335);
        near(two.p_value, 0.03717689308342769);
        near(two.freedom, 7.245025078903983);
        near(two.interval.bounds().unwrap().0, -4.763219767323143);
        let tiny = welch(&[(&x.map(|value| value * 1e-145), &y.map(|value| value * 1e-145))], 0.95).unwrap();
        near(tiny.p_value, one.p_value);
        near(tiny.freedom, one.freedom);
        assert_eq!(welch(&[(&[1.0, 1.0], &[2.0, 2.0])], 0.95), None, "nothing varies");
        assert_eq!(welch(&[(&[1.0], &[2.0, 3.0])], 0.95), None, "one value has no spread");
        assert_eq!(welch(&[], 0.95), None);
    }

    proptest! {
        #[test]
        fn one_stratum_is_fishers_test(n1 in 1..40u64, n2 in 1..40u64, a in 0..40u64, b in 0..40u64) {
            let (first, second) = ((a.min(n1), n1), (b.min(n2), n2));
            let p = exact_p(&[shares(first, second)]);
            prop_assert!((p - fisher_exact(first, second)).abs() < 1e-9);
            let (low, high) = bounds(&[shares(first, second)]);
            let difference = first.0 as f64 / n1 as f64 - second.0 as f64 / n2 as f64;
            prop_assert!(low <= difference + 1e-9 && difference <= high + 1e-9);
        }
    }
}
