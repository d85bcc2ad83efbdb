//! Fault trials that are going on, so that people can change their tickets.

use super::Lookout;
use bakeoff_core::lab::{Ticket, TicketChange, TicketError};
use bakeoff_core::trial::TrialKey;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Why a ticket was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketChangeError {
    /// The trial has ended or has not come so far.
    #[error(
        "no fault trial of this case, variant and repetition is going on, so its tickets can't be changed"
    )]
    NotOpen,
    /// It has no such ticket, or not in such a state.
    #[error(transparent)]
    Ticket(#[from] TicketError),
}

/// By key. A trial that has ended is no longer in it.
#[derive(Default)]
pub(crate) struct OpenTrials(Mutex<HashMap<TrialKey, Weak<Lookout>>>);

impl OpenTrials {
    pub(super) fn add(&self, key: TrialKey, lookout: &Arc<Lookout>) {
        let mut open = self.open();
        open.retain(|_, lookout| lookout.strong_count() > 0);
        open.insert(key, Arc::downgrade(lookout));
    }

    pub(crate) fn change(
        &self,
        key: TrialKey,
        number: u32,
        change: TicketChange,
    ) -> Result<Ticket, TicketChangeError> {
        let lookout = self.open().get(&key).and_then(Weak::upgrade).ok_or(TicketChangeError::NotOpen)?;
        let now = lookout.now();
        let changed = lookout.change_ticket(|tickets| match change {
            TicketChange::Resolve => tickets.resolve_by_person(number, now),
            TicketChange::Hold => tickets.hold(number),
            TicketChange::Unhold => tickets.unhold(number),
        });
        Ok(changed?)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<TrialKey, Weak<Lookout>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
