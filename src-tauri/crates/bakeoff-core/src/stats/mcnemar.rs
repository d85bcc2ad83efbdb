//! McNemar's test of two rates on the same cases, one trial a case.

use super::binomial::lower_tail_half;

/// The exact conditional two-sided p: min(1, 2 · P(Bin(m, ½) ≤ min(b, c))) with m = b + c discordant cases.
///
/// McNemar (1947), as scipy's `binomtest(b, b + c)`.
pub fn exact(b: u64, c: u64) -> f64 {
    let (_, tail) = lower_tail_half(b + c, b.min(c));
    (2.0 * tail).min(1.0)
}

/// The mid-p version: the exact p less the probability of the observed table.
///
/// Fagerland, Lydersen and Laake (2013), BMC Medical Research Methodology 13:91.
pub fn mid_p(b: u64, c: u64) -> f64 {
    let (term, tail) = lower_tail_half(b + c, b.min(c));
    (2.0 * tail - term).min(1.0)
}
