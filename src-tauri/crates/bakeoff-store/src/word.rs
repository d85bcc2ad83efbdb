//! Enumerations of the core as the words that they have in files.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A value that is one word as JSON, too.
pub(crate) struct Word<T>(pub T);

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match serde_json::to_value(&self.0) {
            Ok(Value::String(word)) => Ok(word.into()),
            Ok(other) => Err(rusqlite::Error::ToSqlConversionFailure(format!("{other} is no word").into())),
            Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(error.into())),
        }
    }
}

impl<T: DeserializeOwned> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = Value::String(value.as_str()?.to_owned());
        serde_json::from_value(word).map(Self).map_err(FromSqlError::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bakeoff_core::fault::FaultState;

    #[test]
    fn words_go_there_and_back() {
        let written = Word(FaultState::RevertFailed);
        assert_eq!(written.to_sql(), Ok("revert_failed".to_owned().into()), "the name in files");
        let read = Word::<FaultState>::column_result(ValueRef::Text(b"revert_failed"));
        assert_eq!(read.map(|word| word.0), Ok(FaultState::RevertFailed));
        assert!(Word::<FaultState>::column_result(ValueRef::Text(b"asleep")).is_err());
        assert!(Word(7).to_sql().is_err(), "a number is no word");
    }
}
