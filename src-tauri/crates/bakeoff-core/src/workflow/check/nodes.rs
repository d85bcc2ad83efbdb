//! The nodes: ids, prompts, outputs, models.

use super::fields::{Fields, field_type, hint, place};
use super::models;
use super::prompts::{self, Scope};
use crate::check::{Findings, key, under};
use crate::workflow::placeholder::is_identifier;
use crate::workflow::raw::{RawEdge, RawNode, RawOutputField, RawWorkflow};
use crate::workflow::{END, FieldType, Node, Output, START};
use crate::yaml::Step;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is known of the nodes: the ids of all, and those that are right.
pub(super) struct Nodes {
    ids: Vec<String>,
    nodes: Vec<Node>,
    targets: Vec<String>,
    /// The block itself, or an id, is wrong: nothing can be said about names.
    is_wrong: bool,
    model_is_wrong: bool,
}

impl Nodes {
    pub(super) fn read(raw: &RawWorkflow, fields: &Fields, findings: &mut Findings) -> Self {
        let base = key("nodes");
        let list = findings.value().get("nodes").and_then(Value::as_array);
        let id = |node: &Value| node.get("id").and_then(Value::as_str).map(str::to_owned);
        let written: Vec<Option<String>> = list.into_iter().flatten().map(id).collect();
        let is_wrong = findings.is_wrong_itself(&base) || written.contains(&None);
        let ids: Vec<String> = written.into_iter().flatten().collect();
        if ids.is_empty() && raw.runner.is_none() && !findings.is_wrong(&base) {
            let place = if findings.has("nodes") { base.clone() } else { Vec::new() };
            let finding =
                findings.error("missing", &place, "the workflow has no nodes: there is nothing to run");
            finding.hint =
                Some("add `nodes:` with at least one, or `runner:` with your own program".to_owned());
        }
        let model_is_wrong = findings.is_wrong(&[key("config"), key("llm")].concat());
        let mut all = Self { ids, nodes: Vec::new(), targets: targets(raw), is_wrong, model_is_wrong };
        let mut seen: Vec<&str> = Vec::new();
        for (index, node) in raw.nodes.iter().flatten().enumerate() {
            let Some(node) = node else { continue };
            let path = place(&base, index);
            if let Some(id) = node.id.as_deref() {
                check_id(id, &seen, &under(&path, "id"), findings);
                seen.push(id);
            }
            if let Some(node) = all.node(raw, node, fields, &path, findings) {
                all.nodes.push(node);
            }
        }
        all
    }

    fn node(
        &self,
        raw: &RawWorkflow,
        node: &RawNode,
        fields: &Fields,
        path: &[Step],
        findings: &mut Findings,
    ) -> Option<Node> {
        let id = node.id.clone().unwrap_or_default();
        let has_item = self.is_target(&id);
        let inputs = inputs(node, Scope { fields, inputs: &[], has_item }, path, findings);
        let names: Vec<String> = node.inputs.iter().flatten().map(|(name, _)| name.clone()).collect();
        let scope = Scope { fields, inputs: &names, has_item };
        for (name, text) in [("prompt", &node.prompt), ("system_prompt", &node.system_prompt)] {
            if let Some(text) = text {
                prompts::prompt(text, &format!("`{name}` of `{id}`"), scope, &under(path, name), findings);
            }
        }
        let outputs = outputs(node, fields, has_item, path, findings);
        let llm = models::model(raw, self.model_is_wrong, node.llm.as_ref(), path, findings)?;
        let common = raw.config.as_ref().and_then(|config| config.execution.clone()).unwrap_or_default();
        let own = node.execution.clone().unwrap_or_default();
        Some(Node {
            id,
            description: node.description.clone(),
            prompt: node.prompt.clone()?,
            system_prompt: node.system_prompt.clone(),
            inputs,
            outputs,
            llm,
            timeout_seconds: own.timeout.or(common.timeout),
            retries: own.max_retries.or(common.max_retries),
        })
    }

    /// Whether it is certain that there is no such node.
    pub(super) fn lacks(&self, id: &str) -> bool {
        !self.is_wrong && !self.ids.iter().any(|one| one == id)
    }

    /// Whether a parallel edge leads to it.
    pub(super) fn is_target(&self, id: &str) -> bool {
        self.targets.iter().any(|target| target == id)
    }

    pub(super) fn get(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    pub(super) fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The hint for an unknown id; `special` is START or END where it may stand too.
    pub(super) fn hint(&self, id: &str, special: Option<&str>) -> String {
        let known = self.ids.iter().map(String::as_str).chain(special);
        hint(id, known, "add a node with this id", "there are")
    }

    /// Whether any id is wrong or there twice.
    pub(super) fn has_wrong_ids(&self, findings: &Findings) -> bool {
        let ids = (0..self.ids.len()).map(|index| under(&place(&key("nodes"), index), "id"));
        self.is_wrong || ids.into_iter().any(|id| findings.is_wrong(&id))
    }

    pub(super) fn into_nodes(self) -> Vec<Node> {
        self.nodes
    }
}

/// The targets of all parallel edges.
fn targets(raw: &RawWorkflow) -> Vec<String> {
    let edges = raw.edges.iter().flatten().flatten();
    let target = |edge: &RawEdge| edge.parallel.as_ref().and_then(|parallel| parallel.target_node.clone());
    edges.filter_map(target).collect()
}

fn check_id(id: &str, seen: &[&str], path: &[Step], findings: &mut Findings) {
    if !is_identifier(id) {
        let finding = findings.error("not-a-name", path, format!("`{id}` can't be the id of a node"));
        finding.hint = Some("use letters, digits and _, and begin with a letter".to_owned());
    } else if id == START || id == END {
        let finding =
            findings.error("not-a-name", path, format!("{id} is where workflows begin and end, not a node"));
        finding.hint = Some("give the node another id".to_owned());
    } else if seen.contains(&id) {
        let finding = findings.error("duplicate", path, format!("there are two nodes with the id `{id}`"));
        finding.hint = Some("give each node an id of its own".to_owned());
    }
}

fn inputs(
    node: &RawNode,
    scope: Scope<'_>,
    path: &[Step],
    findings: &mut Findings,
) -> BTreeMap<String, String> {
    let mut inputs = BTreeMap::new();
    for (name, value) in node.inputs.iter().flatten() {
        let place = under(&under(path, "inputs"), name);
        let Some(text) = value.as_str() else { continue };
        if !is_identifier(name) {
            let finding =
                findings.error("not-a-name", &place, format!("`{name}` can't be the name of an input"));
            finding.hint = Some("use letters, digits and _, and begin with a letter".to_owned());
        }
        prompts::placeholders(text, &format!("the input `{name}`"), scope, &place, findings);
        inputs.insert(name.clone(), text.to_owned());
    }
    inputs
}

/// A node's outputs, their types from `output_schema`, else from the state.
fn outputs(
    node: &RawNode,
    fields: &Fields,
    is_target: bool,
    path: &[Step],
    findings: &mut Findings,
) -> Vec<Output> {
    let names_path = under(path, "outputs");
    let schema_path = under(path, "output_schema");
    let of_schema = of_schema(node, &schema_path, findings);
    let mut outputs: Vec<Output> = Vec::new();
    let written = node.outputs.as_deref().unwrap_or_default();
    if written.is_empty() {
        no_outputs(node, path, findings);
    }
    let is_only = written.len() == 1;
    for (index, name) in written.iter().enumerate() {
        let Some(name) = name else { continue };
        let place = place(&names_path, index);
        if outputs.iter().any(|output| output.name == *name) {
            findings.error("duplicate", &place, format!("the output `{name}` is named twice")).hint =
                Some("remove it here".to_owned());
            continue;
        }
        // The outputs of a parallel edge's target go into the collect field.
        let is_known = is_target && fields.lacks(name) || fields.known(name, "an output", &place, findings);
        let in_state = fields.get(name).map(|field| (field.kind.clone(), field.description.clone()));
        let (kind, description, type_path) = match &of_schema {
            Schema::Fields(list) => match list.iter().find(|field| field.name == *name) {
                Some(field) => (field.kind.clone(), field.description.clone(), field.path.clone()),
                None => {
                    not_in_schema(name, list, &place, findings);
                    continue;
                }
            },
            Schema::One(kind, description) if is_only => {
                (kind.clone(), description.clone(), under(&schema_path, "type"))
            }
            Schema::One(..) => {
                several(&names_path, findings);
                continue;
            }
            Schema::Absent => match in_state.clone() {
                Some((kind, description)) => (Some(kind), description, place.clone()),
                None if is_known => (Some(FieldType::Str), None, place.clone()),
                None => continue,
            },
            Schema::Wrong => continue,
        };
        let Some(kind) = kind else { continue };
        if let Some((wanted, _)) = in_state.filter(|(wanted, _)| !is_target && !wanted.takes(&kind)) {
            let message = format!("the output `{name}` is {kind}, but the state's field is {wanted}");
            findings.error("type-differs", &type_path, message).hint =
                Some("give both the same type".to_owned());
        }
        outputs.push(Output { name: name.clone(), kind, description });
    }
    if let Schema::Fields(list) = &of_schema {
        left_out(list, written, findings);
    }
    outputs
}

fn no_outputs(node: &RawNode, path: &[Step], findings: &mut Findings) {
    let names_path = under(path, "outputs");
    if findings.is_wrong(&names_path) || findings.is_wrong(path) {
        return;
    }
    let place = if node.outputs.is_some() { &names_path[..] } else { path };
    let id = node.id.as_deref().unwrap_or_default();
    let finding = findings.error("missing", place, format!("the node `{id}` has no outputs"));
    finding.hint =
        Some("add `outputs:` with the state fields that it writes, such as `outputs: [answer]`".to_owned());
}

fn several(path: &[Step], findings: &mut Findings) {
    if !findings.is_wrong_itself(path) {
        let message = "`output_schema` is of one value, but there are several outputs";
        findings.error("type-differs", path, message).hint =
            Some("write `type: object` with `fields:`, one for each output".to_owned());
    }
}

fn not_in_schema(name: &str, list: &[Field], path: &[Step], findings: &mut Findings) {
    let message = format!("the output `{name}` is not among the fields of `output_schema`");
    let known = list.iter().map(|field| field.name.as_str());
    findings.error("unknown-output", path, message).hint =
        Some(hint(name, known, "add it there with its type", "its fields are"));
}

/// Fields that the model would be asked for in vain.
fn left_out(list: &[Field], written: &[Option<String>], findings: &mut Findings) {
    for field in list {
        let is_named = written.iter().flatten().any(|name| *name == field.name);
        if !is_named && !written.contains(&None) {
            let message = format!("the field `{}` of `output_schema` is not among `outputs`", field.name);
            findings.error("unknown-output", &field.path, message).hint =
                Some("add it to `outputs` and to the state, or remove it".to_owned());
        }
    }
}

/// What `output_schema` says.
enum Schema {
    Absent,
    Wrong,
    One(Option<FieldType>, Option<String>),
    Fields(Vec<Field>),
}

struct Field {
    name: String,
    kind: Option<FieldType>,
    description: Option<String>,
    path: Vec<Step>,
}

fn of_schema(node: &RawNode, path: &[Step], findings: &mut Findings) -> Schema {
    let Some(schema) = &node.output_schema else {
        return if findings.is_wrong(path) { Schema::Wrong } else { Schema::Absent };
    };
    let fields_path = under(path, "fields");
    let kind = schema.kind.as_deref().unwrap_or("object");
    match (&schema.fields, kind) {
        (Some(fields), "object") => {
            let mut read: Vec<Field> = Vec::new();
            for (index, field) in fields.iter().enumerate() {
                let Some(field) = field else { return Schema::Wrong };
                let place = place(&fields_path, index);
                match output_field(field, place, &read, findings) {
                    Some(field) => read.push(field),
                    None => return Schema::Wrong,
                }
            }
            Schema::Fields(read)
        }
        (Some(_), other) => {
            let message = format!("`fields` are of an object, but the type is {other}");
            findings.error("no-object", &fields_path, message).hint = Some("write `type: object`".to_owned());
            Schema::Wrong
        }
        (None, _) if findings.is_wrong(path) => Schema::Wrong,
        (None, kind) => match field_type(kind, None, path, findings) {
            Some(kind) => Schema::One(Some(kind), schema.description.clone()),
            None => Schema::Wrong,
        },
    }
}

fn output_field(
    field: &RawOutputField,
    path: Vec<Step>,
    read: &[Field],
    findings: &mut Findings,
) -> Option<Field> {
    let name = field.name.clone()?;
    if read.iter().any(|earlier| earlier.name == name) {
        let message = format!("the field `{name}` is there twice");
        findings.error("duplicate", &path, message).hint = Some("remove one of them".to_owned());
        return None;
    }
    let kind = match field.kind.as_deref() {
        Some(kind) => field_type(kind, field.schema.as_ref(), &path, findings),
        None if findings.is_wrong(&under(&path, "type")) => None,
        None => Some(FieldType::Str),
    };
    Some(Field { name, kind, description: field.description.clone(), path })
}
