//! Outcomes as the small numbers of the schema. The numbers are part of the file format.

use bakeoff_core::outcome::Outcome;
use rusqlite::types::FromSqlError;

/// By number. Only ever add at the end.
pub(crate) const BY_CODE: [Outcome; 10] = [
    Outcome::Pass,
    Outcome::Fail,
    Outcome::Timeout,
    Outcome::Ungraded,
    Outcome::InfraError,
    Outcome::JudgeError,
    Outcome::Void,
    Outcome::Cancelled,
    Outcome::Interrupted,
    Outcome::Skipped,
];

/// The number of an outcome.
pub(crate) fn code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Pass => 0,
        Outcome::Fail => 1,
        Outcome::Timeout => 2,
        Outcome::Ungraded => 3,
        Outcome::InfraError => 4,
        Outcome::JudgeError => 5,
        Outcome::Void => 6,
        Outcome::Cancelled => 7,
        Outcome::Interrupted => 8,
        Outcome::Skipped => 9,
    }
}

/// The outcome with a number.
pub(crate) fn outcome(code: i64) -> Result<Outcome, FromSqlError> {
    usize::try_from(code)
        .ok()
        .and_then(|code| BY_CODE.get(code).copied())
        .ok_or(FromSqlError::OutOfRange(code))
}

/// The numbers of all outcomes that fulfil a condition, as a list for SQL's `IN (…)`.
pub(crate) fn codes_where(wanted: impl Fn(Outcome) -> bool) -> String {
    let codes: Vec<String> = BY_CODE
        .into_iter()
        .filter(|outcome| wanted(*outcome))
        .map(|outcome| code(outcome).to_string())
        .collect();
    codes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_outcomes_agree() {
        for (number, expected) in BY_CODE.into_iter().enumerate() {
            assert_eq!(usize::from(code(expected)), number, "{expected:?} keeps its number");
            assert_eq!(outcome(number as i64).ok(), Some(expected));
        }
        assert_eq!(BY_CODE.len(), Outcome::ALL.len(), "every outcome has a number");
        assert!(outcome(10).is_err() && outcome(-1).is_err(), "other numbers are refused");
    }

    #[test]
    fn lists_for_sql() {
        assert_eq!(codes_where(Outcome::is_unfinished), "7, 8, 9");
    }
}
