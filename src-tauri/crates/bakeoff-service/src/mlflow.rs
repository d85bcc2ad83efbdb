//! Logging runs to MLflow: which tracking URI is in force, and the outbox that the exporter empties. What has been sent
//! is a position in the database, so nothing is written while a campaign runs but by the exporter itself.

use crate::dto::{MlflowState, Settings};
use crate::error::Result;
use crate::experiments::mlflow_access;
use crate::mlflow_outbox::StoreOutbox;
use crate::service::Service;
use bakeoff_core::campaign::Campaign;
use bakeoff_mlflow::{ExportOptions, ExportState, Exporter, ProgramPlaces, Target, TrackingUri};
use bakeoff_store::MlflowExport;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often somebody who waits for the outbox looks.
const LOOK: Duration = Duration::from_millis(100);

/// The exporters of this program, by tracking URI as it was written.
#[derive(Default)]
pub(crate) struct Exporters(Mutex<BTreeMap<String, Exporter>>);

/// A tracking URI and where it was named.
struct InForce {
    uri: String,
    source: &'static str,
}

impl Service {
    /// How the logging to MLflow stands.
    pub fn mlflow_state(&self) -> Result<MlflowState> {
        let in_force = in_force(None, &self.current_settings());
        let pending = self.pending_exports(None)?;
        let mut waiting = 0;
        let mut problem = None;
        for export in &pending {
            let last = self.store().last_trial_number(export.run)?;
            waiting += last.saturating_sub(export.position);
            problem = problem.or_else(|| export.error.clone());
        }
        let exporters = self.exporters.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = exporters.values().find_map(|exporter| match &*exporter.state().borrow() {
            ExportState::Waiting { reason, .. } => Some(reason.clone()),
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

    /// Sends what waits, and returns when everything is sent, when the server can't be used, or after `most`.
    pub fn flush_mlflow(&self, most: Duration) -> Result<MlflowState> {
        self.start_exporters()?;
        let until = Instant::now() + most;
        while Instant::now() < until && !self.pending_exports(None)?.is_empty() {
            let exporters = self.exporters.0.lock().unwrap_or_else(PoisonError::into_inner);
            let stuck = exporters
                .values()
                .all(|exporter| matches!(&*exporter.state().borrow(), ExportState::Waiting { .. }));
            drop(exporters);
            if stuck {
                break;
            }
            std::thread::sleep(LOOK);
        }
        self.mlflow_state()
    }

    /// Notes that a run is to be logged, if it is, and starts sending.
    pub(crate) fn log_to_mlflow(&self, run: u32, campaign: &Campaign) -> Result<()> {
        let Some(in_force) = in_force(Some(campaign), &self.current_settings()) else { return Ok(()) };
        let experiment = campaign.mlflow.as_ref().and_then(|settings| settings.experiment.clone());
        let known = self.store().mlflow_exports(Some(run))?;
        let position = known.iter().find(|known| known.tracking_uri == in_force.uri);
        let export = MlflowExport {
            run,
            tracking_uri: in_force.uri,
            experiment: experiment.unwrap_or_else(|| campaign.name.clone()),
            position: position.map_or(0, |known| known.position),
            state: bakeoff_store::ExportState::Pending,
            remote: serde_json::Map::new(),
            error: None,
            updated_at: self.now(),
        };
        self.wait(self.store().set_mlflow_export(export))?;
        self.start_exporters()
    }

    /// Starts an exporter for each tracking URI that something waits for, and wakes those that are there. A window does
    /// this when it opens; short commands don't.
    pub fn start_exporters(&self) -> Result<()> {
        let mut exporters = self.exporters.0.lock().unwrap_or_else(PoisonError::into_inner);
        for export in self.pending_exports(None)? {
            if let Some(known) = exporters.get(&export.tracking_uri) {
                known.wake();
                continue;
            }
            let uri = match TrackingUri::parse(&export.tracking_uri, self.files().root()) {
                Ok(uri) => uri,
                Err(error) => {
                    let failed = MlflowExport {
                        state: bakeoff_store::ExportState::Failed,
                        error: Some(error.to_string()),
                        updated_at: self.now(),
                        ..export
                    };
                    self.wait(self.store().set_mlflow_export(failed))?;
                    continue;
                }
            };
            let places = ProgramPlaces { program: None, path: std::env::var_os("PATH") };
            let target = Arc::new(Target::new(uri, mlflow_access(), places));
            let outbox = Arc::new(StoreOutbox::new(
                self.store().clone(),
                Arc::clone(&self.active),
                export.tracking_uri.clone(),
                self.files(),
            ));
            let _inside = self.handle().enter();
            let exporter = Exporter::start(outbox, target, ExportOptions::default());
            exporters.insert(export.tracking_uri, exporter);
        }
        Ok(())
    }

    /// Stops sending; what was being sent is completed next time.
    pub(crate) fn stop_exporters(&self) {
        let exporters = std::mem::take(&mut *self.exporters.0.lock().unwrap_or_else(PoisonError::into_inner));
        for exporter in exporters.into_values() {
            self.handle().block_on(exporter.stop());
        }
    }

    fn pending_exports(&self, run: Option<u32>) -> Result<Vec<MlflowExport>> {
        let mut exports = self.store().mlflow_exports(run)?;
        exports.retain(|export| export.state == bakeoff_store::ExportState::Pending);
        Ok(exports)
    }
}

/// The tracking URI of a campaign's runs: the workflow's own, else the user's setting, else the environment's.
fn in_force(campaign: Option<&Campaign>, settings: &Settings) -> Option<InForce> {
    let own = campaign.and_then(|campaign| campaign.mlflow.as_ref());
    if own.is_some_and(|own| !own.enabled) {
        return None;
    }
    let named = |uri: Option<String>, source| {
        uri.map(|uri| uri.trim().to_owned()).filter(|uri| !uri.is_empty()).map(|uri| InForce { uri, source })
    };
    named(own.and_then(|own| own.tracking_uri.clone()), "workflow")
        .or_else(|| named(settings.mlflow_tracking_uri.clone(), "settings"))
        .or_else(|| named(std::env::var("MLFLOW_TRACKING_URI").ok(), "environment"))
}
