//! What one sample shows, and what a window of samples does.

use super::{Baseline, MAX_APPLIED_LAG};
use crate::lab::{EntryProbe, HealthSample, MemberState};
use crate::stats::percentile::Sample;

/// What one sample shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    /// Nothing is written through this kind of system, so that no entry is missed.
    no_writes: bool,
    /// Entries that were tried.
    entries: usize,
    /// Of these, failed; in words.
    failed: Vec<String>,
    /// Of these, worked but too slow; in words.
    slow: Vec<String>,
    /// Write plus read of those that worked, milliseconds.
    latencies: Vec<f64>,
    /// Members that there must be.
    members: usize,
    /// Of these, not as they should be; in words. No agreed leader counts for all of them.
    broken: Vec<String>,
}

impl Sight {
    pub(super) fn of(
        sample: &HealthSample,
        baseline: Option<&Baseline>,
        bound_ms: f64,
        disk_percent: f64,
    ) -> Self {
        let mut sight = Self { entries: sample.entries.len(), ..Self::default() };
        for entry in &sample.entries {
            if !worked(entry) {
                let why = entry.error.as_deref().unwrap_or("no acknowledged write and equal read");
                sight.failed.push(format!("through {}: {why}", entry.node));
            } else {
                sight.latencies.push(entry.latency_ms);
                if entry.latency_ms > bound_ms {
                    sight.slow.push(format!("through {}: {:.0} ms", entry.node, entry.latency_ms));
                }
            }
        }
        sight.look_at_members(sample, baseline, disk_percent);
        sight
    }

    /// The same of a system through which nothing is written.
    pub(super) fn without_writes(self) -> Self {
        Self { no_writes: true, ..self }
    }

    fn look_at_members(&mut self, sample: &HealthSample, baseline: Option<&Baseline>, disk_percent: f64) {
        if sample.members.is_empty() {
            return;
        }
        let expected: Vec<&str> = match baseline {
            Some(baseline) => baseline.members.iter().map(String::as_str).collect(),
            None => sample.members.iter().map(|member| member.node.as_str()).collect(),
        };
        self.members = expected.len();
        let furthest = sample.members.iter().filter_map(|member| member.applied).max();
        let term = sample.members.iter().filter_map(|member| member.term).max();
        for name in &expected {
            let member = sample.members.iter().find(|member| member.node == *name);
            self.broken.extend(complaint(name, member, term, furthest, disk_percent));
        }
        let leaders: Vec<&str> =
            sample.members.iter().filter(|one| one.leader).map(|one| one.node.as_str()).collect();
        if leaders.len() != 1 && baseline.is_some_and(|baseline| baseline.has_leader) {
            let complaint = match leaders.as_slice() {
                [] => "nobody leads".to_owned(),
                several => format!("{} all say that they lead", several.join(", ")),
            };
            let missing = self.members.saturating_sub(self.broken.len()).max(1);
            self.broken.extend(std::iter::repeat_n(complaint, missing));
        }
    }

    /// Every entry worked and was fast enough. One without entries shows nothing, where there should be some.
    pub(super) fn is_served(&self) -> bool {
        (self.entries > 0 || self.no_writes) && self.failed.is_empty() && self.slow.is_empty()
    }

    /// Every member is as it should be. One without members shows nothing.
    pub(super) fn is_whole(&self) -> bool {
        self.members > 0 && self.broken.is_empty()
    }

    /// Something was seen that should not be.
    pub(super) fn is_out_of_bounds(&self) -> bool {
        self.badness() > 0 || !self.slow.is_empty()
    }

    /// How much is broken.
    pub(super) fn badness(&self) -> usize {
        self.failed.len() + self.broken.len()
    }

    /// What is not as it should be, in words.
    pub(super) fn complaint(&self) -> Option<String> {
        if (self.entries == 0 && !self.no_writes) || self.members == 0 {
            return Some("the system could not be looked at".to_owned());
        }
        self.failed.iter().chain(&self.broken).next().cloned()
    }

    /// The first complaint about a member.
    pub(super) fn broken(&self) -> Option<&str> {
        self.broken.first().map(String::as_str)
    }

    /// How many members were asked about.
    pub(super) fn members(&self) -> usize {
        self.members
    }
}

/// Whether a write was acknowledged and read back.
pub(super) fn worked(entry: &EntryProbe) -> bool {
    entry.write_ok && entry.read_ok
}

/// The 99th percentile (type 7); `None` of nothing.
pub(super) fn p99(latencies: Vec<f64>) -> Option<f64> {
    Sample::new(latencies).percentile(0.99)
}

fn complaint(
    name: &str,
    member: Option<&MemberState>,
    term: Option<u64>,
    furthest: Option<u64>,
    disk_percent: f64,
) -> Option<String> {
    let Some(member) = member else { return Some(format!("{name} is missing")) };
    if !member.healthy {
        let why = member.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
        return Some(format!("{name} is not healthy{why}"));
    }
    if let (Some(own), Some(newest)) = (member.term, term)
        && own < newest
    {
        return Some(format!("{name} is in term {own}, others in {newest}"));
    }
    let behind = furthest.zip(member.applied).map(|(furthest, own)| furthest.saturating_sub(own));
    if let Some(behind) = behind.filter(|behind| *behind > MAX_APPLIED_LAG) {
        return Some(format!("{name} is {behind} entries behind"));
    }
    let used = member.disk_percent.filter(|used| *used > disk_percent)?;
    Some(format!("the volume of {name} is {used:.0} % full"))
}

/// Why the service is out of its level in a window; `None`: it holds, also where nothing was tried.
pub(super) fn service_complaint(window: &[Sight], bound_ms: f64, error_rate: f64) -> Option<String> {
    let (share, p99) = service_numbers(window);
    let failed: usize = window.iter().map(|sight| sight.failed.len()).sum();
    let tried: usize = window.iter().map(|sight| sight.entries).sum();
    if share > error_rate {
        let last = window.iter().rev().find_map(|sight| sight.failed.last()).map_or("", String::as_str);
        return Some(format!(
            "{failed} of {tried} writes and reads failed, {:.0} % are allowed; the last {last}",
            error_rate * 100.0
        ));
    }
    let p99 = p99.filter(|p99| *p99 > bound_ms)?;
    Some(format!("p99 is {p99:.0} ms, {bound_ms:.0} ms are allowed"))
}

/// The share of failed entries in a window and the p99 of those that worked, milliseconds.
pub(super) fn service_numbers(window: &[Sight]) -> (f64, Option<f64>) {
    let failed: usize = window.iter().map(|sight| sight.failed.len()).sum();
    let tried: usize = window.iter().map(|sight| sight.entries).sum();
    let share = if tried == 0 { 0.0 } else { failed as f64 / tried as f64 };
    (share, p99(window.iter().flat_map(|sight| sight.latencies.iter().copied()).collect()))
}

/// What is wrong with members in a window; `None`: no more than `error_rate` of all looks at one showed anything.
pub(super) fn members_complaint(window: &[Sight], error_rate: f64) -> Option<String> {
    let broken: usize = window.iter().map(|sight| sight.broken.len()).sum();
    let looks: usize = window.iter().map(|sight| sight.members).sum();
    if looks == 0 || broken as f64 / looks as f64 <= error_rate {
        return None;
    }
    window.iter().rev().find_map(|sight| sight.broken()).map(str::to_owned)
}
