//! The replicated log: in memory for reading, on disk before anything is answered.

use super::disk::{Disk, VOTE, WAL};
use super::journal::Journal;
use super::types::{Entry, LogId, StorageError, Types, Vote};
use openraft::storage::{LogFlushed, LogState, RaftLogStorage};
use openraft::{ErrorSubject, ErrorVerb, OptionalSend, RaftLogReader};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::ops::RangeBounds;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The first line of the log file.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    /// The last entry that was removed because a snapshot contains it.
    purged: Option<LogId>,
}

#[derive(Debug, Default)]
struct Content {
    purged: Option<LogId>,
    entries: BTreeMap<u64, Entry>,
}

impl Content {
    fn last(&self) -> Option<LogId> {
        self.entries.values().next_back().map(|entry| entry.log_id).or(self.purged)
    }

    fn to_file(&self) -> io::Result<Vec<u8>> {
        let mut text = line(&Header { format: 1, purged: self.purged })?;
        for entry in self.entries.values() {
            text.extend(line(entry)?);
        }
        Ok(text)
    }
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    Ok(text)
}

/// The log of one node.
#[derive(Debug, Clone)]
pub(crate) struct LogStore {
    disk: Disk,
    journal: Arc<Journal>,
    content: Arc<Mutex<Content>>,
    vote: Option<Vote>,
}

impl LogStore {
    /// The log of a folder.
    pub(crate) fn new(recovered: Recovered, disk: Disk, journal: Arc<Journal>) -> Self {
        let Recovered { content, vote } = recovered;
        Self { disk, journal, content: Arc::new(Mutex::new(content)), vote }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, subject: ErrorSubject<u64>, doing: &str, error: io::Error) -> StorageError {
        self.journal.error("wal", format!("{doing} failed: {error}"));
        StorageError::from_io_error(subject, ErrorVerb::Write, error)
    }
}

/// What was on disk.
#[derive(Debug)]
pub(crate) struct Recovered {
    content: Content,
    vote: Option<Vote>,
}

impl Recovered {
    /// The last entry that is in the log no more.
    pub(crate) fn purged(&self) -> Option<LogId> {
        self.content.purged
    }

    /// How many entries the log has.
    pub(crate) fn entries(&self) -> usize {
        self.content.entries.len()
    }
}

/// Reads what is on disk, before anything writes there. An incomplete last line is what a crash leaves behind in the
/// middle of a write that nobody was told of: it is dropped. A log without its first line gets one.
///
/// # Errors
/// A file can't be read or is damaged.
pub(crate) fn recover(dir: &Path, journal: &Journal) -> io::Result<Recovered> {
    let path = dir.join(WAL);
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let (content, whole) = parse(&text)?;
    if whole < text.len() {
        let torn = text.len() - whole;
        journal.warn("wal", format!("dropped {torn} bytes of an incomplete record at the end of {WAL}"));
        file.set_len(whole as u64)?;
    }
    if whole == 0 {
        file.write_all(&line(&Header { format: 1, purged: None })?)?;
        file.sync_data()?;
    }
    let vote = match std::fs::read(dir.join(VOTE)) {
        Ok(text) => Some(serde_json::from_slice(&text).map_err(|error| damaged(VOTE, 1, &error))?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(Recovered { content, vote })
}

/// The log in a file, and how many bytes of it are whole.
fn parse(text: &[u8]) -> io::Result<(Content, usize)> {
    let mut content = Content::default();
    let mut whole = 0;
    for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.ends_with(b"\n") {
            break;
        }
        let bad = |error: &dyn std::fmt::Display| damaged(WAL, number + 1, error);
        if number == 0 {
            let header: Header = serde_json::from_slice(line).map_err(|error| bad(&error))?;
            content.purged = header.purged;
        } else {
            let entry: Entry = serde_json::from_slice(line).map_err(|error| bad(&error))?;
            let expected = content.last().map_or(0, |last| last.index + 1);
            if entry.log_id.index != expected {
                return Err(bad(&format!("entry {} follows where {expected} must", entry.log_id.index)));
            }
            content.entries.insert(expected, entry);
        }
        whole += line.len();
    }
    Ok((content, whole))
}

fn damaged(file: &str, line: usize, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{file} line {line} is damaged: {error}"))
}

impl RaftLogReader<Types> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, StorageError> {
        Ok(self.content().entries.range(range).map(|(_, entry)| entry.clone()).collect())
    }
}

impl RaftLogStorage<Types> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, StorageError> {
        let content = self.content();
        Ok(LogState { last_purged_log_id: content.purged, last_log_id: content.last() })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        let saved = match serde_json::to_vec(vote) {
            Ok(text) => self.disk.run(move |files| files.replace(VOTE, &text)).await,
            Err(error) => Err(error.into()),
        };
        saved.map_err(|error| self.failed(ErrorSubject::Vote, "saving the vote", error))?;
        self.vote = Some(*vote);
        Ok(())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        Ok(self.vote)
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<Types>) -> Result<(), StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        let mut text = Vec::new();
        for entry in &entries {
            let written = line(entry).map_err(|error| {
                let subject = ErrorSubject::Log(entry.log_id);
                self.failed(subject, "writing an entry", error)
            })?;
            text.extend(written);
        }
        self.content().entries.extend(entries.into_iter().map(|entry| (entry.log_id.index, entry)));
        let journal = self.journal.clone();
        self.disk.start(move |files| {
            let written = files.append(&text);
            if let Err(error) = &written {
                journal.error("wal", format!("appending {} bytes to {WAL} failed: {error}", text.len()));
            }
            callback.log_io_completed(written);
        });
        Ok(())
    }

    async fn truncate(&mut self, from: LogId) -> Result<(), StorageError> {
        let text = {
            let mut content = self.content();
            drop(content.entries.split_off(&from.index));
            content.to_file()
        };
        let written = match text {
            Ok(text) => self.disk.run(move |files| files.replace(WAL, &text)).await,
            Err(error) => Err(error),
        };
        self.journal.info(
            "wal",
            format!("removed entries from index {} on: another leader's log differs", from.index),
        );
        written.map_err(|error| self.failed(ErrorSubject::Logs, "shortening the log", error))
    }

    async fn purge(&mut self, upto: LogId) -> Result<(), StorageError> {
        let (text, reaches) = {
            let mut content = self.content();
            let reaches = content.last().is_some_and(|last| last.index >= upto.index);
            content.purged = content.purged.max(Some(upto));
            content.entries = content.entries.split_off(&(upto.index + 1));
            (content.to_file(), reaches)
        };
        let written = match text {
            Ok(text) => self.disk.run(move |files| files.replace(WAL, &text)).await,
            Err(error) => Err(error),
        };
        match written {
            // The longer file is as good: its first entries are in the snapshot too.
            Err(error) if reaches => {
                self.journal
                    .warn("wal", format!("purging entries up to index {} is put off: {error}", upto.index));
                Ok(())
            }
            // What is appended next would not follow what is in the file.
            written => written.map_err(|error| self.failed(ErrorSubject::Logs, "purging the log", error)),
        }
    }
}

#[cfg(test)]
mod tests;
