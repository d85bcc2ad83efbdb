//! Conditions of routes: `state.score >= 0.8 and not (state.label == "spam")`.
//!
//! The text is parsed by minijinja's expression parser. Of its syntax a condition has comparisons, `and`, `or`, `not`,
//! `in`, parentheses, texts, numbers, truth values and fields; everything else is refused by name, and what is left is
//! evaluated here, because a template engine orders any two values while a condition must not: a text that is not
//! comparable with a number is an error, not "false".

mod evaluate;
mod parse;
mod types;

use super::{FieldType, State};
use crate::template::TemplateError;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) use types::Mismatch;

/// The longest condition, in bytes. It bounds how deep one can be nested.
const LONGEST: usize = 2_000;

/// A condition, ready to be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    source: String,
    expression: Expression,
}

#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Literal(Value),
    Field(FieldPath),
    List(Vec<Expression>),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    /// `first op a op b …`: all of the neighbours must hold.
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
}

/// A state field, and the way into its value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldPath {
    field: String,
    inner: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// What is not understood or not part of conditions, with its place in the text.
    pub fn compile(text: &str) -> Result<Self, TemplateError> {
        let source = text.trim();
        let expression = parse::parse(source)?;
        Ok(Self { source: source.to_owned(), expression })
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// A field without a value where one is needed, or values that can't be compared; names the condition.
    pub fn holds(&self, state: &State) -> Result<bool, String> {
        evaluate::holds(&self.expression, state)
            .map_err(|problem| format!("the condition `{}` can't be decided: {problem}", self.source))
    }

    /// The state fields that it uses.
    pub fn fields(&self) -> BTreeSet<&str> {
        let mut fields = BTreeSet::new();
        self.expression.collect(&mut fields);
        fields
    }

    /// Comparisons that can't be decided, or that are decided already, by the types of the fields; a field without a
    /// known type fits anything.
    pub(super) fn mismatches<'a>(&self, type_of: impl Fn(&str) -> Option<&'a FieldType>) -> Vec<Mismatch> {
        let mut found = Vec::new();
        types::mismatches(&self.expression, &type_of, &mut found);
        found
    }
}

impl Expression {
    fn collect<'a>(&'a self, fields: &mut BTreeSet<&'a str>) {
        match self {
            Self::Literal(_) => {}
            Self::Field(path) => {
                fields.insert(&path.field);
            }
            Self::List(items) => items.iter().for_each(|item| item.collect(fields)),
            Self::Not(inner) | Self::Negative(inner) => inner.collect(fields),
            Self::And(left, right) | Self::Or(left, right) => {
                left.collect(fields);
                right.collect(fields);
            }
            Self::Compare(first, rest) => {
                first.collect(fields);
                rest.iter().for_each(|(_, other)| other.collect(fields));
            }
        }
    }
}

impl std::fmt::Display for FieldPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "state.{}", self.field)?;
        self.inner.iter().try_for_each(|part| write!(f, ".{part}"))
    }
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
        }
    }
}

#[cfg(test)]
mod tests;
