//! Variants of a workflow: the file's value with a variant's prompt and overrides in it, checked again.

use super::check::{VariantPlace, read, variant_places};
use super::overrides::{self, Change};
use super::{AbVariant, Node, Program, Workflow, WorkflowVariant};
use crate::check::{Findings, key, nth, under};
use crate::diagnostic::{Checked, Diagnostic};
use crate::variant::{Provider, Variant};
use crate::yaml::{self, Document, Step, parse_path, path_text};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a user's own program stands for where a variant needs a model.
const OWN_PROGRAM: &str = "runner";

/// A variant of a workflow, ready to run: the workflow of `text` with the variant's prompt in its node and its overrides
/// applied. `file` is the variant file that `wanted.file` names; its prompts, model and overrides count where `wanted`
/// has none of its own. A user's own program is handed prompt and overrides instead.
///
/// The findings are those that the variant brings about; those of the workflow itself are told by [`super::check`].
pub fn variant(text: &str, wanted: &AbVariant, file: Option<&Variant>) -> Checked<Variant> {
    let document = match yaml::read(text) {
        Ok(document) => document,
        Err(diagnostics) => return Checked { value: None, diagnostics },
    };
    let (plain, found) = match read(&wanted.name, text, document.clone()) {
        Ok((Some(workflow), found)) if !found.has_errors() => (workflow, found),
        Ok((_, found)) => return Checked { value: None, diagnostics: found.into_diagnostics() },
        Err(diagnostics) => return Checked { value: None, diagnostics },
    };
    let mut findings = Findings::new(text, document.clone());
    let place = place_of(&document, wanted);
    let program =
        changed(text, &document, (&plain, found.found()), &Whole { wanted, file, place }, &mut findings);
    let value = program.map(|program| runnable(wanted, file, program));
    findings.finish(value)
}

/// A variant that is the workflow as it stands, for running it without an A/B test.
pub fn as_variant(workflow: &Workflow, name: &str) -> Variant {
    let node = workflow.program.nodes.first();
    let wanted = AbVariant {
        name: name.to_owned(),
        prompt: None,
        system_prompt: None,
        node_id: node.map(|node| node.id.clone()),
        config_overrides: BTreeMap::new(),
        file: None,
    };
    Variant { description: workflow.description.clone(), ..runnable(&wanted, None, workflow.program.clone()) }
}

/// Where each node's prompts stand: its id, and the key paths of `prompt` and `system_prompt` (which may not be there
/// yet). Nodes without an id are left out; so is everything when the text can't be read.
pub fn prompt_paths(text: &str) -> Vec<(String, String, String)> {
    let Ok(document) = yaml::read(text) else { return Vec::new() };
    let nodes = document.value.get("nodes").and_then(Value::as_array);
    let of = |(index, node): (usize, &Value)| {
        let path = nth(&key("nodes"), index);
        let id = node.get("id")?.as_str()?.to_owned();
        Some((id, path_text(&under(&path, "prompt")), path_text(&under(&path, "system_prompt"))))
    };
    nodes.into_iter().flatten().enumerate().filter_map(of).collect()
}

/// Checks what the overrides of all variants make of the workflow.
pub(super) fn check_overrides(text: &str, document: &Document, workflow: &Workflow, findings: &mut Findings) {
    let Some(ab_test) = &workflow.ab_test else { return };
    let known = findings.found().to_vec();
    for written in ab_test.variants.iter().filter(|variant| !variant.config_overrides.is_empty()) {
        // Their prompts have been checked at their own places.
        let wanted = AbVariant { prompt: None, system_prompt: None, ..written.clone() };
        let place = place_of(document, &wanted);
        changed(text, document, (workflow, &known), &Whole { wanted: &wanted, file: None, place }, findings);
    }
}

/// Where the variant stands in the file; the node under test for one that doesn't.
fn place_of(document: &Document, wanted: &AbVariant) -> Vec<Step> {
    let places = variant_places(&document.value);
    let place = places.into_iter().find(|place: &VariantPlace| place.name == wanted.name);
    place.map_or_else(|| key("nodes"), |place| place.path)
}

struct Whole<'a> {
    wanted: &'a AbVariant,
    file: Option<&'a Variant>,
    place: Vec<Step>,
}

/// The program with everything of the variant in it; what is wrong goes to the findings.
fn changed(
    text: &str,
    document: &Document,
    (plain, known): (&Workflow, &[Diagnostic]),
    whole: &Whole<'_>,
    findings: &mut Findings,
) -> Option<Program> {
    let Whole { wanted, file, place } = whole;
    let node_index = node_index(plain, wanted, place, findings)?;
    let has_runner = plain.program.runner.is_some();
    let mut changes: Vec<Change> = Vec::new();
    if let Some(index) = node_index {
        let node = nth(&key("nodes"), index);
        changes.extend(file.map(|file| overrides::of_file(file, &node, place, findings)).unwrap_or_default());
        changes.extend(overrides::of_prompts(wanted, &node, place));
    }
    // What a user's own program makes of overrides is its own affair.
    let of_file = file.map(|file| &file.config_overrides).into_iter().flatten();
    for (path, value) in of_file.chain(&wanted.config_overrides).filter(|_| !has_runner) {
        let origin = under(&under(place, "config_overrides"), path);
        let origin = if findings.is_written(&origin) { origin } else { place.clone() };
        changes.push(Change { to: parse_path(path), written: path.clone(), value: value.clone(), origin });
    }
    if changes.is_empty() {
        return Some(plain.program.clone());
    }
    let before = findings.count();
    let mut document = document.clone();
    overrides::apply(&mut document.value, &mut changes, findings);
    if findings.count() > before {
        return None;
    }
    match read(&plain.name, text, document) {
        Ok((workflow, found)) => {
            tell(wanted, &changes, place, found.into_diagnostics(), known, findings);
            workflow.map(|workflow| workflow.program).filter(|_| findings.count() == before)
        }
        Err(diagnostics) => {
            tell(wanted, &changes, place, diagnostics, known, findings);
            None
        }
    }
}

/// The place of the node under test among the nodes; none with a user's own program that has no nodes.
#[expect(clippy::option_option, reason = "wrong, and none, are different")]
fn node_index(
    plain: &Workflow,
    wanted: &AbVariant,
    place: &[Step],
    findings: &mut Findings,
) -> Option<Option<usize>> {
    let nodes = &plain.program.nodes;
    if nodes.is_empty() {
        return Some(None);
    }
    let Some(id) = wanted.node_id.as_deref() else { return Some(Some(0)) };
    let index = nodes.iter().position(|node| node.id == id);
    if index.is_none() {
        let ids: Vec<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
        let message = format!("the variant `{}` is about the node `{id}`, which doesn't exist", wanted.name);
        findings.error("unknown-node", place, message).hint = Some(format!("there are {}", ids.join(", ")));
    }
    index.map(Some)
}

/// Tells what a variant brings about, at the variant's own place.
fn tell(
    wanted: &AbVariant,
    changes: &[Change],
    place: &[Step],
    found: Vec<Diagnostic>,
    known: &[Diagnostic],
    findings: &mut Findings,
) {
    let is_new = |one: &Diagnostic| {
        !known.iter().any(|old| old.code == one.code && old.path == one.path && old.message == one.message)
    };
    for one in found.into_iter().filter(is_new) {
        let at = parse_path(&one.path);
        let cause = changes.iter().find(|change| at.starts_with(&change.to) || change.to.starts_with(&at));
        let origin = cause.map_or(place, |change| &change.origin);
        let message = format!("with the variant `{}` {}", wanted.name, one.message);
        let finding = match one.is_error() {
            true => findings.error("override", origin, message),
            false => findings.warning("override", origin, message),
        };
        finding.hint = one.hint;
    }
}

fn runnable(wanted: &AbVariant, file: Option<&Variant>, program: Program) -> Variant {
    let node: Option<&Node> = match wanted.node_id.as_deref() {
        Some(id) => program.nodes.iter().find(|node| node.id == id),
        None => program.nodes.first(),
    };
    let mut config_overrides = file.map(|file| file.config_overrides.clone()).unwrap_or_default();
    config_overrides.extend(wanted.config_overrides.clone());
    let of_file = |pick: fn(&Variant) -> Option<String>| file.and_then(pick);
    let own_prompt = wanted.prompt.clone().or(of_file(|file| file.prompt.clone()));
    let own_system = wanted.system_prompt.clone().or(of_file(|file| file.system_prompt.clone()));
    Variant {
        name: wanted.name.clone(),
        description: file.and_then(|file| file.description.clone()),
        provider: node.map_or(Provider::Builtin, |node| node.llm.provider),
        model: node.map_or_else(|| OWN_PROGRAM.to_owned(), |node| node.llm.model.clone()),
        base_url: node.and_then(|node| node.llm.base_url.clone()),
        system_prompt: node.map_or(own_system, |node| node.system_prompt.clone()),
        prompt: node.map_or(own_prompt, |node| Some(node.prompt.clone())),
        reasoning_effort: None,
        temperature: node.and_then(|node| node.llm.temperature),
        top_p: None,
        max_output_tokens: node.and_then(|node| node.llm.max_output_tokens),
        stop: Vec::new(),
        tools_config: BTreeMap::new(),
        config_overrides,
        tags: file.map(|file| file.tags.clone()).unwrap_or_default(),
        pace_ms: node.and_then(|node| node.llm.pace_ms),
        workflow: Some(Box::new(WorkflowVariant {
            node: node.map(|node| node.id.clone()).unwrap_or_default(),
            program,
        })),
    }
}
