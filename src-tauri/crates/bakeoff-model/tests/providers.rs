//! What goes over the wire to each provider, byte for byte, and what comes back.

use bakeoff_core::ports::{Model, ModelAnswer, ModelError, ModelErrorKind, ModelRequest};
use bakeoff_core::variant::{Provider, ReasoningEffort};
use bakeoff_model::{Keys, ModelConfig, Models, SecretStoreError};
use bakeoff_testkit::{MockServer, RecordedRequest, Reply};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const KEY: &str = "sk-planted-4f1c9a77";
const REMOTE: [Provider; 5] =
    [Provider::Anthropic, Provider::Openai, Provider::Gemini, Provider::Ollama, Provider::OpenaiCompatible];

fn models() -> Models {
    let no_keychain = Err(SecretStoreError::new("no keychain"));
    let keys = Keys::new(no_keychain, |name| name.ends_with("_API_KEY").then(|| KEY.to_owned()));
    Models::new(ModelConfig::new(Arc::new(keys))).expect("models")
}

fn request(provider: Provider, server: &MockServer, model: &str) -> ModelRequest {
    let base = match provider {
        Provider::Gemini => format!("{}/v1beta", server.url()),
        Provider::Ollama => server.url(),
        _ => format!("{}/v1", server.url()),
    };
    ModelRequest {
        provider,
        model: model.to_owned(),
        base_url: Some(base),
        system: Some("Sort tickets.".to_owned()),
        user: "Disk \"full\" — ümläut\n".to_owned(),
        reasoning_effort: None,
        temperature: None,
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        pace: None,
        answer_schema: None,
        tools: Arc::default(),
        tool_choice: None,
        turns: Vec::new(),
    }
}

async fn call(provider: Provider, server: &MockServer) -> Result<ModelAnswer, ModelError> {
    models().complete(&request(provider, server, "some-model")).await
}

/// The one request that the server got.
async fn sent(models: &Models, request: &ModelRequest, server: &MockServer) -> RecordedRequest {
    models.complete(request).await.expect("an answer");
    server.requests().pop().expect("a request")
}

#[tokio::test]
async fn every_provider_answers_with_its_usage() {
    for provider in REMOTE {
        let server = MockServer::always(Reply::text_with_tokens("storage", 120, 7));
        let answer = call(provider, &server).await.expect("an answer");
        assert_eq!(answer.text, "storage", "{provider:?}");
        assert_eq!(
            (answer.usage.input_tokens, answer.usage.output_tokens),
            (Some(120), Some(7)),
            "{provider:?}"
        );
        assert_eq!(answer.model.as_deref(), Some("some-model"), "{provider:?}");
        assert!(answer.stop_reason.is_some() && !answer.paced, "{provider:?}");
    }
}

#[tokio::test]
async fn a_bare_variant_sends_nothing_but_what_it_has() {
    let models = models();
    let user = "Disk \"full\" — ümläut\n";
    let messages = json!([{"role": "system", "content": "Sort tickets."}, {"role": "user", "content": user}]);
    for (provider, path, body) in [
        (
            Provider::Openai,
            "/v1/chat/completions",
            json!({"model": "m", "stream": false, "messages": messages}),
        ),
        (
            Provider::OpenaiCompatible,
            "/v1/chat/completions",
            json!({"model": "m", "stream": false, "messages": messages}),
        ),
        (Provider::Ollama, "/api/chat", json!({"model": "m", "stream": false, "messages": messages})),
        (
            Provider::Anthropic,
            "/v1/messages",
            json!({
                "model": "m", "stream": false, "system": "Sort tickets.", "max_tokens": 4096,
                "messages": [{"role": "user", "content": user}],
            }),
        ),
        (
            Provider::Gemini,
            "/v1beta/models/m:generateContent",
            json!({
                "systemInstruction": {"parts": [{"text": "Sort tickets."}]},
                "contents": [{"role": "user", "parts": [{"text": user}]}],
            }),
        ),
    ] {
        let server = MockServer::start();
        let sent = sent(&models, &request(provider, &server, "m"), &server).await;
        assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", path));
        assert_eq!(sent.json(), body, "{provider:?}");
    }
}

#[tokio::test]
async fn every_parameter_arrives_under_the_providers_name() {
    let models = models();
    for (provider, fields) in [
        (
            Provider::Openai,
            json!({"temperature": 0.3, "top_p": 0.9, "max_completion_tokens": 77, "stop": ["END"]}),
        ),
        (
            Provider::OpenaiCompatible,
            json!({"temperature": 0.3, "top_p": 0.9, "max_tokens": 77, "stop": ["END"]}),
        ),
        (
            Provider::Anthropic,
            json!({"temperature": 0.3, "top_p": 0.9, "max_tokens": 77, "stop_sequences": ["END"]}),
        ),
        (
            Provider::Gemini,
            json!({"generationConfig":
                {"temperature": 0.3, "topP": 0.9, "maxOutputTokens": 77, "stopSequences": ["END"]}}),
        ),
        (
            Provider::Ollama,
            json!({"options": {"temperature": 0.3, "top_p": 0.9, "num_predict": 77, "stop": ["END"]}}),
        ),
    ] {
        let server = MockServer::start();
        let request = ModelRequest {
            temperature: Some(0.3),
            top_p: Some(0.9),
            max_output_tokens: Some(77),
            stop: vec!["END".to_owned()],
            ..request(provider, &server, "m")
        };
        let body = sent(&models, &request, &server).await.json();
        for (field, value) in fields.as_object().expect("fields") {
            assert_eq!(&body[field], value, "{provider:?} {field}");
        }
    }
}

#[tokio::test]
async fn the_model_goes_out_exactly_as_written() {
    let models = models();
    for model in [
        "gpt-5-mini-high",
        "ns::foo/bar",
        "openai::gpt-5-none",
        "claude-sonnet-4-5-zero",
        "gemini-2.5-flash-low",
        "qwen3:8b-minimal",
        "ft:gpt-4o-mini:acme::x1",
    ] {
        for provider in REMOTE {
            let server = MockServer::start();
            let sent = sent(&models, &request(provider, &server, model), &server).await;
            if provider == Provider::Gemini {
                assert_eq!(sent.path, format!("/v1beta/models/{model}:generateContent"));
            } else {
                assert!(
                    sent.text().contains(&format!("\"model\":\"{model}\"")),
                    "{provider:?}: {}",
                    sent.text()
                );
            }
            for field in ["reasoning", "thinking", "think\"", "effort", "generationConfig"] {
                assert!(!sent.text().contains(field), "{provider:?} {model}: {}", sent.text());
            }
        }
    }
}

#[tokio::test]
async fn reasoning_effort_speaks_each_api() {
    let models = models();
    use ReasoningEffort::{High, Low, Minimal, None as Off};
    for (provider, model, effort, field, expected) in [
        (Provider::Openai, "gpt-5", Off, "/reasoning_effort", json!("none")),
        (Provider::Openai, "gpt-5", Minimal, "/reasoning_effort", json!("minimal")),
        (Provider::OpenaiCompatible, "x", High, "/reasoning_effort", json!("high")),
        (Provider::Anthropic, "claude-sonnet-4-5", Off, "/thinking", json!({"type": "disabled"})),
        (
            Provider::Anthropic,
            "claude-sonnet-4-5",
            High,
            "/thinking",
            json!({"type": "enabled", "budget_tokens": 24000}),
        ),
        (Provider::Anthropic, "claude-sonnet-4-5", High, "/max_tokens", json!(32000)),
        (Provider::Anthropic, "claude-opus-4-6", Low, "/output_config/effort", json!("low")),
        (
            Provider::Gemini,
            "gemini-2.5-flash",
            Off,
            "/generationConfig/thinkingConfig",
            json!({"thinkingBudget": 0}),
        ),
        (
            Provider::Gemini,
            "gemini-3-pro",
            Low,
            "/generationConfig/thinkingConfig",
            json!({"thinkingLevel": "LOW"}),
        ),
        (Provider::Ollama, "gpt-oss", Off, "/think", json!(false)),
        (Provider::Ollama, "gpt-oss", High, "/think", json!("high")),
    ] {
        let server = MockServer::start();
        let request = ModelRequest { reasoning_effort: Some(effort), ..request(provider, &server, model) };
        let body = sent(&models, &request, &server).await.json();
        assert_eq!(body.pointer(field), Some(&expected), "{model} {effort:?}: {body}");
    }
}

#[tokio::test]
async fn what_a_provider_can_not_do_is_said_before_anything_is_sent() {
    let models = models();
    let server = MockServer::start();
    let off = ModelRequest {
        reasoning_effort: Some(ReasoningEffort::None),
        ..request(Provider::Gemini, &server, "gemini-3-pro")
    };
    let tight = ModelRequest {
        reasoning_effort: Some(ReasoningEffort::Medium),
        max_output_tokens: Some(512),
        ..request(Provider::Anthropic, &server, "claude-sonnet-4-5")
    };
    let nowhere = ModelRequest { base_url: None, ..request(Provider::OpenaiCompatible, &server, "m") };
    for (request, part) in
        [(off, "can't switch"), (tight, "max_output_tokens above 8000"), (nowhere, "base_url")]
    {
        let error = models.complete(&request).await.expect_err("it can't be sent");
        assert_eq!(error.kind, ModelErrorKind::Unsupported);
        assert!(error.message.contains(part), "{}", error.message);
    }
    assert_eq!(server.count(), 0);
}

/// A schema as a workflow's node has it.
fn with_schema(request: ModelRequest) -> ModelRequest {
    let schema = json!({
        "type": "object",
        "properties": {"label": {"type": "string", "description": "the team"}, "score": {"type": "number"}},
        "required": ["label", "score"],
        "additionalProperties": false,
    });
    ModelRequest { answer_schema: Some(Arc::new(schema)), ..request }
}

#[tokio::test]
async fn a_schema_is_sent_as_each_provider_wants_it() {
    let models = models();
    for provider in REMOTE {
        let server = MockServer::start();
        let request = with_schema(request(provider, &server, "m"));
        let schema = request.answer_schema.as_deref().cloned().expect("a schema");
        let strict = json!({
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": true, "schema": schema},
        });
        let (field, expected) = match provider {
            Provider::Openai | Provider::OpenaiCompatible => ("/response_format", strict),
            Provider::Anthropic => {
                ("/output_config", json!({"format": {"type": "json_schema", "schema": schema}}))
            }
            Provider::Gemini => (
                "/generationConfig",
                json!({"responseMimeType": "application/json", "responseJsonSchema": schema}),
            ),
            _ => ("/format", schema),
        };
        let body = sent(&models, &request, &server).await.json();
        assert_eq!(body.pointer(field), Some(&expected), "{provider:?}: {body}");
        let fields = |body: &serde_json::Value| body.as_object().map_or(0, serde_json::Map::len);
        let bare = ModelRequest { answer_schema: None, ..request };
        let bare = sent(&models, &bare, &server).await.json();
        assert_eq!(fields(&body), fields(&bare) + 1, "{provider:?} gets nothing else: {body}");
    }
}

#[tokio::test]
async fn effort_and_schema_go_together() {
    let server = MockServer::start();
    let request = ModelRequest {
        reasoning_effort: Some(ReasoningEffort::Low),
        ..with_schema(request(Provider::Anthropic, &server, "claude-opus-4-6"))
    };
    let body = sent(&models(), &request, &server).await.json();
    assert_eq!(body.pointer("/output_config/effort"), Some(&json!("low")));
    assert_eq!(body.pointer("/output_config/format/type"), Some(&json!("json_schema")));
}

#[tokio::test]
async fn a_schema_that_no_strict_mode_can_express_is_not_sent() {
    let models = models();
    for provider in REMOTE {
        let server = MockServer::start();
        let schema = json!({"type": "object", "properties": {"facts": {"type": "object"}}, "additionalProperties": false});
        let request =
            ModelRequest { answer_schema: Some(Arc::new(schema)), ..request(provider, &server, "m") };
        let open = sent(&models, &request, &server).await.text();
        let bare = sent(&models, &ModelRequest { answer_schema: None, ..request }, &server).await.text();
        assert_eq!(open, bare, "{provider:?}");
    }
}

#[tokio::test]
async fn a_model_that_refuses_schemas_is_asked_without_and_remembered() {
    let models = models();
    let refuse = |with_schema| match with_schema {
        true => Reply::status(400, "This response_format type is unavailable now"),
        false => Reply::text_with_tokens("fine", 3, 4),
    };
    let server = MockServer::with_rule(move |sent| Some(refuse(sent.text().contains("response_format"))));
    let request = with_schema(request(Provider::OpenaiCompatible, &server, "old"));
    for calls in [2, 3] {
        assert_eq!(models.complete(&request).await.expect("an answer").text, "fine");
        assert_eq!(server.count(), calls, "only the first call tries");
    }
    let server = MockServer::always(Reply::status(400, "no such model"));
    let request = with_schema(self::request(Provider::OpenaiCompatible, &server, "missing"));
    let error = models.complete(&request).await.expect_err("refused");
    assert_eq!((error.kind, server.count()), (ModelErrorKind::BadRequest, 1), "that is not about the schema");
}

#[tokio::test]
async fn keys_go_where_each_provider_wants_them() {
    let models = models();
    let bearer = format!("Bearer {KEY}");
    for (provider, header, value) in [
        (Provider::Openai, "authorization", Some(bearer.as_str())),
        (Provider::OpenaiCompatible, "authorization", Some(bearer.as_str())),
        (Provider::Anthropic, "x-api-key", Some(KEY)),
        (Provider::Gemini, "x-goog-api-key", Some(KEY)),
        (Provider::Ollama, "authorization", None),
    ] {
        let server = MockServer::start();
        let sent = sent(&models, &request(provider, &server, "m"), &server).await;
        assert_eq!(sent.header(header), value, "{provider:?}");
        assert!(!sent.path.contains(KEY) && !sent.text().contains(KEY));
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_sent() {
    let server = MockServer::start();
    let keys = Keys::new(Err(SecretStoreError::new("no keychain")), |_| None);
    let models = Models::new(ModelConfig::new(Arc::new(keys))).expect("models");
    for provider in [Provider::Anthropic, Provider::Openai, Provider::Gemini] {
        let error = models.complete(&request(provider, &server, "m")).await.expect_err("no key");
        assert_eq!(error.kind, ModelErrorKind::Auth);
        assert!(error.message.contains("_API_KEY"), "{}", error.message);
    }
    assert_eq!(server.count(), 0);
    assert!(
        models.complete(&request(Provider::OpenaiCompatible, &server, "m")).await.is_ok(),
        "a key is optional"
    );
}

#[tokio::test]
async fn usage_counts_cached_and_reasoning_tokens() {
    let openai = json!({"model": "m-1", "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 80}, "completion_tokens_details": {"reasoning_tokens": 40}}});
    let anthropic = json!({"model": "m-1", "content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 15, "cache_read_input_tokens": 80, "cache_creation_input_tokens": 5, "output_tokens": 50}});
    let gemini = json!({"modelVersion": "m-1",
        "candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 100, "cachedContentTokenCount": 80, "candidatesTokenCount": 10,
            "thoughtsTokenCount": 40, "totalTokenCount": 150}});
    for (provider, body) in
        [(Provider::Openai, openai), (Provider::Anthropic, anthropic), (Provider::Gemini, gemini)]
    {
        let server = MockServer::always(Reply::raw(200, "application/json", body.to_string()));
        let answer = call(provider, &server).await.expect("an answer");
        let usage = (answer.usage.input_tokens, answer.usage.cached_input_tokens, answer.usage.output_tokens);
        assert_eq!(usage, (Some(100), Some(80), Some(50)), "{provider:?}");
        assert_eq!(answer.model.as_deref(), Some("m-1"), "the model that answered");
    }
}

#[tokio::test]
async fn an_answer_without_usage_has_unknown_tokens() {
    let reply = Reply::Text { text: "x".into(), tokens: None, stop_reason: Some("length".into()) };
    let server = MockServer::always(reply);
    let answer = call(Provider::Openai, &server).await.expect("an answer");
    assert_eq!((answer.usage.input_tokens, answer.usage.output_tokens), (None, None));
    assert_eq!(answer.stop_reason.as_deref(), Some("length"));
}

/// Answers every request on every connection, and counts the connections.
async fn count_connections(listener: TcpListener, count: Arc<AtomicUsize>) {
    loop {
        let Ok((mut connection, _)) = listener.accept().await else { return };
        count.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            let body = r#"{"choices":[{"message":{"content":"ok"}}]}"#;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}",
                body.len()
            );
            let mut asked = Vec::new();
            while connection.read_buf(&mut asked).await.is_ok_and(|read| read > 0) {
                // The body of these requests is one JSON object that ends with this.
                if asked.ends_with(b"}]}") {
                    asked.clear();
                    let answer = format!("{head}\r\n\r\n{body}");
                    connection.write_all(answer.as_bytes()).await.expect("the client reads");
                }
            }
        });
    }
}

#[tokio::test]
async fn connections_are_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("its address"));
    let count = Arc::new(AtomicUsize::new(0));
    tokio::spawn(count_connections(listener, Arc::clone(&count)));
    let models = models();
    let server = MockServer::start();
    let request = ModelRequest { base_url: Some(base), ..request(Provider::Openai, &server, "m") };
    for _ in 0..30 {
        models.complete(&request).await.expect("an answer");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn many_calls_at_once_get_their_own_answers() {
    let server = MockServer::start();
    let models = models();
    let requests: Vec<ModelRequest> = (0..200)
        .map(|n| ModelRequest { user: format!("[[answer:{n}]]"), ..request(Provider::Openai, &server, "m") })
        .collect();
    let answers = futures::future::join_all(requests.iter().map(|request| models.complete(request))).await;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.expect("an answer").text, n.to_string());
    }
}

#[tokio::test]
async fn a_provider_can_be_tested_for_free() {
    let server = MockServer::start();
    let models = models();
    for provider in REMOTE {
        let base = request(provider, &server, "m").base_url;
        let answer = models.test_provider(provider, base.as_deref()).await;
        assert!(answer.ok && answer.models.len() == 2, "{provider:?}: {answer:?}");
    }
    assert_eq!(server.count(), 0, "no model was called");
    let nobody = models.test_provider(Provider::Openai, Some("http://127.0.0.1:1/v1")).await;
    assert!(!nobody.ok && nobody.message.contains("failed to connect"), "{nobody:?}");
    assert_eq!(models.test_provider(Provider::Builtin, None).await.models, ["lexical-1"]);
}
