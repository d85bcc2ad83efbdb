//! Processes that can't hang a test: what they print is read all the time, and they are killed at a deadline.

use serde_json::Value;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Far more than anything here takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// Looks again and again until the condition holds.
///
/// # Panics
/// At the deadline, naming what did not come.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// A process that has ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// The same, if it ended with this code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// The same, if standard error contains the text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text:?} is not in stderr:\n{}", self.err);
        self
    }

    /// The same, if standard output contains the text.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(self.out.contains(text), "{text:?} is not in stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Standard output as exactly one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("stdout is not one JSON value: {error}\n{}", self.out))
    }
}

/// A process that is running. Dropping it kills it.
pub struct Running {
    child: Child,
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts a command with its output read in the background.
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let out = Arc::default();
        let err = Arc::default();
        let readers = vec![
            collect(child.stdout.take().expect("stdout is piped"), Arc::clone(&out)),
            collect(child.stderr.take().expect("stderr is piped"), Arc::clone(&err)),
        ];
        Self { child, out, err, readers }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far on standard error.
    pub fn said(&self) -> String {
        text(&self.err)
    }

    /// What it has printed so far on standard output.
    pub fn printed(&self) -> String {
        text(&self.out)
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIGINT can be sent");
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) -> Ran {
        self.child.kill().expect("a child can be killed");
        self.wait()
    }

    /// Waits for its end; kills it at the deadline.
    #[track_caller]
    pub fn wait(mut self) -> Ran {
        let end = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break status;
            }
            if Instant::now() > end {
                self.child.kill().expect("a child can be killed");
                panic!("the program hangs; it said:\n{}\n{}", text(&self.out), text(&self.err));
            }
            std::thread::park_timeout(Duration::from_millis(2));
        };
        for reader in self.readers.drain(..) {
            reader.join().expect("reading the output does not panic");
        }
        Ran { code: status.code(), out: text(&self.out), err: text(&self.err) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut pipe: impl Read + Send + 'static, into: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut chunk = [0; 8192];
        while let Ok(length @ 1..) = pipe.read(&mut chunk) {
            into.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk[..length]);
        }
    })
}

fn text(bytes: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}
