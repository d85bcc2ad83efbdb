//! Data sets: the cases that variants are tried on. JSONL, CSV or YAML; one row, one case.
//!
//! Reading streams: a row is parsed, checked, and kept as its JSON text only. All problems are reported, each with
//! its line; the first [`MAX_DIAGNOSTICS`] in full and the rest as a count.

mod csv_rows;
mod ids;
mod jsonl;
mod row;
mod yaml_rows;

use crate::campaign::Sample;
use crate::diagnostic::{Checked, Diagnostic, Position};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::io::BufRead;
use std::sync::Arc;

pub use row::schema as row_schema;

/// Findings that are told in full.
pub const MAX_DIAGNOSTICS: usize = 100;
/// The largest row, in bytes.
pub const MAX_ROW_BYTES: usize = 8 << 20;

/// One row. Its fields stay as the JSON text they came in (or were turned into), so that 100,000 rows
/// are held once; they are parsed when a trial needs them.
#[derive(Debug, Clone)]
pub struct Case {
    /// The row's `id`, or `row-` and the first 12 hexadecimal digits of its hash. Unique in the data set.
    pub id: Arc<str>,
    /// The row as one JSON object, `id` included where the row had one.
    pub json: Box<RawValue>,
}

impl Case {
    /// SHA-256 of the row's JSON text: its identity.
    pub fn content_hash(&self) -> String {
        crate::hash::sha256_hex(self.json.get().as_bytes())
    }

    /// The fields that templates see: the row's own, and `id` also where the row had none. Empty if `json` is not
    /// an object, which reading a data set makes sure of.
    pub fn fields(&self) -> Map<String, Value> {
        let mut fields: Map<String, Value> = serde_json::from_str(self.json.get()).unwrap_or_default();
        fields.entry("id").or_insert_with(|| Value::from(&*self.id));
        fields
    }
}

/// How a data set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// A header line and one row a record.
    Csv,
    /// A list of mappings.
    Yaml,
}

impl Format {
    /// The format that a file's extension says: `.jsonl` (also `.ndjson`), `.csv`, `.yaml` or `.yml`.
    pub fn from_path(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "csv" => Some(Self::Csv),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// Reads a whole data set. With an error anywhere there is no value: a part of the rows would give other numbers
/// than the author means.
pub fn read(format: Format, reader: impl BufRead) -> Checked<Vec<Case>> {
    read_into(Rows::default(), format, reader)
}

/// The same for rows that are no cases yet: an id may come twice, and the ids that this gives mean nothing.
pub fn read_rows(format: Format, reader: impl BufRead) -> Checked<Vec<Map<String, Value>>> {
    let read = read_into(Rows { may_repeat: true, ..Rows::default() }, format, reader);
    let fields = |case: &Case| serde_json::from_str(case.json.get()).unwrap_or_default();
    Checked { value: read.value.map(|cases| cases.iter().map(fields).collect()), diagnostics: read.diagnostics }
}

fn read_into(mut rows: Rows, format: Format, reader: impl BufRead) -> Checked<Vec<Case>> {
    match format {
        Format::Jsonl => jsonl::read(reader, &mut rows),
        Format::Csv => csv_rows::read(reader, &mut rows),
        Format::Yaml => yaml_rows::read(reader, &mut rows),
    }
    rows.finish()
}

/// The part of the cases that a campaign's `sample` takes, in the order of the file. The same seed always takes
/// the same rows.
pub fn sample(cases: Vec<Case>, sample: &Sample) -> Vec<Case> {
    if cases.len() <= sample.max_items as usize {
        return cases;
    }
    let mut generator = crate::shuffle::generator(sample.seed);
    let chosen = crate::shuffle::sample(&mut generator, cases.len(), sample.max_items as usize);
    let mut chosen = chosen.into_iter().peekable();
    let take = |(index, case)| chosen.next_if_eq(&index).map(|_| case);
    cases.into_iter().enumerate().filter_map(take).collect()
}

/// The rows read so far and what was found in them.
#[derive(Default)]
struct Rows {
    cases: Vec<Case>,
    ids: ids::Ids,
    diagnostics: Vec<Diagnostic>,
    /// Findings beyond those that are told in full, errors and warnings.
    untold: usize,
    failed: bool,
    /// Ids may come twice.
    may_repeat: bool,
}

impl Rows {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.failed |= diagnostic.is_error();
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        } else {
            self.untold += 1;
        }
    }

    /// Takes one checked row. `line` is where it starts, from 1.
    fn add(&mut self, line: u32, explicit_id: Option<&str>, json: Box<RawValue>) {
        let id = match self.may_repeat {
            true => Ok(Arc::from("row")),
            false => self.ids.give(line, explicit_id, json.get()),
        };
        match id {
            // After an error nothing is kept: the rest is read for its problems only.
            Ok(id) if !self.failed => self.cases.push(Case { id, json }),
            Ok(_) => {}
            Err(diagnostic) => self.report(*diagnostic),
        }
    }

    fn finish(mut self) -> Checked<Vec<Case>> {
        if self.cases.is_empty() && !self.failed {
            let start = Position { line: 1, column: 1 };
            let empty = Diagnostic::error("empty-dataset", "", "the data set has no rows");
            self.report(empty.at(start, start).hint("add at least one row"));
        }
        if self.untold > 0 {
            let message = format!("and {} more findings in this file", self.untold);
            self.diagnostics.push(Diagnostic::error("more-findings", "", message));
        }
        self.cases.shrink_to_fit();
        let value = (!self.failed).then_some(self.cases);
        Checked { value, diagnostics: self.diagnostics }
    }
}

/// A finding about a whole line.
fn in_line(diagnostic: Diagnostic, line: u32, first: u32, past: u32) -> Diagnostic {
    diagnostic.at(Position { line, column: first }, Position { line, column: past.max(first) })
}
