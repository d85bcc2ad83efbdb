//! Times for people and for file names, in the local time zone.

use bakeoff_core::trial::Millis;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Now, in milliseconds since 1970 UTC.
pub fn now() -> Millis {
    Timestamp::now().as_millisecond()
}

/// Such as `2026-11-20 14:03`.
pub fn local(at: Millis) -> String {
    format(at, "%Y-%m-%d %H:%M")
}

/// Such as `20261120_140359`.
pub fn file_stamp(at: Millis) -> String {
    format(at, "%Y%m%d_%H%M%S")
}

fn format(at: Millis, pattern: &str) -> String {
    Timestamp::from_millisecond(at)
        .map(|at| at.to_zoned(TimeZone::system()).strftime(pattern).to_string())
        .unwrap_or_else(|_| "unknown".to_owned())
}
