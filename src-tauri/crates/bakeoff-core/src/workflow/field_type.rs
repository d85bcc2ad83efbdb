//! The types of state fields and outputs: their names, and values made to fit them.

use super::FieldType;
use super::words::described;
use serde_json::{Map, Number, Value, json};

/// What types there are, for messages.
pub(super) const TYPES: &str = "str, int, float, bool, list, list[T], dict, dict[str, T] or object";
/// How deep types may be nested.
const DEEPEST: usize = 16;

impl FieldType {
    /// Reads a type's name, such as `list[str]`.
    ///
    /// # Errors
    /// What is not a type, and which there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse(text.trim(), 0)
    }

    /// Whether a value of the other type always fits this one.
    pub fn takes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float, Self::Int) => true,
            (Self::List(None), Self::List(_)) => true,
            (Self::List(Some(mine)), Self::List(Some(its))) => mine.takes(its),
            (Self::Dict(None), Self::Dict(_) | Self::Object(_)) => true,
            (Self::Dict(Some(mine)), Self::Dict(Some(its))) => mine.takes(its),
            (Self::Dict(Some(mine)), Self::Object(its)) => {
                !its.is_empty() && its.iter().all(|(_, one)| mine.takes(one))
            }
            (Self::Object(mine), Self::Dict(_)) => mine.is_empty(),
            (Self::Object(mine), Self::Object(its)) => mine.iter().all(|(name, one)| {
                its.iter().any(|(its_name, its_type)| its_name == name && one.takes(its_type))
            }),
            (mine, its) => mine == its,
        }
    }

    /// Whether it is a text, a number or a truth value.
    pub fn is_basic(&self) -> bool {
        matches!(self, Self::Str | Self::Int | Self::Float | Self::Bool)
    }

    /// A value made to fit: a whole number for a float is fine, `"3"` becomes 3 for an int, and the JSON text of a
    /// list becomes the list.
    ///
    /// # Errors
    /// Where it doesn't fit, what was found, and what is needed: `must be int, but is the text "x"`. `name` begins it.
    pub fn convert(&self, name: &str, value: &Value) -> Result<Value, String> {
        let fitting = match self {
            Self::Str => text(value),
            Self::Int => whole(value),
            Self::Float => float(value),
            Self::Bool => truth(value),
            Self::List(of) => return self.list(name, of.as_deref(), value),
            Self::Dict(of) => return self.dict(name, of.as_deref(), value),
            Self::Object(fields) => return self.object(name, fields, value),
        };
        fitting.ok_or_else(|| self.wrong(name, value))
    }

    fn wrong(&self, name: &str, value: &Value) -> String {
        format!("`{name}` must be {self}, but is {}", described(value))
    }

    fn list(&self, name: &str, of: Option<&Self>, value: &Value) -> Result<Value, String> {
        let Some(Value::Array(items)) = structured(value, '[') else { return Err(self.wrong(name, value)) };
        let Some(of) = of else { return Ok(Value::Array(items)) };
        let items =
            items.iter().enumerate().map(|(index, item)| of.convert(&format!("{name}[{index}]"), item));
        items.collect::<Result<_, _>>().map(Value::Array)
    }

    fn dict(&self, name: &str, of: Option<&Self>, value: &Value) -> Result<Value, String> {
        let Some(Value::Object(entries)) = structured(value, '{') else {
            return Err(self.wrong(name, value));
        };
        let Some(of) = of else { return Ok(Value::Object(entries)) };
        let convert = |(key, value): (String, Value)| {
            let value = of.convert(&format!("{name}.{key}"), &value)?;
            Ok((key, value))
        };
        entries.into_iter().map(convert).collect::<Result<_, String>>().map(Value::Object)
    }

    fn object(&self, name: &str, fields: &[(String, Self)], value: &Value) -> Result<Value, String> {
        let Some(Value::Object(mut entries)) = structured(value, '{') else {
            return Err(self.wrong(name, value));
        };
        for (field, of) in fields {
            let inner = format!("{name}.{field}");
            let value = entries.get(field).ok_or_else(|| format!("`{inner}` is missing"))?;
            let value = of.convert(&inner, value)?;
            entries.insert(field.clone(), value);
        }
        Ok(Value::Object(entries))
    }

    /// The JSON Schema of such values, as strict as the type can be told.
    pub fn json_schema(&self) -> Value {
        match self {
            Self::Str => json!({"type": "string"}),
            Self::Int => json!({"type": "integer"}),
            Self::Float => json!({"type": "number"}),
            Self::Bool => json!({"type": "boolean"}),
            Self::List(None) => json!({"type": "array"}),
            Self::List(Some(of)) => json!({"type": "array", "items": of.json_schema()}),
            Self::Dict(None) => json!({"type": "object"}),
            Self::Dict(Some(of)) => json!({"type": "object", "additionalProperties": of.json_schema()}),
            Self::Object(fields) if fields.is_empty() => json!({"type": "object"}),
            Self::Object(fields) => {
                object_schema(fields.iter().map(|(name, of)| (name.clone(), of.json_schema())))
            }
        }
    }

    /// Whether providers' strict structured output can say it: no mapping with free keys, no list of anything.
    pub(super) fn is_strict(&self) -> bool {
        match self {
            Self::Str | Self::Int | Self::Float | Self::Bool => true,
            Self::List(of) => of.as_deref().is_some_and(Self::is_strict),
            Self::Dict(_) => false,
            Self::Object(fields) => !fields.is_empty() && fields.iter().all(|(_, of)| of.is_strict()),
        }
    }
}

/// A schema with these properties, all required and no others.
pub(super) fn object_schema(properties: impl Iterator<Item = (String, Value)>) -> Value {
    let properties: Map<String, Value> = properties.collect();
    let required: Vec<String> = properties.keys().cloned().collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

impl std::fmt::Display for FieldType {
    /// `list[str]`, as [`FieldType::parse`] reads it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Str => write!(f, "str"),
            Self::Int => write!(f, "int"),
            Self::Float => write!(f, "float"),
            Self::Bool => write!(f, "bool"),
            Self::List(None) => write!(f, "list"),
            Self::List(Some(of)) => write!(f, "list[{of}]"),
            Self::Dict(None) => write!(f, "dict"),
            Self::Dict(Some(of)) => write!(f, "dict[str, {of}]"),
            Self::Object(_) => write!(f, "object"),
        }
    }
}

fn parse(text: &str, depth: usize) -> Result<FieldType, String> {
    if depth > DEEPEST {
        return Err(format!("a type may be nested {DEEPEST} deep"));
    }
    let unknown = || format!("`{text}` is not a type; allowed is {TYPES}");
    let argument = |name: &str| {
        let inner = text.strip_prefix(name)?.trim_start().strip_prefix('[')?.strip_suffix(']')?;
        Some(inner.trim())
    };
    match text {
        "str" | "string" => return Ok(FieldType::Str),
        "int" | "integer" => return Ok(FieldType::Int),
        "float" | "number" => return Ok(FieldType::Float),
        "bool" | "boolean" => return Ok(FieldType::Bool),
        "list" => return Ok(FieldType::List(None)),
        "dict" => return Ok(FieldType::Dict(None)),
        "object" => return Ok(FieldType::Object(Vec::new())),
        _ => {}
    }
    if let Some(of) = argument("list") {
        return parse(of, depth + 1).map(|of| FieldType::List(Some(Box::new(of))));
    }
    let (key, of) = argument("dict").and_then(|inner| inner.split_once(',')).ok_or_else(unknown)?;
    match key.trim() {
        "str" | "string" => parse(of.trim(), depth + 1).map(|of| FieldType::Dict(Some(Box::new(of)))),
        other => Err(format!("the keys of `{text}` are {other}, but keys are texts: write dict[str, …]")),
    }
}

fn text(value: &Value) -> Option<Value> {
    match value {
        Value::String(_) => Some(value.clone()),
        Value::Number(number) => Some(Value::from(number.to_string())),
        Value::Bool(truth) => Some(Value::from(truth.to_string())),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(value.clone()),
        Value::Number(number) => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15)?;
            Some(Value::from(float as i64))
        }
        Value::String(text) => text.trim().parse::<i64>().ok().map(Value::from),
        _ => None,
    }
}

fn float(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            let text = text.trim();
            // Rust also reads "inf" and "nan", which are no values of JSON.
            text.parse::<i64>()
                .ok()
                .map(Value::from)
                .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number))
        }
        _ => None,
    }
}

fn truth(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::String(text) => match text.trim() {
            "true" | "True" => Some(Value::Bool(true)),
            "false" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

/// The value, or what its text says in JSON when it begins so.
fn structured(value: &Value, first: char) -> Option<Value> {
    match value {
        Value::String(text) if text.trim_start().starts_with(first) => serde_json::from_str(text.trim()).ok(),
        other => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for (text, written) in [
            ("str", "str"),
            ("string", "str"),
            (" int ", "int"),
            ("float", "float"),
            ("bool", "bool"),
            ("list", "list"),
            ("list[str]", "list[str]"),
            ("list[ list[int] ]", "list[list[int]]"),
            ("dict", "dict"),
            ("dict[str,int]", "dict[str, int]"),
            ("dict[str, list[dict[str, bool]]]", "dict[str, list[dict[str, bool]]]"),
            ("object", "object"),
        ] {
            let parsed = FieldType::parse(text).expect(text);
            assert_eq!(parsed.to_string(), written);
            assert_eq!(FieldType::parse(written), Ok(parsed), "{written} reads back");
        }
        for text in [
            "",
            "text",
            "list[",
            "list[]",
            "list[x]",
            "dict[str]",
            "dict[int, str]",
            "tuple[int]",
            "List[str]",
        ] {
            let error = FieldType::parse(text).expect_err(text);
            assert!(error.contains("is not a type") || error.contains("keys are texts"), "{error}");
        }
        assert!(FieldType::parse(&("list[".repeat(50) + &"]".repeat(50))).is_err());
    }

    fn converted(kind: &str, value: &Value) -> Result<Value, String> {
        FieldType::parse(kind).and_then(|kind| kind.convert("x", value))
    }

    #[test]
    fn what_is_unambiguous_is_converted() {
        for (kind, value, expected) in [
            ("int", json!(3), json!(3)),
            ("int", json!(3.0), json!(3)),
            ("int", json!("3"), json!(3)),
            ("int", json!(" -7 "), json!(-7)),
            ("float", json!(3), json!(3)),
            ("float", json!("0.85"), json!(0.85)),
            ("float", json!("3"), json!(3)),
            ("bool", json!(true), json!(true)),
            ("bool", json!("False"), json!(false)),
            ("str", json!(3), json!("3")),
            ("str", json!("3"), json!("3")),
            ("str", json!(true), json!("true")),
            ("list", json!([1, "a"]), json!([1, "a"])),
            ("list[int]", json!(["1", 2]), json!([1, 2])),
            ("list[int]", json!("[1, 2]"), json!([1, 2])),
            ("dict[str, float]", json!({"a": "1.5"}), json!({"a": 1.5})),
            ("dict", json!("{\"a\": 1}"), json!({"a": 1})),
            ("object", json!({"a": 1}), json!({"a": 1})),
        ] {
            assert_eq!(converted(kind, &value), Ok(expected), "{value} as {kind}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (kind, value, message) in [
            ("int", json!(3.5), "`x` must be int, but is the number 3.5"),
            ("int", json!("three"), "`x` must be int, but is the text \"three\""),
            ("int", json!(true), "`x` must be int, but is true"),
            ("float", json!("inf"), "`x` must be float, but is the text \"inf\""),
            ("bool", json!(1), "`x` must be bool, but is the number 1"),
            ("str", Value::Null, "`x` must be str, but is empty"),
            ("str", json!(["a"]), "`x` must be str, but is a list of 1"),
            ("list[int]", json!([1, "b"]), "`x[1]` must be int, but is the text \"b\""),
            ("list", json!("a, b"), "`x` must be list, but is the text \"a, b\""),
            ("dict[str, int]", json!({"a": {}}), "`x.a` must be int, but is a mapping"),
            ("dict", json!([]), "`x` must be dict, but is a list of 0"),
        ] {
            assert_eq!(converted(kind, &value), Err(message.to_owned()), "{value} as {kind}");
        }
        let object = FieldType::Object(vec![("name".into(), FieldType::Str), ("age".into(), FieldType::Int)]);
        assert_eq!(object.convert("x", &json!({"name": "a"})), Err("`x.age` is missing".to_owned()));
        assert_eq!(
            object.convert("x", &json!({"name": "a", "age": "4", "z": 1})),
            Ok(json!({"name": "a", "age": 4, "z": 1}))
        );
    }

    #[test]
    fn one_type_takes_another() {
        let takes = |mine: &str, its: &str| {
            FieldType::parse(mine).is_ok_and(|mine| FieldType::parse(its).is_ok_and(|its| mine.takes(&its)))
        };
        for (mine, its) in [
            ("float", "int"),
            ("list", "list[str]"),
            ("list[float]", "list[int]"),
            ("dict", "object"),
            ("object", "dict"),
            ("dict", "dict[str, int]"),
            ("str", "str"),
        ] {
            assert!(takes(mine, its), "{mine} takes {its}");
        }
        for (mine, its) in [
            ("int", "float"),
            ("str", "int"),
            ("list[str]", "list"),
            ("list[str]", "list[int]"),
            ("dict[str, int]", "dict"),
            ("dict[str, int]", "object"),
        ] {
            assert!(!takes(mine, its), "{mine} does not take {its}");
        }
    }
}
