//! What goes in and what comes out.

use crate::Trouble;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// Bytes read at once.
const CHUNK: usize = 16 << 10;

/// The three pipes of a program.
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// Writes everything and closes stdin. A program that doesn't read it may do so.
pub(crate) async fn feed(mut stdin: ChildStdin, input: &[u8]) -> Result<(), Trouble> {
    // An error says that nobody reads any more, which is no error of the program.
    let _ = stdin.write_all(input).await;
    Ok(())
}

/// Reads everything, up to a limit.
pub(crate) async fn read(
    mut pipe: impl AsyncRead + Unpin,
    into: &mut Vec<u8>,
    most: usize,
) -> Result<(), Trouble> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = pipe.read(&mut chunk).await.map_err(|error| Trouble::Io(error.to_string()))?;
        if count == 0 {
            return Ok(());
        }
        if into.len() + count > most {
            return Err(Trouble::TooMuch);
        }
        into.extend_from_slice(&chunk[..count]);
    }
}

/// Reads everything and keeps the end.
pub(crate) async fn read_tail(mut pipe: impl AsyncRead + Unpin, into: &mut Tail) -> Result<(), Trouble> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = pipe.read(&mut chunk).await.map_err(|error| Trouble::Io(error.to_string()))?;
        if count == 0 {
            return Ok(());
        }
        into.add(&chunk[..count]);
    }
}

/// The end of a stream.
pub(crate) struct Tail {
    most: usize,
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Tail {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, bytes: Vec::new(), is_cut: false }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Twice as much is held, so that bytes are moved rarely.
        if self.bytes.len() > 2 * self.most {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let over = self.bytes.len().saturating_sub(self.most);
        self.is_cut |= over > 0;
        self.bytes.drain(..over);
    }

    /// As text; what is no UTF-8 becomes replacement characters.
    pub(crate) fn into_text(mut self) -> String {
        self.cut();
        let text = String::from_utf8_lossy(&self.bytes);
        if self.is_cut { format!("… (only the end is kept)\n{text}") } else { text.into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_keeps_exactly_the_end() {
        let mut tail = Tail::new(10);
        for number in 0..100 {
            tail.add(format!("{number:03}").as_bytes());
        }
        assert_eq!(tail.into_text(), "… (only the end is kept)\n6097098099");
        let mut short = Tail::new(10);
        short.add(b"0123456789");
        assert_eq!(short.into_text(), "0123456789");
    }
}
