//! The node's data folder: one thread does all writing, each write is on disk when it is done, and together the files
//! stay below a quota.
//!
//! | file | content |
//! |---|---|
//! | `meta.json` | that this folder belongs to a node, and to which |
//! | `vote.json` | the last vote |
//! | `wal.jsonl` | the log: first line what was purged before it, then one entry a line |
//! | `snapshot.json` | the data at some entry of the log |
//!
//! Any other file counts as used space too.

use crate::files;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

pub(crate) const META: &str = "meta.json";
pub(crate) const VOTE: &str = "vote.json";
pub(crate) const WAL: &str = "wal.jsonl";
pub(crate) const SNAPSHOT: &str = "snapshot.json";

/// ENOSPC: the same number on Linux, macOS and the BSDs.
const NO_SPACE: i32 = 28;

/// With less than this free, in bytes, the disk counts as full: no write of use fits any more.
pub(crate) const LEAST_FREE: u64 = 4096;

type Job = Box<dyn FnOnce(&mut Files) + Send>;

/// A handle on the thread that writes.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    dir: PathBuf,
    quota: u64,
    full: Arc<AtomicBool>,
    jobs: mpsc::Sender<Job>,
}

impl Disk {
    /// Starts the thread. It ends with the last handle.
    ///
    /// # Errors
    /// The log file can't be opened, or no thread can be started.
    pub(crate) fn open(dir: &Path, quota: u64) -> io::Result<Self> {
        let full = Arc::new(AtomicBool::new(false));
        let mut files = Files::open(dir, quota, full.clone())?;
        let (jobs, received) = mpsc::channel::<Job>();
        let work = move || received.iter().for_each(|job| job(&mut files));
        std::thread::Builder::new().name("disk".into()).stack_size(512 << 10).spawn(work)?;
        Ok(Self { dir: dir.to_owned(), quota, full, jobs })
    }

    /// Does something with the files, after everything that was asked for before.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Files) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.start(move |files| drop(answer.send(work(files))));
        answered.await.unwrap_or_else(|_| Err(io::Error::other("the disk thread has ended")))
    }

    /// As `run`, without waiting.
    pub(crate) fn start(&self, work: impl FnOnce(&mut Files) + Send + 'static) {
        // The thread ends only with the program.
        let _ = self.jobs.send(Box::new(work));
    }

    /// How full the data folder is.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn usage(&self) -> io::Result<crate::protocol::DiskUse> {
        files::disk(&self.dir, self.quota)
    }

    /// Whether a write has failed for want of space since the program started.
    pub(crate) fn ran_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }
}

/// The files, in the thread that writes them.
#[derive(Debug)]
pub(crate) struct Files {
    dir: PathBuf,
    quota: u64,
    full: Arc<AtomicBool>,
    wal: File,
    wal_length: u64,
}

impl Files {
    fn open(dir: &Path, quota: u64, full: Arc<AtomicBool>) -> io::Result<Self> {
        let (wal, wal_length) = open_wal(dir)?;
        Ok(Self { dir: dir.to_owned(), quota, full, wal, wal_length })
    }

    /// Adds whole lines to the log. What could not be written whole is taken back.
    pub(crate) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let written = self.reserve(lines.len()).and_then(|()| {
            self.wal.write_all(lines)?;
            self.wal.sync_data()
        });
        match written {
            Ok(()) => self.wal_length += lines.len() as u64,
            Err(_) => {
                // If this fails too, the next start finds a torn line and drops it.
                let _ = self.wal.set_len(self.wal_length);
            }
        }
        self.noticed(written)
    }

    /// Replaces a file as a whole; after a crash there is the old or the new one.
    pub(crate) fn replace(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let temporary = self.dir.join(format!("{name}.tmp"));
        let written = self.reserve(content.len()).and_then(|()| {
            let mut file = File::create(&temporary)?;
            file.write_all(content)?;
            file.sync_data()?;
            std::fs::rename(&temporary, self.dir.join(name))?;
            File::open(&self.dir)?.sync_all()
        });
        if written.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        if written.is_ok() && name == WAL {
            (self.wal, self.wal_length) = open_wal(&self.dir)?;
        }
        self.noticed(written)
    }

    fn reserve(&self, bytes: usize) -> io::Result<()> {
        let used = files::used(&self.dir)?;
        if used + bytes as u64 > self.quota {
            return Err(io::Error::from_raw_os_error(NO_SPACE));
        }
        Ok(())
    }

    fn noticed(&self, written: io::Result<()>) -> io::Result<()> {
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::StorageFull) {
            self.full.store(true, Ordering::Relaxed);
        }
        written
    }
}

fn open_wal(dir: &Path) -> io::Result<(File, u64)> {
    let wal = OpenOptions::new().create(true).append(true).open(dir.join(WAL))?;
    let length = wal.metadata()?.len();
    Ok((wal, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_takes_nothing_and_loses_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let full = Arc::new(AtomicBool::new(false));
        let mut files = Files::open(dir.path(), 100, full.clone()).expect("writable");
        files.append(b"{\"first\":1}\n").expect("there is space");
        std::fs::write(dir.path().join("export.csv"), vec![b'x'; 85]).expect("a file beside");
        let error = files.append(b"{\"second\":2}\n").expect_err("85 + 12 + 13 is more than 100");
        assert_eq!((error.kind(), error.raw_os_error()), (io::ErrorKind::StorageFull, Some(28)));
        assert!(full.load(Ordering::Relaxed));
        assert!(files.replace(VOTE, b"0123456789").is_err());
        assert_eq!(std::fs::read(dir.path().join(WAL)).expect("it is there"), b"{\"first\":1}\n");

        std::fs::remove_file(dir.path().join("export.csv")).expect("it can be removed");
        files.append(b"{\"second\":2}\n").expect("there is space again");
        files.replace(VOTE, b"0123456789").expect("there is space again");
        assert_eq!(
            std::fs::read(dir.path().join(WAL)).expect("it is there"),
            b"{\"first\":1}\n{\"second\":2}\n"
        );
        assert_eq!(files::list(dir.path()).expect("readable").len(), 2, "no temporary file is left");
    }
}
