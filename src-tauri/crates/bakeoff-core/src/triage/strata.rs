//! A sample that every source and every part of the window is in.

use super::select::count;
use super::{Candidate, Stratum, Window};
use crate::hash::sha256_hex;
use crate::trial::Millis;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Milliseconds of an hour.
const HOUR: f64 = 3_600_000.0;
/// A title of fewer characters says too little.
const TITLE_FROM: usize = 6;

/// How many parts a window is cut into: one for two hours, 3 to 12.
pub(super) fn buckets(window: Window) -> u32 {
    let hours = length(window) as f64 / HOUR;
    (hours / 2.0).round().clamp(3.0, 12.0) as u32
}

/// The length of a window in milliseconds, at least 1.
fn length(window: Window) -> i128 {
    (i128::from(window.end) - i128::from(window.start)).max(1)
}

/// The part of the window that a moment belongs to.
fn bucket(window: Window, buckets: u32, moment: Millis) -> u32 {
    let since = (i128::from(moment) - i128::from(window.start)).max(0);
    let bucket = since * i128::from(buckets) / length(window);
    u32::try_from(bucket).unwrap_or(u32::MAX).min(buckets.saturating_sub(1))
}

/// The first moment of a part; of the part after the last one, the window's end.
fn start(window: Window, buckets: u32, bucket: u32) -> Millis {
    let before = i128::from(bucket) * length(window);
    // Rounded up: the first moment of which `bucket` says that it belongs to it.
    let since = (before + i128::from(buckets) - 1) / i128::from(buckets.max(1));
    i64::try_from(i128::from(window.start) + since).unwrap_or(window.end)
}

/// Source type, source, part of the window.
type Group = (String, String, u32);

/// A sample of at most `most` candidates, and how many of how many each group gave.
///
/// All, if there are no more. Else the best ⌈most ÷ groups⌉ of each group (at least one), where a group is source type ×
/// source × part of the window. If that is too many, the least ones of all are left out, first of groups that keep
/// another one. It may be fewer than asked when groups are small: the rest is not filled up from the large ones, which
/// would be the imbalance that the groups are there to avoid.
///
/// Better is what has a title of more than 5 characters; then what others care more for; then what is newer; then a
/// draw from the seed.
pub(super) fn sample(
    candidates: Vec<Candidate>,
    window: Window,
    buckets: u32,
    most: usize,
    seed: u64,
) -> (Vec<Candidate>, Vec<Stratum>) {
    let is_all = candidates.len() <= most;
    let mut groups: BTreeMap<Group, Vec<Ranked>> = BTreeMap::new();
    for candidate in candidates {
        let part = candidate.published_at.map_or(0, |moment| bucket(window, buckets, moment));
        let group = (candidate.source_type.clone(), candidate.source_id.clone(), part);
        groups.entry(group).or_default().push(Ranked::of(candidate, seed));
    }
    let of_each = most.div_ceil(groups.len().max(1)).max(1);
    let sizes: Vec<usize> = groups.values().map(Vec::len).collect();
    let names: Vec<Group> = groups.keys().cloned().collect();
    let mut taken: Vec<(usize, Ranked)> = Vec::new();
    for (group, mut members) in groups.into_values().enumerate() {
        members.sort_by(Ranked::best_first);
        members.truncate(if is_all { usize::MAX } else { of_each });
        taken.extend(members.into_iter().map(|member| (group, member)));
    }
    let (chosen, kept) = trimmed(taken, names.len(), most);
    let stratum =
        |((source_type, source_id, bucket), (candidates, chosen)): (Group, (usize, usize))| Stratum {
            start: start(window, buckets, bucket),
            end: start(window, buckets, bucket + 1),
            source_type,
            source_id,
            bucket,
            candidates: count(candidates),
            chosen: count(chosen),
        };
    let strata = names.into_iter().zip(sizes.into_iter().zip(kept)).map(stratum).collect();
    (chosen, strata)
}

/// Leaves the least out until there are no more than `most`: first of groups that have another one, then of any. Gives
/// the number that each group keeps too.
fn trimmed(mut taken: Vec<(usize, Ranked)>, groups: usize, most: usize) -> (Vec<Candidate>, Vec<usize>) {
    let mut kept = vec![0; groups];
    for (group, _) in &taken {
        kept[*group] += 1;
    }
    taken.sort_by(|(_, a), (_, b)| a.best_first(b));
    for spared in [1, 0] {
        let mut excess = taken.len().saturating_sub(most);
        let mut left = Vec::with_capacity(taken.len() - excess);
        for (group, member) in taken.into_iter().rev() {
            if excess > 0 && kept[group] > spared {
                excess -= 1;
                kept[group] -= 1;
            } else {
                left.push((group, member));
            }
        }
        left.reverse();
        taken = left;
    }
    (taken.into_iter().map(|(_, member)| member.candidate).collect(), kept)
}

/// A candidate with its draw.
struct Ranked {
    candidate: Candidate,
    draw: String,
}

impl Ranked {
    fn of(candidate: Candidate, seed: u64) -> Self {
        Self { draw: sha256_hex(format!("{seed}\0{}", candidate.id).as_bytes()), candidate }
    }

    fn best_first(&self, other: &Self) -> Ordering {
        let has_title = |ranked: &Self| {
            let title = ranked.candidate.title.as_deref().map(str::trim);
            title.is_some_and(|title| title.chars().nth(TITLE_FROM - 1).is_some())
        };
        let score = |ranked: &Self| {
            let score = ranked.candidate.score.filter(|score| !score.is_nan());
            score.unwrap_or(f64::NEG_INFINITY)
        };
        let published = |ranked: &Self| ranked.candidate.published_at;
        has_title(other)
            .cmp(&has_title(self))
            .then_with(|| score(other).total_cmp(&score(self)))
            .then_with(|| published(other).cmp(&published(self)))
            .then_with(|| self.draw.cmp(&other.draw))
            .then_with(|| self.candidate.id.cmp(&other.candidate.id))
    }
}
