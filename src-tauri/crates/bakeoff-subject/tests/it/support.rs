//! A subject as its file would say, and instances of it.

use bakeoff_core::fault::{Fault, FaultKind, PlannedFault};
use bakeoff_core::lab::HealthSample;
use bakeoff_core::ports::lab::{Instance, OpenInstance, Presence};
use bakeoff_core::subject::{
    MonitorRules, ProbeKind, ServiceLevel, Subject, SubjectKind, SubjectNode, Timing,
};
use bakeoff_subject::embedded::EmbeddedSubjects;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub fn subject() -> Subject {
    let node = |name: &str| SubjectNode { name: name.to_owned(), port: None, volume: None };
    Subject {
        name: "embedded".to_owned(),
        description: None,
        kind: SubjectKind::Embedded,
        probe: ProbeKind::Ledger,
        nodes: vec![node("n1"), node("n2"), node("n3")],
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
            boot_seconds: 20.0,
            warm_up_seconds: 3.0,
            hold_seconds: 3.0,
            sample_seconds: 0.25,
            land_seconds: 5.0,
            revert_seconds: 15.0,
        },
        faults: FaultKind::ALL.to_vec(),
    }
}

/// A folder for instances, and where they come from.
pub struct Lab {
    pub folder: tempfile::TempDir,
    pub subjects: EmbeddedSubjects,
}

impl Lab {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = PathBuf::from(env!("CARGO_BIN_EXE_bakeoff-subject"));
        let subjects = EmbeddedSubjects { program, folder: folder.path().to_owned() };
        Self { folder, subjects }
    }

    pub async fn open(&self) -> Arc<dyn Instance> {
        let wanted = OpenInstance { subject: Arc::new(subject()), seed: 7, lease: Duration::from_secs(60) };
        let instance = self.subjects.open(wanted).await.expect("an instance");
        instance.wait_healthy(Duration::from_secs(20)).await.expect("it gets healthy");
        instance
    }

    /// How many instances have a folder.
    pub fn instances(&self) -> usize {
        std::fs::read_dir(self.folder.path()).expect("the folder").count()
    }
}

pub async fn sample(instance: &dyn Instance) -> HealthSample {
    instance.sample(&|| 0).await
}

pub fn is_whole(sample: &HealthSample) -> bool {
    sample.entries.iter().all(|entry| entry.write_ok && entry.read_ok)
        && sample.members.iter().all(|member| member.healthy)
        && sample.members.iter().filter(|member| member.leader).count() == 1
}

/// Plans and does a fault, and waits until its probe sees it.
pub async fn inject(instance: &dyn Instance, fault: &Fault, seed: u64) -> PlannedFault {
    let planned = instance.plan(fault, seed).await.expect("a plan");
    assert!(matches!(instance.presence(&planned).await, Presence::Absent(_)), "nothing is done by planning");
    instance.inject(&planned).await.expect("it is done");
    until("the fault is seen", async || matches!(instance.presence(&planned).await, Presence::Present(_)))
        .await;
    planned
}

/// Looks until it is so; a fault of the test when it isn't after 20 s.
pub async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !look().await {
        assert!(Instant::now() < deadline, "{what}: not after 20 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
