//! A provider that misbehaves in every known way: the right kind of error, in time, without secrets.

use bakeoff_core::ports::{Model, ModelError, ModelErrorKind, ModelRequest};
use bakeoff_core::variant::Provider;
use bakeoff_model::{Keys, ModelConfig, Models, SecretStoreError};
use bakeoff_testkit::{MockServer, Reply};
use std::sync::Arc;
use std::time::Duration;

const KEY: &str = "sk-planted-4f1c9a77";
const REMOTE: [Provider; 5] =
    [Provider::Anthropic, Provider::Openai, Provider::Gemini, Provider::Ollama, Provider::OpenaiCompatible];

fn models() -> Models {
    let no_keychain = Err(SecretStoreError::new("no keychain"));
    let keys = Keys::new(no_keychain, |name| name.ends_with("_API_KEY").then(|| KEY.to_owned()));
    Models::new(ModelConfig { largest_answer: 100_000, ..ModelConfig::new(Arc::new(keys)) }).expect("models")
}

fn request(provider: Provider, base: &str) -> ModelRequest {
    ModelRequest {
        provider,
        model: "m".to_owned(),
        base_url: Some(base.to_owned()),
        system: None,
        user: "x".to_owned(),
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

/// The error of every provider for this reply; none of them shows the key.
async fn errors(reply: Reply) -> Vec<ModelError> {
    let models = models();
    let mut errors = Vec::new();
    for provider in REMOTE {
        // A provider that gets no key can't repeat it.
        if provider == Provider::Ollama && format!("{reply:?}").contains(KEY) {
            continue;
        }
        let server = MockServer::always(reply.clone());
        let request = request(provider, &format!("{}/v1", server.url()));
        let error = models.complete(&request).await.expect_err("the provider misbehaves");
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
        assert_eq!(server.count(), 1, "one attempt, no retry of its own");
        errors.push(error);
    }
    errors
}

async fn check(reply: Reply, kind: ModelErrorKind, status: Option<u16>, says: &str) {
    for error in errors(reply.clone()).await {
        assert_eq!((error.kind, error.status), (kind, status), "{reply:?}: {error:?}");
        assert!(error.message.contains(says), "{reply:?}: {}", error.message);
    }
}

#[tokio::test]
async fn rate_limits_with_and_without_a_time() {
    check(Reply::rate_limited(None), ModelErrorKind::RateLimited, Some(429), "rate limit reached").await;
    for error in errors(Reply::rate_limited(Some(7))).await {
        assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    }
    let dated = Reply::Error {
        status: 503,
        retry_after: Some("Wed, 21 Oct 2015 07:28:00 GMT".to_owned()),
        message: "busy".to_owned(),
    };
    for error in errors(dated).await {
        assert_eq!((error.kind, error.retry_after), (ModelErrorKind::Server, Some(Duration::ZERO)));
    }
}

#[tokio::test]
async fn statuses() {
    check(Reply::server_error(), ModelErrorKind::Server, Some(500), "the server had an error").await;
    check(Reply::unauthorized(), ModelErrorKind::Auth, Some(401), "check it in Settings").await;
    check(Reply::status(404, "no such model"), ModelErrorKind::BadRequest, Some(404), "no such model").await;
    check(Reply::status(400, "bad"), ModelErrorKind::BadRequest, Some(400), "bad").await;
}

#[tokio::test]
async fn a_key_in_an_error_is_cut_out() {
    let echo = format!("Incorrect API key provided: {KEY}.");
    check(Reply::status(401, &echo), ModelErrorKind::Auth, Some(401), "provided: [key].").await;
    let html = format!("<html>Bearer {KEY}</html>");
    for error in errors(Reply::raw(403, "text/html", html)).await {
        assert_eq!(error.kind, ModelErrorKind::Auth);
    }
    let good_status = serde_json::json!({"error": {"message": echo, "code": 500}}).to_string();
    check(Reply::raw(200, "application/json", good_status), ModelErrorKind::Server, Some(200), "[key]").await;
}

#[tokio::test]
async fn bodies_that_are_no_answer() {
    check(Reply::malformed_json(), ModelErrorKind::Connection, Some(200), "not JSON").await;
    check(Reply::html(), ModelErrorKind::Connection, Some(200), "text/html").await;
    check(Reply::Truncated, ModelErrorKind::Connection, Some(200), "broke").await;
    check(Reply::raw(200, "application/json", ""), ModelErrorKind::Connection, Some(200), "not JSON").await;
    check(Reply::Reset, ModelErrorKind::Connection, None, "broke").await;
}

#[tokio::test]
async fn a_good_status_without_text_is_the_variants_fault() {
    check(Reply::EmptyChoices, ModelErrorKind::NoAnswer, Some(200), "no text").await;
    let blocked = r#"{"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "m"}"#;
    let server = MockServer::always(Reply::raw(200, "application/json", blocked));
    let request = request(Provider::Gemini, &server.url());
    let error = models().complete(&request).await.expect_err("blocked");
    assert_eq!(error.kind, ModelErrorKind::NoAnswer);
    assert!(error.message.contains("SAFETY"), "{}", error.message);
}

#[tokio::test]
async fn a_refusal_still_counts_its_tokens() {
    let reply = Reply::Text {
        text: String::new(),
        tokens: Some((90, 3)),
        stop_reason: Some("content_filter".into()),
    };
    let server = MockServer::always(reply);
    let error =
        models().complete(&request(Provider::Openai, &server.openai_url())).await.expect_err("refused");
    assert_eq!(error.kind, ModelErrorKind::NoAnswer);
    assert_eq!((error.usage.input_tokens, error.usage.output_tokens), (Some(90), Some(3)));
    assert!(error.message.contains("content_filter"), "{}", error.message);
}

#[tokio::test]
async fn an_answer_over_the_limit_is_not_read() {
    check(Reply::Huge { bytes: 3_000_000 }, ModelErrorKind::TooLarge, Some(200), "larger than 97 KiB").await;
}

#[tokio::test]
async fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("its address"));
    drop(listener);
    let error = models().complete(&request(Provider::Openai, &base)).await.expect_err("nobody");
    assert_eq!((error.kind, error.status), (ModelErrorKind::Connection, None));
    assert!(error.message.contains("failed to connect to 127.0.0.1"), "{}", error.message);
}

#[tokio::test]
async fn dropping_the_call_closes_the_connection() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("its address"));
    let call = tokio::spawn(async move { models().complete(&request(Provider::Openai, &base)).await });
    let (mut connection, _) = listener.accept().await.expect("the call connects");
    let mut bytes = vec![0; 64 * 1024];
    let read = tokio::io::AsyncReadExt::read(&mut connection, &mut bytes).await.expect("a request");
    assert!(read > 0);
    call.abort();
    let closed = async {
        // Zero bytes, or a reset: both mean that the other side has gone.
        while tokio::io::AsyncReadExt::read(&mut connection, &mut bytes).await.is_ok_and(|read| read > 0) {}
    };
    tokio::time::timeout(Duration::from_secs(10), closed).await.expect("the connection closes");
}

#[tokio::test]
async fn a_hanging_provider_hangs_until_the_caller_gives_up() {
    let server = MockServer::always(Reply::Hang);
    let request = request(Provider::Anthropic, &server.openai_url());
    let models = models();
    let seen = async {
        while server.count() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = models.complete(&request) => panic!("nobody answered, but {answer:?}"),
        () = seen => {}
    }
    assert_eq!(server.count(), 1, "the call was on its way when the caller dropped it");
}

#[test]
fn settings_that_hold_keys_do_not_show_them() {
    let keys = Keys::new(Err(SecretStoreError::new("no keychain")), |_| Some(KEY.to_owned()));
    let config = ModelConfig::new(Arc::new(keys));
    assert!(!format!("{config:?}").contains(KEY));
}
