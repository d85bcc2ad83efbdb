//! The state's fields and the types that files write.

use crate::check::{Findings, key, nth, under};
use crate::diagnostic::nearest;
use crate::workflow::field_type::TYPES;
use crate::workflow::placeholder::is_identifier;
use crate::workflow::raw::{RawStateField, RawWorkflow};
use crate::workflow::{FieldType, StateField};
use crate::yaml::Step;
use serde_json::{Map, Value};

/// What is known of the state: the names of all fields, and those that are right.
pub(super) struct Fields {
    names: Vec<String>,
    state: Vec<StateField>,
    /// The block itself is wrong: nothing can be said about names.
    is_wrong: bool,
}

impl Fields {
    pub(super) fn read(raw: &RawWorkflow, findings: &mut Findings) -> Self {
        let base = [key("state"), key("fields")].concat();
        let is_wrong = findings.is_wrong_itself(&key("state")) || findings.is_wrong_itself(&base);
        let written = findings.value().pointer("/state/fields").and_then(Value::as_object);
        let names: Vec<String> = written.map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
        let raw = raw.state.as_ref().and_then(|state| state.fields.as_ref());
        let mut state = Vec::new();
        for name in &names {
            let path = under(&base, name);
            if !is_identifier(name) {
                let message = format!("`{name}` can't be the name of a field");
                let finding = findings.error("not-a-name", &path, message);
                finding.hint = Some("use letters, digits and _, and begin with a letter".to_owned());
            }
            let value = raw.and_then(|fields| fields.get(name)).cloned();
            let field = value.and_then(|value| serde_json::from_value::<RawStateField>(value).ok());
            if let Some(field) = field.and_then(|field| read(name, field, &path, findings)) {
                state.push(field);
            }
        }
        Self { names, state, is_wrong }
    }

    /// Whether it is certain that there is no such field.
    pub(super) fn lacks(&self, name: &str) -> bool {
        !self.is_wrong && !self.names.iter().any(|one| one == name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.names.iter().map(String::as_str)
    }

    /// The field, when it is right.
    pub(super) fn get(&self, name: &str) -> Option<&StateField> {
        self.state.iter().find(|field| field.name == name)
    }

    /// The hint for an unknown name.
    pub(super) fn hint(&self, name: &str) -> String {
        hint(
            name,
            self.names(),
            "the state has no fields: add them under `state: fields:`",
            "the state's fields are",
        )
    }

    /// Tells about a field that doesn't exist; true when it does.
    pub(super) fn known(&self, name: &str, whose: &str, path: &[Step], findings: &mut Findings) -> bool {
        if self.lacks(name) {
            let message = format!("{whose} is `{name}`, which is no field of the state");
            findings.error("unknown-field", path, message).hint = Some(self.hint(name));
        }
        !self.lacks(name)
    }

    pub(super) fn into_state(self) -> Vec<StateField> {
        self.state
    }
}

/// The nearest name, or what there is.
pub(super) fn hint<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    none: &str,
    listed: &str,
) -> String {
    let name = name.split('.').next().unwrap_or(name);
    match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known: Vec<&str> = known.take(24).collect();
            if known.is_empty() { none.to_owned() } else { format!("{listed} {}", known.join(", ")) }
        }
    }
}

fn read(name: &str, raw: RawStateField, path: &[Step], findings: &mut Findings) -> Option<StateField> {
    let kind = field_type(raw.kind.as_deref()?, raw.schema.as_ref(), path, findings);
    let required = raw.required.unwrap_or(false);
    let default_path = under(path, "default");
    let mut default = raw.default.filter(|default| !default.is_null());
    if required && default.is_some() {
        let message = format!("`{name}` is required and has a default: only one of them can count");
        let finding = findings.error("required-default", &default_path, message);
        finding.hint = Some("remove `default:`, or write `required: false`".to_owned());
    }
    let kind = kind?;
    if let Some(value) = &default {
        match kind.convert(name, value) {
            Ok(value) => default = Some(value),
            Err(message) => {
                let finding =
                    findings.error("wrong-default", &default_path, format!("the default of {message}"));
                finding.hint = Some(format!("write a default of the type {kind}, or remove it"));
            }
        }
    }
    Some(StateField { name: name.to_owned(), kind, required, default, description: raw.description })
}

/// A type with the fields of an object.
pub(super) fn field_type(
    kind: &str,
    schema: Option<&Map<String, Value>>,
    path: &[Step],
    findings: &mut Findings,
) -> Option<FieldType> {
    let type_path = under(path, "type");
    let parsed = match FieldType::parse(kind) {
        Ok(parsed) => parsed,
        Err(message) => {
            let near = nearest(kind, ["str", "int", "float", "bool", "list", "dict", "object"]);
            findings.error("unknown-type", &type_path, message).hint =
                near.map(|near| format!("did you mean `{near}`?"));
            return None;
        }
    };
    let Some(schema) = schema else { return Some(parsed) };
    let schema_path = under(path, "schema");
    match parsed {
        FieldType::Object(_) => object(schema, &schema_path, findings),
        FieldType::List(Some(of)) if matches!(*of, FieldType::Object(_)) => {
            object(schema, &schema_path, findings).map(|of| FieldType::List(Some(Box::new(of))))
        }
        other => {
            let message = format!("`schema` is for the type object, not for {other}");
            findings.error("no-object", &schema_path, message).hint =
                Some("write `type: object`, or remove `schema`".to_owned());
            None
        }
    }
}

fn object(schema: &Map<String, Value>, path: &[Step], findings: &mut Findings) -> Option<FieldType> {
    let mut fields = Vec::new();
    let mut is_right = true;
    for (name, value) in schema {
        let place = under(path, name);
        let field = match value {
            Value::String(kind) => match FieldType::parse(kind) {
                Ok(kind) => Some(kind),
                Err(message) => {
                    findings.error("unknown-type", &place, message);
                    None
                }
            },
            Value::Object(inner) => match inner.get("type") {
                Some(Value::String(kind)) => {
                    let nested = inner.get("schema").and_then(Value::as_object);
                    field_type(kind, nested, &place, findings)
                }
                _ => object(inner, &place, findings),
            },
            _ => {
                let message = format!("`{name}` must be a type or a mapping of fields");
                findings.error("unknown-type", &place, message).hint = Some(format!("types are {TYPES}"));
                None
            }
        };
        match field {
            Some(field) => fields.push((name.clone(), field)),
            None => is_right = false,
        }
    }
    is_right.then_some(FieldType::Object(fields))
}

/// The path of an item of a list.
pub(super) fn place(list: &[Step], index: usize) -> Vec<Step> {
    nth(list, index)
}
