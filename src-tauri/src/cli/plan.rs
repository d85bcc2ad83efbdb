//! `bakeoff plan CAMPAIGN`

use super::output::{Output, data, table};
use super::workflow::Inputs;
use super::{BAD_INPUT, CliResult, DONE};
use bakeoff_core::chart::format;
use bakeoff_service::Service;
use bakeoff_service::dto::{PlanPreview, WorkflowLaunch};

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The name or file of a campaign or workflow.
    campaign: String,
    #[command(flatten)]
    inputs: Inputs,
}

/// Shows what running a campaign would do.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    if service.is_workflow(&arguments.campaign) {
        let launch = WorkflowLaunch { inputs: arguments.inputs.values(), ..WorkflowLaunch::default() };
        return show(&service.preview_workflow(&arguments.campaign, &launch)?, output);
    }
    arguments.inputs.none_for(&arguments.campaign)?;
    show(&service.preview_campaign_file(&arguments.campaign)?, output)
}

/// Prints a preview.
pub fn show(preview: &PlanPreview, output: &Output) -> CliResult {
    output.print(preview, || {
        let rows = preview.variants.iter().map(|variant| {
            let cost = variant.cost_usd.map_or_else(|| "unknown".to_owned(), format::usd);
            vec![variant.name.clone(), variant.model.clone(), variant.trials.to_string(), cost]
        });
        data(&table(&["variant", "model", "trials", "cost"], &[2, 3], rows.collect()));
        data("");
        let of = |value: Option<f64>, note: &Option<String>, show: fn(f64) -> String| match (value, note) {
            (Some(value), Some(note)) => format!("{} ({note})", show(value)),
            (Some(value), None) => show(value),
            (None, note) => format!("unknown ({})", note.as_deref().unwrap_or("no data")),
        };
        data(&format!(
            "{} cases × {} variants = {} trials",
            preview.cases,
            preview.variants.len(),
            preview.trials
        ));
        data(&format!("cost  {}", of(preview.cost_usd.value, &preview.cost_usd.note, format::usd)));
        data(&format!(
            "time  {}",
            of(preview.seconds.value, &preview.seconds.note, |seconds| format::milliseconds(
                seconds * 1_000.0
            ))
        ));
        data("first trials:");
        for (case, variant, repetition) in &preview.first_trials {
            data(&format!("  {case} × {variant}, repetition {repetition}"));
        }
    });
    output.findings(&preview.diagnostics);
    let stopped = preview.diagnostics.iter().any(|finding| finding.is_error());
    Ok(if stopped { BAD_INPUT } else { DONE })
}
