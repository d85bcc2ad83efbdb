//! Fault trials on a fake cluster, in paused time.

mod agents;
mod programs;
mod protocol;
mod undoing;

use crate::common::{World, variant};
use bakeoff_core::campaign::{Agent, LabSettings};
use bakeoff_core::dataset::Case;
use bakeoff_core::fault::{Fault, FaultKind, FaultState};
use bakeoff_core::lab::{AuditEntry, AuditKind, FaultTrial, NO_AGENT};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelRequest;
use bakeoff_core::trial::{TrialKey, TrialRecord};
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_engine::Lab;
use bakeoff_testkit::{
    FakeAnswer, FakeInstance, FakeLab, FakeModel, FakeSubjects, MemoryLabLog, Trace, fake_subject,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A world of one fault trial: the subject `ledger`, one variant.
pub struct LabWorld {
    pub world: World,
    pub trace: Trace,
}

pub fn lab_world(fault: FaultKind, lab: FakeLab, model: FakeModel) -> LabWorld {
    let trace = Trace::default();
    let mut world = World::new(1, model);
    world.spec.cases = Arc::new(cases(&[fault]));
    world.spec.scorers.clear();
    world.spec.parallel = 1;
    world.spec.timeout = Duration::from_secs(30);
    world.spec.lab = Some(Lab { settings: settings(), subjects: Arc::from([]) });
    world.subjects = Some(Arc::new(FakeSubjects::new(lab, trace.clone())));
    world.lab_log = Some(Arc::new(MemoryLabLog::new(trace.clone())));
    LabWorld { world, trace }
}

/// One case for each fault, on the node that the seed chooses.
pub fn cases(faults: &[FaultKind]) -> Arc<[Case]> {
    let case = |kind: &FaultKind| {
        let fault: Fault = kind.with_defaults();
        // As a run stores it: the whole subject.
        let subject = fake_subject("ledger");
        Case {
            id: format!("ledger/{}", kind.name()).into(),
            json: serde_json::value::to_raw_value(&json!({"subject": subject, "fault": fault})).unwrap(),
        }
    };
    faults.iter().map(case).collect()
}

pub fn settings() -> LabSettings {
    LabSettings {
        subjects: vec!["ledger".to_owned()],
        faults: Vec::new(),
        include_baseline: false,
        agent: Agent::Managed,
        max_steps: 8,
        max_tokens: None,
        max_cost_usd: None,
        command_seconds: 5.0,
    }
}

/// The variant that repairs nothing.
pub fn baseline() -> Variant {
    Variant { model: NO_AGENT.to_owned(), ..variant("baseline", Provider::Builtin) }
}

impl LabWorld {
    /// Runs it and gives back its one record.
    pub async fn only(&self) -> TrialRecord {
        self.world.run().await;
        let records = self.world.log.records();
        let [record] = &records[..] else { panic!("one trial, one record: {records:?}") };
        record.clone()
    }

    pub fn log(&self) -> &MemoryLabLog {
        self.world.lab_log.as_ref().unwrap()
    }

    pub fn instance(&self) -> Arc<FakeInstance> {
        self.world.subjects.as_ref().unwrap().opened().remove(0)
    }

    /// The states that the one fault went through.
    pub fn path(&self) -> Vec<FaultState> {
        self.log().journal().remove(0).path()
    }

    pub fn audit(&self, kind: AuditKind) -> Vec<AuditEntry> {
        let audit = self.log().audit().into_iter().map(|(_, entry)| entry);
        audit.filter(|entry| entry.kind == kind).collect()
    }

    /// Nothing may be left of any trial: no fault in the journal, no instance.
    pub fn check_clean(&self) {
        for row in self.log().journal() {
            let last = *row.path().last().unwrap();
            assert!(!last.is_open(), "the fault is still {last:?}: {row:?}");
        }
        for instance in self.world.subjects.as_ref().unwrap().opened() {
            assert!(instance.is_closed(), "an instance was left");
        }
    }
}

pub fn fault(record: &TrialRecord) -> &FaultTrial {
    record.fault.as_ref().unwrap_or_else(|| panic!("it is a fault trial: {record:?}"))
}

pub fn check(record: &TrialRecord, outcome: Outcome, words: &str) {
    assert_eq!(record.outcome, outcome, "{:?}", record.error);
    let error = record.error.as_deref().unwrap_or_default();
    assert!(error.contains(words), "`{words}` is not in: {error}");
}

pub const KEY: TrialKey = TrialKey { case: 0, variant: 0, repetition: 0 };

/// The node that the ticket names.
pub fn node_of(request: &ModelRequest) -> String {
    let line = request.user.lines().find_map(|line| line.strip_prefix("Node: "));
    line.unwrap_or("n1").to_owned()
}

pub fn labctl(command: &str) -> (&'static str, Value) {
    ("labctl", json!({"command": command, "reasoning": "it is needed"}))
}

/// A model that looks, runs one `labctl` command (`{}` is the ticket's node) and says that it is done, each in a second.
pub fn repairing(command: &'static str) -> FakeModel {
    FakeModel::new(move |request, _| {
        let answer = match request.turns.len() {
            0 => FakeAnswer::calls("Let me look.", &[labctl("node list")]),
            1 => FakeAnswer::calls("", &[labctl(&command.replace("{}", &node_of(request)))]),
            _ => FakeAnswer::text_with_tokens("It was down; I repaired it.", 300, 20),
        };
        answer.after(Duration::from_secs(1))
    })
}

/// A model that says at once that all is well.
pub fn talking(text: &'static str) -> FakeModel {
    FakeModel::new(move |_, _| FakeAnswer::text_with_tokens(text, 100, 5).after(Duration::from_millis(200)))
}
