//! The state of a workflow: what it begins with, what nodes add, what comes out.

use super::{Next, Node, Program, State};
use crate::diagnostic::nearest;
use serde_json::{Map, Value};

/// The inputs of one case: what every case has, and over it the fields of the row that the workflow knows. A row's
/// other fields are for scorers. Where the row has an `input` that is a mapping and no state field, its entries are
/// inputs.
pub fn case_inputs(
    program: &Program,
    common: &Map<String, Value>,
    row: &Map<String, Value>,
) -> Map<String, Value> {
    let is_known =
        |name: &str| takes_anything(program) || program.state.iter().any(|field| field.name == name);
    let mut inputs = common.clone();
    if let Some(Value::Object(nested)) = row.get("input").filter(|_| !is_known("input")) {
        inputs.extend(nested.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    let known = row.iter().filter(|(name, _)| is_known(name));
    inputs.extend(known.map(|(name, value)| (name.clone(), value.clone())));
    inputs
}

/// A user's own program that declares no state is given the inputs as they are.
fn takes_anything(program: &Program) -> bool {
    program.runner.is_some() && program.state.is_empty()
}

/// The state that a trial begins with: inputs made to fit their types, then defaults, then null.
///
/// # Errors
/// Everything that is wrong with the inputs: unknown names, missing and ill-typed values.
pub fn initial_state(program: &Program, inputs: &Map<String, Value>) -> Result<State, Vec<String>> {
    if takes_anything(program) {
        return Ok(inputs.clone());
    }
    let mut problems: Vec<String> = inputs
        .keys()
        .filter(|name| !program.state.iter().any(|field| field.name == **name))
        .map(|name| unknown_input(program, name))
        .collect();
    let mut state = State::new();
    for field in &program.state {
        let value = match inputs.get(&field.name).filter(|value| !value.is_null()) {
            Some(value) => {
                field.kind.convert(&field.name, value).map_err(|problem| format!("the input {problem}"))
            }
            None if field.required => {
                let kind = &field.kind;
                Err(format!(
                    "the input `{}` ({kind}) is missing: give it with -i {}=… or in the data set",
                    field.name, field.name
                ))
            }
            None => Ok(field.default.clone().unwrap_or(Value::Null)),
        };
        match value {
            Ok(value) => {
                state.insert(field.name.clone(), value);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(state) } else { Err(problems) }
}

fn unknown_input(program: &Program, name: &str) -> String {
    let known: Vec<&str> = program.state.iter().map(|field| field.name.as_str()).collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "it has none".to_owned(),
        None => format!("its inputs are {}", known.join(", ")),
    };
    format!("the workflow has no input `{name}`: {hint}")
}

/// What the collect field of a parallel edge gets: of each item the value itself when the target has one output, else
/// an object of them.
pub fn collect(target: &Node, outputs: Vec<Map<String, Value>>) -> Value {
    let only = match target.outputs.as_slice() {
        [only] => Some(only.name.as_str()),
        _ => None,
    };
    let one = |mut outputs: Map<String, Value>| match only.and_then(|name| outputs.shift_remove(name)) {
        Some(value) => value,
        None => Value::Object(outputs),
    };
    outputs.into_iter().map(one).collect()
}

/// What a trial gave: the state fields that nodes wrote, in the state's order. Its JSON is the trial's answer. The
/// outputs of a user's own program are what it wrote: see [`runner_outputs`].
pub fn outputs(program: &Program, state: &State) -> Map<String, Value> {
    let written = output_names(program);
    let is_written = |(name, _): &(&String, &Value)| written.contains(&name.as_str());
    state.iter().filter(is_written).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The names of the state fields that nodes write.
pub fn output_names(program: &Program) -> Vec<&str> {
    let collected = program.edges.iter().filter_map(|edge| match &edge.next {
        Next::Parallel { collect_field, .. } => Some(collect_field.as_str()),
        _ => None,
    });
    // The outputs of a parallel edge's target never reach the state themselves.
    let targets: Vec<&str> = program
        .edges
        .iter()
        .filter_map(|edge| match &edge.next {
            Next::Parallel { target_node, .. } => Some(target_node.as_str()),
            _ => None,
        })
        .collect();
    let nodes = program.nodes.iter().filter(|node| !targets.contains(&node.id.as_str()));
    nodes.flat_map(|node| node.outputs.iter().map(|output| output.name.as_str())).chain(collected).collect()
}

/// The outputs of a user's own program, made to fit the state fields of the same names; others stay as they are.
///
/// # Errors
/// Every value that doesn't fit its field's type.
pub fn runner_outputs(
    program: &Program,
    mut outputs: Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let mut problems = Vec::new();
    for field in &program.state {
        let Some(value) = outputs.get_mut(&field.name).filter(|value| !value.is_null()) else { continue };
        match field.kind.convert(&field.name, value) {
            Ok(fitting) => *value = fitting,
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(outputs) } else { Err(problems.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::{field, node, program};
    use crate::workflow::{Edge, Runner};
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    fn fields() -> Program {
        let mut program = program();
        program.state = vec![
            field("topic", "str", true),
            field("count", "int", false),
            field("tags", "list[str]", false),
        ];
        program.state[1].default = Some(json!(3));
        program
    }

    #[test]
    fn inputs_are_typed_and_the_rest_are_defaults() {
        let state = initial_state(&fields(), &map(json!({"topic": 7, "tags": null})));
        assert_eq!(state.map(Value::Object), Ok(json!({"topic": "7", "count": 3, "tags": null})));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let problems = initial_state(&fields(), &map(json!({"topik": "x", "count": "many", "zzz": 1})));
        assert_eq!(
            problems,
            Err(vec![
                "the workflow has no input `topik`: did you mean `topic`?".to_owned(),
                "the workflow has no input `zzz`: its inputs are topic, count, tags".to_owned(),
                "the input `topic` (str) is missing: give it with -i topic=… or in the data set".to_owned(),
                "the input `count` must be int, but is the text \"many\"".to_owned(),
            ])
        );
    }

    #[test]
    fn a_row_gives_the_fields_that_the_workflow_knows() {
        let program = fields();
        let row = map(json!({"id": "1", "topic": "x", "expected": "y", "count": 9}));
        let inputs = case_inputs(&program, &map(json!({"count": 1, "tags": ["a"]})), &row);
        assert_eq!(Value::Object(inputs), json!({"count": 9, "tags": ["a"], "topic": "x"}));
        let nested = map(json!({"id": "1", "input": {"topic": "x", "wrong": 1}}));
        let inputs = case_inputs(&program, &Map::new(), &nested);
        assert_eq!(Value::Object(inputs), json!({"topic": "x", "wrong": 1}), "a wrong name is told later");
    }

    #[test]
    fn a_program_without_state_takes_anything() {
        let mut program = program();
        program.state.clear();
        program.runner = Some(Runner { command: vec!["x".into()], environment: Vec::new() });
        let row = map(json!({"a": 1, "id": "r"}));
        assert_eq!(initial_state(&program, &case_inputs(&program, &Map::new(), &row)), Ok(row));
    }

    #[test]
    fn a_programs_outputs_are_typed_where_the_state_names_them() {
        let outputs = runner_outputs(&fields(), map(json!({"count": "4", "extra": [1]})));
        assert_eq!(outputs.map(Value::Object), Ok(json!({"count": 4, "extra": [1]})));
        assert!(runner_outputs(&fields(), map(json!({"count": "x"}))).is_err());
    }

    #[test]
    fn items_are_collected_as_values_or_objects() {
        let of = |value: Value| map(value);
        let one = node("n", "p", &[("a", "str")]);
        assert_eq!(collect(&one, vec![of(json!({"a": "x"})), of(json!({"a": "y"}))]), json!(["x", "y"]));
        let two = node("n", "p", &[("a", "str"), ("b", "int")]);
        assert_eq!(collect(&two, vec![of(json!({"a": "x", "b": 1}))]), json!([{"a": "x", "b": 1}]));
        assert_eq!(collect(&one, Vec::new()), json!([]));
    }

    #[test]
    fn the_answer_is_what_nodes_wrote() {
        let mut program = fields();
        program.nodes = vec![node("a", "p", &[("count", "int")]), node("b", "p", &[("topic", "str")])];
        program.edges = vec![Edge {
            from: "a".into(),
            next: Next::Parallel {
                items_field: "x".into(),
                target_node: "b".into(),
                collect_field: "tags".into(),
            },
        }];
        let state = map(json!({"topic": "t", "count": 4, "tags": ["a"]}));
        assert_eq!(Value::Object(outputs(&program, &state)), json!({"count": 4, "tags": ["a"]}));
    }
}
