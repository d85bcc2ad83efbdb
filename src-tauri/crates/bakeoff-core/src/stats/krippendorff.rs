//! Agreement of any number of raters, of whom some may not have rated some items.

use super::Interval;
use super::bootstrap;

/// What kind of values are rated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Names: two values are the same or not.
    Nominal,
    /// Numbers: what differs counts by its square.
    Interval,
}

/// Krippendorff's alpha: 1 − observed ÷ expected disagreement, over the items that at least two raters have rated.
/// `items` holds the ratings of each item; who rated what doesn't matter.
///
/// Krippendorff (2011), "Computing Krippendorff's alpha-reliability"; as `alpha` of the Python package `krippendorff`.
/// `None` without two ratings of one item, and when all ratings are the same, for then nothing could have differed.
pub fn alpha(items: &[Vec<f64>], level: Level) -> Option<f64> {
    let items = Items::of(items, level);
    items.alpha(0..items.sums.len())
}

/// The percentile interval of alpha from resampling items. `None` when there is no alpha, when more than one resample
/// in twenty has none, or when all have the same.
pub fn alpha_interval(
    items: &[Vec<f64>],
    level: Level,
    resamples: usize,
    seed: u64,
    confidence: f64,
) -> Option<Interval> {
    let items = Items::of(items, level);
    items.alpha(0..items.sums.len())?;
    let statistic = |drawn: &mut dyn Iterator<Item = usize>| items.alpha(drawn).unwrap_or(f64::NAN);
    let mut found = bootstrap::replicates(items.sums.len(), resamples, seed, statistic);
    found.retain(|value| value.is_finite());
    if found.len() * 20 < resamples * 19 {
        return None;
    }
    bootstrap::percentile(&mut found, confidence).filter(|interval| interval.half_width() > Some(1e-9))
}

/// The items with at least two ratings.
struct Items {
    level: Level,
    sums: Vec<Sums>,
    /// Of each item, how often each name was given; empty for numbers.
    counts: Vec<Vec<f64>>,
}

/// Number, sum and sum of squares of ratings around their overall mean.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn of(ratings: &[f64], mean: f64) -> Self {
        Self {
            count: ratings.len() as f64,
            sum: ratings.iter().map(|rating| rating - mean).sum(),
            squares: ratings.iter().map(|rating| (rating - mean).powi(2)).sum(),
        }
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// The sum of squared differences over all ordered pairs.
    fn differences(self) -> f64 {
        (2.0 * (self.count * self.squares - self.sum * self.sum)).max(0.0)
    }
}

/// The distinct values, in order.
fn names(mut ratings: Vec<f64>) -> Vec<f64> {
    ratings.sort_by(f64::total_cmp);
    ratings.dedup();
    ratings
}

/// How often each name was given.
fn counts(ratings: &[f64], names: &[f64]) -> Vec<f64> {
    names.iter().map(|name| ratings.iter().filter(|rating| *rating == name).count() as f64).collect()
}

/// The number of ordered pairs that differ.
fn differing(counts: &[f64]) -> f64 {
    let all: f64 = counts.iter().sum();
    all * all - counts.iter().map(|count| count * count).sum::<f64>()
}

impl Items {
    fn of(items: &[Vec<f64>], level: Level) -> Self {
        let rated: Vec<&Vec<f64>> = items.iter().filter(|ratings| ratings.len() > 1).collect();
        let all = || rated.iter().flat_map(|ratings| ratings.iter().copied());
        let mean = all().sum::<f64>() / all().count().max(1) as f64;
        let names = if level == Level::Nominal { names(all().collect()) } else { Vec::new() };
        Self {
            level,
            sums: rated.iter().map(|ratings| Sums::of(ratings, mean)).collect(),
            counts: rated.iter().map(|ratings| counts(ratings, &names)).collect(),
        }
    }

    /// Alpha over the chosen items, of which one may be chosen several times.
    fn alpha(&self, chosen: impl Iterator<Item = usize>) -> Option<f64> {
        let mut total = Sums::default();
        let mut of_names = vec![0.0; self.counts.first().map_or(0, Vec::len)];
        let mut observed = 0.0;
        for item in chosen {
            let (sums, counts) = (self.sums.get(item)?, self.counts.get(item)?);
            total.add(*sums);
            for (sum, count) in of_names.iter_mut().zip(counts) {
                *sum += count;
            }
            let within = match self.level {
                Level::Nominal => differing(counts),
                Level::Interval => sums.differences(),
            };
            observed += within / (sums.count - 1.0);
        }
        let expected = match self.level {
            Level::Nominal => differing(&of_names),
            Level::Interval => total.differences(),
        };
        (expected > 1e-9).then(|| 1.0 - (total.count - 1.0) * observed / expected)
    }
}
