//! The loop of an exporter.

use super::backoff::Backoff;
use super::send::{Begun, begun_runs, send_page};
use super::{ExportOptions, ExportState, Outbox, Page};
use crate::client::Client;
use crate::server::Target;
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Why a page isn't sent.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It may work later.
    Wait(String),
    /// It won't, for all of the campaign's run.
    RunFailed(String),
}

pub(super) struct Worker {
    outbox: Arc<dyn Outbox>,
    target: Arc<Target>,
    options: ExportOptions,
    wake: Arc<Notify>,
    stop: CancellationToken,
    told: watch::Sender<ExportState>,
    /// Ids of experiments by name.
    experiments: HashMap<String, String>,
    /// Campaign runs of which nothing beyond the marked position can be on the server: none after a start or an error.
    sure: HashSet<u32>,
}

impl Worker {
    pub(super) fn new(
        outbox: Arc<dyn Outbox>,
        target: Arc<Target>,
        options: ExportOptions,
        wake: Arc<Notify>,
        stop: CancellationToken,
        told: watch::Sender<ExportState>,
    ) -> Self {
        Self { outbox, target, options, wake, stop, told, experiments: HashMap::new(), sure: HashSet::new() }
    }

    pub(super) async fn run(mut self) {
        let stop = self.stop.clone();
        // Dropping the loop drops the requests under way: what they began is found by the next exporter.
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.send_for_ever() => {}
        }
        self.tell(ExportState::Stopped);
    }

    async fn send_for_ever(&mut self) {
        let mut backoff = Backoff::new(self.options.first_wait, self.options.longest_wait);
        loop {
            match self.send_next().await {
                Ok(true) => backoff.reset(),
                Ok(false) => {
                    self.tell(ExportState::Idle);
                    self.pause(self.options.look_again).await;
                }
                Err(trouble) => {
                    self.forget();
                    let retry_in = backoff.wait(rand::random());
                    let (Trouble::Wait(reason) | Trouble::RunFailed(reason)) = trouble;
                    self.tell(ExportState::Waiting { reason, retry_in });
                    self.pause(retry_in).await;
                }
            }
        }
    }

    /// Sends one page; false when there is none.
    async fn send_next(&mut self) -> Result<bool, Trouble> {
        let Some(page) = self.outbox.next_page(self.options.page.max(1)).await? else { return Ok(false) };
        let run = page.run;
        match self.send(page).await {
            Ok(()) => Ok(true),
            Err(Trouble::RunFailed(reason)) => {
                self.forget();
                self.outbox.mark_failed(run, reason).await?;
                Ok(true)
            }
            Err(trouble) => Err(trouble),
        }
    }

    async fn send(&mut self, page: Page) -> Result<(), Trouble> {
        let Some(last) = page.items.last().map(|item| item.position) else { return Ok(()) };
        if !matches!(*self.told.borrow(), ExportState::Sending { .. }) {
            self.tell(ExportState::Connecting);
        }
        let client = self.target.client().await?;
        // Only a server that answers makes this "sending".
        let id = self.experiment(&client, &page.experiment).await?;
        self.tell(ExportState::Sending { run: page.run });
        let begun = match self.sure.contains(&page.run) {
            true => Begun::new(),
            false => begun_runs(&client, &id, &page).await?,
        };
        let experiment = (id.as_str(), page.experiment.as_str());
        let refused = send_page(&client, experiment, &page, &begun, self.options.parallel).await?;
        self.outbox.mark_sent(page.run, last, refused).await?;
        self.sure.insert(page.run);
        Ok(())
    }

    /// After an error nothing is taken for granted.
    fn forget(&mut self) {
        self.sure.clear();
        self.experiments.clear();
    }

    async fn experiment(&mut self, client: &Client, name: &str) -> Result<String, Trouble> {
        if let Some(id) = self.experiments.get(name) {
            return Ok(id.clone());
        }
        let id = client.ensure_experiment(name).await?;
        self.experiments.insert(name.to_owned(), id.clone());
        Ok(id)
    }

    /// Waits so long, or until somebody wakes it.
    fn pause(&self, time: Duration) -> impl Future<Output = ()> + use<> {
        let wake = Arc::clone(&self.wake);
        async move {
            // Both ways are fine, so it doesn't matter which it was.
            let _ = tokio::time::timeout(time, wake.notified()).await;
        }
    }

    fn tell(&self, state: ExportState) {
        self.told.send_replace(state);
    }
}
