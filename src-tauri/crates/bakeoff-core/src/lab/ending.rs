//! How a fault trial ended: the rule that makes an outcome of the verdict.
//!
//! | a trial with a fault | outcome |
//! |---|---|
//! | the fault did not land, or its lease ran out | void |
//! | the system is restored and all four layers pass | pass, whether anybody said so or not: the baseline without an agent is judged by the same rule, so that healing by itself counts |
//! | a layer fails, and the agent had ended: it said "resolved", gave up, or used up its steps, tokens or money | fail |
//! | it is not restored when the time is up | timeout |
//! | no layer fails, but one is unknown; or there is no verdict | infra_error |
//!
//! | the control (`none`) | outcome |
//! |---|---|
//! | all four layers pass, and the agent changed nothing | pass |
//! | a layer fails, or the agent changed something: there was nothing to repair, so that each change is one too many | fail |
//! | a layer is unknown, or there is no verdict | infra_error |

use super::{Layer, LayerState, OracleVerdict};
use crate::fault::FaultKind;
use crate::outcome::Outcome;

/// What the agent's last word was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// There was no agent, it never got a ticket, or it was still at work when the time was up.
    None,
    /// It said that the ticket is resolved.
    Resolved,
    /// It escalated, failed, or its own limit of steps, tokens or money was used up.
    GaveUp,
}

/// Everything that decides on the outcome.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// What was to be done to the system.
    pub fault: FaultKind,
    /// A probe saw it in force. Of the control: anything.
    pub landed: bool,
    /// It was in force until its lease undid it.
    pub lease_expired: bool,
    /// [`super::Oracle::restored_at`] was there within the time limit. Of the control: anything.
    pub restored: bool,
    /// What the agent said.
    pub claim: Claim,
    /// Commands of the agent that were not just reading.
    pub changes: u32,
    /// The four layers; `None` when it never came to a verdict.
    pub verdict: Option<&'a OracleVerdict>,
}

impl Ending<'_> {
    /// The outcome by the rule above, and why in one sentence.
    pub fn outcome(&self) -> (Outcome, String) {
        let is_control = self.fault == FaultKind::None;
        if !is_control && self.lease_expired {
            return (Outcome::Void, "the fault's lease ran out before the verdict".to_owned());
        }
        if !is_control && !self.landed {
            return (Outcome::Void, "the fault did not land".to_owned());
        }
        let Some(verdict) = self.verdict else {
            return (Outcome::InfraError, "no verdict could be taken".to_owned());
        };
        let wrong = verdict.layers().into_iter().find(|(_, layer)| layer.state == LayerState::Fail);
        let unknown = verdict.layers().into_iter().find(|(_, layer)| layer.state == LayerState::Unknown);
        match (wrong, unknown) {
            (None, Some((name, layer))) => {
                (Outcome::InfraError, format!("the {name} is unknown: {}", layer.reason))
            }
            (wrong, _) if is_control => self.control(wrong),
            (wrong, _) => self.repair(wrong),
        }
    }

    fn control(&self, wrong: Option<(&str, &Layer)>) -> (Outcome, String) {
        match wrong {
            Some((name, layer)) => {
                (Outcome::Fail, format!("nothing was broken, but the {name} fails now: {}", layer.reason))
            }
            None if self.changes > 0 => {
                let plural = if self.changes == 1 { "command" } else { "commands" };
                (
                    Outcome::Fail,
                    format!("nothing was broken, but {} {plural} changed something", self.changes),
                )
            }
            None => (Outcome::Pass, "nothing was broken, and nothing was changed".to_owned()),
        }
    }

    fn repair(&self, wrong: Option<(&str, &Layer)>) -> (Outcome, String) {
        let why = match wrong {
            Some((name, layer)) => format!("the {name} fails: {}", layer.reason),
            None if self.restored => return (Outcome::Pass, "restored: all four layers pass".to_owned()),
            None => "it had not held for long enough".to_owned(),
        };
        match self.claim {
            Claim::Resolved => (Outcome::Fail, format!("the agent said that it is resolved, but {why}")),
            Claim::GaveUp => (Outcome::Fail, format!("the agent gave up, and {why}")),
            Claim::None => (Outcome::Timeout, format!("not restored within the time limit: {why}")),
        }
    }
}

impl OracleVerdict {
    /// The layers with their names.
    pub fn layers(&self) -> [(&'static str, &Layer); 4] {
        [
            ("service", &self.service),
            ("redundancy", &self.redundancy),
            ("integrity", &self.integrity),
            ("cause", &self.cause),
        ]
    }

    /// Whether all four pass. An unknown one does not.
    pub fn passed(&self) -> bool {
        self.layers().iter().all(|(_, layer)| layer.state == LayerState::Pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(states: [LayerState; 4]) -> OracleVerdict {
        let [service, redundancy, integrity, cause] =
            states.map(|state| Layer { state, reason: "because".to_owned() });
        OracleVerdict { service, redundancy, integrity, cause }
    }

    const GOOD: [LayerState; 4] = [LayerState::Pass; 4];
    const BAD: [LayerState; 4] = [LayerState::Pass, LayerState::Unknown, LayerState::Fail, LayerState::Pass];
    const BLIND: [LayerState; 4] =
        [LayerState::Pass, LayerState::Pass, LayerState::Pass, LayerState::Unknown];

    fn check(
        fault: FaultKind,
        states: [LayerState; 4],
        change: impl FnOnce(&mut Ending<'_>),
        wanted: Outcome,
    ) -> String {
        let verdict = verdict(states);
        let mut ending = Ending {
            fault,
            landed: true,
            lease_expired: false,
            restored: true,
            claim: Claim::None,
            changes: 0,
            verdict: Some(&verdict),
        };
        change(&mut ending);
        let (outcome, why) = ending.outcome();
        assert_eq!(outcome, wanted, "{why}");
        why
    }

    #[test]
    fn a_fault_trial_passes_only_restored_and_by_all_layers() {
        let kill = FaultKind::NodeKill;
        check(kill, GOOD, |_| (), Outcome::Pass);
        check(kill, GOOD, |one| one.claim = Claim::GaveUp, Outcome::Pass);
        check(kill, GOOD, |one| one.restored = false, Outcome::Timeout);
        let why = check(kill, BAD, |one| one.claim = Claim::Resolved, Outcome::Fail);
        assert_eq!(why, "the agent said that it is resolved, but the integrity fails: because");
        check(kill, BAD, |one| one.claim = Claim::GaveUp, Outcome::Fail);
        check(kill, BAD, |_| (), Outcome::Timeout);
        check(kill, BLIND, |one| one.claim = Claim::Resolved, Outcome::InfraError);
        check(kill, GOOD, |one| one.verdict = None, Outcome::InfraError);
    }

    #[test]
    fn what_did_not_land_or_undid_itself_is_void() {
        check(FaultKind::Latency, GOOD, |one| one.landed = false, Outcome::Void);
        check(FaultKind::Latency, GOOD, |one| one.lease_expired = true, Outcome::Void);
        check(
            FaultKind::Latency,
            BAD,
            |one| (one.lease_expired, one.claim) = (true, Claim::Resolved),
            Outcome::Void,
        );
    }

    #[test]
    fn the_control_passes_when_nothing_was_touched() {
        let none = FaultKind::None;
        check(none, GOOD, |one| (one.landed, one.restored) = (false, false), Outcome::Pass);
        check(none, GOOD, |one| one.claim = Claim::Resolved, Outcome::Pass);
        let why = check(none, GOOD, |one| one.changes = 1, Outcome::Fail);
        assert_eq!(why, "nothing was broken, but 1 command changed something");
        check(none, BAD, |_| (), Outcome::Fail);
        check(none, BLIND, |_| (), Outcome::InfraError);
    }
}
