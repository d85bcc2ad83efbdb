//! The mock server itself: a test that relies on a misbehaviour must be able to trust that it happens.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should panic, helpers included")]

use bakeoff_testkit::{MockOptions, MockServer, Reply, bare_client};
use serde_json::{Value, json};
use std::time::Duration;

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn ask(server: &MockServer, path: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
    client().post(format!("{}{path}", server.url())).json(body).send().await
}

async fn ask_openai(server: &MockServer) -> reqwest::Result<reqwest::Response> {
    ask(server, "/v1/chat/completions", &json!({"model": "m", "messages": []})).await
}

#[tokio::test]
async fn each_api_answers_in_its_own_form() {
    let server = MockServer::always(Reply::text_with_tokens("storage", 7, 2));
    let cases = [
        ("/v1/chat/completions", "/choices/0/message/content", "/usage/prompt_tokens"),
        ("/v1/messages", "/content/0/text", "/usage/input_tokens"),
        (
            "/v1beta/models/gem:generateContent",
            "/candidates/0/content/parts/0/text",
            "/usageMetadata/promptTokenCount",
        ),
        ("/api/chat", "/message/content", "/prompt_eval_count"),
    ];
    for (path, text, tokens) in cases {
        let answer: Value = ask(&server, path, &json!({"model": "m"})).await.unwrap().json().await.unwrap();
        assert_eq!(answer.pointer(text), Some(&json!("storage")), "{path}: {answer}");
        assert_eq!(answer.pointer(tokens), Some(&json!(7)), "{path}: {answer}");
    }
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn requests_are_kept_byte_for_byte() {
    let server = MockServer::start();
    let body = r#"{ "model":"x",  "n": 1.50 }"#;
    let request =
        client().post(format!("{}/v1/messages?a=b", server.url())).header("X-Api-Key", "k").body(body);
    request.send().await.unwrap();
    let kept = &server.requests()[0];
    assert_eq!((kept.method.as_str(), kept.path.as_str()), ("POST", "/v1/messages?a=b"));
    assert_eq!((kept.text().as_str(), kept.header("x-api-key")), (body, Some("k")));
}

#[tokio::test]
async fn model_lists_and_counts_are_not_counted() {
    let server = MockServer::start();
    for path in ["/v1/models", "/api/tags", "/v1beta/models"] {
        let list: Value =
            client().get(format!("{}{path}", server.url())).send().await.unwrap().json().await.unwrap();
        assert!(list.to_string().contains("mock-small"), "{path}: {list}");
    }
    ask_openai(&server).await.unwrap();
    ask_openai(&server).await.unwrap();
    let get = async |path| {
        client().get(format!("{}{path}", server.url())).send().await.unwrap().text().await.unwrap()
    };
    assert_eq!(get("/count").await, "2");
    assert_eq!(get("/repeated").await, "1", "the second request was the same as the first");
}

#[tokio::test]
async fn replies_follow_the_script_and_then_the_marker() {
    let server = MockServer::scripted([Reply::rate_limited(Some(7)), Reply::unauthorized()]);
    let first = ask_openai(&server).await.unwrap();
    assert_eq!((first.status().as_u16(), first.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(ask_openai(&server).await.unwrap().status().as_u16(), 401);
    let marked = json!({"model": "m", "messages": [{"role": "user", "content": "x [[answer: \"Grün\"]] y"}]});
    let answer: Value = ask(&server, "/v1/chat/completions", &marked).await.unwrap().json().await.unwrap();
    assert_eq!(answer.pointer("/choices/0/message/content"), Some(&json!("\"Grün\"")));
    assert!(server.requests()[1].number == 1);
}

#[tokio::test]
async fn a_reset_and_a_cut_break_the_connection() {
    let server = MockServer::scripted([Reply::Reset, Reply::Truncated]);
    let reset = ask_openai(&server).await.expect_err("the connection is reset before any byte of the answer");
    assert!(format!("{reset:?}").contains("ConnectionReset"), "{reset:?}");
    let cut = ask_openai(&server).await.expect("the head of the answer arrives");
    assert_eq!(cut.status().as_u16(), 200);
    cut.bytes().await.expect_err("content-length promised more than arrives");
}

#[tokio::test]
async fn a_hang_never_answers_and_does_not_stop_the_server() {
    let server = MockServer::scripted([Reply::Hang]);
    let mut hanging = std::pin::pin!(ask_openai(&server));
    while server.count() == 0 {
        assert!(futures::poll!(&mut hanging).is_pending(), "a hanging call is ended only by its caller");
        tokio::task::yield_now().await;
    }
    assert_eq!(ask_openai(&server).await.unwrap().status().as_u16(), 200);
}

#[tokio::test]
async fn bad_bodies_are_bad() {
    let server = MockServer::scripted([Reply::malformed_json(), Reply::html(), Reply::EmptyChoices]);
    ask_openai(&server).await.unwrap().json::<Value>().await.expect_err("the JSON is cut");
    ask_openai(&server).await.unwrap().json::<Value>().await.expect_err("a web page is not JSON");
    let empty: Value = ask_openai(&server).await.unwrap().json().await.unwrap();
    assert_eq!(empty["choices"], json!([]));
}

#[tokio::test]
async fn a_huge_answer_is_whole_and_a_slow_one_too() {
    let slow = Reply::Slow { text: "ok".to_owned(), per_byte: Duration::from_micros(10) };
    let server = MockServer::scripted([Reply::Huge { bytes: 300_001 }, slow]);
    let answer: Value = ask_openai(&server).await.unwrap().json().await.unwrap();
    let text = answer.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap();
    assert!(text.len() == 300_001 && text.bytes().all(|byte| byte == b'a'));
    let answer: Value = ask_openai(&server).await.unwrap().json().await.unwrap();
    assert_eq!(answer.pointer("/choices/0/message/content"), Some(&json!("ok")));
}

#[tokio::test]
async fn delays_are_kept() {
    let options = MockOptions { delay: Duration::from_millis(20), ..MockOptions::default() };
    let server =
        MockServer::with_options(options, |_| Some(Reply::text("ok").after(Duration::from_millis(30))));
    let start = std::time::Instant::now();
    ask_openai(&server).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(50), "took {:?}", start.elapsed());
}

#[tokio::test]
async fn the_bare_client_sends_exactly_what_it_was_asked_for() {
    let server = MockServer::start();
    assert!(bare_client(&server.url(), 100, 8).await.unwrap() > 0.0);
    assert_eq!((server.count(), server.repeated()), (100, 0));
    let broken = MockServer::always(Reply::server_error());
    bare_client(&broken.url(), 1, 1).await.expect_err("a failed request fails the loop");
}
