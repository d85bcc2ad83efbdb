//! What stands before every request: the host it names, the page it comes from, the token, the size and the time.

use super::error::{ApiError, Code};
use super::state::ApiState;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use std::net::{IpAddr, SocketAddr};

/// The other header that may carry the token.
const API_KEY: &str = "x-api-key";

/// A body that is too large is read to here and thrown away, so that its sender gets to read the answer.
const READ_AND_THROWN_AWAY: usize = 32 * 1024 * 1024;

/// By which names this server may be called. A page of the internet whose name was bound to this machine's address
/// (DNS rebinding) still says its own name.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    address: SocketAddr,
}

impl Names {
    /// The names of a server at this address.
    pub fn of(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Whether a `Host` is this server: its address, or `localhost` where it listens there, with its port.
    fn is_host(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        if port != Some(self.address.port()) {
            return false;
        }
        let own = self.address.ip();
        let listens_on_loopback = own.is_loopback() || own.is_unspecified();
        if name.eq_ignore_ascii_case("localhost") {
            return listens_on_loopback;
        }
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let Ok(named) = bare.parse::<IpAddr>() else { return false };
        // An address is nobody's name: it can't be bound to another one.
        named == own || own.is_unspecified() || (named.is_loopback() && listens_on_loopback)
    }

    /// Whether an `Origin` is a page of this server.
    fn is_origin(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| self.is_host(host))
    }
}

/// Lets a request through or answers why not.
pub(crate) async fn guard(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let mut response = match admitted(&state, request).await {
        Ok(request) => {
            let answered = tokio::time::timeout(state.limits.request, next.run(request)).await;
            answered.unwrap_or_else(|_| too_slow().into_response())
        }
        Err(error) => error.into_response(),
    };
    close_off(response.headers_mut());
    response
}

fn too_slow() -> ApiError {
    ApiError::new(Code::Timeout, "the answer took too long")
        .hint("what was begun goes on: look at its state, then ask again")
}

async fn admitted(state: &ApiState, request: Request) -> Result<Request, ApiError> {
    check_names(&state.names, request.uri(), request.headers())?;
    if !is_public(request.uri().path()) {
        check_token(state, request.headers())?;
    }
    let limits = &state.limits;
    let whole = tokio::time::timeout(limits.body_time, whole_body(request, limits.body_bytes)).await;
    whole.unwrap_or_else(|_| {
        Err(ApiError::new(Code::RequestTimeout, "the request's body did not arrive in time")
            .hint("send it faster, or check the network"))
    })
}

fn check_names(names: &Names, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let is_named = host.is_some_and(|host| names.is_host(host)) && hosts.next().is_none();
    if !is_named || uri.authority().is_some_and(|named| !names.is_host(named.as_str())) {
        return Err(ApiError::new(Code::Forbidden, "the request names another host than this server")
            .hint("call it by the address that `bakeoff serve` prints"));
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    if origins.any(|origin| !origin.to_str().is_ok_and(|origin| names.is_origin(origin))) {
        return Err(ApiError::new(Code::Forbidden, "web pages of other origins may not use this API")
            .hint("call it from a program of your own"));
    }
    Ok(())
}

/// The documentation and the sign of life are for everybody; they say nothing of the workspace.
fn is_public(path: &str) -> bool {
    let path = path.strip_prefix("/api").unwrap_or(path);
    matches!(path, "/health" | "/docs" | "/docs/style.css" | "/openapi.json")
}

fn check_token(state: &ApiState, headers: &HeaderMap) -> Result<(), ApiError> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| after_bearer(value.as_bytes()));
    let key = headers.get(HeaderName::from_static(API_KEY)).map(HeaderValue::as_bytes);
    match (bearer, key) {
        (None, None) => Err(ApiError::new(Code::MissingApiKey, "the request carries no token")
            .hint("send `Authorization: Bearer TOKEN` or `X-API-Key: TOKEN`")),
        // Each one that was sent must be right.
        (bearer, key) if bearer.into_iter().chain(key).all(|shown| state.token.is(shown)) => Ok(()),
        _ => Err(ApiError::new(Code::InvalidApiKey, "this is not the API's token")
            .hint("`bakeoff serve --new-token` makes a new one and shows it")),
    }
}

/// What follows `Bearer`, in any case; nothing is a wrong token, too.
fn after_bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked("bearer".len())?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer") && (rest.is_empty() || rest.starts_with(b" "));
    is_bearer.then(|| rest.trim_ascii())
}

/// The request with its body read, where it is not too large.
async fn whole_body(request: Request, most: usize) -> Result<Request, ApiError> {
    let (parts, body) = request.into_parts();
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut length) = (Vec::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let broken =
            |_| ApiError::new(Code::InvalidBody, "the request's body broke off").hint("send it again");
        let chunk = chunk.map_err(broken)?;
        length = length.saturating_add(chunk.len());
        if length > READ_AND_THROWN_AWAY {
            break;
        }
        if length <= most {
            bytes.extend_from_slice(&chunk);
        }
    }
    if length > most {
        return Err(ApiError::new(
            Code::PayloadTooLarge,
            format!("the request's body has more than {most} bytes"),
        )
        .hint("send less, such as fewer variants"));
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Nothing of this server is kept, guessed at, framed, or run.
fn close_off(headers: &mut HeaderMap) {
    let nothing =
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, nothing),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_this_server_by_its_own_names_and_port_only() {
        let of = |address: &str| Names::of(address.parse().expect("an address"));
        for (address, host, is_ours) in [
            ("127.0.0.1:8765", "127.0.0.1:8765", true),
            ("127.0.0.1:8765", "localhost:8765", true),
            ("127.0.0.1:8765", "LOCALHOST:8765", true),
            ("127.0.0.1:8765", "[::1]:8765", true),
            ("127.0.0.1:8765", "127.0.0.1:80", false),
            ("127.0.0.1:8765", "127.0.0.1", false),
            ("127.0.0.1:80", "localhost", true),
            ("[::1]:80", "[::1]", true),
            ("127.0.0.1:8765", "evil.example:8765", false),
            ("127.0.0.1:8765", "127.0.0.1.evil.example:8765", false),
            ("127.0.0.1:8765", "localhost.:8765", false),
            ("127.0.0.1:8765", "192.168.1.7:8765", false),
            ("127.0.0.1:8765", "", false),
            ("192.168.1.7:8765", "192.168.1.7:8765", true),
            ("192.168.1.7:8765", "localhost:8765", false),
            ("0.0.0.0:8765", "192.168.1.7:8765", true),
            ("0.0.0.0:8765", "localhost:8765", true),
            ("0.0.0.0:8765", "evil.example:8765", false),
        ] {
            assert_eq!(of(address).is_host(host), is_ours, "{host:?} at {address}");
        }
        assert!(of("127.0.0.1:8765").is_origin("http://127.0.0.1:8765"));
        for origin in ["null", "https://127.0.0.1:8765", "http://evil.example", "http://localhost:3000"] {
            assert!(!of("127.0.0.1:8765").is_origin(origin), "{origin}");
        }
    }

    #[test]
    fn a_bearer_is_read_in_any_case_and_nothing_else_is() {
        assert_eq!(after_bearer(b"Bearer abc"), Some(&b"abc"[..]));
        assert_eq!(after_bearer(b"bearer  abc "), Some(&b"abc"[..]));
        assert_eq!(after_bearer(b"Bearer"), Some(&b""[..]));
        for other in ["Basic abc", "Bearers abc", "abc", ""] {
            assert_eq!(after_bearer(other.as_bytes()), None, "{other}");
        }
    }
}
