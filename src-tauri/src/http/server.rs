//! Sockets: connections with time limits, and a clean end.

use super::guard::Names;
use super::routes;
use super::state::{ApiState, OpenWorkspace};
use super::token::Token;
use axum::Router;
use bakeoff_service::dto::{ErrorCode, ServiceError};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What a caller may take up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time; more wait.
    pub connections: usize,
    /// For a request's headers, and between two requests of a connection.
    pub header_time: Duration,
    /// For a request's body.
    pub body_time: Duration,
    /// Of a request's body.
    pub body_bytes: usize,
    /// For an answer to begin.
    pub request: Duration,
    /// At the end of the program, for answers that are being written.
    pub end: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            header_time: Duration::from_secs(15),
            body_time: Duration::from_secs(15),
            body_bytes: 1024 * 1024,
            request: Duration::from_secs(60),
            end: Duration::from_secs(3),
        }
    }
}

/// How to serve.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address to listen on; loopback unless somebody wants otherwise.
    pub bind: IpAddr,
    /// The port; 0: any that is free.
    pub port: u16,
    /// What callers must show.
    pub token: Token,
    /// What they may take up.
    pub limits: Limits,
}

/// A running API. Dropping it ends it: no new request is taken, and answers that are being written have some seconds.
/// Must not be dropped on an async thread.
pub struct Server {
    address: SocketAddr,
    end: CancellationToken,
    patience: Duration,
    /// Threads of its own, so that it can't hold up a run, nor a run it; until the end.
    running: Option<(Runtime, JoinHandle<()>)>,
}

/// Starts serving; returns once the port is open.
///
/// # Errors
/// The address can't be listened on: another program has the port, or it is none of this machine's.
pub fn start(workspace: OpenWorkspace, options: Options) -> Result<Server, ServiceError> {
    let unavailable = |what: &str, error: &std::io::Error| {
        let wanted = SocketAddr::new(options.bind, options.port);
        ServiceError::new(ErrorCode::Unavailable, format!("failed to {what} {wanted}: {error}")).with_hint(
            "choose another port (--port 0 takes any that is free), or end the program that has it",
        )
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .thread_name("bakeoff-http")
        .build()
        .map_err(|error| unavailable("start threads for", &error))?;
    let listener = runtime.block_on(TcpListener::bind((options.bind, options.port)));
    let listener = listener.map_err(|error| unavailable("listen on", &error))?;
    let address = listener.local_addr().map_err(|error| unavailable("listen on", &error))?;
    let end = CancellationToken::new();
    let state = ApiState {
        workspace,
        token: options.token,
        names: Names::of(address),
        limits: options.limits,
        end: end.clone(),
    };
    let serving = runtime.spawn(serve(listener, routes::router(state), options.limits, end.clone()));
    Ok(Server { address, end, patience: options.limits.end, running: Some((runtime, serving)) })
}

impl Server {
    /// The address it listens on, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where to call it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end.cancel();
        if let Some((runtime, serving)) = self.running.take() {
            // `serve` has its own time limit; the task's only other end is a panic, which is over, too.
            let _ = runtime.block_on(serving);
            // Use cases that are still at work, which hold the workspace open.
            runtime.shutdown_timeout(self.patience);
        }
    }
}

async fn serve(listener: TcpListener, router: Router, limits: Limits, end: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = end.cancelled() => break,
        };
        let Some((stream, place)) = accepted else { continue };
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(limits.header_time);
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A connection that breaks off concerns nobody but its caller.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(limits.end, graceful.shutdown()).await;
}

/// The next connection, once there is a place for it. `None`: it broke off at once, or there is no file handle for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Answers are small and whole.
            let _ = stream.set_nodelay(true);
            Some((stream, place))
        }
        Err(_) => {
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
