//! Logging runs to MLflow: which tracking URI is in force, and the outbox that the exporter empties. What has been sent
//! is a position in the database, so nothing is written while a campaign runs but by the exporter itself.

use crate::dto::{MlflowSent, MlflowState, Settings};
use crate::error::Result;
use crate::experiments::mlflow_access;
use crate::mlflow_outbox::StoreOutbox;
use crate::service::Service;
use bakeoff_core::campaign::Campaign;
use bakeoff_mlflow::{
    Access, Credentials, ExportOptions, ExportState as Doing, Exporter, ProgramPlaces, Target, TrackingUri,
};
use bakeoff_store::{ExportState, MlflowExport, RunState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often somebody who waits for the outbox looks.
const LOOK: Duration = Duration::from_millis(100);

/// The exporters of this program, by tracking URI as it is kept: without user and password.
#[derive(Default)]
pub(crate) struct Exporters(Mutex<BTreeMap<String, Sending>>);

/// An exporter and what it empties.
struct Sending {
    exporter: Exporter,
    outbox: Arc<StoreOutbox>,
}

/// How long somebody waits for the outbox.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// In all.
    pub most: Duration,
    /// While nothing gets there and nobody is at it: the server can't be used, or another program sends.
    pub still: Duration,
}

/// A tracking URI, what was written in it to get in, and where it was named.
struct InForce {
    uri: String,
    credentials: Credentials,
    source: &'static str,
}

impl Service {
    /// How the logging to MLflow stands.
    pub fn mlflow_state(&self) -> Result<MlflowState> {
        let in_force = in_force(None, &self.current_settings());
        let mut waiting = 0;
        let mut problem = None;
        for export in self.exports_in(&[ExportState::Pending, ExportState::Failed])? {
            let last = self.store().last_trial_number(export.run)?;
            waiting += last.saturating_sub(export.position);
            problem = problem.or(export.error);
        }
        let told =
            self.lock_exporters().values().find_map(|sending| match &*sending.exporter.state().borrow() {
                Doing::Waiting { reason, .. } => Some(reason.clone()),
                _ => None,
            });
        let uri = in_force.as_ref().map(|in_force| in_force.uri.clone());
        Ok(MlflowState {
            url: uri.clone().filter(|uri| uri.starts_with("http")),
            tracking_uri: uri,
            source: in_force.map(|in_force| in_force.source.to_owned()),
            waiting,
            problem: told.or(problem),
        })
    }

    /// Sends what waits, and what was given up before. Returns as [`Self::flush_mlflow`].
    pub fn sync_mlflow(&self, patience: Patience) -> Result<MlflowSent> {
        for failed in self.exports_in(&[ExportState::Failed])? {
            let MlflowExport { run, tracking_uri, experiment, .. } = failed;
            self.wait(self.store().ask_for_mlflow_export(run, tracking_uri, experiment, self.now()))?;
        }
        self.flush_mlflow(patience)
    }

    /// Sends what waits. Returns when everything of runs that are over is sent, or when patience ends.
    pub fn flush_mlflow(&self, patience: Patience) -> Result<MlflowSent> {
        self.start_exporters()?;
        let watched = self.watch_exporters();
        let until = Instant::now() + patience.most;
        let mut moved = (Vec::new(), Instant::now());
        loop {
            // An exporter that rests looks again.
            self.start_exporters()?;
            let unsent = self.unsent()?;
            if unsent.is_empty() || Instant::now() >= until {
                break;
            }
            if unsent != moved.0 {
                moved = (unsent, Instant::now());
            } else if moved.1.elapsed() >= patience.still && !is_busy(&watched) {
                break;
            }
            std::thread::sleep(LOOK);
        }
        self.what_was_sent()
    }

    fn what_was_sent(&self) -> Result<MlflowSent> {
        let mut state = self.mlflow_state()?;
        let mut summaries_waiting = 0;
        let unsent = self.unsent()?;
        for export in &unsent {
            let is_finished = self.store().run(export.run)?.state == RunState::Finished;
            let is_there = export.position >= self.store().last_trial_number(export.run)?;
            summaries_waiting += u32::from(is_finished && is_there);
        }
        let exporters = self.lock_exporters();
        let waits = |uri: &str| unsent.iter().any(|export| export.tracking_uri == uri);
        if exporters.iter().any(|(uri, sending)| sending.outbox.is_elsewhere() && waits(uri)) {
            let elsewhere = "another program is sending them (it holds .bakeoff/mlflow.lock)";
            state.problem = Some(elsewhere.to_owned());
        }
        Ok(MlflowSent { state, summaries_waiting })
    }

    /// Notes that a run is to be logged, if it is, and starts sending.
    pub(crate) fn log_to_mlflow(&self, run: u32, campaign: &Campaign) -> Result<()> {
        let Some(InForce { uri, .. }) = in_force(Some(campaign), &self.current_settings()) else {
            return Ok(());
        };
        let experiment = campaign.mlflow.as_ref().and_then(|settings| settings.experiment.clone());
        let experiment = experiment.unwrap_or_else(|| campaign.name.clone());
        self.wait(self.store().ask_for_mlflow_export(run, uri, experiment, self.now()))?;
        self.start_exporters()
    }

    /// Starts an exporter for each tracking URI that something waits for, and wakes those that rest. A window does
    /// this when it opens; short commands don't.
    pub fn start_exporters(&self) -> Result<()> {
        let mut exporters = self.lock_exporters();
        let mut seen = BTreeSet::new();
        for export in self.exports_in(&[ExportState::Pending])? {
            if !seen.insert(export.tracking_uri.clone()) {
                continue;
            }
            if let Some(known) = exporters.get(&export.tracking_uri) {
                // One that waits after an error keeps to its own times.
                if *known.exporter.state().borrow() == Doing::Idle {
                    known.exporter.wake();
                }
                continue;
            }
            match TrackingUri::parse(&export.tracking_uri, self.files().root()) {
                Ok(uri) => {
                    let sending = self.start_exporter(&export.tracking_uri, uri);
                    exporters.insert(export.tracking_uri, sending);
                }
                Err(error) => {
                    seen.remove(&export.tracking_uri);
                    let (error, updated_at) = (Some(error.to_string()), self.now());
                    let failed = MlflowExport { state: ExportState::Failed, error, updated_at, ..export };
                    self.wait(self.store().set_mlflow_export(failed))?;
                }
            }
        }
        Ok(())
    }

    fn start_exporter(&self, kept: &str, uri: TrackingUri) -> Sending {
        let places = ProgramPlaces { program: None, path: std::env::var_os("PATH") };
        let target = Arc::new(Target::new(uri, self.access_to(kept), places));
        let outbox = Arc::new(StoreOutbox::new(
            self.store().clone(),
            Arc::clone(&self.active),
            kept.to_owned(),
            self.files(),
        ));
        let _inside = self.handle().enter();
        let exporter = Exporter::start(Arc::clone(&outbox) as _, target, ExportOptions::default());
        Sending { exporter, outbox }
    }

    /// What a server wants to see: what the environment says, else what was written in the address itself. The latter
    /// is kept nowhere, so a later program needs the environment.
    fn access_to(&self, kept: &str) -> Access {
        let mut access = mlflow_access();
        let written = in_force(None, &self.current_settings()).filter(|in_force| in_force.uri == kept);
        if let Some(Credentials { username: Some(username), password, .. }) =
            written.map(|written| written.credentials)
            && access.credentials.username.is_none()
        {
            access.credentials.username = Some(username);
            access.credentials.password = password;
        }
        access
    }

    /// Stops sending; what was being sent is completed next time.
    pub(crate) fn stop_exporters(&self) {
        let exporters = std::mem::take(&mut *self.lock_exporters());
        for sending in exporters.into_values() {
            self.handle().block_on(sending.exporter.stop());
        }
    }

    /// What is not yet sent of runs that are over. A run that goes on is its own program's to send.
    fn unsent(&self) -> Result<Vec<MlflowExport>> {
        let mut unsent = Vec::new();
        for export in self.exports_in(&[ExportState::Pending])? {
            if !self.store().run(export.run)?.state.is_active() {
                unsent.push(export);
            }
        }
        Ok(unsent)
    }

    fn exports_in(&self, states: &[ExportState]) -> Result<Vec<MlflowExport>> {
        let mut exports = self.store().mlflow_exports(None)?;
        exports.retain(|export| states.contains(&export.state));
        Ok(exports)
    }

    /// Wakes all exporters, and gives what they do from now on.
    fn watch_exporters(&self) -> Vec<watch::Receiver<Doing>> {
        let exporters = self.lock_exporters();
        let watched = exporters.values().map(|sending| {
            sending.exporter.wake();
            sending.exporter.state()
        });
        watched.collect()
    }

    fn lock_exporters(&self) -> MutexGuard<'_, BTreeMap<String, Sending>> {
        self.exporters.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether somebody is at it: an answer of the server's will come, or a time-out.
fn is_busy(exporters: &[watch::Receiver<Doing>]) -> bool {
    let mut doing = exporters.iter().map(|exporter| exporter.borrow());
    doing.any(|doing| matches!(*doing, Doing::Connecting | Doing::Sending { .. }))
}

/// The tracking URI of a campaign's runs: the workflow's own, else the user's setting, else the environment's.
fn in_force(campaign: Option<&Campaign>, settings: &Settings) -> Option<InForce> {
    let own = campaign.and_then(|campaign| campaign.mlflow.as_ref());
    if own.is_some_and(|own| !own.enabled) {
        return None;
    }
    let named = |uri: Option<String>, source| {
        let (uri, credentials) = TrackingUri::split_credentials(&uri?);
        (!uri.is_empty()).then_some(InForce { uri, credentials, source })
    };
    named(own.and_then(|own| own.tracking_uri.clone()), "workflow")
        .or_else(|| named(settings.mlflow_tracking_uri.clone(), "settings"))
        .or_else(|| named(std::env::var("MLFLOW_TRACKING_URI").ok(), "environment"))
}
