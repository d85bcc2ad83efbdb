//! Fisher's exact test of two shares.

/// A term this much smaller than the largest no longer changes a sum.
const NEGLIGIBLE: f64 = 1e-20;

/// Two-sided p of `hits` out of `trials` being the same share in both groups.
///
/// Fisher (1935): the sum of all tables with these margins that are no likelier than the observed one, ties within
/// 1e-7, as scipy's `fisher_exact`. 1 when a group is empty.
pub fn fisher_exact(first: (u64, u64), second: (u64, u64)) -> f64 {
    let ((hits_first, n_first), (hits_second, n_second)) = (first, second);
    let hits = hits_first + hits_second;
    let least = hits.saturating_sub(n_second);
    let most = hits.min(n_first);
    if n_first == 0 || n_second == 0 || least == most {
        return 1.0;
    }
    // P(k + 1) ÷ P(k) of the hypergeometric distribution of the first group's hits.
    let ratio = |k: u64| {
        let (up, down) =
            ((n_first - k) as f64 * (hits - k) as f64, (k + 1) as f64 * (n_second + k + 1 - hits) as f64);
        up / down
    };
    let mode = ((hits as f64 + 1.0) * (n_first as f64 + 1.0) / ((n_first + n_second) as f64 + 2.0)) as u64;
    let mode = mode.clamp(least, most);
    let observed = relative(mode, hits_first, ratio) * (1.0 + 1e-7);
    let (mut all, mut extreme) = (1.0, if observed >= 1.0 { 1.0 } else { 0.0 });
    let mut add = |term: f64| {
        all += term;
        extreme += if term <= observed { term } else { 0.0 };
        term >= NEGLIGIBLE.min(observed * NEGLIGIBLE)
    };
    let mut term = 1.0;
    for k in mode..most {
        term *= ratio(k);
        if !add(term) {
            break;
        }
    }
    term = 1.0;
    for k in (least..mode).rev() {
        term /= ratio(k);
        if !add(term) {
            break;
        }
    }
    (extreme / all).clamp(0.0, 1.0)
}

/// P(k) ÷ P(mode).
fn relative(mode: u64, k: u64, ratio: impl Fn(u64) -> f64) -> f64 {
    if k >= mode { (mode..k).map(ratio).product() } else { (k..mode).map(|j| 1.0 / ratio(j)).product() }
}
