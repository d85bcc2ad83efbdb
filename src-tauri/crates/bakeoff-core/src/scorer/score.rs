//! Judging one answer by all scorers of its case.

use super::compile::{CompiledScorer, Judge, Pattern};
use super::number::number;
use super::{Scorer, ScorerKind, json, rubric, structure};
use crate::template::Template;
use crate::trial::Score;
use crate::variant::Provider;
use serde_json::{Map, Value};

/// The longest texts whose edit distance is taken, in characters (it costs their product).
const MAX_LEVENSHTEIN: usize = 20_000;
/// The longest label that is kept, in characters.
const MAX_LABEL: usize = 200;

/// What is known of an answer.
#[derive(Debug, Clone, Copy)]
pub struct AnswerFacts<'a> {
    /// The model's text.
    pub text: &'a str,
    /// The model's own time in milliseconds.
    pub latency_ms: Option<f64>,
    /// USD of the answer; `None` when it isn't known.
    pub cost_usd: Option<f64>,
}

/// What judging an answer gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scoring {
    /// One a scorer, in order; those of rubrics come in by [`Scoring::add_verdict`].
    pub scores: Vec<Score>,
    /// The class that the case expects: from the first `json-field` or `exact` scorer that compares with `expected`.
    pub expected_label: Option<String>,
    /// The class that the answer gave, by the same scorer.
    pub answered_label: Option<String>,
    /// The questions that a model must still answer.
    pub rubrics: Vec<RubricQuestion>,
    /// Why the answer can't be judged (a case without the field that a scorer needs, a cost that is not known): a
    /// `judge_error`, never a failed answer.
    pub error: Option<String>,
    /// For each of `scores`, the place of its scorer.
    order: Vec<usize>,
}

/// A question to a judge, one request without conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct RubricQuestion {
    /// The place of its scorer in the list, from 0.
    pub index: usize,
    /// Where the judge runs.
    pub provider: Provider,
    /// The judge's model, sent exactly as written.
    pub model: String,
    /// For `openai-compatible`.
    pub base_url: Option<String>,
    /// System prompt.
    pub system: String,
    /// User turn.
    pub user: String,
    /// The judge's score at or above which it passes.
    pub threshold: f64,
    /// The name under which the score is reported.
    pub metric: String,
    /// Its share in the trial's score.
    pub weight: f64,
}

impl Scoring {
    fn add(&mut self, index: usize, scorer: &Scorer, judged: Judged) {
        if let Some((expected, answered)) = judged.labels.filter(|_| self.expected_label.is_none()) {
            (self.expected_label, self.answered_label) = (Some(expected), answered);
        }
        self.order.push(index);
        self.scores.push(Score {
            scorer: scorer.kind.name().to_owned(),
            metric: scorer.metric.clone(),
            score: judged.score,
            weight: scorer.weight,
            passed: judged.passed,
            reason: judged.reason,
        });
    }

    /// Puts in a judge's verdict, in the place of its scorer.
    pub fn add_verdict(&mut self, question: &RubricQuestion, verdict: &rubric::Verdict) {
        let score = Score {
            scorer: "rubric".to_owned(),
            metric: question.metric.clone(),
            score: verdict.score,
            weight: question.weight,
            passed: verdict.score >= question.threshold,
            reason: verdict.reason.clone(),
        };
        let place = self.order.partition_point(|index| *index < question.index);
        self.order.insert(place, question.index);
        self.scores.insert(place, score);
    }
}

/// Judges an answer by all scorers of its case. `fields` are the case's.
pub fn score(scorers: &[CompiledScorer], fields: &Map<String, Value>, answer: &AnswerFacts<'_>) -> Scoring {
    let mut scoring = Scoring::default();
    let mut whole = Answer { facts: *answer, json: None };
    for (index, compiled) in scorers.iter().enumerate() {
        let scorer = &compiled.inner.scorer;
        // An output stands for the answer; without it the scorer fails, whatever it asks.
        match scorer.output.as_deref().map(|name| whole.output(name)) {
            None => one(index, compiled, fields, &mut whole, &mut scoring),
            Some(Ok(text)) => {
                let facts = AnswerFacts { text: &text, ..*answer };
                one(index, compiled, fields, &mut Answer { facts, json: None }, &mut scoring);
            }
            Some(Err(reason)) => scoring.add(index, scorer, yes_no(false, reason)),
        }
    }
    scoring
}

/// Judges by one scorer.
fn one(
    index: usize,
    compiled: &CompiledScorer,
    fields: &Map<String, Value>,
    answer: &mut Answer<'_>,
    scoring: &mut Scoring,
) {
    let scorer = &compiled.inner.scorer;
    if let Judge::Rubric { criterion } = &compiled.inner.judge {
        return match criterion.render(fields) {
            Ok(criterion) => {
                scoring.rubrics.extend(question(index, compiled, &criterion, fields, &answer.facts))
            }
            Err(error) => note(&mut scoring.error, scorer.kind.name(), &error.message),
        };
    }
    match judge(&compiled.inner.judge, fields, answer) {
        Ok(judged) => scoring.add(index, scorer, judged),
        // A scorer that only reports must not spoil the trial.
        Err(_) if scorer.weight <= 0.0 => {}
        Err(message) => note(&mut scoring.error, scorer.kind.name(), &message),
    }
}

fn note(error: &mut Option<String>, scorer: &str, message: &str) {
    error.get_or_insert_with(|| format!("the scorer {scorer} can't judge this answer: {message}"));
}

fn question(
    index: usize,
    compiled: &CompiledScorer,
    criterion: &str,
    fields: &Map<String, Value>,
    answer: &AnswerFacts<'_>,
) -> Option<RubricQuestion> {
    let scorer = &compiled.inner.scorer;
    let ScorerKind::Rubric { provider, model, base_url, threshold, .. } = &scorer.kind else { return None };
    let (system, user) = rubric::question(criterion, fields, answer.text);
    Some(RubricQuestion {
        index,
        provider: *provider,
        model: model.clone(),
        base_url: base_url.clone(),
        system,
        user,
        threshold: *threshold,
        metric: scorer.metric.clone(),
        weight: scorer.weight,
    })
}

/// An answer whose JSON is looked for once.
struct Answer<'a> {
    facts: AnswerFacts<'a>,
    json: Option<Option<Value>>,
}

impl Answer<'_> {
    /// An output of a workflow as text: a text as it is, anything else as JSON. Fails with what there is.
    fn output(&mut self, name: &str) -> Result<String, String> {
        let json = self.json();
        if let Some(value) = json.and_then(|json| json::field(json, name)).filter(|value| !value.is_null()) {
            return Ok(json::as_text(value));
        }
        let names: Vec<&str> = json
            .and_then(Value::as_object)
            .map(|outputs| outputs.keys().map(String::as_str).collect())
            .unwrap_or_default();
        Err(match names.as_slice() {
            [] => format!("the answer has no output {name}: it has no JSON object in it"),
            names => format!("the answer has no output {name}; it has {}", names.join(", ")),
        })
    }

    fn json(&mut self) -> Option<&Value> {
        self.json.get_or_insert_with(|| json::extract(self.facts.text)).as_ref()
    }
}

/// One scorer's finding.
pub(super) struct Judged {
    pub(super) score: f64,
    pub(super) passed: bool,
    pub(super) reason: String,
    pub(super) labels: Option<(String, Option<String>)>,
}

pub(super) fn yes_no(passed: bool, reason: String) -> Judged {
    Judged { score: f64::from(u8::from(passed)), passed, reason, labels: None }
}

fn judge(judge: &Judge, fields: &Map<String, Value>, answer: &mut Answer<'_>) -> Result<Judged, String> {
    let text = answer.facts.text;
    match judge {
        Judge::Exact(value) => Ok(exact(value, &render(value, fields)?, text)),
        Judge::Contains { value, ignore_case } => {
            let value = render(value, fields)?;
            let found = match ignore_case {
                true => text.to_lowercase().contains(&value.to_lowercase()),
                false => text.contains(&value),
            };
            let verb = if found { "contains" } else { "does not contain" };
            Ok(yes_no(found, format!("the answer {verb} {}", quoted(&value))))
        }
        Judge::ContainsSome { values, all } => {
            let values = values.iter().map(|value| render(value, fields)).collect::<Result<Vec<_>, _>>()?;
            Ok(contains_some(&values, *all, text))
        }
        Judge::StartsWith(value) => {
            let value = render(value, fields)?;
            let starts = text.trim().starts_with(value.trim());
            let verb = if starts { "starts" } else { "does not start" };
            Ok(yes_no(starts, format!("the answer {verb} with {}", quoted(&value))))
        }
        Judge::Regex(pattern) => matches(pattern, fields, text),
        Judge::IsJson => {
            let is_json = json::whole_or_fenced(text).is_some();
            Ok(yes_no(is_json, format!("the answer is {}JSON", if is_json { "" } else { "not " })))
        }
        Judge::JsonSchema(schema) => Ok(structure::valid(schema, answer.json())),
        Judge::JsonField { field, equals } => {
            let expected = render(equals, fields)?;
            Ok(structure::json_field(field, equals, &expected, answer.json()))
        }
        Judge::Numeric { value, tolerance, field } => {
            let expected = render(value, fields)?;
            numeric(&expected, *tolerance, field.as_deref(), answer)
        }
        Judge::Levenshtein { value, threshold } => levenshtein(&render(value, fields)?, *threshold, text),
        Judge::Latency { max_ms } => {
            let took = answer.facts.latency_ms.ok_or("its latency is not known")?;
            Ok(yes_no(took <= *max_ms, format!("took {took:.0} ms, at most {max_ms:.0} ms are allowed")))
        }
        Judge::Cost { max_usd } => {
            let cost =
                answer.facts.cost_usd.ok_or("its cost is not known: add the model's price in Settings")?;
            Ok(yes_no(cost <= *max_usd, format!("cost {cost} USD, at most {max_usd} USD are allowed")))
        }
        Judge::Rubric { .. } => Err("a rubric is judged by a model".to_owned()),
    }
}

fn render(template: &Template, fields: &Map<String, Value>) -> Result<String, String> {
    template.render(fields).map_err(|error| error.message)
}

pub(super) fn is_of_expected(template: &Template) -> bool {
    template.fields().contains("expected")
}

fn exact(template: &Template, expected: &str, text: &str) -> Judged {
    let (answered, expected) = (text.trim(), expected.trim());
    let equal = answered == expected;
    let reason = match equal {
        true => format!("the answer is {}", quoted(expected)),
        false => format!("the answer is {}, expected {}", quoted(answered), quoted(expected)),
    };
    let labels = is_of_expected(template).then(|| (label(expected), Some(label(answered))));
    Judged { labels, ..yes_no(equal, reason) }
}

fn contains_some(values: &[String], all: bool, text: &str) -> Judged {
    let (found, missing): (Vec<_>, Vec<_>) = values.iter().partition(|value| text.contains(value.as_str()));
    let list = |values: &[&String]| values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ");
    if !all {
        return match found.first() {
            Some(value) => yes_no(true, format!("the answer contains {}", quoted(value))),
            None => yes_no(false, format!("the answer contains none of {}", list(&missing))),
        };
    }
    let reason = match missing.is_empty() {
        true => format!("the answer contains all of {}", list(&found)),
        false => format!("the answer lacks {}", list(&missing)),
    };
    let share = found.len() as f64 / values.len().max(1) as f64;
    Judged { score: share, ..yes_no(missing.is_empty(), reason) }
}

fn matches(pattern: &Pattern, fields: &Map<String, Value>, text: &str) -> Result<Judged, String> {
    let of_case;
    let regex = match pattern {
        Pattern::Fixed(regex) => regex,
        Pattern::PerCase(template) => {
            of_case = super::compile::regex(&render(template, fields)?)?;
            &of_case
        }
    };
    Ok(match regex.find(text) {
        Some(found) => yes_no(true, format!("the pattern matches {}", quoted(found.as_str()))),
        None => yes_no(false, format!("the pattern `{regex}` matches nowhere in the answer")),
    })
}

fn numeric(
    expected: &str,
    tolerance: f64,
    field: Option<&str>,
    answer: &mut Answer<'_>,
) -> Result<Judged, String> {
    let expected =
        number(expected).ok_or_else(|| format!("the expected value {} is not a number", quoted(expected)))?;
    let found = match field {
        None => number(answer.facts.text),
        Some(field) => answer
            .json()
            .and_then(|json| json::field(json, field))
            .and_then(|value| value.as_f64().or_else(|| number(value.as_str()?))),
    };
    let Some(found) = found else {
        let place =
            field.map_or("the answer has no number".to_owned(), |field| format!("{field} has no number"));
        return Ok(yes_no(false, format!("{place}, expected {expected}")));
    };
    let difference = (found - expected).abs();
    // A tolerance of 0.1 must let 0.3 pass for 0.2, whatever their binary rounding.
    let within = difference <= tolerance + f64::EPSILON * 4.0 * expected.abs().max(found.abs());
    let verdict = if within { "within" } else { "not within" };
    Ok(yes_no(within, format!("{found} is {verdict} {tolerance} of {expected}")))
}

fn levenshtein(expected: &str, threshold: f64, text: &str) -> Result<Judged, String> {
    let text = text.trim();
    let expected = expected.trim();
    let (answered, wanted) = (text.chars().count(), expected.chars().count());
    if wanted > MAX_LEVENSHTEIN {
        return Err(format!(
            "the expected text has {wanted} characters, at most {MAX_LEVENSHTEIN} are compared"
        ));
    }
    if answered > MAX_LEVENSHTEIN {
        let reason =
            format!("the answer has {answered} characters, too many to compare (at most {MAX_LEVENSHTEIN})");
        return Ok(yes_no(false, reason));
    }
    let longer = answered.max(wanted);
    let distance = strsim::levenshtein(text, expected);
    let similarity = if longer == 0 { 1.0 } else { 1.0 - distance as f64 / longer as f64 };
    let reason =
        format!("the similarity is {similarity:.3} ({distance} edits), at least {threshold} is needed");
    Ok(Judged { score: similarity, ..yes_no(similarity >= threshold, reason) })
}

pub(super) fn label(text: &str) -> String {
    shortened(text.trim(), MAX_LABEL)
}

/// A text in quotes for a sentence, on one line and not too long.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", shortened(text, 120).replace('\n', "⏎"))
}

pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
