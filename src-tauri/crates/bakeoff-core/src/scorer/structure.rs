//! Scorers that look into an answer's JSON.

use super::json;
use super::score::{Judged, is_of_expected, label, quoted, shortened, yes_no};
use crate::template::Template;
use serde_json::Value;

const NO_JSON: &str = "the answer has no JSON in it";

pub(super) fn valid(schema: &jsonschema::Validator, found: Option<&Value>) -> Judged {
    let Some(found) = found else { return yes_no(false, NO_JSON.to_owned()) };
    match schema.iter_errors(found).next() {
        None => yes_no(true, "the answer's JSON is valid against the schema".to_owned()),
        Some(error) => {
            let path = error.instance_path().as_str();
            let place = if path.is_empty() { String::new() } else { format!(" at {path}") };
            yes_no(false, shortened(&format!("the answer's JSON is not valid{place}: {error}"), 400))
        }
    }
}

pub(super) fn json_field(field: &str, template: &Template, expected: &str, found: Option<&Value>) -> Judged {
    let value = found.and_then(|json| json::field(json, field));
    let (equal, reason) = match (found, value) {
        (None, _) => (false, format!("{NO_JSON}; expected {field} to be {}", quoted(expected))),
        (Some(_), None) => {
            (false, format!("the answer's JSON has no {field}, expected {}", quoted(expected)))
        }
        (Some(_), Some(value)) => {
            let text = json::as_text(value);
            let equal = text.trim() == expected.trim() || same_json(value, expected);
            let reason = match equal {
                true => format!("{field} is {}", quoted(&text)),
                false => format!("{field} is {}, expected {}", quoted(&text), quoted(expected)),
            };
            (equal, reason)
        }
    };
    let answered = value.map(|value| label(&json::as_text(value)));
    let labels = is_of_expected(template).then(|| (label(expected), answered));
    Judged { labels, ..yes_no(equal, reason) }
}

/// Numbers, lists and objects are compared by value: `1.0` is `1`.
fn same_json(value: &Value, expected: &str) -> bool {
    if value.is_string() {
        return false;
    }
    match (value.as_f64(), serde_json::from_str::<Value>(expected)) {
        (Some(number), Ok(expected)) => expected.as_f64() == Some(number),
        (None, Ok(expected)) => *value == expected,
        (_, Err(_)) => false,
    }
}
