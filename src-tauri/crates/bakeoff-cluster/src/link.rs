//! A link: a TCP proxy of one direction (who opens connections to whom) that can be disturbed.
//!
//! What a link does is one value that is looked at before every read and every write, so a change holds for
//! connections that exist and for new ones at the same moment.

use crate::protocol::LinkMode;
use rand::RngExt;
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

/// The most bytes that are read at once.
const CHUNK: usize = 16 << 10;
/// The most chunks of a connection that wait for their time; then nothing more is read.
const WAITING: usize = 256;
const BACKLOG: u32 = 256;

/// A link's state, as one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    mode: LinkMode,
    /// Where the node listens; `None`: it does not run, so nobody listens here either.
    target: Option<SocketAddr>,
    /// Connections and waiting callers of an earlier number are closed.
    epoch: u64,
}

impl State {
    fn is_open(&self) -> bool {
        self.target.is_some() && self.mode != LinkMode::Refuse
    }

    /// When a chunk that is read now is to be sent.
    fn due(&self) -> Instant {
        let LinkMode::Delay { ms, jitter_ms } = self.mode else { return Instant::now() };
        let (least, most) = (ms.saturating_sub(jitter_ms), ms.saturating_add(jitter_ms));
        let ms = if jitter_ms == 0 { ms } else { rand::rng().random_range(least..=most) };
        Instant::now() + Duration::from_millis(u64::from(ms))
    }
}

/// A link of this process. Dropping it closes it and everything in it.
#[derive(Debug)]
pub(crate) struct Link {
    port: u16,
    state: watch::Sender<State>,
}

impl Link {
    /// A link on a free port of 127.0.0.1 that leads nowhere yet.
    ///
    /// # Errors
    /// No port can be had.
    pub(crate) fn open() -> io::Result<Self> {
        let reserved = Reservation::new()?;
        let port = reserved.port;
        let (state, watched) = watch::channel(State { mode: LinkMode::Pass, target: None, epoch: 0 });
        tokio::spawn(serve(reserved, watched));
        Ok(Self { port, state })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn mode(&self) -> LinkMode {
        self.state.borrow().mode
    }

    /// Changes what the link does. Connections survive only changes between passing and delaying, and going into
    /// [`LinkMode::Blackhole`].
    pub(crate) fn set_mode(&self, mode: LinkMode) {
        let keeps = |mode| matches!(mode, LinkMode::Pass | LinkMode::Delay { .. });
        self.state.send_if_modified(|state| {
            let changed = state.mode != mode;
            let survives = keeps(state.mode) && (keeps(mode) || mode == LinkMode::Blackhole);
            state.epoch += u64::from(changed && !survives);
            state.mode = mode;
            changed
        });
    }

    /// Tells where the node listens now.
    pub(crate) fn set_target(&self, target: Option<SocketAddr>) {
        self.state.send_if_modified(|state| {
            let changed = state.target != target;
            state.epoch += u64::from(changed);
            state.target = target;
            changed
        });
    }
}

/// A port that stays ours while nobody listens on it.
struct Reservation {
    port: u16,
    /// Bound and never listening: connections are refused, and the system gives the port to nobody else. Systems
    /// other than Linux let no second socket listen beside it, so there the port is only hoped to stay free.
    #[cfg(target_os = "linux")]
    _socket: TcpSocket,
}

impl Reservation {
    fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let port = socket.local_addr()?.port();
        Ok(Self {
            port,
            #[cfg(target_os = "linux")]
            _socket: socket,
        })
    }

    fn listen(&self) -> io::Result<TcpListener> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, self.port).into())?;
        socket.listen(BACKLOG)
    }
}

/// Listens while the state is open, until the link is dropped.
async fn serve(reserved: Reservation, mut state: watch::Receiver<State>) {
    loop {
        let now = *state.borrow_and_update();
        if now.is_open() {
            // A port that can't be listened on looks like a refusing link; the next change tries again.
            if let Ok(listener) = reserved.listen() {
                if accept(&listener, now.epoch, &mut state).await.is_err() {
                    return;
                }
                continue;
            }
        }
        if state.changed().await.is_err() {
            return;
        }
    }
}

/// Accepts until the epoch changes; closing the listener then resets whoever still waits to be accepted.
async fn accept(
    listener: &TcpListener,
    epoch: u64,
    state: &mut watch::Receiver<State>,
) -> Result<(), watch::error::RecvError> {
    loop {
        let now = *state.borrow_and_update();
        if now.epoch != epoch || !now.is_open() {
            return Ok(());
        }
        if now.mode == LinkMode::Blackhole {
            state.changed().await?;
            continue;
        }
        tokio::select! {
            changed = state.changed() => changed?,
            accepted = listener.accept() => {
                if let Ok((caller, _)) = accepted {
                    tokio::spawn(connection(caller, now, state.clone()));
                } else {
                    // Out of descriptors, perhaps: not in a tight loop.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

/// One connection, from its first byte until one side or the link ends it.
async fn connection(mut caller: TcpStream, accepted: State, state: watch::Receiver<State>) {
    let mut node = None;
    if accepted.mode != LinkMode::Reset
        && let Some(target) = accepted.target
    {
        node = TcpStream::connect(target).await.ok();
    }
    let ended = match &mut node {
        Some(node) => {
            // Small messages go out at once, as the programs at both ends want it.
            let _ = (caller.set_nodelay(true), node.set_nodelay(true));
            let ((from_caller, to_caller), (from_node, to_node)) = (caller.split(), node.split());
            let there = carry(from_caller, to_node, true, accepted.epoch, state.clone());
            let back = carry(from_node, to_caller, false, accepted.epoch, state);
            tokio::try_join!(there, back).is_ok()
        }
        None => false,
    };
    if !ended {
        // Both ends see that the connection broke, not that it ended.
        let _ = caller.set_zero_linger();
        if let Some(node) = node {
            let _ = node.set_zero_linger();
        }
    }
}

/// The connection is to be reset.
struct Broken;

/// Carries bytes in one direction until they end.
async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    delays: bool,
    epoch: u64,
    mut state: watch::Receiver<State>,
) -> Result<(), Broken> {
    let mut waiting: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut buffer = vec![0; CHUNK];
    let mut ended = false;
    loop {
        let now = *state.borrow_and_update();
        if now.epoch != epoch {
            return Err(Broken);
        }
        if now.mode == LinkMode::Blackhole {
            state.changed().await.map_err(|_| Broken)?;
            continue;
        }
        let first = waiting.front().map(|(due, _)| *due);
        if ended && first.is_none() {
            let _ = to.shutdown().await;
            return Ok(());
        }
        tokio::select! {
            biased;
            changed = state.changed() => changed.map_err(|_| Broken)?,
            () = tokio::time::sleep_until(first.unwrap_or_else(Instant::now)), if first.is_some() => {
                if let Some((_, chunk)) = waiting.pop_front() {
                    write(&mut to, &chunk, epoch, &mut state).await?;
                }
            }
            read = from.read(&mut buffer), if !ended && waiting.len() < WAITING => {
                let length = read.map_err(|_| Broken)?;
                // The state of this moment, not of before the wait.
                let now = *state.borrow();
                ended = length == 0;
                if length > 0 {
                    let chunk = &buffer[..length];
                    let holds = now.epoch != epoch || now.mode == LinkMode::Blackhole;
                    let slow = delays && matches!(now.mode, LinkMode::Delay { .. });
                    if holds || slow || !waiting.is_empty() {
                        let due = if slow { now.due() } else { Instant::now() };
                        // Jitter and a change of mode never reorder bytes.
                        let due = waiting.back().map_or(due, |(last, _)| due.max(*last));
                        waiting.push_back((due, chunk.to_vec()));
                    } else {
                        write(&mut to, chunk, epoch, &mut state).await?;
                    }
                }
            }
        }
    }
}

/// Writes a chunk, unless the link is closed meanwhile.
async fn write(
    to: &mut WriteHalf<'_>,
    chunk: &[u8],
    epoch: u64,
    state: &mut watch::Receiver<State>,
) -> Result<(), Broken> {
    let closed = async {
        // A link that is dropped closes too.
        let _ = state.wait_for(|state| state.epoch != epoch).await;
    };
    tokio::select! {
        written = to.write_all(chunk) => written.map_err(|_| Broken),
        () = closed => Err(Broken),
    }
}

#[cfg(test)]
mod tests;
