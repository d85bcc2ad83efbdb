//! Reading a command's output without ever holding more of it than is kept.

use std::collections::VecDeque;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Of the beginning and of the end, each, in bytes.
pub(crate) const KEPT: usize = 16 << 10;

/// The first and the last part of a stream.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Capture {
    /// Takes more of it.
    pub fn push(&mut self, bytes: &[u8]) {
        let (to_head, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(to_head);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }

    /// As text, without control sequences, and with a line that tells what was left out.
    pub fn text(self) -> String {
        let tail: Vec<u8> = self.tail.into();
        let head = clean(&self.head);
        if self.left_out == 0 {
            return clean(&[self.head, tail].concat());
        }
        format!("{head}\n[{} bytes left out]\n{}", self.left_out, clean(&tail))
    }
}

/// Reads both to their ends, in the order in which they come.
pub(crate) async fn read_both(
    mut stdout: impl AsyncRead + Unpin,
    mut stderr: impl AsyncRead + Unpin,
    capture: &mut Capture,
) -> std::io::Result<()> {
    let (mut out, mut err) = (vec![0; 8192], vec![0; 8192]);
    let (mut out_open, mut err_open) = (true, true);
    while out_open || err_open {
        tokio::select! {
            read = stdout.read(&mut out), if out_open => {
                let count = read?;
                out_open = count > 0;
                capture.push(out.get(..count).unwrap_or_default());
            }
            read = stderr.read(&mut err), if err_open => {
                let count = read?;
                err_open = count > 0;
                capture.push(err.get(..count).unwrap_or_default());
            }
        }
    }
    Ok(())
}

/// Text without terminal control sequences and other control characters; what is no UTF-8 becomes a mark.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut cleaned = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_sequence(&mut characters),
            '\n' | '\t' => cleaned.push(character),
            _ if character.is_control() => {}
            _ => cleaned.push(character),
        }
    }
    cleaned
}

/// The rest of an escape sequence: `[` … a letter, `]` … BEL, or one character.
fn skip_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => while characters.next().is_some_and(|next| !('@'..='~').contains(&next)) {},
        Some(']') => while characters.next().is_some_and(|next| next != '\u{7}') {},
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_kept_whole_and_much_loses_its_middle() {
        let mut capture = Capture::default();
        capture.push(b"one\n");
        capture.push(b"two\n");
        assert_eq!(capture.text(), "one\ntwo\n");

        let mut capture = Capture::default();
        capture.push(b"first ");
        for _ in 0..100 {
            capture.push(&[b'x'; 1000]);
        }
        capture.push(b" last");
        let text = capture.text();
        let left_out = 6 + 100_000 + 5 - 2 * KEPT;
        assert!(text.starts_with("first x") && text.ends_with("x last"), "{}", text.len());
        assert!(text.contains(&format!("\n[{left_out} bytes left out]\n")));
    }

    #[test]
    fn control_sequences_and_broken_characters_do_no_harm() {
        let mut capture = Capture::default();
        capture.push(b"\x1b[31mred\x1b[0m \x1b]0;title\x07plain\r\n\xff\x00");
        assert_eq!(capture.text(), "red plain\n\u{fffd}");
    }
}
