//! Reading experiments and runs, whoever logged them: from a server, a SQLite store or an `mlruns` folder. The latter
//! two need no MLflow.

mod folder;
mod pages;
mod sqlite;

use crate::client::{Access, Client, ExperimentInfo};
use crate::error::{MlflowError, Result};
use crate::experiment::Experiment;
use crate::run::Run;
use crate::uri::TrackingUri;
use bakeoff_core::trial::Millis;
use futures::{StreamExt, TryStreamExt};

/// A server has no way to count but to list: from so many on it is only said that there are more.
const COUNTED: usize = 200;
/// Experiments that are counted at the same time.
const COUNTING: usize = 4;

/// An experiment in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExperimentRow {
    /// MLflow's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was made; old stores don't say.
    pub created_at: Option<Millis>,
    /// It is not deleted. Only such ones are listed.
    pub active: bool,
    /// Its runs that aren't deleted.
    pub runs: u64,
    /// There are more runs than were counted.
    pub more_runs: bool,
}

/// The runs of an experiment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Runs {
    /// Newest first.
    pub runs: Vec<Run>,
    /// What could not be read and was left out.
    pub warnings: Vec<String>,
}

/// Reads one place.
#[derive(Debug, Clone)]
pub struct Reader {
    uri: TrackingUri,
    access: Access,
}

impl Reader {
    /// Nothing is opened yet.
    pub fn new(uri: TrackingUri, access: Access) -> Self {
        Self { uri, access }
    }

    /// All experiments that aren't deleted, newest first.
    ///
    /// # Errors
    /// The place can't be read.
    pub async fn experiments(&self) -> Result<Vec<ExperimentRow>> {
        match self.uri.clone() {
            TrackingUri::Http(url) => {
                let client = Client::new(&url, self.access.clone())?;
                let found = client.experiments().await?;
                let counted: Vec<_> = found.into_iter().map(|info| counted(&client, info)).collect();
                futures::stream::iter(counted).buffered(COUNTING).try_collect().await
            }
            TrackingUri::Sqlite(path) => blocking(move || sqlite::experiments(&path)).await,
            TrackingUri::Folder(path) => blocking(move || folder::experiments(&path)).await,
        }
    }

    /// The runs of the experiment of this name, newest first.
    ///
    /// # Errors
    /// There is no such experiment (the error lists what there is), it is deleted, or the place can't be read.
    pub async fn runs(&self, experiment: &str) -> Result<Runs> {
        match self.runs_of(experiment.to_owned()).await? {
            Some(runs) => Ok(runs),
            None => Err(self.no_experiment(experiment).await?),
        }
    }

    /// The experiment of this name with its runs by variant.
    ///
    /// # Errors
    /// As [`Self::runs`].
    pub async fn experiment(&self, name: &str) -> Result<Experiment> {
        Ok(Experiment::new(name, self.runs(name).await?))
    }

    async fn runs_of(&self, name: String) -> Result<Option<Runs>> {
        match self.uri.clone() {
            TrackingUri::Http(url) => {
                let client = Client::new(&url, self.access.clone())?;
                match client.experiment(&name).await? {
                    Some(found) if !found.active => Err(MlflowError::ExperimentDeleted { name }),
                    Some(found) => pages::all_runs(&client, &found.id).await.map(Some),
                    None => Ok(None),
                }
            }
            TrackingUri::Sqlite(path) => blocking(move || sqlite::runs(&path, &name)).await,
            TrackingUri::Folder(path) => blocking(move || folder::runs(&path, &name)).await,
        }
    }

    async fn no_experiment(&self, name: &str) -> Result<MlflowError> {
        let known: Vec<ExperimentInfo> = match self.uri.clone() {
            TrackingUri::Http(url) => Client::new(&url, self.access.clone())?.experiments().await?,
            TrackingUri::Sqlite(path) => blocking(move || sqlite::names(&path)).await?,
            TrackingUri::Folder(path) => blocking(move || folder::names(&path)).await?,
        };
        let known = known.into_iter().filter(|known| known.active).map(|known| known.name).collect();
        Ok(MlflowError::NoExperiment { name: name.to_owned(), place: self.uri.to_string(), known })
    }
}

async fn counted(client: &Client, info: ExperimentInfo) -> Result<ExperimentRow> {
    let page = client.search_runs(&info.id, "", &[], COUNTED, None).await?;
    Ok(ExperimentRow {
        runs: page.runs.len() as u64,
        more_runs: page.next.is_some(),
        ..ExperimentRow::without_runs(info)
    })
}

impl ExperimentRow {
    fn without_runs(info: ExperimentInfo) -> Self {
        let ExperimentInfo { id, name, created_at, active } = info;
        Self { id, name, created_at, active, runs: 0, more_runs: false }
    }
}

/// Files and databases are read on a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => {
            Err(MlflowError::Store { path: String::new(), why: format!("reading it failed: {error}") })
        }
    }
}

/// Newest first, as MLflow sorts; runs without a start last.
fn sort(runs: &mut [Run]) {
    runs.sort_by(|a, b| b.started_at.cmp(&a.started_at).then_with(|| a.run_id.cmp(&b.run_id)));
}
