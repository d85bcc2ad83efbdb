//! How the numbers were computed, so that nobody has to take them on trust.

use super::Report;
use super::escape::text;
use crate::{ExportError, iso};
use bakeoff_core::analysis::Comparison;
use bakeoff_core::chart::format;
use std::collections::BTreeMap;
use std::io::Write;

pub(super) fn write(out: &mut impl Write, report: &Report<'_>) -> Result<(), ExportError> {
    let comparison = report.comparison;
    writeln!(
        out,
        "<section>\n<h2>How the numbers were computed</h2>\n<ul>\n\
         <li>Success rate: passed ÷ usable trials. Passed, failed and (unless the campaign says otherwise) timed-out trials are usable; \
         errors of the provider, cancelled and skipped trials are counted beside it and never enter it.</li>\n\
         <li>Intervals have a confidence of {}. Where one is missing, the reason is given in its place.</li>\n\
         <li>Differences are variant minus baseline, paired by case. With several variants, p values of {} are adjusted after Holm. \
         The smallest difference that matters was set to {} beforehand.</li>\n\
         <li>Percentiles interpolate linearly between order statistics (type 7). Latency is the model's own time, without waiting for \
         limits and retries.</li>",
        text(&format::percent(comparison.confidence)),
        comparison.primary_metric.label().to_lowercase(),
        text(format::signed(comparison.primary_metric, comparison.margin).trim_start_matches(['+', '±'])),
    )?;
    for (what, methods) in methods(comparison) {
        writeln!(out, "<li>{what}: {}.</li>", text(&methods))?;
    }
    writeln!(
        out,
        "<li>Seed {}; run by Bakeoff {}, report written {}.</li>\n</ul>\n</section>",
        report.head.seed,
        text(&report.head.app_version),
        text(&iso(report.written_at)),
    )?;
    Ok(())
}

/// The methods that were really used, by what they were used for.
fn methods(comparison: &Comparison) -> BTreeMap<&'static str, String> {
    let mut found: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    for variant in &comparison.variants {
        for (what, estimate) in [
            ("Intervals of success rates", &variant.success_rate),
            ("Intervals of means", &variant.latency_ms.mean),
            ("Intervals of percentiles", &variant.latency_ms.p50),
            ("Intervals of cost per success", &variant.cost_per_success_usd),
        ] {
            collect(found.entry(what).or_default(), &estimate.method);
        }
    }
    for difference in &comparison.differences {
        collect(found.entry("Differences").or_default(), &difference.difference.method);
    }
    found
        .into_iter()
        .filter(|(_, methods)| !methods.is_empty())
        .map(|(what, methods)| (what, methods.join("; ")))
        .collect()
}

fn collect<'a>(methods: &mut Vec<&'a str>, method: &'a str) {
    if !method.is_empty() && !methods.contains(&method) {
        methods.push(method);
    }
}
