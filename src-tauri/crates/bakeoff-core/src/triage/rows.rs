//! From rows, as a file or a database gives them, to candidates.

use super::candidate::{FIELDS, UNKNOWN};
use super::{Candidate, Mapping, published};
use crate::dataset::{MAX_DIAGNOSTICS, MAX_ROW_BYTES};
use crate::diagnostic::{Checked, Diagnostic, nearest};
use crate::hash::sha256_hex;
use crate::trial::Millis;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Reads rows as candidates. Numbers may stand where texts are expected and the other way round; an empty text is as
/// good as none; a list of texts is one text with commas. A row without an id is named after its address, else after
/// its title and body. Columns that no field is taken from go to [`Candidate::more`]; one of them that has the name of
/// a field is called `row_…` there.
///
/// With an error anywhere there is no value: a part of the rows would give other numbers than the author means.
pub fn candidates(rows: Vec<Map<String, Value>>, mapping: &Mapping) -> Checked<Vec<Candidate>> {
    let mut findings = Findings::default();
    missing_columns(&rows, mapping, &mut findings);
    let mut candidates = Vec::with_capacity(if findings.failed { 0 } else { rows.len() });
    if !findings.failed {
        for (index, fields) in rows.into_iter().enumerate() {
            let row = Row { number: index + 1, fields, mapping, findings: &mut findings };
            let candidate = row.into_candidate();
            // After an error nothing is kept: the rest is read for its problems only.
            if !findings.failed {
                candidates.push(candidate);
            }
        }
    }
    findings.finish(candidates)
}

impl Mapping {
    /// The column that each field is taken from, and whether the author named it.
    fn columns(&self) -> [(&'static str, &str, bool); FIELDS.len()] {
        let named = [
            &self.id,
            &self.title,
            &self.url,
            &self.author,
            &self.source_type,
            &self.source_id,
            &self.published_at,
            &self.body,
            &self.cluster_id,
            &self.score,
        ];
        let mut columns = FIELDS.map(|field| (field, field, false));
        for (column, name) in columns.iter_mut().zip(named) {
            if let Some(name) = name {
                *column = (column.0, name.as_str(), true);
            }
        }
        columns
    }

    fn column(&self, field: &str) -> &str {
        let columns = self.columns();
        columns.into_iter().find(|column| column.0 == field).map_or("", |column| column.1)
    }
}

/// Named columns that no row has.
fn missing_columns(rows: &[Map<String, Value>], mapping: &Mapping, findings: &mut Findings) {
    if rows.is_empty() {
        return;
    }
    for (field, column, is_named) in mapping.columns() {
        if !is_named || rows.iter().any(|row| row.contains_key(column)) {
            continue;
        }
        let known: BTreeSet<&str> = rows.iter().flat_map(|row| row.keys().map(String::as_str)).collect();
        let message = format!("`{field}` is taken from the column `{column}`, but no row has it");
        let hint = match nearest(column, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the rows have {}", listed(&known)),
        };
        findings.add(Diagnostic::error("unknown-column", format!("mapping.{field}"), message).hint(hint));
    }
}

/// Names in a message; the first ones when there are many.
fn listed(names: &BTreeSet<&str>) -> String {
    const MOST: usize = 20;
    let mut listed: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    if names.len() > MOST {
        listed.push(format!("and {} more", names.len() - MOST));
    }
    listed.join(", ")
}

#[derive(Default)]
struct Findings {
    told: Vec<Diagnostic>,
    untold: usize,
    failed: bool,
}

impl Findings {
    fn add(&mut self, finding: Diagnostic) {
        self.failed |= finding.is_error();
        if self.told.len() < MAX_DIAGNOSTICS {
            self.told.push(finding);
        } else {
            self.untold += 1;
        }
    }

    fn finish(mut self, candidates: Vec<Candidate>) -> Checked<Vec<Candidate>> {
        if self.untold > 0 {
            let message = format!("and {} more findings in these rows", self.untold);
            self.told.push(Diagnostic::error("more-findings", "", message));
        }
        Checked { value: (!self.failed).then_some(candidates), diagnostics: self.told }
    }
}

/// A row that is being read.
struct Row<'a> {
    /// From 1.
    number: usize,
    fields: Map<String, Value>,
    mapping: &'a Mapping,
    findings: &'a mut Findings,
}

impl Row<'_> {
    fn into_candidate(mut self) -> Candidate {
        let title = self.text("title");
        let url = self.text("url");
        let body = self.text("body");
        if let Some(body) = body.as_ref().filter(|body| body.len() > MAX_ROW_BYTES) {
            let shown = format!("is {} MB long", body.len() >> 20);
            self.wrong("body", &shown, &format!("at most {} MB are allowed", MAX_ROW_BYTES >> 20));
        }
        let id = self.text("id").or_else(|| made_id(url.as_deref(), title.as_deref(), body.as_deref()));
        if title.is_none() && body.is_none() && url.is_none() {
            self.nothing_to_judge();
        }
        let author = self.text("author");
        let source_type = self.text("source_type").unwrap_or_else(|| UNKNOWN.to_owned());
        let source_id = self.text("source_id").unwrap_or_else(|| UNKNOWN.to_owned());
        let (published_at, cluster_id, score) = (self.moment(), self.text("cluster_id"), self.score());
        Candidate {
            id: id.unwrap_or_default(),
            title,
            url,
            author,
            source_type,
            source_id,
            published_at,
            body,
            cluster_id,
            score,
            more: self.rest(),
        }
    }

    /// The value of a field; none where it is absent, null or an empty text.
    fn value(&self, field: &str) -> Option<Value> {
        let value = self.fields.get(self.mapping.column(field))?;
        let is_empty = value.as_str().is_some_and(|text| text.trim().is_empty());
        (!value.is_null() && !is_empty).then(|| value.clone())
    }

    fn text(&mut self, field: &str) -> Option<String> {
        let value = self.value(field)?;
        let text = as_text(&value);
        if text.is_none() {
            self.wrong(
                field,
                &format!("is {}", shown(&value)),
                "a text, a number or a list of texts is allowed",
            );
        }
        text.filter(|text| !text.is_empty())
    }

    fn moment(&mut self) -> Option<Millis> {
        let value = self.value("published_at")?;
        let moment = published::read(&value);
        if moment.is_none() {
            let found = format!("is {}, which is no date", shown(&value));
            self.wrong("published_at", &found, &format!("allowed are {}", published::ALLOWED));
        }
        moment
    }

    fn score(&mut self) -> Option<f64> {
        let value = self.value("score")?;
        let score = match &value {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        };
        let score = score.filter(|score: &f64| score.is_finite());
        if score.is_none() {
            let found = format!("is {}, which is no number", shown(&value));
            self.wrong("score", &found, "allowed are numbers such as 12 or 0.5, and nothing");
        }
        score
    }

    fn wrong(&mut self, field: &str, found: &str, hint: &str) {
        let (number, column) = (self.number, self.mapping.column(field));
        let message = format!("row {number}: `{column}` {found}");
        let path = format!("[{}].{column}", number - 1);
        self.findings
            .add(Diagnostic::error(&format!("bad-{}", field.replace('_', "-")), path, message).hint(hint));
    }

    fn nothing_to_judge(&mut self) {
        let [title, body, url] = ["title", "body", "url"].map(|field| self.mapping.column(field));
        let message = format!("row {}: `{title}`, `{body}` and `{url}` are all empty", self.number);
        let hint = "an item needs a title, a text or an address; fill one in, take the row out, or say in `mapping` \
            which columns they are";
        let path = format!("[{}]", self.number - 1);
        self.findings.add(Diagnostic::error("empty-item", path, message).hint(hint));
    }

    /// What no field was taken from.
    fn rest(self) -> Map<String, Value> {
        let columns = self.mapping.columns();
        let mut more = Map::new();
        for (name, value) in self.fields {
            if columns.iter().any(|(_, column, _)| *column == name) {
                continue;
            }
            let name = if FIELDS.contains(&name.as_str()) { format!("row_{name}") } else { name };
            more.entry(name).or_insert(value);
        }
        more
    }
}

/// `item-` and the first 12 digits of the hash of the address, else of title and body.
fn made_id(url: Option<&str>, title: Option<&str>, body: Option<&str>) -> Option<String> {
    let content = match url {
        Some(url) => url.to_owned(),
        None if title.is_none() && body.is_none() => return None,
        None => format!("{}\n{}", title.unwrap_or_default(), body.unwrap_or_default()),
    };
    let hash = sha256_hex(content.as_bytes());
    Some(format!("item-{}", hash.get(..12).unwrap_or(&hash)))
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Array(items) => {
            let texts: Vec<&str> = items.iter().map(Value::as_str).collect::<Option<_>>()?;
            Some(texts.join(", "))
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// A value in a message, cut.
pub(super) fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
