//! Workflows to test with.

use crate::common::{World, variant};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::TrialRecord;
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_core::workflow::{
    Edge, FieldType, Next, Node, NodeModel, Output, Program, Route, START, StateField, WorkflowVariant,
};
use bakeoff_testkit::FakeModel;
use serde_json::{Map, Value};

pub fn node(id: &str, prompt: &str, outputs: &[(&str, &str)]) -> Node {
    let output = |(name, kind): &(&str, &str)| Output {
        name: (*name).to_owned(),
        kind: FieldType::parse(kind).unwrap(),
        description: None,
    };
    Node {
        id: id.to_owned(),
        description: None,
        prompt: prompt.to_owned(),
        system_prompt: None,
        inputs: [].into(),
        outputs: outputs.iter().map(output).collect(),
        llm: NodeModel {
            provider: Provider::Openai,
            model: format!("model-{id}"),
            base_url: None,
            temperature: None,
            max_output_tokens: None,
            pace_ms: None,
        },
        timeout_seconds: None,
        retries: None,
    }
}

pub fn to(from: &str, to: &str) -> Edge {
    Edge { from: from.to_owned(), next: Next::To(to.to_owned()) }
}

pub fn routes(from: &str, routes: &[(Option<&str>, &str)]) -> Edge {
    let route = |(condition, to): &(Option<&str>, &str)| Route {
        condition: condition.map(str::to_owned),
        to: (*to).to_owned(),
    };
    Edge { from: from.to_owned(), next: Next::Routes(routes.iter().map(route).collect()) }
}

pub fn parallel(from: &str, items: &str, target: &str, collect: &str) -> Edge {
    let next = Next::Parallel {
        items_field: items.to_owned(),
        target_node: target.to_owned(),
        collect_field: collect.to_owned(),
    };
    Edge { from: from.to_owned(), next }
}

/// `state` names fields with their types; all may be missing from the inputs.
pub fn program(state: &[(&str, &str)], nodes: Vec<Node>, edges: Vec<Edge>) -> Program {
    let field = |(name, kind): &(&str, &str)| StateField {
        name: (*name).to_owned(),
        kind: FieldType::parse(kind).unwrap(),
        required: false,
        default: None,
        description: None,
    };
    Program { state: state.iter().map(field).collect(), nodes, edges, runner: None }
}

/// One node, `answer`, that reads `input` and gives `text`.
pub fn one_node(outputs: &[(&str, &str)]) -> Program {
    let mut state = vec![("input", "str")];
    state.extend_from_slice(outputs);
    let nodes = vec![node("answer", "Ticket: {input}", outputs)];
    program(&state, nodes, vec![to(START, "answer"), to("answer", "END")])
}

/// `plan` gives a list, `work` runs for each item of it, `merge` sees all results.
pub fn fan_out() -> Program {
    let nodes = vec![
        node("plan", "Plan {input}", &[("items", "list[str]")]),
        node("work", "Work on {item} as number {index}", &[("result", "str")]),
        node("merge", "Merge {results}", &[("text", "str")]),
    ];
    let edges = vec![to(START, "plan"), parallel("plan", "items", "work", "results"), to("work", "merge")];
    let state = [("input", "str"), ("items", "list[str]"), ("results", "list[str]"), ("text", "str")];
    program(&state, nodes, edges)
}

/// A variant whose node under test is `node`. It has prompts that are no templates of data sets.
pub fn of(name: &str, node: &str, program: Program) -> Variant {
    Variant {
        prompt: Some("{{ no template".to_owned()),
        workflow: Some(Box::new(WorkflowVariant { node: node.to_owned(), program })),
        ..variant(name, Provider::Openai)
    }
}

/// `trials` cases of one workflow variant without scorers.
pub fn world(trials: u32, program: Program, model: FakeModel) -> World {
    let node = program.nodes.last().map_or_else(String::new, |node| node.id.clone());
    let mut world = World::new(trials, model).variants(vec![of("w", &node, program)]);
    world.spec.scorers.clear();
    world
}

/// The only record of a world after its run.
pub async fn only(world: &World) -> TrialRecord {
    world.run().await;
    let mut records = world.log.records();
    assert_eq!(records.len(), 1);
    records.remove(0)
}

pub fn object(json: Value) -> Map<String, Value> {
    json.as_object().cloned().unwrap_or_default()
}

/// A record that failed, with words in its error.
pub fn check_failed(record: &TrialRecord, outcome: Outcome, words: &str) {
    assert_eq!(record.outcome, outcome, "{record:?}");
    assert!(record.error.as_ref().is_some_and(|error| error.contains(words)), "{:?}", record.error);
    assert_eq!(record.answer, None, "what is not whole is no answer");
}
