//! Reading a command's output without ever holding more of it than is kept.

use std::collections::VecDeque;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How much of each end of an output is kept, in bytes.
pub const KEPT_BYTES: usize = 16 << 10;

/// The two ends of an output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Ends {
    /// Takes more output.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let into_head = bytes.len().min(KEPT_BYTES - self.head.len());
        let (head, rest) = bytes.split_at(into_head);
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(KEPT_BYTES)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(KEPT_BYTES);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// How many bytes there were.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many bytes are not kept.
    pub fn elided(&self) -> u64 {
        self.total - (self.head.len() + self.tail.len()) as u64
    }

    /// Both ends as a person reads them: without terminal control sequences.
    pub fn plain_text(&self) -> String {
        clean(self.text().as_bytes())
    }

    /// Both ends as text, with a line that says what is missing between them.
    pub fn text(&self) -> String {
        let mut bytes = self.head.clone();
        if self.elided() > 0 {
            bytes.extend_from_slice(format!("\n[{} bytes left out]\n", self.elided()).as_bytes());
        }
        bytes.extend(&self.tail);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Reads both to their ends, in the order in which they come.
pub(crate) async fn read_both(
    mut stdout: impl AsyncRead + Unpin,
    mut stderr: impl AsyncRead + Unpin,
    capture: &mut Ends,
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

/// The rest of an escape sequence: `[` … a letter, `]` … BEL or a backslash, or one character.
fn skip_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => while characters.next().is_some_and(|next| !('@'..='~').contains(&next)) {},
        Some(']') => while characters.next().is_some_and(|next| next != '\u{7}' && next != '\\') {},
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_kept_and_the_middle_is_counted() {
        let mut ends = Ends::default();
        for number in 0..100_000_u32 {
            ends.push(format!("{number:06}\n").as_bytes());
        }
        assert_eq!(ends.total(), 700_000, "all bytes are counted");
        assert_eq!(ends.elided(), 700_000 - 2 * KEPT_BYTES as u64, "and what is not kept");
        let text = ends.text();
        assert!(text.starts_with("000000\n000001\n"), "the beginning is there");
        assert!(text.ends_with("099998\n099999\n"), "the end is there");
        assert!(text.contains("bytes left out]"), "the gap is told");
    }

    #[test]
    fn one_large_piece_is_cut_like_many_small_ones() {
        let bytes: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
        let mut whole = Ends::default();
        whole.push(&bytes);
        let mut parts = Ends::default();
        bytes.chunks(777).for_each(|part| parts.push(part));
        assert_eq!(whole, parts, "how the output arrives changes nothing");
        let mut short = Ends::default();
        short.push(b"abc\xff");
        assert_eq!(
            (short.text().as_str(), short.elided()),
            ("abc\u{fffd}", 0),
            "short output is whole, bad bytes shown"
        );
    }

    #[test]
    fn control_sequences_and_broken_characters_do_no_harm() {
        let mut ends = Ends::default();
        ends.push(b"\x1b[31mred\x1b[0m \x1b]0;title\x07plain\r\n\xff\x00");
        assert_eq!(ends.plain_text(), "red plain\n\u{fffd}");
    }
}
