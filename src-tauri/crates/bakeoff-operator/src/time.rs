//! Moments as Operator writes them: in `eval.db` UTC with an offset, in `operator.db` local time without one.

use bakeoff_core::trial::Millis;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The zone in which a program wrote times without an offset.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// A zone by its name (`Europe/Berlin`, `UTC`); `None`: that of this machine.
    ///
    /// # Errors
    /// There is no such zone.
    pub fn named(name: Option<&str>) -> Result<Self, String> {
        let Some(name) = name else { return Ok(Self(TimeZone::system())) };
        TimeZone::get(name)
            .map(Self)
            .map_err(|_| format!("there is no time zone {name:?}; write it as in Europe/Berlin, or UTC"))
    }

    /// UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// A moment as a program in this zone writes it without an offset, to the microsecond, as Python does.
    pub fn naive(&self, at: Millis) -> String {
        let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(self.0.clone()).datetime().strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()
    }
}

/// Reads a moment. One without an offset is of `zone`; in the hour that a clock is put back the earlier one is meant.
/// `None`: it is no moment.
pub fn moment(text: &str, zone: &Zone) -> Option<Millis> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    }
    let naive: DateTime = text.parse().ok()?;
    Some(naive.to_zoned(zone.0.clone()).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_with_and_without_an_offset() {
        let berlin = Zone::named(Some("Europe/Berlin")).expect("a zone");
        let noon = 1_736_510_400_000;
        for (text, zone, wanted) in [
            ("2025-01-10T12:00:00+00:00", &berlin, noon),
            ("2025-01-10T12:00:00.250000+00:00", &berlin, noon + 250),
            ("2025-01-10T13:00:00+01:00", &berlin, noon),
            ("2025-01-10T12:00:00Z", &berlin, noon),
            ("2025-01-10T13:00:00.5", &berlin, noon + 500),
            ("2025-01-10 12:00:00", &Zone::utc(), noon),
        ] {
            assert_eq!(moment(text, zone), Some(wanted), "{text}");
        }
        assert_eq!(moment("yesterday", &berlin), None);
        assert_eq!(moment(&berlin.naive(noon + 7), &berlin), Some(noon + 7), "there and back");
        assert!(Zone::named(Some("Europe/Nowhere")).is_err());
    }
}
