//! Tools over the wire: what each provider is sent, and which calls come back.

use bakeoff_core::ports::{
    Model, ModelAnswer, ModelError, ModelErrorKind, ModelRequest, Tool, ToolCall, ToolChoice, ToolResult,
    Turn,
};
use bakeoff_core::variant::Provider;
use bakeoff_model::{Keys, ModelConfig, Models, SecretStoreError};
use bakeoff_testkit::{MockServer, Reply};
use serde_json::{Value, json};
use std::sync::Arc;

const REMOTE: [Provider; 5] =
    [Provider::Anthropic, Provider::Openai, Provider::Gemini, Provider::Ollama, Provider::OpenaiCompatible];

fn models() -> Models {
    let keys = Keys::new(Err(SecretStoreError::new("no keychain")), |name| {
        name.ends_with("_API_KEY").then(|| "sk-planted-4f1c9a77".to_owned())
    });
    Models::new(ModelConfig::new(Arc::new(keys))).expect("models")
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"], "additionalProperties": false})
}

fn request(provider: Provider, server: &MockServer) -> ModelRequest {
    let base = match provider {
        Provider::Gemini => format!("{}/v1beta", server.url()),
        Provider::Ollama => server.url(),
        _ => format!("{}/v1", server.url()),
    };
    let tool =
        |name: &str| Tool { name: name.into(), description: format!("Runs {name}."), parameters: schema() };
    ModelRequest {
        provider,
        model: "m".to_owned(),
        base_url: Some(base),
        system: None,
        user: "n2 is down".to_owned(),
        reasoning_effort: None,
        temperature: None,
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        pace: None,
        answer_schema: None,
        tools: Arc::new([tool("shell"), tool("labctl")]),
        tool_choice: None,
        turns: Vec::new(),
    }
}

/// An answer with words and two calls, and what they gave: the second failed.
fn turn() -> Turn {
    let call = |id: &str, name: &str, command: &str| ToolCall {
        id: id.into(),
        name: name.into(),
        parameters: json!({"command": command}),
    };
    let result =
        |id: &str, content: &str, is_error| ToolResult { id: id.into(), content: content.into(), is_error };
    Turn {
        text: "I look.".to_owned(),
        calls: vec![call("c1", "labctl", "node list"), call("c2", "shell", "uptime")],
        results: vec![result("c1", "n2  stopped", false), result("c2", "no such command", true)],
    }
}

async fn sent(request: &ModelRequest, server: &MockServer) -> Value {
    models().complete(request).await.expect("an answer");
    server.requests().pop().expect("a request").json()
}

async fn answered(provider: Provider, body: Value) -> Result<ModelAnswer, ModelError> {
    let server = MockServer::always(Reply::raw(200, "application/json", body.to_string()));
    models().complete(&request(provider, &server)).await
}

#[tokio::test]
async fn tools_are_sent_as_each_provider_wants_them() {
    let function = |name: &str| {
        json!({"type": "function", "function":
            {"name": name, "description": format!("Runs {name}."), "parameters": schema()}})
    };
    let functions = json!([function("shell"), function("labctl")]);
    let anthropic =
        |name: &str| json!({"name": name, "description": format!("Runs {name}."), "input_schema": schema()});
    let gemini = |name: &str| json!({"name": name, "description": format!("Runs {name}."), "parametersJsonSchema": schema()});
    for (provider, expected) in [
        (Provider::Openai, functions.clone()),
        (Provider::OpenaiCompatible, functions.clone()),
        (Provider::Ollama, functions),
        (Provider::Anthropic, json!([anthropic("shell"), anthropic("labctl")])),
        (Provider::Gemini, json!([{"functionDeclarations": [gemini("shell"), gemini("labctl")]}])),
    ] {
        let server = MockServer::start();
        let with_tools = request(provider, &server);
        let body = sent(&with_tools, &server).await;
        assert_eq!(body["tools"], expected, "{provider:?}");
        let bare = sent(&ModelRequest { tools: Arc::default(), ..with_tools }, &server).await;
        let fields = |body: &Value| body.as_object().map_or(0, serde_json::Map::len);
        assert_eq!(fields(&body), fields(&bare) + 1, "{provider:?} gets nothing else: {body}");
    }
}

#[tokio::test]
async fn turns_are_sent_with_their_calls_and_results() {
    let list = json!({"command": "node list"});
    let uptime = json!({"command": "uptime"});
    let openai = json!([
        {"role": "user", "content": "n2 is down"},
        {"role": "assistant", "content": "I look.", "tool_calls": [
            {"type": "function", "id": "c1", "function": {"name": "labctl", "arguments": list.to_string()}},
            {"type": "function", "id": "c2", "function": {"name": "shell", "arguments": uptime.to_string()}},
        ]},
        {"role": "tool", "content": "n2  stopped", "tool_call_id": "c1"},
        {"role": "tool", "content": "no such command", "tool_call_id": "c2"},
    ]);
    let anthropic = json!([
        {"role": "user", "content": "n2 is down"},
        {"role": "assistant", "content": [
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "c1", "name": "labctl", "input": list},
            {"type": "tool_use", "id": "c2", "name": "shell", "input": uptime},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "content": "n2  stopped", "tool_use_id": "c1"},
            {"type": "tool_result", "content": "no such command", "tool_use_id": "c2", "is_error": true},
        ]},
    ]);
    let ollama = json!([
        {"role": "user", "content": "n2 is down"},
        {"role": "assistant", "content": "I look.", "tool_calls": [
            {"function": {"name": "labctl", "arguments": list}},
            {"function": {"name": "shell", "arguments": uptime}},
        ]},
        {"role": "tool", "content": "n2  stopped", "tool_name": "labctl"},
        {"role": "tool", "content": "no such command", "tool_name": "shell"},
    ]);
    for (provider, expected) in [
        (Provider::Openai, openai.clone()),
        (Provider::OpenaiCompatible, openai),
        (Provider::Anthropic, anthropic),
        (Provider::Ollama, ollama),
    ] {
        let server = MockServer::start();
        let body = sent(&ModelRequest { turns: vec![turn()], ..request(provider, &server) }, &server).await;
        assert_eq!(body["messages"], expected, "{provider:?}");
    }
    let server = MockServer::start();
    let body =
        sent(&ModelRequest { turns: vec![turn()], ..request(Provider::Gemini, &server) }, &server).await;
    let contents = body["contents"].as_array().expect("contents");
    let roles: Vec<&str> = contents.iter().filter_map(|content| content["role"].as_str()).collect();
    assert_eq!(roles, ["user", "model", "user"], "{body}");
    let calls: Vec<&Value> = contents[1]["parts"]
        .as_array()
        .expect("parts")
        .iter()
        .filter_map(|part| part.get("functionCall"))
        .collect();
    assert_eq!(
        calls.iter().map(|call| (&call["name"], &call["args"])).collect::<Vec<_>>(),
        [(&json!("labctl"), &list), (&json!("shell"), &uptime)]
    );
    let results = contents[2]["parts"].as_array().expect("parts");
    assert_eq!(results[1].pointer("/functionResponse/name"), Some(&json!("shell")), "{body}");
    assert_eq!(results[0].pointer("/functionResponse/response/content"), Some(&json!("n2  stopped")));
}

#[tokio::test]
async fn parameters_that_were_no_object_go_back_as_one() {
    let mut turn = turn();
    turn.text = String::new();
    turn.calls[0].parameters = json!("node list");
    for provider in REMOTE {
        let server = MockServer::start();
        let body =
            sent(&ModelRequest { turns: vec![turn.clone()], ..request(provider, &server) }, &server).await;
        let object = json!({"unreadable": "node list"});
        let (place, expected) = match provider {
            Provider::Openai | Provider::OpenaiCompatible => {
                ("/messages/1/tool_calls/0/function/arguments", json!(object.to_string()))
            }
            Provider::Ollama => ("/messages/1/tool_calls/0/function/arguments", object),
            Provider::Gemini => ("/contents/1/parts/0/functionCall/args", object),
            _ => ("/messages/1/content/0/input", object),
        };
        assert_eq!(body.pointer(place), Some(&expected), "{provider:?}: {body}");
    }
}

#[tokio::test]
async fn a_choice_is_said_in_each_providers_words() {
    let by_name = || ToolChoice::Tool("labctl".into());
    for (provider, choice, place, expected) in [
        (Provider::Openai, ToolChoice::Auto, "/tool_choice", Some(json!("auto"))),
        (Provider::Openai, ToolChoice::None, "/tool_choice", Some(json!("none"))),
        (Provider::OpenaiCompatible, ToolChoice::Required, "/tool_choice", Some(json!("required"))),
        (
            Provider::Openai,
            by_name(),
            "/tool_choice",
            Some(json!({"type": "function", "function": {"name": "labctl"}})),
        ),
        (Provider::Anthropic, ToolChoice::Auto, "/tool_choice", Some(json!({"type": "auto"}))),
        (Provider::Anthropic, ToolChoice::Required, "/tool_choice", Some(json!({"type": "any"}))),
        (Provider::Anthropic, ToolChoice::None, "/tool_choice", Some(json!({"type": "none"}))),
        (Provider::Anthropic, by_name(), "/tool_choice", Some(json!({"type": "tool", "name": "labctl"}))),
        (
            Provider::Gemini,
            ToolChoice::Required,
            "/toolConfig/functionCallingConfig/mode",
            Some(json!("ANY")),
        ),
        (Provider::Gemini, ToolChoice::None, "/toolConfig/functionCallingConfig/mode", Some(json!("NONE"))),
        (
            Provider::Gemini,
            by_name(),
            "/toolConfig/functionCallingConfig/allowedFunctionNames",
            Some(json!(["labctl"])),
        ),
        (Provider::Ollama, ToolChoice::Auto, "/tool_choice", None),
        (Provider::Ollama, ToolChoice::None, "/tools", None),
    ] {
        let server = MockServer::start();
        let request = ModelRequest { tool_choice: Some(choice.clone()), ..request(provider, &server) };
        let body = sent(&request, &server).await;
        assert_eq!(body.pointer(place), expected.as_ref(), "{provider:?} {choice:?}: {body}");
        let bare = sent(&ModelRequest { tools: Arc::default(), ..request }, &server).await;
        assert!(!bare.to_string().contains("tool"), "{provider:?}: without tools there is no choice: {bare}");
    }
}

#[tokio::test]
async fn what_ollama_can_not_do_is_said_before_anything_is_sent() {
    for choice in [ToolChoice::Required, ToolChoice::Tool("labctl".into())] {
        let server = MockServer::start();
        let request = ModelRequest { tool_choice: Some(choice), ..request(Provider::Ollama, &server) };
        let error = models().complete(&request).await.expect_err("it can't be sent");
        assert_eq!((error.kind, server.count()), (ModelErrorKind::Unsupported, 0));
        assert!(error.message.contains("tool_choice: auto"), "{}", error.message);
    }
}

#[tokio::test]
async fn calls_are_read_back_and_need_no_text() {
    let arguments = json!({"command": "node list"});
    let openai = json!({"model": "m", "choices": [{"finish_reason": "tool_calls", "message": {"content": null,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "labctl", "arguments": arguments.to_string()}}]}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}});
    let anthropic = json!({"model": "m", "stop_reason": "tool_use", "usage": {"input_tokens": 9, "output_tokens": 4},
        "content": [{"type": "tool_use", "id": "c1", "name": "labctl", "input": arguments}]});
    let gemini = json!({"modelVersion": "m", "candidates": [{"finishReason": "STOP",
        "content": {"parts": [{"functionCall": {"id": "c1", "name": "labctl", "args": arguments}}]}}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13}});
    let ollama = json!({"model": "m", "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 4, "message":
        {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "function": {"name": "labctl", "arguments": arguments}}]}});
    for (provider, body) in [
        (Provider::Openai, openai.clone()),
        (Provider::OpenaiCompatible, openai),
        (Provider::Anthropic, anthropic),
        (Provider::Gemini, gemini),
        (Provider::Ollama, ollama),
    ] {
        let answer = answered(provider, body).await.expect("an answer");
        let call = ToolCall { id: "c1".into(), name: "labctl".into(), parameters: arguments.clone() };
        assert_eq!((answer.text.as_str(), answer.tool_calls), ("", vec![call]), "{provider:?}");
        assert_eq!(
            (answer.usage.input_tokens, answer.usage.output_tokens),
            (Some(9), Some(4)),
            "{provider:?}"
        );
    }
}

#[tokio::test]
async fn calls_that_are_not_as_the_api_promises_are_still_read() {
    for (call, parameters) in [
        (
            json!({"id": "c", "function": {"name": "labctl", "arguments": "{\"command\": \"node"}}),
            json!("{\"command\": \"node"),
        ),
        (json!({"function": {"name": "labctl", "arguments": ""}}), json!({})),
        (json!({"id": "c", "type": "function", "function": {"name": "labctl"}}), json!({})),
        (
            json!({"id": null, "function": {"name": "labctl", "arguments": {"command": "x"}}}),
            json!({"command": "x"}),
        ),
        (
            json!({"id": "c", "function": {"name": "labctl", "arguments": "\"node list\""}}),
            json!("node list"),
        ),
    ] {
        let body = json!({"choices": [{"message": {"content": "So.", "tool_calls": [call]}}]});
        let answer = answered(Provider::OpenaiCompatible, body).await.expect("an answer");
        assert_eq!((answer.text.as_str(), answer.tool_calls.len()), ("So.", 1), "{call}");
        assert_eq!(answer.tool_calls[0].parameters, parameters, "{call}");
        assert!(!answer.tool_calls[0].id.is_empty(), "{call}");
    }
    let as_text = json!({"message": {"content": "", "tool_calls": [{"function": {"name": "labctl", "arguments": "{\"command\": \"x\"}"}}]}});
    let answer = answered(Provider::Ollama, as_text).await.expect("an answer");
    assert_eq!(
        answer.tool_calls[0].parameters,
        json!({"command": "x"}),
        "an object that was written as a text"
    );
}

#[tokio::test]
async fn neither_text_nor_calls_is_no_answer() {
    let body = json!({"choices": [{"message": {"content": "", "tool_calls": []}, "finish_reason": "stop"}]});
    let error = answered(Provider::Openai, body).await.expect_err("nothing");
    assert_eq!(error.kind, ModelErrorKind::NoAnswer);
}

#[tokio::test]
async fn signed_thoughts_go_back_with_their_calls() {
    let thinking = json!({"type": "thinking", "thinking": "n2 may be down", "signature": "sig-1"});
    let call =
        json!({"type": "tool_use", "id": "toolu_1", "name": "labctl", "input": {"command": "node list"}});
    let body = json!({"model": "m", "stop_reason": "tool_use", "usage": {"input_tokens": 9, "output_tokens": 4},
        "content": [thinking, call]});
    let server = MockServer::always(Reply::raw(200, "application/json", body.to_string()));
    let models = models();
    let mut request = request(Provider::Anthropic, &server);
    let answer = models.complete(&request).await.expect("an answer");
    let results = vec![ToolResult { id: "toolu_1".into(), content: "n2  stopped".into(), is_error: false }];
    request.turns.push(Turn { text: answer.text, calls: answer.tool_calls, results });
    models.complete(&request).await.expect("an answer");
    let sent = server.requests().pop().expect("a request").json();
    assert_eq!(sent.pointer("/messages/1/content"), Some(&json!([thinking, call])), "{sent}");
}
