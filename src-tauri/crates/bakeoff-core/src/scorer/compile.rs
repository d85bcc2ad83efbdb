//! Compiling scorers: templates, patterns and schemas once per campaign, with errors that name the field.

use super::raw::RawScorer;
use super::{Scorer, ScorerKind};
use crate::template::{Template, TemplateError};
use jsonschema::{PatternOptions, Validator};
use regex::Regex;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A scorer that is ready to judge. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CompiledScorer {
    pub(super) inner: Arc<Compiled>,
}

#[derive(Debug)]
pub(super) struct Compiled {
    pub scorer: Scorer,
    pub judge: Judge,
}

/// The compiled part of a scorer.
#[derive(Debug)]
pub(super) enum Judge {
    Exact(Template),
    Contains { value: Template, ignore_case: bool },
    ContainsSome { values: Vec<Template>, all: bool },
    StartsWith(Template),
    Regex(Pattern),
    IsJson,
    JsonSchema(Box<Validator>),
    JsonField { field: String, equals: Template },
    Numeric { value: Template, tolerance: f64, field: Option<String> },
    Levenshtein { value: Template, threshold: f64 },
    Latency { max_ms: f64 },
    Cost { max_usd: f64 },
    Rubric { criterion: Template },
}

/// A regular expression: compiled at once, or per case where it has fields in it.
#[derive(Debug)]
pub(super) enum Pattern {
    Fixed(Regex),
    PerCase(Template),
}

/// Why a scorer can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScorerProblem {
    /// Which scorer of the list, from 0.
    pub index: usize,
    /// Where in the scorer, such as `pattern` or `values[1]`.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in the field's text, in bytes.
    pub range: Option<Range<usize>>,
}

impl CompiledScorer {
    /// What it was compiled from.
    pub fn scorer(&self) -> &Scorer {
        &self.inner.scorer
    }

    /// The names of the case's fields that it uses.
    pub fn fields(&self) -> Vec<&str> {
        let templates: Vec<&Template> = match &self.inner.judge {
            Judge::Exact(value)
            | Judge::Contains { value, .. }
            | Judge::StartsWith(value)
            | Judge::Regex(Pattern::PerCase(value))
            | Judge::JsonField { equals: value, .. }
            | Judge::Numeric { value, .. }
            | Judge::Levenshtein { value, .. }
            | Judge::Rubric { criterion: value } => vec![value],
            Judge::ContainsSome { values, .. } => values.iter().collect(),
            Judge::Regex(Pattern::Fixed(_))
            | Judge::IsJson
            | Judge::JsonSchema(_)
            | Judge::Latency { .. }
            | Judge::Cost { .. } => Vec::new(),
        };
        templates.into_iter().flat_map(|template| template.fields().iter().map(String::as_str)).collect()
    }
}

/// Compiles a campaign's scorers, or tells everything that is wrong with them.
pub fn compile(scorers: &[Scorer]) -> Result<Vec<CompiledScorer>, Vec<ScorerProblem>> {
    let mut compiled = Vec::with_capacity(scorers.len());
    let mut problems = Vec::new();
    for (index, scorer) in scorers.iter().enumerate() {
        match compile_one(scorer) {
            Ok(judge) => {
                compiled.push(CompiledScorer { inner: Arc::new(Compiled { scorer: scorer.clone(), judge }) });
            }
            Err(problem) => problems.push(ScorerProblem { index, ..problem }),
        }
    }
    if problems.is_empty() { Ok(compiled) } else { Err(problems) }
}

/// The scorers of one case: the campaign's, then those of the row's own `scorers`. Fails with a message when the
/// row's are not valid, which reading the data set makes sure of.
pub fn for_case<'a>(
    campaign: &'a [CompiledScorer],
    fields: &Map<String, Value>,
) -> Result<Cow<'a, [CompiledScorer]>, String> {
    let own = of_row(fields)?;
    if own.is_empty() {
        return Ok(Cow::Borrowed(campaign));
    }
    Ok(Cow::Owned(campaign.iter().cloned().chain(own).collect()))
}

/// The compiled scorers that a row brings along.
fn of_row(fields: &Map<String, Value>) -> Result<Vec<CompiledScorer>, String> {
    let Some(Value::Array(items)) = fields.get("scorers") else { return Ok(Vec::new()) };
    let mut scorers = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let raw: RawScorer = serde_json::from_value(item.clone())
            .map_err(|error| format!("the row's scorers[{index}] is not valid: {error}"))?;
        scorers.push(raw.checked().map_err(|error| format!("the row's scorers[{index}]: {error}"))?);
    }
    compile(&scorers).map_err(|problems| {
        let words = problems
            .iter()
            .map(|one| format!("the row's scorers[{}].{}: {}", one.index, one.field, one.message));
        words.collect::<Vec<_>>().join("; ")
    })
}

fn compile_one(scorer: &Scorer) -> Result<Judge, ScorerProblem> {
    Ok(match &scorer.kind {
        ScorerKind::Exact { value } => Judge::Exact(template("value", value)?),
        ScorerKind::Contains { value } => {
            Judge::Contains { value: template("value", value)?, ignore_case: false }
        }
        ScorerKind::Icontains { value } => {
            Judge::Contains { value: template("value", value)?, ignore_case: true }
        }
        ScorerKind::ContainsAny { values } => Judge::ContainsSome { values: templates(values)?, all: false },
        ScorerKind::ContainsAll { values } => Judge::ContainsSome { values: templates(values)?, all: true },
        ScorerKind::StartsWith { value } => Judge::StartsWith(template("value", value)?),
        ScorerKind::Regex { pattern } => Judge::Regex(compile_pattern(pattern)?),
        ScorerKind::IsJson {} => Judge::IsJson,
        ScorerKind::JsonSchema { schema } => Judge::JsonSchema(Box::new(compile_schema(schema)?)),
        ScorerKind::JsonField { field, equals } => {
            Judge::JsonField { field: field.clone(), equals: template("equals", equals)? }
        }
        ScorerKind::Numeric { value, tolerance, field } => {
            let value = number_template(value)?;
            Judge::Numeric { value, tolerance: *tolerance, field: field.clone() }
        }
        ScorerKind::Levenshtein { value, threshold } => {
            Judge::Levenshtein { value: template("value", value)?, threshold: *threshold }
        }
        ScorerKind::Latency { max_ms } => Judge::Latency { max_ms: *max_ms },
        ScorerKind::Cost { max_usd } => Judge::Cost { max_usd: *max_usd },
        ScorerKind::Rubric { criterion, .. } => {
            Judge::Rubric { criterion: template("criterion", criterion)? }
        }
    })
}

fn problem(field: &str, message: String, hint: Option<String>) -> ScorerProblem {
    ScorerProblem { index: 0, field: field.to_owned(), message, hint, range: None }
}

fn template(field: &str, text: &str) -> Result<Template, ScorerProblem> {
    Template::compile(text).map_err(|TemplateError { message, hint, range }| ScorerProblem {
        range,
        ..problem(field, message, hint)
    })
}

fn templates(values: &[String]) -> Result<Vec<Template>, ScorerProblem> {
    values.iter().enumerate().map(|(index, value)| template(&format!("values[{index}]"), value)).collect()
}

fn number_template(value: &str) -> Result<Template, ScorerProblem> {
    let compiled = template("value", value)?;
    if compiled.is_plain() && super::number::number(value).is_none() {
        let hint = r#"write a number, or a field such as "{{ expected }}""#.to_owned();
        return Err(problem("value", format!("`{value}` is not a number"), Some(hint)));
    }
    Ok(compiled)
}

fn compile_pattern(pattern: &str) -> Result<Pattern, ScorerProblem> {
    let compiled = template("pattern", pattern)?;
    if !compiled.is_plain() {
        return Ok(Pattern::PerCase(compiled));
    }
    regex(pattern).map(Pattern::Fixed).map_err(|message| {
        let hint = "patterns have the syntax of Rust's regex crate: no look-around, no back references";
        problem("pattern", message, Some(hint.to_owned()))
    })
}

/// A regular expression in linear time, or what is wrong with it in one line.
pub(super) fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| {
        let words = error.to_string();
        let last = words.lines().last().unwrap_or("").trim().trim_start_matches("error: ");
        format!("the pattern `{pattern}` is not valid: {last}")
    })
}

fn compile_schema(schema: &Value) -> Result<Validator, ScorerProblem> {
    jsonschema::options().with_pattern_options(PatternOptions::regex()).build(schema).map_err(|error| {
        let path = error.instance_path().as_str().to_owned();
        let place = if path.is_empty() { String::new() } else { format!(" at {path}") };
        problem("schema", format!("this is not a usable JSON Schema{place}: {error}"), None)
    })
}
