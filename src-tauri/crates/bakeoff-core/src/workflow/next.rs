//! Which node comes next. The engine asks after every node and holds no logic of the graph itself.

use super::condition::Condition;
use super::words::described;
use super::{END, Next, Program, Route, State};
use serde_json::Value;

/// How many nodes a trial may run, the items of parallel edges not counted: routes may lead back to an earlier node,
/// and a condition that never changes must not run for ever.
pub const MAX_STEPS: u32 = 300;

/// Where a workflow goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Where {
    /// This node is next.
    Node(String),
    /// This node runs once for each item, at the same time; then ask [`next`] from it. It is not asked before all items
    /// are done, and its outputs go through [`super::collect`] into the collect field, not into the state.
    Parallel {
        /// The node that runs for each item.
        node: String,
        /// The items, in order. There may be none.
        items: Vec<Value>,
        /// The state field that gets the list.
        collect_field: String,
    },
    /// It is done.
    End,
}

/// What comes after `from` ([`super::START`] at the beginning). `iterations` is how often `from` ran in a row, for
/// loops: 1 after its first time; it begins anew when the workflow comes back to the node from elsewhere.
///
/// # Errors
/// A condition that can't be decided, items that are no list, or a state that lacks a field; in words.
pub fn next(program: &Program, from: &str, state: &State, iterations: u32) -> Result<Where, String> {
    let Some(edge) = program.edges.iter().find(|edge| edge.from == from) else { return Ok(Where::End) };
    match &edge.next {
        Next::To(to) => Ok(place(to)),
        Next::Routes(routes) => route(from, routes, state),
        Next::Loop { max_iterations, condition_field, exit_to } => match state.get(condition_field) {
            Some(Value::Bool(true)) => Ok(place(exit_to)),
            Some(Value::Bool(false) | Value::Null) if iterations < *max_iterations => {
                Ok(Where::Node(from.to_owned()))
            }
            Some(Value::Bool(false) | Value::Null) => Ok(place(exit_to)),
            Some(other) => Err(format!(
                "the loop at `{from}` ends when `{condition_field}` is true, but it is {}",
                described(other)
            )),
            None => Err(format!(
                "the loop at `{from}` looks at `{condition_field}`, which the state doesn't have"
            )),
        },
        Next::Parallel { items_field, target_node, collect_field } => match state.get(items_field) {
            Some(Value::Array(items)) => Ok(Where::Parallel {
                node: target_node.clone(),
                items: items.clone(),
                collect_field: collect_field.clone(),
            }),
            other => Err(format!(
                "`{from}` goes on with each item of `{items_field}`, which is {} and no list",
                other.map_or_else(|| "missing".to_owned(), described)
            )),
        },
    }
}

fn place(to: &str) -> Where {
    if to == END { Where::End } else { Where::Node(to.to_owned()) }
}

/// The first route whose condition holds; the default, wherever it stands, when none does.
fn route(from: &str, routes: &[Route], state: &State) -> Result<Where, String> {
    for route in routes {
        let Some(condition) = &route.condition else { continue };
        let condition = Condition::compile(condition).map_err(|error| error.message)?;
        if condition.holds(state)? {
            return Ok(place(&route.to));
        }
    }
    let default = routes.iter().find(|route| route.condition.is_none());
    default
        .map(|route| place(&route.to))
        .ok_or_else(|| format!("no route out of `{from}` holds, and none of them is the default"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::program;
    use crate::workflow::{Edge, START};
    use serde_json::json;

    fn after(edge: Next, state: Value, iterations: u32) -> Result<Where, String> {
        let mut program = program();
        program.edges = vec![Edge { from: "a".into(), next: edge }];
        next(&program, "a", &state.as_object().cloned().unwrap_or_default(), iterations)
    }

    fn node(id: &str) -> Result<Where, String> {
        Ok(Where::Node(id.to_owned()))
    }

    #[test]
    fn a_plain_edge_leads_on_and_none_ends() {
        let program = program();
        assert_eq!(next(&program, START, &State::new(), 0), node("first"));
        assert_eq!(next(&program, "first", &State::new(), 1), Ok(Where::End));
        assert_eq!(next(&program, "nowhere", &State::new(), 1), Ok(Where::End));
    }

    #[test]
    fn the_first_route_that_holds_is_taken_and_the_default_last() {
        let route = |condition: Option<&str>, to: &str| Route {
            condition: condition.map(str::to_owned),
            to: to.into(),
        };
        let routes = || {
            Next::Routes(vec![route(None, "other"), route(Some("n > 5"), END), route(Some("n > 3"), "big")])
        };
        assert_eq!(after(routes(), json!({"n": 6}), 1), Ok(Where::End));
        assert_eq!(after(routes(), json!({"n": 4}), 1), node("big"));
        assert_eq!(after(routes(), json!({"n": 1}), 1), node("other"));
        let error = after(routes(), json!({"n": "x"}), 1).expect_err("no number");
        assert!(error.contains("the condition `n > 5` can't be decided"), "{error}");
        let without = Next::Routes(vec![route(Some("n > 5"), END)]);
        assert_eq!(
            after(without, json!({"n": 1}), 1),
            Err("no route out of `a` holds, and none of them is the default".to_owned())
        );
    }

    #[test]
    fn a_loop_ends_by_its_field_or_its_number() {
        let edge = || Next::Loop { max_iterations: 3, condition_field: "done".into(), exit_to: "b".into() };
        assert_eq!(after(edge(), json!({"done": false}), 1), node("a"));
        assert_eq!(after(edge(), json!({"done": null}), 2), node("a"));
        assert_eq!(after(edge(), json!({"done": true}), 1), node("b"));
        assert_eq!(after(edge(), json!({"done": false}), 3), node("b"));
        assert!(
            after(edge(), json!({"done": "yes"}), 1).is_err_and(|error| error.contains("the text \"yes\""))
        );
        assert!(after(edge(), json!({}), 1).is_err());
    }

    #[test]
    fn a_parallel_edge_gives_the_items() {
        let edge = || Next::Parallel {
            items_field: "items".into(),
            target_node: "b".into(),
            collect_field: "all".into(),
        };
        let expected = Where::Parallel {
            node: "b".into(),
            items: vec![json!(1), json!("x")],
            collect_field: "all".into(),
        };
        assert_eq!(after(edge(), json!({"items": [1, "x"]}), 1), Ok(expected));
        let error = after(edge(), json!({"items": null}), 1);
        assert_eq!(
            error,
            Err("`a` goes on with each item of `items`, which is empty and no list".to_owned())
        );
    }
}
