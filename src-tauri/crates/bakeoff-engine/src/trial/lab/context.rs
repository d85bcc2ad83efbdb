//! What all fault trials of a run share.

use super::super::agent::ToolSet;
use super::super::{Context, Verdict};
use super::OpenTrials;
use crate::message::Message;
use crate::prepare::StartError;
use crate::spec::{Ports, RunSpec};
use bakeoff_core::campaign::{Agent, LabSettings};
use bakeoff_core::fault::Fault;
use bakeoff_core::lab::{FaultCase, NO_AGENT};
use bakeoff_core::ports::lab::{LabLog, Subjects};
use bakeoff_core::ports::operator::Operator;
use bakeoff_core::subject::Subject;
use bakeoff_core::trial::TrialKey;
use bakeoff_core::variant::{Provider, Variant};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who repairs in one trial.
#[derive(Debug, Clone)]
pub(super) enum Mode {
    /// Nobody.
    Baseline,
    /// The variant's model, with these tools.
    Managed(ToolSet),
    /// The user's own program.
    Command(Vec<String>),
    /// Operator's own agent, by the tickets of its file.
    Operator,
}

impl Mode {
    /// As the record has it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Managed(_) => "managed",
            Self::Command(_) => "command",
            Self::Operator => "operator_db",
        }
    }
}

/// What one trial is about.
pub(super) struct Planned {
    pub subject: Arc<Subject>,
    pub fault: Fault,
    pub mode: Mode,
}

/// What can't be had on this machine, so that no further trial is spent on it.
#[derive(Default)]
struct Closed {
    /// By a subject's name.
    subjects: HashMap<String, String>,
    /// By a case.
    cases: HashMap<u32, String>,
}

pub(crate) struct LabContext {
    settings: LabSettings,
    subjects: Vec<Arc<Subject>>,
    port: Arc<dyn Subjects>,
    operator: Option<Arc<dyn Operator>>,
    log: Arc<dyn LabLog>,
    /// By variant.
    modes: Vec<Mode>,
    closed: Mutex<Closed>,
    open: Arc<OpenTrials>,
}

impl LabContext {
    /// `None` for a run that is no fault campaign.
    ///
    /// # Errors
    /// Ports that are not there, agents that this program can't run yet, tools that nobody knows.
    pub(crate) fn new(spec: &RunSpec, ports: &Ports) -> Result<Option<Self>, StartError> {
        let Some(lab) = &spec.lab else { return Ok(None) };
        let mut problems = Vec::new();
        let mut modes = Vec::with_capacity(spec.variants.len());
        for variant in spec.variants.iter() {
            match mode(variant, &lab.settings.agent) {
                Ok(mode) => modes.push(mode),
                Err(found) => problems.extend(found),
            }
        }
        if matches!(lab.settings.agent, Agent::OperatorDb(_)) && spec.parallel > 1 {
            problems.push(format!(
                "agent.operator_db: parallel is {}, but must be 1: the trials' tickets are in one file and can't be told \
                 apart.",
                spec.parallel
            ));
        }
        let (Some(port), Some(log)) = (&ports.subjects, &ports.lab_log) else {
            problems.push("This program has no subjects to run fault trials on.".to_owned());
            return Err(StartError { problems });
        };
        if !problems.is_empty() {
            return Err(StartError { problems });
        }
        Ok(Some(Self {
            settings: lab.settings.clone(),
            subjects: lab.subjects.iter().cloned().map(Arc::new).collect(),
            port: Arc::clone(port),
            operator: ports.operator.clone(),
            log: Arc::clone(log),
            modes,
            closed: Mutex::default(),
            open: Arc::default(),
        }))
    }

    pub(in crate::trial) fn settings(&self) -> &LabSettings {
        &self.settings
    }

    pub(super) fn port(&self) -> &dyn Subjects {
        &*self.port
    }

    /// Where Operator's files are opened.
    pub(super) fn operator(&self) -> Option<&dyn Operator> {
        self.operator.as_deref()
    }

    pub(super) fn log(&self) -> Arc<dyn LabLog> {
        Arc::clone(&self.log)
    }

    /// Trials that are going on.
    pub(crate) fn open(&self) -> &Arc<OpenTrials> {
        &self.open
    }

    /// What a trial is about, unless it needs something that is known not to be there.
    pub(super) async fn trial(&self, context: &Context, key: TrialKey) -> Result<Planned, Verdict> {
        let case = context.cases.case(key.case).await.map_err(Verdict::infra)?;
        let parsed = FaultCase::of(&case).map_err(Verdict::infra)?;
        let is_closed = {
            let closed = self.closed();
            closed.subjects.contains_key(&parsed.subject) || closed.cases.contains_key(&key.case)
        };
        if is_closed {
            return Err(Verdict::NotRun);
        }
        let subject = match parsed.definition {
            Some(whole) => Arc::new(*whole),
            None => self.subject(&parsed.subject, &case.id)?,
        };
        let mode = self.modes.get(usize::from(key.variant)).cloned().unwrap_or(Mode::Baseline);
        Ok(Planned { subject, fault: parsed.fault, mode })
    }

    /// A subject that a case only names.
    fn subject(&self, name: &str, case: &str) -> Result<Arc<Subject>, Verdict> {
        let found = self.subjects.iter().find(|subject| subject.name == name);
        found.cloned().ok_or_else(|| {
            let known: Vec<&str> = self.subjects.iter().map(|subject| subject.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Verdict::infra(format!("Case {case} names the subject {name}; the run has: {known}."))
        })
    }

    /// The subject can't be had here: its other trials are not run.
    pub(super) fn close_subject(&self, context: &Context, subject: &str, why: &str) {
        self.closed().subjects.insert(subject.to_owned(), why.to_owned());
        context.tell(Message::Unavailable(format!(
            "The subject {subject} is not available: {why} Its other trials were not run. Mend that, then resume the run."
        )));
    }

    /// The fault can't be done here: the case's other trials are not run.
    pub(super) fn close_case(&self, context: &Context, case: u32, what: &str, why: &str) {
        self.closed().cases.insert(case, why.to_owned());
        context.tell(Message::Unavailable(format!(
            "{what} is not available: {why} Its other trials were not run. Mend that, then resume the run."
        )));
    }

    fn closed(&self) -> MutexGuard<'_, Closed> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mode(variant: &Variant, agent: &Agent) -> Result<Mode, Vec<String>> {
    if variant.provider == Provider::Builtin && variant.model == NO_AGENT {
        return Ok(Mode::Baseline);
    }
    match agent {
        Agent::Managed => ToolSet::of(variant).map(Mode::Managed),
        Agent::Command(command) if command.is_empty() => {
            Err(vec!["agent.command is empty: name the program and its arguments.".to_owned()])
        }
        Agent::Command(command) => Ok(Mode::Command(command.clone())),
        Agent::OperatorDb(_) => Ok(Mode::Operator),
    }
}
