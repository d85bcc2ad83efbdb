//! Sending one page.

use super::worker::Trouble;
use super::{Item, Page, RefusedItem};
use crate::client::{Client, NewRun};
use crate::error::{MlflowError, Result};
use crate::run::RunStatus;
use crate::write::{RunDraft, key};
use futures::{StreamExt, TryStreamExt};
use std::collections::HashMap;

/// Runs that are already on the server: their ids and how far they are, by key.
pub(super) type Begun = HashMap<String, (String, RunStatus)>;

/// Runs a request when looking for what is already there.
const SEARCHED: usize = 1_000;

/// The value of the tag that all runs of a page have.
fn after_tag(page: &Page) -> String {
    format!("{}/{}/{}", page.origin, page.run, page.after)
}

/// The runs of this page that an earlier try has begun.
pub(super) async fn begun_runs(client: &Client, experiment: &str, page: &Page) -> Result<Begun> {
    let value = after_tag(page).replace('\'', "");
    let filter = format!("tags.`{}` = '{value}'", key::AFTER);
    let (mut begun, mut token) = (Begun::new(), None);
    loop {
        let found = client.search_runs(experiment, &filter, &[], SEARCHED, token).await?;
        for run in found.runs {
            if let Some(key) = run.tags.get(key::KEY) {
                begun.insert(key.clone(), (run.run_id.clone(), run.status));
            }
        }
        token = found.next;
        if token.is_none() {
            return Ok(begun);
        }
    }
}

/// Sends all items of a page, several at once, and says which the server does not accept.
pub(super) async fn send_page(
    client: &Client,
    experiment: (&str, &str),
    page: &Page,
    begun: &Begun,
    parallel: usize,
) -> std::result::Result<Vec<RefusedItem>, Trouble> {
    let after = after_tag(page).replace('\'', "");
    let sending = Sending { client, experiment, begun, after: &after };
    // A list, because the compiler can't show that a stream which borrows may go to another thread.
    let items: Vec<_> = page.items.iter().map(|item| sending.item(item)).collect();
    let sent = futures::stream::iter(items).buffered(parallel.max(1));
    let refused: Vec<Option<RefusedItem>> = sent.try_collect().await?;
    Ok(refused.into_iter().flatten().collect())
}

#[derive(Clone, Copy)]
struct Sending<'a> {
    client: &'a Client,
    /// Id and name.
    experiment: (&'a str, &'a str),
    begun: &'a Begun,
    after: &'a str,
}

impl Sending<'_> {
    async fn item(self, item: &Item) -> Result<Option<RefusedItem>> {
        for draft in &item.drafts {
            match self.draft(draft).await {
                Ok(()) => {}
                Err(MlflowError::Rejected { code, message, .. }) => {
                    let reason = format!("{}: {message} ({code})", draft.name);
                    return Ok(Some(RefusedItem { position: item.position, reason }));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// A run with those below it. It is closed last, so one that is closed is complete.
    async fn draft(self, draft: &RunDraft) -> Result<()> {
        let Some(run_id) = self.begin(draft, None).await? else { return Ok(()) };
        for child in &draft.children {
            if let Some(child_id) = self.begin(child, Some(&run_id)).await? {
                self.complete(child, &child_id).await?;
            }
        }
        self.complete(draft, &run_id).await
    }

    /// The id of the run, begun now or by an earlier try; `None`: it is complete.
    async fn begin(self, draft: &RunDraft, parent: Option<&str>) -> Result<Option<String>> {
        if let Some((run_id, status)) = self.begun.get(&draft.key) {
            return Ok((!status.has_ended()).then(|| run_id.clone()));
        }
        let mut tags = draft.tags.clone();
        tags.push((key::AFTER.to_owned(), self.after.to_owned()));
        if let Some(parent) = parent {
            tags.push(("mlflow.parentRunId".to_owned(), parent.to_owned()));
        }
        let run = NewRun { name: &draft.name, started_at: draft.started_at, tags: &tags };
        self.client.create_run(self.experiment, &run).await.map(Some)
    }

    async fn complete(self, draft: &RunDraft, run_id: &str) -> Result<()> {
        let logged =
            self.client.log(run_id, draft.ended_at, &draft.metrics, &draft.params, &draft.more_tags).await;
        if let Err(error @ MlflowError::Rejected { .. }) = logged {
            // So that it is not taken for one that is still going on.
            self.client.end_run(run_id, RunStatus::Failed, draft.ended_at).await?;
            return Err(error);
        }
        logged?;
        self.client.end_run(run_id, draft.status, draft.ended_at).await
    }
}
