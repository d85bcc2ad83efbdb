//! An API of its own for each test, and a client.

use crate::support::Place;
use bakeoff::http::{Limits, Options, Server, Token, start};
use bakeoff_service::{Service, ServiceOptions};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// The token of every test.
pub const TOKEN: &str = "the-token-of-the-tests";

/// Far more than any answer takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// A served workspace.
pub struct Api {
    // Ends before what it serves.
    pub server: Server,
    pub service: Arc<Service>,
    pub place: Place,
    pub runtime: Runtime,
    pub client: Client,
}

impl Api {
    /// The starter workspace, with the usual limits.
    pub fn starter() -> Self {
        Self::of(Place::starter(), Limits::default())
    }

    /// A workspace with these limits.
    pub fn of(place: Place, limits: Limits) -> Self {
        let options = ServiceOptions {
            config_folder: place.root().join("config"),
            program: PathBuf::from(env!("CARGO_BIN_EXE_bakeoff")),
        };
        let service = Arc::new(Service::open(&place.path(""), options).expect("the workspace opens"));
        let open = Arc::clone(&service);
        let server =
            start(Arc::new(move || Some(Arc::clone(&open))), options_of(limits)).expect("a free port");
        let runtime = Runtime::new().expect("threads can be started");
        Self { server, service, place, runtime, client: client() }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// A request with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(TOKEN)
    }

    /// A request without a token.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.server.url()))
    }

    /// Sends it.
    pub fn send(&self, request: RequestBuilder) -> Answer {
        self.runtime.block_on(answer_of(request))
    }

    /// GET with the token.
    pub fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path))
    }

    /// POST with the token.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body))
    }

    /// A raw connection, whose reads end after a while.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time limit can be set");
        stream
    }

    /// Sends bytes as they are and reads until the server closes.
    pub fn raw(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("it reads");
        read_to_end(stream)
    }
}

/// What a connection says until it is closed.
pub fn read_to_end(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let ended = stream.read_to_end(&mut bytes);
    let timed_out = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
    assert!(!timed_out, "the server keeps the connection: {}", String::from_utf8_lossy(&bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// On a free loopback port.
pub fn options_of(limits: Limits) -> Options {
    let token = Token::new(TOKEN).expect("it is long enough");
    Options { bind: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 0, token, limits }
}

/// A client that uses no proxy of the machine, and a connection for each request: one that the server is about to close
/// must not be used again.
pub fn client() -> Client {
    Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(DEADLINE).build().expect("a client")
}

/// Sends a request and reads the answer.
pub async fn answer_of(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap_or_else(|error| panic!("no answer: {error:?}"));
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap_or_else(|error| panic!("a broken answer: {error:?}"));
    Answer { status, headers, text }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub fn good(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["ok"], true, "{body:#}");
        body
    }

    /// The error, if it is this one in the envelope.
    #[track_caller]
    pub fn error(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        assert_eq!(
            (&body["ok"], &body["error"]["code"]),
            (&Value::from(false), &Value::from(code)),
            "{body:#}"
        );
        let message = body["error"]["message"].as_str().expect("an error says what is wrong");
        assert!(!message.is_empty(), "an error says what is wrong");
        body["error"].clone()
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
