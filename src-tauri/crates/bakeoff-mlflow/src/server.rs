//! Where runs are written: a tracking server, or one that is started on loopback for a store that has none.

use crate::client::{Access, Client};
use crate::error::{MlflowError, Result};
use crate::uri::TrackingUri;
use reqwest::Url;
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// How long a server may take until it answers. MLflow is slow to load, and the first start on a new
/// database makes its tables.
const START: Duration = Duration::from_secs(180);
/// How often it is asked meanwhile.
const ASK: Duration = Duration::from_millis(150);
/// How much of a server's last words is told.
const LAST_WORDS: usize = 400;

/// Keeps the server's process group together: it ends with the server, and with this program, however that ends
/// (stdin is a pipe from us).
const KEEPER: &str =
    "trap : TERM\n(\"$@\" </dev/null; kill -KILL 0) &\ncat >/dev/null\nkill -TERM 0\nsleep 3\nkill -KILL 0";

/// Where the `mlflow` program may be.
#[derive(Debug, Clone, Default)]
pub struct ProgramPlaces {
    /// The program itself, when the user has said where it is.
    pub program: Option<PathBuf>,
    /// The value of PATH.
    pub path: Option<OsString>,
}

impl ProgramPlaces {
    /// The `mlflow` program, if it is there.
    pub fn find(&self) -> Option<PathBuf> {
        if let Some(program) = &self.program {
            return program.is_file().then(|| program.clone());
        }
        let path = self.path.as_ref()?;
        std::env::split_paths(path).map(|folder| folder.join("mlflow")).find(|program| program.is_file())
    }
}

/// Where runs are written.
#[derive(Debug)]
pub struct Target {
    uri: TrackingUri,
    access: Access,
    places: ProgramPlaces,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    client: Client,
    /// None: it is not ours.
    server: Option<LocalServer>,
}

impl Target {
    /// Nothing is started before [`Self::client`].
    pub fn new(uri: TrackingUri, access: Access, places: ProgramPlaces) -> Self {
        Self { uri, access, places, running: Mutex::new(None) }
    }

    /// Where the runs are.
    pub fn uri(&self) -> &TrackingUri {
        &self.uri
    }

    /// The server to write to. For a SQLite store or a folder it is started when it does not run.
    ///
    /// # Errors
    /// There is no server and none can be started.
    pub async fn client(&self) -> Result<Client> {
        let mut running = self.running.lock().await;
        if let Some(running) = running.as_mut() {
            let alive = running.server.as_mut().is_none_or(LocalServer::is_alive);
            if alive {
                return Ok(running.client.clone());
            }
        }
        // The old one goes before a new one opens the same store.
        *running = None;
        let started = match &self.uri {
            TrackingUri::Http(url) => {
                Running { client: Client::new(url, self.access.clone())?, server: None }
            }
            store => {
                let (server, client) = LocalServer::start(store, &self.places).await?;
                Running { client, server: Some(server) }
            }
        };
        let client = started.client.clone();
        *running = Some(started);
        Ok(client)
    }
}

impl Target {
    /// Ends the server that was started here, if there is one; the next [`Self::client`] starts another.
    pub async fn kill_server(&self) {
        if let Some(server) = self.running.lock().await.as_mut().and_then(|running| running.server.as_mut()) {
            server.kill();
        }
    }
}

/// An `mlflow server` on loopback. It ends, with all its processes, when this is dropped.
#[derive(Debug)]
struct LocalServer {
    process: Child,
    group: Option<Pid>,
}

impl LocalServer {
    async fn start(store: &TrackingUri, places: &ProgramPlaces) -> Result<(Self, Client)> {
        let failed = |why: String| MlflowError::NotInstalled { place: store.to_string(), why };
        let Some(program) = places.find() else {
            let why = match &places.program {
                Some(program) => format!("there is no program {}", program.display()),
                None => "there is no program “mlflow” in the PATH".to_owned(),
            };
            return Err(failed(why));
        };
        let log = tempfile::tempfile().map_err(|error| failed(format!("no temporary file: {error}")))?;
        let port = free_port().map_err(|error| failed(format!("no free port: {error}")))?;
        let mut command = command(&program, store, port);
        let output = |log: &std::fs::File| log.try_clone().map(Stdio::from);
        let process = output(&log)
            .and_then(|out| command.stdin(Stdio::piped()).stdout(out).stderr(output(&log)?).spawn())
            .map_err(|error| failed(format!("{} can't be started: {error}", program.display())))?;
        let group = process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let mut server = Self { process, group };
        let address = Url::parse(&format!("http://127.0.0.1:{port}"));
        let address = address.map_err(|error| failed(error.to_string()))?;
        let client = Client::new(&address, Access::default())?;
        match tokio::time::timeout(START, server.until_healthy(&client)).await {
            Ok(true) => Ok((server, client)),
            Ok(false) => Err(failed(format!("mlflow server ended at once: {}", last_words(log)))),
            Err(_) => {
                let seconds = START.as_secs();
                Err(failed(format!("mlflow server did not answer within {seconds} s: {}", last_words(log))))
            }
        }
    }

    /// True once it answers, false when it has ended.
    async fn until_healthy(&mut self, client: &Client) -> bool {
        loop {
            if client.check().await.is_ok() {
                return true;
            }
            if !self.is_alive() {
                return false;
            }
            tokio::time::sleep(ASK).await;
        }
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }
}

impl LocalServer {
    fn kill(&mut self) {
        if let Some(group) = self.group.filter(|_| self.process.id().is_some()) {
            // It may have ended by itself; then there is nothing to kill.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn command(program: &Path, store: &TrackingUri, port: u16) -> Command {
    let place = match store {
        TrackingUri::Http(url) => url.to_string(),
        TrackingUri::Sqlite(path) => format!("sqlite:///{}", path.display()),
        TrackingUri::Folder(path) => path.display().to_string(),
    };
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "mlflow-server"]).arg(program).args([
        "server",
        "--backend-store-uri",
        &place,
    ]);
    command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--workers", "1"]);
    // Since 3.13 MLflow wants to be asked before it writes a folder.
    command.env("MLFLOW_ALLOW_FILE_STORE", "true").env("MLFLOW_DISABLE_TELEMETRY", "true");
    // Its jobs need processes of their own, and nothing here uses them.
    command.env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
    for theirs in ["MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD"] {
        command.env_remove(theirs);
    }
    command.process_group(0).kill_on_drop(true);
    command
}

/// A port that was free a moment ago.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The end of what the server wrote.
fn last_words(mut log: std::fs::File) -> String {
    use std::io::Seek;
    let mut written = Vec::new();
    // It is only told for help; without it the message is shorter.
    let _ = log.rewind().and_then(|()| log.read_to_end(&mut written));
    let text = String::from_utf8_lossy(&written);
    let text = text.trim();
    let start = text.len().saturating_sub(LAST_WORDS);
    text[text.ceil_char_boundary(start)..].to_owned()
}
