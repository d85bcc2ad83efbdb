//! Moments as people write them.

use crate::trial::Millis;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Milliseconds since 1970 UTC of `2026-11-01T08:30:00Z` (any offset) or of `2026-11-01` (midnight UTC).
///
/// # Errors
/// With what is allowed.
pub fn moment(text: &str) -> Result<Millis, String> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    // A date alone, not one with a time behind it whose offset would be guessed.
    let is_date = text.len() == 10;
    let midnight =
        text.parse::<Date>().ok().filter(|_| is_date).and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    midnight
        .map(|at| at.timestamp().as_millisecond())
        .ok_or_else(|| format!("\"{text}\" is no moment; write it as 2026-11-01T08:30:00Z or as 2026-11-01"))
}

/// A moment as RFC 3339 text in UTC; the number itself where no calendar has it.
pub fn moment_text(at: Millis) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_with_an_offset_or_as_dates() {
        assert_eq!(moment("1970-01-02"), Ok(86_400_000));
        assert_eq!(moment("1970-01-01T01:00:00+01:00"), Ok(0));
        assert_eq!(
            moment(" 2026-11-01T08:30:00.250Z ").map(moment_text).as_deref(),
            Ok("2026-11-01T08:30:00.25Z")
        );
        for wrong in ["", "yesterday", "2026-11-01T08:30:00", "2026-13-01", "01.11.2026"] {
            assert!(moment(wrong).is_err_and(|why| why.contains("write it as")), "{wrong}");
        }
    }
}
