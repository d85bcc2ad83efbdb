//! Words for values in messages, and ways into values.

use serde_json::Value;

/// The longest text that is repeated in a message, in characters.
const LONGEST: usize = 60;

/// A value as found: `the text "x"`, `the number 3`, `a list`.
pub(super) fn described(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

/// A text in quotes, on one line and not too long.
pub(super) fn quoted(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("\"{}…\"", line.get(..end).unwrap_or(line)),
        None if line.len() < text.trim_end().len() => format!("\"{line}…\""),
        None => format!("\"{line}\""),
    }
}

/// The value inside a value: keys of mappings and indices of lists.
pub(super) fn inner<'a, 'b>(value: &'a Value, mut parts: impl Iterator<Item = &'b str>) -> Option<&'a Value> {
    parts.try_fold(value, |value, part| match value {
        Value::Object(object) => object.get(part),
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}
