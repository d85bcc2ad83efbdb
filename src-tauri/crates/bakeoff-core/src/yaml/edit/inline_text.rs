//! Values as YAML on one line.

use crate::yaml::scalar::resolve;
use serde_json::Value;

/// A value in the plainest form that can hold it.
pub(super) fn inline(value: &Value, in_flow: bool) -> String {
    match value {
        Value::String(text) => plain(text, in_flow).unwrap_or_else(|| double(text)),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| inline(item, true)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entry =
                |(name, value): (&String, &Value)| format!("{}: {}", key(name, true), inline(value, true));
            let entries: Vec<_> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A key in the plainest form that can hold it.
pub(super) fn key(text: &str, in_flow: bool) -> String {
    plain(text, in_flow).filter(|plain| plain != "<<").unwrap_or_else(|| double(text))
}

/// Without quotes, if every reader (YAML 1.1 too) takes it for exactly this text.
pub(super) fn plain(text: &str, in_flow: bool) -> Option<String> {
    let first = text.chars().next()?;
    let begins_well = first.is_alphanumeric() || matches!(first, '/' | '(' | '_' | '$' | '<' | '+' | '.');
    let ends_well = !text.ends_with([' ', ':']);
    let breaks_off = text.contains(": ") || text.contains(" #");
    let ends_item = in_flow && text.contains([',', '[', ']', '{', '}', ':']);
    let is_held = text.chars().all(|c| is_printable(c) && c != '\t') && !breaks_off && !ends_item;
    let fits = begins_well && ends_well && is_held && !text.starts_with("...");
    let is_text = matches!(resolve(text), Ok(Value::String(_))) && !is_something_else_in_yaml_1_1(text);
    (fits && is_text).then(|| text.to_owned())
}

/// Booleans such as `yes`, times such as `12:30`, dates, and numbers with `_`.
fn is_something_else_in_yaml_1_1(text: &str) -> bool {
    const WORDS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    let numberlike = |c: char| c.is_ascii_hexdigit() || " :._+-TtZzxXoO".contains(c);
    let begins_with_number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    WORDS.contains(&text.to_ascii_lowercase().as_str())
        || (begins_with_number && text.chars().all(numberlike))
}

/// In single quotes, if they can hold it on one line.
pub(super) fn single(text: &str) -> Option<String> {
    text.chars().all(is_printable).then(|| format!("'{}'", text.replace('\'', "''")))
}

/// In double quotes on one line; they can hold everything.
pub(super) fn double(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if is_printable(c) => quoted.push(c),
            c if u32::from(c) <= 0xFFFF => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character may stand in a line as it is: printable for libyaml, no line break of any YAML version, and
/// no byte order mark.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\t' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}
