//! The four chat APIs: which one a path belongs to, and how each says the same thing.

use serde_json::{Value, json};

/// Which API was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    OpenAi,
    Anthropic,
    Gemini,
    Ollama,
}

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Chat(Api),
    /// A list of models.
    Models(Api),
    /// MLflow's REST API, which only a rule can answer.
    Mlflow,
    /// The number of model calls.
    Count,
    /// The number of model calls that had been made before.
    Repeated,
    Unknown,
}

impl Target {
    /// By the path without its query; what stands before the API's own part (a proxy's prefix) is ignored.
    pub(super) fn of(path: &str) -> Self {
        if path.ends_with("/chat/completions") {
            Self::Chat(Api::OpenAi)
        } else if path.ends_with("/messages") {
            Self::Chat(Api::Anthropic)
        } else if path.ends_with(":generateContent") {
            Self::Chat(Api::Gemini)
        } else if path.ends_with("/api/chat") {
            Self::Chat(Api::Ollama)
        } else if path.ends_with("/models") {
            Self::Models(if path.contains("/v1beta") { Api::Gemini } else { Api::OpenAi })
        } else if path.ends_with("/api/tags") {
            Self::Models(Api::Ollama)
        } else if path.contains("/api/2.0/mlflow/") {
            Self::Mlflow
        } else if path == "/count" {
            Self::Count
        } else if path == "/repeated" {
            Self::Repeated
        } else {
            Self::Unknown
        }
    }
}

/// A good answer. `text` is put in as it is, so that a placeholder can be replaced by a stream.
pub(super) fn answer(
    api: Api,
    model: &str,
    text: &str,
    tokens: Option<(u64, u64)>,
    stop_reason: Option<&str>,
) -> Value {
    let (mut body, usage) = match api {
        Api::OpenAi => openai(model, text, tokens, stop_reason.unwrap_or("stop")),
        Api::Anthropic => anthropic(model, text, tokens, stop_reason.unwrap_or("end_turn")),
        Api::Gemini => gemini(model, text, tokens, stop_reason.unwrap_or("STOP")),
        Api::Ollama => ollama(model, text, tokens, stop_reason.unwrap_or("stop")),
    };
    if let (Value::Object(body), Value::Object(usage)) = (&mut body, usage) {
        body.extend(usage);
    }
    body
}

type BodyAndUsage = (Value, Value);

fn openai(model: &str, text: &str, tokens: Option<(u64, u64)>, stop_reason: &str) -> BodyAndUsage {
    let body = json!({
        "id": "chatcmpl-mock", "object": "chat.completion", "created": 1_700_000_000, "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": stop_reason}],
    });
    let usage = tokens.map(|(input, output)| {
        json!({"usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}})
    });
    (body, usage.unwrap_or_default())
}

fn anthropic(model: &str, text: &str, tokens: Option<(u64, u64)>, stop_reason: &str) -> BodyAndUsage {
    let body = json!({
        "id": "msg_mock", "type": "message", "role": "assistant", "model": model,
        "content": [{"type": "text", "text": text}], "stop_reason": stop_reason, "stop_sequence": null,
    });
    let usage =
        tokens.map(|(input, output)| json!({"usage": {"input_tokens": input, "output_tokens": output}}));
    (body, usage.unwrap_or_default())
}

fn gemini(model: &str, text: &str, tokens: Option<(u64, u64)>, stop_reason: &str) -> BodyAndUsage {
    let body = json!({
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": stop_reason, "index": 0},
        ],
        "modelVersion": model,
    });
    let usage = tokens.map(|(input, output)| {
        json!({"usageMetadata": {
            "promptTokenCount": input, "candidatesTokenCount": output, "totalTokenCount": input + output,
        }})
    });
    (body, usage.unwrap_or_default())
}

fn ollama(model: &str, text: &str, tokens: Option<(u64, u64)>, stop_reason: &str) -> BodyAndUsage {
    let body = json!({
        "model": model, "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": text}, "done": true, "done_reason": stop_reason,
    });
    let usage = tokens.map(|(input, output)| json!({"prompt_eval_count": input, "eval_count": output}));
    (body, usage.unwrap_or_default())
}

/// A good status with nothing in it.
pub(super) fn empty(api: Api, model: &str) -> Value {
    match api {
        Api::OpenAi => {
            json!({"id": "chatcmpl-mock", "object": "chat.completion", "model": model, "choices": []})
        }
        Api::Anthropic => json!({
            "id": "msg_mock", "type": "message", "role": "assistant", "model": model, "content": [],
            "stop_reason": "end_turn", "usage": {"input_tokens": 10, "output_tokens": 0},
        }),
        Api::Gemini => json!({"candidates": [], "modelVersion": model}),
        Api::Ollama => json!({"model": model, "message": {"role": "assistant", "content": ""}, "done": true}),
    }
}

/// An error body.
pub(super) fn error(api: Api, status: u16, message: &str) -> Value {
    match api {
        Api::OpenAi => json!({"error": {"message": message, "type": "mock_error", "code": null}}),
        Api::Anthropic => json!({"type": "error", "error": {"type": "mock_error", "message": message}}),
        Api::Gemini => json!({"error": {"code": status, "message": message, "status": "MOCK_ERROR"}}),
        Api::Ollama => json!({"error": message}),
    }
}

/// The models on offer.
pub(super) fn models(api: Api) -> Value {
    match api {
        Api::OpenAi | Api::Anthropic => json!({
            "object": "list",
            "data": [{"id": "mock-small", "object": "model"}, {"id": "mock-large", "object": "model"}],
        }),
        Api::Gemini => json!({"models": [{"name": "models/mock-small"}, {"name": "models/mock-large"}]}),
        Api::Ollama => json!({"models": [{"name": "mock-small:latest", "model": "mock-small:latest"},
            {"name": "mock-large:latest", "model": "mock-large:latest"}]}),
    }
}
