//! Requests, answers and what they mean when they aren't good.

use crate::error::{MlflowError, Result};
use crate::uri::shown;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take unless somebody says otherwise. A search over many runs takes MLflow some seconds.
const ANSWER: Duration = Duration::from_secs(60);
/// The largest answer.
const LARGEST: usize = 512 << 20;
/// Nobody reads more of an error than this.
const LONGEST_MESSAGE: usize = 500;

/// What a server wants to see: a token, or user and password (which go before a token, as MLflow's own client has it).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// `MLFLOW_TRACKING_TOKEN`.
    pub token: Option<String>,
    /// `MLFLOW_TRACKING_USERNAME`.
    pub username: Option<String>,
    /// `MLFLOW_TRACKING_PASSWORD`.
    pub password: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = |value: &Option<String>| if value.is_some() { "set" } else { "none" };
        write!(to, "Credentials {{ token: {}, username: {}", set(&self.token), set(&self.username))?;
        write!(to, ", password: {} }}", set(&self.password))
    }
}

impl Credentials {
    /// The text without any of the secrets.
    fn redact(&self, text: &str) -> String {
        let secrets = [&self.token, &self.password].into_iter().flatten().filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "…"))
    }
}

/// How a server is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// What it wants to see.
    pub credentials: Credentials,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl Default for Access {
    fn default() -> Self {
        Self { credentials: Credentials::default(), timeout: ANSWER }
    }
}

impl From<Credentials> for Access {
    fn from(credentials: Credentials) -> Self {
        Self { credentials, ..Self::default() }
    }
}

/// The connection to one server.
#[derive(Debug, Clone)]
pub(super) struct Http {
    client: reqwest::Client,
    api: Url,
    address: Arc<str>,
    access: Arc<Access>,
}

impl Http {
    pub(super) fn new(address: &Url, mut access: Access) -> Result<Self> {
        let credentials = &mut access.credentials;
        if credentials.username.is_none() && !address.username().is_empty() {
            let decoded =
                |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
            credentials.username = Some(decoded(address.username()));
            credentials.password = address.password().map(decoded);
        }
        let shown = shown(address);
        let wrong = |why: String| MlflowError::Address { uri: shown.clone(), why };
        let api =
            Url::parse(&format!("{shown}/api/2.0/mlflow/")).map_err(|error| wrong(error.to_string()))?;
        // Redirects are not followed: they would carry the password to another host.
        let agent = concat!("bakeoff/", env!("CARGO_PKG_VERSION"));
        let builder = reqwest::Client::builder().user_agent(agent).redirect(Policy::none());
        let builder = builder.connect_timeout(CONNECT).timeout(access.timeout);
        let builder = if is_local(&api) { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| wrong(format!("failed to set up HTTP: {error}")))?;
        Ok(Self { client, api, address: shown.into(), access: Arc::new(access) })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn get(&self, call: &str, query: &[(&str, &str)]) -> Result<Value> {
        let mut url = self.url(call)?;
        url.query_pairs_mut().extend_pairs(query);
        let body = self.send(self.client.get(url)).await?;
        self.json(&body)
    }

    pub(super) async fn post(&self, call: &str, body: &Value) -> Result<Value> {
        let body = self.post_for_bytes(call, body).await?;
        self.json(&body)
    }

    /// Like [`Self::post`] for answers that are large.
    pub(super) async fn post_for_bytes(&self, call: &str, body: &Value) -> Result<Vec<u8>> {
        let url = self.url(call)?;
        self.send(self.client.post(url).json(body)).await
    }

    fn url(&self, call: &str) -> Result<Url> {
        let wrong = |error| MlflowError::Address { uri: self.address.to_string(), why: format!("{error}") };
        self.api.join(call).map_err(wrong)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Vec<u8>> {
        let request = match (&self.access.credentials.username, &self.access.credentials.token) {
            (Some(username), _) => request.basic_auth(username, self.access.credentials.password.as_ref()),
            (None, Some(token)) => request.bearer_auth(token),
            (None, None) => request,
        };
        let response = request.send().await.map_err(|error| self.broken(error))?;
        let status = response.status();
        let is_json = says_json(&response);
        let body = self.body(response).await?;
        if status.is_success() && (is_json || looks_like_json(&body)) {
            return Ok(body);
        }
        Err(self.failure(status, &body))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.broken(error))? {
            if body.len() + part.len() > LARGEST {
                let why = format!("its answer is larger than {} MB", LARGEST >> 20);
                return Err(MlflowError::Unreachable { address: self.address.to_string(), why });
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    fn json(&self, body: &[u8]) -> Result<Value> {
        serde_json::from_slice(body).map_err(|error| MlflowError::NotMlflow {
            address: self.address.to_string(),
            status: 200,
            what: format!("broken JSON ({error})"),
        })
    }

    fn broken(&self, error: reqwest::Error) -> MlflowError {
        let why = if error.is_timeout() && !error.is_connect() {
            format!("no answer within {:?}", self.access.timeout)
        } else {
            last_cause(&error.without_url())
        };
        MlflowError::Unreachable {
            address: self.address.to_string(),
            why: self.access.credentials.redact(&why),
        }
    }

    fn failure(&self, status: StatusCode, body: &[u8]) -> MlflowError {
        let answer: Option<Value> = serde_json::from_slice(body).ok();
        let field = |name: &str| answer.as_ref().and_then(|answer| answer[name].as_str()).map(str::to_owned);
        let (address, code) = (self.address.to_string(), field("error_code"));
        let page = if looks_like_html(body) { "an HTML page" } else { "something" };
        let message = field("message").unwrap_or_else(|| match (body.is_empty(), looks_like_html(body)) {
            (true, _) => "no reason given".to_owned(),
            (false, true) => "an HTML page".to_owned(),
            (false, false) => String::from_utf8_lossy(body).into_owned(),
        });
        let message: String =
            self.access.credentials.redact(message.trim()).chars().take(LONGEST_MESSAGE).collect();
        let number = status.as_u16();
        match number {
            401 | 403 => MlflowError::Refused { address, status: number, message },
            429 | 500.. => MlflowError::Server { address, status: number, message },
            300..=399 => {
                let what = "a redirect to another address (give the final one)".to_owned();
                MlflowError::NotMlflow { address, status: number, what }
            }
            _ => match code {
                Some(code) if matches!(code.as_str(), "INTERNAL_ERROR" | "TEMPORARILY_UNAVAILABLE") => {
                    MlflowError::Server { address, status: number, message }
                }
                Some(code) => MlflowError::Rejected { address, code, message },
                None => MlflowError::NotMlflow {
                    address,
                    status: number,
                    what: format!("{page} instead of JSON"),
                },
            },
        }
    }
}

/// The reason at the end of the chain, such as "connection refused".
fn last_cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// Whether an address is this machine, which is never behind a proxy.
fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn says_json(response: &Response) -> bool {
    let kind = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.contains("json"))
}

fn first_byte(body: &[u8]) -> Option<u8> {
    body.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn looks_like_json(body: &[u8]) -> bool {
    matches!(first_byte(body), Some(b'{' | b'['))
}

fn looks_like_html(body: &[u8]) -> bool {
    first_byte(body) == Some(b'<')
}
