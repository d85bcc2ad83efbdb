//! `labctl` as a program: this program under another name.

use bakeoff_core::lab::LabReply;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;

/// The name under which this program is `labctl`.
pub const LABCTL: &str = "labctl";
/// Where the socket is, for the shells that this program opens.
pub(super) const SOCKET: &str = "LABCTL_SOCKET";
/// What it is called, beside a `labctl` that is started by its path.
pub(super) const SOCKET_NAME: &str = "ops.sock";

/// Sends the words to the socket, prints what comes back and ends with its exit code.
pub fn labctl_main(words: &[String]) -> ExitCode {
    match ask(words) {
        Ok(reply) => {
            // Whoever reads may have gone.
            let _ = std::io::stdout().write_all(reply.stdout.as_bytes());
            let _ = std::io::stderr().write_all(reply.stderr.as_bytes());
            ExitCode::from(u8::try_from(reply.exit_code).unwrap_or(1))
        }
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "labctl: {message}");
            ExitCode::from(1)
        }
    }
}

/// The socket that lies beside this program under the name by which it was started.
fn beside() -> Option<PathBuf> {
    let started_as = PathBuf::from(std::env::args_os().next()?);
    Some(started_as.with_file_name(SOCKET_NAME)).filter(|socket| socket.exists())
}

fn ask(words: &[String]) -> Result<LabReply, String> {
    let socket =
        std::env::var_os(SOCKET).map(PathBuf::from).or_else(beside).ok_or("there is no cluster here")?;
    let unreachable = |error: std::io::Error| format!("the cluster can't be reached: {error}");
    let mut stream = UnixStream::connect(socket).map_err(unreachable)?;
    let mut line = serde_json::to_vec(words).map_err(|error| error.to_string())?;
    line.push(b'\n');
    stream.write_all(&line).map_err(unreachable)?;
    let mut reply = String::new();
    BufReader::new(stream).read_line(&mut reply).map_err(unreachable)?;
    serde_json::from_str(&reply).map_err(|_| "the cluster is gone".to_owned())
}
