//! Numbers as people read them: one place, so that window, charts, reports and terminal agree.
//!
//! A number and its unit are joined by a narrow no-break space, thousands are grouped by the same, the minus is a
//! real minus, and what is unknown is [`UNKNOWN`], never 0.

use crate::analysis::{Difference, Estimate};
use crate::metric::Metric;
use crate::stats::Interval;

/// Shown for what is not known.
pub const UNKNOWN: &str = "—";

/// Between a number and its unit, and between groups of thousands: narrow, and no line breaks there.
pub const THIN_SPACE: char = '\u{202f}';

const MINUS: char = '−';

/// A share of 0 to 1 as `91.7 %`. A share that only rounds to all or nothing says so: `> 99.9 %`, `< 0.1 %`.
pub fn percent(share: f64) -> String {
    match share {
        share if !share.is_finite() => UNKNOWN.to_owned(),
        share if share > 0.0 && share < 0.0005 => format!("<{THIN_SPACE}0.1{THIN_SPACE}%"),
        share if (0.9995..1.0).contains(&share) => format!(">{THIN_SPACE}99.9{THIN_SPACE}%"),
        share => format!("{}{THIN_SPACE}%", fixed(share * 100.0, 1)),
    }
}

/// A duration given in milliseconds: `0.42 ms`, `812 ms`, `1.24 s`, `75.3 s`, `4.2 min`.
pub fn milliseconds(ms: f64) -> String {
    let size = ms.abs();
    let (number, unit) = match size {
        _ if !ms.is_finite() => return UNKNOWN.to_owned(),
        0.0 => ("0".to_owned(), "ms"),
        _ if size < 10.0 => (fixed(ms, 2), "ms"),
        _ if size < 99.95 => (fixed(ms, 1), "ms"),
        _ if size < 999.5 => (fixed(ms, 0), "ms"),
        _ if size < 9_995.0 => (fixed(ms / 1e3, 2), "s"),
        _ if size < 119_950.0 => (fixed(ms / 1e3, 1), "s"),
        _ => (fixed(ms / 60e3, 1), "min"),
    };
    format!("{number}{THIN_SPACE}{unit}")
}

/// USD with two decimals from 1 dollar on and three significant figures below: `$1.24`, `$0.0312`, `$0.000420`.
pub fn usd(amount: f64) -> String {
    let size = amount.abs();
    let decimals = match size {
        _ if !amount.is_finite() => return UNKNOWN.to_owned(),
        0.0 => return "$0".to_owned(),
        _ if size < 1e-7 => return "<\u{202f}$0.0000001".to_owned(),
        _ if size >= 0.995 => 2,
        _ => (2 - size.log10().floor() as i32).clamp(2, 9) as usize,
    };
    match fixed(amount, decimals).strip_prefix(MINUS) {
        Some(positive) => format!("{MINUS}${positive}"),
        None => format!("${}", fixed(amount, decimals)),
    }
}

/// A count or a mean of tokens: `12 345`, `310.4`.
pub fn tokens(count: f64) -> String {
    match count.is_finite() {
        true if count.fract().abs() < 0.05 || count.abs() >= 1000.0 => fixed(count, 0),
        true => fixed(count, 1),
        false => UNKNOWN.to_owned(),
    }
}

/// A count with its thousands grouped.
pub fn count(number: u64) -> String {
    group_thousands(&number.to_string())
}

/// A value of a metric, in its unit.
pub fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::SuccessRate => percent(value),
        Metric::Score if value.is_finite() => fixed(value, 3),
        Metric::Score => UNKNOWN.to_owned(),
        Metric::LatencyMs => milliseconds(value),
        Metric::CostUsd | Metric::CostPerSuccessUsd => usd(value),
        Metric::DetectS | Metric::RestoreS => milliseconds(value * 1e3),
        Metric::TotalTokens
        | Metric::InputTokens
        | Metric::OutputTokens
        | Metric::Commands
        | Metric::Destructive => tokens(value),
    }
}

/// The same for a value that may be unknown.
pub fn optional(metric: Metric, known: Option<f64>) -> String {
    known.map_or_else(|| UNKNOWN.to_owned(), |known| value(metric, known))
}

/// `[85.2 %, 95.5 %]`; a bound that can't be given is `—`. Empty without an interval.
pub fn interval(metric: Metric, interval: Option<Interval>) -> String {
    interval.map_or_else(String::new, |bounds| {
        format!("[{}, {}]", optional(metric, bounds.low), optional(metric, bounds.high))
    })
}

/// An estimate with its interval and n: `91.7 % [85.2 %, 95.5 %], n = 120`; `— (price unknown), n = 0`; a dash and the
/// reason where only the interval is missing: `35 s — (no spread), n = 3`.
pub fn estimate(metric: Metric, estimate: &Estimate) -> String {
    let mut text = optional(metric, estimate.value);
    let bounds = interval(metric, estimate.interval);
    if !bounds.is_empty() {
        text.push(' ');
        text.push_str(&bounds);
    } else {
        if estimate.value.is_some() {
            text.push_str(&format!(" {UNKNOWN}"));
        }
        if let Some(note) = &estimate.note {
            text.push_str(&format!(" ({note})"));
        }
    }
    format!("{text}, n = {}", count(u64::from(estimate.n)))
}

/// A difference with its sign: `+30.8 pp` (percentage points, for rates), `−120 ms`, `+0.042`, `±0`.
pub fn signed(metric: Metric, difference: f64) -> String {
    if !difference.is_finite() {
        return UNKNOWN.to_owned();
    }
    let text = match metric {
        Metric::SuccessRate => format!("{}{THIN_SPACE}pp", fixed(difference.abs() * 100.0, 1)),
        _ => value(metric, difference.abs()),
    };
    match difference {
        _ if !text.contains(|c: char| ('1'..='9').contains(&c)) => format!("±{text}"),
        difference if difference < 0.0 => format!("{MINUS}{text}"),
        _ => format!("+{text}"),
    }
}

/// A difference to the baseline with its interval: `+30.8 pp [+19.9 pp, +41.4 pp]`.
pub fn difference(difference: &Difference) -> String {
    let show =
        |known: Option<f64>| known.map_or(UNKNOWN.to_owned(), |known| signed(difference.metric, known));
    match difference.difference.interval {
        None => show(difference.difference.value),
        Some(Interval { low, high }) => {
            format!("{} [{}, {}]", show(difference.difference.value), show(low), show(high))
        }
    }
}

/// A p value: `0.034`, `< 0.001`.
pub fn p_value(p: f64) -> String {
    match p {
        p if !p.is_finite() => UNKNOWN.to_owned(),
        p if p < 0.001 => format!("<{THIN_SPACE}0.001"),
        p => fixed(p, 3),
    }
}

/// The caption of a tick on an axis whose ticks are `step` apart (for a logarithmic axis, pass the tick itself).
pub fn tick(metric: Metric, position: f64, step: f64) -> String {
    let decimals = |unit: f64| (-(step.abs() / unit).log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
    match metric {
        _ if position == 0.0 && metric != Metric::SuccessRate => "0".to_owned(),
        Metric::SuccessRate => format!("{}{THIN_SPACE}%", fixed(position * 100.0, decimals(0.01))),
        Metric::Score => fixed(position, decimals(1.0)),
        Metric::LatencyMs if position.abs() >= 999.5 => {
            format!("{}{THIN_SPACE}s", fixed(position / 1e3, decimals(1e3)))
        }
        Metric::LatencyMs => format!("{}{THIN_SPACE}ms", fixed(position, decimals(1.0))),
        Metric::CostUsd | Metric::CostPerSuccessUsd => format!("${}", fixed(position, decimals(1.0))),
        Metric::DetectS | Metric::RestoreS => format!("{}{THIN_SPACE}s", fixed(position, decimals(1.0))),
        Metric::TotalTokens
        | Metric::InputTokens
        | Metric::OutputTokens
        | Metric::Commands
        | Metric::Destructive => fixed(position, decimals(1.0)),
    }
}

/// A number with so many decimals, thousands grouped, a real minus, and no "minus zero".
fn fixed(number: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", number.abs());
    let is_zero = !text.contains(|c: char| ('1'..='9').contains(&c));
    let grouped = match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", group_thousands(whole)),
        None => group_thousands(&text),
    };
    if number < 0.0 && !is_zero { format!("{MINUS}{grouped}") } else { grouped }
}

/// Groups digits by threes from 5 digits on (1234 stays as it is).
fn group_thousands(digits: &str) -> String {
    if digits.len() < 5 {
        return digits.to_owned();
    }
    let mut grouped = String::with_capacity(digits.len() + digits.len());
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(THIN_SPACE);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
