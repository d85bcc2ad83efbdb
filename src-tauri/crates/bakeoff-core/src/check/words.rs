//! Words for values, types and places in messages.

use crate::yaml::{Step, path_text};
use serde_json::Value;

/// The longest value that is repeated in a message, in characters.
const LONGEST: usize = 60;

/// A value as found: `the text "x"`, `3`, `a list`.
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

/// A value as such: `"x"`, `3`.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => found(other),
    }
}

fn quoted(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("\"{}…\"", line.get(..end).unwrap_or(line)),
        None if line.len() < text.trim_end().len() => format!("\"{line}…\""),
        None => format!("\"{line}\""),
    }
}

/// What a schema's `type` allows, null apart: `a text or a number`.
pub(super) fn allowed_types(schema: &Value) -> String {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("oneOf").is_some() => vec!["object"],
        _ => Vec::new(),
    };
    let forms = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let types = types.into_iter().chain(forms.filter_map(|form| form.get("type")?.as_str()));
    let words: Vec<&str> = types.filter(|one| *one != "null").map(type_word).collect();
    either(&words)
}

fn type_word(name: &str) -> &'static str {
    match name {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a mapping",
        _ => "empty",
    }
}

/// `a, b or c`.
pub(super) fn either(words: &[&str]) -> String {
    match words {
        [] => "something else".to_owned(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// A path in a sentence: `` `sample.seed` ``, or `the file` for the whole of it.
pub(super) fn place(path: &[Step]) -> String {
    if path.is_empty() { "the file".to_owned() } else { format!("`{}`", path_text(path)) }
}
