//! `bakeoff ab-test WORKFLOW` and `bakeoff list-workflows`

use super::output::{Output, data, table, talk};
use super::{CliResult, DONE, run};
use bakeoff_core::gate::{GateResult, GateVerdict};
use bakeoff_service::Service;
use bakeoff_service::dto::{LaunchOptions, ServiceError, WorkflowLaunch};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Inputs of a workflow, as `run`, `plan` and `ab-test` take them.
#[derive(Debug, Default, clap::Args)]
pub struct Inputs {
    /// A value of the workflow's state, such as -i topic="AI safety" or -i items='["a", "b"]'. JSON where it is
    /// JSON, else text.
    #[arg(short = 'i', long = "input", value_name = "NAME=VALUE", value_parser = parse_input)]
    inputs: Vec<(String, Value)>,
}

impl Inputs {
    /// The inputs by name; the last one of a name counts.
    pub fn values(&self) -> Map<String, Value> {
        self.inputs.iter().cloned().collect()
    }

    /// An error when inputs are given to something that takes none.
    pub fn none_for(&self, what: &str) -> Result<(), ServiceError> {
        if self.inputs.is_empty() {
            return Ok(());
        }
        Err(ServiceError::bad_input(format!("{what} is a campaign, which takes no inputs"))
            .with_hint("leave out -i; a campaign's cases come from its data set"))
    }
}

fn parse_input(text: &str) -> Result<(String, Value), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=VALUE, such as topic=storage"))?;
    let name = name.trim();
    if name.is_empty() {
        return Err(format!("{text:?} has no name before the ="));
    }
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()))))
}

/// Arguments of `ab-test`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workflow's name or file.
    workflow: String,
    #[command(flatten)]
    inputs: Inputs,
    /// Another seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Another budget than the workflow's, in USD.
    #[arg(long, value_name = "USD")]
    budget: Option<f64>,
    /// Trials at the same time.
    #[arg(long)]
    parallel: Option<u16>,
    /// Only show what would run.
    #[arg(long)]
    plan: bool,
    /// Also write the charts (SVG) and a self-contained HTML report into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

/// Runs a workflow's A/B test to its end.
pub fn ab_test(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    let launch = WorkflowLaunch {
        inputs: arguments.inputs.values(),
        alone: false,
        options: LaunchOptions {
            seed: arguments.seed,
            budget_usd: arguments.budget,
            parallel: arguments.parallel,
        },
    };
    service.require_ab_test(&arguments.workflow)?;
    if arguments.plan {
        let preview = service.preview_workflow(&arguments.workflow, &launch)?;
        return super::plan::show(&preview, output);
    }
    let started = service.launch_workflow(&arguments.workflow, &launch)?;
    run::accompany(service, started, arguments.report.as_deref(), output)
}

/// Arguments of `list-workflows`.
#[derive(Debug, clap::Args)]
pub struct ListArguments {}

/// Lists the workspace's workflows.
pub fn list(service: &Service, _: &ListArguments, output: &Output) -> CliResult {
    let rows = service.list_workflows()?;
    output.print(&rows, || {
        let cells = rows.iter().map(|row| {
            let errors = row.diagnostics.iter().filter(|finding| finding.is_error()).count();
            let size = row.workflow.as_ref().map_or_else(
                || format!("{errors} to mend"),
                |workflow| match &workflow.program.runner {
                    Some(_) => "own program".to_owned(),
                    None => format!("{} nodes", workflow.program.nodes.len()),
                },
            );
            let variants = row.workflow.as_ref().and_then(|workflow| workflow.ab_test.as_ref());
            vec![
                row.path.clone(),
                size,
                variants.map_or(0, |test| test.variants.len()).to_string(),
                row.experiment.clone().unwrap_or_default(),
                row.runs.to_string(),
                if row.block.is_some() { "blocked" } else { "" }.to_owned(),
            ]
        });
        data(&table(&["workflow", "", "variants", "experiment", "runs", ""], &[2, 4], cells.collect()));
        if rows.is_empty() {
            talk("there are no workflows; put a YAML file into workflows/");
        }
    });
    Ok(DONE)
}

/// One line a gate and variant.
pub fn print_gates(gates: &[GateResult]) {
    if gates.is_empty() {
        return;
    }
    data("");
    let rows = gates.iter().map(|result| {
        let verdict = match result.verdict {
            GateVerdict::Pass => "pass",
            GateVerdict::Fail => "FAIL",
            GateVerdict::CannotTell => "cannot tell",
        };
        vec![result.gate.name.clone(), result.variant.clone(), verdict.to_owned(), result.sentence.clone()]
    });
    data(&table(&["gate", "variant", "", ""], &[], rows.collect()));
}
