//! Where the parts of a block scalar (`|` and `>`) are.

use super::lines::{line_end, past_break};
use std::ops::Range;

/// The parts of a block scalar, as byte offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// The indicators, such as `|2-`.
    pub header: Range<usize>,
    /// The indentation digit, if it is given.
    pub digit: Option<usize>,
    /// `-`, `+` or neither.
    pub chomping: Option<char>,
    /// From the header line's end (before its break) to the last content line's end (before its break). Empty lines
    /// after the content are in it only with `+`, where they count.
    pub content: Range<usize>,
    /// Spaces before the text; `None` without any text.
    pub indent: Option<usize>,
    /// Empty lines after `content` that do not count.
    pub blank_lines: usize,
}

impl Block {
    /// Reads the block scalar whose first indicator is at `start` and whose event ends at `end`; `parent` is the
    /// column of the collection around it.
    pub fn read(text: &str, start: usize, end: usize, parent: usize) -> Self {
        let indicators = |c: char| c.is_ascii_digit() || matches!(c, '|' | '>' | '-' | '+');
        let header_end = text[start..].find(|c| !indicators(c)).map_or(text.len(), |at| start + at);
        let header = &text[start..header_end];
        let digit = header.chars().find_map(|c| c.to_digit(10)).map(|digit| digit as usize);
        let chomping = header.chars().find(|c| matches!(c, '-' | '+'));
        let header_line_end = line_end(text, header_end);
        let end = end.max(header_line_end);
        let indent = digit.map(|digit| parent + digit).or_else(|| first_indent(text, header_line_end, end));
        let (content_end, blank_lines) = match chomping {
            Some('+') => (before_break(text, header_line_end, end), 0),
            _ => last_content(text, header_line_end, end, indent),
        };
        let content = header_line_end..content_end;
        Self { header: start..header_end, digit, chomping, content, indent, blank_lines }
    }
}

/// The lines after `from` (the end of the header line) up to `end`, without their breaks.
fn lines(text: &str, from: usize, end: usize) -> impl Iterator<Item = Range<usize>> {
    let mut at = past_break(text, from);
    std::iter::from_fn(move || {
        let line = (at < end && at > from).then(|| at..line_end(text, at).min(end))?;
        at = past_break(text, line.end).max(line.end);
        if at == line.end {
            at = end;
        }
        Some(line)
    })
}

fn spaces(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn first_indent(text: &str, from: usize, end: usize) -> Option<usize> {
    lines(text, from, end).map(|line| &text[line]).find(|line| spaces(line) < line.len()).map(spaces)
}

/// The end of the last line with text, and how many empty lines follow it.
fn last_content(text: &str, from: usize, end: usize, indent: Option<usize>) -> (usize, usize) {
    let is_blank =
        |line: &str| spaces(line) == line.len() && indent.is_none_or(|indent| line.len() <= indent);
    lines(text, from, end).fold((from, 0), |(content_end, blank), line| {
        if is_blank(&text[line.clone()]) { (content_end, blank + 1) } else { (line.end, 0) }
    })
}

/// `end` without one line break before it.
fn before_break(text: &str, from: usize, end: usize) -> usize {
    let text = &text[from..end];
    let cut = text.strip_suffix("\r\n").or_else(|| text.strip_suffix(['\n', '\r'])).unwrap_or(text);
    from + cut.len()
}
