//! Structured output: a provider holds its model to a JSON Schema.
//!
//! It is asked for at every provider on the network, for schemas that their strict modes can express. Older models and
//! some compatible servers turn such a request down, which nobody can know before: then the same call goes out once more
//! without it, and that model is not asked again. The prompt says what the schema says, so nothing else changes.

use bakeoff_core::ports::{ModelError, ModelErrorKind};
use bakeoff_core::variant::Provider;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Words of a refusal that is about the form of the answer.
const ABOUT_THE_FORM: [&str; 6] =
    ["schema", "response_format", "responseformat", "structured", "output_config", "output format"];

/// Whether strict modes can express a schema: objects have named fields and no others, lists have a type of item.
pub fn is_strict(schema: &Value) -> bool {
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let named = properties.is_some_and(|all| !all.is_empty() && all.values().all(is_strict));
            named && schema.get("additionalProperties") == Some(&Value::Bool(false))
        }
        Some("array") => schema.get("items").is_some_and(is_strict),
        Some(_) => true,
        None => false,
    }
}

/// Whether a request was turned down because of its schema, as far as the provider's words tell.
pub fn is_refusal(error: &ModelError) -> bool {
    let message = error.message.to_lowercase();
    error.kind == ModelErrorKind::BadRequest
        && matches!(error.status, Some(400 | 422))
        && ABOUT_THE_FORM.iter().any(|word| message.contains(word))
}

/// Models that don't take a schema.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashSet<(Provider, String, String)>>);

impl Refusals {
    /// Whether this model at this address is known to take none.
    pub fn has(&self, provider: Provider, base: &str, model: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(&(provider, base.to_owned(), model.to_owned()))
    }

    /// It takes none.
    pub fn add(&self, provider: Provider, base: &str, model: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((provider, base.to_owned(), model.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strict_schemas_leave_nothing_open() {
        let object = |properties: Value| json!({"type": "object", "properties": properties, "additionalProperties": false});
        let list = json!({"type": "array", "items": {"type": "integer"}});
        assert!(is_strict(&object(
            json!({"a": {"type": "string"}, "b": list, "c": object(json!({"d": list}))})
        )));
        for open in [
            json!({"type": "object"}),
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"type": "object", "properties": {"a": {"type": "string"}}}),
            json!({"type": "array"}),
            object(json!({"a": {"type": "array"}})),
            object(json!({})),
            json!({}),
        ] {
            assert!(!is_strict(&open), "{open}");
        }
    }
}
