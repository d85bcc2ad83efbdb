//! The subjects that this machine can run.

use crate::docker::instance::DockerSubjects;
use crate::docker::{Engine, sweep};
use crate::embedded::EmbeddedSubjects;
use bakeoff_core::fault::FaultKind;
use bakeoff_core::lab::LabCommand;
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{Instance, OpenInstance, SubjectError, Subjects};
use bakeoff_core::subject::{Subject, SubjectKind};
use std::sync::Arc;

/// Something that a subject needs from this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What it is.
    pub name: String,
    /// It is there.
    pub is_met: bool,
    /// What was found, or the literal error and what to do.
    pub detail: String,
}

/// What a sweep did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// One line a thing.
    pub removed: Vec<String>,
    /// What could not be removed, with the reason.
    pub problems: Vec<String>,
}

/// All kinds of subjects on this machine.
pub struct LocalSubjects {
    embedded: EmbeddedSubjects,
    docker: DockerSubjects,
}

impl LocalSubjects {
    /// Nothing is started or connected to before it is needed.
    pub fn new(embedded: EmbeddedSubjects) -> Self {
        let docker = DockerSubjects::new(read_words, embedded.program.clone());
        Self { embedded, docker }
    }

    /// What this machine offers to all subjects: Docker, and how agents are shut off.
    pub async fn machine(&self) -> Vec<Need> {
        vec![self.docker.engine_need().await, sandbox_need().await]
    }

    /// What a subject needs, and whether it is there.
    pub async fn needs(&self, subject: &Subject) -> Vec<Need> {
        match subject.kind {
            SubjectKind::Embedded => vec![self.embedded.program_need(), sandbox_need().await],
            SubjectKind::Docker => self.docker.needs(subject).await,
        }
    }

    /// By what means each fault that a subject allows is done here, or why it can't be.
    pub async fn offers(&self, subject: &Subject) -> Vec<(FaultKind, Result<String, String>)> {
        let kinds = subject.faults.iter().copied().filter(|kind| *kind != FaultKind::None);
        let kinds: Vec<FaultKind> = kinds.collect();
        match subject.kind {
            SubjectKind::Embedded => {
                let able = |kind| crate::embedded::mechanism(kind).map(str::to_owned).map_err(str::to_owned);
                kinds.into_iter().map(|kind| (kind, able(kind))).collect()
            }
            SubjectKind::Docker => self.docker.offers(subject, &kinds).await,
        }
    }

    /// Removes what a crash has left behind of instances whose program is gone. Again does no harm. Without Docker there
    /// is nothing of Docker to remove.
    pub async fn sweep(&self) -> Swept {
        let mut swept = Swept::default();
        match self.embedded.sweep() {
            Ok(found) => {
                for (line, is_gone) in found {
                    if is_gone { swept.removed.push(line) } else { swept.problems.push(line) }
                }
            }
            Err(error) => swept.problems.push(format!("{}: {error}", self.embedded.folder().display())),
        }
        if let Ok(engine) = Engine::connect().await {
            match sweep::dead_owners(&engine).await {
                Ok(found) => {
                    let all = [
                        ("container", found.containers),
                        ("network", found.networks),
                        ("volume", found.volumes),
                    ];
                    for (kind, names) in all {
                        swept.removed.extend(names.into_iter().map(|name| format!("{kind} {name}")));
                    }
                }
                Err(error) => swept.problems.push(error.to_string()),
            }
        }
        swept
    }
}

/// The words of `labctl`, or of the `docker` that stands for it.
fn read_words(program: &str, words: &[String]) -> Result<LabCommand, String> {
    match program {
        "docker" => LabCommand::from_docker(words),
        _ => LabCommand::parse(words),
    }
}

async fn sandbox_need() -> Need {
    // Without bubblewrap a campaign runs all the same.
    let detail = match crate::bubblewrap().await {
        Ok(()) => "agents get a shell in bubblewrap".to_owned(),
        Err(reason) => format!("agents get only labctl and curl, no shell: {reason}"),
    };
    Need { name: "Shell of agents".to_owned(), is_met: true, detail }
}

impl Subjects for LocalSubjects {
    fn open<'a>(&'a self, wanted: OpenInstance) -> BoxFuture<'a, Result<Arc<dyn Instance>, SubjectError>> {
        match wanted.subject.kind {
            SubjectKind::Embedded => self.embedded.open(wanted),
            SubjectKind::Docker => self.docker.open(wanted),
        }
    }
}
