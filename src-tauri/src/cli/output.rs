//! Printing: data on standard output, talk on standard error, colour only on a terminal that wants it.

use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_service::dto::{DiffLine, ServiceError};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// JSON instead of text.
    pub json: bool,
}

impl Output {
    /// Prints `value` as JSON, or calls `text`.
    pub fn print<T: Serialize>(&self, value: &T, text: impl FnOnce()) {
        if self.json { print_json(value) } else { text() }
    }

    /// Prints an error and its findings to standard error; with `--json` as JSON on standard output too.
    pub fn error(&self, error: &ServiceError) {
        if self.json {
            print_json(&serde_json::json!({ "error": error }));
        }
        self.tell(error);
    }

    /// Prints an error and its findings to standard error only.
    pub fn tell(&self, error: &ServiceError) {
        self.findings(&error.diagnostics);
        talk(&format!("error: {}", error.message));
        if let Some(hint) = &error.hint {
            talk(&format!("  {hint}"));
        }
    }

    /// Prints findings to standard error, one a line.
    pub fn findings(&self, findings: &[Diagnostic]) {
        for finding in findings {
            talk(&finding.to_string());
        }
    }
}

/// Something for people, not for programs.
pub fn talk(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A line of data. A closed pipe (`| head`) ends the program quietly.
pub fn data(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// Standard output for long data; like [`data`], a closed pipe ends the program quietly.
pub struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::stdout().write(bytes).inspect_err(quit_when_closed)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stdout().flush().inspect_err(quit_when_closed)
    }
}

fn quit_when_closed(error: &std::io::Error) {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
}

fn print_json<T: Serialize>(value: &T) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => data(&text),
        Err(error) => talk(&format!("error: the result has no JSON form: {error}")),
    }
}

/// A plain table; columns named in `numbers` are aligned to the right.
pub fn table(header: &[&str], numbers: &[usize], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    table.add_rows(rows);
    for &column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A unified diff, coloured on a terminal.
pub fn diff(lines: &[DiffLine]) {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for line in lines {
        let (start, end) = match (colour, line.sign.as_str()) {
            (true, "+") => ("\x1b[32m", "\x1b[0m"),
            (true, "-") => ("\x1b[31m", "\x1b[0m"),
            _ => ("", ""),
        };
        data(&format!("{start}{}{}{end}", line.sign, line.text));
    }
}

/// A moment as local date and time.
pub fn moment(milliseconds: i64) -> String {
    bakeoff_service::local_time(milliseconds)
}
