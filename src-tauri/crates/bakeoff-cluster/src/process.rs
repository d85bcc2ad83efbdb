//! Processes: who one is, told apart from a later one with the same number, and signals to it.

use serde::{Deserialize, Serialize};
use std::io;
use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

/// A machine's clocks are read one after the other, so starts may differ by this many seconds.
const START_TOLERANCE_S: i64 = 2;

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessMark {
    pub pid: u32,
    /// Seconds between the machine's start and the process's: a clock that is set does not change it.
    pub start: i64,
}

impl ProcessMark {
    /// The mark of a living process.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        Some(Self { pid, start: look(pid)?.0 })
    }

    /// Whether this very process still lives.
    pub(crate) fn is_alive(&self) -> bool {
        look(self.pid).is_some_and(|(start, _)| (start - self.start).abs() <= START_TOLERANCE_S)
    }
}

/// When a living process started and whether it is stopped; `None`: it does not live (a zombie neither).
fn look(pid: u32) -> Option<(i64, bool)> {
    let pid = Pid::from_u32(pid);
    let mut system = System::new().ok()?;
    let machine_start = i64::try_from(System::boot_time().ok()?).ok()?;
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, ProcessRefreshKind::nothing());
    let process = system.process(pid)?;
    let status = process.status();
    if matches!(status, ProcessStatus::Zombie | ProcessStatus::Dead) {
        return None;
    }
    let start = i64::try_from(process.start_time()).ok()?;
    Some((start - machine_start, status == ProcessStatus::Stop))
}

/// Whether a process is stopped by a signal.
pub(crate) fn is_stopped(pid: u32) -> bool {
    look(pid).is_some_and(|(_, stopped)| stopped)
}

/// One value from the machine's start to its next.
pub(crate) fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_else(|_| System::boot_time().unwrap_or_default().to_string())
}

/// What can be done to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Terminate,
    Kill,
    Stop,
    Continue,
}

/// Sends a signal.
///
/// # Errors
/// The process is gone, belongs to somebody else, or the system has no such signal.
#[cfg(unix)]
pub(crate) fn send(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("not a process number"))?;
    let signal = match signal {
        Signal::Terminate => rustix::process::Signal::TERM,
        Signal::Kill => rustix::process::Signal::KILL,
        Signal::Stop => rustix::process::Signal::STOP,
        Signal::Continue => rustix::process::Signal::CONT,
    };
    Ok(rustix::process::kill_process(pid, signal)?)
}

/// Sends a signal, where the system has it.
#[cfg(not(unix))]
pub(crate) fn send(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = Pid::from_u32(pid);
    let unsupported = || io::Error::new(io::ErrorKind::Unsupported, "this system can't pause processes");
    let signal = match signal {
        Signal::Terminate | Signal::Kill => sysinfo::Signal::Kill,
        Signal::Stop => sysinfo::Signal::Stop,
        Signal::Continue => sysinfo::Signal::Continue,
    };
    let mut system = System::new().map_err(io::Error::other)?;
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, ProcessRefreshKind::nothing());
    let process = system.process(pid).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    match process.kill_with(signal) {
        Some(true) => Ok(()),
        Some(false) => Err(io::Error::other("the process could not be signalled")),
        None => Err(unsupported()),
    }
}

/// Makes this process the leader of a session of its own, so that a Ctrl-C meant for the program that started it does
/// not reach it.
pub fn leave_session() {
    #[cfg(unix)]
    {
        // It fails only for a process that leads a group already.
        let _ = rustix::process::setsid();
    }
}

/// Has the system kill this process when its parent dies, even while it is stopped (Linux). It is the parent's
/// *thread* that counts; hosts start nodes from their main thread.
pub(crate) fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        let signal = Some(rustix::process::Signal::KILL);
        // Without it the node still ends with its pipe, unless it is stopped.
        let _ = rustix::process::set_parent_process_death_signal(signal);
    }
}

/// Ends this process when standard input ends: its parent is gone.
pub(crate) fn end_with_stdin() {
    let wait = || {
        let mut sink = io::sink();
        let _ = io::copy(&mut io::stdin().lock(), &mut sink);
        std::process::exit(0);
    };
    let started = std::thread::Builder::new().name("lifeline".into()).stack_size(64 << 10).spawn(wait);
    drop(started.expect("a thread can be started"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_an_earlier_one_with_its_number_does_not() {
        let own = ProcessMark::of(std::process::id()).expect("this process can be seen");
        assert!(own.is_alive());
        let earlier = ProcessMark { start: own.start - 3600, ..own };
        assert!(!earlier.is_alive(), "the number was given again");
    }
}
