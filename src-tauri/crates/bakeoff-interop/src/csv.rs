//! One line a trial, for spreadsheets and data frames.
//!
//! Spreadsheets run a cell that begins with `=`, `+`, `-` or `@` as a formula, and answers of models are not to be
//! trusted with that. So a text cell that begins so (also after blanks, or in full-width form) gets a leading
//! apostrophe, which spreadsheets take for "this is text". A text that already begins with an apostrophe gets one too:
//! a reader who removes one leading apostrophe from text cells has every text back exactly. Numbers are never touched.

use crate::{ExportError, TrialLine, iso, read};
use bakeoff_core::trial::TrialRecord;
use std::borrow::Cow;
use std::io::Write;

const COLUMNS: [&str; 21] = [
    "run",
    "campaign",
    "case_id",
    "variant",
    "repetition",
    "outcome",
    "score",
    "latency_ms",
    "paced",
    "wait_ms",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "total_tokens",
    "cost_usd",
    "attempts",
    "model_answered",
    "stop_reason",
    "expected_label",
    "answered_label",
    "started_at",
];

/// Writes all trials, with the columns above, `ended_at`, one column `score:NAME` for each of `metrics`, and then
/// `other_scores` (a JSON object, for rows with scorers of their own), `answer` and `error`. Times are ISO 8601 in UTC,
/// repetitions count from 1, and what is unknown is empty. Returns the number of trials.
///
/// # Errors
/// When the writer or the iterator fails.
pub fn write_trials<E: std::fmt::Display>(
    writer: impl Write,
    metrics: &[String],
    trials: impl IntoIterator<Item = Result<TrialLine, E>>,
) -> Result<u64, ExportError> {
    let mut csv = csv::Writer::from_writer(writer);
    for column in COLUMNS {
        csv.write_field(column).map_err(failed)?;
    }
    csv.write_field("ended_at").map_err(failed)?;
    for metric in metrics {
        csv.write_field(format!("score:{metric}")).map_err(failed)?;
    }
    csv.write_record(["other_scores", "answer", "error"]).map_err(failed)?;
    let mut count = 0;
    for trial in trials {
        write_trial(&mut csv, metrics, &read(trial)?).map_err(failed)?;
        count += 1;
    }
    csv.flush()?;
    Ok(count)
}

fn write_trial(csv: &mut csv::Writer<impl Write>, metrics: &[String], trial: &TrialLine) -> csv::Result<()> {
    let record = &trial.record;
    csv.write_field(trial.run.to_string())?;
    for text in [&trial.campaign, &trial.case_id, &trial.variant] {
        csv.write_field(&*as_text(text))?;
    }
    csv.write_field((u32::from(record.key.repetition) + 1).to_string())?;
    csv.write_field(record.outcome.name())?;
    csv.write_field(number(record.score))?;
    csv.write_field(number(record.latency_ms))?;
    csv.write_field(record.paced.to_string())?;
    csv.write_field(number(Some(record.wait_ms)))?;
    let usage = record.usage;
    for tokens in [usage.input_tokens, usage.cached_input_tokens, usage.output_tokens, usage.total_tokens()] {
        csv.write_field(tokens.map_or_else(String::new, |tokens| tokens.to_string()))?;
    }
    csv.write_field(number(record.cost_usd))?;
    csv.write_field(record.attempts.len().to_string())?;
    let texts = [&record.model_answered, &record.stop_reason, &record.expected_label, &record.answered_label];
    for text in texts {
        csv.write_field(&*as_text(text.as_deref().unwrap_or_default()))?;
    }
    csv.write_field(iso(record.started_at))?;
    csv.write_field(iso(record.ended_at))?;
    write_scores(csv, metrics, record)?;
    for text in [&record.answer, &record.error] {
        csv.write_field(&*as_text(text.as_deref().unwrap_or_default()))?;
    }
    csv.write_record(None::<&[u8]>)
}

fn write_scores(
    csv: &mut csv::Writer<impl Write>,
    metrics: &[String],
    record: &TrialRecord,
) -> csv::Result<()> {
    let mut column_of_score: Vec<Option<usize>> = vec![None; record.scores.len()];
    for (column, metric) in metrics.iter().enumerate() {
        let mine =
            |index: &usize| record.scores[*index].metric == *metric && column_of_score[*index].is_none();
        let found = (0..record.scores.len()).find(mine);
        if let Some(index) = found {
            column_of_score[index] = Some(column);
        }
        csv.write_field(number(found.map(|index| record.scores[index].score)))?;
    }
    let others: Vec<(&str, f64)> = column_of_score
        .iter()
        .zip(&record.scores)
        .filter(|(column, _)| column.is_none())
        .map(|(_, score)| (score.metric.as_str(), score.score))
        .collect();
    let pairs: Vec<String> =
        others.iter().map(|(metric, score)| format!("{}:{score}", json_text(metric))).collect();
    csv.write_field(if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) })
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A number in full precision; empty when it is unknown.
fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(String::new, |value| value.to_string())
}

/// A text that no spreadsheet runs.
fn as_text(text: &str) -> Cow<'_, str> {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let starts_formula = text.trim_start().starts_with(FORMULA);
    let starts_odd = text.starts_with(['\'', '\t', '\r', '\n', '\0']);
    if starts_formula || starts_odd { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

fn failed(error: csv::Error) -> ExportError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => ExportError::Write(error),
        other => ExportError::Write(std::io::Error::other(format!("{other:?}"))),
    }
}
