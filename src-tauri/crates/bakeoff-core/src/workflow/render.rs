//! A node's prompts, filled in.

use super::placeholder::{Prompt, without_state};
use super::words::inner;
use super::{Node, State};
use crate::diagnostic::nearest;
use crate::trial::SentPrompt;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Names under which the target of a parallel edge sees its item and its place in the list.
pub(super) const ITEM_NAMES: [&str; 2] = ["item", "_parallel_item"];
pub(super) const INDEX_NAMES: [&str; 2] = ["index", "_parallel_index"];

/// The item that a node runs for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item<'a> {
    /// The item.
    pub value: &'a Value,
    /// Its place in the list, from 0.
    pub index: u32,
}

/// Fills a node's prompts in. A name stands for the node's own input of that name, else for the item of a parallel edge,
/// else for a state field; `state.` always means the state.
///
/// # Errors
/// A placeholder that has no value, by name.
pub fn render(node: &Node, state: &State, item: Option<Item<'_>>) -> Result<SentPrompt, String> {
    let outer = |path: &str| look_up(path, state, item);
    let mut inputs = BTreeMap::new();
    for (name, template) in &node.inputs {
        let template = Prompt::compile(template);
        let value = match template.only() {
            Some(field) => outer(&field.path)?.into_owned(),
            None => Value::from(template.render(outer)?),
        };
        inputs.insert(name.as_str(), value);
    }
    let lookup = |path: &str| {
        let (first, rest) = split(path);
        match inputs.get(first) {
            Some(value) => within(value, first, rest).map(|value| Cow::Owned(value.clone())),
            None => look_up(path, state, item),
        }
    };
    let user = Prompt::compile(&node.prompt).render(lookup)?;
    let system =
        node.system_prompt.as_deref().map(|text| Prompt::compile(text).render(lookup)).transpose()?;
    Ok(SentPrompt { system, user })
}

fn look_up<'a>(path: &str, state: &'a State, item: Option<Item<'a>>) -> Result<Cow<'a, Value>, String> {
    let (first, rest) = split(path);
    if let Some(item) = item {
        if ITEM_NAMES.contains(&first) {
            return within(item.value, first, rest).map(Cow::Borrowed);
        }
        if INDEX_NAMES.contains(&first) && rest.is_empty() {
            return Ok(Cow::Owned(Value::from(item.index)));
        }
    }
    // A field may itself be named `state`.
    let (first, rest) = if state.contains_key(first) { (first, rest) } else { split(without_state(path)) };
    let value = state.get(first).ok_or_else(|| {
        let near = nearest(first, state.keys().map(String::as_str));
        let hint = near.map_or_else(String::new, |near| format!(": did you mean {{{near}}}?"));
        format!("{{{path}}} has no value: the state has no field `{first}`{hint}")
    })?;
    within(value, first, rest).map(Cow::Borrowed)
}

/// The first name of a path, and the rest.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.split_once('.').unwrap_or((path, ""))
}

fn within<'a>(value: &'a Value, name: &str, rest: &str) -> Result<&'a Value, String> {
    if rest.is_empty() {
        return Ok(value);
    }
    inner(value, rest.split('.'))
        .ok_or_else(|| format!("{{{name}.{rest}}} has no value: `{name}` has no `{rest}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::node;
    use serde_json::json;

    fn state() -> State {
        json!({"topic": "rust", "n": 2, "review": {"grade": 4}, "item": "of the state"})
            .as_object()
            .cloned()
            .unwrap_or_default()
    }

    #[test]
    fn own_inputs_come_first_then_the_item_then_the_state() {
        let mut of = node("n", "{topic} {state.topic} {n} {review.grade} {list.0}", &[("a", "str")]);
        of.system_prompt = Some("about {state.review}".into());
        of.inputs = [("topic".into(), "<{topic}/{state.n}>".into()), ("list".into(), "{pair}".into())].into();
        let mut state = state();
        state.insert("pair".into(), json!(["x", 1]));
        let sent = render(&of, &state, None);
        let expected =
            SentPrompt { system: Some("about {\"grade\":4}".into()), user: "<rust/2> rust 2 4 x".into() };
        assert_eq!(sent, Ok(expected));
    }

    #[test]
    fn a_parallel_target_sees_its_item() {
        let of = node(
            "n",
            "{index}: {item.name} {_parallel_item} {_parallel_index} {state.item}",
            &[("a", "str")],
        );
        let item = json!({"name": "x"});
        let sent = render(&of, &state(), Some(Item { value: &item, index: 3 }));
        assert_eq!(sent.map(|sent| sent.user).as_deref(), Ok("3: x {\"name\":\"x\"} 3 of the state"));
        let alone = render(&of, &state(), None);
        assert!(alone.is_err(), "without an item there is no index");
    }

    #[test]
    fn what_has_no_value_is_named() {
        let fails = |prompt: &str, message: &str| {
            assert_eq!(render(&node("n", prompt, &[("a", "str")]), &state(), None), Err(message.to_owned()));
        };
        fails("{topik}", "{topik} has no value: the state has no field `topik`: did you mean {topic}?");
        fails("{review.garde}", "{review.garde} has no value: `review` has no `garde`");
    }
}
