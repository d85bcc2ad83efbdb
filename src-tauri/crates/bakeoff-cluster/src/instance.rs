//! What an instance leaves on disk about its processes, so that a later program can find them.

use crate::process::{self, ProcessMark};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// The file's name in the instance's folder.
pub(crate) const FILE: &str = "instance.json";

/// The file's content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// Of this layout.
    pub format: u32,
    /// The machine's start at which the processes lived.
    pub boot: String,
    pub host: ProcessMark,
    pub controller: Option<ProcessMark>,
    pub nodes: Vec<ProcessMark>,
    /// The ports where links listen.
    pub ports: Vec<u16>,
}

impl Instance {
    /// An instance of this process.
    ///
    /// # Errors
    /// The system does not tell when this process started.
    pub(crate) fn of_this_process(controller: u32) -> io::Result<Self> {
        let host = ProcessMark::of(std::process::id());
        Ok(Self {
            format: 1,
            boot: process::boot_id(),
            host: host
                .ok_or_else(|| io::Error::other("the system does not tell when this process started"))?,
            controller: ProcessMark::of(controller),
            nodes: Vec::new(),
            ports: Vec::new(),
        })
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// The folder can't be written.
    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        let temporary = dir.join("instance.json.new");
        std::fs::write(&temporary, text)?;
        std::fs::rename(temporary, dir.join(FILE))
    }

    /// Reads it.
    ///
    /// # Errors
    /// There is none, or it is something else.
    pub(crate) fn read(dir: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&std::fs::read(dir.join(FILE))?)?)
    }
}
