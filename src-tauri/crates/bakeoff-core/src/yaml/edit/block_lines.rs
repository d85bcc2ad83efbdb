//! Structured values as lines of block YAML.

use super::block_text::{BlockPlace, block};
use super::inline_text::{double, inline, key as key_text};
use super::replace::blank_lines;
use super::state::State;
use serde_json::Value;

/// The longest line that a list or mapping may share with its key or dash, in characters.
const WIDTH: usize = 100;

/// How the lines are indented and what follows them.
#[derive(Debug, Clone)]
pub(super) struct Layout<'a> {
    /// Spaces from a mapping to one in it.
    pub step: usize,
    /// Spaces from a key to the dashes of its list.
    pub dashes: usize,
    pub line_break: &'a str,
    /// Empty lines that follow and stay.
    pub blank_lines: usize,
    /// Nothing, not even a line break, follows.
    pub ends_text: bool,
}

impl Layout<'static> {
    /// The layout of lines that are put at a byte.
    pub fn at(state: &State, at: usize) -> Self {
        Self {
            step: state.indentation(),
            dashes: state.dash_indentation(),
            line_break: state.line_break(at),
            blank_lines: blank_lines(state, at),
            ends_text: at == state.text.len(),
        }
    }
}

/// `lead` (a dash, or a key with its colon) in a column and its value: on one line if it is small and flat.
pub(super) fn entry(layout: &Layout, lead: &str, column: usize, value: &Value) -> String {
    let mut writer = Writer { layout, text: String::new() };
    writer.entry(lead, column, value, true);
    writer.text
}

/// [`entry`] with a list or mapping on lines of its own, however small it is.
pub(super) fn tall_entry(layout: &Layout, lead: &str, column: usize, value: &Value) -> String {
    let mut writer = Writer { layout, text: lead.to_owned() };
    writer.tall(lead, column, value, true);
    writer.text
}

/// The lines of a list or mapping that begins in a column, without the first one's indentation.
pub(super) fn collection(layout: &Layout, column: usize, value: &Value) -> String {
    let mut writer = Writer { layout, text: String::new() };
    writer.collection(column, value, true);
    writer.text
}

/// Whether a value shares the line with what stands before it, `before` characters.
pub(super) fn fits_line(value: &Value, before: usize) -> bool {
    let is_small = |value: &Value| match value {
        Value::String(text) => !text.contains('\n'),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => true,
    };
    let is_flat = match value {
        Value::Array(items) => items.iter().all(is_small),
        Value::Object(entries) => entries.iter().all(|(key, value)| !key.contains('\n') && is_small(value)),
        _ => return is_small(value),
    };
    is_small(value) || (is_flat && before + inline(value, false).chars().count() <= WIDTH)
}

struct Writer<'l> {
    layout: &'l Layout<'l>,
    text: String,
}

impl Writer<'_> {
    fn entry(&mut self, lead: &str, column: usize, value: &Value, is_last: bool) {
        self.text.push_str(lead);
        if fits_line(value, column + lead.chars().count() + 1) {
            self.text.push(' ');
            self.text.push_str(&inline(value, false));
        } else {
            self.tall(lead, column, value, is_last);
        }
    }

    /// A value that takes several lines, after its lead.
    fn tall(&mut self, lead: &str, column: usize, value: &Value, is_last: bool) {
        let deeper = match value {
            Value::Array(_) => column + self.layout.dashes,
            Value::Object(_) => column + self.layout.step,
            _ => return self.scalar(column, value, is_last),
        };
        if lead == "-" {
            self.text.push(' ');
            self.collection(column + 2, value, is_last);
        } else {
            self.new_line(deeper);
            self.collection(deeper, value, is_last);
        }
    }

    fn collection(&mut self, column: usize, value: &Value, is_last: bool) {
        let entries: Vec<(String, &Value)> = match value {
            Value::Object(map) => {
                map.iter().map(|(key, value)| (format!("{}:", key_text(key, false)), value)).collect()
            }
            Value::Array(items) => items.iter().map(|item| ("-".to_owned(), item)).collect(),
            _ => Vec::new(),
        };
        for (index, (lead, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.new_line(column);
            }
            self.entry(lead, column, value, is_last && index + 1 == entries.len());
        }
    }

    fn scalar(&mut self, column: usize, value: &Value, is_last: bool) {
        let place = BlockPlace {
            style: '|',
            parent_column: column,
            indent: column + self.layout.step,
            old: None,
            old_header: "",
            blank_lines: if is_last { self.layout.blank_lines } else { 0 },
            ends_text: is_last && self.layout.ends_text,
            line_break: self.layout.line_break,
        };
        let written = value.as_str().map(|text| match block(text, &place) {
            Some((header, lines)) => format!("{header}{lines}"),
            None => double(text),
        });
        self.text.push(' ');
        self.text.push_str(&written.unwrap_or_else(|| inline(value, false)));
    }

    fn new_line(&mut self, column: usize) {
        self.text.push_str(self.layout.line_break);
        self.text.push_str(&" ".repeat(column));
    }
}
