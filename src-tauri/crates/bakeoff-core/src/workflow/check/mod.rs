//! From a workflow's text to a checked workflow, with everything that is wrong in it.

mod ab_test;
mod edges;
mod fields;
mod graph;
mod models;
mod nodes;
mod prompts;
mod settings;
mod unsupported;

pub(super) use ab_test::{VariantPlace, variant_places};

use super::raw::RawWorkflow;
use super::{Program, Runner, Workflow};
use crate::check::{self, Findings, Schema, key, nth, under};
use crate::diagnostic::{Checked, Diagnostic};
use crate::gate;
use crate::yaml::{self, Document, Step, path_text};
use fields::Fields;
use nodes::Nodes;
use serde_json::Value;
use std::sync::LazyLock;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of::<RawWorkflow>("Bakeoff workflow"));

/// How many nodes, edges, fields, variants and so on a workflow may have.
const LONGEST: usize = 200;

/// The JSON Schema of a workflow file.
pub fn schema() -> serde_json::Value {
    SCHEMA.value.clone()
}

/// Checks a workflow's text, the variants of its A/B test included. `name` is the file's name without extension, for
/// a workflow that has no name of its own.
pub fn check(name: &str, text: &str) -> Checked<Workflow> {
    let document = match yaml::read(text) {
        Ok(document) => document,
        Err(diagnostics) => return Checked { value: None, diagnostics },
    };
    let (workflow, mut findings) = match read(name, text, document.clone()) {
        Ok(read) => read,
        Err(diagnostics) => return Checked { value: None, diagnostics },
    };
    if let Some(workflow) = workflow.as_ref().filter(|_| !findings.has_errors()) {
        super::variant::check_overrides(text, &document, workflow, &mut findings);
    }
    findings.finish(workflow)
}

/// Reads a document as a workflow. The document's value may have been changed since it was read from the text.
pub(super) fn read(
    name: &str,
    text: &str,
    document: Document,
) -> Result<(Option<Workflow>, Findings), Vec<Diagnostic>> {
    if let Some(list) = too_long(&document.value) {
        let place = document.span(&list).map(|span| (span.from, span.to));
        let message = format!("`{}` is too long: a workflow has at most {LONGEST}", path_text(&list));
        let diagnostic = Diagnostic::error("too-long", path_text(&list), message).hint("split the workflow");
        return Err(vec![place.map_or(diagnostic.clone(), |(from, to)| diagnostic.at(from, to))]);
    }
    let (raw, mut findings) = check::read_document::<RawWorkflow>(text, document, &SCHEMA, &["scorers"])?;
    let name = flow(name, &raw, &mut findings);
    let fields = Fields::read(&raw, &mut findings);
    let nodes = Nodes::read(&raw, &fields, &mut findings);
    let edges = edges::read(&raw, &fields, &nodes, &mut findings);
    if let Some(edges) = edges.as_deref() {
        graph::check(edges, &nodes, &mut findings);
    }
    unsupported::check(&raw, &mut findings);
    let runner = runner(&raw, &mut findings);
    let mlflow = settings::mlflow(&raw, &mut findings);
    let ab_test = ab_test::read(&raw, &fields, &nodes, &mut findings);
    let gates = gates(&raw, &mut findings);
    let program = Program {
        state: fields.into_state(),
        nodes: nodes.into_nodes(),
        edges: edges.unwrap_or_default(),
        runner,
    };
    if !findings.is_wrong(&key("nodes")) {
        ab_test::check_outputs(ab_test.as_ref(), &program, &mut findings);
    }
    let flow = raw.flow.unwrap_or_default();
    let workflow = Workflow {
        name,
        description: flow.description,
        version: flow.version,
        program,
        ab_test,
        gates,
        mlflow,
    };
    Ok((Some(workflow), findings))
}

/// The first of the lists that are looked through again and again which is too long for that.
fn too_long(value: &Value) -> Option<Vec<Step>> {
    let length = |value: &Value| match value {
        Value::Array(items) => items.len(),
        Value::Object(entries) => entries.len(),
        _ => 0,
    };
    let steps = |pointer: &str| pointer.split('/').skip(1).flat_map(key).collect();
    let lists = ["/nodes", "/edges", "/state/fields", "/ab_test/variants", "/config/ab_test/variants"];
    let list = lists.iter().find(|list| value.pointer(list).is_some_and(|list| length(list) > LONGEST));
    list.map(|list| steps(list)).or_else(|| {
        let parts = ["nodes", "edges"].iter().flat_map(|list| {
            let items = value.get(list).and_then(Value::as_array).into_iter().flatten().enumerate();
            items.map(move |(index, item)| (nth(&key(list), index), item))
        });
        let mut inner = parts.flat_map(|(path, item)| {
            let entries = item.as_object().into_iter().flatten();
            entries.map(move |(name, value)| (under(&path, name), value))
        });
        inner.find(|(_, value)| length(value) > LONGEST).map(|(path, _)| path)
    })
}

fn flow(file: &str, raw: &RawWorkflow, findings: &mut Findings) -> String {
    let name = raw.flow.as_ref().and_then(|flow| flow.name.as_deref()).map(str::trim).unwrap_or_default();
    if name.is_empty() {
        let path = [key("flow"), key("name")].concat();
        if !findings.is_wrong(&key("flow")) {
            let place =
                if raw.flow.as_ref().is_some_and(|flow| flow.name.is_some()) { path } else { key("flow") };
            let finding = findings.error("missing", &place, "the workflow has no name");
            finding.hint = Some(format!("add `flow:` with `name: {file}` under it"));
        }
        return file.to_owned();
    }
    name.to_owned()
}

fn runner(raw: &RawWorkflow, findings: &mut Findings) -> Option<Runner> {
    let runner = raw.runner.as_ref()?;
    let texts = |list: &Option<Vec<Option<String>>>| -> Vec<String> {
        list.iter().flatten().flatten().cloned().collect()
    };
    let command = texts(&runner.command);
    if command.first().is_some_and(|program| program.trim().is_empty()) {
        let path = [key("runner"), key("command"), vec![Step::Index(0)]].concat();
        let finding = findings.error("empty", &path, "the program's name is empty");
        finding.hint = Some("write it such as `command: [python3, agent.py]`".to_owned());
    }
    for (index, name) in runner.environment.iter().flatten().enumerate() {
        let Some(name) = name.as_deref().filter(|name| name.is_empty() || name.contains(['=', '\0', ' ']))
        else {
            continue;
        };
        let path = [key("runner"), key("environment"), vec![Step::Index(index)]].concat();
        let finding =
            findings.error("not-a-name", &path, format!("\"{name}\" is not the name of a variable"));
        finding.hint =
            Some("write the name only, such as `OPENAI_API_KEY`; its value stays outside".to_owned());
    }
    Some(Runner { command, environment: texts(&runner.environment) })
}

/// The gates of all places that the dialects have.
fn gates(raw: &RawWorkflow, findings: &mut Findings) -> Vec<gate::Gate> {
    let in_config = raw.config.as_ref().and_then(|config| config.gates.as_ref());
    if raw.gates.is_some() && in_config.is_some() {
        twice("gates", findings);
    }
    let mut gates = Vec::new();
    if let Some(raw) = &raw.gates {
        gates.extend(gate::check::read(raw, &key("gates"), findings));
    } else if let Some(raw) = in_config {
        gates.extend(gate::check::read(raw, &[key("config"), key("gates")].concat(), findings));
    }
    if let Some(list) = raw.optimization.as_ref().and_then(|one| one.quality_gates.as_ref()) {
        let place = [key("optimization"), key("quality_gates")].concat();
        gates.extend(gate::check::read_list(list, gate::GateAction::Warn, &place, findings));
    }
    gates
}

/// The error for a block that stands in both of its places.
fn twice(name: &str, findings: &mut Findings) {
    let message = format!("`{name}` stands at the top and under `config`: only one of them can count");
    let finding = findings.error("twice", &key(name), message);
    finding.hint = Some("keep one of them".to_owned());
}
