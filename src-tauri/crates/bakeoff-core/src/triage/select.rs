//! Which candidates a run takes: nothing twice, only what is in the window, one of each cluster, and of the rest a
//! sample that every source and every part of the window is in.

use super::{Candidate, Selection, Window, strata};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, HashMap};

/// A source whose posts stand for others only when nothing else does.
const SHORT_POSTS: &str = "x_posts";

/// Chooses at most `max_items` candidates, in this order:
///
/// 1. Rows with the same id, or with the same address (without `#…` and `/` at its end), are one item, however they
///    are chained. The one that stays is in the window where one is, then the one that would stand for a cluster.
/// 2. What has no date is left out, and what is outside of the window. Without a window it reaches from the oldest
///    item to the newest.
/// 3. Of a cluster one item stays: one with a title; then with an address and not of `x_posts`; then the one with the
///    longer body; with an address; the newest; the one whose id is first.
/// 4. If more are left than may be taken: a stratified sample, see [`strata::sample`].
///
/// Newest first in the result. The order of the rows makes no difference to anything, and the same seed always chooses
/// the same.
pub fn select(
    candidates: Vec<Candidate>,
    window: Option<Window>,
    max_items: u32,
    seed: u64,
) -> (Vec<Candidate>, Selection) {
    let read = candidates.len();
    let is_inside = |candidate: &Candidate| match (candidate.published_at, window) {
        (Some(published), Some(window)) => window.contains(published),
        (published, None) => published.is_some(),
        (None, Some(_)) => false,
    };
    let unique = without_duplicates(candidates, is_inside);
    let duplicates = read - unique.len();
    let (dated, undated): (Vec<_>, Vec<_>) =
        unique.into_iter().partition(|candidate| candidate.published_at.is_some());
    let window = window.unwrap_or_else(|| window_of(&dated));
    let (inside, outside): (Vec<_>, Vec<_>) = dated
        .into_iter()
        .partition(|candidate| candidate.published_at.is_some_and(|published| window.contains(published)));
    let before_clusters = inside.len();
    let eligible = representatives(inside);
    let represented = before_clusters - eligible.len();
    let eligible_count = eligible.len();
    let buckets = strata::buckets(window);
    let (mut chosen, strata) = strata::sample(eligible, window, buckets, max_items as usize, seed);
    chosen.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| a.id.cmp(&b.id)));
    let selection = Selection {
        read: count(read),
        duplicates: count(duplicates),
        undated: count(undated.len()),
        outside: count(outside.len()),
        represented: count(represented),
        eligible: count(eligible_count),
        chosen: count(chosen.len()),
        window,
        buckets,
        strata,
    };
    (chosen, selection)
}

impl Window {
    /// Whether a moment belongs to it.
    pub fn contains(self, moment: crate::trial::Millis) -> bool {
        self.start <= moment && moment < self.end
    }
}

/// A count as it is kept.
pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// From the oldest to the newest, which belongs to it.
fn window_of(dated: &[Candidate]) -> Window {
    let moments = || dated.iter().filter_map(|candidate| candidate.published_at);
    let start = moments().min().unwrap_or(0);
    Window { start, end: moments().max().unwrap_or(0).saturating_add(1) }
}

/// The address without what doesn't change where it leads; none when nothing is left.
fn address(candidate: &Candidate) -> Option<&str> {
    let url = candidate.url.as_deref()?.trim();
    let url = url.split_once('#').map_or(url, |(url, _)| url).trim_end_matches('/');
    (!url.is_empty()).then_some(url)
}

/// One candidate of each set that shares ids or addresses.
fn without_duplicates(candidates: Vec<Candidate>, is_inside: impl Fn(&Candidate) -> bool) -> Vec<Candidate> {
    let mut sets = Sets::of(candidates.len());
    {
        let (mut by_id, mut by_address) = (HashMap::new(), HashMap::new());
        for (index, candidate) in candidates.iter().enumerate() {
            sets.join(index, *by_id.entry(candidate.id.as_str()).or_insert(index));
            if let Some(address) = address(candidate) {
                sets.join(index, *by_address.entry(address).or_insert(index));
            }
        }
    }
    let mut kept: BTreeMap<usize, Candidate> = BTreeMap::new();
    let rank = |candidate: &Candidate| (is_inside(candidate), candidate.published_at.is_some());
    for (index, candidate) in candidates.into_iter().enumerate() {
        let set = sets.find(index);
        let is_better = kept.get(&set).is_none_or(|known| {
            rank(&candidate).cmp(&rank(known)).then_with(|| represents(&candidate, known)).is_gt()
        });
        if is_better {
            kept.insert(set, candidate);
        }
    }
    kept.into_values().collect()
}

/// Which things belong together: union-find with halved paths.
struct Sets(Vec<usize>);

impl Sets {
    fn of(length: usize) -> Self {
        Self((0..length).collect())
    }

    fn find(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// One candidate of each cluster, and all that are in none.
fn representatives(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut clusters: BTreeMap<String, Candidate> = BTreeMap::new();
    let mut alone = Vec::new();
    for candidate in candidates {
        let Some(cluster) = candidate.cluster_id.clone() else {
            alone.push(candidate);
            continue;
        };
        let is_better = clusters.get(&cluster).is_none_or(|known| represents(&candidate, known).is_gt());
        if is_better {
            clusters.insert(cluster, candidate);
        }
    }
    alone.extend(clusters.into_values());
    alone
}

/// Which of two candidates rather stands for both; the greater one does. Equal only for equal candidates, so that the
/// order of rows doesn't matter.
fn represents(a: &Candidate, b: &Candidate) -> Ordering {
    let key = |candidate: &Candidate| {
        let has_address = candidate.url.is_some();
        (
            candidate.title.is_some(),
            has_address && candidate.source_type != SHORT_POSTS,
            candidate.body.as_deref().map_or(0, |body| body.chars().count()),
            has_address,
            candidate.published_at,
        )
    };
    let first = |candidate: &Candidate| Reverse(candidate.id.clone());
    let whole = |candidate: &Candidate| Reverse(candidate.case_json().get().to_owned());
    key(a).cmp(&key(b)).then_with(|| first(a).cmp(&first(b))).then_with(|| whole(a).cmp(&whole(b)))
}

#[cfg(test)]
#[path = "select_tests.rs"]
mod tests;
