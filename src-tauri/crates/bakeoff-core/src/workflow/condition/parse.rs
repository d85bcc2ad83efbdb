//! From text to expression, by minijinja's parser.

use super::{Comparison, Expression, FieldPath, LONGEST};
use crate::template::TemplateError;
use minijinja::machinery::ast::{BinOpKind, CompareOpKind, Const, Expr, Test, UnaryOpKind};
use minijinja::machinery::{Span, parse_expr};
use serde_json::Value;
use std::ops::Range;

/// What a condition may have.
const ALLOWED: &str = "a condition has comparisons (==, !=, <, <=, >, >=, in), and, or, not, parentheses, texts, numbers, True, False, None and state fields";

/// How many brackets, signs and `not`s there may be, which is also how deep they can be nested.
const NESTED: usize = 60;

/// Parses a condition.
pub(super) fn parse(source: &str) -> Result<Expression, TemplateError> {
    if source.is_empty() {
        return Err(error("the condition is empty".to_owned(), None));
    }
    if source.len() > LONGEST {
        let message = format!("the condition has {} bytes; at most {LONGEST} are allowed", source.len());
        return Err(error(message, None));
    }
    // The parser calls itself for each of these, and a stack has an end.
    let brackets = source.matches(['(', '[', '{', '-']).count();
    if brackets + source.split(|c: char| !c.is_alphanumeric()).filter(|word| *word == "not").count() > NESTED
    {
        return Err(error(format!("the condition has more than {NESTED} brackets, signs and `not`s"), None));
    }
    let parsed = parse_expr(source).map_err(|problem| {
        let detail = problem.detail().map_or_else(|| problem.kind().to_string(), str::to_owned);
        let message = format!("the condition `{source}` is not understood: {detail}{}", advice(source));
        let range = problem.range().filter(|range| source.get(range.clone()).is_some());
        TemplateError { message, hint: Some(ALLOWED.to_owned()), range }
    })?;
    Reader { source }.expression(&parsed)
}

/// What usually is meant by signs of other languages.
fn advice(source: &str) -> &'static str {
    if source.contains("&&") || source.contains("||") {
        " (write `and` and `or` instead of && and ||)"
    } else if source.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", "").contains('=') {
        " (write `==` to compare)"
    } else if source.contains('!') && !source.contains("!=") {
        " (write `not` instead of !)"
    } else {
        ""
    }
}

fn error(message: String, range: Option<Range<usize>>) -> TemplateError {
    TemplateError { message, hint: Some(ALLOWED.to_owned()), range }
}

struct Reader<'a> {
    source: &'a str,
}

impl Reader<'_> {
    fn expression(&self, expr: &Expr<'_>) -> Result<Expression, TemplateError> {
        let boxed = |expr: &Expr<'_>| self.expression(expr).map(Box::new);
        match expr {
            Expr::Const(constant) => literal(constant).map(Expression::Literal),
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.field(expr).map(Expression::Field),
            Expr::List(list) => self.items(&list.items),
            Expr::Tuple(tuple) => self.items(&tuple.items),
            Expr::UnaryOp(unary) => {
                let inner = boxed(&unary.expr)?;
                Ok(match unary.op {
                    UnaryOpKind::Not => Expression::Not(inner),
                    UnaryOpKind::Neg => Expression::Negative(inner),
                })
            }
            Expr::BinOp(binary) => {
                let comparison = match binary.op {
                    BinOpKind::ScAnd => {
                        return Ok(Expression::And(boxed(&binary.left)?, boxed(&binary.right)?));
                    }
                    BinOpKind::ScOr => {
                        return Ok(Expression::Or(boxed(&binary.left)?, boxed(&binary.right)?));
                    }
                    BinOpKind::Eq => Comparison::Equal,
                    BinOpKind::Ne => Comparison::NotEqual,
                    BinOpKind::Lt => Comparison::Less,
                    BinOpKind::Lte => Comparison::LessOrEqual,
                    BinOpKind::Gt => Comparison::Greater,
                    BinOpKind::Gte => Comparison::GreaterOrEqual,
                    BinOpKind::In => Comparison::In,
                    _ => return Err(self.refused("arithmetic", binary.span())),
                };
                let right = self.expression(&binary.right)?;
                Ok(Expression::Compare(boxed(&binary.left)?, vec![(comparison, right)]))
            }
            Expr::Compare(compare) => {
                let mut rest = Vec::with_capacity(compare.ops.len());
                for one in &compare.ops {
                    rest.push((comparison(one.op), self.expression(&one.expr)?));
                }
                Ok(Expression::Compare(boxed(&compare.expr)?, rest))
            }
            Expr::Test(test) => self.test(test, test.span()),
            Expr::Filter(filter) => {
                Err(self.refused(&format!("the filter `{}`", filter.name), filter.span()))
            }
            Expr::Call(call) => Err(self.refused("a call of a function or method", call.span())),
            Expr::IfExpr(conditional) => Err(self.refused("`if … else`", conditional.span())),
            Expr::Slice(slice) => Err(self.refused("a slice", slice.span())),
            Expr::Map(map) => Err(self.refused("a mapping", map.span())),
        }
    }

    fn items(&self, items: &[Expr<'_>]) -> Result<Expression, TemplateError> {
        items.iter().map(|item| self.expression(item)).collect::<Result<_, _>>().map(Expression::List)
    }

    /// `x is None`, `x is True`: the same as `==`.
    fn test(&self, test: &Test<'_>, span: Span) -> Result<Expression, TemplateError> {
        let value = match test.name {
            "none" | "None" => Value::Null,
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            other => return Err(self.refused(&format!("the test `is {other}`"), span)),
        };
        let left = Box::new(self.expression(&test.expr)?);
        Ok(Expression::Compare(left, vec![(Comparison::Equal, Expression::Literal(value))]))
    }

    fn field(&self, expr: &Expr<'_>) -> Result<FieldPath, TemplateError> {
        let mut parts = Vec::new();
        self.path(expr, &mut parts)?;
        if parts.first().is_some_and(|first| first == "state") {
            parts.remove(0);
        }
        let mut parts = parts.into_iter();
        match parts.next() {
            Some(field) => Ok(FieldPath { field, inner: parts.collect() }),
            None => {
                Err(error("`state` alone is no value: name a field, such as `state.score`".to_owned(), None))
            }
        }
    }

    fn path(&self, expr: &Expr<'_>, parts: &mut Vec<String>) -> Result<(), TemplateError> {
        match expr {
            Expr::Var(name) => parts.push(name.id.to_owned()),
            Expr::GetAttr(attribute) => {
                self.path(&attribute.expr, parts)?;
                parts.push(attribute.name.to_owned());
            }
            Expr::GetItem(item) => {
                self.path(&item.expr, parts)?;
                let key = match &item.subscript_expr {
                    Expr::Const(key) => literal(key)?,
                    _ => return Err(self.refused("a computed key", item.span())),
                };
                parts.push(key.as_str().map_or_else(|| key.to_string(), str::to_owned));
            }
            other => {
                self.expression(other)?;
                return Err(error("only the fields of the state have parts".to_owned(), None));
            }
        }
        Ok(())
    }

    fn refused(&self, what: &str, span: Span) -> TemplateError {
        let range = span.start_offset as usize..span.end_offset as usize;
        let range = Some(range).filter(|range| self.source.get(range.clone()).is_some());
        error(format!("{what} is not part of conditions: `{}`", self.source), range)
    }
}

fn comparison(kind: CompareOpKind) -> Comparison {
    match kind {
        CompareOpKind::Eq => Comparison::Equal,
        CompareOpKind::Ne => Comparison::NotEqual,
        CompareOpKind::Lt => Comparison::Less,
        CompareOpKind::Lte => Comparison::LessOrEqual,
        CompareOpKind::Gt => Comparison::Greater,
        CompareOpKind::Gte => Comparison::GreaterOrEqual,
        CompareOpKind::In => Comparison::In,
        CompareOpKind::NotIn => Comparison::NotIn,
    }
}

fn literal(constant: &Const) -> Result<Value, TemplateError> {
    serde_json::to_value(&constant.value)
        .map_err(|_| error(format!("{} is no value that can be compared", constant.value), None))
}
