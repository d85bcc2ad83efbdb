//! The survival chart: how long systems stay broken, those that were not restored among them.

use super::{ChartBody, SeriesHead};
use crate::analysis::{Comparison, FaultSummary, SurvivalStep, VariantSummary};
use crate::chart::format;

/// One variant's survival curve.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalSeries {
    /// Whose.
    pub series: SeriesHead,
    /// Trials behind it.
    pub n: u32,
    /// The curve after each of its steps; before the first it is 1.
    pub steps: Vec<SurvivalStep>,
    /// Where each trial is censored whose system was not restored, seconds, ascending: see [`FaultSummary::censored_s`].
    pub censored: Vec<f64>,
}

impl SurvivalSeries {
    /// The last moment of the curve, seconds: the last restoration or censoring.
    pub fn end(&self) -> f64 {
        let last = self.steps.last().map_or(0.0, |step| step.at_s);
        self.censored.last().copied().unwrap_or(0.0).max(last)
    }

    /// How many were neither restored nor censored just before a moment, as the table below such curves has it.
    pub fn at_risk(&self, at: f64) -> u32 {
        let restored: u32 = self.steps.iter().filter(|step| step.at_s < at).map(|step| step.restored).sum();
        let censored = self.censored.iter().filter(|censored| **censored < at).count() as u32;
        self.n.saturating_sub(restored + censored)
    }

    /// The share that is not restored at a moment.
    pub fn share(&self, at: f64) -> f64 {
        self.steps.iter().take_while(|step| step.at_s <= at).last().map_or(1.0, |step| step.unrestored)
    }

    /// The moments of censoring: each with the curve there, and how many trials.
    pub fn censored_places(&self) -> Vec<(f64, f64, u32)> {
        let mut places: Vec<(f64, f64, u32)> = Vec::new();
        for at in &self.censored {
            match places.last_mut() {
                Some((last, _, count)) if *last == *at => *count += 1,
                _ => places.push((*at, self.share(*at), 1)),
            }
        }
        places
    }
}

/// The body of the chart; nothing for campaigns without faults.
pub(super) fn body(comparison: &Comparison, head: impl Fn(&VariantSummary) -> SeriesHead) -> ChartBody {
    let series = comparison.variants.iter().filter_map(|variant| {
        let faults = variant.faults.as_ref()?;
        Some(SurvivalSeries {
            series: head(variant),
            n: faults.restore_s.n,
            steps: faults.survival.clone(),
            censored: faults.censored_s.clone(),
        })
    });
    ChartBody::Survival(series.collect())
}

/// A variant's curve in words: `9 of 12 restored in time, half within 4.2 s`.
pub(super) fn words(faults: &FaultSummary) -> String {
    let n = faults.restore_s.n;
    let restored: u32 = faults.survival.iter().map(|step| step.restored).sum();
    let median = match faults.restore_s.p50.value {
        Some(seconds) => format!("half within {}", format::milliseconds(seconds * 1_000.0)),
        None => "fewer than half".to_owned(),
    };
    format!("{restored} of {n} restored in time, {median}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::kaplan_meier::{Observed, kaplan_meier};

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

    #[test]
    fn numbers_at_risk_are_those_of_lifelines() {
        let observed = TREATED.map(|(time, event)| Observed { time, event });
        let curve = kaplan_meier(&observed, 0.95).expect("there are times");
        let step = |step: &crate::stats::kaplan_meier::Step| SurvivalStep {
            at_s: step.at,
            unrestored: step.survival,
            low: step.interval.low,
            high: step.interval.high,
            at_risk: step.at_risk,
            restored: step.events,
        };
        let series = SurvivalSeries {
            series: SeriesHead { name: "treated".into(), colour: 0 },
            n: curve.n,
            steps: curve.steps.iter().map(step).collect(),
            censored: TREATED.iter().filter(|(_, event)| !event).map(|(time, _)| *time).collect(),
        };
        // lifelines 0.30.3, KaplanMeierFitter.event_table.at_risk at these times.
        let at_risk = [0.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0, 35.0].map(|at| series.at_risk(at));
        assert_eq!(at_risk, [21, 21, 17, 15, 12, 11, 7, 6, 1]);
        assert_eq!(series.end(), 35.0);
        assert_eq!(series.censored_places().iter().map(|place| place.2).sum::<u32>(), 12);
        assert!(series.censored_places().contains(&(32.0, series.share(23.0), 2)), "two left together");
        assert!(series.steps.iter().all(|step| series.at_risk(step.at_s) == step.at_risk));
    }
}
