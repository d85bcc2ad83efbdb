//! Which comparisons of a condition can't be decided, whatever the values are, as far as types tell.

use super::{Comparison, Expression, FieldPath};
use crate::workflow::FieldType;
use crate::workflow::words::described;
use serde_json::Value;

/// What comparisons tell apart. A field without a value yet is null, which no type says; it is not told here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Truth,
    List,
    Mapping,
}

/// A comparison that does not fit its sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::workflow) struct Mismatch {
    /// Both sides with their types.
    pub message: String,
    /// What is allowed.
    pub hint: &'static str,
    /// It never fails: it just can't be true (or, for `!=`, false).
    pub is_decided: bool,
}

const ORDER: &str = "<, <=, > and >= compare two numbers or two texts";
const CONTAINS: &str =
    "`in` asks for a value of a list, for a part of a text, or for a text among the keys of a mapping";
const EQUAL: &str = "values of different types are never equal; compare with a value of the field's own type";

/// Every comparison in an expression whose sides both have a known type and don't fit each other.
pub(super) fn mismatches<'a>(
    expression: &Expression,
    type_of: &impl Fn(&str) -> Option<&'a FieldType>,
    found: &mut Vec<Mismatch>,
) {
    match expression {
        Expression::Literal(_) | Expression::Field(_) => {}
        Expression::List(items) => items.iter().for_each(|item| mismatches(item, type_of, found)),
        Expression::Not(inner) => mismatches(inner, type_of, found),
        Expression::Negative(inner) => {
            mismatches(inner, type_of, found);
            if kind(inner, type_of).is_some_and(|kind| kind != Kind::Number) {
                let message = format!("`-` does not fit {}", side(inner, type_of));
                found.push(Mismatch { message, hint: "only a number has a negative", is_decided: false });
            }
        }
        Expression::And(left, right) | Expression::Or(left, right) => {
            mismatches(left, type_of, found);
            mismatches(right, type_of, found);
        }
        Expression::Compare(first, rest) => {
            mismatches(first, type_of, found);
            let mut left = first.as_ref();
            for (comparison, right) in rest {
                mismatches(right, type_of, found);
                found.extend(compare(*comparison, left, right, type_of));
                left = right;
            }
        }
    }
}

fn compare<'a>(
    comparison: Comparison,
    left: &Expression,
    right: &Expression,
    type_of: &impl Fn(&str) -> Option<&'a FieldType>,
) -> Option<Mismatch> {
    let (left_kind, right_kind) = (kind(left, type_of)?, kind(right, type_of)?);
    let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    let (fits, hint) = match comparison {
        Comparison::Equal | Comparison::NotEqual => (left_kind == right_kind, EQUAL),
        Comparison::In | Comparison::NotIn => {
            let fits = match right_kind {
                Kind::List => true,
                Kind::Text | Kind::Mapping => left_kind == Kind::Text,
                Kind::Number | Kind::Truth => false,
            };
            (fits, CONTAINS)
        }
        _ => (left_kind == right_kind && matches!(left_kind, Kind::Text | Kind::Number), ORDER),
    };
    let message =
        format!("`{}` does not fit {} and {}", comparison.sign(), side(left, type_of), side(right, type_of));
    (!fits).then_some(Mismatch { message, hint, is_decided: is_equality })
}

/// The kind of an expression's value, where it has only one.
fn kind<'a>(expression: &Expression, type_of: &impl Fn(&str) -> Option<&'a FieldType>) -> Option<Kind> {
    match expression {
        Expression::Literal(value) => match value {
            Value::Null => None,
            Value::Bool(_) => Some(Kind::Truth),
            Value::Number(_) => Some(Kind::Number),
            Value::String(_) => Some(Kind::Text),
            Value::Array(_) => Some(Kind::List),
            Value::Object(_) => Some(Kind::Mapping),
        },
        Expression::Field(path) => Some(match field(path, type_of)? {
            FieldType::Str => Kind::Text,
            FieldType::Int | FieldType::Float => Kind::Number,
            FieldType::Bool => Kind::Truth,
            FieldType::List(_) => Kind::List,
            FieldType::Dict(_) | FieldType::Object(_) => Kind::Mapping,
        }),
        Expression::List(_) => Some(Kind::List),
        Expression::Negative(_) => Some(Kind::Number),
        Expression::Not(_) | Expression::Compare(..) => Some(Kind::Truth),
        // They give one of their sides.
        Expression::And(left, right) | Expression::Or(left, right) => {
            kind(left, type_of).filter(|left| kind(right, type_of) == Some(*left))
        }
    }
}

/// The type at the end of a way into a field's value; `None` where it isn't told.
fn field<'a>(path: &FieldPath, type_of: &impl Fn(&str) -> Option<&'a FieldType>) -> Option<&'a FieldType> {
    path.inner.iter().try_fold(type_of(&path.field)?, |kind, part| match kind {
        FieldType::Object(fields) => fields.iter().find(|(name, _)| name == part).map(|(_, kind)| kind),
        FieldType::List(Some(of)) | FieldType::Dict(Some(of)) => Some(of.as_ref()),
        _ => None,
    })
}

fn side<'a>(expression: &Expression, type_of: &impl Fn(&str) -> Option<&'a FieldType>) -> String {
    match expression {
        Expression::Field(path) => match field(path, type_of) {
            Some(kind) => format!("{path} ({kind})"),
            None => path.to_string(),
        },
        Expression::Literal(value) => described(value),
        Expression::List(items) => format!("a list of {}", items.len()),
        Expression::Negative(inner) => match inner.as_ref() {
            Expression::Literal(Value::Number(number)) => format!("the number -{number}"),
            _ => "a number".to_owned(),
        },
        Expression::Not(_) | Expression::Compare(..) => "a truth value".to_owned(),
        Expression::And(..) | Expression::Or(..) => "what `and` or `or` gives".to_owned(),
    }
}
