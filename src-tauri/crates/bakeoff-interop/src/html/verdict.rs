//! What the numbers mean, first.

use super::escape::text;
use crate::ExportError;
use bakeoff_core::analysis::{Comparison, Difference, Verdict};
use bakeoff_core::chart::format;
use std::io::Write;

pub(super) fn write(out: &mut impl Write, comparison: &Comparison) -> Result<(), ExportError> {
    let metric = comparison.primary_metric;
    writeln!(out, "<section>\n<h2>Verdict on {}</h2>", metric.label().to_lowercase())?;
    let baseline = comparison.variants.iter().find(|variant| variant.variant == comparison.baseline);
    let primary: Vec<&Difference> = comparison.differences.iter().filter(|d| d.metric == metric).collect();
    if let Some(baseline) = baseline {
        writeln!(
            out,
            "<p>Every variant is compared with the baseline, <b>{}</b>, on the same cases.</p>",
            text(&baseline.name)
        )?;
    }
    if primary.is_empty() {
        writeln!(
            out,
            "<p>There is nothing to compare yet: it takes a second variant with results.</p>\n</section>"
        )?;
        return Ok(());
    }
    writeln!(out, "<ul class=\"verdicts\">")?;
    for difference in primary {
        let (class, word) = word(difference.verdict);
        writeln!(
            out,
            "<li>\n<h3>{} <span class=\"verdict {class}\">{word}</span></h3>\n<p>{}</p>\n<p class=\"numbers\">{}</p>\n</li>",
            text(&difference.name),
            text(&difference.sentence),
            text(&numbers(difference)),
        )?;
    }
    writeln!(out, "</ul>\n</section>")?;
    Ok(())
}

/// The verdict for people, and its class for colour.
pub(super) fn word(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Better => ("better", "▲ better"),
        Verdict::Worse => ("worse", "▼ worse"),
        Verdict::NoDifference => ("same", "= no difference that matters"),
        Verdict::CannotTell => ("unclear", "? cannot tell"),
        Verdict::StillRunning => ("unclear", "… still running"),
    }
}

fn numbers(difference: &Difference) -> String {
    let mut parts = vec![format!("difference {}", format::difference(difference))];
    match (difference.p_adjusted, difference.p_value) {
        (Some(p), _) => parts.push(format!("p after Holm {}", format::p_value(p))),
        (None, Some(p)) => parts.push(format!("p {}", format::p_value(p))),
        (None, None) => {}
    }
    parts.push(format!("{} cases in common", format::count(difference.difference.n.into())));
    if let (Some(variant), Some(baseline)) = (difference.only_variant_passes, difference.only_baseline_passes)
    {
        parts.push(format!("{variant} passed only here, {baseline} only by the baseline"));
    }
    if let Some(detectable) = difference.detectable {
        let size = format::signed(difference.metric, detectable.abs());
        parts.push(format!(
            "smallest difference this many cases would probably show: {}",
            size.trim_start_matches('+')
        ));
    }
    parts.join(" · ")
}
