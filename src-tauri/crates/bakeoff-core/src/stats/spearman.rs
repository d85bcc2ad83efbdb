//! Whether two orders of the same items go together.

use super::Interval;
use super::distributions::normal_critical;

/// Spearman's rank correlation: Pearson's correlation of the ranks, where equal values get the mean of their ranks.
///
/// Spearman (1904), American Journal of Psychology 15:72–101; as scipy's `spearmanr`. `None` below two pairs and when
/// one side has one value only.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let first = ranks(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>());
    let second = ranks(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>());
    // Every ranking has this mean.
    let mean = f64::midpoint(1.0, pairs.len() as f64);
    let (mut together, mut of_first, mut of_second) = (0.0, 0.0, 0.0);
    for (a, b) in first.iter().zip(&second) {
        together += (a - mean) * (b - mean);
        of_first += (a - mean).powi(2);
        of_second += (b - mean).powi(2);
    }
    (of_first > 0.0 && of_second > 0.0).then(|| (together / (of_first * of_second).sqrt()).clamp(-1.0, 1.0))
}

/// The interval of a rank correlation `r` of `n` pairs by Fisher's z with the standard error √((1 + r²/2) ÷ (n − 3)).
///
/// Bonett and Wright (2000), Psychometrika 65:23–28. `None` below four pairs and for r = ±1, where z is infinite.
pub fn spearman_interval(r: f64, n: usize, confidence: f64) -> Option<Interval> {
    if n < 4 || r.abs() >= 1.0 - 1e-12 {
        return None;
    }
    let half = normal_critical(confidence) * ((1.0 + r * r / 2.0) / (n as f64 - 3.0)).sqrt();
    Some(Interval::between((r.atanh() - half).tanh(), (r.atanh() + half).tanh()))
}

/// The rank of each value, from 1; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0.0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = before + f64::midpoint(1.0, tied.len() as f64);
        for index in tied {
            ranks[*index] = rank;
        }
        before += tied.len() as f64;
    }
    ranks
}
