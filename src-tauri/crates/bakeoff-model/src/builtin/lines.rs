//! The shapes of single lines in a prompt: definitions, worked examples, lists of labels. No line's meaning depends on
//! another one here.

use serde_json::{Map, Value};

/// Keys that announce a text to work on.
const INPUT_KEYS: &[&str] = &[
    "ticket", "input", "text", "message", "question", "q", "user", "incident", "email", "review", "comment",
    "document", "sentence",
];
/// Keys that announce the answer to it.
const OUTPUT_KEYS: &[&str] = &["label", "output", "answer", "a", "assistant", "class", "category", "result"];
/// Keys that begin lines of advice, not of a definition.
const ADVICE_KEYS: &[&str] = &[
    "example",
    "examples",
    "format",
    "hint",
    "important",
    "instructions",
    "labels",
    "note",
    "notes",
    "remember",
    "rule",
    "rules",
    "step",
    "task",
    "tip",
    "tips",
    "warning",
];
/// Words after which a list of labels may follow.
const LIST_TRIGGERS: &[&str] = &[
    "one of",
    "labels",
    "label",
    "classes",
    "class",
    "categories",
    "category",
    "options",
    "choose from",
    "into",
    "either",
];

/// A worked example as far as one line tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The text.
    pub input: String,
    /// The answer as written, perhaps JSON.
    pub output: String,
}

/// `key` and the rest of a line `key: rest`, in lower case where the key is one word of a letter script.
fn keyed(line: &str) -> Option<(String, &str)> {
    let line = line.trim().trim_start_matches(['#', '*', '-', ' ']);
    let (key, rest) = line.split_once(':')?;
    let key = key.trim_matches(['*', '_', ' ', '"']).to_lowercase();
    (!key.is_empty() && key.len() <= 20).then(|| (key, rest.trim_start_matches(['*', ' ']).trim()))
}

/// The text after `Ticket:` and the like.
pub fn input_line(line: &str) -> Option<&str> {
    keyed(line).filter(|(key, _)| INPUT_KEYS.contains(&key.as_str())).map(|(_, rest)| rest)
}

/// The text after `Label:` and the like.
pub fn output_line(line: &str) -> Option<&str> {
    keyed(line).filter(|(key, _)| OUTPUT_KEYS.contains(&key.as_str())).map(|(_, rest)| rest)
}

/// An example that stands in one line: `Ticket: … Label: …`, `… -> storage`, `{"input": …, "label": …}`.
pub fn one_line_example(line: &str) -> Option<Example> {
    json_example(line).or_else(|| keyed_example(line)).or_else(|| arrow_example(line))
}

fn json_example(line: &str) -> Option<Example> {
    let line = line.trim().trim_start_matches("- ");
    let mut fields: Map<String, Value> = line.starts_with('{').then(|| serde_json::from_str(line).ok())??;
    let key = fields.keys().find(|key| INPUT_KEYS.contains(&key.to_lowercase().as_str()))?.clone();
    let input = fields.shift_remove(&key)?.as_str()?.to_owned();
    let output = match fields.iter().next() {
        Some((key, Value::String(label))) if fields.len() == 1 && OUTPUT_KEYS.contains(&key.as_str()) => {
            label.clone()
        }
        Some((_, Value::Object(nested))) if fields.len() == 1 => Value::Object(nested.clone()).to_string(),
        Some(_) => Value::Object(fields).to_string(),
        None => return None,
    };
    Some(Example { input, output })
}

fn keyed_example(line: &str) -> Option<Example> {
    let rest = input_line(line)?;
    let at = rest.match_indices(':').find_map(|(colon, _)| {
        let key_start = rest[..colon].rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let key = rest[key_start..colon].trim_matches(['*', '|', ' ']).to_lowercase();
        (OUTPUT_KEYS.contains(&key.as_str()) && key.len() > 1).then_some((key_start, colon + 1))
    })?;
    let input = unquote(rest[..at.0].trim().trim_end_matches(['|', ' ']));
    let output = rest[at.1..].trim();
    (!input.is_empty() && !output.is_empty())
        .then(|| Example { input: input.to_owned(), output: output.to_owned() })
}

fn arrow_example(line: &str) -> Option<Example> {
    let (arrow, length) =
        ["->", "=>", "→"].iter().find_map(|arrow| Some((line.rfind(arrow)?, arrow.len())))?;
    let input = unquote(line[..arrow].trim().trim_start_matches(['-', '*', ' ']));
    let output = line[arrow + length..].trim();
    let is_answer = output.starts_with('{') || is_label(unquote(output));
    (input.contains(' ') && is_answer)
        .then(|| Example { input: input.to_owned(), output: unquote(output).to_owned() })
}

/// A label's name and what the line says about it; the text is empty for a bare bullet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The label as written.
    pub name: String,
    /// What it means.
    pub text: String,
}

/// `- storage: disks …`, `1. **storage** — disks …`, `storage = disks …`, `"storage": "disks"`, `- storage`.
pub fn definition(line: &str) -> Option<Definition> {
    let trimmed = line.trim();
    let (item, bulleted) = without_bullet(trimmed);
    let separators = [":", " = ", "=", " — ", " – ", " - "];
    let split = separators.iter().filter_map(|s| Some((item.find(s)?, s.len()))).min();
    let (name, text) = match split {
        Some((at, length)) => (&item[..at], item[at + length..].trim()),
        None if bulleted => (item, ""),
        None => return None,
    };
    let name = unquote(name.trim().trim_matches(['*', '`', '_'])).trim();
    let name = name.trim_end_matches(':').trim_matches(['*', '`']);
    let lower = name.to_lowercase();
    let reserved = [INPUT_KEYS, OUTPUT_KEYS, ADVICE_KEYS].iter().any(|keys| keys.contains(&lower.as_str()));
    (is_label(name) && !reserved)
        .then(|| Definition { name: name.to_owned(), text: text.trim_start_matches(['*', ' ']).to_owned() })
}

/// The heading's words, for `## storage`.
pub fn heading(line: &str) -> Option<&str> {
    let title = line.trim().strip_prefix('#')?.trim_start_matches('#').trim().trim_end_matches(':');
    let reserved = [INPUT_KEYS, OUTPUT_KEYS, ADVICE_KEYS]
        .iter()
        .any(|keys| keys.contains(&title.to_lowercase().as_str()));
    (is_label(title) && !reserved).then_some(title)
}

/// The rest of the line after a bullet or a number, and whether there was one.
pub fn without_bullet(line: &str) -> (&str, bool) {
    let line = line.trim_start();
    for bullet in ["- ", "* ", "• ", "+ "] {
        if let Some(rest) = line.strip_prefix(bullet) {
            return (rest.trim(), true);
        }
    }
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    let rest = &line[digits..];
    match rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")) {
        Some(rest) if digits > 0 && digits <= 3 => (rest.trim(), true),
        _ => (line, false),
    }
}

/// One to three words of letters, digits, `-`, `_` and `/`.
pub fn is_label(name: &str) -> bool {
    let shaped = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | ' ' | '&');
    !name.is_empty()
        && name.chars().count() <= 40
        && name.split_whitespace().count() <= 3
        && name.chars().all(shaped)
        && name.chars().any(char::is_alphabetic)
}

/// Without quotes around it, and without a final full stop.
pub fn unquote(text: &str) -> &str {
    text.trim().trim_end_matches('.').trim_matches(['"', '\'', '`', '“', '”'])
}

/// Whether a list of labels may follow this line.
pub fn announces_labels(line: &str) -> bool {
    let lower = line.to_lowercase();
    LIST_TRIGGERS.iter().any(|trigger| lower.contains(trigger))
}

/// Whether this line lists labels, as `Choose one of: storage, network` does, although it looks like a definition.
pub fn is_list(line: &str) -> bool {
    let before_colon = line.split(':').next().unwrap_or_default();
    !without_bullet(line).1 && announces_labels(before_colon) && !listed_labels(line).is_empty()
}

/// Labels that a sentence lists: `one of: storage, network or access`. Empty when it lists none.
pub fn listed_labels(paragraph: &str) -> Vec<String> {
    let lower = paragraph.to_lowercase();
    if lower.len() != paragraph.len() {
        return Vec::new();
    }
    let starts = LIST_TRIGGERS.iter().flat_map(|trigger| {
        lower.match_indices(trigger).take(50).map(|(at, trigger)| at + trigger.len()).collect::<Vec<_>>()
    });
    starts
        .map(|at| list_after(&paragraph[at..]))
        .fold(Vec::new(), |best, list| if list.len() > best.len() { list } else { best })
}

/// The list that begins here or after the next colon, up to the end of the sentence.
fn list_after(rest: &str) -> Vec<String> {
    let end = [". ", ".\n", "; ", "\n\n", "? ", "! "]
        .iter()
        .filter_map(|mark| rest.find(mark))
        .min()
        .unwrap_or(rest.len());
    let mut end = end.min(2_000);
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    let sentence = rest[..end].trim().trim_end_matches('.');
    let list = sentence.rsplit_once(": ").map_or(sentence, |(_, list)| list);
    let items: Vec<&str> = list
        .split([',', '|', '\n'])
        .flat_map(|part| part.split(" or "))
        .flat_map(|part| part.split(" and "))
        .map(|part| part.trim().trim_start_matches("or ").trim_start_matches("and "))
        .map(|part| part.trim_matches(|c: char| c.is_whitespace() || "\"'`()[]{}<>*:.".contains(c)))
        .filter(|part| !part.is_empty())
        .collect();
    if items.len() < 2 || !items.iter().all(|item| is_label(item)) {
        return Vec::new();
    }
    let mut labels: Vec<String> = Vec::new();
    for item in items {
        if !labels.iter().any(|label| label.eq_ignore_ascii_case(item)) {
            labels.push(item.to_owned());
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_in_their_usual_shapes() {
        for line in [
            "- storage: disks",
            "* **storage**: disks",
            "1. storage - disks",
            "storage = disks",
            "\"storage\": disks",
            "- `storage` — disks",
            "  storage: disks",
        ] {
            let expected = Definition { name: "storage".into(), text: "disks".into() };
            assert_eq!(definition(line), Some(expected), "{line}");
        }
        for line in [
            "Note: be brief",
            "Ticket: disk full",
            "You sort tickets that people write: do it well",
            "",
            "---",
        ] {
            assert_eq!(definition(line), None, "{line}");
        }
    }

    #[test]
    fn lists_of_labels_in_a_sentence() {
        let expected = ["storage", "network", "access"];
        for sentence in [
            "Choose one of: storage, network, access.",
            "Sort it into one of these labels: storage, network or access. Be brief.",
            "Labels: `storage` | `network` | `access`",
            "Answer {\"label\": \"storage|network|access\"}",
            "The categories are: \"storage\", \"network\", and \"access\"",
        ] {
            assert_eq!(listed_labels(sentence), expected, "{sentence}");
        }
        assert!(listed_labels("Give the label. Be brief.").is_empty());
    }

    #[test]
    fn examples_in_one_line() {
        let expected = Example { input: "disk is full".into(), output: "storage".into() };
        for line in [
            "Ticket: disk is full Label: storage",
            "Ticket: \"disk is full\" | Label: storage",
            "- disk is full -> storage",
            "\"disk is full\" => \"storage\"",
            r#"{"input": "disk is full", "label": "storage"}"#,
        ] {
            assert_eq!(one_line_example(line), Some(expected.clone()), "{line}");
        }
        assert_eq!(one_line_example("a -> b"), None, "an arrow between single words is no example");
    }
}
