//! From a request to a reply to bytes on the wire.

use super::Shared;
use super::api::{self, Api, Target};
use super::listener::ConnectionHandle;
use super::record::RecordedRequest;
use super::reply::Reply;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};
use std::sync::Arc;
use std::time::Duration;

/// Every request comes here.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let api = match Target::of(uri.path()) {
        Target::Chat(api) => api,
        // A rule's reply says the whole body.
        Target::Mlflow => Api::OpenAi,
        Target::Models(api) => return json(200, &api::models(api)),
        Target::Count => return shared.journal.count().to_string().into_response(),
        Target::Repeated => return shared.journal.repeated().to_string().into_response(),
        Target::Unknown => {
            return json(404, &api::error(Api::OpenAi, 404, "the mock server has no such path"));
        }
    };
    let mut request = recorded(&method, &uri, &headers, body);
    shared.journal.add(&mut request);
    let mut reply = (shared.rule)(&request).unwrap_or_else(|| marked_answer(&request));
    let mut delay = shared.options.delay;
    while let Reply::After { delay: more, reply: inner } = reply {
        delay += more;
        reply = *inner;
    }
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    respond(reply, api, &model_of(&request), &connection).await
}

fn recorded(method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> RecordedRequest {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    RecordedRequest { number: 0, method: method.to_string(), path: uri.to_string(), headers, body }
}

async fn respond(reply: Reply, api: Api, model: &str, connection: &ConnectionHandle) -> Response {
    match reply {
        Reply::Text { text, tokens, stop_reason } => {
            json(200, &api::answer(api, model, &text, tokens, stop_reason.as_deref()))
        }
        Reply::Error { status, retry_after, message } => {
            let mut response = json(status, &api::error(api, status, &message));
            if let Some(value) = retry_after.and_then(|value| value.parse().ok()) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
            response
        }
        Reply::Raw { status, content_type, body } => typed(status, &content_type, Body::from(body)),
        Reply::Truncated => truncated(api, model),
        Reply::Hang => std::future::pending().await,
        Reply::Reset => {
            connection.reset();
            StatusCode::OK.into_response()
        }
        Reply::EmptyChoices => json(200, &api::empty(api, model)),
        Reply::Huge { bytes } => huge(api, model, bytes),
        Reply::Slow { text, per_byte } => {
            slow(&api::answer(api, model, &text, Some((10, 1)), None), per_byte)
        }
        Reply::After { .. } => unreachable!("delays were taken off before"),
    }
}

fn typed(status: u16, content_type: &str, body: Body) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, content_type.to_owned())], body).into_response()
}

fn json(status: u16, value: &serde_json::Value) -> Response {
    typed(status, "application/json", Body::from(value.to_string()))
}

/// Half of an answer; then the body fails, so that the connection is closed before its promised end.
fn truncated(api: Api, model: &str) -> Response {
    let whole = api::answer(api, model, "this answer is cut in the middle", Some((10, 8)), None).to_string();
    let half = Bytes::copy_from_slice(&whole.as_bytes()[..whole.len() / 2]);
    let cut = async {
        // The half must be on the wire before the failure is noticed, or the client never sees the head.
        tokio::time::sleep(Duration::from_millis(5)).await;
        Err(std::io::Error::other("cut by the mock server"))
    };
    let parts = stream::iter([Ok(half)]).chain(stream::once(cut));
    let mut response = typed(200, "application/json", Body::from_stream(parts));
    response.headers_mut().insert(header::CONTENT_LENGTH, whole.len().into());
    response
}

/// An answer that is never in memory as a whole.
fn huge(api: Api, model: &str, bytes: u64) -> Response {
    const MARK: &str = "<here>";
    const CHUNK: usize = 64 * 1024;
    let whole = api::answer(api, model, MARK, Some((10, bytes / 4)), None).to_string();
    let (before, after) = whole.split_once(MARK).expect("the mark was just put in");
    let chunk = Bytes::from(vec![b'a'; CHUNK]);
    let full = usize::try_from(bytes / CHUNK as u64).unwrap_or(usize::MAX);
    let rest = Bytes::from(vec![b'a'; (bytes % CHUNK as u64) as usize]);
    let parts = stream::iter([Bytes::from(before.to_owned())])
        .chain(stream::repeat(chunk).take(full))
        .chain(stream::iter([rest, Bytes::from(after.to_owned())]))
        .map(Ok::<_, std::io::Error>);
    typed(200, "application/json", Body::from_stream(parts))
}

fn slow(answer: &serde_json::Value, per_byte: Duration) -> Response {
    let bytes = answer.to_string().into_bytes();
    let parts = stream::iter(bytes).then(move |byte| async move {
        tokio::time::sleep(per_byte).await;
        Ok::<_, std::io::Error>(Bytes::from(vec![byte]))
    });
    typed(200, "application/json", Body::from_stream(parts))
}

/// The answer that stands between `[[answer:` and `]]` in the request; `ok` when there is none.
fn marked_answer(request: &RecordedRequest) -> Reply {
    let body = String::from_utf8_lossy(&request.body);
    let marked =
        body.rsplit_once("[[answer:").and_then(|(_, rest)| rest.split_once("]]")).map(|(text, _)| text);
    // The marker stands inside a JSON string, so its escapes must be read.
    let text = marked.and_then(|text| serde_json::from_str::<String>(&format!("\"{}\"", text.trim())).ok());
    let text = text.unwrap_or_else(|| "ok".to_owned());
    let (input, output) = (body.len() as u64 / 4, (text.len() as u64).div_ceil(4));
    Reply::Text { text, tokens: Some((input, output)), stop_reason: None }
}

/// The model that was asked for: in the body, or in Gemini's path.
fn model_of(request: &RecordedRequest) -> String {
    if let Some((_, rest)) = request.path.split_once("/models/")
        && let Some((model, _)) = rest.split_once(":generateContent")
    {
        return model.to_owned();
    }
    #[derive(serde::Deserialize)]
    struct Asked {
        model: String,
    }
    serde_json::from_slice::<Asked>(&request.body).map_or_else(|_| "mock".to_owned(), |asked| asked.model)
}
