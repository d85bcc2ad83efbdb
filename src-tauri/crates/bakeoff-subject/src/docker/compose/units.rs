//! Compose's ways of writing durations and sizes.

use std::time::Duration;

/// `1m30s`, `500ms`, `2h`: numbers with the units us, ms, s, m, h.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds = 0.0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let factor = match unit {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = tail;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// `256m`, `1gb`, `1024`: bytes, with the units b, k, m, g (powers of 1024) and an optional b behind them.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" => 1_u64,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(factor),
        Err(_) => {
            let part = number.parse::<f64>().ok()? * factor as f64;
            (part.is_finite() && part >= 0.0).then_some(part as u64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_read_as_compose_writes_them() {
        let milliseconds = |text| duration(text).map(|value| value.as_millis());
        assert_eq!(milliseconds("5s"), Some(5_000), "seconds");
        assert_eq!(milliseconds("1m30s"), Some(90_000), "sums");
        assert_eq!(milliseconds("1.5s"), Some(1_500), "fractions");
        assert_eq!(milliseconds("250ms"), Some(250), "milliseconds");
        assert_eq!(
            (milliseconds("5"), milliseconds(""), milliseconds("5 days")),
            (None, None, None),
            "a unit is needed"
        );
        assert_eq!(bytes("256m"), Some(256 << 20), "binary mega");
        assert_eq!(bytes("1GB"), Some(1 << 30), "binary giga in capitals");
        assert_eq!(bytes("64MiB"), Some(64 << 20), "the long way");
        assert_eq!(bytes("0.5g"), Some(512 << 20), "fractions");
        assert_eq!((bytes("1024"), bytes("many"), bytes("5x")), (Some(1024), None, None), "bytes, nonsense");
    }
}
