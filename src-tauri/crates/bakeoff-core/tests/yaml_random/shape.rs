//! Random YAML texts that know what stands where in them.

use bakeoff_core::yaml::Step;
use std::ops::Range;

/// Choices from bytes: shorter bytes give simpler texts, so that failures shrink.
pub struct Random {
    bytes: std::vec::IntoIter<u8>,
}

impl Random {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into_iter() }
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.bytes.next().unwrap_or(0)) % limit
    }

    fn chance(&mut self, in_eight: usize) -> bool {
        self.below(8) >= 8 - in_eight
    }
}

/// A scalar value in the text.
#[derive(Debug, Clone)]
pub struct Place {
    pub path: Vec<Step>,
    pub range: Range<usize>,
    pub anchor: Option<usize>,
    pub alias: Option<usize>,
    pub header_comment: Option<String>,
}

/// A text and what is in it.
#[derive(Debug, Clone)]
pub struct Shape {
    pub text: String,
    pub scalars: Vec<Place>,
    pub mappings: Vec<Vec<Step>>,
    pub entries: Vec<Vec<Step>>,
    comment_lines: Vec<Vec<Step>>,
}

impl Shape {
    /// How many comments on lines of their own stand inside a value.
    pub fn comment_lines_inside(&self, path: &[Step]) -> usize {
        self.comment_lines.iter().filter(|holder| holder.starts_with(path)).count()
    }
}

struct Writer<'r> {
    random: &'r mut Random,
    shape: Shape,
    path: Vec<Step>,
    line_break: &'static str,
    step: usize,
    anchors: usize,
    /// The last line is a block scalar's that keeps empty lines, so none may be added.
    after_keep: bool,
}

pub fn build(random: &mut Random) -> Shape {
    let shape = Shape {
        text: String::new(),
        scalars: vec![],
        mappings: vec![],
        entries: vec![],
        comment_lines: vec![],
    };
    let line_break = if random.chance(2) { "\r\n" } else { "\n" };
    let step = 2 + random.below(3);
    let mut writer = Writer { random, shape, path: vec![], line_break, step, anchors: 0, after_keep: false };
    if writer.random.chance(1) {
        writer.shape.text.push('\u{feff}');
    }
    if writer.random.chance(2) {
        writer.write("# head");
        writer.end_line();
    }
    if writer.random.chance(2) {
        writer.block_sequence(0)
    } else {
        writer.block_mapping(0, false)
    };
    if writer.random.chance(2) {
        let length = writer.shape.text.trim_end_matches(['\r', '\n']).len();
        let last_ends_later = writer.shape.scalars.iter().any(|place| place.range.end > length);
        if !last_ends_later {
            writer.shape.text.truncate(length);
        }
    }
    writer.shape
}

impl Writer<'_> {
    fn write(&mut self, text: &str) {
        self.shape.text.push_str(text);
    }

    fn end_line(&mut self) {
        self.write(self.line_break);
    }

    fn spaces(&mut self, count: usize) {
        self.write(&" ".repeat(count));
    }

    /// Empty lines and comments between entries.
    fn between(&mut self, indent: usize) {
        if !self.after_keep && self.random.chance(1) {
            self.end_line();
        }
        if self.random.chance(1) {
            self.spaces(indent);
            self.write("# line");
            self.shape.comment_lines.push(self.path.clone());
            self.end_line();
        }
        self.after_keep = false;
    }

    fn block_mapping(&mut self, indent: usize, compact: bool) {
        self.shape.mappings.push(self.path.clone());
        for index in 0..1 + self.random.below(3) {
            if index > 0 || !compact {
                self.between(indent);
                self.spaces(indent);
            }
            let (written, key) = [("a", "a"), ("\"b c\"", "b c"), ("ключ", "ключ"), ("'d'", "d")][index];
            self.write(written);
            self.write(":");
            self.path.push(Step::Key(key.to_owned()));
            self.shape.entries.push(self.path.clone());
            self.block_value(indent, true);
            self.path.pop();
        }
    }

    fn block_sequence(&mut self, indent: usize) {
        for index in 0..1 + self.random.below(3) {
            self.between(indent);
            self.spaces(indent);
            self.write("-");
            self.path.push(Step::Index(index));
            self.shape.entries.push(self.path.clone());
            self.block_value(indent, false);
            self.path.pop();
        }
    }

    /// A value after `key:` or `-`, with the end of its line.
    fn block_value(&mut self, indent: usize, is_entry: bool) {
        let kind = if self.path.len() < 4 { self.random.below(8) } else { 0 };
        match kind {
            5 if is_entry => {
                self.comment();
                self.end_line();
                self.block_mapping(indent + self.step, false);
            }
            5 => {
                self.write(" ");
                self.block_mapping(indent + 2, true);
            }
            6 if is_entry => {
                self.end_line();
                let deeper = if self.random.chance(4) { self.step } else { 0 };
                self.block_sequence(indent + deeper);
            }
            7 => {
                self.write(" ");
                self.flow_value();
                self.comment();
                self.end_line();
            }
            _ => self.block_scalar_value(indent),
        }
    }

    fn comment(&mut self) -> bool {
        let some = self.random.chance(2);
        if some {
            self.write(" # keep");
        }
        some
    }

    fn place(&mut self, range: Range<usize>, anchor: Option<usize>, alias: Option<usize>) {
        let path = self.path.clone();
        self.shape.scalars.push(Place { path, range, anchor, alias, header_comment: None });
    }

    fn block_scalar_value(&mut self, indent: usize) {
        if self.anchors > 0 && self.random.chance(1) {
            return self.alias_value();
        }
        let anchor = self.random.chance(1).then_some(self.anchors);
        if let Some(name) = anchor {
            self.anchors += 1;
            self.write(&format!(" &x{name}"));
        }
        let inner = self.line_break.to_owned() + &" ".repeat(indent + self.step);
        let kind = self.random.below(14);
        if kind >= 8 {
            return self.block_scalar(indent, kind - 8, anchor);
        }
        let written = match kind {
            0 => "word".to_owned(),
            1 => "'it''s'".to_owned(),
            2 => "\"two\\nlines\"".to_owned(),
            3 => format!("plain{inner}lines"),
            4 => format!("\"quoted{inner}lines ü\""),
            5 => String::new(),
            6 => "0.5".to_owned(),
            _ => "null".to_owned(),
        };
        if !written.is_empty() {
            self.write(" ");
        }
        let start = self.shape.text.len();
        self.write(&written);
        self.place(start..start + written.len(), anchor, None);
        self.comment();
        self.end_line();
    }

    fn alias_value(&mut self) {
        let name = self.random.below(self.anchors);
        self.write(" ");
        let start = self.shape.text.len();
        self.write(&format!("*x{name}"));
        self.place(start..self.shape.text.len(), None, Some(name));
        self.comment();
        self.end_line();
    }

    fn block_scalar(&mut self, indent: usize, kind: usize, anchor: Option<usize>) {
        let digit = self.step;
        let headers =
            ["|".to_owned(), "|-".into(), "|+".into(), ">-".into(), format!("|{digit}"), ">".into()];
        self.write(" ");
        let start = self.shape.text.len();
        self.write(&headers[kind]);
        let comment = self.comment();
        self.end_line();
        let lines: &[&str] = match kind {
            3 | 5 => &["folded", "text", "", "more"],
            4 => &["  deep", "text"],
            _ => &["text", "", "  deep ", "# no comment"],
        };
        let shown = &lines[..1 + self.random.below(lines.len())];
        let shown = if shown.last() == Some(&"") { &shown[..shown.len() - 1] } else { shown };
        for (index, line) in shown.iter().enumerate() {
            if index > 0 {
                self.end_line();
            }
            if !line.is_empty() {
                self.spaces(indent + self.step);
                self.write(line);
            }
        }
        if kind == 2 {
            for _ in 0..self.random.below(3) {
                self.end_line();
            }
            self.after_keep = true;
        }
        self.place(start..self.shape.text.len(), anchor, None);
        if comment && let Some(place) = self.shape.scalars.last_mut() {
            place.header_comment = Some(" # keep".to_owned());
        }
        self.end_line();
    }

    fn flow_value(&mut self) {
        let kind = if self.path.len() < 5 { self.random.below(4) } else { 0 };
        if kind < 2 {
            let words = ["word", "'single'", "\"double\"", "12"];
            let word = words[self.random.below(words.len())];
            let start = self.shape.text.len();
            self.write(word);
            return self.place(start..start + word.len(), None, None);
        }
        let is_mapping = kind == 2;
        let own_lines = self.random.chance(2);
        self.write(if is_mapping { "{" } else { "[" });
        if is_mapping {
            self.shape.mappings.push(self.path.clone());
        }
        let count = self.random.below(3);
        for index in 0..count {
            self.flow_entry(index, is_mapping, own_lines, index + 1 < count);
        }
        if own_lines {
            self.end_line();
            self.spaces(8);
        }
        self.write(if is_mapping { "}" } else { "]" });
    }

    fn flow_entry(&mut self, index: usize, is_mapping: bool, own_line: bool, more: bool) {
        if own_line {
            self.end_line();
            self.spaces(10);
        }
        let step = if is_mapping { Step::Key(["p", "q", "r"][index].to_owned()) } else { Step::Index(index) };
        if is_mapping {
            self.write(&format!("{}: ", ["p", "\"q\"", "r"][index]));
        }
        self.path.push(step);
        self.shape.entries.push(self.path.clone());
        self.flow_value();
        self.path.pop();
        if more || self.random.chance(1) {
            self.write(if own_line { "," } else { ", " });
        }
        if own_line {
            self.comment();
        }
    }
}
