//! Placeholders held against what there is to fill in.

use super::fields::{Fields, hint};
use crate::check::Findings;
use crate::template::TemplateError;
use crate::workflow::FieldType;
use crate::workflow::placeholder::{Placeholder, Prompt};
use crate::workflow::render::{INDEX_NAMES, ITEM_NAMES, split};
use crate::yaml::Step;

/// What a prompt's placeholders may name.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) fields: &'a Fields,
    /// The names of the node's own inputs.
    pub(super) inputs: &'a [String],
    /// The node is the target of a parallel edge.
    pub(super) has_item: bool,
}

/// Checks a prompt: not empty, and every placeholder known.
pub(super) fn prompt(text: &str, what: &str, scope: Scope<'_>, path: &[Step], findings: &mut Findings) {
    if text.trim().is_empty() {
        let finding = findings.error("empty", path, format!("{what} is empty"));
        finding.hint = Some("write what the model should do".to_owned());
        return;
    }
    placeholders(text, what, scope, path, findings);
    if let Some(range) = double_braces(text) {
        let written = text.get(range.clone()).unwrap_or_default();
        let inner = written.trim_matches(['{', '}', ' ']);
        let finding =
            findings.warning("double-braces", path, format!("{what} has `{written}`, which is text here"));
        finding.hint = Some(format!("in a workflow a placeholder has single braces: {{{inner}}}"));
    }
}

/// Checks a text's placeholders.
pub(super) fn placeholders(text: &str, what: &str, scope: Scope<'_>, path: &[Step], findings: &mut Findings) {
    let mut told = Vec::new();
    for placeholder in Prompt::compile(text).placeholders() {
        if told.contains(&placeholder.path) {
            continue;
        }
        if let Some((problem, hint)) = scope.problem(placeholder) {
            told.push(placeholder.path.clone());
            let message = format!("{what} has the placeholder {{{}}}, but {problem}", placeholder.path);
            let range = Some(placeholder.range.clone());
            findings.inner_error(
                "unknown-placeholder",
                path,
                text,
                &TemplateError { message, hint: Some(hint), range },
            );
        }
    }
}

impl Scope<'_> {
    /// What is wrong with a placeholder, and what to do about it.
    fn problem(self, placeholder: &Placeholder) -> Option<(String, String)> {
        let (first, _) = split(&placeholder.path);
        if self.inputs.iter().any(|input| input == first) {
            return None;
        }
        if ITEM_NAMES.contains(&first) || INDEX_NAMES.contains(&first) {
            if self.has_item {
                return None;
            }
            if self.fields.lacks(first) {
                let problem = "no parallel edge leads to the node: there is no item".to_owned();
                return Some((
                    problem,
                    "add `parallel:` to the edge before it, or name a field of the state".to_owned(),
                ));
            }
        }
        let (name, rest) = match split(&placeholder.path) {
            (first, _) if !self.fields.lacks(first) => split(&placeholder.path),
            _ => split(placeholder.field()),
        };
        if self.fields.lacks(name) {
            let known = self.fields.names().chain(self.inputs.iter().map(String::as_str));
            let none = "the state has no fields: add them under `state: fields:`";
            let mut hint = hint(name, known, none, "there are");
            if hint.starts_with("there are") {
                hint.push_str("; if it is meant as text, put blanks inside the braces");
            }
            return Some((format!("the state has no field `{name}`"), hint));
        }
        let kind = &self.fields.get(name)?.kind;
        inner(kind, name, rest)
    }
}

/// What is wrong with the way into a field.
fn inner(kind: &FieldType, name: &str, rest: &str) -> Option<(String, String)> {
    if rest.is_empty() {
        return None;
    }
    let (first, deeper) = split(rest);
    match kind {
        FieldType::Object(fields) if fields.is_empty() => None,
        FieldType::Object(fields) => match fields.iter().find(|(field, _)| field == first) {
            Some((_, of)) => inner(of, &format!("{name}.{first}"), deeper),
            None => {
                let known = fields.iter().map(|(field, _)| field.as_str());
                Some((format!("`{name}` has no field `{first}`"), hint(first, known, "", "its fields are")))
            }
        },
        FieldType::Dict(of) => of.as_deref().and_then(|of| inner(of, &format!("{name}.{first}"), deeper)),
        FieldType::List(of) if first.parse::<usize>().is_ok() => {
            of.as_deref().and_then(|of| inner(of, &format!("{name}.{first}"), deeper))
        }
        FieldType::List(_) => Some((
            format!("`{name}` is a list, and `{first}` is no place in it"),
            "write a number, such as 0".to_owned(),
        )),
        other => Some((
            format!("`{name}` is of the type {other} and has no `{first}`"),
            format!("write {{{name}}}"),
        )),
    }
}

/// The first `{{ name }}` of another template language. (Without blanks the inner pair is a placeholder.)
fn double_braces(text: &str) -> Option<std::ops::Range<usize>> {
    text.match_indices("{{").find_map(|(start, _)| {
        let rest = text.get(start..)?;
        let end = rest.find("}}")? + 2;
        let inner = rest.get(2..end - 2)?;
        let name = inner.trim();
        let is_path = Prompt::compile(&format!("{{{name}}}")).only().is_some();
        (inner != name && is_path).then_some(start..start + end)
    })
}
