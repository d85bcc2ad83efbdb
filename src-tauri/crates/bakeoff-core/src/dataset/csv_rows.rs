//! Data sets as CSV: a header line, then one row a record. All values are texts; `metadata.team` and the like become
//! an object, and `scorers` is read as JSON.

use super::{Rows, in_line, row};
use crate::diagnostic::{Diagnostic, nearest};
use crate::yaml::Step;
use csv::{ByteRecord, ReaderBuilder};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::{BufRead, Read};

/// A column by its header.
enum Column {
    Field(String),
    Metadata(String),
    Scorers,
}

pub(super) fn read(reader: impl BufRead, rows: &mut Rows) {
    let reader = match without_mark(reader) {
        Ok(reader) => reader,
        Err(error) => return rows.report(unreadable(&error.to_string(), 1)),
    };
    let mut csv = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
    let mut record = ByteRecord::new();
    let Some(columns) = header(&mut csv, &mut record, rows) else { return };
    loop {
        match csv.read_byte_record(&mut record) {
            Ok(true) => {
                let line = record.position().map_or(1, |position| position.line()) as u32;
                read_row(line, &columns, &record, rows);
            }
            Ok(false) => return,
            Err(error) => {
                let line = error.position().map_or(1, |position| position.line()) as u32;
                return rows.report(unreadable(&error.to_string(), line));
            }
        }
    }
}

fn unreadable(error: &str, line: u32) -> Diagnostic {
    in_line(Diagnostic::error("unreadable", "", format!("the file can't be read: {error}")), line, 1, 1)
}

/// The reader behind a byte-order mark, if there is one.
fn without_mark(mut reader: impl BufRead) -> std::io::Result<impl Read> {
    let mut start = Vec::with_capacity(3);
    reader.by_ref().take(3).read_to_end(&mut start)?;
    if start == b"\xef\xbb\xbf" {
        start.clear();
    }
    Ok(std::io::Cursor::new(start).chain(reader))
}

fn header<R: Read>(
    csv: &mut csv::Reader<R>,
    record: &mut ByteRecord,
    rows: &mut Rows,
) -> Option<Vec<Column>> {
    match csv.read_byte_record(record) {
        Ok(true) => {}
        Ok(false) => return None,
        Err(error) => {
            rows.report(unreadable(&error.to_string(), 1));
            return None;
        }
    }
    let mut columns = Vec::with_capacity(record.len());
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut wrong = false;
    for (index, name) in record.iter().enumerate() {
        let number = index + 1;
        let problem = match std::str::from_utf8(name).map(str::trim) {
            Err(_) => Some(not_utf8(1)),
            Ok("") => Some(
                Diagnostic::error(
                    "empty-header",
                    "",
                    format!("column {number} has no name in the header line"),
                )
                .hint("give it a name, or remove the column"),
            ),
            Ok(name) => match seen.insert(name.to_owned(), number) {
                Some(first) => Some(
                    Diagnostic::error(
                        "duplicate-header",
                        name,
                        format!("columns {first} and {number} are both named `{name}`"),
                    )
                    .hint("rename or remove one of them"),
                ),
                None => {
                    columns.push(column(name));
                    None
                }
            },
        };
        if let Some(problem) = problem {
            wrong = true;
            rows.report(in_line(problem, 1, 1, 1));
        }
    }
    if !wrong && !seen.contains_key("input") {
        usual_names(&seen, rows);
    }
    (!wrong).then_some(columns)
}

/// A header without `input` is allowed, but a near miss is worth a word.
fn usual_names(seen: &HashMap<String, usize>, rows: &mut Rows) {
    for name in ["input", "expected"] {
        if let Some(near) = nearest(name, seen.keys().map(String::as_str)).filter(|near| *near != name) {
            let message = format!("there is a column `{near}` but no column `{name}`");
            let warning =
                Diagnostic::warning("near-header", near, message).hint(format!("did you mean `{name}`?"));
            rows.report(in_line(warning, 1, 1, 1));
        }
    }
}

fn column(name: &str) -> Column {
    match name.strip_prefix("metadata.") {
        Some(inner) if !inner.is_empty() => Column::Metadata(inner.to_owned()),
        _ if name == "scorers" => Column::Scorers,
        _ => Column::Field(name.to_owned()),
    }
}

fn not_utf8(line: u32) -> Diagnostic {
    in_line(Diagnostic::error("not-utf8", "", "this row is not UTF-8 text"), line, 1, 1)
        .hint("save the file in the encoding UTF-8")
}

fn read_row(line: u32, columns: &[Column], record: &ByteRecord, rows: &mut Rows) {
    if record.len() != columns.len() {
        let message = format!("this row has {} values, but the header has {}", record.len(), columns.len());
        let hint = match record.iter().any(|value| value.contains(&b'\n')) {
            true => "a quote may be missing: a value with line breaks is in it",
            false => "put values with commas in quotes; write a quote inside quotes twice",
        };
        return rows.report(in_line(Diagnostic::error("row-length", "", message).hint(hint), line, 1, 1));
    }
    if record.as_slice().len() > super::MAX_ROW_BYTES {
        return rows.report(in_line(super::jsonl::too_large(), line, 1, 1));
    }
    let mut fields = Map::new();
    let mut metadata = Map::new();
    for (column, value) in columns.iter().zip(record) {
        let Ok(value) = std::str::from_utf8(value) else { return rows.report(not_utf8(line)) };
        match column {
            Column::Field(name) if name == "id" && value.trim().is_empty() => {}
            Column::Field(name) => {
                fields.insert(name.clone(), value.into());
            }
            Column::Metadata(name) => {
                metadata.insert(name.clone(), value.into());
            }
            Column::Scorers if value.trim().is_empty() => {}
            Column::Scorers => match serde_json::from_str::<Value>(value) {
                Ok(scorers) => {
                    fields.insert("scorers".to_owned(), scorers);
                }
                Err(error) => {
                    let message = format!("the column `scorers` is not valid JSON: {error}");
                    return rows.report(in_line(
                        Diagnostic::error("json-syntax", "scorers", message),
                        line,
                        1,
                        1,
                    ));
                }
            },
        }
    }
    if !metadata.is_empty() {
        let clash = fields.insert("metadata".to_owned(), metadata.into());
        if clash.is_some() {
            let message = "there is a column `metadata` beside columns `metadata.…`";
            return rows.report(in_line(
                Diagnostic::error("duplicate-header", "metadata", message),
                line,
                1,
                1,
            ));
        }
    }
    finish_row(line, fields, rows);
}

fn finish_row(line: u32, fields: Map<String, Value>, rows: &mut Rows) {
    let problems = row::problems(&fields);
    if problems.is_empty() {
        let id = row::id(&fields);
        match serde_json::to_string(&fields).and_then(RawValue::from_string) {
            Ok(json) => rows.add(line, id.as_deref(), json),
            Err(error) => {
                rows.report(in_line(Diagnostic::error("invalid", "", error.to_string()), line, 1, 1))
            }
        }
        return;
    }
    for problem in problems {
        let is_metadata = problem.path == [Step::Key("metadata".to_owned())];
        let mut diagnostic = row::without_place(problem);
        if is_metadata {
            diagnostic.hint = Some("name the columns `metadata.team` and so on".to_owned());
        }
        rows.report(in_line(diagnostic, line, 1, 1));
    }
}
