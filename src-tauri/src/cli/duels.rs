//! `bakeoff compare A B`, `compare-baseline` and `compare-variants`: fault campaigns against each other.

use super::compare::{self, estimate, print_no_intervals};
use super::output::{Output, data, table, talk};
use super::{CANNOT_TELL, CliResult, DONE, FAILED, faults};
use bakeoff_core::chart::format;
use bakeoff_core::metric::Metric;
use bakeoff_service::Service;
use bakeoff_service::dto::{Duel, Duels};

/// Arguments of `compare-baseline`.
#[derive(Debug, clap::Args)]
pub struct BaselineArguments {
    /// A run's number, or a campaign: all its finished runs.
    #[arg(value_name = "CAMPAIGN|RUN")]
    target: String,
    /// The campaign or run without an agent. Default: the same run's trials without one, else the newest run that has such
    /// of the same subject and faults.
    #[arg(short, long, value_name = "CAMPAIGN|RUN")]
    baseline: Option<String>,
}

/// Arguments of `compare-variants`.
#[derive(Debug, clap::Args)]
pub struct VariantsArguments {
    /// The subject's name.
    subject: String,
    /// The fault, such as node_kill or latency:min_ms=200,max_ms=400.
    chaos: String,
    /// Only these variants.
    #[arg(short, long, value_delimiter = ',')]
    variants: Vec<String>,
}

/// Agents against nobody.
pub fn baseline(service: &Service, arguments: &BaselineArguments, output: &Output) -> CliResult {
    let duels = service.compare_baseline(&arguments.target, arguments.baseline.as_deref())?;
    output.print(&duels, || print(&duels));
    Ok(DONE)
}

/// Variants beside each other on one fault.
pub fn variants(service: &Service, arguments: &VariantsArguments, output: &Output) -> CliResult {
    let card = service.compare_variants(&arguments.subject, &arguments.chaos, &arguments.variants)?;
    output.print(&card, || {
        let runs: Vec<String> = card.runs.iter().map(|run| format!("#{run}")).collect();
        data(&format!("{} {}: {}", card.subject, card.fault, runs.join(", ")));
        data("");
        compare::print_scorecard(&card.variants);
        for caution in &card.cautions {
            talk(&format!("caution: {caution}"));
        }
        for left_out in &card.left_out {
            talk(&format!("left out: run #{}: {}", left_out.run, left_out.reason));
        }
    });
    Ok(DONE)
}

/// Prints duels, each with its tables and its winner.
pub fn print(duels: &Duels) {
    for (index, duel) in duels.duels.iter().enumerate() {
        if index > 0 {
            data("");
        }
        print_duel(duel);
    }
    for caution in &duels.cautions {
        talk(&format!("caution: {caution}"));
    }
}

fn print_duel(duel: &Duel) {
    let (a, b) = (&duel.a.label, &duel.b.label);
    data(&format!("A  {a}\nB  {b}\n"));
    let rows = faults::TOLD.into_iter().filter_map(|metric| {
        let difference = duel.comparison.differences.iter().find(|difference| difference.metric == metric)?;
        let of = |index: usize| {
            let mean = duel.comparison.variants.get(index).and_then(|variant| variant.mean(metric));
            mean.map_or_else(|| "—".to_owned(), |mean| estimate(mean, |value| shown(metric, value)))
        };
        let change = estimate(&difference.difference, |value| signed(metric, value));
        Some(vec![metric.label().to_owned(), of(0), of(1), change])
    });
    let mut all = vec![vec!["Trials".to_owned(), outcomes(duel, 0), outcomes(duel, 1), String::new()]];
    all.extend(rows);
    data(&table(&["", "A", "B", "B − A"], &[], all));
    let means = duel.comparison.variants.iter().flat_map(|of| faults::TOLD.map(|metric| of.mean(metric)));
    let told = duel.comparison.differences.iter().filter(|of| faults::TOLD.contains(&of.metric));
    print_no_intervals(means.flatten().chain(told.map(|of| &of.difference)));
    faults::print_by_fault(&duel.faults, &["A", "B"]);
    data("");
    let winner = match duel.verdict.winner {
        Some(0) => format!("{a} wins"),
        Some(_) => format!("{b} wins"),
        None => "no winner".to_owned(),
    };
    data(&format!("{winner}: {}", duel.verdict.reason));
    for warning in &duel.comparison.warnings {
        talk(&format!("caution: {warning}"));
    }
}

fn outcomes(duel: &Duel, index: usize) -> String {
    let counts = duel.comparison.variants.get(index).map_or(&[][..], |variant| &variant.outcomes);
    faults::outcomes(counts)
}

fn shown(metric: Metric, value: f64) -> String {
    match metric {
        Metric::SuccessRate => format::percent(value),
        Metric::RestoreS | Metric::DetectS => faults::seconds(value),
        Metric::CostUsd => format::usd(value),
        Metric::TotalTokens => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

/// A difference with its sign; points for shares.
fn signed(metric: Metric, value: f64) -> String {
    let sign = match value {
        value if value > 0.0 => "+",
        value if value < 0.0 => "−",
        _ => "",
    };
    match metric {
        Metric::SuccessRate => format!("{sign}{:.1} points", value.abs() * 100.0),
        metric => format!("{sign}{}", shown(metric, value.abs())),
    }
}

/// The exit code of `--require better`: whether every B is the winner.
pub fn required(duels: &Duels) -> u8 {
    let winners = || duels.duels.iter().map(|duel| duel.verdict.winner);
    if winners().all(|winner| winner == Some(1)) {
        DONE
    } else if winners().any(|winner| winner == Some(0)) {
        FAILED
    } else {
        CANNOT_TELL
    }
}
