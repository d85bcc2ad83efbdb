//! What a node's model is asked to give, and reading it out of what it gave.

use super::field_type::object_schema;
use super::words::described;
use super::{FieldType, Node, Output};
use crate::scorer::{extract_json, whole_or_fenced};
use serde_json::{Map, Value};

/// The JSON Schema of a node's outputs: an object with exactly these fields, for structured output.
pub fn answer_schema(node: &Node) -> Value {
    object_schema(node.outputs.iter().map(|output| {
        let mut schema = output.kind.json_schema();
        if let (Some(description), Some(object)) = (&output.description, schema.as_object_mut()) {
            object.insert("description".to_owned(), Value::from(description.as_str()));
        }
        (output.name.clone(), schema)
    }))
}

/// Whether the schema stays within what providers' strict modes can hold a model to: no mapping with free keys and no
/// list of anything.
pub fn is_strict(node: &Node) -> bool {
    node.outputs.iter().all(|output| output.kind.is_strict())
}

/// Whether the node's answer must be JSON. A single text is taken as it is.
pub fn wants_json(node: &Node) -> bool {
    !matches!(node.outputs.as_slice(), [Output { kind: FieldType::Str, .. }])
}

/// What is appended to a node's prompt where the provider has no structured output; `None` when plain text will do.
pub fn answer_instruction(node: &Node) -> Option<String> {
    if !wants_json(node) {
        return None;
    }
    let mut text =
        "Answer with one JSON object only, without any text around it. It has exactly these fields:"
            .to_owned();
    for output in &node.outputs {
        text.push_str(&format!("\n- \"{}\" ({})", output.name, shape(&output.kind)));
        if let Some(description) = &output.description {
            text.push_str(&format!(": {}", description.trim()));
        }
    }
    Some(text)
}

/// A type in words that a model understands without knowing Python.
fn shape(kind: &FieldType) -> String {
    match kind {
        FieldType::Str => "text".to_owned(),
        FieldType::Int => "whole number".to_owned(),
        FieldType::Float => "number".to_owned(),
        FieldType::Bool => "true or false".to_owned(),
        FieldType::List(None) => "list".to_owned(),
        FieldType::List(Some(of)) => format!("list, each item: {}", shape(of)),
        FieldType::Dict(None) => "object".to_owned(),
        FieldType::Dict(Some(of)) => format!("object, each value: {}", shape(of)),
        FieldType::Object(fields) if fields.is_empty() => "object".to_owned(),
        FieldType::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, of)| format!("\"{name}\": {}", shape(of))).collect();
            format!("object with {}", fields.join(", "))
        }
    }
}

/// Reads a node's outputs out of an answer, typed. The JSON may stand in a fence or among other text; a single text is
/// taken as it is, and a single value of another type may stand alone, such as `0.85`.
///
/// # Errors
/// Everything that is missing or of the wrong type, in words that the model understands too.
pub fn read_outputs(node: &Node, answer: &str) -> Result<Map<String, Value>, String> {
    if answer.trim().is_empty() {
        return Err("the answer is empty".to_owned());
    }
    let found = extract_json(answer);
    match (node.outputs.as_slice(), found) {
        ([only], found) if found.as_ref().is_none_or(|json| json.get(&only.name).is_none()) => {
            let value = bare(only, answer)?;
            Ok(Map::from_iter([(only.name.clone(), value)]))
        }
        (outputs, Some(Value::Object(found))) => typed(outputs, &found),
        (outputs, found) => {
            let what = match found {
                None => "the answer has no JSON object in it".to_owned(),
                Some(other) => format!("the answer must be a JSON object, but is {}", described(&other)),
            };
            let names: Vec<String> = outputs.iter().map(|output| format!("`{}`", output.name)).collect();
            Err(format!("{what}; it needs {}", names.join(", ")))
        }
    }
}

fn typed(outputs: &[Output], found: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut values = Map::new();
    let mut problems = Vec::new();
    for output in outputs {
        let value = match found.get(&output.name) {
            Some(value) => output.kind.convert(&output.name, value),
            None => Err(format!("`{}` is missing", output.name)),
        };
        match value {
            Ok(value) => {
                values.insert(output.name.clone(), value);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(problems.join("; ")) }
}

/// The answer as the value of the only output.
fn bare(output: &Output, answer: &str) -> Result<Value, String> {
    let answer = answer.trim();
    let name = &output.name;
    let is_mapping = matches!(output.kind, FieldType::Dict(_) | FieldType::Object(_));
    let found = match output.kind {
        // A text may well be a code block or a number; only what is JSON as a whole is looked into.
        FieldType::Str => match serde_json::from_str(answer) {
            Ok(json @ (Value::String(_) | Value::Object(_))) => json,
            _ => Value::from(answer),
        },
        FieldType::Dict(_) | FieldType::Object(_) => {
            extract_json(answer).unwrap_or_else(|| Value::from(answer))
        }
        _ => whole_or_fenced(answer).unwrap_or_else(|| Value::from(answer)),
    };
    if found.is_object() && !is_mapping {
        return Err(format!("`{name}` is missing"));
    }
    output.kind.convert(name, &found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::node;
    use serde_json::json;

    fn reads(outputs: &[(&str, &str)], answer: &str, expected: Value) {
        let read = read_outputs(&node("n", "p", outputs), answer);
        assert_eq!(read.map(Value::Object), Ok(expected), "{answer}");
    }

    fn fails(outputs: &[(&str, &str)], answer: &str, message: &str) {
        assert_eq!(read_outputs(&node("n", "p", outputs), answer), Err(message.to_owned()), "{answer}");
    }

    #[test]
    fn outputs_are_read_however_they_are_wrapped() {
        let two = [("score", "float"), ("label", "str")];
        let expected = json!({"score": 0.5, "label": "disk"});
        reads(&two, r#"{"score": 0.5, "label": "disk"}"#, expected.clone());
        reads(
            &two,
            "Sure:\n```json\n{\"label\": \"disk\", \"score\": \"0.5\", \"why\": 1}\n```\nDone.",
            expected.clone(),
        );
        reads(&two, r#"I say {"score": 0.5, "label": "disk"}."#, expected);
        reads(&[("tags", "list[str]")], r#"["a", "b"]"#, json!({"tags": ["a", "b"]}));
        reads(&[("tags", "list[str]")], r#"{"tags": ["a", 1]}"#, json!({"tags": ["a", "1"]}));
        reads(&[("o", "dict[str, int]")], r#"Here: {"a": 1}"#, json!({"o": {"a": 1}}));
        reads(&[("o", "dict")], r#"{"o": {"a": 1}}"#, json!({"o": {"a": 1}}));
    }

    #[test]
    fn a_single_value_may_stand_alone() {
        reads(&[("score", "float")], " 0.85\n", json!({"score": 0.85}));
        reads(&[("score", "float")], "```\n0.85\n```", json!({"score": 0.85}));
        reads(&[("ok", "bool")], "True", json!({"ok": true}));
        reads(&[("text", "str")], "  plain text \n", json!({"text": "plain text"}));
        reads(&[("text", "str")], "42", json!({"text": "42"}));
        reads(&[("text", "str")], "\"quoted\"", json!({"text": "quoted"}));
        reads(&[("text", "str")], "```rust\nfn a() {}\n```", json!({"text": "```rust\nfn a() {}\n```"}));
        reads(
            &[("text", "str")],
            "An object is written {\"a\": 1} there.",
            json!({"text": "An object is written {\"a\": 1} there."}),
        );
        reads(&[("text", "str")], "Sure! {\"text\": \"inside\"}", json!({"text": "inside"}));
    }

    #[test]
    fn what_is_wrong_is_told_at_once() {
        let two = [("score", "float"), ("label", "str"), ("n", "int")];
        fails(
            &two,
            r#"{"score": "high", "n": 1.5}"#,
            "`score` must be float, but is the text \"high\"; `label` is missing; `n` must be int, but is the number 1.5",
        );
        fails(&two, "no idea", "the answer has no JSON object in it; it needs `score`, `label`, `n`");
        fails(
            &two,
            "[1]",
            "the answer must be a JSON object, but is a list of 1; it needs `score`, `label`, `n`",
        );
        fails(&two, " \n", "the answer is empty");
        fails(&[("score", "float")], "high", "`score` must be float, but is the text \"high\"");
        fails(&[("score", "float")], "{\"scor\": 1}", "`score` is missing");
        fails(&[("text", "str")], "{\"txt\": \"x\"}", "`text` is missing");
    }

    #[test]
    fn the_schema_accepts_what_is_read() {
        let mut of = node("n", "p", &[("score", "float"), ("tags", "list[str]"), ("o", "object")]);
        of.outputs[0].description = Some("0 to 1".into());
        let schema = answer_schema(&of);
        assert_eq!(
            schema,
            json!({"type": "object", "properties": {
                "score": {"type": "number", "description": "0 to 1"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "o": {"type": "object"},
            }, "required": ["score", "tags", "o"], "additionalProperties": false})
        );
        assert!(jsonschema::is_valid(&schema, &json!({"score": 1, "tags": [], "o": {}})));
        assert!(!jsonschema::is_valid(&schema, &json!({"score": 1, "tags": [], "o": {}, "x": 1})));
        assert!(!is_strict(&of), "an object of anything can't be held strictly");
        of.outputs[2].kind = FieldType::Object(vec![("a".into(), FieldType::Int)]);
        assert!(is_strict(&of));
    }

    #[test]
    fn the_instruction_names_fields_and_types() {
        let mut of = node("n", "p", &[("score", "float"), ("tags", "list[str]")]);
        of.outputs[0].description = Some("how good it is, 0 to 1".into());
        let expected = "Answer with one JSON object only, without any text around it. It has exactly these fields:\n- \"score\" (number): how good it is, 0 to 1\n- \"tags\" (list, each item: text)";
        assert_eq!(answer_instruction(&of).as_deref(), Some(expected));
        assert_eq!(answer_instruction(&node("n", "p", &[("text", "str")])), None);
    }
}
