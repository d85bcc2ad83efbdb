//! Prompt templates: `{{ field }}` of the case, in Jinja's syntax. A template is compiled once and rendered for
//! every case; an unknown field is an error that names it, never an empty text.

use crate::diagnostic::nearest;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde_json::Map;
use std::collections::BTreeSet;
use std::ops::Range;

/// Steps a template may take for one case; ends endless loops.
const FUEL: u64 = 1_000_000;
/// The name under which a template sees all fields at once, for names that aren't identifiers: `row["my field"]`.
const ROW: &str = "row";
/// The name of the one template in its environment.
const NAME: &str = "template";

/// What is wrong with a template, or with the case that it was rendered for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// In one sentence, naming what was found.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in the template's text, in bytes.
    pub range: Option<Range<usize>>,
}

/// A compiled template.
#[derive(Debug, Clone)]
pub struct Template {
    source: String,
    /// `None` for a text without any template syntax.
    environment: Option<Box<Environment<'static>>>,
    fields: BTreeSet<String>,
}

/// How to write a brace pair that is meant as text.
pub const LITERAL_HINT: &str =
    "to write braces as text, put them between {% raw %} and {% endraw %}, or write {{ '{{' }} for {{";

impl Template {
    /// Compiles a template.
    pub fn compile(source: &str) -> Result<Self, TemplateError> {
        if !["{{", "{%", "{#"].iter().any(|mark| source.contains(mark)) {
            return Ok(Self { source: source.to_owned(), environment: None, fields: BTreeSet::new() });
        }
        let mut environment = environment();
        environment
            .add_template_owned(NAME, source.to_owned())
            .map_err(|error| syntax_error(source, &error))?;
        let mut fields = BTreeSet::new();
        if let Ok(template) = environment.get_template(NAME) {
            fields.extend(template.undeclared_variables(false));
        }
        for (global, _) in environment.globals() {
            fields.remove(global);
        }
        Ok(Self { source: source.to_owned(), environment: Some(Box::new(environment)), fields })
    }

    /// The names of the fields that it uses, `row` (all fields) included where it is used.
    pub fn fields(&self) -> &BTreeSet<String> {
        &self.fields
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is plain text: rendering gives the same for every case.
    pub fn is_plain(&self) -> bool {
        self.environment.is_none()
    }

    /// Fills in a case's fields. Strings go in as they are, everything else as JSON.
    pub fn render(&self, fields: &Map<String, serde_json::Value>) -> Result<String, TemplateError> {
        let Some(environment) = &self.environment else { return Ok(self.source.clone()) };
        let mut context: Vec<(&str, Value)> = Vec::with_capacity(self.fields.len());
        for name in &self.fields {
            match fields.get(name) {
                Some(value) => context.push((name, Value::from(Serde(value)))),
                None if name == ROW => context.push((name, Value::from(Serde(fields)))),
                None => {}
            }
        }
        environment
            .get_template(NAME)
            .and_then(|template| template.render(Value::from_pairs(context)))
            .map_err(|error| self.render_error(&error, fields))
    }

    fn render_error(&self, error: &Error, fields: &Map<String, serde_json::Value>) -> TemplateError {
        let range = error.range();
        if error.kind() == ErrorKind::OutOfFuel {
            return TemplateError {
                message: "the template does not come to an end".to_owned(),
                hint: Some("make its loops shorter".to_owned()),
                range,
            };
        }
        let unknown = self.fields.iter().find(|name| *name != ROW && !fields.contains_key(*name));
        if let Some(name) = unknown.filter(|_| error.kind() == ErrorKind::UndefinedError) {
            let (message, hint) = unknown_field(name, fields.keys().map(String::as_str));
            return TemplateError { message, hint: Some(hint), range };
        }
        let used = range.clone().and_then(|range| self.source.get(range)).unwrap_or("an expression");
        let message = match error.kind() {
            ErrorKind::UndefinedError => format!("`{}` has no value in this case", used.trim()),
            _ => format!("`{}` can't be worked out: {}", used.trim(), described(error)),
        };
        TemplateError { message, hint: None, range }
    }
}

/// Compiles and renders at once, for a template that is used a single time.
pub fn render(template: &str, fields: &Map<String, serde_json::Value>) -> Result<String, TemplateError> {
    Template::compile(template)?.render(fields)
}

/// The names of the fields that a template uses.
pub fn fields(template: &str) -> Result<BTreeSet<String>, TemplateError> {
    Ok(Template::compile(template)?.fields)
}

/// The words for a field that a case doesn't have: message and hint.
pub fn unknown_field<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> (String, String) {
    let message = format!("the template uses `{{{{ {name} }}}}`, but the case has no field `{name}`");
    let listed: Vec<&str> = known.clone().into_iter().take(12).collect();
    let hint = match nearest(name, known) {
        Some(near) => format!("did you mean `{{{{ {near} }}}}`?"),
        None if listed.is_empty() => "the case has no fields".to_owned(),
        None => format!("its fields are {}; {LITERAL_HINT}", listed.join(", ")),
    };
    (message, hint)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("Jinja's own delimiters are valid"));
    environment.set_fuel(Some(FUEL));
    environment.set_debug(true);
    environment.remove_global("debug");
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_formatter(|output, _state, value| {
        if let Some(text) = value.as_str() {
            return Ok(output.write_str(text)?);
        }
        let json = serde_json::to_string(value)
            .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
        Ok(output.write_str(&json)?)
    });
    environment
}

fn described(error: &Error) -> String {
    match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    }
}

fn syntax_error(source: &str, error: &Error) -> TemplateError {
    let range = error.range();
    let place = range.clone().map_or(error.line().unwrap_or(1), |range| {
        source.get(..range.start).map_or(1, |before| before.matches('\n').count() + 1)
    });
    TemplateError {
        message: format!("the template's line {place} is not understood: {}", described(error)),
        hint: Some(LITERAL_HINT.to_owned()),
        range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(template: &str, fields: serde_json::Value, expected: &str) {
        let fields = fields.as_object().cloned().unwrap_or_default();
        assert_eq!(render(template, &fields).as_deref(), Ok(expected), "{template}");
    }

    fn fails(template: &str, fields: serde_json::Value, message: &str, hint: &str) {
        let fields = fields.as_object().cloned().unwrap_or_default();
        let error = render(template, &fields).expect_err(template);
        assert!(error.message.contains(message), "{} should say {message}", error.message);
        assert!(error.hint.as_deref().unwrap_or("").contains(hint), "{:?} should say {hint}", error.hint);
    }

    #[test]
    fn strings_are_raw_and_other_values_are_json() {
        check("Q: {{ input }}\n", json!({"input": "a <b> & \"c\" ä"}), "Q: a <b> & \"c\" ä\n");
        check(
            "{{ n }} {{ f }} {{ b }} {{ z }}",
            json!({"n": 3, "f": 1.5, "b": true, "z": null}),
            "3 1.5 true null",
        );
        check("{{ o }}", json!({"o": {"z": [1, "x"], "a": null}}), r#"{"z":[1,"x"],"a":null}"#);
        check(
            "{{ metadata.team }}/{{ metadata['team'] }}",
            json!({"metadata": {"team": "core"}}),
            "core/core",
        );
        check("{{ row['my field'] }}", json!({"my field": "x"}), "x");
        check("{% for x in list %}{{ x }};{% endfor %}", json!({"list": ["a", 1]}), "a;1;");
        check("{{ nothing | default('–') }}", json!({}), "–");
    }

    #[test]
    fn single_braces_and_json_examples_are_text() {
        let prompt = "Answer as {\"label\": \"x\", \"why\": {\"a\": 1}} } {";
        check(prompt, json!({}), prompt);
        check(&format!("{prompt} {{{{ input }}}}"), json!({"input": "i"}), &format!("{prompt} i"));
        check("{% raw %}{{ x }}{% endraw %} {{ '{{' }}", json!({}), "{{ x }} {{");
    }

    #[test]
    fn errors_name_the_field_and_what_to_do() {
        fails("{{ inptu }}", json!({"input": "x"}), "no field `inptu`", "did you mean `{{ input }}`");
        fails("{{ zebra }}", json!({"input": "x"}), "no field `zebra`", "its fields are input");
        fails("{{ metadata.tea }}", json!({"metadata": {"team": 1}}), "`metadata.tea` has no value", "");
        fails("a\n{{\"a\": 1}}", json!({}), "line 2 is not understood", "{% raw %}");
        fails("{{ input", json!({"input": "x"}), "line 1 is not understood", "{% raw %}");
        fails("{{ input | nofilter }}", json!({"input": "x"}), "nofilter", "");
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        let error = Template::compile("ok {{ a b }}").expect_err("two names");
        assert_eq!(error.range, Some(8..9));
    }

    #[test]
    fn endless_work_is_stopped() {
        let loops = "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}";
        fails(loops, json!({}), "does not come to an end", "loops");
    }

    #[test]
    fn names_the_fields_that_are_used() {
        let names = fields("{{ a }} {% for x in b.c %}{{ x }}{% endfor %} {{ range(2) }} {{ row['q'] }}");
        assert_eq!(
            names.map(|names| names.into_iter().collect::<Vec<_>>()),
            Ok(vec!["a".into(), "b".into(), "row".into()])
        );
    }
}
