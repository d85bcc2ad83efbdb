//! Differences between texts, for people.

use crate::dto::DiffLine;
use similar::{Algorithm, ChangeTag, TextDiff};

/// The lines of a unified diff with `context` lines around each change.
pub fn lines(old: &str, new: &str, context: usize) -> Vec<DiffLine> {
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(old, new);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(context) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            lines.push(DiffLine {
                sign: change.tag().to_string(),
                old_line: change.old_index().map(|index| index as u32 + 1),
                new_line: change.new_index().map(|index| index as u32 + 1),
                text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
            });
        }
    }
    lines
}

/// The whole texts as runs of equal, removed and added words.
pub fn words(old: &str, new: &str) -> Vec<(String, String)> {
    let diff = TextDiff::from_words(old, new);
    let mut runs: Vec<(String, String)> = Vec::new();
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => " ",
            ChangeTag::Delete => "-",
            ChangeTag::Insert => "+",
        };
        match runs.last_mut() {
            Some((last, text)) if last == sign => text.push_str(change.value()),
            _ => runs.push((sign.to_owned(), change.value().to_owned())),
        }
    }
    runs
}

/// The first `most` characters, with an ellipsis where something was cut.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}
