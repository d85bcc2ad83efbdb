//! From the validator's errors to problems in plain words.

use super::words::{allowed_types, either, found, place, plain};
use super::{Problem, UnknownKey};
use crate::diagnostic::nearest;
use crate::yaml::Step;
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::paths::LocationSegment;
use serde_json::Value;

/// Known names that a hint lists when none is near.
const LISTED: usize = 24;

/// Collects problems for one value.
pub(super) struct Explanation<'a> {
    pub schema: &'a Value,
    pub unknown: UnknownKey,
    pub problems: Vec<Problem>,
}

impl Explanation<'_> {
    /// Adds what one error means; an error of alternatives becomes those of the alternative that was meant.
    pub(super) fn add(&mut self, error: &ValidationError<'_>) {
        let path = steps(error);
        let value = error.instance();
        let node = self.node(error);
        match error.kind() {
            Kind::AdditionalProperties { unexpected } => {
                unexpected.iter().for_each(|key| self.unknown_key(&path, key, &node));
            }
            Kind::AnyOf { context } => self.any_of(path, value, context, &node),
            Kind::OneOfNotValid { context } => self.one_of(path, value, context, &node),
            Kind::Enum { options } => {
                let options = options.as_array().map_or(&[][..], Vec::as_slice);
                self.not_listed(path, value, options);
            }
            Kind::Required { property } => {
                let property = property.as_str().unwrap_or_default();
                let message = match path.is_empty() {
                    true => format!("`{property}` is missing"),
                    false => format!("{} has no `{property}`", place(&path)),
                };
                self.push("missing", path, message, Some(format!("add `{property}:`")), true);
            }
            Kind::Type { .. } => self.wrong_type(path, value, &node),
            Kind::Minimum { .. }
            | Kind::Maximum { .. }
            | Kind::ExclusiveMinimum { .. }
            | Kind::ExclusiveMaximum { .. } => {
                let message = format!("{} is {}; allowed is {}", place(&path), plain(value), range(&node));
                self.push("out-of-range", path, message, None, false);
            }
            Kind::MinLength { .. } | Kind::MinItems { .. } => {
                let message = format!("{} is empty", place(&path));
                let hint =
                    if value.is_array() { "write at least one" } else { "write something, or remove it" };
                self.push("empty", path, message, Some(hint.to_owned()), false);
            }
            _ => {
                let message = format!("{} is not valid: {error}", place(&path));
                self.push("invalid", path, message, None, false);
            }
        }
    }

    /// The part of the schema that has the keyword which failed.
    fn node(&self, error: &ValidationError<'_>) -> Value {
        let pointer = error.schema_path().as_str();
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.schema.pointer(parent).cloned().unwrap_or(Value::Null)
    }

    fn push(
        &mut self,
        code: &'static str,
        path: Vec<Step>,
        message: String,
        hint: Option<String>,
        missing: bool,
    ) {
        let problem = Problem { code, path, at_key: false, missing, message, hint };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn unknown_key(&mut self, mapping: &[Step], key: &str, node: &Value) {
        if let Some(problem) = (self.unknown)(mapping, key) {
            return self.problems.push(problem);
        }
        let known: Vec<&str> = node
            .get("properties")
            .and_then(Value::as_object)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let hint = match nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.len() <= LISTED => format!("known keys are {}", known.join(", ")),
            None => "remove it".to_owned(),
        };
        let path = [mapping, &[Step::Key(key.to_owned())]].concat();
        let inside = if mapping.is_empty() { String::new() } else { format!(" in {}", place(mapping)) };
        let message = format!("unknown key `{key}`{inside}");
        self.problems.push(Problem {
            code: "unknown-key",
            path,
            at_key: true,
            missing: false,
            message,
            hint: Some(hint),
        });
    }

    /// `anyOf` comes from "this or nothing" and from forms of different types: the errors are those of "this", of the
    /// form whose type was written.
    fn any_of(
        &mut self,
        path: Vec<Step>,
        value: &Value,
        context: &[Vec<ValidationError<'static>>],
        node: &Value,
    ) {
        let is_meant =
            |errors: &&Vec<ValidationError<'static>>| !errors.iter().all(|error| self.asks_for_null(error));
        let mut meant: Vec<_> = context.iter().filter(is_meant).collect();
        if meant.len() > 1 {
            let is_of_type = |errors: &&Vec<ValidationError<'static>>| {
                !errors.iter().any(|error| {
                    matches!(error.kind(), Kind::Type { .. }) && steps(error).len() == path.len()
                })
            };
            let fitting: Vec<_> = meant.iter().copied().filter(is_of_type).collect();
            if fitting.is_empty() {
                return self.wrong_type(path, value, node);
            }
            meant = fitting;
        }
        let before = self.problems.len();
        meant.into_iter().flatten().for_each(|error| self.add(error));
        if self.problems.len() == before {
            let message = format!("{} is {}, which is not allowed here", place(&path), found(value));
            self.push("invalid", path, message, None, false);
        }
    }

    fn asks_for_null(&self, error: &ValidationError<'_>) -> bool {
        self.node(error).get("type").and_then(Value::as_str) == Some("null")
    }

    /// `oneOf` is a list of names, or of mappings told apart by `type`.
    fn one_of(
        &mut self,
        path: Vec<Step>,
        value: &Value,
        context: &[Vec<ValidationError<'static>>],
        node: &Value,
    ) {
        let branches = node.get("oneOf").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let names: Vec<Value> = branches.iter().filter_map(|branch| branch.get("const").cloned()).collect();
        if names.len() == branches.len() {
            return self.not_listed(path, value, &names);
        }
        let tag = |branch: &Value| branch.pointer("/properties/type/const").cloned();
        let types: Vec<Value> = branches.iter().filter_map(tag).collect();
        let Some(mapping) = value.as_object() else { return self.wrong_type(path, value, node) };
        let Some(written) = mapping.get("type") else {
            let words: Vec<&str> = types.iter().filter_map(Value::as_str).collect();
            let hint = format!("add `type:` with one of {}", words.join(", "));
            return self.push(
                "missing",
                path.clone(),
                format!("{} has no `type`", place(&path)),
                Some(hint),
                true,
            );
        };
        match branches
            .iter()
            .position(|branch| tag(branch).as_ref() == Some(written))
            .and_then(|at| context.get(at))
        {
            Some(errors) => errors.iter().for_each(|error| self.add(error)),
            None => self.not_listed([path, vec![Step::Key("type".to_owned())]].concat(), written, &types),
        }
    }

    fn not_listed(&mut self, path: Vec<Step>, value: &Value, options: &[Value]) {
        let names: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
        let message = format!("{} is {}; allowed is {}", place(&path), plain(value), either(&names));
        let near = value.as_str().and_then(|text| nearest(text, names.iter().copied()));
        self.push("not-allowed", path, message, near.map(|near| format!("did you mean `{near}`?")), false);
    }

    fn wrong_type(&mut self, path: Vec<Step>, value: &Value, node: &Value) {
        let allowed = allowed_types(node);
        let message = format!("{} must be {allowed}, but is {}", place(&path), found(value));
        let hint = match value {
            Value::Number(_) | Value::Bool(_) if allowed == "a text" => {
                Some(format!("put it in quotes: \"{value}\""))
            }
            Value::String(text) if allowed.contains("number") && text.trim().parse::<f64>().is_ok() => {
                Some(format!("write it without quotes: {}", text.trim()))
            }
            Value::String(_) if allowed == "a list" => {
                Some(format!("put it in brackets: [{}]", plain(value)))
            }
            _ => None,
        };
        self.push("wrong-type", path, message, hint, false);
    }
}

fn steps(error: &ValidationError<'_>) -> Vec<Step> {
    let step = |segment| match segment {
        LocationSegment::Property(name) => Step::Key(name.into_owned()),
        LocationSegment::Index(index) => Step::Index(index),
    };
    error.instance_path().segments().map(step).collect()
}

/// A schema's bounds in words: `0 to 2`, `more than 0`, `at least 1`.
fn range(node: &Value) -> String {
    let bound = |name: &str| node.get(name).map(short);
    let low = bound("minimum")
        .map(|low| (low, "at least"))
        .or(bound("exclusiveMinimum").map(|low| (low, "more than")));
    let high = bound("maximum")
        .map(|high| (high, "at most"))
        .or(bound("exclusiveMaximum").map(|high| (high, "less than")));
    match (low, high) {
        (Some((low, "at least")), Some((high, "at most"))) => format!("{low} to {high}"),
        (Some((low, least)), Some((high, most))) => format!("{least} {low} and {most} {high}"),
        (Some((one, word)), None) | (None, Some((one, word))) => format!("{word} {one}"),
        (None, None) => "another number".to_owned(),
    }
}

/// `0.0` as `0`.
fn short(number: &Value) -> String {
    number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string())
}
