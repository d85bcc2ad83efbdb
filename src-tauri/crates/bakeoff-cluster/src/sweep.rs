//! Clearing away what a crash of host and machine has left behind.

use crate::instance::{FILE, Instance};
use crate::process::{self, Signal};
use std::io;
use std::path::{Path, PathBuf};

/// An instance that nobody owned any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its folder, which is gone now unless `problem` says so.
    pub dir: PathBuf,
    /// Node processes that still lived and were killed.
    pub killed: Vec<u32>,
    /// What could not be cleared away.
    pub problem: Option<String>,
}

/// Looks at every folder in `dir` that a host has marked as its own. Where that host is gone, the node processes that
/// still live (by number and start time) are killed and the folder is removed. Instances whose host lives, and folders
/// without a mark, are left alone. Again does no harm.
///
/// # Errors
/// `dir` exists and can't be read.
pub fn sweep(dir: &Path) -> io::Result<Vec<Leftover>> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let dir = entry?.path();
        if dir.join(FILE).is_file() {
            found.extend(clear(dir));
        }
    }
    found.sort_by(|left, right| left.dir.cmp(&right.dir));
    Ok(found)
}

fn clear(dir: PathBuf) -> Option<Leftover> {
    let instance = match Instance::read(&dir) {
        Ok(instance) => instance,
        // It may be removed at this moment by its own host.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            let problem = Some(format!("{FILE} can't be read: {error}"));
            return Some(Leftover { dir, killed: Vec::new(), problem });
        }
    };
    let mut killed = Vec::new();
    let mut problem = None;
    // After another start of the machine the numbers belong to others.
    if instance.boot == process::boot_id() {
        if instance.host.is_alive() {
            return None;
        }
        for node in instance.nodes.iter().filter(|node| node.is_alive()) {
            match process::send(node.pid, Signal::Kill) {
                Ok(()) => killed.push(node.pid),
                Err(error) => problem = Some(format!("process {} can't be killed: {error}", node.pid)),
            }
        }
    }
    if problem.is_none() {
        problem = remove(&dir).err().map(|error| format!("the folder can't be removed: {error}"));
    }
    Some(Leftover { dir, killed, problem })
}

/// Removes an instance's folder, its mark last, so that a removal that is interrupted can be done again. A node that is
/// just being killed may still write a file, so a folder that is not empty is tried again.
///
/// # Errors
/// A file can't be removed.
pub(crate) fn remove(dir: &Path) -> io::Result<()> {
    let mut last = Ok(());
    for _ in 0..20 {
        last = remove_once(dir);
        match &last {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            _ => break,
        }
    }
    last
}

fn remove_once(dir: &Path) -> io::Result<()> {
    let gone = |result: io::Result<()>| match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            gone(std::fs::remove_dir_all(entry.path()))?;
        } else if entry.file_name() != FILE {
            gone(std::fs::remove_file(entry.path()))?;
        }
    }
    gone(std::fs::remove_file(dir.join(FILE)))?;
    gone(std::fs::remove_dir(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_folders_without_an_owner_are_cleared() {
        let dir = tempfile::tempdir().expect("a folder");
        let make = |name: &str, change: &dyn Fn(&mut Instance)| {
            let folder = dir.path().join(name);
            std::fs::create_dir(&folder).expect("a folder");
            let mut instance =
                Instance::of_this_process(std::process::id()).expect("this process can be seen");
            change(&mut instance);
            instance.write(&folder).expect("it can be written");
            folder
        };
        let alive = make("alive", &|_| {});
        let gone = make("gone", &|instance| instance.host.start -= 3600);
        let before = make("before", &|instance| {
            instance.boot = "another".into();
            // Such a number may be anybody's now: it must not be killed.
            instance.nodes = vec![instance.host.clone()];
        });
        std::fs::create_dir(dir.path().join("other")).expect("a folder");
        std::fs::write(dir.path().join("other/notes.txt"), "mine").expect("a file");

        let found = sweep(dir.path()).expect("it can be read");
        let dirs: Vec<&PathBuf> = found.iter().map(|left| &left.dir).collect();
        assert_eq!(dirs, [&before, &gone]);
        assert!(found.iter().all(|left| left.problem.is_none() && left.killed.is_empty()), "{found:?}");
        assert!(alive.exists() && dir.path().join("other/notes.txt").exists());
        assert!(!gone.exists() && !before.exists());
        assert_eq!(sweep(dir.path()).expect("it can be read"), [], "again finds nothing");
        assert_eq!(sweep(&dir.path().join("none")).expect("nothing is no error"), []);
    }
}
