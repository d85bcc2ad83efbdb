//! What a plain scalar means: YAML 1.2's core schema as serde_yaml reads it (with `0b`, without octal `017`).

use serde_json::{Number, Value};

/// Why a plain scalar has no JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoValue {
    /// `.inf` or `.nan`.
    NotFinite,
    /// A whole number that 64 bits can't hold.
    TooLarge,
}

/// Null, boolean, number or else text.
pub(super) fn resolve(text: &str) -> Result<Value, NoValue> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Ok(Value::String(text.to_owned()));
    }
    if let Some(found) = integer(text) {
        return found.map(Value::Number);
    }
    if leading_zeros(text) {
        return Ok(Value::String(text.to_owned()));
    }
    float(text).map(|number| number.map_or_else(|| Value::String(text.to_owned()), Value::Number))
}

fn integer(text: &str) -> Option<Result<Number, NoValue>> {
    let (negative, digits) = match text.as_bytes()[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let prefixes = [("0x", 16), ("0o", 8), ("0b", 2)];
    let radix = prefixes.iter().find_map(|(prefix, radix)| Some((digits.strip_prefix(prefix)?, *radix)));
    let (digits, radix) = match radix {
        Some(found) => found,
        None if leading_zeros(text) => return None,
        None => (digits, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let Ok(size) = u128::from_str_radix(digits, radix) else {
        let is_whole = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        return is_whole.then_some(Err(NoValue::TooLarge));
    };
    if !negative {
        return Some(u64::try_from(size).map(Number::from).map_err(|_| NoValue::TooLarge));
    }
    let signed = i128::try_from(size).ok().map(|size| -size);
    Some(signed.and_then(|size| i64::try_from(size).ok()).map(Number::from).ok_or(NoValue::TooLarge))
}

/// `007` is text.
fn leading_zeros(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn float(text: &str) -> Result<Option<Number>, NoValue> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(NoValue::NotFinite);
    }
    let positive = match text.strip_prefix('+') {
        Some(rest) if rest.starts_with(['+', '-']) => return Ok(None),
        Some(rest) => rest,
        None => text,
    };
    Ok(positive.parse::<f64>().ok().filter(|number| number.is_finite()).and_then(Number::from_f64))
}
