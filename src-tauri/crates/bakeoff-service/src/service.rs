//! The service itself: an open workspace with its store, its models and its runs.

use crate::active::ActiveRuns;
use crate::dto::{Notice, ServiceError, Settings, WorkspaceInfo};
use crate::error::Result;
use crate::experiments::ReadCache;
use crate::mlflow::Exporters;
use crate::pool::PoolCache;
use crate::providers::KeptModels;
use crate::triage::{KeptAnswers, QueueWorker};
use crate::try_out::TryOuts;
use crate::workspace::Workspace;
use crate::{others, settings, watch};
use bakeoff_core::trial::Millis;
use bakeoff_model::Keys;
use bakeoff_store::Store;
use bakeoff_subject::LocalSubjects;
use bakeoff_subject::embedded::EmbeddedSubjects;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::broadcast;

/// How to open a workspace.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// Where the settings are; by default the user's configuration folder.
    pub config_folder: PathBuf,
    /// The program that has the roles of the embedded cluster and of `labctl`: what `BAKEOFF_PROGRAM` names, else this
    /// one. Tests, whose process is another program, set it.
    pub program: PathBuf,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        let named = std::env::var_os("BAKEOFF_PROGRAM").map(PathBuf::from);
        let program = named.or_else(|| std::env::current_exe().ok());
        let program = program.unwrap_or_else(|| PathBuf::from("bakeoff"));
        Self { config_folder: settings::config_folder(), program }
    }
}

/// An open workspace. Every method blocks until it is done: call them from a blocking thread. Runs go on in the
/// background for as long as the service lives.
pub struct Service {
    workspace: Workspace,
    fresh: bool,
    options: ServiceOptions,
    settings: Mutex<Settings>,
    keys: Arc<Keys>,
    notices: broadcast::Sender<Notice>,
    pub(crate) active: Arc<ActiveRuns>,
    pub(crate) pools: PoolCache,
    pub(crate) mlflow_reads: ReadCache,
    pub(crate) gate_check: Mutex<()>,
    pub(crate) exporters: Exporters,
    pub(crate) models: KeptModels,
    pub(crate) try_outs: TryOuts,
    pub(crate) queue_worker: QueueWorker,
    pub(crate) kept_answers: KeptAnswers,
    subjects: Arc<LocalSubjects>,
    store: Store,
    _watcher: Option<watch::Watcher>,
    // Last, so that everything that runs on it is gone before.
    runtime: Runtime,
}

impl Service {
    /// Opens the workspace at `path`. Runs whose program died are marked interrupted.
    pub fn open(path: &Path, options: ServiceOptions) -> Result<Self> {
        Self::open_workspace(Workspace::at(path)?, false, options)
    }

    /// Opens the nearest workspace at or above the current folder.
    pub fn discover(options: ServiceOptions) -> Result<Self> {
        let here =
            std::env::current_dir().map_err(|error| ServiceError::io("find", Path::new("."), &error))?;
        let workspace = Workspace::discover(&here).ok_or_else(|| {
            ServiceError::not_found(format!("there is no workspace at or above {}", here.display()))
                .with_hint("make one with `bakeoff init DIR`, or name one with -C DIR")
        })?;
        Self::open_workspace(workspace, false, options)
    }

    /// For the window without a named workspace: the last one, if it is still there, else the starter in the
    /// user's home folder, which is made when missing.
    pub fn open_last_or_starter(last: Option<&Path>, options: ServiceOptions) -> Result<Self> {
        if let Some(workspace) = last.and_then(|path| Workspace::at(path).ok()) {
            return Self::open_workspace(workspace, false, options);
        }
        let home = dirs::home_dir().unwrap_or_else(|| PathBuf::from("."));
        let (workspace, written) = Workspace::init(&home.join("Bakeoff"))?;
        Self::open_workspace(workspace, !written.is_empty(), options)
    }

    /// Writes the starter files into a folder; existing files are kept. Returns the paths written.
    pub fn init(path: &Path) -> Result<Vec<String>> {
        Ok(Workspace::init(path)?.1)
    }

    fn open_workspace(workspace: Workspace, fresh: bool, options: ServiceOptions) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("bakeoff")
            .build()
            .map_err(|error| ServiceError::io("start threads in", workspace.root(), &error))?;
        let data = workspace.data_folder();
        std::fs::create_dir_all(&data).map_err(|error| ServiceError::io("make", &data, &error))?;
        let store = Store::open(workspace.database())?;
        runtime.block_on(store.recover(crate::time::now()))?;
        let (notices, _) = broadcast::channel(256);
        let embedded = EmbeddedSubjects { program: options.program.clone(), folder: data.join("instances") };
        let watcher = watch::start(&workspace, notices.clone());
        runtime.spawn(others::watch(store.clone(), notices.clone()));
        let service = Self {
            fresh,
            settings: Mutex::new(settings::load(&options.config_folder)?),
            keys: Arc::new(Keys::of_this_system()),
            notices,
            active: Arc::default(),
            pools: PoolCache::default(),
            mlflow_reads: ReadCache::default(),
            gate_check: Mutex::new(()),
            exporters: Exporters::default(),
            models: KeptModels::default(),
            try_outs: TryOuts::default(),
            queue_worker: QueueWorker::default(),
            kept_answers: KeptAnswers::default(),
            subjects: Arc::new(LocalSubjects::new(embedded)),
            store,
            _watcher: watcher,
            workspace,
            options,
            runtime,
        };
        service.sweep_after_crash()?;
        service.sweep_operator();
        Ok(service)
    }

    /// Which workspace this is.
    pub fn workspace(&self) -> Result<WorkspaceInfo> {
        let root = self.workspace.root();
        Ok(WorkspaceInfo {
            path: root.display().to_string(),
            name: root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            fresh: self.fresh,
            database: self.workspace.database().display().to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    /// News from now on.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// Waits for the next piece of news, at most `most`.
    pub fn wait_for_notice(&self, notices: &mut broadcast::Receiver<Notice>, most: Duration) {
        // None in time, or too many at once: either way it is time to look again.
        let _ = self.runtime.block_on(async { tokio::time::timeout(most, notices.recv()).await });
    }

    /// Calls `action` at each Ctrl-C from now on, instead of ending the program.
    pub fn on_interrupt(&self, action: impl Fn() + Send + 'static) {
        self.runtime.spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                action();
            }
        });
    }

    /// The workspace's folder.
    pub(crate) fn files(&self) -> &Workspace {
        &self.workspace
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    pub(crate) fn handle(&self) -> &tokio::runtime::Handle {
        self.runtime.handle()
    }

    pub(crate) fn config_folder(&self) -> &Path {
        &self.options.config_folder
    }

    /// Where instances of subjects come from.
    pub(crate) fn subjects(&self) -> &Arc<LocalSubjects> {
        &self.subjects
    }

    pub(crate) fn now(&self) -> Millis {
        crate::time::now()
    }

    pub(crate) fn notice_sender(&self) -> &broadcast::Sender<Notice> {
        &self.notices
    }

    pub(crate) fn notify(&self, notice: Notice) {
        // Nobody may be watching.
        let _ = self.notices.send(notice);
    }

    /// A copy of the settings.
    pub(crate) fn current_settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn replace_settings(&self, settings: Settings) {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// Waits for something asynchronous.
    pub(crate) fn wait<T, E: Into<ServiceError>>(
        &self,
        future: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.runtime.block_on(future).map_err(Into::into)
    }
}

impl Drop for Service {
    /// Runs that are going on are stopped cleanly, so that they can be resumed.
    fn drop(&mut self) {
        self.stop_queue_worker();
        // Whoever comes next goes on with the tests that run now. Should that fail, they are found as left behind.
        let _ = self.wait(self.store().requeue_own_jobs(self.now()));
        self.stop_all(Duration::from_secs(5));
        self.stop_exporters();
        // What can't be removed now ends with this program, and the next sweep finds the rest.
        let _ = self.close_try_out();
    }
}
