//! The handle of an open database.

use crate::connection::open_writer;
use crate::error::{Problem, StoreError};
use crate::process;
use crate::readers::Readers;
use crate::table::leases;
use crate::writer::Writer;
use rusqlite::{Connection, Transaction};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How to open a database.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// How long to wait for another program that is writing, before giving up with [`Problem::Locked`].
    pub wait: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { wait: Duration::from_secs(15) }
    }
}

/// An open database. Cheap to clone; the last clone that goes writes what is waiting (for which it may block for a
/// moment), gives up its leases and closes the file.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    // In this order: the readers' files are closed before the writer's, which then folds the log into the file.
    readers: Readers,
    writer: Writer,
    instance: Instance,
    path: Arc<Path>,
}

/// This handle's registration, which goes once the last job is written.
struct Instance(i64);

impl Drop for Instance {
    fn drop(&mut self) {
        process::unregister_instance(self.0);
    }
}

impl Store {
    /// Opens the database, creating the file and its folder where there is none and bringing an older one to the
    /// newest schema (after a copy of it was made beside it). Nothing is ever destroyed.
    ///
    /// Call [`Store::recover`] next. Blocks.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, StoreOptions::default())
    }

    /// The same with options.
    pub fn open_with(path: impl AsRef<Path>, options: StoreOptions) -> Result<Self, StoreError> {
        let path: Arc<Path> = path.as_ref().into();
        let connection = open_writer(&path, options.wait).map_err(|error| error.at(&path))?;
        let writer = Writer::start(connection, Arc::clone(&path))?;
        let readers = Readers::new(Arc::clone(&path), options.wait);
        let instance = Instance(process::register_instance());
        Ok(Self { shared: Arc::new(Shared { readers, writer, instance, path }) })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Lets the file grow to at most this many bytes (at least to its present size); `None` lifts the limit. What
    /// would pass it fails like a full disk. The limit lasts as long as this handle.
    pub async fn limit_size(&self, bytes: Option<u64>) -> Result<(), StoreError> {
        self.write(move |connection| {
            let page: u64 =
                connection.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))?.into();
            let pages = bytes.map_or(i64::from(u32::MAX - 1), |bytes| (bytes / page).max(1) as i64);
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
            Ok(())
        })
        .await
    }

    /// This handle's number, by which its leases are known.
    pub(crate) fn instance(&self) -> i64 {
        self.shared.instance.0
    }

    /// Reads from one consistent moment. Blocks.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.shared.readers.read(work).map_err(|error| error.at(&self.shared.path))
    }

    /// Queues a change at once; the future resolves after the commit.
    pub(crate) fn write<T, F>(
        &self,
        work: F,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, F>
    where
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let answer = self.shared.writer.call(work);
        let path = Arc::clone(&self.shared.path);
        async move {
            answer.await.unwrap_or_else(|_| Err(Problem::Closed.into())).map_err(|error| error.at(&path))
        }
    }

    /// The same for a change to a run, which only the holder of its lease may make.
    pub(crate) fn write_own<T, F>(
        &self,
        run: u32,
        work: F,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, F>
    where
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let instance = self.instance();
        self.write(move |connection| {
            leases::require(connection, run, instance)?;
            work(connection)
        })
    }

    /// Queues a change that nobody waits for.
    pub(crate) fn note(&self, work: impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static) {
        self.shared.writer.note(work);
    }
}
