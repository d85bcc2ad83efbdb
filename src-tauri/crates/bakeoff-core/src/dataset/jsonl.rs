//! Data sets as JSON lines.

use super::{MAX_ROW_BYTES, Rows, in_line, row};
use crate::diagnostic::Diagnostic;
use serde_json::value::RawValue;
use std::io::BufRead;

pub(super) fn read(mut reader: impl BufRead, rows: &mut Rows) {
    let mut buffer = Vec::new();
    let mut line = 0u32;
    loop {
        buffer.clear();
        match read_line(&mut reader, &mut buffer) {
            Ok(Line::End) => return,
            Ok(Line::Whole) => {
                line += 1;
                read_row(line, &buffer, rows);
            }
            Ok(Line::TooLong) => {
                line += 1;
                rows.report(in_line(too_large(), line, 1, 1));
            }
            Err(error) => {
                let diagnostic =
                    Diagnostic::error("unreadable", "", format!("the file can't be read: {error}"));
                return rows.report(in_line(diagnostic, line + 1, 1, 1));
            }
        }
    }
}

/// A row beyond the limit.
pub(super) fn too_large() -> Diagnostic {
    let message = format!("this row is larger than {} MB", MAX_ROW_BYTES >> 20);
    Diagnostic::error("row-too-large", "", message).hint("shorten it, or split it into several rows")
}

enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads up to the next line break (left out) and never keeps more than the limit.
fn read_line(reader: &mut impl BufRead, buffer: &mut Vec<u8>) -> std::io::Result<Line> {
    let mut found = false;
    let mut too_long = false;
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            break;
        }
        found = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
        too_long |= buffer.len() + part.len() > MAX_ROW_BYTES;
        if !too_long {
            buffer.extend_from_slice(part);
        }
        let used = end.map_or(available.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            break;
        }
    }
    Ok(if too_long {
        Line::TooLong
    } else if found {
        Line::Whole
    } else {
        Line::End
    })
}

fn read_row(line: u32, bytes: &[u8], rows: &mut Rows) {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let column = bytes.get(..error.valid_up_to()).map_or(1, |good| characters(good) + 1);
            let diagnostic = Diagnostic::error("not-utf8", "", "this line is not UTF-8 text")
                .hint("save the file in the encoding UTF-8");
            return rows.report(in_line(diagnostic, line, column, column + 1));
        }
    };
    let without_mark = if line == 1 { text.trim_start_matches('\u{feff}') } else { text };
    let trimmed = without_mark.trim_matches([' ', '\t', '\r']);
    if trimmed.is_empty() {
        return;
    }
    let indent = characters(without_mark.split(trimmed).next().unwrap_or("").as_bytes());
    match row::parse(trimmed) {
        Ok(parsed) => {
            let problems = row::problems(&parsed);
            if !problems.is_empty() {
                return row::place(trimmed, problems).into_iter().for_each(|mut problem| {
                    shift(&mut problem, line, indent, characters(trimmed.as_bytes()));
                    rows.report(problem);
                });
            }
            match RawValue::from_string(trimmed.to_owned()) {
                Ok(json) => rows.add(line, row::id(&parsed).as_deref(), json),
                Err(error) => rows.report(syntax_error(line, indent, trimmed, &error)),
            }
        }
        Err(error) => rows.report(syntax_error(line, indent, trimmed, &error)),
    }
}

/// Moves a finding within a row's own text to the row's place in the file.
fn shift(problem: &mut Diagnostic, line: u32, indent: u32, length: u32) {
    for (position, fallback) in [(&mut problem.start, 1), (&mut problem.end, length + 1)] {
        let column = position.map_or(fallback, |position| position.column) + indent;
        *position = Some(crate::diagnostic::Position { line, column });
    }
}

fn syntax_error(line: u32, indent: u32, text: &str, error: &serde_json::Error) -> Diagnostic {
    // serde_json counts bytes from 1, and 0 where it knows no place.
    let before = text.as_bytes().get(..error.column().saturating_sub(1)).map_or(0, characters);
    let column = indent + before + 1;
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or(&words);
    let diagnostic = if words.contains("invalid type") {
        Diagnostic::error("not-an-object", "", format!("this line is not a JSON object: {words}"))
    } else {
        Diagnostic::error("json-syntax", "", format!("this line is not valid JSON: {words}"))
    };
    let hint = r#"a row is one line such as {"id": "t-1", "input": "…", "expected": "…"}"#;
    in_line(diagnostic.hint(hint), line, column, column + 1)
}

fn characters(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u32
}
