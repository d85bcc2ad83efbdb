//! Changing values of a workflow by dotted path.

use super::AbVariant;
use super::placeholder::Prompt;
use crate::check::{Findings, under};
use crate::diagnostic::nearest;
use crate::variant::Variant;
use crate::yaml::Step;
use serde_json::{Map, Value};

/// One value that a variant sets.
pub(super) struct Change {
    /// Where to.
    pub(super) to: Vec<Step>,
    /// The path as it was written, for messages.
    pub(super) written: String,
    pub(super) value: Value,
    /// Where the change stands in the file.
    pub(super) origin: Vec<Step>,
}

/// What a variant must not change: the test itself and what judges it.
const FIXED: [&str; 6] = ["ab_test", "gates", "mlflow", "flow", "schema_version", "optimization"];
/// What stands under `config`, for a path that forgets it.
const IN_CONFIG: [&str; 3] = ["llm", "execution", "observability"];

/// The prompts of a variant, for the node at a path.
pub(super) fn of_prompts(wanted: &AbVariant, node: &[Step], place: &[Step]) -> Vec<Change> {
    let prompts = [("prompt", &wanted.prompt), ("system_prompt", &wanted.system_prompt)];
    let change = |(name, text): (&str, &Option<String>)| {
        let value = Value::from(text.clone()?);
        Some(Change { to: under(node, name), written: name.to_owned(), value, origin: under(place, name) })
    };
    prompts.into_iter().filter_map(change).collect()
}

/// What a variant file sets in the node at a path: model and prompts. Its placeholders become those of workflows.
pub(super) fn of_file(file: &Variant, node: &[Step], place: &[Step], findings: &mut Findings) -> Vec<Change> {
    let origin = || match findings.is_written(&under(place, "file")) {
        true => under(place, "file"),
        false => place.to_vec(),
    };
    let origin = origin();
    let llm = under(node, "llm");
    let change = |to: Vec<Step>, name: &str, value: Value| Change {
        to,
        written: name.to_owned(),
        value,
        origin: origin.clone(),
    };
    let mut changes = Vec::new();
    for (name, value) in [
        ("provider", Some(Value::from(file.provider.name()))),
        ("model", Some(Value::from(file.model.as_str()))),
        ("api_base", file.base_url.clone().map(Value::from)),
        ("temperature", file.temperature.map(Value::from)),
        ("max_tokens", file.max_output_tokens.map(Value::from)),
        ("pace_ms", file.pace_ms.map(Value::from)),
    ] {
        changes.extend(value.map(|value| change(under(&llm, name), name, value)));
    }
    for (name, text) in [("prompt", &file.prompt), ("system_prompt", &file.system_prompt)] {
        let Some(text) = text else { continue };
        match single_braces(text) {
            Ok(text) => changes.push(change(under(node, name), name, Value::from(text))),
            Err(part) => {
                let message = format!(
                    "`{name}` of variants/{}.yaml has `{part}`, which a workflow doesn't understand",
                    file.name
                );
                findings.error("template", &origin, message).hint =
                    Some("in a workflow a prompt has only placeholders such as {topic}".to_owned());
            }
        }
    }
    for (name, is_there) in [
        ("reasoning_effort", file.reasoning_effort.is_some()),
        ("top_p", file.top_p.is_some()),
        ("stop", !file.stop.is_empty()),
        ("tools_config", !file.tools_config.is_empty()),
    ] {
        if is_there {
            let message = format!("`{name}` of variants/{}.yaml has no effect in a workflow", file.name);
            findings.warning("no-effect", &origin, message).hint =
                Some("remove it there, or use another file".to_owned());
        }
    }
    changes
}

/// A template of variant files with the placeholders of workflows: `{{ topic }}` becomes `{topic}`. Fails with what has
/// no counterpart.
fn single_braces(template: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some(open) = ["{{", "{%", "{#"].iter().filter_map(|mark| rest.find(mark)).min() {
        text.push_str(rest.get(..open).unwrap_or_default());
        let inside = rest.get(open..).unwrap_or_default();
        let closed = inside.find("}}").filter(|_| inside.starts_with("{{"));
        let name = closed.and_then(|end| inside.get(2..end)).map(|inner| inner.trim_matches([' ', '-']));
        let placeholder = name.map(|name| format!("{{{name}}}"));
        match (placeholder.filter(|one| Prompt::compile(one).only().is_some()), closed) {
            (Some(placeholder), Some(end)) => {
                text.push_str(&placeholder);
                rest = inside.get(end + 2..).unwrap_or_default();
            }
            _ => return Err(inside.lines().next().unwrap_or_default().chars().take(40).collect()),
        }
    }
    text.push_str(rest);
    Ok(text)
}

/// Applies the changes. The A/B test is taken out: a variant has none of its own.
pub(super) fn apply(value: &mut Value, changes: &mut [Change], findings: &mut Findings) {
    for change in changes {
        let done = permitted(change).and_then(|()| set(value, change));
        if let Err((message, hint)) = done {
            findings.error("override", &change.origin, message).hint = Some(hint);
        }
    }
    if let Some(top) = value.as_object_mut() {
        top.shift_remove("ab_test");
        if let Some(config) = top.get_mut("config").and_then(Value::as_object_mut) {
            config.shift_remove("ab_test");
        }
    }
}

/// What is wrong, and what to do.
type Problem = (String, String);

fn permitted(change: &Change) -> Result<(), Problem> {
    let mut steps = change.to.iter();
    let mut first = steps.next();
    if matches!(first, Some(Step::Key(name)) if name == "config") {
        first = steps.next();
    }
    let written = &change.written;
    match (first, change.to.first()) {
        (Some(Step::Key(name)), _) if FIXED.contains(&name.as_str()) => Err((
            format!("`{written}` can't be overridden by a variant: `{name}` is of the whole workflow"),
            "override values under `config.llm`, `config.execution`, `nodes`, `edges` or `state`".to_owned(),
        )),
        (_, Some(Step::Key(name))) if IN_CONFIG.contains(&name.as_str()) => Err((
            format!("there is no `{written}` in a workflow"),
            format!("did you mean `config.{written}`?"),
        )),
        (None, _) => Err((
            "an override has no path".to_owned(),
            "write it such as `config.llm.temperature: 0.2`".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Sets one value, creating levels that are not there. In a list a name is an item's `id` or `name`, and becomes its
/// place in the change's path.
fn set(value: &mut Value, change: &mut Change) -> Result<(), Problem> {
    let mut place = value;
    for step in &mut change.to {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = match place {
            Value::Object(object) => {
                let name = match step {
                    Step::Key(name) => name.clone(),
                    Step::Index(index) => index.to_string(),
                };
                object.entry(name).or_insert(Value::Null)
            }
            Value::Array(items) => {
                let index = item(items, step)
                    .map_err(|(problem, hint)| (format!("`{}`: {problem}", change.written), hint))?;
                *step = Step::Index(index);
                &mut items[index]
            }
            other => {
                let message = format!(
                    "`{}` leads into {}, which has no parts",
                    change.written,
                    super::words::described(other)
                );
                return Err((
                    message,
                    "write the path of a value that is there, or of a new key in a mapping".to_owned(),
                ));
            }
        };
    }
    *place = change.value.clone();
    Ok(())
}

fn item(items: &[Value], step: &Step) -> Result<usize, Problem> {
    let name_of = |item: &Value| {
        let name = item.get("id").or_else(|| item.get("name"))?;
        name.as_str().map(str::to_owned)
    };
    match step {
        Step::Index(index) if *index < items.len() => Ok(*index),
        Step::Index(index) => Err((
            format!("there is no item {index}"),
            format!("the list has {} items, counted from 0", items.len()),
        )),
        Step::Key(name) => {
            items.iter().position(|item| name_of(item).as_ref() == Some(name)).ok_or_else(|| {
                let names: Vec<String> = items.iter().filter_map(name_of).collect();
                let hint = match nearest(name, names.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", names.join(", ")),
                };
                (format!("there is no `{name}` in the list"), hint)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse_path;
    use serde_json::json;

    fn changed(path: &str, value: Value) -> Result<Value, Problem> {
        let mut workflow = json!({
            "config": {"llm": {"model": "a"}, "execution": null},
            "nodes": [{"id": "draft", "prompt": "p"}, {"id": "review", "outputs": ["x"]}],
        });
        let mut change = Change { to: parse_path(path), written: path.to_owned(), value, origin: Vec::new() };
        permitted(&change)?;
        set(&mut workflow, &mut change).map(|()| workflow)
    }

    #[test]
    fn values_are_set_by_path_and_levels_made() {
        for (path, pointer) in [
            ("config.llm.temperature", "/config/llm/temperature"),
            ("config.execution.timeout", "/config/execution/timeout"),
            ("nodes.review.llm.temperature", "/nodes/1/llm/temperature"),
            ("nodes[0].llm.temperature", "/nodes/0/llm/temperature"),
            ("nodes.0.prompt", "/nodes/0/prompt"),
            ("nodes.review.outputs[0]", "/nodes/1/outputs/0"),
            ("state.fields.x.default", "/state/fields/x/default"),
        ] {
            let value = changed(path, json!(0.25)).expect(path);
            assert_eq!(value.pointer(pointer), Some(&json!(0.25)), "{path}: {value}");
        }
    }

    #[test]
    fn paths_that_lead_nowhere_are_named() {
        for (path, message, hint) in [
            (
                "nodes.reviev.prompt",
                "`nodes.reviev.prompt`: there is no `reviev` in the list",
                "did you mean `review`?",
            ),
            (
                "nodes[7].prompt",
                "`nodes[7].prompt`: there is no item 7",
                "the list has 2 items, counted from 0",
            ),
            (
                "config.llm.model.x",
                "`config.llm.model.x` leads into the text \"a\", which has no parts",
                "write the path of",
            ),
            (
                "llm.temperature",
                "there is no `llm.temperature` in a workflow",
                "did you mean `config.llm.temperature`?",
            ),
            (
                "config.ab_test.run_count",
                "can't be overridden by a variant: `ab_test` is of the whole workflow",
                "override values",
            ),
            ("gates[0].max", "can't be overridden", "override values"),
            ("config", "an override has no path", "write it"),
        ] {
            let (found, advice) = changed(path, json!(1)).expect_err(path);
            assert!(found.contains(message) && advice.contains(hint), "{found} ({advice})");
        }
    }

    #[test]
    fn templates_of_variant_files_become_prompts() {
        for (template, prompt) in [
            ("On {{ topic }}: {{state.a.b}} {{- c -}} end", "On {topic}: {state.a.b} {c} end"),
            ("plain {topic} {\"a\": 1}", "plain {topic} {\"a\": 1}"),
        ] {
            assert_eq!(single_braces(template).as_deref(), Ok(prompt));
        }
        for template in ["{% if a %}x{% endif %}", "{{ a | upper }}", "{{ '{{' }}", "{{ open", "{# note #}"] {
            assert_eq!(single_braces(template), Err(template.to_owned()), "{template}");
        }
    }
}
