//! A runner of programs that does as a test says, in tokio's time.

use bakeoff_core::ports::{BoxFuture, Runner, RunnerAnswer, RunnerCall, RunnerError, RunnerErrorKind};
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What [`FakeRunner`] does with one call.
#[derive(Debug, Clone)]
pub struct FakeRun {
    /// How long it takes; longer than the call allows is a time-out.
    pub after: Duration,
    /// What comes of it.
    pub result: Result<RunnerAnswer, RunnerError>,
}

impl FakeRun {
    /// A program that writes this at once, and one line to stderr.
    pub fn output(output: Value) -> Self {
        let answer = RunnerAnswer { output, stderr: "the fake program ran\n".to_owned() };
        Self { after: Duration::ZERO, result: Ok(answer) }
    }

    /// A program that fails at once.
    pub fn error(kind: RunnerErrorKind, message: &str) -> Self {
        let (message, stderr) = (message.to_owned(), "the fake program failed\n".to_owned());
        Self { after: Duration::ZERO, result: Err(RunnerError { kind, message, stderr }) }
    }

    /// The same, later.
    #[must_use]
    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }
}

type Script = dyn Fn(&RunnerCall, usize) -> FakeRun + Send + Sync;

/// A runner whose results are a function of the call and its number (from 0).
pub struct FakeRunner {
    script: Box<Script>,
    calls: Mutex<Vec<RunnerCall>>,
}

impl FakeRunner {
    /// A runner that follows `script`.
    pub fn new(script: impl Fn(&RunnerCall, usize) -> FakeRun + Send + Sync + 'static) -> Self {
        Self { script: Box::new(script), calls: Mutex::default() }
    }

    /// Calls so far, in order.
    pub fn calls(&self) -> Vec<RunnerCall> {
        self.kept().clone()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<RunnerCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runner for FakeRunner {
    fn run<'a>(&'a self, call: &'a RunnerCall) -> BoxFuture<'a, Result<RunnerAnswer, RunnerError>> {
        Box::pin(async move {
            let number = {
                let mut calls = self.kept();
                calls.push(call.clone());
                calls.len() - 1
            };
            let run = (self.script)(call, number);
            tokio::time::sleep(run.after.min(call.timeout)).await;
            if run.after > call.timeout {
                let message = "the fake program took too long".to_owned();
                let kind = RunnerErrorKind::TimedOut;
                return Err(RunnerError { kind, message, stderr: String::new() });
            }
            run.result
        })
    }
}
