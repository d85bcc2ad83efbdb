//! Paths into a document as text: `scorers[1].type`.

use super::Step;

/// `scorers[1].type`; a key that is no plain word is written `["a.b"]`. The empty path is the empty text.
pub fn path_text(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Key(key) if is_word(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Step::Key(key) => {
                let quoted = serde_json::Value::from(key.as_str());
                text.push_str(&format!("[{quoted}]"));
            }
        }
    }
    text
}

fn is_word(key: &str) -> bool {
    !key.is_empty()
        && !key.contains(['.', '[', ']', '/', '"', '\\'])
        && !key.chars().any(|c| c.is_whitespace() || c.is_control())
        && !key.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads `nodes.0.prompt`, `nodes[0].prompt`, `config["a.b"]` and JSON pointers (`/nodes/0/prompt`). Digits are an
/// index; where the document has a mapping there, they are looked up as its key. What can't be read as brackets is
/// taken as part of a key, so that the look-up names it.
pub fn parse_path(text: &str) -> Vec<Step> {
    if let Some(pointer) = text.strip_prefix('/') {
        return pointer.split('/').map(|part| step(&part.replace("~1", "/").replace("~0", "~"))).collect();
    }
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some((found, after)) = bracket(rest) {
            steps.push(found);
            rest = after.strip_prefix('.').unwrap_or(after);
            continue;
        }
        let bracket = usize::from(rest.starts_with('['));
        let end = rest[bracket..].find(['.', '[']).map_or(rest.len(), |at| at + bracket);
        steps.push(step(&rest[..end]));
        rest = rest[end..].strip_prefix('.').unwrap_or(&rest[end..]);
    }
    steps
}

fn step(part: &str) -> Step {
    match part.parse() {
        Ok(index) if part.bytes().all(|byte| byte.is_ascii_digit()) => Step::Index(index),
        _ => Step::Key(part.to_owned()),
    }
}

/// `[3]` or `["a.b"]` at the beginning, and what follows.
fn bracket(text: &str) -> Option<(Step, &str)> {
    let inner = text.strip_prefix('[')?;
    if inner.starts_with('"') {
        let mut strings = serde_json::Deserializer::from_str(inner).into_iter::<String>();
        let key = strings.next()?.ok()?;
        let after = inner[strings.byte_offset()..].strip_prefix(']')?;
        return Some((Step::Key(key), after));
    }
    let (digits, after) = inner.split_once(']')?;
    let index = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((Step::Index(index), after))
}
