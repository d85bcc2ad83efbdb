//! An outbox in memory, as the store's table would be.

use bakeoff_core::ports::BoxFuture;
use bakeoff_mlflow::write::RunDraft;
use bakeoff_mlflow::{Item, Outbox, OutboxError, Page, RefusedItem};
use std::sync::{Mutex, MutexGuard};

#[derive(Default)]
pub struct State {
    /// The position up to which everything is sent.
    pub sent: i64,
    pub refused: Vec<RefusedItem>,
    pub failed: Option<String>,
}

/// One campaign run whose trials all wait.
pub struct Waiting {
    pub experiment: String,
    pub items: Vec<Item>,
    pub state: Mutex<State>,
}

pub const ORIGIN: &str = "workspace";
pub const RUN: u32 = 12;

impl Waiting {
    /// An item for each list of runs, at positions 10, 20, ….
    pub fn new(experiment: &str, drafts: impl IntoIterator<Item = Vec<RunDraft>>) -> Self {
        let items =
            (1..).zip(drafts).map(|(number, drafts)| Item { position: number * 10, drafts }).collect();
        Self { experiment: experiment.to_owned(), items, state: Mutex::default() }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds this")
    }

    pub fn last(&self) -> i64 {
        self.items.last().map_or(0, |item| item.position)
    }
}

impl Outbox for Waiting {
    fn next_page(&self, most: usize) -> BoxFuture<'_, Result<Option<Page>, OutboxError>> {
        Box::pin(async move {
            let state = self.state();
            let waiting = self.items.iter().filter(|item| item.position > state.sent).take(most);
            let items: Vec<Item> = waiting.cloned().collect();
            let page = Page {
                run: RUN,
                origin: ORIGIN.to_owned(),
                experiment: self.experiment.clone(),
                after: state.sent,
                items,
            };
            Ok((!page.items.is_empty() && state.failed.is_none()).then_some(page))
        })
    }

    fn mark_sent(
        &self,
        run: u32,
        position: i64,
        refused: Vec<RefusedItem>,
    ) -> BoxFuture<'_, Result<(), OutboxError>> {
        Box::pin(async move {
            assert_eq!(run, RUN);
            let mut state = self.state();
            assert!(position > state.sent, "the position only grows");
            state.sent = position;
            state.refused.extend(refused);
            Ok(())
        })
    }

    fn mark_failed(&self, _: u32, reason: String) -> BoxFuture<'_, Result<(), OutboxError>> {
        Box::pin(async move {
            self.state().failed = Some(reason);
            Ok(())
        })
    }
}
