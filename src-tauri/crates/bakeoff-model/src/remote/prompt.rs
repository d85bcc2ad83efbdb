//! From core's request to genai's, and what is put right in the JSON that genai builds: the model's name exactly as
//! written, no field that the variant doesn't have, and each provider's own words for reasoning.

use super::tools::{self, Thoughts};
use crate::structured;
use bakeoff_core::ports::{ModelError, ModelErrorKind, ModelRequest};
use bakeoff_core::trial::Usage;
use bakeoff_core::variant::{Provider, ReasoningEffort};
use genai::ModelIden;
use genai::adapter::AdapterKind;
use genai::chat::{
    ChatMessage, ChatOptions, ChatRequest, ChatResponseFormat, JsonSpec, ReasoningEffort as GenaiEffort,
};
use serde_json::{Map, Value, json};

/// Anthropic demands `max_tokens`. Every Claude model accepts this one, which is sent when a variant has none.
const ANTHROPIC_MAX_TOKENS: u32 = 4_096;
/// The same for a variant that asks for reasoning, which counts as output: room for genai's largest budget (24,000).
const ANTHROPIC_MAX_TOKENS_REASONING: u32 = 32_000;

/// Some APIs want a name for a schema.
const SCHEMA_NAME: &str = "answer";

/// The model as genai gets it. genai cuts a name at its first `::`, so it gets one to cut.
pub fn model(request: &ModelRequest) -> ModelIden {
    let kind = match request.provider {
        Provider::Anthropic => AdapterKind::Anthropic,
        Provider::Gemini => AdapterKind::Gemini,
        Provider::Ollama => AdapterKind::Ollama,
        Provider::Openai | Provider::OpenaiCompatible | Provider::Builtin => AdapterKind::OpenAI,
    };
    ModelIden::new(kind, format!("exact::{}", request.model))
}

/// The conversation and the tools.
pub fn chat(request: &ModelRequest, thoughts: &Thoughts) -> ChatRequest {
    let mut messages = vec![ChatMessage::user(request.user.clone())];
    messages.extend(tools::turns(request, thoughts));
    let mut chat = ChatRequest::new(messages);
    chat.tools = tools::offered(request);
    match &request.system {
        Some(system) => chat.with_system(system.clone()),
        None => chat,
    }
}

/// The parameters. Numbers other than reasoning are set later, in [`complete`], so that they are sent as written.
pub fn options(request: &ModelRequest) -> ChatOptions {
    let effort = match (request.reasoning_effort, request.provider) {
        (Some(ReasoningEffort::None), _) => Some(GenaiEffort::Zero),
        (Some(ReasoningEffort::Minimal), _) => Some(GenaiEffort::Minimal),
        (Some(ReasoningEffort::Low), _) => Some(GenaiEffort::Low),
        (Some(ReasoningEffort::Medium), _) => Some(GenaiEffort::Medium),
        (Some(ReasoningEffort::High), _) => Some(GenaiEffort::High),
        // Without any effort genai would read one out of a name such as `gpt-5-mini-high`; what it adds for these
        // is nothing, or is taken out again.
        (None, Provider::Anthropic) => Some(GenaiEffort::Zero),
        (None, Provider::Ollama) => None,
        (None, _) => Some(GenaiEffort::Budget(0)),
    };
    ChatOptions {
        reasoning_effort: effort,
        stop_sequences: request.stop.clone(),
        tool_choice: tools::choice(request),
        response_format: schema(request)
            .map(|schema| ChatResponseFormat::JsonSpec(JsonSpec::new(SCHEMA_NAME, schema.clone()))),
        ..ChatOptions::default()
    }
}

/// The schema that the answer is held to.
fn schema(request: &ModelRequest) -> Option<&Value> {
    request.answer_schema.as_deref().filter(|schema| structured::is_strict(schema))
}

/// Puts right the JSON that genai built.
///
/// # Errors
/// The combination can't be sent; in plain words with what to change.
pub fn complete(request: &ModelRequest, built: &[u8]) -> Result<Vec<u8>, ModelError> {
    let mut body: Map<String, Value> = serde_json::from_slice(built)
        .map_err(|error| unsupported(format!("failed to build the request: {error}; please report this")))?;
    if request.provider != Provider::Gemini {
        body.insert("model".to_owned(), json!(request.model));
    }
    match request.provider {
        Provider::Anthropic => anthropic(request, &mut body)?,
        Provider::Gemini => gemini(request, &mut body)?,
        Provider::Ollama => {
            numbers(request, nested(&mut body, "options"), "num_predict");
            // genai 0.7 knows only "any JSON" here.
            if let Some(schema) = schema(request) {
                body.insert("format".to_owned(), schema.clone());
            }
        }
        Provider::Openai => numbers(request, &mut body, "max_completion_tokens"),
        Provider::OpenaiCompatible | Provider::Builtin => numbers(request, &mut body, "max_tokens"),
    }
    tools::complete(request, &mut body);
    for empty in ["options", "generationConfig"] {
        if body.get(empty).and_then(Value::as_object).is_some_and(Map::is_empty) {
            body.shift_remove(empty);
        }
    }
    Ok(Value::Object(body).to_string().into_bytes())
}

fn nested<'a>(body: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let value = body.entry(key).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was just made an object")
}

/// Temperature, top-p and the length limit, each only where the variant has it.
fn numbers(request: &ModelRequest, fields: &mut Map<String, Value>, length: &str) {
    let gemini = request.provider == Provider::Gemini;
    let top_p = if gemini { "topP" } else { "top_p" };
    for (key, value) in [
        ("temperature", request.temperature.map(|value| json!(value))),
        (top_p, request.top_p.map(|value| json!(value))),
        (length, request.max_output_tokens.map(|value| json!(value))),
    ] {
        if let Some(value) = value {
            fields.insert(key.to_owned(), value);
        }
    }
}

fn anthropic(request: &ModelRequest, body: &mut Map<String, Value>) -> Result<(), ModelError> {
    body.shift_remove("max_tokens");
    numbers(request, body, "max_tokens");
    let default = match request.reasoning_effort {
        None => {
            body.shift_remove("thinking");
            without_effort(body);
            ANTHROPIC_MAX_TOKENS
        }
        Some(ReasoningEffort::None) => {
            body.insert("thinking".to_owned(), json!({"type": "disabled"}));
            ANTHROPIC_MAX_TOKENS
        }
        Some(_) => ANTHROPIC_MAX_TOKENS_REASONING,
    };
    body.entry("max_tokens").or_insert_with(|| json!(default));
    let budget =
        body.get("thinking").and_then(|thinking| thinking.get("budget_tokens")).and_then(Value::as_u64);
    match (budget, request.max_output_tokens) {
        (Some(budget), Some(limit)) if u64::from(limit) <= budget => Err(unsupported(format!(
            "this reasoning_effort lets {} think for {budget} tokens, which count as output; set max_output_tokens \
             above {budget}, or leave it out",
            request.model
        ))),
        _ => Ok(()),
    }
}

/// Effort and schema stand in one object; the schema stays.
fn without_effort(body: &mut Map<String, Value>) {
    let Some(config) = body.get_mut("output_config").and_then(Value::as_object_mut) else { return };
    config.shift_remove("effort");
    if config.is_empty() {
        body.shift_remove("output_config");
    }
}

fn gemini(request: &ModelRequest, body: &mut Map<String, Value>) -> Result<(), ModelError> {
    let config = nested(body, "generationConfig");
    numbers(request, config, "maxOutputTokens");
    match request.reasoning_effort {
        None => {
            config.shift_remove("thinkingConfig");
        }
        Some(ReasoningEffort::None) if request.model.contains("gemini-3") => {
            return Err(unsupported(format!(
                "{} can't switch its reasoning off; use reasoning_effort: minimal or low, or leave it out",
                request.model
            )));
        }
        Some(ReasoningEffort::None) => {
            config.insert("thinkingConfig".to_owned(), json!({"thinkingBudget": 0}));
        }
        Some(_) => {}
    }
    Ok(())
}

/// An error for what this program can't send.
pub fn unsupported(message: String) -> ModelError {
    ModelError {
        kind: ModelErrorKind::Unsupported,
        status: None,
        message,
        retry_after: None,
        usage: Usage::default(),
    }
}
