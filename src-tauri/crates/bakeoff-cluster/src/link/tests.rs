use super::*;
use std::time::Duration;
use tokio::time::timeout;

/// Answers each chunk with itself.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.into_split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn link() -> Link {
    let link = Link::open().expect("a port");
    link.set_target(Some(echo().await));
    link
}

async fn connect(link: &Link) -> io::Result<TcpStream> {
    let mut last = Err(io::Error::other("not tried"));
    // A link that was just opened listens a moment later.
    for _ in 0..1000 {
        last = TcpStream::connect((Ipv4Addr::LOCALHOST, link.port())).await;
        if last.is_ok() {
            break;
        }
        tokio::task::yield_now().await;
    }
    last
}

async fn ask(stream: &mut TcpStream, text: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(text).await?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

const SHORT: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn bytes_pass_in_order_and_the_end_passes_too() {
    let link = link().await;
    let mut stream = connect(&link).await.expect("it listens");
    let sent: Vec<u8> = (0..400_000_u32).map(|number| (number % 251) as u8).collect();
    let (mut from, mut to) = stream.split();
    let write = async {
        to.write_all(&sent).await.expect("it takes them");
        to.shutdown().await.expect("it ends");
    };
    let read = async {
        let mut received = Vec::new();
        from.read_to_end(&mut received).await.expect("it ends");
        received
    };
    let ((), received) = timeout(LONG, async { tokio::join!(write, read) }).await.expect("in time");
    assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
}

#[tokio::test]
async fn jitter_and_its_end_keep_the_order() {
    let link = link().await;
    let mut stream = connect(&link).await.expect("it listens");
    link.set_mode(LinkMode::Delay { ms: 40, jitter_ms: 40 });
    let (mut from, mut to) = stream.split();
    let write = async {
        for number in 0..60_u8 {
            to.write_all(&[number]).await.expect("it takes them");
            // So that each is a chunk of its own.
            tokio::task::yield_now().await;
            if number == 40 {
                link.set_mode(LinkMode::Pass);
            }
        }
    };
    let read = async {
        let mut received = [0; 60];
        from.read_exact(&mut received).await.expect("all arrive");
        received
    };
    let ((), received) = timeout(LONG, async { tokio::join!(write, read) }).await.expect("in time");
    assert!(received.is_sorted(), "{received:?}");
}

#[tokio::test]
async fn a_delay_holds_for_open_connections_and_new_ones() {
    let link = link().await;
    let mut open = connect(&link).await.expect("it listens");
    ask(&mut open, b"quick").await.expect("an answer");
    link.set_mode(LinkMode::Delay { ms: 120, jitter_ms: 0 });
    let mut new = connect(&link).await.expect("it listens");
    for stream in [&mut open, &mut new] {
        let start = Instant::now();
        assert_eq!(ask(stream, b"late").await.expect("an answer"), b"late");
        assert!(start.elapsed() >= Duration::from_millis(118), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn silence_holds_for_all_and_its_end_closes_what_was_held() {
    let link = link().await;
    let mut open = connect(&link).await.expect("it listens");
    ask(&mut open, b"before").await.expect("an answer");
    link.set_mode(LinkMode::Blackhole);
    // The system takes the connection for us and nobody ever speaks on it.
    let mut new = connect(&link).await.expect("the system accepts");
    assert!(timeout(SHORT, ask(&mut open, b"lost")).await.is_err(), "no answer and no error");
    assert!(timeout(SHORT, ask(&mut new, b"lost")).await.is_err(), "no answer and no error");

    link.set_mode(LinkMode::Pass);
    for stream in [&mut open, &mut new] {
        let ended = timeout(LONG, stream.read(&mut [0; 16])).await.expect("it ends");
        assert!(
            ended.is_err() || ended.is_ok_and(|length| length == 0),
            "what was held is closed, not delivered"
        );
    }
    let mut after = connect(&link).await.expect("it listens");
    assert_eq!(
        timeout(LONG, ask(&mut after, b"after")).await.expect("in time").expect("an answer"),
        b"after"
    );
}

#[tokio::test]
async fn silence_takes_no_more_than_the_buffers_of_the_system() {
    let link = link().await;
    let mut stream = connect(&link).await.expect("it listens");
    ask(&mut stream, b"before").await.expect("an answer");
    link.set_mode(LinkMode::Blackhole);
    let chunk = vec![0; 1 << 20];
    let endless = async {
        loop {
            stream.write_all(&chunk).await.expect("it is open");
        }
    };
    assert!(timeout(Duration::from_millis(500), endless).await.is_err(), "the sender is held up");
}

#[tokio::test]
async fn reset_and_refuse_are_different_and_end_open_connections() {
    let link = link().await;
    for (mode, accepts) in [(LinkMode::Reset, true), (LinkMode::Refuse, false)] {
        let mut open = connect(&link).await.expect("it listens");
        ask(&mut open, b"before").await.expect("an answer");
        link.set_mode(mode);
        let error = timeout(LONG, open.read(&mut [0; 16])).await.expect("in time").expect_err("it is reset");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{mode:?}");
        if accepts {
            let mut new = connect(&link).await.expect("it is accepted");
            let error =
                timeout(LONG, new.read(&mut [0; 16])).await.expect("in time").expect_err("it is reset");
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        } else {
            let refused =
                TcpStream::connect((Ipv4Addr::LOCALHOST, link.port())).await.expect_err("nobody listens");
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        }
        link.set_mode(LinkMode::Pass);
    }
    let mut after = connect(&link).await.expect("it listens at the same port");
    ask(&mut after, b"after").await.expect("an answer");
}

#[tokio::test]
async fn a_link_to_nobody_refuses_and_its_port_stays_its_own() {
    let link = Link::open().expect("a port");
    let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, link.port())).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    #[cfg(target_os = "linux")]
    {
        let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("another port");
        assert_ne!(taken.local_addr().expect("an address").port(), link.port());
    }
    link.set_target(Some(echo().await));
    let mut stream = connect(&link).await.expect("it listens");
    assert_eq!(ask(&mut stream, b"hello").await.expect("an answer"), b"hello");
    link.set_target(None);
    let ended = timeout(LONG, stream.read(&mut [0; 16])).await.expect("in time");
    assert!(ended.is_err(), "the node is gone: its connections are reset");
}
