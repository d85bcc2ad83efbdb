//! Times of which some are only known to be longer than they were watched (right-censored): the survival curve of
//! Kaplan and Meier (1958), JASA 53:457–481, its quantiles, and the mean restricted to a limit.

use super::Interval;
use super::distributions::normal_critical;

/// One time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// Until the event, or until nobody watched any more. Finite and not negative.
    pub time: f64,
    /// The event came; else it had not come by then.
    pub event: bool,
}

/// The curve after one of its steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// When the events came.
    pub at: f64,
    /// The share for which the event has not come by then, this moment included.
    pub survival: f64,
    /// Its pointwise interval, log-log transformed (Kalbfleisch and Prentice), as lifelines and R's `conf.type =
    /// "log-log"` give it. No upper bound where nothing survives.
    pub interval: Interval,
    /// How many were watched just before.
    pub at_risk: u32,
    /// How many events came at this moment.
    pub events: u32,
}

/// A survival curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// One for each moment with an event, ascending. Before the first, everything survives.
    pub steps: Vec<Step>,
    /// How many were observed.
    pub n: u32,
    /// The longest time, event or not; the curve is not known beyond it unless nothing survives.
    pub longest: f64,
}

/// A mean restricted to a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The area under the curve up to the limit: the mean of min(time, limit).
    pub mean: f64,
    /// By Greenwood's formula: √(Σ A² · d ÷ (n · (n − d))), A the area from each step to the limit.
    pub standard_error: f64,
}

/// The curve of these times; `None` of none. Times that are not finite or negative are left out.
pub fn kaplan_meier(observed: &[Observed], confidence: f64) -> Option<Curve> {
    let sorted = sorted(observed);
    let longest = sorted.last()?.time;
    let z = normal_critical(confidence);
    let (mut steps, mut survival, mut greenwood) = (Vec::new(), 1.0, 0.0);
    let mut from = 0;
    while let Some(first) = sorted.get(from) {
        let tied = sorted[from..].iter().take_while(|one| one.time == first.time).count();
        let events = sorted[from..from + tied].iter().filter(|one| one.event).count();
        let at_risk = sorted.len() - from;
        if events > 0 {
            let (d, n) = (events as f64, at_risk as f64);
            survival *= 1.0 - d / n;
            greenwood += d / (n * (n - d));
            steps.push(Step {
                at: first.time,
                survival,
                interval: log_log(survival, greenwood, z),
                at_risk: at_risk as u32,
                events: events as u32,
            });
        }
        from += tied;
    }
    Some(Curve { steps, n: sorted.len() as u32, longest })
}

fn sorted(observed: &[Observed]) -> Vec<Observed> {
    let is_time = |one: &&Observed| one.time.is_finite() && one.time >= 0.0;
    let mut sorted: Vec<Observed> = observed.iter().filter(is_time).copied().collect();
    sorted.sort_by(|a, b| a.time.total_cmp(&b.time));
    sorted
}

/// S to the power of exp(± z · √V ÷ ln S).
fn log_log(survival: f64, variance: f64, z: f64) -> Interval {
    if survival <= 0.0 {
        return Interval { low: Some(0.0), high: None };
    }
    let spread = (z * variance.sqrt() / survival.ln().abs()).exp();
    Interval::between(survival.powf(spread), survival.powf(1.0 / spread))
}

impl Curve {
    /// The share that survives a moment.
    pub fn survival(&self, at: f64) -> f64 {
        let past = self.steps.partition_point(|step| step.at <= at);
        past.checked_sub(1).and_then(|last| self.steps.get(last)).map_or(1.0, |step| step.survival)
    }

    /// The first moment by which a share `p` of the events has come, and its interval by inverting the curve's
    /// (Brookmeyer and Crowley 1982). `None`, and an absent bound, where the curve does not get that far.
    pub fn quantile(&self, p: f64) -> (Option<f64>, Interval) {
        // Shares such as 1 − 1/3 − 1/3 are off by a rounding error.
        let left = 1.0 - p + 1e-12;
        let first = |reached: &dyn Fn(&Step) -> bool| {
            self.steps.iter().find(|step| reached(step)).map(|step| step.at)
        };
        let low = first(&|step| step.interval.low.is_some_and(|low| low <= left));
        let high = first(&|step| step.interval.high.map_or(step.survival <= 0.0, |high| high <= left));
        (first(&|step| step.survival <= left), Interval { low, high })
    }

    /// The mean restricted to a limit. The limit must not be beyond [`Curve::longest`], unless nothing survives.
    pub fn restricted_mean(&self, limit: f64) -> RestrictedMean {
        let within: Vec<&Step> = self.steps.iter().take_while(|step| step.at <= limit).collect();
        // Backwards: the area from each step to the limit.
        let (mut until, mut area, mut variance) = (limit, 0.0, 0.0);
        for step in within.iter().rev() {
            area += step.survival * (until - step.at);
            until = step.at;
            let (d, n) = (f64::from(step.events), f64::from(step.at_risk));
            if n > d {
                variance += area * area * d / (n * (n - d));
            }
        }
        RestrictedMean { mean: area + until, standard_error: variance.sqrt() }
    }
}

/// A number for each observation whose mean is the restricted mean: what it contributes (the jackknife's
/// pseudo-observations of Andersen, Hansen and Klein 2004, Lifetime Data Analysis 10:335–350, all shifted by the jackknife's
/// small bias so that the means agree). With nothing censored before the limit it is min(time, limit). Observations are in the order given; all must be valid times.
pub fn pseudo_values(observed: &[Observed], limit: f64) -> Vec<f64> {
    if observed.iter().all(|one| one.event || one.time >= limit) {
        return observed.iter().map(|one| one.time.min(limit)).collect();
    }
    let n = observed.len() as f64;
    let mean = |of: &[Observed]| {
        // The confidence is of no use here.
        kaplan_meier(of, 0.95).map_or(0.0, |curve| curve.restricted_mean(limit).mean)
    };
    let all = mean(observed);
    let mut rest = observed.to_vec();
    let mut values = Vec::with_capacity(observed.len());
    for index in 0..observed.len() {
        let left_out = rest.swap_remove(index);
        values.push(n * all - (n - 1.0) * mean(&rest));
        rest.push(left_out);
        let last = rest.len() - 1;
        rest.swap(index, last);
    }
    let bias = all - values.iter().sum::<f64>() / n;
    values.iter().map(|value| value + bias).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Remission of leukaemia under 6-MP, Freireich et al. (1963): weeks, and whether it ended.
    const TREATED: [(f64, bool); 21] = [
        (6.0, true),
        (6.0, true),
        (6.0, true),
        (6.0, false),
        (7.0, true),
        (9.0, false),
        (10.0, true),
        (10.0, false),
        (11.0, false),
        (13.0, true),
        (16.0, true),
        (17.0, false),
        (19.0, false),
        (20.0, false),
        (22.0, true),
        (23.0, true),
        (25.0, false),
        (32.0, false),
        (32.0, false),
        (34.0, false),
        (35.0, false),
    ];

    /// The same under placebo; all ended.
    const PLACEBO: [f64; 21] = [
        1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 5.0, 8.0, 8.0, 8.0, 8.0, 11.0, 11.0, 12.0, 12.0, 15.0, 17.0,
        22.0, 23.0,
    ];

    fn observed(times: &[(f64, bool)]) -> Vec<Observed> {
        times.iter().map(|(time, event)| Observed { time: *time, event: *event }).collect()
    }

    fn treated() -> Vec<Observed> {
        observed(&TREATED)
    }

    fn placebo() -> Vec<Observed> {
        observed(&PLACEBO.map(|time| (time, true)))
    }

    fn near(value: f64, wanted: f64) {
        assert!((value - wanted).abs() < 1e-9, "{value} is not {wanted}");
    }

    #[test]
    fn a_curve_by_hand() {
        // Of four, one event at 2 (3/4), one censored at 3, two at risk at 5: one event (3/8), the last is censored.
        let four = observed(&[(2.0, true), (3.0, false), (5.0, true), (6.0, false)]);
        let curve = kaplan_meier(&four, 0.95).unwrap();
        let steps: Vec<_> =
            curve.steps.iter().map(|step| (step.at, step.survival, step.at_risk, step.events)).collect();
        assert_eq!(steps, [(2.0, 0.75, 4, 1), (5.0, 0.375, 2, 1)]);
        assert_eq!((curve.survival(1.9), curve.survival(2.0), curve.survival(100.0)), (1.0, 0.75, 0.375));
        // Area: 2 + 0.75 · 3 + 0.375 · 1; variance: 2.625² · 1/12 + 0.375² · 1/2.
        let mean = curve.restricted_mean(6.0);
        near(mean.mean, 4.625);
        near(mean.standard_error, (2.625f64.powi(2) / 12.0 + 0.375f64.powi(2) / 2.0).sqrt());
        assert_eq!(curve.quantile(0.5).0, Some(5.0));
        assert_eq!(curve.quantile(0.7).0, None, "more than 30 % are left");
    }

    #[test]
    fn curves_of_lifelines_and_statsmodels() {
        // lifelines 0.30.3, KaplanMeierFitter: survival and its interval; the same survival in statsmodels' SurvfuncRight.
        let curve = kaplan_meier(&treated(), 0.95).unwrap();
        let wanted = [
            (6.0, 0.857142857142857, 0.6197179552659838, 0.9515517476469969),
            (7.0, 0.8067226890756299, 0.5631465646222333, 0.9228090192028802),
            (10.0, 0.7529411764705878, 0.5031995107999564, 0.8893618351692651),
            (13.0, 0.6901960784313722, 0.4316102224861839, 0.8490659633494505),
            (16.0, 0.6274509803921566, 0.36751085598750194, 0.8049121894718411),
            (22.0, 0.5378151260504199, 0.26777893676713493, 0.7467907176353943),
            (23.0, 0.44817927170868327, 0.18805200595923233, 0.6801426284952412),
        ];
        assert_eq!(curve.steps.len(), wanted.len());
        for (step, (at, survival, low, high)) in curve.steps.iter().zip(wanted) {
            assert_eq!(step.at, at);
            near(step.survival, survival);
            let (own_low, own_high) = step.interval.bounds().unwrap();
            near(own_low, low);
            near(own_high, high);
        }
        let last = kaplan_meier(&placebo(), 0.95).unwrap().steps.last().copied().unwrap();
        assert_eq!((last.at, last.interval), (23.0, Interval { low: Some(0.0), high: None }));
        assert!(last.survival.abs() < 1e-12);
    }

    #[test]
    fn quantiles_of_lifelines() {
        // lifelines: percentile() and median_survival_times() of the interval.
        let treated = kaplan_meier(&treated(), 0.95).unwrap();
        assert_eq!(treated.quantile(0.5), (Some(23.0), Interval { low: Some(13.0), high: None }));
        assert_eq!(treated.quantile(0.25).0, Some(13.0));
        assert_eq!(treated.quantile(0.75).0, None);
        let placebo = kaplan_meier(&placebo(), 0.95).unwrap();
        assert_eq!(placebo.quantile(0.5), (Some(8.0), Interval { low: Some(4.0), high: Some(11.0) }));
        assert_eq!([0.25, 0.75, 0.9].map(|p| placebo.quantile(p).0), [Some(4.0), Some(12.0), Some(17.0)]);
    }

    #[test]
    fn restricted_means_of_lifelines() {
        // Means: lifelines' restricted_mean_survival_time. Errors: Greenwood's sum done once more in Python (lifelines
        // integrates its variance by approximation).
        let treated = kaplan_meier(&treated(), 0.95).unwrap();
        let placebo = kaplan_meier(&placebo(), 0.95).unwrap();
        let wanted = [
            (&treated, 15.0, 12.916526610644254, 0.769517228936452),
            (&treated, 20.0, 16.116526610644254, 1.2515601960050473),
            (&treated, 35.0, 23.287394957983185, 2.8274676233714393),
            (&placebo, 15.0, 7.857142857142856, 1.054707005527558),
            (&placebo, 20.0, 8.428571428571429, 1.2680826825039222),
            (&placebo, 35.0, 8.666666666666666, 1.3773900412645488),
        ];
        for (curve, limit, mean, error) in wanted {
            let restricted = curve.restricted_mean(limit);
            near(restricted.mean, mean);
            near(restricted.standard_error, error);
        }
        // Without censoring it is the standard deviation of min(time, limit) over √n.
        let cut = PLACEBO.map(|time| time.min(15.0));
        let mean = cut.iter().sum::<f64>() / 21.0;
        let variance = cut.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / 21.0;
        near(placebo.restricted_mean(15.0).standard_error, (variance / 21.0).sqrt());
    }

    #[test]
    fn of_nothing_there_is_no_curve() {
        assert_eq!(kaplan_meier(&[], 0.95), None);
        assert_eq!(kaplan_meier(&observed(&[(f64::NAN, true), (-1.0, true)]), 0.95), None);
        let none = kaplan_meier(&observed(&[(15.0, false), (15.0, false)]), 0.95).unwrap();
        assert_eq!((none.steps.len(), none.restricted_mean(15.0).mean), (0, 15.0));
    }

    proptest! {
        #[test]
        fn curves_fall_and_pseudo_values_have_the_restricted_mean(
            times in prop::collection::vec((0..40u32, any::<bool>()), 1..40),
            limit in 1..40u32,
        ) {
            let observed: Vec<Observed> =
                times.iter().map(|(time, event)| Observed { time: f64::from(*time), event: *event }).collect();
            let curve = kaplan_meier(&observed, 0.95).unwrap();
            let mut before = 1.0;
            for step in &curve.steps {
                prop_assert!(step.survival < before && step.survival >= -1e-12);
                prop_assert!(step.interval.contains(step.survival.max(0.0)) || step.survival.abs() < 1e-12);
                before = step.survival;
            }
            let limit = f64::from(limit).min(curve.longest);
            let mean = curve.restricted_mean(limit).mean;
            prop_assert!((-1e-9..=limit + 1e-9).contains(&mean));
            let pseudo = pseudo_values(&observed, limit);
            let of_pseudo = pseudo.iter().sum::<f64>() / pseudo.len() as f64;
            prop_assert!((of_pseudo - mean).abs() < 1e-9, "{} is not {}", of_pseudo, mean);
            if observed.iter().all(|one| one.event || one.time >= limit) {
                let plain = observed.iter().map(|one| one.time.min(limit)).sum::<f64>() / observed.len() as f64;
                prop_assert!((plain - mean).abs() < 1e-9, "{} is not {}", plain, mean);
            }
        }
    }
}
