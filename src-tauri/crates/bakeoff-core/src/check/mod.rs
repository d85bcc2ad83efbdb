//! Checking a file against the JSON Schema that is generated from its raw Rust type: all errors at once, each in
//! plain words and with its place. What is wrong is then taken out, so that the rest can be read and checked by
//! meaning, and one mistake doesn't hide another.

mod explain;
mod findings;
mod prune;
mod words;

pub(crate) use findings::{Findings, item, key, nth, under};

use crate::diagnostic::Diagnostic;
use crate::yaml::{self, Step};
use jsonschema::Validator;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A file's schema, ready to check with.
pub(crate) struct Schema {
    /// As given to editors.
    pub value: Value,
    validator: Validator,
}

/// One structural error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub code: &'static str,
    /// Of the value; of the unknown key itself where `at_key`.
    pub path: Vec<Step>,
    /// The key is meant, not the value.
    pub at_key: bool,
    /// Something is missing in the value at `path`.
    pub missing: bool,
    pub message: String,
    pub hint: Option<String>,
}

/// What to say about an unknown key instead of the usual; gets the path of the mapping and the key.
pub(crate) type UnknownKey = fn(&[Step], &str) -> Option<Problem>;

impl Schema {
    /// The schema of a raw type, without references, so that an editor need not follow any.
    pub(crate) fn of<T: JsonSchema>(title: &str) -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        let mut schema = settings.into_generator().into_root_schema_for::<T>();
        schema.insert("title".to_owned(), title.into());
        let mut value = schema.to_value();
        without_null_defaults(&mut value);
        // The schema comes from our own types; a test builds each of them.
        let validator = jsonschema::validator_for(&value).expect("the generated schema is valid");
        Self { value, validator }
    }

    /// Whether a value has the right structure.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    /// Every structural error of a value.
    pub(crate) fn problems(&self, value: &Value, unknown: UnknownKey) -> Vec<Problem> {
        let mut explanation = explain::Explanation { schema: &self.value, unknown, problems: Vec::new() };
        for error in self.validator.iter_errors(value) {
            explanation.add(&error);
        }
        explanation.problems
    }
}

/// "default: null" says nothing that `null` among the types doesn't say.
fn without_null_defaults(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("default").is_some_and(Value::is_null) {
                object.shift_remove("default");
            }
            object.values_mut().for_each(without_null_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null_defaults),
        _ => {}
    }
}

/// The usual words for unknown keys.
pub(crate) fn no_special_keys(_: &[Step], _: &str) -> Option<Problem> {
    None
}

/// Reads a file into its raw type. Structural errors are already in the findings; what they concern is left out of
/// the raw value. Fails with what was found when there is nothing left to check.
pub(crate) fn read<T: DeserializeOwned>(
    text: &str,
    schema: &Schema,
    unknown: UnknownKey,
) -> Result<(T, Findings), Vec<Diagnostic>> {
    let document = yaml::read(text)?;
    let problems = schema.problems(&document.value, unknown);
    let mut value = document.value.clone();
    prune::prune(&mut value, &problems);
    finish(text, document, problems, value)
}

/// The raw type of what is left, and what was found.
fn finish<T: DeserializeOwned>(
    text: &str,
    document: yaml::Document,
    problems: Vec<Problem>,
    value: Value,
) -> Result<(T, Findings), Vec<Diagnostic>> {
    let mut findings = Findings::new(text, document);
    let hopeless = problems.iter().any(|problem| problem.path.is_empty() && !problem.missing);
    for problem in problems {
        findings.structural(problem);
    }
    if hopeless {
        return Err(findings.into_diagnostics());
    }
    match serde_json::from_value(value) {
        Ok(raw) => Ok((raw, findings)),
        Err(error) => {
            findings.error("invalid", &[], format!("the file is not understood: {error}"));
            Err(findings.into_diagnostics())
        }
    }
}

/// The same for a document that is read already, for a raw type that requires nothing: only the values that are wrong
/// are left out, and everything around them is checked by meaning. Items of a list named in `whole_items` are left out
/// as wholes.
pub(crate) fn read_document<T: DeserializeOwned>(
    text: &str,
    document: yaml::Document,
    schema: &Schema,
    whole_items: &[&str],
) -> Result<(T, Findings), Vec<Diagnostic>> {
    let problems = schema.problems(&document.value, no_special_keys);
    let mut value = document.value.clone();
    prune::prune_values(&mut value, &problems, whole_items);
    finish(text, document, problems, value)
}

/// A whole number that may be written as `2.0`, as JSON Schema allows.
pub(crate) fn whole<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: TryFrom<u64>,
{
    let Some(number) = <Option<serde_json::Number> as serde::Deserialize>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let whole = number.as_u64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..=9e15).contains(float))?;
        Some(float as u64)
    });
    let fitting = whole.and_then(|whole| T::try_from(whole).ok());
    fitting
        .map(Some)
        .ok_or_else(|| serde::de::Error::custom(format!("{number} is not a whole number in range")))
}
