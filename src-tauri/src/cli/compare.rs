//! `bakeoff compare ID…`

use super::output::{Output, data, table, talk};
use super::{CANNOT_TELL, CliResult, DONE, FAILED, duels, faults, run_number};
use bakeoff_core::analysis::{Distribution, Estimate, FaultSummary, VariantSummary, Verdict};
use bakeoff_core::chart::format;
use bakeoff_service::Service;
use bakeoff_service::dto::{CompareRequest, CompareView, ServiceError};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Numbers of runs, which are pooled; or a campaign. Two fault campaigns or runs, A and B, are set against each other:
    /// fault by fault, with a winner where an interval supports one.
    #[arg(value_name = "CAMPAIGN|RUN", required_unless_present = "experiment")]
    targets: Vec<String>,
    /// Pool fault campaigns, too. So do --baseline and --metric.
    #[arg(long)]
    pool: bool,
    /// All finished runs of this campaign instead.
    #[arg(long, value_name = "NAME", conflicts_with = "targets")]
    experiment: Option<String>,
    /// The experiment is read from this MLflow store: http://…, sqlite:///… or a folder.
    #[arg(long, value_name = "URI", requires = "experiment")]
    mlflow_uri: Option<String>,
    /// Only these variants; of A and B, the one of both, or that of A and that of B.
    #[arg(long, value_delimiter = ',')]
    variants: Vec<String>,
    /// The variant to compare with.
    #[arg(long)]
    baseline: Option<String>,
    /// The metric that decides.
    #[arg(long)]
    metric: Option<String>,
    /// Exit with 0 only if some variant is better than the baseline, with 1 if none is, with 2 if that can't be told.
    #[arg(long, value_enum)]
    require: Option<Require>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Require {
    Better,
}

/// Compares variants.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    if let Some((a, b)) = duel(service, arguments)? {
        let duels = service.compare_campaigns(a, b, &arguments.variants)?;
        output.print(&duels, || duels::print(&duels));
        return Ok(arguments.require.map_or(DONE, |Require::Better| duels::required(&duels)));
    }
    let (runs, experiment) = pooled(arguments)?;
    let request = CompareRequest {
        runs,
        experiment,
        variants: arguments.variants.clone(),
        baseline: arguments.baseline.clone(),
        metric: arguments.metric.clone(),
        resampling: true,
        mlflow_uri: arguments.mlflow_uri.clone(),
    };
    let view = service.compare(&request)?;
    output.print(&view, || {
        print(&view);
        super::workflow::print_gates(&view.gates);
    });
    Ok(match arguments.require {
        None => DONE,
        Some(Require::Better) => required(&view),
    })
}

/// The two that are set against each other.
fn duel<'a>(service: &Service, arguments: &'a Arguments) -> Result<Option<(&'a str, &'a str)>, ServiceError> {
    let [a, b] = arguments.targets.as_slice() else { return Ok(None) };
    if arguments.pool || arguments.baseline.is_some() || arguments.metric.is_some() {
        return Ok(None);
    }
    let of_faults = service.is_fault_campaign(a)? && service.is_fault_campaign(b)?;
    Ok(of_faults.then_some((a, b)))
}

/// The runs that are pooled, or the campaign whose runs are.
fn pooled(arguments: &Arguments) -> Result<(Vec<u32>, Option<String>), ServiceError> {
    if let [name] = arguments.targets.as_slice()
        && run_number(name).is_err()
    {
        return Ok((Vec::new(), Some(name.clone())));
    }
    let number = |text: &String| {
        run_number(text).map_err(|message| {
            ServiceError::bad_input(message).with_hint("several runs are pooled by their numbers; two campaigns are compared only when both are fault campaigns")
        })
    };
    let runs = arguments.targets.iter().map(number).collect::<Result<_, _>>()?;
    Ok((runs, arguments.experiment.clone()))
}

fn required(view: &CompareView) -> u8 {
    let primary = view.comparison.primary_metric;
    let verdicts: Vec<Verdict> = view
        .comparison
        .differences
        .iter()
        .filter(|difference| difference.metric == primary)
        .map(|difference| difference.verdict)
        .collect();
    if verdicts.contains(&Verdict::Better) {
        DONE
    } else if verdicts.iter().any(|verdict| matches!(verdict, Verdict::CannotTell | Verdict::StillRunning)) {
        CANNOT_TELL
    } else {
        FAILED
    }
}

/// Prints the scorecard, the verdicts and the cautions.
pub fn print(view: &CompareView) {
    let comparison = &view.comparison;
    print_scorecard(&comparison.variants);
    faults::print_by_fault(&view.faults, &faults::names(comparison));
    let primary: Vec<_> = comparison
        .differences
        .iter()
        .filter(|difference| difference.metric == comparison.primary_metric)
        .collect();
    if !primary.is_empty() {
        data("");
    }
    for difference in primary {
        data(&difference.sentence);
    }
    for warning in &comparison.warnings {
        talk(&format!("caution: {warning}"));
    }
    for left_out in &view.left_out {
        talk(&format!("left out: run #{}: {}", left_out.run, left_out.reason));
    }
}

/// Prints variants beside each other.
pub fn print_scorecard(variants: &[VariantSummary]) {
    let mut header = vec![""];
    header.extend(variants.iter().map(|variant| variant.name.as_str()));
    let numbers: Vec<usize> = (1..header.len()).collect();
    data(&table(&header, &numbers, scorecard(variants)));
    print_no_intervals(variants.iter().flat_map(shown_estimates));
}

/// The estimates of a scorecard.
fn shown_estimates(variant: &VariantSummary) -> Vec<&Estimate> {
    let latency = &variant.latency_ms;
    let mut shown = vec![&variant.success_rate, &variant.score.mean];
    if let Some(faults) = &variant.faults {
        shown.extend([&faults.restored_share, &faults.detect_s.mean, &faults.restore_s.mean]);
        shown.extend([&faults.commands.mean, &faults.destructive.mean]);
    }
    shown.extend([&latency.mean, &latency.p50, &latency.p95, &latency.p99]);
    shown.extend([&variant.total_tokens.mean, &variant.cost_usd.mean, &variant.cost_per_success_usd]);
    shown
}

/// Says below a table why some of its numbers have a dash in the place of their interval.
pub fn print_no_intervals<'a>(estimates: impl Iterator<Item = &'a Estimate>) {
    let without = estimates.filter(|of| of.value.is_some() && of.interval.is_none());
    let mut reasons: Vec<&str> = without.filter_map(|of| of.note.as_deref()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in reasons {
        data(&format!("—  {reason}"));
    }
}

fn scorecard(variants: &[VariantSummary]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = |name: &str, cell: &dyn Fn(&VariantSummary) -> String| {
        let mut cells = vec![name.to_owned()];
        cells.extend(variants.iter().map(cell));
        rows.push(cells);
    };
    row("trials", &|v| v.trials.to_string());
    row("unusable", &|v| v.unusable.to_string());
    row("success rate", &|v| estimate(&v.success_rate, format::percent));
    row("score", &|v| estimate(&v.score.mean, |value| format!("{value:.3}")));
    if variants.iter().any(|variant| variant.faults.is_some()) {
        let of = |v: &VariantSummary, read: &dyn Fn(&FaultSummary) -> String| {
            v.faults.as_ref().map_or_else(|| "—".to_owned(), read)
        };
        let seconds = faults::seconds;
        let count = |value| format!("{value:.1}");
        row("outcomes", &|v| faults::outcomes(&v.outcomes));
        row("restored", &|v| of(v, &|faults| estimate(&faults.restored_share, format::percent)));
        row("time to detect", &|v| of(v, &|faults| estimate(&faults.detect_s.mean, seconds)));
        row("time to restore", &|v| of(v, &|faults| estimate(&faults.restore_s.mean, seconds)));
        row("commands a trial", &|v| of(v, &|faults| estimate(&faults.commands.mean, count)));
        row("destructive a trial", &|v| of(v, &|faults| estimate(&faults.destructive.mean, count)));
    }
    row("latency mean", &|v| estimate(&v.latency_ms.mean, format::milliseconds) + paced(v));
    row("latency p50", &|v| estimate(&v.latency_ms.p50, format::milliseconds));
    row("latency p95", &|v| estimate(&v.latency_ms.p95, format::milliseconds));
    row("latency p99", &|v| estimate(&v.latency_ms.p99, format::milliseconds));
    row("latency min, max", &|v| match (v.latency_ms.min, v.latency_ms.max) {
        (Some(least), Some(most)) => [least, most].map(format::milliseconds).join(", "),
        _ => "—".to_owned(),
    });
    if variants.iter().any(ranks_differ) {
        row("  p50, p95, p99 by nearest rank", &nearest_ranks);
    }
    row("tokens a trial", &|v| estimate(&v.total_tokens.mean, |value| format!("{value:.0}")));
    row("cost a trial", &|v| estimate(&v.cost_usd.mean, format::usd));
    row("cost in all", &|v| total(&v.cost_usd));
    row("cost per success", &|v| estimate(&v.cost_per_success_usd, format::usd));
    rows
}

/// p50, p95 and p99 as other tools define them, for who compares with theirs.
fn nearest_ranks(variant: &VariantSummary) -> String {
    variant.latency_ms.nearest_rank.map_or_else(
        || "—".to_owned(),
        |ranks| [ranks.p50, ranks.p95, ranks.p99].map(format::milliseconds).join(", "),
    )
}

/// Whether nearest rank gives another latency than our own definition, as it is shown.
fn ranks_differ(variant: &VariantSummary) -> bool {
    variant.latency_ms.percentiles().into_iter().any(|(own, other)| {
        other.is_some() && own.map(format::milliseconds) != other.map(format::milliseconds)
    })
}

fn paced(variant: &VariantSummary) -> &'static str {
    if variant.paced { " (paced)" } else { "" }
}

fn total(cost: &Distribution) -> String {
    match (cost.n, cost.unknown) {
        (0, _) => "—".to_owned(),
        (_, 0) => format::usd(cost.sum),
        (_, unknown) => format!("{} + {unknown} unknown", format::usd(cost.sum)),
    }
}

/// `91.7 % [85.2 %, 95.5 %]`, with `—` for what can't be known, be it the interval.
pub fn estimate(estimate: &Estimate, show: impl Fn(f64) -> String) -> String {
    let bound = |bound: Option<f64>, open: &str| bound.map_or_else(|| open.to_owned(), &show);
    match (estimate.value, estimate.interval) {
        (None, _) => "—".to_owned(),
        (Some(value), Some(interval)) => {
            format!("{} [{}, {}]", show(value), bound(interval.low, "−∞"), bound(interval.high, "∞"))
        }
        (Some(value), None) => format!("{} —", show(value)),
    }
}
