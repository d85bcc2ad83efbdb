//! Trials that wait to be started: in the plan's order, but so that a provider that is at its limit doesn't hold up
//! the others. 12 bytes a trial.

use bakeoff_core::trial::TrialKey;

/// The trials of a run by lane (the endpoint that their variant calls).
pub(crate) struct Queue {
    trials: Vec<TrialKey>,
    lanes: Vec<Lane>,
}

/// Places in `trials`, ascending; those before `next` have been taken.
#[derive(Default)]
struct Lane {
    places: Vec<u32>,
    next: usize,
}

impl Queue {
    /// `lane_of` gives a trial's lane, below `lanes`.
    pub(crate) fn new(trials: Vec<TrialKey>, lanes: usize, lane_of: impl Fn(TrialKey) -> usize) -> Self {
        let mut queue = Self { trials, lanes: std::iter::repeat_with(Lane::default).take(lanes).collect() };
        for (place, key) in queue.trials.iter().enumerate() {
            // A plan has fewer than 2^32 trials: its keys are made of a case below 2^32, and memory ends first.
            queue.lanes[lane_of(*key)].places.push(place as u32);
        }
        queue
    }

    /// Takes the earliest trial of all lanes that are open.
    pub(crate) fn take(&mut self, is_open: impl Fn(usize) -> bool) -> Option<TrialKey> {
        let heads =
            self.lanes.iter().enumerate().filter_map(|(lane, one)| Some((*one.places.get(one.next)?, lane)));
        let (place, lane) = heads.filter(|(_, lane)| is_open(*lane)).min()?;
        self.lanes[lane].next += 1;
        Some(self.trials[place as usize])
    }

    /// Whether a lane has trials left.
    pub(crate) fn has(&self, lane: usize) -> bool {
        self.lanes.get(lane).is_some_and(|lane| lane.next < lane.places.len())
    }

    /// Trials left.
    pub(crate) fn len(&self) -> usize {
        self.lanes.iter().map(|lane| lane.places.len() - lane.next).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_among_open_lanes() {
        let key = |case| TrialKey { case, variant: (case % 2) as u16, repetition: 0 };
        let mut queue = Queue::new((0..6).map(key).collect(), 2, |key| usize::from(key.variant));
        let mut take = |open: [bool; 2]| queue.take(|lane| open[lane]).map(|key| key.case);
        assert_eq!(take([true, true]), Some(0));
        assert_eq!(take([true, false]), Some(2), "lane 1 is at its limit");
        assert_eq!(take([true, true]), Some(1), "what was held up comes next");
        assert_eq!(take([false, false]), None);
        assert_eq!((queue.len(), queue.has(0)), (3, true));
    }
}
