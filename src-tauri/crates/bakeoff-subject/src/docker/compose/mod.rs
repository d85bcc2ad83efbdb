//! What Compose's files say of services, as far as a subject may use it.
//!
//! A blueprint is read from a Compose file or from the same maps in a subject file. Host folders, fixed host ports and
//! everything that would leave the project are not supported: [`read()`] names each such key instead of ignoring it.

mod read;
mod units;

pub use read::{Findings, read, read_text};

use std::collections::BTreeMap;
use std::time::Duration;

/// The containers of one project.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Blueprint {
    /// In the order of the file.
    pub services: Vec<Service>,
    /// The named volumes.
    pub volumes: BTreeMap<String, Volume>,
}

impl Blueprint {
    /// The services in an order in which each comes after those that it depends on; in the order of the file otherwise.
    pub fn in_start_order(&self) -> Vec<&Service> {
        let mut order: Vec<&Service> = Vec::with_capacity(self.services.len());
        while order.len() < self.services.len() {
            let placed = |name: &str| order.iter().any(|service| service.name == name);
            let next = self.services.iter().find(|service| {
                !placed(&service.name)
                    && service.depends_on.iter().all(|dependency| placed(&dependency.service))
            });
            // `read` refuses circles; one that is built by hand starts in the order of the file.
            let next = next.or_else(|| self.services.iter().find(|service| !placed(&service.name)));
            order.extend(next);
        }
        order
    }
}

/// One service: one container.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Service {
    /// Its name, which is also its host name.
    pub name: String,
    /// The image, which must be on the daemon.
    pub image: String,
    /// Replaces the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// Replaces the image's command.
    pub command: Option<Vec<String>>,
    /// `NAME=value`.
    pub environment: Vec<String>,
    /// Runs inside and tells whether it is well.
    pub healthcheck: Option<HealthCheck>,
    /// Capabilities besides Docker's usual ones.
    pub cap_add: Vec<String>,
    /// Capabilities that it does not get.
    pub cap_drop: Vec<String>,
    /// Services that are started before it.
    pub depends_on: Vec<Dependency>,
    /// Named volumes.
    pub volumes: Vec<Mount>,
    /// Folders in memory: path → mount options. Empty after every restart.
    pub tmpfs: BTreeMap<String, String>,
    /// TCP ports that the host reaches, on loopback, at a port of Docker's choice.
    pub ports: Vec<u16>,
    /// `no`, `always`, `on-failure`, `on-failure:N`, `unless-stopped`.
    pub restart: String,
    /// Runs as this user.
    pub user: Option<String>,
    /// Runs in this folder.
    pub working_dir: Option<String>,
    /// The most memory, in bytes, swap included.
    pub memory_bytes: Option<i64>,
    /// The most processor time, in billionths of a processor.
    pub nano_cpus: Option<i64>,
    /// The signal that asks it to stop.
    pub stop_signal: Option<String>,
    /// Open files and other limits: name → (soft, hard).
    pub ulimits: BTreeMap<String, (i64, i64)>,
}

/// A service that must be there first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Which.
    pub service: String,
    /// How well it must be.
    pub condition: Condition,
}

/// How well a dependency must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Started.
    Started,
    /// Its health check says yes.
    Healthy,
}

/// A command inside the container that tells whether it is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// `["CMD", …]` or `["CMD-SHELL", line]`.
    pub test: Vec<String>,
    /// Between two checks.
    pub interval: Option<Duration>,
    /// How long one may take.
    pub timeout: Option<Duration>,
    /// Failures in a row that make it unhealthy.
    pub retries: Option<i64>,
    /// Failures before this do not count.
    pub start_period: Option<Duration>,
}

/// A named volume in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Which volume.
    pub volume: String,
    /// Where.
    pub path: String,
    /// It can't be written.
    pub read_only: bool,
}

/// What a named volume is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volume {
    /// A folder of Docker's on the daemon's disk.
    Disk,
    /// In memory, so that it can be filled without harm to the disk of the machine.
    Memory {
        /// Its size in bytes.
        size_bytes: u64,
    },
}
