//! `bakeoff evaluate --experiment NAME --metric M`

use super::output::{Output, data, table, talk};
use super::{CliResult, DONE};
use bakeoff_core::analysis::Distribution;
use bakeoff_core::chart::format;
use bakeoff_service::Service;
use bakeoff_service::dto::Evaluation;

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
        print(&evaluation);
        if let Some(caution) = &evaluation.caution {
            talk(&format!("caution: {caution}"));
        }
    });
    Ok(DONE)
}

fn print(evaluation: &Evaluation) {
    let show = |value: Option<f64>| {
        value.map_or_else(|| "—".to_owned(), |value| format::value(evaluation.metric, value))
    };
    let mut header = vec!["rank", "variant", "trials", evaluation.label.as_str(), "min", "max"];
    // A rate, or a sum over a sum, has no distribution over trials.
    let has_distribution = evaluation.ranking.iter().any(|entry| entry.distribution.is_some());
    if has_distribution {
        header.extend(["mean", "p50", "p95", "p99"]);
    }
    let mut ranks_differ = false;
    let mut rows = Vec::new();
    for (rank, entry) in evaluation.ranking.iter().enumerate() {
        let mut cells = vec![
            (rank + 1).to_string(),
            entry.name.clone() + if entry.best { " *" } else { "" },
            entry.trials.to_string(),
            show(entry.value),
            show(entry.min),
            show(entry.max),
        ];
        if has_distribution {
            cells.push(show(entry.distribution.as_ref().and_then(|one| one.mean.value)));
            let percentiles = entry.distribution.as_ref().map(Distribution::percentiles).unwrap_or_default();
            for (own, nearest) in percentiles {
                let differs = nearest.is_some() && show(own) != show(nearest);
                ranks_differ |= differs;
                cells.push(match differs {
                    true => format!("{} ({})", show(own), show(nearest)),
                    false => show(own),
                });
            }
        }
        rows.push(cells);
    }
    let numbers: Vec<usize> = [0].into_iter().chain(2..header.len()).collect();
    data(&table(&header, &numbers, rows));
    if ranks_differ {
        talk("In brackets: the percentile by nearest rank, where it differs");
    }
}
