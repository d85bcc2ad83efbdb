//! A workflow trial: from node to node over a common state, along the edges.
//!
//! Its latency is the models' own time along the path: the sum over the nodes, and of a parallel edge the time of its
//! slowest item, which is what the edge takes when no item has to wait for a permit. Waiting for permits and between
//! retries is not in it, and neither are attempts that were tried again.

use super::draft::Draft;
use super::node::{self, BranchEnd, Task};
use super::strand::Strand;
use super::{Context, Verdict, judge, program};
use bakeoff_core::dataset::Case;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::workflow::{
    Item, MAX_STEPS, Node, Program, START, State, Where, WorkflowVariant, case_inputs, collect,
    initial_state, next,
};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// Items of one parallel edge, so that a list that a model wrote can't make a campaign endless.
const MAX_ITEMS: usize = 1_000;
/// What a row brings along that is no input, unless the state has a field of that name.
const ENVELOPE: [&str; 4] = ["id", "expected", "metadata", "scorers"];

/// Runs a variant's workflow or program on a case and judges what came out.
pub(super) async fn conduct(
    context: &Context,
    draft: &mut Draft,
    workflow: &WorkflowVariant,
    case: &Case,
) -> Verdict {
    let program = &workflow.program;
    let row = case.fields();
    let state = match initial_state(program, &inputs(program, &context.inputs, &row)) {
        Ok(state) => state,
        Err(problems) => {
            return Verdict::infra(format!(
                "The inputs of case {} don't fit the workflow: {}.",
                case.id,
                problems.join("; ")
            ));
        }
    };
    let ended = match &program.runner {
        Some(runner) => program::run(context, draft, workflow, runner, state, &case.id).await,
        None => Walk::new(context, draft, program, state).run().await,
    };
    match ended {
        Ok(outputs) => {
            draft.record.answer = Some(Value::Object(outputs).to_string());
            // Scorers see what every case has, too.
            let mut fields = context.inputs.clone();
            fields.extend(row);
            judge::judge(context, draft, &fields).await
        }
        Err(verdict) => verdict,
    }
}

fn inputs(program: &Program, common: &Map<String, Value>, row: &Map<String, Value>) -> Map<String, Value> {
    let is_field = |name: &str| program.state.iter().any(|field| field.name == name);
    let is_input = |(name, _): &(&String, &Value)| !ENVELOPE.contains(&name.as_str()) || is_field(name);
    let row = row.iter().filter(is_input).map(|(name, value)| (name.clone(), value.clone())).collect();
    case_inputs(program, common, &row)
}

struct Walk<'a> {
    context: &'a Context,
    draft: &'a mut Draft,
    program: &'a Program,
    state: State,
    /// How often each node ran.
    runs: HashMap<&'a str, u32>,
    /// State fields that nodes that ran have written.
    written: HashSet<String>,
}

impl<'a> Walk<'a> {
    fn new(context: &'a Context, draft: &'a mut Draft, program: &'a Program, state: State) -> Self {
        Self { context, draft, program, state, runs: HashMap::new(), written: HashSet::new() }
    }

    /// Goes to the end; what nodes have written, in the state's order.
    async fn run(mut self) -> Result<Map<String, Value>, Verdict> {
        let (mut from, mut in_a_row) = (START.to_owned(), 0);
        for _ in 0..MAX_STEPS {
            let place = next(self.program, &from, &self.state, in_a_row)
                .map_err(|problem| fail(format!("After `{from}`: {problem}.")))?;
            let to = match place {
                Where::End => {
                    let written = self.written;
                    return Ok(self.state.into_iter().filter(|(name, _)| written.contains(name)).collect());
                }
                Where::Node(node) => {
                    self.node(&node).await?;
                    node
                }
                Where::Parallel { node, items, collect_field } => {
                    self.parallel(&node, &items, collect_field).await?;
                    node
                }
            };
            in_a_row = if to == from { in_a_row + 1 } else { 1 };
            from = to;
        }
        Err(fail(format!(
            "The workflow has run {MAX_STEPS} nodes and not come to its end; the last was `{from}`. Check the conditions \
             of the routes that lead back."
        )))
    }

    /// A node and its place, which counts as run once more.
    fn find(&mut self, id: &str) -> Result<(usize, &'a Node, u32), Verdict> {
        let found = self.program.nodes.iter().enumerate().find(|(_, node)| node.id == id);
        let (place, node) = found.ok_or_else(|| fail(format!("The workflow has no node `{id}`.")))?;
        let runs = self.runs.entry(node.id.as_str()).or_insert(0);
        *runs += 1;
        Ok((place, node, *runs))
    }

    async fn node(&mut self, id: &str) -> Result<(), Verdict> {
        let (place, node, iteration) = self.find(id)?;
        let variant = self.draft.key().variant;
        let task = Task { variant, place, node, iteration, item: None, state: &self.state };
        let ended = node::run(self.context, &mut self.draft.strand, &task).await;
        self.draft.add_latency(self.draft.strand.last_latency());
        let outputs = self.uncalled(ended)?;
        self.written.extend(outputs.keys().cloned());
        self.state.extend(outputs);
        self.draft.strand.set_state(&self.state);
        Ok(())
    }

    /// Runs a node for every item, at the same time as far as permits allow. The first failure ends the others.
    async fn parallel(&mut self, id: &str, items: &[Value], collect_field: String) -> Result<(), Verdict> {
        let (place, node, iteration) = self.find(id)?;
        let count =
            u32::try_from(items.len()).ok().filter(|_| items.len() <= MAX_ITEMS).ok_or_else(|| {
                fail(format!(
                    "Node `{id}` would run for {} items at the same time; {MAX_ITEMS} are allowed.",
                    items.len()
                ))
            })?;
        let task = Task {
            variant: self.draft.key().variant,
            place,
            node,
            iteration,
            item: None,
            state: &self.state,
        };
        let branches = branches(self.context, self.draft.fork(count), task, items);
        // Without this limit a thousand branches of one trial would stand in line before every other trial.
        let mut ended = futures::stream::iter(branches).buffer_unordered(self.context.parallel);
        let mut failed = None;
        while let Some(outcome) = ended.next().await {
            if let Err(verdict) = outcome {
                failed = Some(verdict);
                break;
            }
        }
        drop(ended);
        let slowest = self.draft.branches.iter().filter_map(Strand::last_latency).fold(None, later);
        self.draft.add_latency(slowest);
        if let Some(verdict) = failed {
            return self.uncalled(Err(verdict));
        }
        let outputs = self.draft.branches.iter().map(Strand::last_outputs).collect();
        self.draft.join();
        self.state.insert(collect_field.clone(), collect(node, outputs));
        self.written.insert(collect_field);
        Ok(())
    }

    /// A trial that was denied its very first call has not run.
    fn uncalled<T>(&self, ended: Result<T, Verdict>) -> Result<T, Verdict> {
        match ended {
            Err(Verdict::Outcome(Outcome::InfraError | Outcome::Cancelled, _))
                if !self.draft.has_called() =>
            {
                Err(Verdict::NotRun)
            }
            ended => ended,
        }
    }
}

/// The runs of a node for every item.
fn branches<'a>(
    context: &'a Context,
    strands: &'a mut [Strand],
    task: Task<'a>,
    items: &'a [Value],
) -> Vec<BoxFuture<'a, Result<(), Verdict>>> {
    let of_item = |((strand, value), index): ((&'a mut Strand, &'a Value), u32)| {
        let task = Task { item: Some(Item { value, index }), ..task };
        let running = async move {
            let _end = BranchEnd::of(context, strand);
            node::run(context, strand, &task).await.map(|_| ())
        };
        running.boxed()
    };
    strands.iter_mut().zip(items).zip(0..).map(of_item).collect()
}

fn later(one: Option<f64>, other: f64) -> Option<f64> {
    Some(one.map_or(other, |one| one.max(other)))
}

fn fail(message: String) -> Verdict {
    Verdict::Outcome(Outcome::Fail, Some(message))
}
