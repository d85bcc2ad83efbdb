//! The embedded subject: three processes of a small replicated store (`bakeoff-cluster`), broken by signals, links and
//! a full disk. It needs nothing but this program.

mod faults;
mod instance;
mod labctl;
mod probe;

use crate::error::refused;
use crate::local::Need;
use bakeoff_cluster::{Cluster, ClusterOptions};
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{Instance, OpenInstance, SubjectError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use faults::mechanism;
pub use instance::EmbeddedInstance;

/// Starts embedded clusters.
#[derive(Debug, Clone)]
pub struct EmbeddedSubjects {
    /// This program: it has the roles of the cluster's host, its nodes and of `labctl`.
    pub program: PathBuf,
    /// Where instances have their folders. One of this user's own, on a local disk.
    pub folder: PathBuf,
}

impl EmbeddedSubjects {
    /// A fresh cluster in a folder of its own.
    pub fn open(&self, wanted: OpenInstance) -> BoxFuture<'_, Result<Arc<dyn Instance>, SubjectError>> {
        Box::pin(async move {
            let name = crate::names::instance(wanted.seed);
            let folder = self.folder.join(&name);
            std::fs::create_dir_all(&self.folder).map_err(|error| {
                refused(format!("The folder {} can't be made: {error}", self.folder.display()))
            })?;
            let mut options = ClusterOptions::new(&self.program, &folder);
            options.nodes = wanted.subject.nodes.len() as u64;
            options.quota_bytes = u64::from(wanted.subject.disk_mb) << 20;
            options.ready_limit = Duration::from_secs_f64(wanted.subject.timing.boot_seconds);
            let cluster = Cluster::start(options).await.map_err(refused)?;
            let instance = EmbeddedInstance::new(cluster, self.program.clone(), folder)?;
            Ok(Arc::new(instance) as Arc<dyn Instance>)
        })
    }

    /// Removes what a crash left behind: what it found, in words, and whether it is gone now.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn sweep(&self) -> std::io::Result<Vec<(String, bool)>> {
        let found = bakeoff_cluster::sweep(&self.folder)?;
        Ok(found.into_iter().map(|left| (words(&left), left.problem.is_none())).collect())
    }

    /// Whether the program that has the cluster's roles is there.
    pub(crate) fn program_need(&self) -> Need {
        let is_met = self.program.is_file();
        let shown = self.program.display();
        let detail = match is_met {
            true => "comes with this program".to_owned(),
            false => format!("{shown} is not there any more: start Bakeoff again"),
        };
        Need { name: "Embedded cluster".to_owned(), is_met, detail }
    }

    /// Where instances have their folders.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn words(left: &bakeoff_cluster::Leftover) -> String {
    let name = left.dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match (&left.problem, left.killed.len()) {
        (Some(problem), _) => format!("{name}: {problem}"),
        (None, 0) => format!("{name}: its folder was removed"),
        (None, killed) => format!("{name}: {killed} processes were ended and its folder removed"),
    }
}
