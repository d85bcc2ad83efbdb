//! All numbers: a scorecard of every variant, and all differences to the baseline.

use super::escape::text;
use super::verdict::word;
use crate::ExportError;
use bakeoff_core::analysis::{Comparison, Difference, Distribution, Estimate, VariantSummary};
use bakeoff_core::chart::format;
use bakeoff_core::metric::Metric;
use std::io::Write;

/// One cell: the value, what stands below it in small type, and why something is missing.
struct Cell {
    value: String,
    below: String,
    note: Option<String>,
}

type Pick = fn(&Distribution) -> &Estimate;

type Row = (&'static str, Box<dyn Fn(&VariantSummary) -> Cell>);

pub(super) fn write(out: &mut impl Write, comparison: &Comparison) -> Result<(), ExportError> {
    let level = format::percent(comparison.confidence).replace(".0", "");
    writeln!(
        out,
        "<section>\n<h2>Scorecard</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Scorecard\">\n<table>\n\
         <caption>Estimates with {level} intervals and the number of trials or cases behind them</caption>\n<thead>\n<tr><th scope=\"col\">Metric</th>"
    )?;
    for variant in &comparison.variants {
        let tag =
            if variant.variant == comparison.baseline { " <span class=\"tag\">baseline</span>" } else { "" };
        write!(out, "<th scope=\"col\" class=\"number\">{}{tag}</th>", text(&variant.name))?;
    }
    writeln!(out, "</tr>\n</thead>\n<tbody>")?;
    for (name, cell) in rows() {
        write!(out, "<tr><th scope=\"row\">{name}</th>")?;
        for variant in &comparison.variants {
            let Cell { value, below, note } = cell(variant);
            write!(out, "<td>{}", text(&value))?;
            if !below.is_empty() {
                write!(out, "<small>{}</small>", text(&below))?;
            }
            if let Some(note) = note {
                write!(out, "<small class=\"note\">{}</small>", text(&note))?;
            }
            write!(out, "</td>")?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>\n</section>")?;
    Ok(())
}

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = vec![
        ("Success rate", Box::new(|variant| estimate(Metric::SuccessRate, &variant.success_rate))),
        ("Passed of usable", Box::new(passed)),
        ("Not usable", Box::new(unusable)),
        ("Score, mean", Box::new(|variant| estimate(Metric::Score, &variant.score.mean))),
    ];
    let latency: [(&'static str, Pick); 5] = [
        ("Latency, mean", |latency| &latency.mean),
        ("Latency, p50", |latency| &latency.p50),
        ("Latency, p90", |latency| &latency.p90),
        ("Latency, p95", |latency| &latency.p95),
        ("Latency, p99", |latency| &latency.p99),
    ];
    for (name, pick) in latency {
        rows.push((name, Box::new(move |variant| estimate(Metric::LatencyMs, pick(&variant.latency_ms)))));
    }
    rows.push(("Latency, smallest to largest", Box::new(latency_range)));
    rows.push(("Cost per trial", Box::new(cost)));
    rows.push((
        "Cost per success",
        Box::new(|variant| estimate(Metric::CostPerSuccessUsd, &variant.cost_per_success_usd)),
    ));
    rows.push((
        "Tokens per trial",
        Box::new(|variant| estimate(Metric::TotalTokens, &variant.total_tokens.mean)),
    ));
    rows.push((
        "Input tokens",
        Box::new(|variant| estimate(Metric::InputTokens, &variant.input_tokens.mean)),
    ));
    rows.push((
        "Output tokens",
        Box::new(|variant| estimate(Metric::OutputTokens, &variant.output_tokens.mean)),
    ));
    rows
}

fn estimate(metric: Metric, estimate: &Estimate) -> Cell {
    // A line may break before n, not within the brackets.
    let interval = format::interval(metric, estimate.interval).replace(", ", ",\u{a0}");
    let n = format!("n\u{a0}=\u{a0}{}", format::count(estimate.n.into()));
    let below = match (interval.is_empty(), estimate.value) {
        (false, _) => format!("{interval}, {n}"),
        // Why is in the note.
        (true, Some(_)) => format!("{}, {n}", format::UNKNOWN),
        (true, None) => n,
    };
    Cell { value: format::optional(metric, estimate.value), below, note: estimate.note.clone() }
}

fn passed(variant: &VariantSummary) -> Cell {
    let value =
        format!("{} of {}", format::count(variant.passes.into()), format::count(variant.usable.into()));
    let below = match (variant.success_rate_worst, variant.success_rate_best) {
        (Some(worst), Some(best)) if variant.unusable > 0 => {
            format!(
                "{} to {} had the others all failed or passed",
                format::percent(worst),
                format::percent(best)
            )
        }
        _ => String::new(),
    };
    Cell { value, below, note: None }
}

fn unusable(variant: &VariantSummary) -> Cell {
    use bakeoff_core::outcome::Outcome;
    let usable = [Outcome::Pass, Outcome::Fail];
    let others = variant.outcomes.iter().filter(|count| !usable.contains(&count.outcome) && count.count > 0);
    let parts: Vec<String> =
        others.map(|count| format!("{} {}", count.count, count.outcome.name().replace('_', " "))).collect();
    Cell { value: format::count(variant.unusable.into()), below: parts.join(", "), note: None }
}

fn latency_range(variant: &VariantSummary) -> Cell {
    let latency = &variant.latency_ms;
    let value = match (latency.min, latency.max) {
        (Some(min), Some(max)) => format!("{} to {}", format::milliseconds(min), format::milliseconds(max)),
        _ => format::UNKNOWN.to_owned(),
    };
    let note = variant.paced.then(|| "paced: artificial latency".to_owned());
    Cell { value, below: String::new(), note }
}

fn cost(variant: &VariantSummary) -> Cell {
    let mut cell = estimate(Metric::CostUsd, &variant.cost_usd.mean);
    if variant.cost_usd.unknown > 0 && cell.note.is_none() {
        cell.note = Some(format!("unknown for {} trials", format::count(variant.cost_usd.unknown.into())));
    }
    cell
}

/// Every difference to the baseline, metric by metric.
pub(super) fn write_differences(out: &mut impl Write, comparison: &Comparison) -> Result<(), ExportError> {
    if comparison.differences.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section>\n<h2>Differences to the baseline</h2>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Differences to the baseline\">\n<table>\n\
         <caption>Variant minus baseline, paired by case. Only {} was chosen beforehand to decide; read the others as hints.</caption>\n\
         <thead>\n<tr><th scope=\"col\">Variant</th><th scope=\"col\">Metric</th><th scope=\"col\" class=\"number\">Difference</th>\
         <th scope=\"col\" class=\"number\">p</th><th scope=\"col\" class=\"number\">Cases</th><th scope=\"col\">Verdict</th></tr>\n</thead>\n<tbody>",
        comparison.primary_metric.label().to_lowercase()
    )?;
    for difference in &comparison.differences {
        write_difference(out, difference)?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>\n</section>")?;
    Ok(())
}

fn write_difference(out: &mut impl Write, difference: &Difference) -> Result<(), ExportError> {
    let (class, word) = word(difference.verdict);
    let p = difference.p_adjusted.or(difference.p_value).map_or(format::UNKNOWN.to_owned(), format::p_value);
    let note = difference.difference.note.as_deref().unwrap_or_default();
    writeln!(
        out,
        "<tr><th scope=\"row\">{}</th><td class=\"words\">{}</td><td>{}<small class=\"note\">{}</small></td><td>{}</td><td>{}</td>\
         <td class=\"words\"><span class=\"verdict {class}\">{word}</span></td></tr>",
        text(&difference.name),
        difference.metric.label(),
        text(&format::difference(difference)),
        text(note),
        text(&p),
        format::count(difference.difference.n.into()),
    )?;
    Ok(())
}
