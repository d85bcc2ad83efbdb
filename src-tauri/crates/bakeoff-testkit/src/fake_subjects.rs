//! A small cluster in memory, whose faults, probes and repairs behave as a real one's, in tokio's time; and what it may
//! do wrong.

mod cluster;
mod instance;

pub use instance::FakeInstance;

use crate::Trace;
use bakeoff_core::fault::FaultKind;
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{Instance, OpenInstance, SubjectError, Subjects};
use bakeoff_core::subject::{
    MonitorRules, ProbeKind, ServiceLevel, Subject, SubjectKind, SubjectNode, Timing,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What goes wrong in a [`FakeInstance`].
#[derive(Debug, Clone, Default)]
pub struct FakeLab {
    /// Opening fails, because it can't work here at all.
    pub unavailable: Option<String>,
    /// Planning a fault fails, because it can't be done here at all.
    pub fault_unavailable: Option<String>,
    /// It starts and never gets healthy.
    pub never_healthy: bool,
    /// It says nothing about its members before the fault.
    pub empty_state: bool,
    /// Injecting works and does nothing.
    pub does_not_land: bool,
    /// Reverting fails and does nothing.
    pub revert_fails: bool,
    /// Reverting works and does nothing.
    pub revert_lies: bool,
    /// The fault goes away by itself, so long after it was done.
    pub heals_after: Option<Duration>,
    /// A node needs so long to be whole again after it was started.
    pub start_takes: Duration,
    /// The monitor's looks fail, from the first one on, so many times.
    pub failing_looks: u32,
    /// These methods of the port panic.
    pub panics_in: Vec<&'static str>,
    /// These methods of the port never come back.
    pub hangs_in: Vec<&'static str>,
    /// Reading back the writes tells that so many are gone.
    pub lost_writes: u64,
}

/// Gives out fake clusters and keeps them.
pub struct FakeSubjects {
    lab: FakeLab,
    trace: Trace,
    opened: Mutex<Vec<Arc<FakeInstance>>>,
}

impl FakeSubjects {
    /// All clusters go wrong as `lab` says; what is done to them goes into the trace: `open`, `inject`, `revert`, `close`,
    /// `labctl …`, `shell …`.
    pub fn new(lab: FakeLab, trace: Trace) -> Self {
        Self { lab, trace, opened: Mutex::default() }
    }

    /// Every cluster so far, in the order of opening.
    pub fn opened(&self) -> Vec<Arc<FakeInstance>> {
        self.kept().clone()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Arc<FakeInstance>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subjects for FakeSubjects {
    fn open<'a>(&'a self, wanted: OpenInstance) -> BoxFuture<'a, Result<Arc<dyn Instance>, SubjectError>> {
        Box::pin(async move {
            self.trace.add("open");
            if let Some(message) = self.lab.unavailable.clone() {
                return Err(SubjectError { message, is_unavailable: true });
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            let instance = Arc::new(FakeInstance::new(wanted, self.lab.clone(), self.trace.clone()));
            self.kept().push(Arc::clone(&instance));
            Ok(instance as Arc<dyn Instance>)
        })
    }
}

/// A subject of three nodes with short times: 3 s warm-up, 3 s hold, a look every second, `high_latency` after 2 s.
pub fn fake_subject(name: &str) -> Subject {
    let node = |name: &str| SubjectNode { name: name.to_owned(), port: None, volume: None };
    Subject {
        name: name.to_owned(),
        description: None,
        kind: SubjectKind::Embedded,
        probe: ProbeKind::Ledger,
        nodes: ["n1", "n2", "n3"].map(node).into(),
        compose: None,
        services: serde_json::Map::new(),
        tools_image: None,
        disk_mb: 32,
        service_level: ServiceLevel { latency_ms: 250.0, error_rate: 0.05 },
        monitor: MonitorRules {
            interval_seconds: 1.0,
            latency_ms: 100.0,
            latency_for_seconds: 2.0,
            disk_percent: 70.0,
        },
        timing: Timing {
            boot_seconds: 10.0,
            warm_up_seconds: 3.0,
            hold_seconds: 3.0,
            sample_seconds: 0.25,
            land_seconds: 2.0,
            revert_seconds: 5.0,
        },
        faults: FaultKind::ALL.to_vec(),
    }
}
