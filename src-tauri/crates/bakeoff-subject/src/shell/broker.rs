//! The socket over which `labctl` in a shell reaches this program. It serves one trial's nodes and nothing else.

use super::client::SOCKET_NAME;
use super::{LABCTL, Labctl, execute};
use bakeoff_core::lab::LabReply;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// The longest request, in bytes.
const LONGEST: u64 = 64 << 10;

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Broker {
    folder: tempfile::TempDir,
    task: JoinHandle<()>,
}

impl Broker {
    /// Opens a socket in a folder of its own, which only this user can read.
    pub fn open(labctl: Labctl) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let listener = UnixListener::bind(folder.path().join(SOCKET_NAME))?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, labctl.clone()));
            }
        });
        Ok(Self { folder, task })
    }

    /// The same with a `labctl` beside the socket, which is `program` under that name and finds the socket by itself.
    pub fn with_program(labctl: Labctl, program: &Path) -> std::io::Result<Self> {
        let broker = Self::open(labctl)?;
        std::os::unix::fs::symlink(program, broker.program())?;
        Ok(broker)
    }

    /// `labctl` beside the socket, where there is one.
    pub fn program(&self) -> PathBuf {
        self.folder.path().join(LABCTL)
    }

    /// The socket's path.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET_NAME)
    }

    /// Its folder, in which there is nothing but the socket and perhaps `labctl`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request: its words as a JSON list on one line; one reply as JSON on one line.
async fn serve(stream: UnixStream, labctl: Labctl) {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    if BufReader::new(read.take(LONGEST)).read_line(&mut line).await.is_err() {
        return;
    }
    let reply = match serde_json::from_str::<Vec<String>>(&line) {
        Ok(words) => execute(&labctl, &words).await,
        Err(error) => LabReply {
            exit_code: 2,
            stdout: String::new(),
            stderr: format!("labctl: the request can't be read: {error}\n"),
        },
    };
    let mut line = serde_json::to_vec(&reply).unwrap_or_default();
    line.push(b'\n');
    // The command may have been ended meanwhile.
    let _ = write.write_all(&line).await;
}
