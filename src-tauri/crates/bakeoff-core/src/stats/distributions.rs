//! Quantiles and tails of the normal and of Student's t distribution, from statrs.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// From these degrees of freedom on, t is computed from the normal by its asymptotic expansion, whose error is then
/// below 1e-12, while the continued fraction of the incomplete beta function stops converging.
const LARGE: f64 = 2_000.0;

/// The standard normal quantile: `z` with Φ(z) = p, for p in (0, 1).
pub fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// The standard normal cumulative distribution Φ(z).
pub fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// The two-sided critical value of the normal: 1.96 for a confidence of 0.95.
pub fn normal_critical(confidence: f64) -> f64 {
    normal_quantile(0.5 + confidence / 2.0)
}

/// The two-sided critical value of Student's t with the given degrees of freedom (at least 1).
///
/// Above 2,000 degrees of freedom: Cornish–Fisher expansion, Abramowitz and Stegun 26.7.5.
pub fn t_critical(confidence: f64, freedom: f64) -> f64 {
    if freedom < LARGE {
        return student(freedom).inverse_cdf(0.5 + confidence / 2.0);
    }
    let z = normal_critical(confidence);
    let g1 = (z.powi(3) + z) / 4.0;
    let g2 = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let g3 = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + g1 / freedom + g2 / freedom.powi(2) + g3 / freedom.powi(3)
}

/// The two-sided p value of a t statistic: P(|T| ≥ |t|).
///
/// Above 2,000 degrees of freedom: the normal approximation of Wallace (1959), Annals of Mathematical Statistics
/// 30:1121–1130, (8ν + 1) ÷ (8ν + 3) · √(ν ln(1 + t²/ν)), good to 1e-5 of any p value
/// above 1e-20.
pub fn t_two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    let p = if freedom < LARGE {
        2.0 * student(freedom).sf(t.abs())
    } else {
        let z = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0) * (freedom * (t * t / freedom).ln_1p()).sqrt();
        2.0 * Normal::standard().sf(z)
    };
    p.clamp(0.0, 1.0)
}

fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom.max(1.0)).expect("location, scale and freedom are valid")
}
