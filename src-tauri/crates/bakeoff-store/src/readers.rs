//! Connections for reading, kept for the next reader.

use crate::connection::open_reader;
use crate::error::StoreError;
use rusqlite::{Connection, Transaction};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// At most this many idle connections are kept; more readers at once get their own for the moment.
const KEPT: usize = 4;

/// The idle connections.
pub(crate) struct Readers {
    path: Arc<Path>,
    wait: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// None is opened before it is needed.
    pub(crate) fn new(path: Arc<Path>, wait: Duration) -> Self {
        Self { path, wait, idle: Mutex::new(Vec::new()) }
    }

    /// Reads from one consistent moment.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = kept.map_or_else(|| open_reader(&self.path, self.wait), Ok)?;
        let transaction = connection.unchecked_transaction()?;
        let result = work(&transaction);
        transaction.finish()?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }
}
