//! A model that answers as a test says, in tokio's time.

use bakeoff_core::ports::{
    BoxFuture, Model, ModelAnswer, ModelError, ModelErrorKind, ModelRequest, ToolCall,
};
use bakeoff_core::trial::Usage;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What [`FakeModel`] does with one call.
#[derive(Debug, Clone)]
pub struct FakeAnswer {
    /// How long it takes.
    pub after: Duration,
    /// What comes back; `None`: the call panics.
    pub result: Option<Result<ModelAnswer, ModelError>>,
}

impl FakeAnswer {
    /// A good answer at once, without a word on tokens.
    pub fn text(text: impl Into<String>) -> Self {
        Self::from_result(Ok(ModelAnswer { text: text.into(), ..ModelAnswer::default() }))
    }

    /// A good answer at once with its tokens.
    pub fn text_with_tokens(text: impl Into<String>, input: u64, output: u64) -> Self {
        let usage =
            Usage { input_tokens: Some(input), cached_input_tokens: None, output_tokens: Some(output) };
        Self::from_result(Ok(ModelAnswer { text: text.into(), usage, ..ModelAnswer::default() }))
    }

    /// An answer at once that calls tools, each with these parameters.
    pub fn calls(text: &str, calls: &[(&str, serde_json::Value)]) -> Self {
        let call = |(number, (name, parameters)): (usize, &(&str, serde_json::Value))| ToolCall {
            id: format!("call-{number}"),
            name: (*name).to_owned(),
            parameters: parameters.clone(),
        };
        let tool_calls = calls.iter().enumerate().map(call).collect();
        let usage = Usage { input_tokens: Some(100), cached_input_tokens: None, output_tokens: Some(10) };
        Self::from_result(Ok(ModelAnswer {
            text: text.to_owned(),
            tool_calls,
            usage,
            ..ModelAnswer::default()
        }))
    }

    /// A failure at once, with the status that usually comes with it.
    pub fn error(kind: ModelErrorKind) -> Self {
        let status = match kind {
            ModelErrorKind::RateLimited => Some(429),
            ModelErrorKind::Server => Some(500),
            ModelErrorKind::Auth => Some(401),
            ModelErrorKind::BadRequest => Some(400),
            ModelErrorKind::NoAnswer => Some(200),
            ModelErrorKind::Connection | ModelErrorKind::TooLarge | ModelErrorKind::Unsupported => None,
        };
        let message = format!("the fake model failed: {kind:?}");
        Self::from_result(Err(ModelError {
            kind,
            status,
            message,
            retry_after: None,
            usage: Usage::default(),
        }))
    }

    /// 429 with `retry-after`.
    pub fn rate_limited(retry_after: Duration) -> Self {
        let mut answer = Self::error(ModelErrorKind::RateLimited);
        if let Some(Err(error)) = &mut answer.result {
            error.retry_after = Some(retry_after);
        }
        answer
    }

    /// A call that never comes back.
    pub fn hang() -> Self {
        Self::text("").after(Duration::from_secs(u64::from(u32::MAX)))
    }

    /// A call that panics.
    pub fn panic() -> Self {
        Self { after: Duration::ZERO, result: None }
    }

    /// The same, later.
    #[must_use]
    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    fn from_result(result: Result<ModelAnswer, ModelError>) -> Self {
        Self { after: Duration::ZERO, result: Some(result) }
    }
}

type Script = dyn Fn(&ModelRequest, usize) -> FakeAnswer + Send + Sync;

/// A model whose answers are a function of the request and its number (from 0, in the order of the calls).
pub struct FakeModel {
    script: Box<Script>,
    keep_requests: AtomicBool,
    requests: Mutex<Vec<ModelRequest>>,
    calls: AtomicUsize,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl FakeModel {
    /// A model that follows `script`.
    pub fn new(script: impl Fn(&ModelRequest, usize) -> FakeAnswer + Send + Sync + 'static) -> Self {
        Self {
            script: Box::new(script),
            keep_requests: AtomicBool::new(true),
            requests: Mutex::default(),
            calls: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        }
    }

    /// A model that gives these answers one after the other, and the last one for ever.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn scripted(answers: Vec<FakeAnswer>) -> Self {
        assert!(!answers.is_empty(), "a scripted model needs at least one answer");
        Self::new(move |_, number| answers[number.min(answers.len() - 1)].clone())
    }

    /// A model that always says `text`, at once.
    pub fn always(text: &str) -> Self {
        let answer = FakeAnswer::text(text);
        Self::new(move |_, _| answer.clone())
    }

    /// Counts calls without keeping the requests (for benches).
    #[must_use]
    pub fn counting_only(self) -> Self {
        self.keep_requests.store(false, Ordering::Relaxed);
        self
    }

    /// Calls so far.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Requests so far, in the order of the calls.
    pub fn requests(&self) -> Vec<ModelRequest> {
        self.kept().clone()
    }

    /// Calls that have neither ended nor been cancelled.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The most calls that were open at the same time.
    pub fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::Relaxed)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<ModelRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model for FakeModel {
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(async move {
            let number = self.calls.fetch_add(1, Ordering::Relaxed);
            if self.keep_requests.load(Ordering::Relaxed) {
                self.kept().push(request.clone());
            }
            let _open = OpenCall::start(self);
            let answer = (self.script)(request, number);
            if !answer.after.is_zero() {
                tokio::time::sleep(answer.after).await;
            }
            answer.result.unwrap_or_else(|| panic!("the fake model was told to panic"))
        })
    }
}

/// Counts a call as open until it is dropped, so that a cancelled call is counted down too.
struct OpenCall<'a>(&'a FakeModel);

impl<'a> OpenCall<'a> {
    fn start(model: &'a FakeModel) -> Self {
        let open = model.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        model.most_in_flight.fetch_max(open, Ordering::Relaxed);
        Self(model)
    }
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
