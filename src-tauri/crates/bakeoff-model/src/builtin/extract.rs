//! Fills a field of the answer that is not the label, from what worked examples show: a value that stands in the text
//! is looked for by its shape and its neighbours, any other value is taken from the nearest example.

use super::form;
use super::lines::Example;
use super::similarity::{self, Class};
use super::words;
use serde_json::Value;

/// A candidate must resemble an example's value at least so much.
const LEAST_RESEMBLANCE: f64 = 1.5;

/// The value of `key` for `text`; null when the examples don't show how to find it.
pub fn field(key: &str, text: &str, examples: &[Example]) -> Value {
    let shown: Vec<(&str, Value)> = examples
        .iter()
        .filter_map(|example| {
            Some((example.input.as_str(), form::object(&example.output)?.get(key)?.clone()))
        })
        .collect();
    let spans: Vec<(&str, &str)> = shown
        .iter()
        .filter_map(|(input, value)| Some((*input, value.as_str().filter(|value| input.contains(value))?)))
        .collect();
    if !spans.is_empty() && spans.len() * 2 > shown.len() {
        span(text, &spans)
    } else {
        nearest(text, &shown)
    }
}

/// The value of the example that resembles the text most.
fn nearest(text: &str, shown: &[(&str, Value)]) -> Value {
    let classes: Vec<Class<'_>> =
        shown.iter().map(|(input, _)| Class { name: "", definition: input, examples: Vec::new() }).collect();
    let scores = similarity::scores(text, &classes);
    let best = (0..shown.len()).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    best.filter(|best| scores[*best] > 0.0).map_or(Value::Null, |best| shown[best].1.clone())
}

/// The word of the text that most resembles the values in the examples.
fn span(text: &str, spans: &[(&str, &str)]) -> Value {
    let models: Vec<Word> = spans
        .iter()
        .filter_map(|(input, value)| in_context(input).into_iter().find(|word| word.text == *value))
        .collect();
    let resemblance = |word: &Word| models.iter().map(|model| word.resemblance(model)).fold(0.0, f64::max);
    let mut best: Option<(f64, String)> = None;
    for word in in_context(text) {
        let score = resemblance(&word);
        if score >= LEAST_RESEMBLANCE && best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, word.text));
        }
    }
    best.map_or(Value::Null, |(_, text)| Value::String(text))
}

/// A word with its neighbours.
struct Word {
    text: String,
    shape: String,
    before: String,
    after: String,
}

impl Word {
    fn resemblance(&self, other: &Word) -> f64 {
        let same = |a: &str, b: &str| f64::from(u8::from(!a.is_empty() && a == b));
        let shape = same(&self.shape, &other.shape) * if self.shape == "a" { 0.5 } else { 1.5 };
        shape
            + same(&self.before, &other.before)
            + same(&self.after, &other.after)
            + same(&self.text, &other.text)
    }
}

fn in_context(text: &str) -> Vec<Word> {
    let trim = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/').to_owned();
    let all: Vec<String> = text.split_whitespace().map(trim).filter(|word| !word.is_empty()).collect();
    let neighbour = |at: Option<usize>| {
        at.and_then(|at| all.get(at)).map(|word| words::stem(&word.to_lowercase())).unwrap_or_default()
    };
    let word = |(at, text): (usize, &String)| Word {
        text: text.clone(),
        shape: shape(text),
        before: neighbour(at.checked_sub(1)),
        after: neighbour(Some(at + 1)),
    };
    all.iter().enumerate().map(word).collect()
}

/// `db-3` is `a-0`, `/var` is `/a`, `Anna` is `Aa`: runs of the same kind count once.
fn shape(word: &str) -> String {
    let mut shape = String::new();
    for c in word.chars() {
        let kind = match c {
            c if c.is_numeric() => '0',
            c if c.is_uppercase() => 'A',
            c if c.is_alphabetic() => 'a',
            c => c,
        };
        if !shape.ends_with(kind) {
            shape.push(kind);
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> Vec<Example> {
        [("disk full on db-3 since noon", "db-3", "high"), ("slow page at web-12 again", "web-12", "low")]
            .map(|(input, host, urgency)| Example {
                input: input.into(),
                output: serde_json::json!({"host": host, "urgency": urgency}).to_string(),
            })
            .to_vec()
    }

    #[test]
    fn a_value_from_the_text_is_found_by_shape_and_neighbours() {
        assert_eq!(field("host", "No space left on mail-7, please help", &examples()), "mail-7");
        assert_eq!(field("host", "no machine is named here", &examples()), Value::Null);
    }

    #[test]
    fn any_other_value_comes_from_the_nearest_example() {
        assert_eq!(field("urgency", "the disk is full", &examples()), "high");
        assert_eq!(field("urgency", "page is slow", &examples()), "low");
        assert_eq!(field("unknown", "page is slow", &examples()), Value::Null);
    }
}
