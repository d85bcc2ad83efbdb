//! HTTP to the providers: shared, pooled connections, answers read up to a limit, errors without secrets.

use super::failure::{failure, from_good_status, from_status};
use crate::keys::Secret;
use bakeoff_core::ports::{ModelError, ModelErrorKind};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// How long a connection may take to be made. Everything else is timed by the engine, which drops the call.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Nobody reads more of an error than this.
const LONGEST_ERROR: usize = 64 * 1024;

/// The shared clients. Redirects are not followed: they would carry the key to another host.
/// Each is made when it is first needed: reading the trusted certificates takes time that offline runs don't have
/// to spend.
#[derive(Debug, Clone)]
pub struct Transport {
    clients: Arc<Clients>,
    largest_answer: usize,
}

#[derive(Debug, Default)]
struct Clients {
    /// Through the system's proxy, if it has one.
    outside: OnceLock<Client>,
    /// For this machine: never through a proxy.
    local: OnceLock<Client>,
}

/// A good answer.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body: one JSON value.
    pub body: Vec<u8>,
}

impl Transport {
    /// Reads at most `largest_answer` bytes of an answer.
    pub fn new(largest_answer: usize) -> Self {
        Self { clients: Arc::default(), largest_answer }
    }

    /// The same for plain HTTP on this machine, with nothing to set up in a call.
    ///
    /// # Errors
    /// HTTP can't be set up on this system.
    pub fn plain_local(largest_answer: usize) -> Result<Self, reqwest::Error> {
        let local = Client::builder().no_proxy().redirect(Policy::none()).tls_certs_only([]).build()?;
        let clients = Clients { local: OnceLock::from(local), ..Clients::default() };
        Ok(Self { clients: Arc::new(clients), largest_answer })
    }

    /// Sends a JSON body.
    ///
    /// # Errors
    /// See [`ModelErrorKind`]; no message holds the key.
    pub async fn post(
        &self,
        url: Url,
        headers: &[(&'static str, String)],
        key: Option<&Secret>,
        body: Vec<u8>,
    ) -> Result<Answer, ModelError> {
        let request = self.client(&url)?.post(url).header("content-type", "application/json").body(body);
        self.send(request, headers, key).await
    }

    /// Asks for a JSON body.
    ///
    /// # Errors
    /// See [`ModelErrorKind`]; no message holds the key.
    pub async fn get(
        &self,
        url: Url,
        headers: &[(&'static str, String)],
        key: Option<&Secret>,
    ) -> Result<Answer, ModelError> {
        let request = self.client(&url)?.get(url);
        self.send(request, headers, key).await
    }

    fn client(&self, url: &Url) -> Result<&Client, ModelError> {
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let local = loopback || host == "localhost";
        let place = if local { &self.clients.local } else { &self.clients.outside };
        if let Some(client) = place.get() {
            return Ok(client);
        }
        let agent = concat!("bakeoff/", env!("CARGO_PKG_VERSION"));
        let builder =
            Client::builder().connect_timeout(CONNECT_TIMEOUT).redirect(Policy::none()).user_agent(agent);
        let built = if local { builder.no_proxy().build() } else { builder.build() };
        let built = built.map_err(|error| {
            failure(ModelErrorKind::Unsupported, format!("failed to set up HTTPS: {error}"))
        })?;
        Ok(place.get_or_init(|| built))
    }

    async fn send(
        &self,
        mut request: RequestBuilder,
        headers: &[(&'static str, String)],
        key: Option<&Secret>,
    ) -> Result<Answer, ModelError> {
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let result = async {
            let response = request.send().await.map_err(|error| broken(&error))?;
            self.read(response).await
        };
        result.await.map_err(|error| match key {
            Some(key) => ModelError { message: key.redact(&error.message), ..error },
            None => error,
        })
    }

    async fn read(&self, mut response: Response) -> Result<Answer, ModelError> {
        let status = response.status();
        if !status.is_success() {
            let headers = response.headers().clone();
            // What arrived before a broken or over-long body ended is enough for a message.
            let (body, _) = read_up_to(&mut response, LONGEST_ERROR).await;
            let body = String::from_utf8_lossy(&body);
            return Err(from_status(status.as_u16(), &headers, &body, SystemTime::now()));
        }
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or("nothing known").to_owned();
        let (body, end) = read_up_to(&mut response, self.largest_answer).await;
        let with_status = |error: ModelError| ModelError { status: Some(status.as_u16()), ..error };
        match end {
            End::Complete => {}
            End::TooLarge => return Err(with_status(self.too_large())),
            End::Broken(error) => return Err(with_status(broken(&error))),
        }
        let json: Value = serde_json::from_slice(&body).map_err(|_| {
            let message = format!("the answer is not JSON (content type: {content_type}); check base_url");
            with_status(failure(ModelErrorKind::Connection, message))
        })?;
        match from_good_status(status.as_u16(), &json) {
            Some(error) => Err(error),
            None => Ok(Answer { status: status.as_u16(), body }),
        }
    }

    fn too_large(&self) -> ModelError {
        let limit = self.largest_answer / 1024;
        let message = format!(
            "the answer is larger than {limit} KiB and was not read to its end; set max_output_tokens"
        );
        failure(ModelErrorKind::TooLarge, message)
    }
}

enum End {
    Complete,
    TooLarge,
    Broken(reqwest::Error),
}

/// Reads a body and keeps at most `limit` bytes of it.
async fn read_up_to(response: &mut Response, limit: usize) -> (Vec<u8>, End) {
    let promised = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut body = Vec::with_capacity(promised.min(limit));
    if promised > limit && response.status().is_success() {
        return (body, End::TooLarge);
    }
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = limit - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    return (body, End::TooLarge);
                }
            }
            Ok(None) => return (body, End::Complete),
            Err(error) => return (body, End::Broken(error)),
        }
    }
}

/// A connection that could not be made or broke. The address is left out of reqwest's text: ours are told already.
fn broken(error: &reqwest::Error) -> ModelError {
    let host =
        error.url().and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
    let host = host.unwrap_or_else(|| "the provider".to_owned());
    let mut reason = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        reason = cause.to_string();
        source = cause.source();
    }
    let message = if error.is_builder() {
        return failure(
            ModelErrorKind::Unsupported,
            format!("the request to {host} could not be built: {reason}"),
        );
    } else if error.is_connect() && error.is_timeout() {
        format!(
            "no connection to {host} within {} s; check the network and base_url",
            CONNECT_TIMEOUT.as_secs()
        )
    } else if error.is_connect() {
        format!("failed to connect to {host} ({reason}); check that it runs, and base_url")
    } else {
        format!("the connection to {host} broke ({reason})")
    };
    failure(ModelErrorKind::Connection, message)
}
