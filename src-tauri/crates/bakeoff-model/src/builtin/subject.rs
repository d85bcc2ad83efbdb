//! Finds the text that a user turn asks about, between the instructions around it.

use super::lines;

/// For a user turn that stands beside instructions of its own: what is said around the text, and the text. The first
/// mark counts, because what follows it was written by somebody else.
pub fn first(user: &str) -> (&str, &str) {
    tagged(user).unwrap_or_else(|| after_key(user, true))
}

/// For a user turn that holds the whole prompt: the last mark counts, the ones before it are worked examples.
pub fn last(user: &str) -> (&str, &str) {
    tagged(user).unwrap_or_else(|| after_key(user, false))
}

/// The text in `<ticket>…</ticket>` and the like, or in triple quotes.
fn tagged(user: &str) -> Option<(&str, &str)> {
    for (open, close) in
        [("<ticket>", "</ticket>"), ("<input>", "</input>"), ("<text>", "</text>"), ("\"\"\"", "\"\"\"")]
    {
        let Some(end) = user.rfind(close) else { continue };
        if let Some(start) = user[..end].rfind(open) {
            return Some((&user[..start], user[start + open.len()..end].trim()));
        }
    }
    None
}

/// The text after `Ticket:`, without a final `Label:` that waits for the answer.
fn after_key(user: &str, first: bool) -> (&str, &str) {
    let mut marks =
        line_starts(user).filter_map(|(start, line)| lines::input_line(line).map(|_| (start, line)));
    let mark = if first { marks.next() } else { marks.last() };
    let Some((start, line)) = mark else { return ("", user.trim()) };
    let after_colon = start + line.find(':').map_or(0, |colon| colon + 1);
    let text = user[after_colon..].trim();
    let text = match text.rsplit_once('\n') {
        Some((before, end)) if lines::output_line(end) == Some("") => before.trim(),
        _ => text,
    };
    (&user[..start], text)
}

/// Lines with the byte at which each begins.
fn line_starts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_between_the_instructions() {
        assert_eq!(first("Disk full"), ("", "Disk full"));
        assert_eq!(
            first("Sort this.\nTicket: Disk full\nNote: on db-3\nLabel:"),
            ("Sort this.\n", "Disk full\nNote: on db-3")
        );
        assert_eq!(first("Sort <ticket>\nDisk full\n</ticket> now"), ("Sort ", "Disk full"));
        assert_eq!(last("Input: a b\nLabel: x\nInput: c d\nLabel:").1, "c d");
    }

    #[test]
    fn a_key_inside_the_text_does_not_cut_it() {
        assert_eq!(first("Ticket: it says\nmessage: boom").1, "it says\nmessage: boom");
    }
}
