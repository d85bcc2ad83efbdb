//! The way into one instance for a program of the user: a socket with a `labctl` beside it, and what came through it. It is
//! made when somebody first asks for it.

use super::Labctl;
use super::broker::Broker;
use bakeoff_core::lab::{LabCommand, LabReply};
use bakeoff_core::ports::lab::BrokerCall;
use bakeoff_core::trial::Millis;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Calls, oldest first.
type Calls = Arc<Mutex<Vec<BrokerCall>>>;

/// The way in; what it is given to carry out commands must not keep the instance alive.
pub(crate) struct Door {
    labctl: Labctl,
    program: PathBuf,
    broker: OnceLock<Option<Broker>>,
    calls: Calls,
}

impl Door {
    /// One that is not open yet. `program` is this program, which is `labctl` beside the socket.
    pub fn new(labctl: Labctl, program: PathBuf) -> Self {
        Self { labctl, program, broker: OnceLock::new(), calls: Calls::default() }
    }

    /// The socket's path; `None`: none can be made here.
    pub fn socket(&self) -> Option<String> {
        Some(self.open()?.socket().display().to_string())
    }

    /// The path of `labctl` beside it.
    pub fn program(&self) -> Option<String> {
        Some(self.open()?.program().display().to_string())
    }

    /// What came through it since this was asked last.
    pub fn calls(&self) -> Vec<BrokerCall> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn open(&self) -> Option<&Broker> {
        let open =
            || Broker::with_program(kept(self.labctl.clone(), Arc::clone(&self.calls)), &self.program).ok();
        self.broker.get_or_init(open).as_ref()
    }
}

/// The same, with each command kept.
fn kept(labctl: Labctl, calls: Calls) -> Labctl {
    Arc::new(move |command: LabCommand| {
        let (labctl, calls) = (labctl.clone(), Arc::clone(&calls));
        Box::pin(async move {
            let began_at = now();
            let reply: LabReply = labctl(command.clone()).await;
            let call = BrokerCall { began_at, ended_at: now(), command, exit_code: reply.exit_code };
            calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
            reply
        })
    })
}

/// Milliseconds since 1970.
fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
