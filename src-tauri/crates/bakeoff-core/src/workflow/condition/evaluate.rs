//! What an expression gives for a state.

use super::{Comparison, Expression, FieldPath};
use crate::workflow::State;
use crate::workflow::words::{described, inner};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Whether an expression holds: its value is neither false, none, zero nor empty.
pub(super) fn holds(expression: &Expression, state: &State) -> Result<bool, String> {
    match expression {
        Expression::Not(inner) => Ok(!holds(inner, state)?),
        Expression::And(left, right) => Ok(holds(left, state)? && holds(right, state)?),
        Expression::Or(left, right) => Ok(holds(left, state)? || holds(right, state)?),
        Expression::Compare(first, rest) => {
            let mut left = value(first, state)?;
            let mut left_is = first.as_ref();
            for (comparison, other) in rest {
                let right = value(other, state)?;
                if !compare(*comparison, (left_is, &left), (other, &right))? {
                    return Ok(false);
                }
                (left, left_is) = (right, other);
            }
            Ok(true)
        }
        other => value(other, state).map(|value| is_truthy(&value)),
    }
}

fn value<'a>(expression: &'a Expression, state: &'a State) -> Result<Cow<'a, Value>, String> {
    match expression {
        Expression::Literal(value) => Ok(Cow::Borrowed(value)),
        Expression::Field(path) => field(path, state).map(Cow::Borrowed),
        Expression::List(items) => {
            let items = items.iter().map(|item| value(item, state).map(Cow::into_owned));
            items.collect::<Result<_, _>>().map(|items| Cow::Owned(Value::Array(items)))
        }
        Expression::Negative(inner) => {
            let inner = value(inner, state)?;
            let negative = match inner.as_ref() {
                Value::Number(number) => negative(number),
                _ => None,
            };
            negative.map(Cow::Owned).ok_or_else(|| format!("{} has no negative", described(&inner)))
        }
        // Python's `and` and `or` give one of their sides, so that `(a or b) == "x"` has a meaning.
        Expression::And(left, right) => {
            let left = value(left, state)?;
            if is_truthy(&left) { value(right, state) } else { Ok(left) }
        }
        Expression::Or(left, right) => {
            let left = value(left, state)?;
            if is_truthy(&left) { Ok(left) } else { value(right, state) }
        }
        Expression::Not(_) | Expression::Compare(..) => {
            holds(expression, state).map(|holds| Cow::Owned(Value::Bool(holds)))
        }
    }
}

fn field<'a>(path: &FieldPath, state: &'a State) -> Result<&'a Value, String> {
    let value = state.get(&path.field).ok_or_else(|| format!("there is no state.{}", path.field))?;
    inner(value, path.inner.iter().map(String::as_str)).ok_or_else(|| format!("there is no {path}"))
}

fn negative(number: &Number) -> Option<Value> {
    match number.as_i64().and_then(i64::checked_neg) {
        Some(whole) => Some(Value::from(whole)),
        None => number.as_f64().map(|number| Value::from(-number)),
    }
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
    }
}

type Side<'a> = (&'a Expression, &'a Value);

fn compare(comparison: Comparison, left: Side<'_>, right: Side<'_>) -> Result<bool, String> {
    match comparison {
        Comparison::Equal => return Ok(is_equal(left.1, right.1)),
        Comparison::NotEqual => return Ok(!is_equal(left.1, right.1)),
        Comparison::In => return contains(comparison, left, right),
        Comparison::NotIn => return contains(comparison, left, right).map(|contains| !contains),
        _ => {}
    }
    let order = match (left.1, right.1) {
        (Value::Number(left), Value::Number(right)) => order(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    };
    let order = order.ok_or_else(|| mismatch(comparison, left, right))?;
    Ok(match comparison {
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    })
}

fn mismatch(comparison: Comparison, left: Side<'_>, right: Side<'_>) -> String {
    let sign = comparison.sign();
    format!("`{sign}` does not fit {} and {}", side(left), side(right))
}

fn side((expression, value): Side<'_>) -> String {
    match expression {
        Expression::Field(path) => format!("{path}, which is {}", described(value)),
        _ => described(value),
    }
}

fn contains(comparison: Comparison, left: Side<'_>, right: Side<'_>) -> Result<bool, String> {
    match (left.1, right.1) {
        (item, Value::Array(items)) => Ok(items.iter().any(|one| is_equal(one, item))),
        (Value::String(part), Value::String(text)) => Ok(text.contains(part.as_str())),
        (Value::String(key), Value::Object(object)) => Ok(object.contains_key(key)),
        _ => Err(mismatch(comparison, left, right)),
    }
}

/// Equality by value: 1 is 1.0, and values of different types are never equal.
fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => order(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, one)| right.get(key).is_some_and(|other| is_equal(one, other)))
        }
        (left, right) => left == right,
    }
}

fn order(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
