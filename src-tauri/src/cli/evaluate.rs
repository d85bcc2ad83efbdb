//! `bakeoff evaluate --experiment NAME --metric M`

use super::output::{Output, data, table, talk};
use super::{CliResult, DONE};
use bakeoff_core::chart::format;
use bakeoff_service::Service;

/// Arguments of `evaluate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The campaign's name.
    #[arg(long, value_name = "NAME")]
    experiment: String,
    /// Such as success_rate, latency_ms_p95 or avg_cost_usd.
    #[arg(long, default_value = "success_rate")]
    metric: String,
    /// The experiment is read from this MLflow store: http://…, sqlite:///… or a folder.
    #[arg(long, value_name = "URI")]
    mlflow_uri: Option<String>,
    /// Variants with fewer usable trials are not ranked.
    #[arg(long, default_value_t = 1)]
    min_runs: u32,
}

/// Ranks variants.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    let evaluation = service.evaluate(
        &arguments.experiment,
        &arguments.metric,
        arguments.min_runs,
        arguments.mlflow_uri.as_deref(),
    )?;
    output.print(&evaluation, || {
        let rows = evaluation.ranking.iter().enumerate().map(|(rank, entry)| {
            let show = |value: Option<f64>| {
                value.map_or_else(|| "—".to_owned(), |value| format::value(evaluation.metric, value))
            };
            vec![
                (rank + 1).to_string(),
                entry.name.clone() + if entry.best { " *" } else { "" },
                entry.trials.to_string(),
                show(entry.value),
                show(entry.min),
                show(entry.max),
            ]
        });
        let header = ["rank", "variant", "trials", evaluation.label.as_str(), "min", "max"];
        data(&table(&header, &[0, 2, 3, 4, 5], rows.collect()));
        if let Some(caution) = &evaluation.caution {
            talk(&format!("caution: {caution}"));
        }
    });
    Ok(DONE)
}
