//! What the formatter writes, sample by sample (`_` stands for the narrow no-break space).

use super::*;

#[track_caller]
fn check(actual: String, expected: &str) {
    assert_eq!(actual.replace(THIN_SPACE, "_"), expected);
}

#[test]
fn shares_have_one_decimal_and_never_round_to_certainty() {
    check(percent(0.9167), "91.7_%");
    check(percent(1.0), "100.0_%");
    check(percent(0.0), "0.0_%");
    check(percent(0.99999), ">_99.9_%");
    check(percent(0.00001), "<_0.1_%");
    check(percent(f64::NAN), "—");
}

#[test]
fn durations_change_their_unit() {
    check(milliseconds(0.0), "0_ms");
    check(milliseconds(0.4213), "0.42_ms");
    check(milliseconds(31.44), "31.4_ms");
    check(milliseconds(812.3), "812_ms");
    check(milliseconds(999.7), "1.00_s");
    check(milliseconds(1240.0), "1.24_s");
    check(milliseconds(75_300.0), "75.3_s");
    check(milliseconds(252_000.0), "4.2_min");
}

#[test]
fn dollars_keep_three_significant_figures_below_one() {
    check(usd(0.0), "$0");
    check(usd(12_345.678), "$12_345.68");
    check(usd(1.239), "$1.24");
    check(usd(0.03123), "$0.0312");
    check(usd(0.00042), "$0.000420");
    check(usd(1e-9), "<_$0.0000001");
    check(usd(-2.5), "−$2.50");
}

#[test]
fn tokens_are_grouped() {
    check(tokens(310.0), "310");
    check(tokens(310.44), "310.4");
    check(tokens(12_345.4), "12_345");
    check(count(1_234_567), "1_234_567");
}

#[test]
fn differences_have_a_sign() {
    check(signed(Metric::SuccessRate, 0.308), "+30.8_pp");
    check(signed(Metric::SuccessRate, -0.0421), "−4.2_pp");
    check(signed(Metric::SuccessRate, -0.00001), "±0.0_pp");
    check(signed(Metric::LatencyMs, -120.0), "−120_ms");
    check(signed(Metric::CostUsd, 0.0004), "+$0.000400");
}

#[test]
fn an_estimate_says_its_n_and_why_it_is_unknown() {
    let mut known = Estimate {
        value: Some(0.9167),
        interval: Some(Interval { low: Some(0.852), high: Some(0.955) }),
        n: 120,
        method: "Wilson".into(),
        note: None,
    };
    check(estimate(Metric::SuccessRate, &known), "91.7_% [85.2_%, 95.5_%], n = 120");
    known.interval = Some(Interval { low: Some(0.852), high: None });
    check(estimate(Metric::SuccessRate, &known), "91.7_% [85.2_%, —], n = 120");
    let alone = Estimate { interval: None, note: Some("no spread".into()), ..known.clone() };
    check(estimate(Metric::SuccessRate, &alone), "91.7_% — (no spread), n = 120");
    let unknown = Estimate { value: None, interval: None, n: 0, note: Some("price unknown".into()), ..known };
    check(estimate(Metric::CostUsd, &unknown), "— (price unknown), n = 0");
}

#[test]
fn ticks_have_as_many_decimals_as_their_step_needs() {
    check(tick(Metric::SuccessRate, 0.25, 0.25), "25_%");
    check(tick(Metric::SuccessRate, 0.0, 0.25), "0_%");
    check(tick(Metric::LatencyMs, 1500.0, 500.0), "1.5_s");
    check(tick(Metric::LatencyMs, 500.0, 500.0), "500_ms");
    check(tick(Metric::CostUsd, 0.0002, 0.0001), "$0.0002");
    check(tick(Metric::TotalTokens, 15_000.0, 5_000.0), "15_000");
    check(p_value(0.0342), "0.034");
    check(p_value(0.00001), "<_0.001");
}
