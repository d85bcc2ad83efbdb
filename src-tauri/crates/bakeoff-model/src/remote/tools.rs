//! Tools: what a model may call, what it called and what that gave, to genai and back; and what is put right in the JSON
//! around genai.

use super::prompt::unsupported;
use bakeoff_core::ports::{ModelError, ModelRequest, ToolCall, ToolChoice, Turn};
use bakeoff_core::variant::Provider;
use genai::chat::{
    ChatMessage, ChatResponse, ContentPart, MessageContent, Tool as GenaiTool, ToolCall as GenaiCall,
    ToolChoice as GenaiChoice, ToolResponse,
};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// The parameter under which a model gets back what it wrote as parameters and is no JSON object: every API wants one.
const UNREADABLE: &str = "unreadable";

/// So many answers with thoughts are remembered; more than conversations that go on at once.
const REMEMBERED: usize = 1_024;

/// Whole answers that called tools and hold thoughts. Anthropic and Gemini demand their thoughts back, signed and exactly
/// as they were, with the tools' results; core's turns don't carry them. An answer that is no longer here is sent back
/// without them.
#[derive(Default)]
pub struct Thoughts(Mutex<VecDeque<(String, MessageContent)>>);

impl Thoughts {
    /// Keeps an answer, if it has thoughts.
    pub fn remember(&self, provider: Provider, content: &MessageContent) {
        let is_thought = |part: &ContentPart| {
            matches!(
                part,
                ContentPart::ThoughtSignature(_) | ContentPart::ReasoningContent(_) | ContentPart::Custom(_)
            )
        };
        let calls = content.tool_calls();
        let Some(first) = calls.first().filter(|call| is_unique(provider, &call.call_id)) else { return };
        if !content.parts().iter().any(is_thought) {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == REMEMBERED {
            kept.pop_front();
        }
        kept.push_back((first.call_id.clone(), content.clone()));
    }

    /// The whole answer of this turn.
    fn of(&self, provider: Provider, turn: &Turn) -> Option<MessageContent> {
        let first = turn.calls.first().filter(|call| is_unique(provider, &call.id))?;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().find(|(id, _)| *id == first.id).map(|(_, content)| content.clone())
    }
}

/// Whether no other conversation has a call of this name. Where Gemini gives a call no name, genai counts them.
fn is_unique(provider: Provider, id: &str) -> bool {
    match provider {
        Provider::Anthropic => true,
        Provider::Gemini => !id.starts_with("call#"),
        _ => false,
    }
}

/// Refuses what a provider has no way to say.
///
/// # Errors
/// In plain words with what to change.
pub fn check(request: &ModelRequest) -> Result<(), ModelError> {
    let is_forced = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_)));
    if request.provider == Provider::Ollama && is_forced && !request.tools.is_empty() {
        return Err(unsupported(
            "Ollama can't be made to call a tool; write tool_choice: auto, or leave it out".to_owned(),
        ));
    }
    Ok(())
}

/// The tools as genai wants them.
pub fn offered(request: &ModelRequest) -> Option<Vec<GenaiTool>> {
    // Ollama has no word for "none of them": it is told of none.
    let is_hidden = request.provider == Provider::Ollama && request.tool_choice == Some(ToolChoice::None);
    if request.tools.is_empty() || is_hidden {
        return None;
    }
    let tool = |tool: &bakeoff_core::ports::Tool| {
        GenaiTool::new(tool.name.clone())
            .with_description(tool.description.clone())
            .with_schema(tool.parameters.clone())
    };
    Some(request.tools.iter().map(tool).collect())
}

/// Whether a tool must be called. Without tools no API wants to hear of it.
pub fn choice(request: &ModelRequest) -> Option<GenaiChoice> {
    let choice = request.tool_choice.as_ref().filter(|_| !request.tools.is_empty())?;
    Some(match choice {
        ToolChoice::Auto => GenaiChoice::Auto,
        ToolChoice::Required => GenaiChoice::Required,
        ToolChoice::None => GenaiChoice::None,
        ToolChoice::Tool(name) => GenaiChoice::tool(name.clone()),
    })
}

/// What came after the user turn.
pub fn turns(request: &ModelRequest, thoughts: &Thoughts) -> Vec<ChatMessage> {
    let mut messages = Vec::new();
    for turn in &request.turns {
        let answer = thoughts.of(request.provider, turn).unwrap_or_else(|| rebuilt(turn));
        messages.push(ChatMessage::assistant(answer));
        let name = |id: &str| turn.calls.iter().find(|call| call.id == id).map(|call| call.name.clone());
        let results: Vec<ToolResponse> = turn
            .results
            .iter()
            .map(|result| {
                let response = ToolResponse::new(result.id.clone(), result.content.clone());
                name(&result.id).into_iter().fold(response, ToolResponse::with_fn_name)
            })
            .collect();
        // One message for each in Ollama, where genai would keep only the last of several.
        match request.provider {
            Provider::Ollama => messages.extend(results.into_iter().map(ChatMessage::tool)),
            _ if results.is_empty() => {}
            _ => messages.push(ChatMessage::tool(results)),
        }
    }
    messages
}

fn rebuilt(turn: &Turn) -> MessageContent {
    let text = Some(&turn.text).filter(|text| !text.is_empty());
    let calls = turn.calls.iter().map(|call| {
        ContentPart::ToolCall(GenaiCall {
            call_id: call.id.clone(),
            fn_name: call.name.clone(),
            fn_arguments: object(&call.parameters),
            thought_signatures: None,
        })
    });
    let parts: Vec<ContentPart> =
        text.map(|text| ContentPart::Text(text.clone())).into_iter().chain(calls).collect();
    MessageContent::from(parts)
}

fn object(parameters: &Value) -> Value {
    match parameters {
        Value::Object(_) => parameters.clone(),
        Value::Null => json!({}),
        other => json!({UNREADABLE: other}),
    }
}

/// Puts right what genai built for tools.
pub fn complete(request: &ModelRequest, body: &mut Map<String, Value>) {
    if let Some(tools) = body.get_mut("tools").and_then(Value::as_array_mut) {
        for tool in tools {
            // OpenAI's own default; servers that copy its API need not know the word.
            if let Some(function) = tool.get_mut("function").and_then(Value::as_object_mut) {
                function.shift_remove("strict");
            }
        }
    }
    if let Some(messages) = body.get_mut("messages").and_then(Value::as_array_mut) {
        match request.provider {
            Provider::Anthropic => mark_errors(request, messages),
            Provider::Ollama => name_results(request, messages),
            _ => {}
        }
    }
}

/// Anthropic has a word for a tool that failed, which genai doesn't say.
fn mark_errors(request: &ModelRequest, messages: &mut [Value]) {
    let results = request.turns.iter().flat_map(|turn| &turn.results);
    let failed: Vec<&str> =
        results.filter(|result| result.is_error).map(|result| result.id.as_str()).collect();
    let parts =
        messages.iter_mut().filter_map(|message| message.get_mut("content")?.as_array_mut()).flatten();
    for part in parts {
        let id = part.get("tool_use_id").and_then(Value::as_str);
        if id.is_some_and(|id| failed.contains(&id)) {
            part["is_error"] = json!(true);
        }
    }
}

/// Ollama has no names for calls: a result says which tool it is of.
fn name_results(request: &ModelRequest, messages: &mut [Value]) {
    let names = request.turns.iter().flat_map(|turn| {
        turn.results.iter().map(|result| turn.calls.iter().find(|call| call.id == result.id))
    });
    let of_tools = messages.iter_mut().filter(|message| message["role"] == "tool");
    for (message, call) in of_tools.zip(names) {
        if let Some(call) = call {
            message["tool_name"] = json!(call.name);
        }
    }
}

/// The answer's JSON as genai can read it: genai refuses the whole answer when a call's parameters are no JSON, or when
/// its name or type is missing, which servers that copy OpenAI's API do.
pub fn readable(request: &ModelRequest, body: Vec<u8>) -> Vec<u8> {
    let is_openai = matches!(request.provider, Provider::Openai | Provider::OpenaiCompatible);
    if !is_openai || request.tools.is_empty() {
        return body;
    }
    let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else { return body };
    let calls = answer.pointer_mut("/choices/0/message/tool_calls").and_then(Value::as_array_mut);
    let Some(calls) = calls else { return body };
    for (index, call) in calls.iter_mut().enumerate() {
        let Some(call) = call.as_object_mut() else { continue };
        call.insert("type".to_owned(), json!("function"));
        if !call.get("id").is_some_and(Value::is_string) {
            call.insert("id".to_owned(), json!(format!("call_{}_{index}", request.turns.len())));
        }
        let Some(function) = call.get_mut("function").and_then(Value::as_object_mut) else { continue };
        let arguments = match function.get("arguments") {
            Some(object @ Value::Object(_)) => object.to_string(),
            Some(Value::String(text)) if text.trim().is_empty() => "{}".to_owned(),
            Some(Value::String(text)) if serde_json::from_str::<Value>(text).is_ok() => continue,
            Some(Value::String(text)) => json!(text).to_string(),
            Some(Value::Null) | None => "{}".to_owned(),
            Some(other) => other.to_string(),
        };
        function.insert("arguments".to_owned(), Value::String(arguments));
    }
    answer.to_string().into_bytes()
}

/// The calls of an answer.
pub fn calls(response: &ChatResponse) -> Vec<ToolCall> {
    let call = |call: &GenaiCall| ToolCall {
        id: call.call_id.clone(),
        name: call.fn_name.clone(),
        parameters: match &call.fn_arguments {
            Value::Null => json!({}),
            // Some models write the object as a text in Ollama, too.
            Value::String(text) => serde_json::from_str::<Map<String, Value>>(text)
                .map_or_else(|_| Value::String(text.clone()), Value::Object),
            other => other.clone(),
        },
    };
    response.content.tool_calls().into_iter().map(call).collect()
}
