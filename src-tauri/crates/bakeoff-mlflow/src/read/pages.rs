//! All runs of an experiment from a server, in pages.

use super::Runs;
use crate::client::{Client, RunPage};
use crate::error::Result;
use crate::run::Run;
use data_encoding::BASE64;
use futures::{StreamExt, TryStreamExt};
use std::collections::HashSet;

/// Runs a page. MLflow needs about 2 ms of CPU for each run, in pages of any size (its object mapper and its JSON), so
/// a larger page saves nothing, and an answer must come in time.
const PAGE: usize = 1_000;
/// Pages that are asked for at the same time: as many as MLflow starts workers for unless told otherwise.
const AT_ONCE: usize = 4;

/// Every run once, newest first.
pub(super) async fn all_runs(client: &Client, experiment: &str) -> Result<Runs> {
    let first = page(client, experiment, None).await?;
    let (mut runs, mut next) = (first.runs, first.next);
    if next.as_ref() == Some(&token_at(PAGE)) {
        let later = futures::stream::iter(1..)
            .map(|number: usize| page(client, experiment, Some(token_at(number * PAGE))));
        let mut later = std::pin::pin!(later.buffered(AT_ONCE));
        while let Some(page) = later.try_next().await? {
            runs.extend(page.runs);
            if page.next.is_none() {
                break;
            }
        }
    } else {
        // A token of somebody else's making can only be handed back.
        while let Some(token) = next {
            let page = page(client, experiment, Some(token)).await?;
            runs.extend(page.runs);
            next = page.next;
        }
    }
    keep_first_of_each(&mut runs);
    Ok(Runs { runs, warnings: Vec::new() })
}

async fn page(client: &Client, experiment: &str, token: Option<String>) -> Result<RunPage> {
    client.search_runs(experiment, "", &[], PAGE, token).await
}

/// MLflow's token of the page that begins after so many runs. Other servers have tokens of their own.
fn token_at(offset: usize) -> String {
    BASE64.encode(format!("{{\"offset\": {offset}}}").as_bytes())
}

/// A run that begins while others are read moves the older ones into the next page, where they come again.
fn keep_first_of_each(runs: &mut Vec<Run>) {
    let mut seen = HashSet::new();
    runs.retain(|run| run.run_id.is_empty() || seen.insert(run.run_id.clone()));
}

#[cfg(test)]
mod tests {
    use super::token_at;

    #[test]
    fn tokens_are_those_of_mlflow() {
        // The integration test of a real server expects this very text from it.
        assert_eq!(token_at(5), "eyJvZmZzZXQiOiA1fQ==");
    }
}
