//! `bakeoff apply-optimized` and `bakeoff undo`

use super::output::{Output, data, diff, talk};
use super::{CliResult, DONE};
use bakeoff_service::Service;
use bakeoff_service::dto::{ApplyRequest, ApplyTarget, CompareRequest, ServiceError};

/// Arguments of `apply-optimized`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The campaign whose finished runs are the evidence.
    #[arg(long, value_name = "NAME")]
    experiment: String,
    /// This variant; else the best by the metric.
    #[arg(long)]
    variant: Option<String>,
    /// Where to: a workflow file (the prompts of a node) or a variant file (all prompt fields). Default: the workflow
    /// that was run, else variants/default.yaml.
    #[arg(long, value_name = "PATH", conflicts_with = "to")]
    workflow: Option<String>,
    /// The node of the workflow; default: the one whose prompt was under test.
    #[arg(long, value_name = "NODE", conflicts_with = "to")]
    node: Option<String>,
    /// Where to: one value of any YAML file, such as app.yaml:agents.0.prompt.
    #[arg(long, value_name = "FILE:KEYPATH")]
    to: Option<String>,
    /// The metric that decides; else the campaign's.
    #[arg(long)]
    metric: Option<String>,
    /// Also transfer these fields, such as model or temperature.
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    also: Vec<String>,
    /// Why it is applied to a workflow that a gate blocked; it is kept with the evidence.
    #[arg(long = "override", value_name = "REASON")]
    override_block: Option<String>,
    /// The runs are those of an experiment in this MLflow store: http://…, sqlite:///… or a folder.
    #[arg(long, value_name = "URI")]
    mlflow_uri: Option<String>,
    /// Only show what would be written.
    #[arg(long)]
    dry_run: bool,
}

/// Arguments of `undo`.
#[derive(Debug, clap::Args)]
pub struct UndoArguments {
    /// The application's number; else the newest one that is not undone.
    id: Option<u32>,
}

/// Applies the best prompt.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    let target = match (&arguments.workflow, &arguments.to) {
        (Some(file), _) => Some(ApplyTarget {
            file: service.workflow_file(file)?,
            key_path: None,
            node: arguments.node.clone(),
        }),
        (None, Some(to)) => Some(parse_target(to)?),
        (None, None) => match &arguments.node {
            Some(_) => {
                return Err(ServiceError::bad_input("--node needs --workflow")
                    .with_hint("name the workflow file whose node takes the prompt"));
            }
            None => None,
        },
    };
    let request = ApplyRequest {
        compare: CompareRequest {
            experiment: Some(arguments.experiment.clone()),
            metric: arguments.metric.clone(),
            mlflow_uri: arguments.mlflow_uri.clone(),
            ..CompareRequest::default()
        },
        variant: arguments.variant.clone(),
        target,
        also: arguments.also.clone(),
        override_block: arguments.override_block.clone(),
    };
    let preview = service.preview_apply(&request)?;
    if !output.json {
        talk(&format!("{} → {}", preview.variant, preview.target.file));
        talk(&format!("evidence: {}", preview.evidence));
        if let Some(caution) = &preview.caution {
            talk(&format!("caution: {caution}"));
        }
        for warning in &preview.warnings {
            talk(&format!("note: {warning}"));
        }
        diff(&preview.diff);
    }
    if preview.nothing_to_do || arguments.dry_run {
        let reason = if preview.nothing_to_do { "the file has this prompt already" } else { "dry run" };
        output.print(&preview, || talk(&format!("nothing written: {reason}")));
        return Ok(DONE);
    }
    let applied = service.apply(&request, &preview.target_hash)?;
    output.print(&applied, || {
        data(&format!("written to {}", applied.target.file));
        talk(&format!("backup: {}; take it back with: bakeoff undo {}", applied.backup, applied.id));
    });
    Ok(DONE)
}

/// Undoes an application.
pub fn undo(service: &Service, arguments: &UndoArguments, output: &Output) -> CliResult {
    let id = match arguments.id {
        Some(id) => id,
        None => {
            let newest = service.list_applied()?.into_iter().find(|row| row.undone_at.is_none());
            newest.ok_or_else(|| ServiceError::not_found("there is nothing to undo"))?.id
        }
    };
    let undone = service.undo_apply(id)?;
    output.print(&undone, || data(&format!("{} is as it was before", undone.target.file)));
    Ok(DONE)
}

fn parse_target(to: &str) -> Result<ApplyTarget, ServiceError> {
    // The last colon, so that C:\a.yaml:key works too.
    match to.rsplit_once(':') {
        Some((file, path)) if !file.is_empty() && !path.is_empty() => {
            Ok(ApplyTarget { file: file.to_owned(), key_path: Some(path.to_owned()), node: None })
        }
        _ => Err(ServiceError::bad_input(format!("--to {to} names no value"))
            .with_hint("write FILE:KEYPATH, such as app.yaml:agents.0.prompt")),
    }
}
