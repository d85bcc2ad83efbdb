//! A model server on loopback that speaks the chat APIs of OpenAI, Anthropic, Gemini and Ollama, keeps every
//! request byte for byte, and misbehaves on request. It runs on a thread of its own, so it serves blocking tests,
//! asynchronous tests and other processes alike, and a test that pauses tokio's time doesn't stop it.

mod api;
mod listener;
mod record;
mod reply;
mod respond;

pub use record::RecordedRequest;
pub use reply::Reply;

use listener::{ConnectionHandle, MockListener};
use record::Journal;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How a server is set up.
#[derive(Debug, Clone, Copy)]
pub struct MockOptions {
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Every answer waits this long first.
    pub delay: Duration,
    /// Whether requests are kept. A bench with 100,000 of them only counts.
    pub keep_requests: bool,
}

impl Default for MockOptions {
    fn default() -> Self {
        Self { port: 0, delay: Duration::ZERO, keep_requests: true }
    }
}

type Rule = dyn Fn(&RecordedRequest) -> Option<Reply> + Send + Sync;

struct Shared {
    options: MockOptions,
    journal: Journal,
    rule: Box<Rule>,
}

/// A running server; dropping it closes every connection.
///
/// What a request gets: the scripted reply of its number if there is one, else what the rule says, else the label
/// between `[[answer:` and `]]` in the request, else `ok`. `GET` of a model list, `/count` and `/repeated` always
/// work and are not counted. Calls of MLflow's REST API are for the rule alone.
pub struct MockServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl MockServer {
    /// A server that answers every request well.
    pub fn start() -> Self {
        Self::with_rule(|_| None)
    }

    /// A server that gives these replies by request number, and answers every later request well.
    pub fn scripted(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        Self::with_rule(move |request| replies.get(request.number).cloned())
    }

    /// A server that gives the same reply to every request.
    pub fn always(reply: Reply) -> Self {
        Self::with_rule(move |_| Some(reply.clone()))
    }

    /// A server whose replies are a function of the request; `None` answers well.
    pub fn with_rule(rule: impl Fn(&RecordedRequest) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self::with_options(MockOptions::default(), rule)
    }

    /// The same with options.
    ///
    /// # Panics
    /// When the port can't be bound on loopback.
    pub fn with_options(
        options: MockOptions,
        rule: impl Fn(&RecordedRequest) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .expect("a loopback port for the mock server can be bound");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared =
            Arc::new(Shared { options, journal: Journal::new(options.keep_requests), rule: Box::new(rule) });
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve(listener, served, stopped));
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base of the OpenAI-compatible API: the address with `/v1`.
    pub fn openai_url(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Model calls so far (lists of models are not counted).
    pub fn count(&self) -> usize {
        self.shared.journal.count()
    }

    /// Model calls whose path and body had been seen before.
    pub fn repeated(&self) -> usize {
        self.shared.journal.repeated()
    }

    /// Model calls so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.journal.requests()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may already be gone; then there is nothing to stop.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic inside the server has been printed by its own thread.
            let _ = thread.join();
        }
    }
}

fn serve(listener: std::net::TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the mock server can be built");
    runtime.block_on(async move {
        let listener = MockListener::new(listener).expect("a listening socket can be used by tokio");
        let app = axum::Router::new()
            .fallback(respond::handle)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(shared)
            .into_make_service_with_connect_info::<ConnectionHandle>();
        tokio::select! {
            result = axum::serve(listener, app) => result.expect("serving on loopback goes on until it is stopped"),
            _ = stopped => {}
        }
    });
}
