//! Where genai hands over its request and gets the answer back.
//!
//! genai 0.7 builds requests and reads answers only inside `exec_chat`, which also sends them: it reads bodies without
//! a limit, drops headers, and its connector can't be wrapped. So genai talks to this desk, a loopback port of this
//! process, and our own transport talks to the provider. The desk knows no provider and no key: it only passes a
//! request's body to the call that waits for it, by an unguessable ticket, and the answer's body back.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// No head of a request from genai is nearly as long.
const LONGEST_HEAD: usize = 64 * 1024;
/// No prompt is nearly as long.
const LONGEST_BODY: usize = 512 * 1024 * 1024;

/// A request of genai, waiting for its answer.
pub struct Asked {
    /// The request's JSON.
    pub body: Vec<u8>,
    answer: oneshot::Sender<Vec<u8>>,
}

impl Asked {
    /// Gives genai the JSON of a good answer.
    pub fn answer(self, body: Vec<u8>) {
        // genai may have been dropped meanwhile; then nobody needs the answer.
        let _ = self.answer.send(body);
    }
}

type Waiting = Mutex<HashMap<String, oneshot::Sender<Asked>>>;

/// The open desk. It closes when dropped.
pub struct Desk {
    port: u16,
    waiting: Arc<Waiting>,
    tickets: Tickets,
    server: tokio::task::JoinHandle<()>,
}

/// A call's place at the desk; given back when dropped.
pub struct Ticket {
    /// The address to give to genai.
    pub address: String,
    /// Gets the request once genai has built it.
    pub asked: oneshot::Receiver<Asked>,
    number: String,
    waiting: Arc<Waiting>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.waiting).remove(&self.number);
    }
}

impl Desk {
    /// Opens the desk on a free loopback port, inside the current tokio runtime.
    pub async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let waiting = Arc::new(Waiting::default());
        let server = tokio::spawn(accept(listener, Arc::clone(&waiting)));
        Ok(Self { port, waiting, tickets: Tickets::default(), server })
    }

    /// A place for one call.
    pub fn ticket(&self) -> Ticket {
        let (sender, asked) = oneshot::channel();
        let number = self.tickets.next();
        lock(&self.waiting).insert(number.clone(), sender);
        let address = format!("http://127.0.0.1:{}/{number}/", self.port);
        Ticket { address, asked, number, waiting: Arc::clone(&self.waiting) }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Numbers that another process can't guess: the hash keys come from the operating system's randomness.
#[derive(Default)]
struct Tickets {
    count: AtomicU64,
    keys: [RandomState; 2],
}

impl Tickets {
    fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let hash = |keys: &RandomState| {
            let mut hasher = keys.build_hasher();
            hasher.write_u64(count);
            hasher.finish()
        };
        format!("{:016x}{:016x}", hash(&self.keys[0]), hash(&self.keys[1]))
    }
}

async fn accept(listener: TcpListener, waiting: Arc<Waiting>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&waiting)));
            }
            // Out of file descriptors: leave time for connections to end.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One kept-alive connection; anything unexpected closes it.
async fn serve(stream: TcpStream, waiting: Arc<Waiting>) {
    // Without it small answers would wait for an acknowledgement; a failure only costs time.
    let _ = stream.set_nodelay(true);
    let mut stream = BufStream::new(stream);
    while serve_one(&mut stream, &waiting).await.is_some() {}
}

async fn serve_one(stream: &mut BufStream<TcpStream>, waiting: &Waiting) -> Option<()> {
    let (number, length) = read_head(stream).await?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let caller = lock(waiting).remove(&number)?;
    let (answer, answered) = oneshot::channel();
    caller.send(Asked { body, answer }).ok()?;
    let body = answered.await.ok()?;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(&body).await.ok()?;
    stream.flush().await.ok()
}

/// The ticket's number (the first part of the path) and the body's length.
async fn read_head(stream: &mut BufStream<TcpStream>) -> Option<(String, usize)> {
    let mut head = stream.take(LONGEST_HEAD as u64);
    let mut line = String::new();
    head.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    let number = line.split(' ').nth(1)?.split('/').nth(1)?.to_owned();
    let mut length = None;
    loop {
        line.clear();
        head.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        let header = line.trim_end();
        if header.is_empty() {
            return Some((number, length.filter(|length| *length <= LONGEST_BODY)?));
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stranger_without_a_ticket_gets_nothing() {
        let desk = Desk::open().await.expect("a desk");
        let ticket = desk.ticket();
        let mut stream = TcpStream::connect(("127.0.0.1", desk.port)).await.expect("a connection");
        let request = "POST /0000/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("closed");
        assert!(answer.is_empty());
        assert_eq!(lock(&ticket.waiting).len(), 1, "the waiting call is untouched");
        drop(ticket);
        assert!(lock(&desk.waiting).is_empty());
    }

    #[test]
    fn no_ticket_is_like_another() {
        let tickets = Tickets::default();
        let numbers: std::collections::HashSet<String> = (0..1_000).map(|_| tickets.next()).collect();
        assert_eq!(numbers.len(), 1_000);
        assert_ne!(Tickets::default().next(), Tickets::default().next());
    }
}
