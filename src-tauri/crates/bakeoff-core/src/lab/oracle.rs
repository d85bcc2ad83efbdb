//! The oracle: takes in samples that this program took itself, and says since when the system is whole and what the
//! four layers of the verdict are. It believes neither the agent nor the journal. What it could not see is unknown, and
//! unknown never passes.

mod judge;
mod sight;

pub use judge::Evidence;

use super::{ClusterState, HealthSample};
use crate::ports::lab::Presence;
use crate::subject::Subject;
use crate::trial::Millis;
use sight::Sight;

/// A member may be this many log entries behind the furthest one: it is asked a moment later or earlier than the others
/// while the oracle itself writes.
pub const MAX_APPLIED_LAG: u64 = 64;

/// A command's effect is looked for until this long after it ended.
pub const EFFECT_WINDOW: Millis = 5_000;

/// Why there can't be a verdict for this trial.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OracleError {
    /// The snapshot before the fault names no member, so that nothing could be compared with it.
    #[error("the snapshot of the system before the fault is empty")]
    EmptySnapshot,
    /// Nothing was sampled before the fault.
    #[error("no sample was taken before the fault")]
    NoSamples,
    /// The system was not well before the fault.
    #[error("the system was not healthy before the fault: {0}")]
    NotHealthy(String),
}

/// What the system did before the fault.
#[derive(Debug, Clone)]
struct Baseline {
    state: ClusterState,
    /// Names of the members of the last sample before the fault, which all must be there afterwards.
    members: Vec<String>,
    /// p99 of write plus read, milliseconds.
    p99_ms: f64,
    /// The system tells who leads; one that does not is not asked for a leader.
    has_leader: bool,
}

/// Collects samples in the order of their time.
#[derive(Debug, Clone)]
pub struct Oracle {
    floor_ms: f64,
    error_rate: f64,
    disk_percent: f64,
    /// Something is written and read through the nodes; else the members' word is all there is.
    writes: bool,
    hold_ms: Millis,
    /// Two samples further apart than this don't belong to one window: nobody knows what was between them.
    gap_ms: Millis,
    samples: Vec<HealthSample>,
    sights: Vec<Sight>,
    baseline: Option<Baseline>,
    landed_at: Option<Millis>,
    onset: Option<Millis>,
    /// The last moment at which the fault itself was seen.
    cause_seen_at: Option<Millis>,
    /// First sample of the stretch in which service and redundancy have held ever since.
    whole_since: Option<usize>,
    /// The same of the service alone.
    served_since: Option<usize>,
}

impl Oracle {
    /// One that has seen nothing, for a subject's service level and timing.
    pub fn new(subject: &Subject) -> Self {
        let hold_ms = millis(subject.timing.hold_seconds);
        Self {
            floor_ms: subject.service_level.latency_ms,
            error_rate: subject.service_level.error_rate,
            disk_percent: subject.monitor.disk_percent,
            writes: subject.probe.writes(),
            hold_ms,
            gap_ms: (hold_ms / 2).max(4 * millis(subject.timing.sample_seconds)),
            samples: Vec::new(),
            sights: Vec::new(),
            baseline: None,
            landed_at: None,
            onset: None,
            cause_seen_at: None,
            whole_since: None,
            served_since: None,
        }
    }

    /// Takes in the next sample.
    pub fn add(&mut self, sample: HealthSample) {
        let sight = self.see(&sample);
        self.samples.push(sample);
        self.sights.push(sight);
        self.follow(self.samples.len() - 1);
    }

    /// The warm-up is over: from the samples so far comes what is normal, and `state` is what a repair must restore.
    ///
    /// # Errors
    /// When the snapshot is empty or the last sample does not show a healthy system. The trial must not go on.
    pub fn begin(&mut self, state: ClusterState) -> Result<(), OracleError> {
        if state.members.is_empty() {
            return Err(OracleError::EmptySnapshot);
        }
        let last = self.samples.last().ok_or(OracleError::NoSamples)?;
        let worked =
            self.samples.iter().flat_map(|sample| &sample.entries).filter(|entry| sight::worked(entry));
        let latencies: Vec<f64> = worked.map(|entry| entry.latency_ms).collect();
        let p99_ms = match sight::p99(latencies) {
            None if self.writes => {
                return Err(OracleError::NotHealthy("no write and read has worked".to_owned()));
            }
            p99_ms => p99_ms.unwrap_or_default(),
        };
        let members = last.members.iter().map(|member| member.node.clone()).collect();
        let has_leader = last.members.iter().any(|member| member.leader);
        self.baseline = Some(Baseline { state, members, p99_ms, has_leader });
        // Now that it is known what is normal, the samples so far are seen anew.
        self.sights = self.samples.iter().map(|sample| self.see(sample)).collect();
        let complaint = self.sights.last().and_then(Sight::complaint);
        complaint.map_or(Ok(()), |complaint| Err(OracleError::NotHealthy(complaint)))
    }

    /// A probe saw the fault at this moment (of the control: the moment at which a fault would have come).
    pub fn landed(&mut self, at: Millis) {
        self.landed_at = Some(at);
        (self.onset, self.whole_since, self.served_since) = (None, None, None);
        // Samples may have come between the moment and the word of it.
        (0..self.samples.len()).for_each(|index| self.follow(index));
    }

    /// A probe looked for the fault itself. A system in which it was still seen was not whole yet; looking now and then
    /// makes [`Oracle::restored_at`] true also for a fault that hardly hurts the service.
    pub fn cause(&mut self, at: Millis, presence: &Presence) {
        if matches!(presence, Presence::Present(_)) {
            self.cause_seen_at = self.cause_seen_at.max(Some(at));
            let is_later = |index: &usize| self.samples.get(*index).is_some_and(|sample| sample.at > at);
            self.whole_since = self.whole_since.filter(is_later);
        }
    }

    /// The first sample since the fault landed that was out of its bounds: a failed write or read, one slower than
    /// [`Oracle::latency_bound_ms`], or a member that is not as it should be.
    pub fn onset(&self) -> Option<Millis> {
        self.onset
    }

    /// The first sample of the window in which service and redundancy have held ever since, for at least the hold time,
    /// and after which the fault itself was not seen. A system that breaks again is not restored.
    pub fn restored_at(&self) -> Option<Millis> {
        self.held(self.whole_since)
    }

    /// The same of the service alone. Without writes there is nothing but the members to tell it by.
    pub fn service_restored_at(&self) -> Option<Millis> {
        self.held(self.served_since)
    }

    /// A write plus read may take this long: three times the p99 before the fault, and at least the service level's.
    pub fn latency_bound_ms(&self) -> f64 {
        self.baseline.as_ref().map_or(self.floor_ms, |baseline| (3.0 * baseline.p99_ms).max(self.floor_ms))
    }

    /// Of commands (begin and end, those that only read left out), how many made it worse: more writes and reads failed
    /// or more members were missing, until [`EFFECT_WINDOW`] after its end or the next command's begin.
    pub fn destructive_effects(&self, commands: &[(Millis, Millis)]) -> u32 {
        let seen = |from: Millis, until: Millis| {
            let samples = self.samples.iter().zip(&self.sights);
            samples
                .filter(move |(sample, _)| sample.at > from && sample.at <= until)
                .map(|(_, sight)| sight.badness())
        };
        let is_worse = |(index, (begin, end)): (usize, &(Millis, Millis))| {
            let next = commands.get(index + 1).map_or(Millis::MAX, |(next, _)| *next);
            let before = seen(Millis::MIN, *begin).next_back().unwrap_or(0);
            seen(*begin, end.saturating_add(EFFECT_WINDOW).min(next)).any(|after| after > before)
        };
        commands.iter().enumerate().filter(|command| is_worse(*command)).count() as u32
    }

    fn see(&self, sample: &HealthSample) -> Sight {
        let sight = Sight::of(sample, self.baseline.as_ref(), self.latency_bound_ms(), self.disk_percent);
        if self.writes { sight } else { sight.without_writes() }
    }

    fn held(&self, since: Option<usize>) -> Option<Millis> {
        let first = self.samples.get(since?)?.at;
        let last = self.samples.last()?.at;
        (last.saturating_sub(first) >= self.hold_ms).then_some(first)
    }

    /// Brings onset and stretches forward by the sample at `index`; all before it are in.
    fn follow(&mut self, index: usize) {
        let (Some(sample), Some(sight)) = (self.samples.get(index), self.sights.get(index)) else { return };
        if self.landed_at.is_some_and(|landed| sample.at < landed) {
            return;
        }
        if self.landed_at.is_some() && sight.is_out_of_bounds() {
            self.onset.get_or_insert(sample.at);
        }
        self.whole_since = self.stretch(self.whole_since, index, true);
        self.served_since = self.stretch(self.served_since, index, !self.writes);
    }

    /// Where the stretch begins once the sample at `index` is in.
    fn stretch(&self, since: Option<usize>, index: usize, with_members: bool) -> Option<usize> {
        let (sample, sight) = (self.samples.get(index)?, self.sights.get(index)?);
        let before = index.checked_sub(1).and_then(|before| self.samples.get(before));
        let is_gap = before.is_some_and(|before| sample.at.saturating_sub(before.at) > self.gap_ms);
        let holds = |first: &usize| {
            let from = self.window_start(sample.at).max(*first);
            let window = self.sights.get(from..=index).unwrap_or_default();
            sight::service_complaint(window, self.latency_bound_ms(), self.error_rate).is_none()
                && (!with_members || sight::members_complaint(window, self.error_rate).is_none())
        };
        since.filter(|first| !is_gap && holds(first)).or_else(|| {
            let is_good = sight.is_served() && (!with_members || sight.is_whole());
            let is_gone = !with_members || self.cause_seen_at.is_none_or(|seen| seen < sample.at);
            (is_good && is_gone).then_some(index)
        })
    }

    /// The first sample of the hold time that ends at `at`.
    fn window_start(&self, at: Millis) -> usize {
        self.samples.partition_point(|sample| sample.at < at.saturating_sub(self.hold_ms))
    }
}

fn millis(seconds: f64) -> Millis {
    (seconds * 1000.0).round() as Millis
}

#[cfg(test)]
mod tests;
