//! Prompts of a workflow: text with `{field}`, `{state.field}` and `{a.b}` placeholders.
//!
//! A pair of braces around names that are joined by dots is a placeholder; every other brace is text, so that an
//! example in JSON needs no escaping.

use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;

/// A prompt, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Placeholder),
}

/// One placeholder of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// What stands between the braces, such as `state.topic`.
    pub path: String,
    /// Where it stands in the prompt, its braces included, in bytes.
    pub range: Range<usize>,
}

impl Placeholder {
    /// The path without the leading `state.`: `state.topic` and `topic` are the same.
    pub fn field(&self) -> &str {
        without_state(&self.path)
    }
}

/// A path without a leading `state.`.
pub(super) fn without_state(path: &str) -> &str {
    path.strip_prefix("state.").unwrap_or(path)
}

impl Prompt {
    /// Takes a prompt apart. Every text is a prompt.
    pub fn compile(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut written = 0;
        let mut position = 0;
        while let Some(open) = text.get(position..).and_then(|rest| rest.find('{')).map(|at| at + position) {
            let inner = text.get(open + 1..).unwrap_or_default();
            let Some(path) = inner.find('}').and_then(|end| inner.get(..end)).filter(|path| is_path(path))
            else {
                position = open + 1;
                continue;
            };
            if open > written {
                pieces.push(Piece::Text(text.get(written..open).unwrap_or_default().to_owned()));
            }
            position = open + path.len() + 2;
            written = position;
            pieces.push(Piece::Field(Placeholder { path: path.to_owned(), range: open..position }));
        }
        if written < text.len() {
            pieces.push(Piece::Text(text.get(written..).unwrap_or_default().to_owned()));
        }
        Self { pieces }
    }

    /// Its placeholders, in the order of the text.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Field(field) => Some(field),
            Piece::Text(_) => None,
        })
    }

    /// The placeholder that it consists of, when there is nothing else in it.
    pub fn only(&self) -> Option<&Placeholder> {
        match self.pieces.as_slice() {
            [Piece::Field(field)] => Some(field),
            _ => None,
        }
    }

    /// Fills the placeholders in: texts as they are, other values as JSON. The look-up gets the path as it is written
    /// and fails with why there is no value.
    pub fn render<'a>(
        &self,
        lookup: impl Fn(&str) -> Result<Cow<'a, Value>, String>,
    ) -> Result<String, String> {
        let mut rendered = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => rendered.push_str(text),
                Piece::Field(field) => match lookup(&field.path)?.as_ref() {
                    Value::String(text) => rendered.push_str(text),
                    other => rendered.push_str(&other.to_string()),
                },
            }
        }
        Ok(rendered)
    }
}

/// Whether a text is a path: a name, then names or numbers joined by dots.
fn is_path(text: &str) -> bool {
    let mut parts = text.split('.');
    let is_word =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    parts.next().is_some_and(is_identifier) && parts.all(is_word)
}

/// Whether a text is a name such as `topic_2`.
pub(super) fn is_identifier(text: &str) -> bool {
    text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(prompt: &str, paths: &[&str], rendered: &str) {
        let compiled = Prompt::compile(prompt);
        let found: Vec<&str> = compiled.placeholders().map(|one| one.path.as_str()).collect();
        assert_eq!(found, paths, "{prompt}");
        for one in compiled.placeholders() {
            assert_eq!(prompt.get(one.range.clone()), Some(format!("{{{}}}", one.path).as_str()));
        }
        let values = |path: &str| match path {
            "topic" | "state.topic" => Ok(Cow::Owned(json!("rust & <b>"))),
            "score" => Ok(Cow::Owned(json!(0.5))),
            "a.b_2.0" => Ok(Cow::Owned(json!(["x", null, {"z": 1, "a": 2}]))),
            other => Err(format!("no {other}")),
        };
        assert_eq!(compiled.render(values).as_deref(), Ok(rendered), "{prompt}");
    }

    #[test]
    fn fills_in_texts_raw_and_other_values_as_json() {
        check(
            "On {topic}: {score}, {a.b_2.0}",
            &["topic", "score", "a.b_2.0"],
            r#"On rust & <b>: 0.5, ["x",null,{"z":1,"a":2}]"#,
        );
        check("{state.topic}{topic}", &["state.topic", "topic"], "rust & <b>rust & <b>");
    }

    #[test]
    fn every_other_brace_is_text() {
        for text in [
            "",
            "{",
            "}",
            "{}",
            "{ topic }",
            "{1a}",
            "{a.}",
            "{.a}",
            "{a-b}",
            "{\"label\": {\"a\": [1]}}",
            "{ä}",
        ] {
            check(text, &[], text);
        }
        check("{\"n\": {score}} {{topic}}", &["score", "topic"], "{\"n\": 0.5} {rust & <b>}");
        check("{ {topic", &[], "{ {topic");
    }

    #[test]
    fn a_prompt_that_is_one_placeholder_is_known() {
        assert_eq!(Prompt::compile("{a.b}").only().map(|one| one.path.as_str()), Some("a.b"));
        assert_eq!(Prompt::compile("{a.b} ").only(), None);
    }

    proptest! {
        #[test]
        fn no_text_is_ever_lost(pieces in prop::collection::vec("[a-c{}.0 ä\\n]{0,6}|\\{[a-c]{1,2}(\\.[a-c0-1]{1,2})?\\}", 0..8)) {
            let text = pieces.concat();
            let again = Prompt::compile(&text).render(|path| Ok(Cow::Owned(Value::from(format!("{{{path}}}")))));
            prop_assert_eq!(again, Ok(text));
        }
    }
}
