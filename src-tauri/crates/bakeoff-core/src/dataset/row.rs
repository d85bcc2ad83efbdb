//! One row: its known fields and their types.

use crate::check::{self, Problem, Schema};
use crate::diagnostic::Diagnostic;
use crate::scorer;
use crate::scorer::raw::RawScorer;
use crate::yaml::{self, Step, path_text};
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// One case. Besides the fields named here a row may have any others; templates see them all.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used: rows stay JSON")]
struct RawRow {
    /// Tells the case apart, once in a data set. Absent: made from the row's content.
    id: Option<Id>,
    /// What the variant is given; the default prompt is `{{ input }}`.
    input: Option<Value>,
    /// What a right answer is; scorers compare with `{{ expected }}`.
    expected: Option<Value>,
    /// Facts by which results can be broken down, such as `team: core`.
    metadata: Option<Map<String, Value>>,
    /// Scorers for this case only, besides those of the campaign.
    scorers: Option<Vec<RawScorer>>,
}

/// A text that is not empty, or a number.
struct Id;

impl JsonSchema for Id {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": ["string", "number"], "minLength": 1})
    }
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of::<RawRow>("Bakeoff data-set row"));

/// The JSON Schema of one row.
pub fn schema() -> Value {
    SCHEMA.value.clone()
}

/// A JSON object in which no key comes twice.
struct Unique(Map<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Unique;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object in braces")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Unique, A::Error> {
                let mut map = Map::new();
                while let Some(key) = access.next_key::<String>()? {
                    if map.contains_key(&key) {
                        return Err(A::Error::custom(format!("the key `{key}` comes twice")));
                    }
                    map.insert(key, access.next_value()?);
                }
                Ok(Unique(map))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Reads a row's JSON text.
pub(super) fn parse(text: &str) -> Result<Map<String, Value>, serde_json::Error> {
    serde_json::from_str::<Unique>(text).map(|unique| unique.0)
}

/// What is wrong with a row's known fields. Cheap for good rows.
pub(super) fn problems(row: &Map<String, Value>) -> Vec<Problem> {
    let is_plain =
        |key: &str, fits: fn(&Value) -> bool| row.get(key).is_none_or(|value| value.is_null() || fits(value));
    let simple = is_plain("id", |id| id.is_number() || id.as_str().is_some_and(|id| !id.is_empty()))
        && is_plain("metadata", Value::is_object)
        && is_plain("scorers", |scorers| scorers.as_array().is_some_and(Vec::is_empty));
    if simple {
        return Vec::new();
    }
    let value = Value::Object(row.clone());
    if SCHEMA.accepts(&value) {
        return scorer_problems(row);
    }
    SCHEMA.problems(&value, check::no_special_keys)
}

fn scorer_problems(row: &Map<String, Value>) -> Vec<Problem> {
    let items = row.get("scorers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut problems = Vec::new();
    let mut report = |index: usize, field: &str, message: String, hint: Option<String>| {
        let path =
            [vec![Step::Key("scorers".to_owned()), Step::Index(index)], yaml::parse_path(field)].concat();
        problems.push(Problem { code: "scorer", path, at_key: false, missing: false, message, hint });
    };
    for (index, item) in items.iter().enumerate() {
        let checked = serde_json::from_value::<RawScorer>(item.clone())
            .map_err(|error| error.to_string())
            .and_then(RawScorer::checked);
        match checked {
            Ok(scorer) => scorer::compile(&[scorer])
                .err()
                .into_iter()
                .flatten()
                .for_each(|problem| report(index, &problem.field, problem.message, problem.hint)),
            Err(message) => report(index, "", message, None),
        }
    }
    problems
}

/// A row's own id.
pub(super) fn id(row: &Map<String, Value>) -> Option<String> {
    match row.get("id") {
        Some(Value::String(id)) => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    }
}

/// Findings with their places within a row's own text, where the YAML reader can tell them (JSON is YAML).
pub(super) fn place(text: &str, problems: Vec<Problem>) -> Vec<Diagnostic> {
    let document = yaml::read(text).ok();
    let diagnostic = |problem: Problem| {
        let span = document.as_ref().and_then(|document| match problem.at_key {
            true => document.key_span(&problem.path),
            false => document.span(&problem.path),
        });
        let diagnostic = without_place(problem);
        match span {
            Some(span) => diagnostic.at(span.from, span.to),
            None => diagnostic,
        }
    };
    problems.into_iter().map(diagnostic).collect()
}

/// A finding without its place.
pub(super) fn without_place(problem: Problem) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(problem.code, path_text(&problem.path), problem.message);
    diagnostic.hint = problem.hint;
    diagnostic
}
