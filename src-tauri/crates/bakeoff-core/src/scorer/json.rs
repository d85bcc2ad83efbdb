//! Finding the JSON in an answer: models wrap it in fences and talk around it.

use serde_json::Value;

/// How much text may be parsed in vain beyond the answer's own length, in bytes: nothing here is quadratic.
const PATIENCE: usize = 100_000;

/// The answer's JSON: the whole answer, else the last fenced block that is JSON, else the last JSON object in the
/// text. `None` when there is none. A bare word or number is JSON only as the whole answer.
pub fn extract(answer: &str) -> Option<Value> {
    whole_or_fenced(answer).or_else(|| last_object(answer, |_| true))
}

/// The answer's JSON when the answer is nothing else, a fence around it apart.
pub(crate) fn whole_or_fenced(answer: &str) -> Option<Value> {
    let answer = answer.trim();
    serde_json::from_str(answer).ok().or_else(|| last_fenced(answer))
}

fn last_fenced(answer: &str) -> Option<Value> {
    let parts: Vec<&str> = answer.split("```").collect();
    // Between the first and the second mark is a block, between the second and the third is talk, and so on; a
    // block that is never closed counts too.
    let blocks = parts.iter().skip(1).step_by(2);
    blocks.rev().find_map(|block| {
        let body = block.split_once('\n').map_or(*block, |(language, body)| {
            if language.trim().chars().all(char::is_alphanumeric) { body } else { block }
        });
        serde_json::from_str(body.trim()).ok()
    })
}

/// The last JSON object in a text that is wanted; objects within one that is taken are not looked at.
pub(crate) fn last_object(answer: &str, is_wanted: impl Fn(&Value) -> bool) -> Option<Value> {
    let mut found = None;
    let mut patience = answer.len().saturating_add(PATIENCE);
    let mut position = 0;
    while let Some(offset) = answer.get(position..).and_then(|rest| rest.find('{')) {
        position += offset;
        let rest = answer.get(position..).unwrap_or("");
        let mut parser = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        match parser.next() {
            Some(Ok(value)) => {
                // Within an object that is not wanted there may be one that is.
                let is_wanted = is_wanted(&value);
                position += if is_wanted { parser.byte_offset().max(1) } else { 1 };
                patience = patience.checked_sub(if is_wanted { 0 } else { parser.byte_offset() })?;
                found = if is_wanted { Some(value) } else { found };
            }
            Some(Err(error)) => {
                patience = patience.checked_sub(read_before(rest, &error))?;
                position += 1;
            }
            None => position += 1,
        }
    }
    found
}

/// How many bytes were read before the error.
fn read_before(text: &str, error: &serde_json::Error) -> usize {
    let lines = error.line().saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    before + error.column()
}

/// The value at a dotted path: keys of objects and indices of lists. A key that itself has dots is found too.
pub(super) fn field<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(direct) = value.get(path) {
        return Some(direct);
    }
    let mut splits = path.match_indices('.').map(|(index, _)| path.split_at(index));
    splits
        .find_map(|(head, tail)| {
            let inner = match value {
                Value::Object(object) => object.get(head)?,
                Value::Array(items) => items.get(head.parse::<usize>().ok()?)?,
                _ => return None,
            };
            field(inner, tail.get(1..)?)
        })
        .or_else(|| value.as_array()?.get(path.parse::<usize>().ok()?))
}

/// A value in a sentence or as a label: strings as they are, the rest as JSON.
pub(super) fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_json_however_it_is_wrapped() {
        let object = json!({"label": "disk"});
        for answer in [
            r#"{"label": "disk"}"#,
            "  \n{\"label\": \"disk\"}\n",
            "```json\n{\"label\": \"disk\"}\n```",
            "Here:\n```\n{\"label\": \"disk\"}\n```\nHope it helps {really}.",
            "```json\n{\"label\": \"disk\"}",
            "I think {a set} so: {\"label\": \"disk\"}.",
            "First {\"label\": \"net\"}, no: {\"label\": \"disk\"} is better.",
            "``` {\"label\": \"disk\"} ```",
        ] {
            assert_eq!(extract(answer).as_ref(), Some(&object), "{answer}");
        }
        assert_eq!(extract("disk"), None);
        assert_eq!(extract("42"), Some(json!(42)));
        assert_eq!(extract("{\"label\": \"disk\""), None);
    }

    #[test]
    fn long_hostile_answers_are_read_in_linear_time() {
        let deep = "[".repeat(120) + &"{},".repeat(100_000);
        assert_eq!(extract(&deep), Some(json!({})));
        let open = r#"{"a":[1,"#.repeat(50_000);
        assert_eq!(extract(&open), None);
        let nested = r#"{"a":"#.repeat(120) + &"[0],".repeat(80_000);
        assert_eq!(extract(&nested), None);
    }

    #[test]
    fn paths_lead_into_objects_and_lists() {
        let value = json!({"a": {"b.c": 1, "d": [10, {"e": 2}]}, "a.x": 3});
        for (path, expected) in [("a.b.c", 1), ("a.d.0", 10), ("a.d.1.e", 2), ("a.x", 3)] {
            assert_eq!(field(&value, path), Some(&json!(expected)), "{path}");
        }
        assert_eq!(field(&value, "a.nothing"), None);
        assert_eq!(field(&value, "a.d.7"), None);
    }
}
