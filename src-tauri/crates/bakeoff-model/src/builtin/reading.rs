//! Reads a prompt: which labels it allows, what it says about each, which worked examples it gives, which form of
//! answer it wants, and which text it asks about.

use super::form::Form;
use super::lines::{self, Definition, Example};
use super::subject;
use std::collections::{HashMap, HashSet};

/// A label with everything that the prompt says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// As the prompt writes it, so the answer does too.
    pub name: String,
    /// The definition; empty when there is none.
    pub definition: String,
    /// Texts of its worked examples.
    pub examples: Vec<String>,
}

/// What a prompt says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The allowed labels in the prompt's order.
    pub labels: Vec<Label>,
    /// Every worked example.
    pub examples: Vec<Example>,
    /// How to answer.
    pub form: Form,
    /// What is said around the text.
    pub instructions: String,
    /// What to answer about.
    pub text: String,
}

/// Reads the two turns of a prompt.
pub fn read(system: &str, user: &str) -> Reading {
    let from_system = Instructions::read(system);
    if from_system.is_a_task() {
        let (asked, text) = subject::first(user);
        return from_system.into_reading(system, asked, text);
    }
    let (asked, text) = subject::last(user);
    let both = format!("{system}\n\n{asked}");
    Instructions::read(&both).into_reading(&both, "", text)
}

/// What the instructing part of a prompt holds, before labels are decided.
#[derive(Default)]
struct Instructions {
    listed: Vec<String>,
    announced: Vec<Definition>,
    others: Vec<Definition>,
    examples: Vec<Example>,
}

impl Instructions {
    fn is_a_task(&self) -> bool {
        self.listed.len() > 1 || self.announced.len() > 1 || !self.examples.is_empty()
    }

    fn read(text: &str) -> Self {
        let mut reader = Reader::default();
        for line in text.lines() {
            reader.line(line);
        }
        reader.end_paragraph();
        reader.found
    }

    fn into_reading(self, instructions: &str, asked: &str, text: &str) -> Reading {
        let form = Form::find(instructions, asked, &self.examples);
        let definitions = if self.announced.len() > 1 { &self.announced } else { &self.others };
        let names: Vec<String> = if self.listed.len() > 1 {
            self.listed.clone()
        } else {
            let from_examples = self.examples.iter().map(|example| form.label_in(&example.output));
            distinct(
                definitions.iter().map(|definition| definition.name.clone()).chain(from_examples.flatten()),
            )
        };
        let mut labels: Vec<Label> = names
            .into_iter()
            .map(|name| Label { name, definition: String::new(), examples: Vec::new() })
            .collect();
        let numbers: HashMap<String, usize> =
            labels.iter().enumerate().map(|(number, label)| (label.name.to_lowercase(), number)).collect();
        let number_of = |name: &str| numbers.get(&name.to_lowercase()).copied();
        for definition in self.announced.iter().chain(&self.others) {
            if let Some(number) = number_of(&definition.name) {
                labels[number].definition.push_str(&definition.text);
                labels[number].definition.push(' ');
            }
        }
        for example in &self.examples {
            let name = form.label_in(&example.output);
            if let Some(number) = name.and_then(|name| number_of(&name)) {
                labels[number].examples.push(example.input.clone());
            }
        }
        let instructions = format!("{instructions}\n{asked}");
        Reading { labels, examples: self.examples, form, instructions, text: text.to_owned() }
    }
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    names.filter(|name| seen.insert(name.to_lowercase())).collect()
}

/// Where the reader is between two lines.
#[derive(Default)]
enum Place {
    #[default]
    Prose,
    /// In a definition: indented lines go on with it. `announced` tells which list it is in.
    Definition { announced: bool, by_heading: bool },
    /// After `Ticket:`, until its answer.
    Input(String),
    /// After an empty `Label:`.
    Output(String),
}

#[derive(Default)]
struct Reader {
    found: Instructions,
    place: Place,
    paragraph: String,
    announces: bool,
}

impl Reader {
    fn line(&mut self, line: &str) {
        match std::mem::take(&mut self.place) {
            Place::Input(text) => self.in_input(text, line),
            Place::Output(text) => self.in_output(text, line),
            Place::Definition { announced, by_heading } if self.goes_on(line, by_heading) => {
                let list = if announced { &mut self.found.announced } else { &mut self.found.others };
                if let Some(definition) = list.last_mut() {
                    definition.text.push(' ');
                    definition.text.push_str(line.trim());
                }
                self.place = Place::Definition { announced, by_heading };
            }
            Place::Definition { .. } | Place::Prose => self.in_prose(line),
        }
    }

    /// Whether a line still belongs to the definition above it.
    fn goes_on(&self, line: &str, by_heading: bool) -> bool {
        let is_new =
            lines::heading(line).is_some() || lines::input_line(line).is_some() || line.starts_with('#');
        let indented = line.starts_with([' ', '\t']) && !lines::without_bullet(line).1;
        !is_new
            && ((by_heading && !line.trim().is_empty()) || (indented && lines::definition(line).is_none()))
    }

    fn in_prose(&mut self, line: &str) {
        if line.trim().is_empty() {
            self.end_paragraph();
        } else if let Some(example) = lines::one_line_example(line) {
            self.found.examples.push(example);
        } else if let Some(text) = lines::input_line(line) {
            self.place = Place::Input(text.to_owned());
        } else if let Some(title) = lines::heading(line) {
            self.end_paragraph();
            self.define(Definition { name: title.to_owned(), text: String::new() }, true);
        } else if let Some(definition) = lines::definition(line).filter(|_| !lines::is_list(line)) {
            self.define(definition, false);
        } else {
            self.announces = lines::announces_labels(line);
            self.paragraph.push_str(line);
            self.paragraph.push('\n');
        }
    }

    fn define(&mut self, definition: Definition, by_heading: bool) {
        let announced = self.announces;
        let list = if announced { &mut self.found.announced } else { &mut self.found.others };
        list.push(definition);
        self.place = Place::Definition { announced, by_heading };
    }

    fn in_input(&mut self, mut text: String, line: &str) {
        if let Some(output) = lines::output_line(line) {
            if output.is_empty() {
                self.place = Place::Output(text);
            } else {
                self.found.examples.push(Example { input: text, output: output.to_owned() });
            }
        } else if let Some(next) = lines::input_line(line) {
            self.place = Place::Input(next.to_owned());
        } else if line.trim().is_empty() && !text.is_empty() {
            self.in_prose(line);
        } else {
            text.push(' ');
            text.push_str(line.trim());
            self.place = Place::Input(text);
        }
    }

    fn in_output(&mut self, text: String, line: &str) {
        if line.trim().is_empty() {
            self.place = Place::Output(text);
        } else {
            self.found.examples.push(Example { input: text, output: line.trim().to_owned() });
        }
    }

    /// A paragraph's sentences may list the labels; the longest list of the prompt counts.
    fn end_paragraph(&mut self) {
        let listed = lines::listed_labels(&self.paragraph);
        if listed.len() > self.found.listed.len() {
            self.found.listed = listed;
        }
        self.paragraph.clear();
    }
}
