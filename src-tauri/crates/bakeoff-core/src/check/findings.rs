//! What was found in one file, with its places.

use super::Problem;
use crate::diagnostic::{Checked, Diagnostic, Position};
use crate::template::TemplateError;
use crate::yaml::{Document, Span, Step, path_text};
use std::ops::Range;

/// Collects the findings of a file.
pub(crate) struct Findings {
    text: String,
    document: Document,
    diagnostics: Vec<Diagnostic>,
    /// Paths that already have an error: checks by meaning leave them alone.
    wrong: Vec<Vec<Step>>,
}

impl Findings {
    pub(crate) fn new(text: &str, document: Document) -> Self {
        Self { text: text.to_owned(), document, diagnostics: Vec::new(), wrong: Vec::new() }
    }

    /// The whole value of the file.
    pub(crate) fn value(&self) -> &serde_json::Value {
        &self.document.value
    }

    /// Whether the key at the top is there, and not empty.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.document.value.get(key).is_some_and(|value| !value.is_null())
    }

    /// Whether there is already an error at this path or under it.
    pub(crate) fn is_wrong(&self, path: &[Step]) -> bool {
        self.wrong.iter().any(|wrong| wrong.starts_with(path))
    }

    /// Whether there is already an error about the whole value at this path.
    pub(crate) fn is_wrong_itself(&self, path: &[Step]) -> bool {
        self.wrong.iter().any(|wrong| wrong == path)
    }

    /// Whether the value at a path is there, and not empty.
    pub(crate) fn is_written(&self, path: &[Step]) -> bool {
        let value = path.iter().try_fold(&self.document.value, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(*index),
        });
        value.is_some_and(|value| !value.is_null())
    }

    /// Whether any error was found so far.
    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// How many errors were found so far.
    pub(crate) fn count(&self) -> usize {
        self.diagnostics.iter().filter(|one| one.is_error()).count()
    }

    /// What was found so far.
    pub(crate) fn found(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// A structural error.
    pub(crate) fn structural(&mut self, problem: Problem) {
        let mut diagnostic = Diagnostic::error(problem.code, path_text(&problem.path), problem.message);
        diagnostic.hint = problem.hint;
        let span = match problem.at_key {
            true => self.document.key_span(&problem.path),
            false => self.document.span(&problem.path),
        };
        let place = span.map(|span| match problem.missing {
            true => (span.from, span.from),
            false => (span.from, span.to),
        });
        self.place(diagnostic, place);
        self.wrong.push(problem.path);
    }

    /// An error in the value at a path; at the start of the file for the empty path.
    pub(crate) fn error(&mut self, code: &str, path: &[Step], message: impl Into<String>) -> &mut Diagnostic {
        self.wrong.push(path.to_vec());
        self.report(Diagnostic::error(code, path_text(path), message), path)
    }

    /// A warning about the value at a path.
    pub(crate) fn warning(
        &mut self,
        code: &str,
        path: &[Step],
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.report(Diagnostic::warning(code, path_text(path), message), path)
    }

    /// An error in a template or pattern, at its place in the file. `value` is its text.
    pub(crate) fn inner_error(&mut self, code: &str, path: &[Step], value: &str, error: &TemplateError) {
        let diagnostic = Diagnostic::error(code, path_text(path), error.message.clone());
        let span = self.document.span(path);
        let inner = span.zip(error.range.clone()).and_then(|(span, range)| self.inside(span, value, &range));
        let place = inner.or(span.map(|span| (span.from, span.to)));
        self.wrong.push(path.to_vec());
        self.place(diagnostic, place).hint = error.hint.clone();
    }

    /// Everything found, in the order of the file, and the value unless there were errors.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Checked<T> {
        let diagnostics = self.into_diagnostics();
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        Checked { value: value.filter(|_| !failed), diagnostics }
    }

    pub(crate) fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.start);
        self.diagnostics
    }

    fn report(&mut self, diagnostic: Diagnostic, path: &[Step]) -> &mut Diagnostic {
        let place =
            if path.is_empty() { None } else { self.document.span(path).map(|span| (span.from, span.to)) };
        self.place(diagnostic, place)
    }

    fn place(&mut self, diagnostic: Diagnostic, place: Option<(Position, Position)>) -> &mut Diagnostic {
        let top = Position { line: 1, column: 1 };
        let (from, to) = place.unwrap_or((top, top));
        let at = self.diagnostics.len();
        self.diagnostics.push(diagnostic.at(from, to));
        &mut self.diagnostics[at]
    }

    /// The place of a part of a text value, where the value's form in the file allows to tell it.
    fn inside(&self, span: Span, value: &str, range: &Range<usize>) -> Option<(Position, Position)> {
        let raw = self.text.get(span.start..span.end)?;
        let line_start = value.get(..range.start)?.rfind('\n').map_or(0, |at| at + 1);
        let line = value.get(line_start..)?.lines().next()?;
        let before_line = value.get(..line_start)?.matches('\n').count();
        let width = value.get(range.start..range.end)?.lines().next().unwrap_or("").chars().count() as u32;
        let (line_number, offset) = if raw.starts_with('|') {
            let raw_line = raw.lines().nth(before_line + 1)?;
            (span.from.line + before_line as u32 + 1, raw_line.find(line)? + range.start - line_start)
        } else {
            let at = raw.find(line).filter(|at| raw.rfind(line) == Some(*at))?;
            let raw_start = raw.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
            let number = span.from.line + raw.get(..at)?.matches('\n').count() as u32;
            (number, at - raw_start + range.start - line_start)
        };
        let raw_line = raw.lines().nth((line_number - span.from.line) as usize)?;
        let indent = if line_number == span.from.line { span.from.column } else { 1 };
        let column = indent + raw_line.get(..offset)?.chars().count() as u32;
        let from = Position { line: line_number, column };
        Some((from, Position { line: line_number, column: column + width.max(1) }))
    }
}

/// The path to a key under a path.
pub(crate) fn under(path: &[Step], name: &str) -> Vec<Step> {
    let mut path = path.to_vec();
    path.push(Step::Key(name.to_owned()));
    path
}

/// The path to an item of the list at a path.
pub(crate) fn nth(list: &[Step], index: usize) -> Vec<Step> {
    let mut path = list.to_vec();
    path.push(Step::Index(index));
    path
}

/// The path to a key at the top.
pub(crate) fn key(name: &str) -> Vec<Step> {
    vec![Step::Key(name.to_owned())]
}

/// A path to an item of a list at the top.
pub(crate) fn item(list: &str, index: usize) -> Vec<Step> {
    vec![Step::Key(list.to_owned()), Step::Index(index)]
}
