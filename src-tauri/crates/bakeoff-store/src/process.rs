//! Which process this is, and whether another one is still there.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{LazyLock, Mutex, PoisonError};
use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

/// A process, told apart from a later one with the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProcessMark {
    /// The process id.
    pub id: u32,
    /// Seconds between the machine's start and the process's: a clock that is set does not change it.
    pub start: i64,
    /// One value from the machine's start to its next.
    pub boot: String,
    /// The machine (or container).
    pub host: String,
}

/// A machine's clocks are read one after the other, so starts may differ by this many seconds.
const START_TOLERANCE_S: i64 = 2;

/// A lease of another machine (which can't be asked) counts as left after this time without a heartbeat.
pub(crate) const SILENCE_MS: i64 = 60_000;

/// This process. Read once: neither changes while it lives.
static OWN: LazyLock<ProcessMark> = LazyLock::new(|| {
    let id = std::process::id();
    ProcessMark { id, start: start_of(id).ok().flatten().unwrap_or(0), boot: boot_id(), host: host_name() }
});

/// Stores that are open in this process.
static INSTANCES: Mutex<BTreeSet<i64>> = Mutex::new(BTreeSet::new());

/// The mark of this process.
pub(crate) fn own() -> &'static ProcessMark {
    &OWN
}

/// Registers a newly opened store of this process and gives it a random number.
pub(crate) fn register_instance() -> i64 {
    // RandomState is seeded by the system; the number only has to differ from those of other programs.
    let number = (RandomState::new().hash_one(std::process::id()) >> 1) as i64;
    INSTANCES.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
    number
}

/// The store is closed.
pub(crate) fn unregister_instance(number: i64) {
    INSTANCES.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
}

/// What can be said about the holder of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is there.
    Alive,
    /// It has ended.
    Gone,
    /// It is on another machine, or the system does not tell: only its heartbeat does.
    Elsewhere,
}

/// Whether the store with this instance number in this process is still open.
pub(crate) fn presence(mark: &ProcessMark, instance: i64) -> Presence {
    let own = own();
    if mark.host != own.host {
        return Presence::Elsewhere;
    }
    if mark.boot != own.boot {
        return Presence::Gone;
    }
    if mark == own {
        let is_open = INSTANCES.lock().unwrap_or_else(PoisonError::into_inner).contains(&instance);
        return if is_open { Presence::Alive } else { Presence::Gone };
    }
    match start_of(mark.id) {
        Ok(Some(start)) if (start - mark.start).abs() <= START_TOLERANCE_S => Presence::Alive,
        Ok(_) => Presence::Gone,
        Err(_) => Presence::Elsewhere,
    }
}

/// When a living process started, in seconds after the machine did; `None`: it does not live (a zombie neither).
fn start_of(id: u32) -> Result<Option<i64>, sysinfo::Error> {
    let pid = Pid::from_u32(id);
    let mut system = System::new()?;
    let machine_start = System::boot_time()? as i64;
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, ProcessRefreshKind::nothing());
    Ok(system
        .process(pid)
        .filter(|process| !matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead))
        .map(|process| process.start_time() as i64 - machine_start))
}

fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_else(|_| System::boot_time().unwrap_or_default().to_string())
}

fn host_name() -> String {
    System::host_name().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_while_its_store_is_open() {
        let instance = register_instance();
        assert_eq!(presence(own(), instance), Presence::Alive);
        unregister_instance(instance);
        assert_eq!(presence(own(), instance), Presence::Gone, "a closed store owns nothing");
    }

    #[test]
    fn a_process_id_that_was_given_again_is_another_process() {
        let earlier = ProcessMark { start: own().start - 3600, ..own().clone() };
        assert_eq!(presence(&earlier, 1), Presence::Gone);
    }

    #[test]
    fn a_restart_of_the_machine_ends_every_process() {
        let before = ProcessMark { boot: "another".into(), ..own().clone() };
        assert_eq!(presence(&before, 1), Presence::Gone);
    }

    #[test]
    fn other_machines_cannot_be_asked() {
        let other = ProcessMark { host: "elsewhere".into(), ..own().clone() };
        assert_eq!(presence(&other, 1), Presence::Elsewhere);
    }

    #[cfg(unix)]
    #[test]
    fn a_child_is_alive_until_it_is_reaped_or_a_zombie() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("cat can be started");
        let mark = ProcessMark {
            id: child.id(),
            start: start_of(child.id()).expect("the system tells").expect("a running child has a start"),
            ..own().clone()
        };
        assert_eq!(presence(&mark, 1), Presence::Alive);
        child.kill().expect("it can be killed");
        child.wait().expect("it can be waited for");
        assert_eq!(presence(&mark, 1), Presence::Gone);
    }
}
