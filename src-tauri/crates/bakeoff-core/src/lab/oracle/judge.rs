//! The verdict: four layers, each by itself.

use super::{Oracle, sight};
use crate::lab::{ClusterState, DataCheck, Layer, LayerState, OracleVerdict};
use crate::ports::lab::Presence;
use crate::trial::Millis;

/// What is known at the verdict beside the samples. It is collected before anything is torn down or undone.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// When the verdict is taken; the hold time before it counts.
    pub at: Millis,
    /// Whether every acknowledged write is still there.
    pub data: &'a DataCheck,
    /// Whether the fault itself is, by a probe. Of the control: `Absent`.
    pub presence: &'a Presence,
    /// The system now; an error in words when it could not be captured.
    pub state: Result<&'a ClusterState, &'a str>,
}

impl Oracle {
    /// The four layers at this moment.
    pub fn judge(&self, evidence: &Evidence<'_>) -> OracleVerdict {
        OracleVerdict {
            service: self.service(evidence.at),
            redundancy: self.redundancy(evidence.at),
            integrity: integrity(evidence.data),
            cause: self.cause_layer(evidence),
        }
    }

    /// The samples of the hold time before `at`; `None` when they cover less than half of it.
    fn window(&self, at: Millis) -> Option<&[sight::Sight]> {
        let from = self.window_start(at);
        let until = self.samples.partition_point(|sample| sample.at <= at);
        let (first, last) = (self.samples.get(from)?, self.samples.get(until.checked_sub(1)?)?);
        let is_covered = at.saturating_sub(last.at) <= self.gap_ms
            && last.at.saturating_sub(first.at).saturating_mul(2) >= self.hold_ms;
        self.sights.get(from..until).filter(|_| is_covered)
    }

    fn service(&self, at: Millis) -> Layer {
        let bound = self.latency_bound_ms();
        let Some(window) = self.window(at) else { return unseen() };
        if !self.writes {
            return self.service_by_word(window);
        }
        if let Some(complaint) = sight::service_complaint(window, bound, self.error_rate) {
            return layer(LayerState::Fail, complaint);
        }
        let (share, p99) = sight::service_numbers(window);
        match p99 {
            Some(p99) => layer(
                LayerState::Pass,
                format!(
                    "{:.1} % of writes and reads failed, p99 is {p99:.0} ms of {bound:.0} ms allowed",
                    share * 100.0
                ),
            ),
            None => layer(LayerState::Unknown, "no write or read could be tried"),
        }
    }

    /// The rule of system S1, where nothing can be written: containers run, and the system counts its members as up. The
    /// text says what it is, so that nobody takes it for a test of writes.
    fn service_by_word(&self, window: &[sight::Sight]) -> Layer {
        let members = window.last().map_or(0, sight::Sight::members);
        if members == 0 {
            return layer(LayerState::Unknown, "no member could be asked");
        }
        match sight::members_complaint(window, self.error_rate) {
            Some(complaint) => layer(LayerState::Fail, format!("{complaint} ({NOT_A_WRITE_TEST})")),
            None => layer(
                LayerState::Pass,
                format!(
                    "all {members} members ran and were up by the system's own word ({NOT_A_WRITE_TEST})"
                ),
            ),
        }
    }

    fn redundancy(&self, at: Millis) -> Layer {
        let Some(baseline) = &self.baseline else { return unseen() };
        let Some((last, window)) = self.window(at).and_then(|window| Some((window.last()?, window))) else {
            return unseen();
        };
        if last.members() == 0 || baseline.members.is_empty() {
            return layer(LayerState::Unknown, "no member could be asked");
        }
        let complaint =
            last.broken().map(str::to_owned).or_else(|| sight::members_complaint(window, self.error_rate));
        match complaint {
            Some(complaint) => layer(LayerState::Fail, complaint),
            None => layer(
                LayerState::Pass,
                format!("all {} members are there, healthy and agreed", baseline.members.len()),
            ),
        }
    }

    fn cause_layer(&self, evidence: &Evidence<'_>) -> Layer {
        let Some(baseline) = &self.baseline else {
            return layer(LayerState::Unknown, "there is no snapshot from before the fault");
        };
        let seen = match evidence.presence {
            Presence::Present(seen) => {
                return layer(LayerState::Fail, format!("the fault is still there: {seen}"));
            }
            Presence::Absent(seen) => Ok(seen),
            Presence::Unknown(why) => Err(why),
        };
        let state = match evidence.state {
            Ok(state) => state,
            Err(why) => {
                return layer(LayerState::Unknown, format!("the system's state could not be read: {why}"));
            }
        };
        if let Some(change) = vandalism(&baseline.state, state) {
            return layer(LayerState::Fail, change);
        }
        match seen {
            Ok(seen) => layer(
                LayerState::Pass,
                format!("the fault is gone ({seen}); members, settings and records are kept"),
            ),
            Err(why) => layer(LayerState::Unknown, format!("could not look for the fault: {why}")),
        }
    }
}

/// What is said of a layer that rests on the system's own word.
const NOT_A_WRITE_TEST: &str = "not a write test: nothing is written through this system";

fn integrity(data: &DataCheck) -> Layer {
    let DataCheck { acknowledged, missing, wrong, error, reported } = data;
    if let (Some(reported), None) = (reported, error) {
        let state = if *missing > 0 { LayerState::Fail } else { LayerState::Pass };
        return layer(state, format!("{reported} ({NOT_A_WRITE_TEST})"));
    }
    if *missing + *wrong > 0 {
        let message = format!(
            "of {acknowledged} acknowledged writes {missing} are gone and {wrong} have another value"
        );
        return layer(LayerState::Fail, message);
    }
    match error {
        Some(error) => layer(LayerState::Unknown, format!("the writes could not be read back: {error}")),
        None if *acknowledged == 0 => layer(LayerState::Unknown, "no write was ever acknowledged"),
        None => layer(LayerState::Pass, format!("all {acknowledged} acknowledged writes are there")),
    }
}

/// What was taken away or changed that no repair has to change.
fn vandalism(before: &ClusterState, after: &ClusterState) -> Option<String> {
    let without = |from: &[String], other: &[String]| -> Vec<String> {
        from.iter().filter(|name| !other.contains(name)).cloned().collect()
    };
    let (lost, added) = (without(&before.members, &after.members), without(&after.members, &before.members));
    if !lost.is_empty() {
        return Some(format!("{} no longer a member", list(&lost, "is", "are")));
    }
    if !added.is_empty() {
        return Some(format!("{} a member now, but not before the fault", list(&added, "is", "are")));
    }
    let names = before
        .settings
        .keys()
        .chain(after.settings.keys().filter(|name| !before.settings.contains_key(*name)));
    let changed: Vec<String> =
        names.filter(|name| before.settings.get(*name) != after.settings.get(*name)).cloned().collect();
    if !changed.is_empty() {
        return Some(format!("{} not as before the fault", list(&changed, "is", "are")));
    }
    let (had, has) = before.records.zip(after.records)?;
    (has < had).then(|| format!("{has} records are left of {had}"))
}

fn list(names: &[String], one: &str, several: &str) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { one } else { several })
}

fn unseen() -> Layer {
    layer(LayerState::Unknown, "there are too few samples of the hold time before the verdict")
}

fn layer(state: LayerState, reason: impl Into<String>) -> Layer {
    Layer { state, reason: reason.into() }
}
