//! What the core and the engine ask of the outside world. Small traits; real adapters and in-memory twins
//! live in other crates.

pub mod lab;
pub mod operator;

use crate::trial::{Millis, TrialRecord, Usage};
use crate::variant::{Provider, ReasoningEffort};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A boxed future, so that ports can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One call to a model. An absent field is not sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRequest {
    /// Which provider.
    pub provider: Provider,
    /// The model name, sent exactly as written.
    pub model: String,
    /// For `openai-compatible` (or a provider behind a proxy).
    pub base_url: Option<String>,
    /// System prompt.
    pub system: Option<String>,
    /// User turn.
    pub user: String,
    /// Reasoning effort.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// The most tokens to write.
    pub max_output_tokens: Option<u32>,
    /// Stop sequences.
    pub stop: Vec<String>,
    /// The built-in model answers no sooner than this; other providers ignore it.
    pub pace: Option<Duration>,
    /// The answer must be JSON that this schema accepts. Sent where the provider has structured output; the prompt says
    /// it too, so that other models can follow.
    pub answer_schema: Option<Arc<Value>>,
    /// Tools that the model may call; none: it only writes.
    pub tools: Arc<[Tool]>,
    /// Whether it must call one.
    pub tool_choice: Option<ToolChoice>,
    /// What came after the user turn: each answer with tool calls and what the tools gave, oldest first.
    pub turns: Vec<Turn>,
}

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// A JSON Schema of its parameters.
    pub parameters: Value,
}

/// Whether a model must call a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// One at least.
    Required,
    /// None.
    None,
    /// This one.
    Tool(String),
}

/// A model's call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// Names the call within the conversation, as the provider gave it.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// What the model wrote as parameters; `Value::String` with the raw text where that is no JSON.
    pub parameters: Value,
}

/// One exchange after the user turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// What the model wrote besides its calls; may be empty.
    pub text: String,
    /// Its calls.
    pub calls: Vec<ToolCall>,
    /// What each gave, in the order of the calls.
    pub results: Vec<ToolResult>,
}

/// What a tool gave.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// The call that it answers.
    pub id: String,
    /// As text.
    pub content: String,
    /// The tool failed.
    pub is_error: bool,
}

/// A good answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelAnswer {
    /// The text; empty when it only calls tools.
    pub text: String,
    /// Tools that it wants called; empty: it is done.
    pub tool_calls: Vec<ToolCall>,
    /// Tokens as the provider counted them.
    pub usage: Usage,
    /// Why it stopped, in the provider's words.
    pub stop_reason: Option<String>,
    /// The model that answered, in the provider's words.
    pub model: Option<String>,
    /// The latency of this answer is artificial.
    pub paced: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelErrorKind {
    /// 429.
    RateLimited,
    /// 408, 409, 5xx.
    Server,
    /// The connection could not be made or broke, or the body was cut short or was not what the API promises.
    Connection,
    /// No key, or the provider refused it (401, 403) or the account behind it (a used-up quota).
    Auth,
    /// The provider does not accept the request (400, 404, 422).
    BadRequest,
    /// The answer was larger than the limit.
    TooLarge,
    /// The provider answered well, but with no text (a refusal, a safety stop, an empty choice): the variant's fault.
    NoAnswer,
    /// This program can't send what was asked (an unsupported combination).
    Unsupported,
}

impl ModelErrorKind {
    /// Whether the same request may work a little later.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::RateLimited | Self::Server | Self::Connection)
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What kind of failure, which decides on a retry and on the outcome.
    pub kind: ModelErrorKind,
    /// The HTTP status, where one came back.
    pub status: Option<u16>,
    /// In plain words, without secrets.
    pub message: String,
    /// How long the provider asked us to wait.
    pub retry_after: Option<Duration>,
    /// Tokens that were used all the same (an empty answer is charged for).
    pub usage: Usage,
}

/// A language model: one attempt, no retries. Dropping the future cancels the call.
pub trait Model: Send + Sync {
    /// Sends one request.
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, ModelError>>;
}

/// One run of a user's own program.
#[derive(Debug, Clone, PartialEq)]
pub struct RunnerCall {
    /// Program and arguments, without a shell.
    pub command: Vec<String>,
    /// Names of environment variables that it may see besides the usual few.
    pub environment: Vec<String>,
    /// Written to its stdin as one JSON text.
    pub input: Value,
    /// It is killed after this.
    pub timeout: Duration,
}

/// A program that ended well.
#[derive(Debug, Clone, PartialEq)]
pub struct RunnerAnswer {
    /// What it wrote to stdout, which is JSON.
    pub output: Value,
    /// What it wrote to stderr, cut to a sensible length.
    pub stderr: String,
}

/// Why a program gave nothing usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunnerErrorKind {
    /// It could not be started: our user's set-up is at fault, not the variant.
    NotStarted,
    /// It took longer than allowed.
    TimedOut,
    /// It ended with an error code, died by a signal, wrote too much or no JSON: the variant's fault.
    Failed,
}

/// A program that gave nothing usable.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct RunnerError {
    /// Which decides on the outcome.
    pub kind: RunnerErrorKind,
    /// In plain words, with the end of stderr where that helps.
    pub message: String,
    /// What it wrote to stderr, cut to a sensible length.
    pub stderr: String,
}

/// Runs programs: one run, no retries. Dropping the future kills the program and everything it started.
pub trait Runner: Send + Sync {
    /// Runs one.
    fn run<'a>(&'a self, call: &'a RunnerCall) -> BoxFuture<'a, Result<RunnerAnswer, RunnerError>>;
}

/// Why a record could not be made durable.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct LogError {
    /// What went wrong and what to do, for people.
    pub message: String,
}

/// Where finished trials go. When the future resolves, the record has survived a power cut.
pub trait TrialLog: Send + Sync {
    /// Makes one record durable; a record with the same key replaces the earlier one (a retry). The old
    /// attempts are kept.
    fn append<'a>(&'a self, record: TrialRecord) -> BoxFuture<'a, Result<(), LogError>>;
    /// Notes that a trial's first call goes out, so that a crash can tell which were in flight. Must return at once (the
    /// scheduler calls it) and need not be durable.
    fn started(&self, key: crate::trial::TrialKey, at: Millis);
}

/// The time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970 UTC.
    fn now(&self) -> Millis;
}
