//! The data: keys and values in memory, rebuilt from the last snapshot and the log.

use super::disk::{Disk, SNAPSHOT};
use super::journal::Journal;
use super::types::{Applied, Change, Entry, LogId, StorageError, Types};
use openraft::storage::{RaftStateMachine, Snapshot};
use openraft::{
    BasicNode, EntryPayload, ErrorSubject, ErrorVerb, OptionalSend, RaftSnapshotBuilder, SnapshotMeta,
    StoredMembership,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Meta = SnapshotMeta<u64, BasicNode>;
type Data = BTreeMap<String, String>;

/// The snapshot's file.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    meta: Meta,
    data: Data,
}

#[derive(Debug, Default)]
struct State {
    applied: Option<LogId>,
    membership: StoredMembership<u64, BasicNode>,
    data: Data,
    /// The last snapshot, as it is sent to others.
    snapshot: Option<(Meta, Vec<u8>)>,
}

/// The data of one node.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    disk: Disk,
    journal: Arc<Journal>,
    state: Arc<Mutex<State>>,
}

impl Machine {
    /// Reads the last snapshot, if there is one.
    ///
    /// # Errors
    /// It can't be read or is damaged.
    pub(crate) fn load(dir: &Path, disk: Disk, journal: Arc<Journal>) -> io::Result<Self> {
        let state = match std::fs::read(dir.join(SNAPSHOT)) {
            Ok(text) => {
                let damaged = |error| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("{SNAPSHOT} is damaged: {error}"))
                };
                let Saved { meta, data } = serde_json::from_slice(&text).map_err(damaged)?;
                let sent = serde_json::to_vec(&data)?;
                let (applied, membership) = (meta.last_log_id, meta.last_membership.clone());
                State { applied, membership, data, snapshot: Some((meta, sent)) }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(error),
        };
        Ok(Self { disk, journal, state: Arc::new(Mutex::new(state)) })
    }

    /// The last entry that is in the data.
    pub(crate) fn applied(&self) -> Option<LogId> {
        self.state().applied
    }

    pub(crate) fn get(&self, key: &str) -> Option<String> {
        self.state().data.get(key).cloned()
    }

    /// The first keys with a prefix, in order, and how many there are.
    pub(crate) fn range(&self, prefix: &str, limit: usize) -> (Vec<(String, String)>, usize) {
        let state = self.state();
        let all = state.data.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        let count = all.clone().count();
        (all.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect(), count)
    }

    pub(crate) fn keys(&self) -> usize {
        self.state().data.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn save(&self, meta: Meta, data: Data) -> Result<(), StorageError> {
        let text = serde_json::to_vec(&Saved { meta, data }).map_err(io::Error::from);
        let written = match text {
            Ok(text) => self.disk.run(move |files| files.replace(SNAPSHOT, &text)).await,
            Err(error) => Err(error),
        };
        written.map_err(|error| self.failed(ErrorVerb::Write, error))
    }

    fn failed(&self, verb: ErrorVerb, error: io::Error) -> StorageError {
        self.journal.error("snapshot", format!("{verb:?} of {SNAPSHOT} failed: {error}"));
        StorageError::from_io_error(ErrorSubject::Snapshot(None), verb, error)
    }
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotBuilder = Self;

    async fn applied_state(
        &mut self,
    ) -> Result<(Option<LogId>, StoredMembership<u64, BasicNode>), StorageError> {
        let state = self.state();
        Ok((state.applied, state.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Applied>, StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut state = self.state();
        let mut answers = Vec::new();
        for entry in entries {
            state.applied = Some(entry.log_id);
            answers.push(match entry.payload {
                EntryPayload::Blank => Applied::default(),
                EntryPayload::Membership(membership) => {
                    state.membership = StoredMembership::new(Some(entry.log_id), membership);
                    Applied::default()
                }
                EntryPayload::Normal(Change::Put { key, value }) => {
                    Applied { existed: state.data.insert(key, value).is_some() }
                }
                EntryPayload::Normal(Change::Delete { key }) => {
                    Applied { existed: state.data.remove(&key).is_some() }
                }
            });
        }
        Ok(answers)
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>, StorageError> {
        Ok(Box::new(Cursor::new(Vec::new())))
    }

    async fn install_snapshot(
        &mut self,
        meta: &Meta,
        snapshot: Box<Cursor<Vec<u8>>>,
    ) -> Result<(), StorageError> {
        let sent = snapshot.into_inner();
        let read = serde_json::from_slice::<Data>(&sent).map_err(io::Error::from);
        let data = read.map_err(|error| self.failed(ErrorVerb::Read, error))?;
        self.save(meta.clone(), data.clone()).await?;
        let index = meta.last_log_id.map_or(0, |id| id.index);
        self.journal.info("snapshot", format!("installed a snapshot of index {index} from the leader"));
        let mut state = self.state();
        state.applied = meta.last_log_id;
        state.membership = meta.last_membership.clone();
        state.data = data;
        state.snapshot = Some((meta.clone(), sent));
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Types>>, StorageError> {
        let last = self.state().snapshot.clone();
        Ok(last.map(|(meta, sent)| Snapshot { meta, snapshot: Box::new(Cursor::new(sent)) }))
    }
}

impl RaftSnapshotBuilder<Types> for Machine {
    async fn build_snapshot(&mut self) -> Result<Snapshot<Types>, StorageError> {
        let (meta, data) = {
            let state = self.state();
            let index = state.applied.map_or(0, |id| id.index);
            let term = state.applied.map_or(0, |id| id.leader_id.term);
            let meta = Meta {
                last_log_id: state.applied,
                last_membership: state.membership.clone(),
                snapshot_id: format!("{term}-{index}"),
            };
            (meta, state.data.clone())
        };
        let written = serde_json::to_vec(&data).map_err(io::Error::from);
        let sent = written.map_err(|error| self.failed(ErrorVerb::Write, error))?;
        self.save(meta.clone(), data).await?;
        let index = meta.last_log_id.map_or(0, |id| id.index);
        self.journal.info("snapshot", format!("saved at index {index}, {} bytes", sent.len()));
        self.state().snapshot = Some((meta.clone(), sent.clone()));
        Ok(Snapshot { meta, snapshot: Box::new(Cursor::new(sent)) })
    }
}
