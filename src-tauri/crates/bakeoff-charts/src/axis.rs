//! The value axis: where values lie, and where its ticks are.

use bakeoff_core::chart::{Scale, format};
use bakeoff_core::metric::Metric;

/// A value axis over pixels `from` to `to`.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

/// A tick: its value, where it is (in pixels) and its caption.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub value: f64,
    pub at: f64,
    pub caption: String,
}

impl Axis {
    /// The axis of rates: 0 to 1.
    pub fn unit_interval(from: f64, to: f64) -> Self {
        Self { scale: Scale::Linear, low: 0.0, high: 1.0, from, to }
    }

    /// An axis that holds all `values`; a linear one starts at 0.
    pub fn around(values: impl IntoIterator<Item = f64>, scale: Scale, from: f64, to: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        match scale {
            Scale::Logarithmic if low > 0.0 && high > low => {
                Self { scale, low: low / 1.08, high: high * 1.08, from, to }
            }
            _ => {
                let high = if high > 0.0 { high * 1.04 } else { 1.0 };
                Self { scale: Scale::Linear, low: 0.0, high, from, to }
            }
        }
    }

    /// The pixel of a value; values beyond the ends lie on them.
    pub fn at(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic if value > 0.0 => (value / self.low).ln() / (self.high / self.low).ln(),
            Scale::Logarithmic => 0.0,
        };
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        self.from + share * (self.to - self.from)
    }

    /// As many round ticks as have `room` pixels each.
    pub fn ticks(&self, metric: Metric, room: f64) -> Vec<Tick> {
        let most = ((self.to - self.from).abs() / room).max(1.0);
        let (values, step) = match self.scale {
            Scale::Linear => self.linear_ticks(metric, most),
            Scale::Logarithmic => (self.logarithmic_ticks(most), None),
        };
        values
            .into_iter()
            .map(|value| Tick {
                value,
                at: self.at(value),
                caption: format::tick(metric, value, step.unwrap_or(value)),
            })
            .collect()
    }

    fn linear_ticks(&self, metric: Metric, most: f64) -> (Vec<f64>, Option<f64>) {
        let span = self.high - self.low;
        let step = match metric {
            Metric::SuccessRate => {
                [0.1, 0.2, 0.25, 0.5].into_iter().find(|step| span / step <= most).unwrap_or(1.0)
            }
            _ => {
                let decade = 10_f64.powf((span / most).log10().floor());
                let steps = [1.0, 2.0, 5.0, 10.0].map(|round| round * decade);
                steps.into_iter().find(|step| span / step <= most).unwrap_or(span)
            }
        };
        let count = (span / step + 1e-9).floor() as u32;
        ((0..=count).map(|index| self.low + f64::from(index) * step).collect(), Some(step))
    }

    fn logarithmic_ticks(&self, most: f64) -> Vec<f64> {
        let decades = (self.low.log10().floor() as i32)..=(self.high.log10().ceil() as i32);
        let with = |rounds: &[f64]| -> Vec<f64> {
            decades
                .clone()
                .flat_map(|decade| rounds.iter().map(move |round| round * 10_f64.powi(decade)))
                .filter(|value| (self.low..=self.high).contains(value))
                .collect()
        };
        // The closest pair of 1-2-5 is a factor of 2 apart, of 1-3 a factor of 3.
        let per_decade = most / (self.high / self.low).log10();
        let dense = with(&[1.0, 2.0, 5.0]);
        match per_decade {
            room if room >= 3.4 => dense,
            room if room >= 2.1 => with(&[1.0, 3.0]),
            _ => Some(with(&[1.0])).filter(|ticks| ticks.len() > 1).unwrap_or(dense),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captions(axis: &Axis, metric: Metric) -> Vec<String> {
        axis.ticks(metric, 70.0)
            .into_iter()
            .map(|tick| tick.caption.replace(format::THIN_SPACE, " "))
            .collect()
    }

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        let axis = Axis::around([410.0, 2310.0], Scale::Linear, 100.0, 600.0);
        assert_eq!(captions(&axis, Metric::LatencyMs), ["0", "500 ms", "1.0 s", "1.5 s", "2.0 s"]);
        let rates = Axis::unit_interval(0.0, 400.0);
        assert_eq!(captions(&rates, Metric::SuccessRate), ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]);
        let narrow = Axis::around([0.0012], Scale::Linear, 0.0, 210.0);
        assert_eq!(captions(&narrow, Metric::CostUsd), ["0", "$0.0005", "$0.0010"]);
    }

    #[test]
    fn a_logarithmic_axis_has_equal_factors() {
        let axis = Axis::around([90.0, 20_000.0], Scale::Logarithmic, 0.0, 400.0);
        assert_eq!(captions(&axis, Metric::LatencyMs), ["100 ms", "300 ms", "1 s", "3 s", "10 s"]);
        let (a, b, c) = (axis.at(100.0), axis.at(1000.0), axis.at(10_000.0));
        assert!(((b - a) - (c - b)).abs() < 1e-9, "each decade is as wide as the next");
    }

    #[test]
    fn values_beyond_the_axis_lie_on_its_ends_and_nothing_is_not_a_number() {
        let axis = Axis::around([f64::NAN, f64::INFINITY, 10.0], Scale::Linear, 50.0, 150.0);
        assert_eq!(axis.at(-5.0), 50.0);
        assert_eq!(axis.at(1e9), 150.0);
        assert!(axis.at(f64::NAN).is_finite());
        let empty = Axis::around([], Scale::Logarithmic, 0.0, 100.0);
        assert!(empty.at(3.0).is_finite() && !empty.ticks(Metric::CostUsd, 50.0).is_empty());
    }
}
