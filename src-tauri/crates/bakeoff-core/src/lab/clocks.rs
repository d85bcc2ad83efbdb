//! The times of a trial that are compared, from its moments.

use super::Clocks;
use crate::trial::Millis;

/// Times in seconds, as [`super::FaultTrial`] has them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Times {
    /// From the first symptom (without one: the landed fault) to the ticket. A ticket that came between the fault's
    /// begin and the first sample that shows it was seen at once: 0. One from before the fault is not about it: `None`.
    pub detect_s: Option<f64>,
    /// From the landed fault to the restored system, at least 0.
    pub restore_s: Option<f64>,
    /// Where it was not restored: from the landed fault to the end of watching.
    pub censored_s: Option<f64>,
    /// From the restored system to the agent's word that it is resolved; below 0: too early.
    pub claim_lag_s: Option<f64>,
}

impl Times {
    /// From a trial's moments. `watched_until`: the end of the time limit, or the verdict where that came sooner.
    /// `claimed`: an agent said that it is resolved, so that `resolved_at` is its word and not the monitor's. A fault
    /// that did not land (and the control) has no times.
    pub fn of(clocks: &Clocks, watched_until: Millis, claimed: bool) -> Self {
        let Some(landed) = clocks.landed_at else { return Self::default() };
        let begun = clocks.inject_begin_at.unwrap_or(landed);
        let ticket = clocks.ticket_at.filter(|ticket| *ticket >= begun);
        let restore_s = clocks.restored_at.map(|restored| seconds(landed, restored).max(0.0));
        let claim = clocks.resolved_at.filter(|_| claimed);
        Self {
            detect_s: ticket.map(|ticket| seconds(clocks.onset_at.unwrap_or(landed), ticket).max(0.0)),
            restore_s,
            censored_s: restore_s.is_none().then(|| seconds(landed, watched_until).max(0.0)),
            claim_lag_s: clocks.restored_at.zip(claim).map(|(restored, claim)| seconds(restored, claim)),
        }
    }
}

fn seconds(from: Millis, to: Millis) -> f64 {
    to.saturating_sub(from) as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocks() -> Clocks {
        Clocks {
            inject_begin_at: Some(10_000),
            landed_at: Some(10_200),
            onset_at: Some(10_500),
            ticket_at: Some(12_000),
            resolved_at: Some(14_000),
            restored_at: Some(15_200),
            ..Clocks::default()
        }
    }

    #[test]
    fn times_are_from_landing_symptom_and_restoration() {
        let times = Times::of(&clocks(), 40_000, true);
        let wanted =
            Times { detect_s: Some(1.5), restore_s: Some(5.0), censored_s: None, claim_lag_s: Some(-1.2) };
        assert_eq!(times, wanted, "claimed 1.2 s too early");
        assert_eq!(Times::of(&clocks(), 40_000, false).claim_lag_s, None, "the monitor's word is no claim");
    }

    #[test]
    fn unrestored_is_censored_where_watching_ended() {
        let times = Times::of(&Clocks { restored_at: None, ..clocks() }, 25_200, true);
        assert_eq!((times.restore_s, times.censored_s, times.claim_lag_s), (None, Some(15.0), None));
        assert_eq!(times.detect_s, Some(1.5), "what was detected stays so");
    }

    #[test]
    fn a_ticket_from_before_the_fault_detected_nothing() {
        let of = |ticket_at, onset_at| {
            Times::of(&Clocks { ticket_at, onset_at, ..clocks() }, 25_200, true).detect_s
        };
        assert_eq!(of(Some(9_999), Some(10_500)), None);
        assert_eq!(of(Some(10_100), Some(10_500)), Some(0.0), "seen while it came");
        assert_eq!(of(Some(12_200), None), Some(2.0), "no symptom: from landing");
        assert_eq!(of(None, None), None);
        assert_eq!(Times::of(&Clocks { landed_at: None, ..clocks() }, 25_200, true), Times::default());
    }
}
