//! The warden: a process of its own that outlives this program and removes what it leaves in Docker.
//!
//! It is the same program in another role, in a session of its own, and holds the other end of a pipe. When the program
//! ends, however it ends, the pipe does too; then the warden removes every container, network and volume of its owner,
//! and with them the faults in them: a killed or paused node, a filled volume, a sidecar with its rules. The sweep at the
//! next start is for what even the warden did not survive.

use super::error::DockerError;
use super::labels::Owner;
use super::{Engine, sweep};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The word by which the program is told that it is a warden.
pub const ROLE: &str = "docker-warden";
/// A request that Docker was carrying out when the program died may still make something: so many looks in a row must
/// find nothing.
const QUIET_LOOKS: u32 = 4;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// How long it tries to reach a Docker that does not answer, or to remove what can't be removed.
const LIMIT: Duration = Duration::from_secs(120);

/// One for the whole program, because everything of it has the same owner: it must not end with a workspace that is
/// closed while another one runs trials. Nothing drops it, so that its pipe ends with the program.
static WARDEN: Mutex<Option<Child>> = Mutex::new(None);

/// Starts the warden of this program, if it does not run. To be called before anything is made in Docker. `program` is an
/// executable that has the role [`ROLE`].
///
/// # Errors
/// When the program can't be started: then nothing should be made.
pub(crate) fn ensure(program: &Path) -> Result<(), DockerError> {
    let mut child = WARDEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let is_running = child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)));
    if !is_running {
        *child = Some(start(program)?);
    }
    Ok(())
}

/// The pipe is the child's standard input: it ends when this program does.
fn start(program: &Path) -> Result<Child, DockerError> {
    let mut command = Command::new(program);
    command.arg(ROLE).arg(Owner::this_process().label());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|error| {
        let doing = "start the process that clears Docker if this program dies";
        DockerError::failed(doing, format!("{}: {error}", program.display()))
    })
}

/// The role [`ROLE`]: waits until its standard input ends and removes everything of this owner.
#[must_use]
pub fn warden_main(owner: &str) -> ExitCode {
    // A Ctrl-C at the shell is for the program, which then removes its trials itself.
    bakeoff_cluster::leave_session();
    let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime needs no more than a few descriptors");
    match runtime.block_on(clear(owner)) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Removes again and again until nothing comes any more; whether it got there.
async fn clear(owner: &str) -> bool {
    let deadline = Instant::now() + LIMIT;
    let mut quiet = 0;
    loop {
        let swept = async { sweep::of_owner(&Engine::connect().await?, owner).await };
        let is_empty = swept.await.is_ok_and(|swept| swept.is_empty());
        quiet = if is_empty { quiet + 1 } else { 0 };
        if quiet == QUIET_LOOKS || Instant::now() > deadline {
            return quiet == QUIET_LOOKS;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
