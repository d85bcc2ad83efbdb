//! `bakeoff serve`: the local HTTP API, until Ctrl-C or SIGTERM.

use super::output::{Output, data, talk};
use super::{CliResult, DONE};
use crate::http::{Limits, OpenWorkspace, Options, Token, start};
use bakeoff_service::dto::{KeySource, ServiceError};
use bakeoff_service::{API_TOKEN_VARIABLE, ApiToken, Secret, Service, random_api_token};
use serde_json::json;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The port; 0 takes any that is free.
    #[arg(short, long, default_value_t = 8765)]
    port: u16,
    /// The address to listen on. Any but a loopback address lets other machines in.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// The token is in this file; where there is none, a new token is written into it, readable only by you. Without it:
    /// BAKEOFF_API_TOKEN, else the keychain, else a new one, which is shown once.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Make a new token in the place of the one in the keychain, and show it.
    #[arg(long, conflicts_with = "token_file")]
    new_token: bool,
}

/// Serves until it is told to end.
pub fn run(service: Service, arguments: &Arguments, output: &Output) -> CliResult {
    let service = Arc::new(service);
    let shown = token(&service, arguments)?;
    let signals = Signals::new()?;
    let workspace: OpenWorkspace = {
        let service = Arc::clone(&service);
        Arc::new(move || Some(Arc::clone(&service)))
    };
    let options = Options {
        bind: arguments.bind,
        port: arguments.port,
        token: Token::new(shown.token.secret.expose())?,
        limits: Limits::default(),
    };
    let server = start(workspace, options)?;
    if !arguments.bind.is_loopback() {
        talk(&format!(
            "caution: every machine that reaches {} can call this API, and the token goes over the network unencrypted",
            server.address()
        ));
    }
    service.start_queue_worker();
    tell(&server.url(), server.address().port(), &shown, output);
    signals.wait();
    talk("ending: runs that are going on are stopped and recorded …");
    drop(server);
    service.stop_queue_worker();
    drop(service);
    Ok(DONE)
}

/// The token, and whether somebody must be told of it.
struct Shown {
    token: ApiToken,
    is_new: bool,
    /// The file that it is in.
    file: Option<PathBuf>,
}

fn token(service: &Service, arguments: &Arguments) -> Result<Shown, ServiceError> {
    if let Some(file) = &arguments.token_file {
        return token_in(file);
    }
    if !arguments.new_token
        && let Some(token) = service.api_token()
    {
        return Ok(Shown { token, is_new: false, file: None });
    }
    if std::env::var_os(API_TOKEN_VARIABLE).is_some_and(|value| !value.is_empty()) {
        return Err(ServiceError::bad_input(format!("{API_TOKEN_VARIABLE} says the token already"))
            .with_hint("unset it, or leave out --new-token"));
    }
    Ok(Shown { token: service.new_api_token(), is_new: true, file: None })
}

fn token_in(file: &Path) -> Result<Shown, ServiceError> {
    let shown = |secret, source, is_new| Shown {
        token: ApiToken { secret, source },
        is_new,
        file: Some(file.to_owned()),
    };
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(shown(Secret::new(text.trim()), KeySource::Environment, false)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let made = random_api_token();
            write_private(file, made.expose())
                .map_err(|error| ServiceError::io("write the token into", file, &error))?;
            Ok(shown(made, KeySource::Environment, true))
        }
        Err(error) => Err(ServiceError::io("read the token in", file, &error)),
    }
}

/// Writes a new file that only its owner can read.
fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn tell(url: &str, port: u16, shown: &Shown, output: &Output) {
    let text = shown.token.secret.expose();
    // A token that is in a file is not repeated where others may look.
    let new = (shown.is_new && shown.file.is_none()).then_some(text);
    output.print(
        &json!({"url": url, "port": port, "documentation": format!("{url}/api/docs"), "token": new}),
        || {
            data(&format!("listening on {url}"));
            if let Some(text) = new {
                data(&format!("token: {text}"));
            }
        },
    );
    talk(&format!("documentation: {url}/api/docs; Ctrl-C ends it"));
    match (&shown.file, new, shown.token.source) {
        (Some(file), ..) => talk(&format!("the token is in {}", file.display())),
        (None, Some(_), KeySource::Keychain) => {
            talk("the token is shown only now; it is kept in the keychain for the next start");
        }
        (None, Some(_), _) => talk(&format!(
            "the token is shown only now and ends with this program: there is no keychain; set {API_TOKEN_VARIABLE} for a lasting one"
        )),
        (None, None, KeySource::Keychain) => {
            talk("the token is the one in the keychain; --new-token makes and shows a new one");
        }
        (None, None, _) => talk(&format!("the token is what {API_TOKEN_VARIABLE} says")),
    }
}

/// What ends a server. Listened for from the start, so that none is missed.
struct Signals {
    runtime: Runtime,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, ServiceError> {
        let failed = |error: std::io::Error| ServiceError::io("listen for", Path::new("Ctrl-C"), &error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let inside = runtime.enter();
            let terminate = signal(SignalKind::terminate()).map_err(failed)?;
            let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
            drop(inside);
            Ok(Self { runtime, terminate, interrupt })
        }
        #[cfg(not(unix))]
        Ok(Self { runtime })
    }

    /// Waits for the first one.
    #[cfg(unix)]
    fn wait(mut self) {
        let (terminate, interrupt) = (&mut self.terminate, &mut self.interrupt);
        self.runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
    }

    /// Waits for Ctrl-C.
    #[cfg(not(unix))]
    fn wait(self) {
        // Without a console nobody can press it; then the program is ended otherwise.
        let _ = self.runtime.block_on(tokio::signal::ctrl_c());
    }
}
