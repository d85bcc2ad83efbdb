//! The host role: one process for an instance, which owns its links and its node processes and clears everything away
//! when the program that controls it is gone.

mod cluster;
mod commands;
mod slot;

use crate::process;
use crate::protocol::{Command, HostOptions, Reply, Request};
use cluster::{Event, Host};
use std::io::{BufRead, Write};
use std::process::ExitCode;
use tokio::sync::{mpsc, watch};

/// Runs a host: reads its options and then requests as JSON lines from standard input, and answers on standard
/// output. It ends, with all its nodes and its folder, on a shutdown request, when standard input ends, or on SIGTERM.
///
/// It must be called from the program's main thread: on Linux nodes die with the *thread* that started them.
#[must_use]
pub fn host_main() -> ExitCode {
    process::leave_session();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime needs no more than a few descriptors");
    runtime.block_on(run())
}

async fn run() -> ExitCode {
    let (options, mut requests, gone) = match read_stdin() {
        Ok(input) => input,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let (events, mut happened) = mpsc::unbounded_channel();
    let mut host = match Host::new(options, events) {
        Ok(host) => host,
        Err(problem) => {
            reply(0, Err(problem));
            return ExitCode::FAILURE;
        }
    };
    let ended = tokio::select! {
        started = host.start() => {
            let failed = started.is_err();
            reply(0, started);
            failed
        }
        () = over(gone.clone()) => true,
    };
    if !ended {
        tokio::select! {
            () = serve(&mut host, &mut requests, &mut happened) => {}
            () = over(gone) => {}
        }
    }
    match host.clear().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the instance's folder can't be removed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(
    host: &mut Host,
    requests: &mut mpsc::UnboundedReceiver<Request>,
    happened: &mut mpsc::UnboundedReceiver<Event>,
) {
    loop {
        tokio::select! {
            Some(event) = happened.recv() => host.notice(event).await,
            request = requests.recv() => match request {
                Some(Request { id, command: Command::Shutdown }) => {
                    // The answer is the end of the process.
                    let _ = id;
                    return;
                }
                Some(Request { id, command }) => reply(id, commands::run(host, command).await),
                None => return,
            },
        }
    }
}

fn reply(id: u64, result: Result<serde_json::Value, String>) {
    let reply = serde_json::to_string(&Reply { id, result });
    let mut out = std::io::stdout().lock();
    // Nobody reads any more: standard input ends too.
    let _ = reply.map(|line| writeln!(out, "{line}").and_then(|()| out.flush()));
}

type Input = (HostOptions, mpsc::UnboundedReceiver<Request>, watch::Receiver<bool>);

/// The options, the requests, and whether standard input has ended.
fn read_stdin() -> Result<Input, String> {
    let mut first = String::new();
    std::io::stdin().lock().read_line(&mut first).map_err(|error| error.to_string())?;
    let options = serde_json::from_str(&first)
        .map_err(|error| format!("the first line must be the options: {error}"))?;
    let (requests, received) = mpsc::unbounded_channel();
    let (ended, gone) = watch::channel(false);
    let read = move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str::<Request>(&line) {
                Ok(request) => drop(requests.send(request)),
                // Whoever sent it waits for an answer that says so.
                Err(error) => {
                    let id = serde_json::from_str::<serde_json::Value>(&line)
                        .ok()
                        .and_then(|line| line["id"].as_u64());
                    reply(id.unwrap_or(0), Err(format!("not a request: {error}")));
                }
            }
        }
        ended.send_replace(true);
    };
    let thread = std::thread::Builder::new().name("requests".into()).stack_size(256 << 10).spawn(read);
    thread.map_err(|error| error.to_string())?;
    Ok((options, received, gone))
}

/// Until nobody controls this process any more.
async fn over(mut gone: watch::Receiver<bool>) {
    let ended = async {
        // An error means that the reading thread is gone.
        let _ = gone.wait_for(|gone| *gone).await;
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = ended => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    ended.await;
}
