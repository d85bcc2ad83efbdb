//! Labels and names of everything that this program makes in Docker.
//!
//! Labels are seen only by who has Docker's socket, which an agent never has; names (of hosts, containers, networks)
//! can be seen from inside, so they say nothing of trials.

use std::collections::HashMap;

/// On everything: found by the sweep.
pub const APP: &str = "bakeoff.app";
/// The program that owns it, as [`Owner`] writes itself.
pub const OWNER: &str = "bakeoff.owner";
/// The project's name.
pub const PROJECT: &str = "bakeoff.project";
/// The service of a node.
pub const SERVICE: &str = "bakeoff.service";
/// What the object is for: `node`, `keeper`, `ops`, `sidecar`, `probe`.
pub const ROLE: &str = "bakeoff.role";
/// The run that it belongs to, in the words of whoever made the project.
pub const RUN: &str = "bakeoff.run";
/// The trial that it belongs to, likewise.
pub const TRIAL: &str = "bakeoff.trial";

/// A running program, so that what a dead one left can be told from what a living one uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// When it started; with the pid this names one process.
    pub started: u64,
    /// Names one boot of one machine.
    pub boot: String,
}

impl Owner {
    /// This program.
    pub fn this_process() -> Self {
        let pid = std::process::id();
        Self { pid, started: started(pid).unwrap_or(0), boot: boot() }
    }

    /// Reads what [`Owner::label`] wrote.
    pub fn read(label: &str) -> Option<Self> {
        let mut parts = label.splitn(3, ':');
        let pid = parts.next()?.parse().ok()?;
        let started = parts.next()?.parse().ok()?;
        Some(Self { pid, started, boot: parts.next()?.to_owned() })
    }

    /// One word for a label.
    pub fn label(&self) -> String {
        format!("{}:{}:{}", self.pid, self.started, self.boot)
    }

    /// Whether the program still runs here. An owner of another boot (or another machine, or another container) can't
    /// be alive here.
    pub fn is_alive(&self) -> bool {
        self.boot == boot() && started(self.pid) == Some(self.started)
    }
}

/// Linux names each boot; elsewhere the time of the boot does it, rounded because it drifts with the clock.
fn boot() -> String {
    match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) => id.trim().to_owned(),
        Err(_) => format!("at-{}", sysinfo::System::boot_time().unwrap_or(0) / 60),
    }
}

/// When a process started: in clock ticks since boot on Linux (exact), in seconds since 1970 elsewhere. None: no such
/// process.
fn started(pid: u32) -> Option<u64> {
    if let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The program's name is in brackets and may hold anything; field 22 is the 20th after it.
        return stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok();
    }
    let pid = sysinfo::Pid::from_u32(pid);
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_processes(sysinfo::ProcessesToUpdate::Some(&[pid]), true);
    system.process(pid).map(sysinfo::Process::start_time)
}

/// The labels of one object.
pub(crate) fn labels(project: &Identity, role: &str) -> HashMap<String, String> {
    let pairs = [
        (APP, "1"),
        (OWNER, &project.owner.label()),
        (PROJECT, &project.name),
        (ROLE, role),
        (RUN, &project.run),
        (TRIAL, &project.trial),
    ];
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Whose a project is and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Prefix of all its names, for example `kv-3f9a2c`.
    pub name: String,
    /// The program that made it.
    pub owner: Owner,
    /// The run, for a person who looks with `docker ps`.
    pub run: String,
    /// The trial, likewise.
    pub trial: String,
}

impl Identity {
    /// A new name that no other project has: `prefix` (what the subject is, for example `kv`) and six hexadecimal
    /// digits.
    pub fn new(prefix: &str, run: impl Into<String>, trial: impl Into<String>) -> Self {
        let name = format!("{prefix}-{:06x}", rand::random::<u32>() & 0x00ff_ffff);
        Self { name, owner: Owner::this_process(), run: run.into(), trial: trial.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_back_and_alive_only_while_it_runs() {
        let me = Owner::this_process();
        assert_eq!(Owner::read(&me.label()), Some(me.clone()), "the label says all of it");
        assert!(me.is_alive(), "this test runs");
        let reused = Owner { started: me.started + 1, ..me.clone() };
        assert!(!reused.is_alive(), "another process with the same pid is another owner");
        let elsewhere = Owner { boot: "another boot".to_owned(), ..me };
        assert!(!elsewhere.is_alive(), "nothing outlives a boot");
        assert_eq!(Owner::read("12:x:boot"), None, "a label of somebody else is no owner");
    }

    #[test]
    fn names_tell_nothing() {
        let identity = Identity::new("kv", "run 1", "trial 1");
        assert_eq!(identity.name.len(), "kv-000000".len(), "prefix and six digits: {}", identity.name);
        for word in ["chaos", "fault", "lab", "bakeoff", "trial"] {
            assert!(!identity.name.contains(word), "{} says {word}", identity.name);
        }
    }
}
