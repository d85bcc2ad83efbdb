//! Agreement of two raters beyond chance.

use super::Interval;
use super::distributions::normal_critical;

/// Cohen's kappa with its large-sample standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kappa {
    /// 1: full agreement, 0: what chance gives, below: less than that.
    pub kappa: f64,
    /// Of the estimate; 0 when both always agree.
    pub standard_error: f64,
}

/// Cohen's kappa of two raters who answer yes or no. `counts[a][b]`: items of which the first said `a` and the second
/// `b`.
///
/// Cohen (1960), Educational and Psychological Measurement 20:37–46; the standard error is that of Fleiss, Cohen and
/// Everitt (1969), Psychological Bulletin 72:323–327, as in statsmodels' `cohens_kappa`. `None` without items, and when
/// both raters gave one and the same answer to all of them, for then chance agrees always too.
pub fn cohens_kappa(counts: [[u32; 2]; 2]) -> Option<Kappa> {
    let n: f64 = counts.iter().flatten().map(|count| f64::from(*count)).sum();
    if n == 0.0 {
        return None;
    }
    let share = counts.map(|row| row.map(|count| f64::from(count) / n));
    let first = share.map(|row| row[0] + row[1]);
    let second = [share[0][0] + share[1][0], share[0][1] + share[1][1]];
    let agree = share[0][0] + share[1][1];
    let by_chance = first[0] * second[0] + first[1] * second[1];
    let left = 1.0 - by_chance;
    if left <= 1e-12 {
        return None;
    }
    let kappa = (agree - by_chance) / left;
    let missed = 1.0 - kappa;
    let on: f64 = (0..2).map(|i| share[i][i] * (1.0 - (first[i] + second[i]) * missed).powi(2)).sum();
    let off: f64 =
        (0..2).map(|i| share[i][1 - i] * (second[i] + first[1 - i]).powi(2)).sum::<f64>() * missed * missed;
    let centre = (kappa - by_chance * missed).powi(2);
    let variance = (on + off - centre) / (left * left * n);
    Some(Kappa { kappa, standard_error: variance.max(0.0).sqrt() })
}

impl Kappa {
    /// The normal interval, not cut to what kappa can be; `None` when the standard error is 0.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let half = normal_critical(confidence) * self.standard_error;
        (half > 1e-9).then(|| Interval::between(self.kappa - half, self.kappa + half))
    }
}
