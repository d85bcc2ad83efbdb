//! libyaml's errors in plain words, with what to do.

use super::events::SyntaxError;
use super::tree::Problem;

/// What libyaml says, and what usually is behind it.
const HINTS: [(&str, &str); 12] = [
    (
        "mapping values are not allowed",
        "put the value in quotes if it contains “: ”, else check the indentation",
    ),
    (
        "did not find expected key",
        "line the key up with the keys above it, and check quotes before this place",
    ),
    ("did not find expected '-' indicator", "line the item up with the items above it"),
    ("could not find expected ':'", "write “key: value”, and check the indentation of the text above"),
    ("block sequence entries are not allowed", "put the list on lines of its own below its key"),
    ("unknown escape character", "write two backslashes, or use single quotes"),
    ("unexpected end of stream", "close the quote or bracket that was opened here"),
    ("unexpected document indicator", "close the quote that was opened here"),
    ("control characters are not allowed", "write it as \\u and four digits in double quotes"),
    ("did not find expected ',' or", "check for a missing comma or closing bracket"),
    ("tab character", "indent with spaces"),
    ("undefined tag handle", "remove the tag; only values without tags are understood"),
];

/// A syntax error with its place.
pub(super) fn problem(text: &str, error: &SyntaxError) -> Problem {
    let mut at = error.offset.min(text.len());
    let opened_earlier = ["unexpected end of stream", "unexpected document indicator"];
    if let (Some((_, start)), true) =
        (&error.context, opened_earlier.iter().any(|known| error.problem.contains(known)))
    {
        at = (*start).min(text.len());
    }
    let context = error.context.as_ref().map(|(context, _)| format!(" {context}")).unwrap_or_default();
    let (shown, hint) = explain(text, at, error);
    let place = at..at + text[text.floor_char_boundary(at)..].chars().next().map_or(0, char::len_utf8);
    let message = format!("this is not valid YAML: {}{shown}{context}", error.problem);
    Problem { code: "syntax", place, message, hint }
}

/// The character found, where it matters, and the hint.
fn explain(text: &str, at: usize, error: &SyntaxError) -> (String, String) {
    let found = text[text.floor_char_boundary(at)..].chars().next();
    if error.problem.contains("cannot start any token") {
        return match found {
            Some('\t') => (" (a tab)".to_owned(), "indent with spaces, not tabs".to_owned()),
            Some(c) => (format!(" ({c})"), format!("put the value that begins with {c} in quotes")),
            None => (String::new(), "check the end of the file".to_owned()),
        };
    }
    let shown = match found {
        Some(c) if error.problem.contains("control characters") => format!(" (U+{:04X})", u32::from(c)),
        _ => String::new(),
    };
    let hint = HINTS.iter().find(|(known, _)| error.problem.contains(known)).map(|(_, hint)| *hint);
    (shown, hint.unwrap_or("check indentation, quotes and brackets near here").to_owned())
}
