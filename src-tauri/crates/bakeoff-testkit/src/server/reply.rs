//! What the server can do with a request.

use std::time::Duration;

/// What the server does with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A good answer in the form of the API that was called.
    Text {
        /// The answer.
        text: String,
        /// Input and output tokens; `None`: the answer has no usage at all.
        tokens: Option<(u64, u64)>,
        /// Why it stopped, in the API's own words; `None`: its usual word for a finished answer.
        stop_reason: Option<String>,
    },
    /// An error in the form of the API that was called.
    Error {
        /// The HTTP status.
        status: u16,
        /// The `retry-after` header, as it is sent.
        retry_after: Option<String>,
        /// The message in the body.
        message: String,
    },
    /// Any bytes.
    Raw {
        /// The HTTP status.
        status: u16,
        /// The `content-type` header.
        content_type: String,
        /// The body.
        body: String,
    },
    /// A good answer of which only a part arrives: `content-length` promises all, then the connection closes.
    Truncated,
    /// No answer, ever.
    Hang,
    /// The connection is reset.
    Reset,
    /// A good status with a body that has no answer in it (no choice, no candidate, no content).
    EmptyChoices,
    /// A good answer of this many bytes, made while it is sent.
    Huge {
        /// The length of the answer's text.
        bytes: u64,
    },
    /// A good answer that arrives byte by byte.
    Slow {
        /// The answer.
        text: String,
        /// The pause after each byte.
        per_byte: Duration,
    },
    /// Another reply, later.
    After {
        /// How much later.
        delay: Duration,
        /// What then.
        reply: Box<Reply>,
    },
}

impl Reply {
    /// A good answer; the tokens are a quarter of the characters.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        let output = (text.chars().count() as u64).div_ceil(4);
        Self::Text { text, tokens: Some((10, output)), stop_reason: None }
    }

    /// A good answer with its tokens.
    pub fn text_with_tokens(text: impl Into<String>, input: u64, output: u64) -> Self {
        Self::Text { text: text.into(), tokens: Some((input, output)), stop_reason: None }
    }

    /// 429, with `retry-after` in seconds or without.
    pub fn rate_limited(retry_after: Option<u32>) -> Self {
        let retry_after = retry_after.map(|seconds| seconds.to_string());
        Self::Error { status: 429, retry_after, message: "rate limit reached".to_owned() }
    }

    /// 500.
    pub fn server_error() -> Self {
        Self::status(500, "the server had an error")
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::status(401, "invalid x-api-key")
    }

    /// Any error status.
    pub fn status(status: u16, message: impl Into<String>) -> Self {
        Self::Error { status, retry_after: None, message: message.into() }
    }

    /// A good status with a body that is not JSON, though it says so.
    pub fn malformed_json() -> Self {
        Self::raw(200, "application/json", r#"{"choices": [{"message": {"content": "cut"#)
    }

    /// A good status with a web page, as captive portals send it.
    pub fn html() -> Self {
        Self::raw(200, "text/html", "<!doctype html><html><body><h1>Please sign in</h1></body></html>")
    }

    /// Any bytes.
    pub fn raw(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        Self::Raw { status, content_type: content_type.to_owned(), body: body.into() }
    }

    /// The same reply, later.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self::After { delay, reply: Box::new(self) }
    }
}
