//! The binomial distribution by walking away from one term: exact for any n, where the incomplete beta function of
//! the usual libraries stops converging at large n.

use statrs::function::factorial::ln_binomial;

/// A term this much smaller than the largest no longer changes a sum.
const NEGLIGIBLE: f64 = 1e-20;

/// P(X = k) and P(X ≤ k) for X ~ Binomial(m, ½), with k ≤ m ÷ 2.
pub fn lower_tail_half(m: u64, k: u64) -> (f64, f64) {
    let term = (ln_binomial(m, k) - m as f64 * std::f64::consts::LN_2).exp();
    let (mut tail, mut next) = (term, term);
    for j in (1..=k).rev() {
        next *= j as f64 / (m - j + 1) as f64;
        tail += next;
        if next < tail * NEGLIGIBLE {
            break;
        }
    }
    (term, tail)
}

/// For X ~ Binomial(n, p) with 0 < p < 1: the smallest k with P(X ≤ k) ≥ tail, and the smallest k with
/// P(X > k) ≤ tail (scipy's `ppf(tail)` and `isf(tail)`).
pub fn central_range(n: u64, p: f64, tail: f64) -> (u64, u64) {
    let (first, terms) = terms(n, p);
    let limit = tail * terms.iter().sum::<f64>();
    let low = count_until(terms.iter(), |below| below >= limit);
    let above = count_until(terms.iter().rev(), |above| above > limit);
    (first + low as u64, first + (terms.len() - 1 - above) as u64)
}

/// How many terms can be added up before the sum satisfies `reached`.
fn count_until<'a>(terms: impl Iterator<Item = &'a f64>, reached: impl Fn(f64) -> bool) -> usize {
    let mut sum = 0.0;
    terms
        .take_while(|term| {
            sum += **term;
            !reached(sum)
        })
        .count()
}

/// The probabilities that matter, up to a common factor, and the number of successes of the first of them.
fn terms(n: u64, p: f64) -> (u64, Vec<f64>) {
    let mode = (((n + 1) as f64 * p) as u64).min(n);
    let odds = p / (1.0 - p);
    let mut below = Vec::new();
    let mut term = 1.0;
    for k in (0..mode).rev() {
        term *= (k + 1) as f64 / ((n - k) as f64 * odds);
        if term < NEGLIGIBLE {
            break;
        }
        below.push(term);
    }
    let first = mode - below.len() as u64;
    below.reverse();
    let mut terms = below;
    terms.push(1.0);
    term = 1.0;
    for k in mode..n {
        term *= (n - k) as f64 * odds / (k + 1) as f64;
        if term < NEGLIGIBLE {
            break;
        }
        terms.push(term);
    }
    (first, terms)
}
