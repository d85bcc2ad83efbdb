//! When a candidate was published, as rows tell it: in more ways than files of ours may.

use crate::trial::Millis;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// What is allowed, in words.
pub(super) const ALLOWED: &str = "2026-11-16T08:30:00Z, 2026-11-16 08:30:00 (taken as UTC), 2026-11-16, or seconds or \
    milliseconds since 1970";

/// From this number on, a number is milliseconds and not seconds: it is the year 5138 in seconds and 1973 in
/// milliseconds.
const MILLISECONDS_FROM: f64 = 1e11;

/// Reads a moment: a text as in RFC 3339, a date with or without a time of day (UTC), or a number, also in quotes, of
/// seconds or milliseconds since 1970. Eight digits are a date without hyphens.
pub(super) fn read(value: &Value) -> Option<Millis> {
    match value {
        Value::Number(number) => of_number(number.as_f64()?),
        Value::String(text) => of_text(text.trim()),
        _ => None,
    }
}

fn of_text(text: &str) -> Option<Millis> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    if let Ok(local) = text.parse::<DateTime>() {
        return Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond());
    }
    of_number(text.parse().ok()?)
}

fn of_number(number: f64) -> Option<Millis> {
    let milliseconds = if number.abs() < MILLISECONDS_FROM { number * 1_000.0 } else { number };
    // A number that is none becomes 0 here, and one out of range the nearest, so both are looked for before.
    let fits = milliseconds.is_finite() && milliseconds.abs() < 1e18;
    let milliseconds = fits.then(|| milliseconds.round() as i64)?;
    Timestamp::from_millisecond(milliseconds).ok().map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::moment_text;
    use serde_json::json;

    /// 2026-11-16 08:30:00 UTC.
    const MOMENT: Millis = 1_794_817_800_000;

    #[test]
    fn every_usual_form_is_read() {
        for value in [
            json!("2026-11-16T08:30:00Z"),
            json!("2026-11-16t08:30:00z"),
            json!("2026-11-16T08:30:00.000Z"),
            json!("2026-11-16T10:30:00+02:00"),
            json!("2026-11-16 08:30:00+00"),
            json!(" 2026-11-16 08:30:00 "),
            json!("2026-11-16 08:30"),
            json!(1_794_817_800),
            json!(1_794_817_800_000_i64),
            json!(1_794_817_800.0),
            json!("1794817800"),
            json!("1794817800000"),
        ] {
            assert_eq!(read(&value), Some(MOMENT), "{value}");
        }
        let midnight = MOMENT - (8 * 60 + 30) * 60_000;
        assert_eq!(read(&json!("2026-11-16")), Some(midnight));
        assert_eq!(read(&json!("20261116")), Some(midnight));
        assert_eq!(read(&json!("1969-12-31T23:59:59Z")), Some(-1_000));
        assert_eq!(read(&json!(0)), Some(0));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for value in [
            json!("soon"),
            json!("16.11.2026"),
            json!("2026-13-01"),
            json!("2026-02-30"),
            json!("2026-11-16T25:00:00Z"),
            json!("08:30"),
            json!("NaN"),
            json!("inf"),
            json!(1e300),
            json!(true),
            json!(["2026-11-16"]),
            json!(null),
            json!(""),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }

    #[test]
    fn written_moments_are_read_back() {
        for moment in [0, -1, MOMENT, MOMENT + 123, 253_402_207_200_000] {
            assert_eq!(read(&json!(moment_text(moment))), Some(moment));
        }
    }
}
