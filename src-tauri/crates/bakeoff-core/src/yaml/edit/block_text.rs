//! Texts as block scalars.

use super::inline_text::is_printable;
use crate::yaml::block::Block;

/// Where a block scalar is to stand.
#[derive(Debug, Clone)]
pub(super) struct BlockPlace<'a> {
    /// `|` or `>`.
    pub style: char,
    /// Column of the collection around it.
    pub parent_column: usize,
    /// Spaces before each line.
    pub indent: usize,
    /// The block scalar that it replaces.
    pub old: Option<&'a Block>,
    /// The indicators of `old`.
    pub old_header: &'a str,
    /// Empty lines that follow and stay.
    pub blank_lines: usize,
    /// Nothing, not even a line break, follows.
    pub ends_text: bool,
    pub line_break: &'a str,
}

/// Header and lines (each with its line break before it), if the text can stand in a block there.
pub(super) fn block(text: &str, place: &BlockPlace) -> Option<(String, String)> {
    let content = text.trim_end_matches('\n');
    let breaks = text.len() - content.len();
    let has_text = content.contains(|c| c != ' ' && c != '\t' && c != '\n');
    if !has_text || !text.chars().all(|c| c == '\n' || is_printable(c)) {
        return None;
    }
    if place.style == '>' && !can_fold(content) {
        return None;
    }
    let more_breaks = match breaks {
        0 | 1 => 0,
        _ => (breaks - 1).checked_sub(place.blank_lines)?,
    };
    let header = header(text, breaks, place)?;
    let mut lines = String::with_capacity(text.len() + 16);
    let mut written_before = false;
    for line in content.split('\n') {
        if place.style == '>' && written_before && !line.is_empty() {
            lines.push_str(place.line_break);
        }
        lines.push_str(place.line_break);
        if !line.is_empty() {
            lines.push_str(&" ".repeat(place.indent));
            lines.push_str(line);
        }
        written_before |= !line.is_empty();
    }
    lines.push_str(&place.line_break.repeat(more_breaks + usize::from(place.ends_text && breaks > 0)));
    Some((header, lines))
}

/// Lines that begin with white space are not folded, and empty lines at the beginning count double: not with `>`.
fn can_fold(content: &str) -> bool {
    !content.starts_with('\n') && !content.split('\n').any(|line| line.starts_with([' ', '\t']))
}

fn header(text: &str, breaks: usize, place: &BlockPlace) -> Option<String> {
    let old_digit = place.old.and_then(|old| old.digit);
    let old_chomping = place.old.and_then(|old| old.chomping);
    let chomping = match breaks {
        0 => Some('-'),
        1 => old_chomping.filter(|&old| old == '+'),
        _ => Some('+'),
    };
    let needs_digit = text.starts_with([' ', '\t', '\n']);
    let digit = match old_digit {
        Some(digit) => Some(digit),
        None if needs_digit => {
            Some(place.indent.checked_sub(place.parent_column).filter(|digit| (1..=9).contains(digit))?)
        }
        None => None,
    };
    if place.old.is_some() && chomping == old_chomping && digit == old_digit {
        return Some(format!("{}{}", place.style, place.old_header.get(1..).unwrap_or_default()));
    }
    let digit = digit.map(|digit| digit.to_string()).unwrap_or_default();
    let chomping = chomping.map(String::from).unwrap_or_default();
    Some(format!("{}{digit}{chomping}", place.style))
}
