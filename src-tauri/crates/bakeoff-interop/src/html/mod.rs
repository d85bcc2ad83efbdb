//! A self-contained report: one HTML file without scripts or outside resources, light and dark, for reading, printing
//! and sending.

mod cases;
mod definitions;
mod escape;
mod gates;
mod method;
mod nodes;
mod scorecard;
mod verdict;

use crate::{DifferingCase, ExportError, NodeUse, RunHead, VariantText, iso};
use bakeoff_core::analysis::Comparison;
use bakeoff_core::chart::format;
use bakeoff_core::gate::GateResult;
use bakeoff_core::trial::Millis;
use escape::text;
use std::io::Write;

pub use cases::MOST_CASES;

/// A chart in both themes; the SVGs have a title and a description of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportChart {
    /// The SVG for a light page.
    pub light: String,
    /// The SVG for a dark page.
    pub dark: String,
}

/// What the report is about, besides the cases.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// When it is written.
    pub written_at: Millis,
    /// The run.
    pub head: &'a RunHead,
    /// The variants as they were.
    pub variants: &'a [VariantText],
    /// Scorecards and differences.
    pub comparison: &'a Comparison,
    /// Charts, in the order in which they are shown. Their SVG is trusted and written as it is.
    pub charts: &'a [ReportChart],
    /// The run's gates; empty when it has none, or when they were not checked.
    pub gates: &'a [GateResult],
    /// Of a workflow: what its nodes took.
    pub nodes: &'a [NodeUse],
}

/// Writes the report. `differing` are the cases on which variants differ; at most [`MOST_CASES`] are shown and the others
/// counted, so the report stays small.
///
/// # Errors
/// When the writer or the iterator fails.
pub fn report<E: std::fmt::Display>(
    mut writer: impl Write,
    report: &Report<'_>,
    differing: impl IntoIterator<Item = Result<DifferingCase, E>>,
) -> Result<(), ExportError> {
    let out = &mut writer;
    head(out, report)?;
    verdict::write(out, report.comparison)?;
    warnings(out, report.comparison)?;
    gates::write(out, report.gates)?;
    charts(out, report.charts)?;
    scorecard::write(out, report.comparison)?;
    scorecard::write_differences(out, report.comparison)?;
    nodes::write(out, report.nodes)?;
    cases::write(out, report.comparison, differing)?;
    definitions::write(out, report)?;
    method::write(out, report)?;
    writeln!(out, "</main>\n</body>\n</html>")?;
    writer.flush()?;
    Ok(())
}

fn head(out: &mut impl Write, report: &Report<'_>) -> Result<(), ExportError> {
    let head = report.head;
    let title = format!("{} #{}", head.campaign, head.run);
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"generator\" content=\"Bakeoff {}\">\n<title>{} – Bakeoff report</title>\n<style>\n{}</style>\n\
         </head>\n<body>\n<main>\n<header>\n<p class=\"kicker\">Bakeoff report</p>\n<h1>{} <span>run #{}</span></h1>",
        text(&head.app_version),
        text(&title),
        include_str!("style.css"),
        text(&head.campaign),
        head.run,
    )?;
    let state = match &head.reason {
        Some(reason) => format!("{}: {reason}", head.state.replace('_', " ")),
        None => head.state.replace('_', " "),
    };
    let started = iso(head.created_at).replace('T', " ");
    let facts = [
        ("State", state),
        ("Started", format!("{} UTC", started.split('.').next().unwrap_or_default())),
        ("Trials", format!("{} of {}", format::count(head.done.into()), format::count(head.planned.into()))),
        ("Cases", format::count(head.cases.into())),
        ("Variants", report.comparison.variants.len().to_string()),
        (
            "Spent",
            head.cost_usd.map_or_else(|| format!("{} (a price is not known)", format::UNKNOWN), format::usd),
        ),
    ];
    writeln!(out, "<dl class=\"facts\">")?;
    for (name, value) in facts {
        writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", text(&value))?;
    }
    writeln!(out, "</dl>\n</header>")?;
    Ok(())
}

fn warnings(out: &mut impl Write, comparison: &Comparison) -> Result<(), ExportError> {
    if comparison.warnings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section class=\"warnings\">\n<h2>Cautions</h2>\n<ul>")?;
    for warning in &comparison.warnings {
        writeln!(out, "<li>{}</li>", text(warning))?;
    }
    writeln!(out, "</ul>\n</section>")?;
    Ok(())
}

fn charts(out: &mut impl Write, charts: &[ReportChart]) -> Result<(), ExportError> {
    if charts.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section>\n<h2>Charts</h2>\n<div class=\"charts\">")?;
    for chart in charts {
        writeln!(
            out,
            "<figure>\n<div class=\"light\">{}</div>\n<div class=\"dark\">{}</div>\n</figure>",
            chart.light, chart.dark
        )?;
    }
    writeln!(out, "</div>\n</section>")?;
    Ok(())
}
