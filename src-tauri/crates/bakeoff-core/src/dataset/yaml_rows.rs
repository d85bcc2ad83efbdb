//! Data sets as a YAML list of mappings. The whole text is read, within the YAML reader's bounds.

use super::{Rows, row};
use crate::diagnostic::{Diagnostic, Position};
use crate::yaml::{self, Document, Step};
use serde_json::Value;
use serde_json::value::RawValue;
use std::io::{BufRead, Read};

pub(super) fn read(reader: impl BufRead, rows: &mut Rows) {
    let mut text = String::new();
    // One byte more than the limit lets the YAML reader say that the text is too large.
    let bound = yaml::MAX_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if let Err(error) = reader.take(bound).read_to_end(&mut bytes) {
        return rows.report(at_top(Diagnostic::error(
            "unreadable",
            "",
            format!("the file can't be read: {error}"),
        )));
    }
    match String::from_utf8(bytes) {
        Ok(utf8) => text.push_str(&utf8),
        Err(error) if error.as_bytes().len() as u64 == bound => {
            let message = format!("the file is larger than {} MB", yaml::MAX_BYTES >> 20);
            let hint = "write large data sets as .jsonl, one JSON object a line";
            return rows.report(at_top(Diagnostic::error("too-large", "", message).hint(hint)));
        }
        Err(_) => {
            let diagnostic = Diagnostic::error("not-utf8", "", "the file is not UTF-8 text");
            return rows.report(at_top(diagnostic.hint("save the file in the encoding UTF-8")));
        }
    }
    let mut document = match yaml::read(&text) {
        Ok(document) => document,
        Err(diagnostics) => return diagnostics.into_iter().for_each(|diagnostic| rows.report(diagnostic)),
    };
    let items = match document.value.take() {
        Value::Array(items) => items,
        Value::Null => return,
        _ => {
            let diagnostic = Diagnostic::error("not-a-list", "", "a data set in YAML is a list of mappings");
            let hint = r#"begin each row with "- ", such as `- {id: t-1, input: "…", expected: "…"}`"#;
            return rows.report(at_top(diagnostic.hint(hint)));
        }
    };
    for (index, item) in items.into_iter().enumerate() {
        read_row(&document, index, item, rows);
    }
}

fn at_top(diagnostic: Diagnostic) -> Diagnostic {
    let top = Position { line: 1, column: 1 };
    diagnostic.at(top, top)
}

fn read_row(document: &Document, index: usize, item: Value, rows: &mut Rows) {
    let root = [Step::Index(index)];
    let span = document.span(&root);
    let line = span.map_or(1, |span| span.from.line);
    let Value::Object(fields) = item else {
        let message = format!("row {} is not a mapping", index + 1);
        let diagnostic = Diagnostic::error("not-an-object", format!("[{index}]"), message);
        let diagnostic = diagnostic.hint(r#"write it such as `- {id: t-1, input: "…", expected: "…"}`"#);
        return rows
            .report(span.map_or(at_top(diagnostic.clone()), |span| diagnostic.at(span.from, span.to)));
    };
    let problems = row::problems(&fields);
    if !problems.is_empty() {
        for problem in problems {
            let path: Vec<Step> = root.iter().cloned().chain(problem.path.iter().cloned()).collect();
            let place = if problem.at_key { document.key_span(&path) } else { document.span(&path) };
            let mut diagnostic = row::without_place(problem);
            diagnostic.path = yaml::path_text(&path);
            rows.report(
                place.map_or(at_top(diagnostic.clone()), |place| diagnostic.at(place.from, place.to)),
            );
        }
        return;
    }
    let id = row::id(&fields);
    // A value that was read from text can always be written as text.
    match serde_json::to_string(&fields).and_then(RawValue::from_string) {
        Ok(json) => rows.add(line, id.as_deref(), json),
        Err(error) => {
            rows.report(at_top(Diagnostic::error("invalid", format!("[{index}]"), error.to_string())))
        }
    }
}
