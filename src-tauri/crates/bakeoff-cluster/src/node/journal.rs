//! The node's own log file: what an operator reads.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Beyond this many bytes the file becomes `NAME.1`, replacing an older one.
const ROTATE_AT: u64 = 1 << 20;

/// An open log file. It lies outside the data folder, so that a full disk can still be reported.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Opens the file for appending.
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: Mutex::new(append_to(path)?) })
    }

    pub(crate) fn info(&self, part: &str, message: impl Display) {
        self.line("INFO", part, message);
    }

    pub(crate) fn warn(&self, part: &str, message: impl Display) {
        self.line("WARN", part, message);
    }

    pub(crate) fn error(&self, part: &str, message: impl Display) {
        self.line("ERROR", part, message);
    }

    fn line(&self, level: &str, part: &str, message: impl Display) {
        let now = jiff::Timestamp::now();
        // One line each, whatever an error's text contains.
        let message = message.to_string().replace('\n', " ");
        let line = format!("{now:.3} {level:<5} {part}: {message}\n");
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.metadata().is_ok_and(|about| about.len() > ROTATE_AT)
            && std::fs::rename(&self.path, self.path.with_extension("log.1")).is_ok()
            && let Ok(fresh) = append_to(&self.path)
        {
            *file = fresh;
        }
        // A database goes on without its log.
        let _ = file.write_all(line.as_bytes());
    }

    /// The last lines, oldest first.
    ///
    /// # Errors
    /// The file can't be read.
    pub(crate) fn tail(&self, lines: usize) -> io::Result<Vec<String>> {
        tail(&self.path, lines)
    }
}

/// The last lines of a log file and of the one before it, oldest first.
///
/// # Errors
/// The file can't be read.
pub(crate) fn tail(path: &Path, lines: usize) -> io::Result<Vec<String>> {
    let mut text = std::fs::read(path.with_extension("log.1")).unwrap_or_default();
    text.extend(std::fs::read(path)?);
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    Ok(all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect())
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_and_the_last_ones_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("n1.log");
        Journal::open(&path).expect("writable").info("server", "started");
        let journal = Journal::open(&path).expect("writable");
        journal.warn("peer", "n2 unreachable:\nconnection refused");
        let lines = journal.tail(10).expect("readable");
        assert!(lines[0].ends_with("INFO  server: started"), "{lines:?}");
        assert!(lines[1].ends_with("WARN  peer: n2 unreachable: connection refused"), "{lines:?}");
        assert_eq!(journal.tail(1).expect("readable"), lines[1..]);
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("n1.log");
        let journal = Journal::open(&path).expect("writable");
        let long = "x".repeat(64 << 10);
        (0..40).for_each(|_| journal.info("server", &long));
        let total: u64 = crate::files::used(dir.path()).expect("readable");
        assert!(total < 2 * ROTATE_AT + (128 << 10), "{total}");
        assert!(journal.tail(2).expect("readable").len() == 2, "the older file is read too");
    }
}
