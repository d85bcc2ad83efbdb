//! The form in which a prompt wants its answer: a bare label, or JSON with named fields.

use super::lines::{self, Example};
use serde_json::{Map, Value};

/// How to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// The label alone.
    Bare,
    /// A JSON object with these keys, in this order.
    Json(Vec<String>),
}

/// What a JSON field is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The class.
    Label,
    /// How sure the answer is, 0 to 1.
    Confidence,
    /// Which words decided.
    Reason,
    /// Something else, which worked examples may show.
    Other,
}

const LABEL_NAMES: &[&str] =
    &["label", "class", "category", "classification", "intent", "sentiment", "topic", "answer"];
const CONFIDENCE_NAMES: &[&str] = &["confidence", "probability", "certainty", "score"];
const REASON_NAMES: &[&str] = &["reason", "evidence", "explanation", "rationale", "because", "why"];

impl Form {
    /// The form that instructions, the words around the text, or else the answers of the examples ask for.
    pub fn find(instructions: &str, asked: &str, examples: &[Example]) -> Self {
        let turns = [asked, instructions];
        let template = |answers| turns.into_iter().find_map(|turn| template_keys(turn, answers));
        let shown = || examples.iter().find_map(|example| object(&example.output));
        let shown_keys = || shown().map(|object| object.keys().cloned().collect());
        let named = || turns.into_iter().find_map(named_key).map(|key| vec![key]);
        let keys =
            template(Answers::Skip).or_else(shown_keys).or_else(|| template(Answers::Read)).or_else(named);
        keys.map_or(Form::Bare, Form::Json)
    }

    /// What each key of a JSON answer is for; the first key is the label's when no name says so.
    pub fn purposes(keys: &[String]) -> Vec<Purpose> {
        let by_name = |key: &String| {
            let key = key.to_lowercase();
            match key.as_str() {
                key if LABEL_NAMES.contains(&key) => Purpose::Label,
                key if CONFIDENCE_NAMES.contains(&key) => Purpose::Confidence,
                key if REASON_NAMES.contains(&key) => Purpose::Reason,
                _ => Purpose::Other,
            }
        };
        let mut purposes: Vec<Purpose> = keys.iter().map(by_name).collect();
        if !purposes.contains(&Purpose::Label)
            && let Some(first) = purposes.iter_mut().find(|purpose| **purpose == Purpose::Other)
        {
            *first = Purpose::Label;
        }
        purposes
    }

    /// The key under which the label stands.
    fn label_key(&self) -> Option<&str> {
        let Form::Json(keys) = self else { return None };
        let at = Self::purposes(keys).iter().position(|purpose| *purpose == Purpose::Label)?;
        keys.get(at).map(String::as_str)
    }

    /// The label in an example's answer, bare or JSON.
    pub fn label_in(&self, output: &str) -> Option<String> {
        let label = match object(output) {
            Some(fields) => {
                let value =
                    self.label_key().and_then(|key| fields.get(key)).or_else(|| fields.values().next());
                value.and_then(Value::as_str)?.to_owned()
            }
            None => lines::unquote(output).trim_matches('*').to_owned(),
        };
        lines::is_label(&label).then_some(label)
    }
}

/// The JSON object that an example's answer is.
pub fn object(output: &str) -> Option<Map<String, Value>> {
    let output = output.trim();
    if output.starts_with('{') { serde_json::from_str(output).ok() } else { None }
}

/// Whether a line such as `Answer: {…}` may be a template; first it is taken for an example's answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    Skip,
    Read,
}

/// Keys of the first thing that looks like `{"key": …}` outside of worked examples. It need not be valid JSON:
/// templates hold `<label>` and `…`.
fn template_keys(text: &str, answers: Answers) -> Option<Vec<String>> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let is_answer = answers == Answers::Skip && lines::output_line(line).is_some();
        let is_example = is_answer || lines::one_line_example(line).is_some();
        if let Some(brace) = line.find('{').filter(|_| !is_example) {
            let keys = keys_at(&text[start + brace..]);
            if !keys.is_empty() {
                return Some(keys);
            }
        }
        start += line.len();
    }
    None
}

/// The keys of the object that begins here, nested ones left out.
fn keys_at(text: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut depth = 0_u32;
    let mut rest = text.char_indices().take(4_000).peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '"' => {
                let Some((end, _)) = rest.by_ref().find(|(_, c)| *c == '"') else { break };
                let is_key = text[end + 1..].trim_start().starts_with(':');
                if is_key && depth == 1 {
                    keys.push(text[at + 1..end].to_owned());
                }
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    keys
}

/// The key of `JSON with the key "label"`; `label` where JSON is asked for without a key.
fn named_key(text: &str) -> Option<String> {
    let wants_json = text.contains("JSON") || text.contains("json");
    let after = ["key ", "field "].iter().find_map(|word| Some(&text[text.find(word)? + word.len()..]));
    let quoted = after.and_then(|rest| {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '`' | '\''))?;
        Some(rest[1..].split_once(quote)?.0)
    });
    wants_json.then(|| quoted.filter(|key| lines::is_label(key)).unwrap_or("label").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(instructions: &str) -> Form {
        Form::find(instructions, "", &[])
    }

    #[test]
    fn forms_that_prompts_ask_for() {
        let label = Form::Json(vec!["label".into()]);
        assert_eq!(keys("Answer with the label only."), Form::Bare);
        assert_eq!(keys("Answer as JSON: {\"label\": \"<label>\"}"), label);
        assert_eq!(keys("Answer as JSON with the key \"team\"."), Form::Json(vec!["team".into()]));
        assert_eq!(keys("Reply in JSON."), label);
        assert_eq!(
            keys("Return\n{\n  \"reason\": \"…\",\n  \"class\": <one of a|b>, \"confidence\": 0.0\n}"),
            Form::Json(vec!["reason".into(), "class".into(), "confidence".into()])
        );
    }

    #[test]
    fn the_first_key_is_the_label_when_no_name_says_so() {
        let purposes =
            |keys: &[&str]| Form::purposes(&keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
        assert_eq!(purposes(&["reason", "team", "host"]), [Purpose::Reason, Purpose::Label, Purpose::Other]);
        assert_eq!(purposes(&["host", "label"]), [Purpose::Other, Purpose::Label]);
    }
}
