//! The tables of fault campaigns that several verbs print.

use super::compare::{estimate, print_no_intervals};
use super::output::{data, table, talk};
use bakeoff_core::analysis::{Comparison, Estimate, FaultCell, FaultSlice, OutcomeCount};
use bakeoff_core::chart::format;
use bakeoff_core::metric::Metric;

/// `12 pass, 3 fail, 1 void`: every trial that ended.
pub fn outcomes(counts: &[OutcomeCount]) -> String {
    let told: Vec<String> =
        counts.iter().map(|count| format!("{} {}", count.count, count.outcome.name())).collect();
    if told.is_empty() { "—".to_owned() } else { told.join(", ") }
}

/// Seconds with one decimal; 0 is a value.
pub fn seconds(value: f64) -> String {
    format!("{value:.1} s")
}

fn count(value: f64) -> String {
    format!("{value:.1}")
}

/// The per-fault table: a line for each fault and variant.
pub fn print_by_fault(slices: &[FaultSlice], names: &[&str]) {
    if slices.is_empty() {
        return;
    }
    let mut rows = Vec::new();
    for slice in slices {
        for cell in &slice.cells {
            rows.push(fault_row(slice, cell, names));
        }
    }
    let header = [
        "subject",
        "fault",
        "variant",
        "trials",
        "outcomes",
        "success",
        "restored",
        "detect",
        "restore",
        "commands",
        "destructive",
    ];
    data("");
    data(&table(&header, &[3], rows));
    let cells = slices.iter().flat_map(|slice| &slice.cells);
    print_no_intervals(cells.flat_map(|cell| {
        let times = [&cell.detect_s, &cell.restore_s, &cell.commands, &cell.destructive];
        let shares = [Some(&cell.success_rate), cell.restored_share.as_ref()];
        times.into_iter().map(Option::as_ref).chain(shares).flatten()
    }));
    for slice in slices {
        for warning in &slice.warnings {
            talk(&format!("caution: {} {}: {warning}", slice.name.subject, slice.name.fault));
        }
    }
}

fn fault_row(slice: &FaultSlice, cell: &FaultCell, names: &[&str]) -> Vec<String> {
    let maybe = |of: &Option<Estimate>, show: fn(f64) -> String| {
        of.as_ref().map_or_else(|| "—".to_owned(), |of| estimate(of, show))
    };
    vec![
        slice.name.subject.clone(),
        slice.name.fault.clone(),
        names.get(usize::from(cell.variant)).copied().unwrap_or_default().to_owned(),
        cell.trials.to_string(),
        outcomes(&cell.outcomes),
        estimate(&cell.success_rate, format::percent),
        maybe(&cell.restored_share, format::percent),
        maybe(&cell.detect_s, seconds),
        maybe(&cell.restore_s, seconds),
        maybe(&cell.commands, count),
        maybe(&cell.destructive, count),
    ]
}

/// The names of a comparison's variants, by index.
pub fn names(comparison: &Comparison) -> Vec<&str> {
    comparison.variants.iter().map(|variant| variant.name.as_str()).collect()
}

/// The metrics that tell of a repair, in the order of the tables.
pub const TOLD: [Metric; 7] = [
    Metric::SuccessRate,
    Metric::RestoreS,
    Metric::DetectS,
    Metric::Commands,
    Metric::Destructive,
    Metric::TotalTokens,
    Metric::CostUsd,
];
