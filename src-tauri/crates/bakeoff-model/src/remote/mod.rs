//! Providers on the network. genai knows how each API writes a request and an answer; everything on the wire is ours:
//! see [`desk`] for why.

mod address;
mod desk;
mod failure;
mod prompt;
mod tools;
mod transport;

pub use address::{default_base_url, headers, models_url};
pub use failure::failure;
pub use prompt::unsupported;
pub use transport::Transport;

use crate::keys::Secret;
use bakeoff_core::ports::{ModelAnswer, ModelError, ModelErrorKind, ModelRequest};
use bakeoff_core::trial::Usage;
use bakeoff_core::variant::Provider;
use desk::{Desk, Ticket};
use genai::ServiceTarget;
use genai::chat::{ChatResponse, Usage as GenaiUsage};
use genai::resolver::{AuthData, Endpoint};
use serde_json::Value;
use std::future::Future;
use tokio::sync::OnceCell;
use tools::Thoughts;

/// What genai puts where a key would stand; it never sees one.
const NO_KEY: &str = "-";

/// Calls providers. One for the whole program: it holds the connections.
pub struct Remote {
    transport: Transport,
    genai: genai::Client,
    desk: OnceCell<Desk>,
    thoughts: Thoughts,
}

impl Remote {
    /// Ready to call; nothing is opened before the first call.
    ///
    /// # Errors
    /// HTTP can't be set up on this system.
    pub fn new(transport: Transport) -> Result<Self, String> {
        // It only ever talks to the desk: no proxy, no trusted certificates to read.
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build();
        let http = http.map_err(|error| format!("failed to set up HTTP: {error}"))?;
        let genai = genai::Client::builder().with_reqwest(http).build();
        let genai = genai.map_err(|error| format!("failed to set up the providers' formats: {error}"))?;
        Ok(Self { transport, genai, desk: OnceCell::new(), thoughts: Thoughts::default() })
    }

    /// One attempt.
    ///
    /// # Errors
    /// See [`ModelErrorKind`]; no message holds the key.
    pub async fn complete(
        &self,
        request: &ModelRequest,
        base: &str,
        key: Option<&Secret>,
    ) -> Result<ModelAnswer, ModelError> {
        tools::check(request)?;
        let url = address::chat_url(request.provider, base, &request.model).map_err(unsupported)?;
        let headers = headers(request.provider, key);
        let (headers, transport) = (&headers, &self.transport);
        let exchange = move |body: Vec<u8>| async move {
            let body = prompt::complete(request, &body)?;
            transport.post(url, headers, key, body).await
        };
        let ticket = self.ticket().await?;
        let (sent, read) = self.through_genai(request, ticket, exchange).await?;
        let result = match read {
            Ok(response) => {
                self.thoughts.remember(request.provider, &response.content);
                answer(request, response)
            }
            Err(error) => Err(unreadable(&sent.body, &error)),
        };
        result.map_err(|error| ModelError {
            status: error.status.or(Some(sent.status)),
            message: key.map_or_else(|| error.message.clone(), |key| key.redact(&error.message)),
            ..error
        })
    }

    async fn ticket(&self) -> Result<Ticket, ModelError> {
        let desk = self.desk.get_or_try_init(Desk::open).await;
        let desk = desk.map_err(|error| {
            unsupported(format!(
                "failed to open a port on 127.0.0.1: {error}; allow this program to use loopback"
            ))
        })?;
        Ok(desk.ticket())
    }

    /// Lets genai build the request, `exchange` it, and let genai read the answer. A failed exchange ends at once,
    /// without genai. Everything runs inside this future, so dropping it cancels the call.
    async fn through_genai<F: Future<Output = Result<transport::Answer, ModelError>>>(
        &self,
        request: &ModelRequest,
        mut ticket: Ticket,
        exchange: impl FnOnce(Vec<u8>) -> F,
    ) -> Result<(Sent, genai::Result<ChatResponse>), ModelError> {
        let target = ServiceTarget {
            endpoint: Endpoint::from_owned(ticket.address.clone()),
            auth: AuthData::from_single(NO_KEY),
            model: prompt::model(request),
        };
        let options = prompt::options(request);
        let reading = self.genai.exec_chat(target, prompt::chat(request, &self.thoughts), Some(&options));
        tokio::pin!(reading);
        let mut asked = tokio::select! {
            asked = &mut ticket.asked => {
                asked.map_err(|_| unsupported("the request was lost inside this program; please report this".to_owned()))?
            }
            early = &mut reading => return Err(not_built(early)),
        };
        let answer = exchange(std::mem::take(&mut asked.body)).await?;
        let sent = Sent { status: answer.status, body: tools::readable(request, answer.body) };
        asked.answer(sent.body.clone());
        let read = reading.await;
        Ok((sent, read))
    }
}

/// What the provider answered.
struct Sent {
    status: u16,
    body: Vec<u8>,
}

/// genai ended before it asked anything.
fn not_built(early: genai::Result<ChatResponse>) -> ModelError {
    let reason = early.err().map(|error| error.to_string()).unwrap_or_default();
    unsupported(format!("failed to build the request: {reason}"))
}

/// An answer that genai can't read: no answer at all (a blocked prompt), or not what the API promises.
fn unreadable(body: &[u8], error: &genai::Error) -> ModelError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    if let Some(reason) = body.pointer("/promptFeedback/blockReason").and_then(Value::as_str) {
        return failure(ModelErrorKind::NoAnswer, format!("the provider blocked the prompt: {reason}"));
    }
    let reason = match error {
        genai::Error::ChatResponseGeneration { cause, .. } => cause.clone(),
        _ => "it can't be read".to_owned(),
    };
    let message = format!("the answer is not what this API promises ({reason}); check provider and base_url");
    failure(ModelErrorKind::Connection, message)
}

/// A good answer has text or calls tools; anything else is the variant's fault, and charged for.
fn answer(request: &ModelRequest, response: ChatResponse) -> Result<ModelAnswer, ModelError> {
    let usage = usage(&response.usage);
    let stop_reason = response.stop_reason.as_ref().map(|reason| reason.raw().to_owned());
    let text = response.content.texts().concat();
    let tool_calls = tools::calls(&response);
    if text.trim().is_empty() && tool_calls.is_empty() {
        let why = match stop_reason.as_deref() {
            Some(reason) => format!("no text in the answer (it stopped with \"{reason}\")"),
            None => "no text in the answer".to_owned(),
        };
        return Err(ModelError { usage, ..failure(ModelErrorKind::NoAnswer, why) });
    }
    // Ollama's adapter repeats the name that it got.
    let answered = response.provider_model_iden.model_name.as_str();
    let model = answered.strip_prefix("exact::").unwrap_or(answered).to_owned();
    let model = if model.is_empty() { request.model.clone() } else { model };
    Ok(ModelAnswer { text, tool_calls, usage, stop_reason, model: Some(model), paced: false })
}

/// genai counts cached tokens as input and reasoning as output, as core does.
fn usage(usage: &GenaiUsage) -> Usage {
    let count = |tokens: Option<i32>| tokens.and_then(|tokens| u64::try_from(tokens).ok());
    let input = count(usage.prompt_tokens);
    let total = count(usage.total_tokens);
    let rest = || Some(total?.saturating_sub(input?));
    Usage {
        input_tokens: input,
        cached_input_tokens: count(
            usage.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens),
        ),
        output_tokens: count(usage.completion_tokens).or_else(rest),
    }
}

/// Whether a provider refuses every call without a key.
pub fn needs_key(provider: Provider) -> bool {
    matches!(provider, Provider::Anthropic | Provider::Openai | Provider::Gemini)
}
