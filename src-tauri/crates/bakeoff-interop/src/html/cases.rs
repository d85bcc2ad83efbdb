//! The cases on which variants differ: where to look next.

use super::escape::text;
use crate::{DifferingCase, DifferingCell, ExportError, read};
use bakeoff_core::analysis::Comparison;
use bakeoff_core::chart::format;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::Step;
use serde_json::Value;
use std::io::Write;

/// So many cases are shown; the others are counted.
pub const MOST_CASES: u32 = 200;

/// Texts in the table are cut after so many characters.
const LONGEST_TEXT: usize = 160;

/// So many nodes of a trial are shown; the others are counted.
const MOST_STEPS: usize = 50;

pub(super) fn write<E: std::fmt::Display>(
    out: &mut impl Write,
    comparison: &Comparison,
    differing: impl IntoIterator<Item = Result<DifferingCase, E>>,
) -> Result<(), ExportError> {
    let mut count = 0;
    for case in differing {
        let case = read(case)?;
        if count == 0 {
            write_top(out, comparison)?;
        }
        if count < MOST_CASES {
            write_case(out, &case)?;
        }
        count += 1;
    }
    match count {
        0 => writeln!(
            out,
            "<section>\n<h2>Cases where variants differ</h2>\n<p>There are none: on every case all variants had the same result.</p>"
        )?,
        few if few <= MOST_CASES => {
            writeln!(out, "</tbody>\n</table>\n</div>\n<p>{} cases.</p>", format::count(few.into()))?
        }
        many => writeln!(
            out,
            "</tbody>\n</table>\n</div>\n<p>The first {MOST_CASES} of {} cases. The CSV export has them all.</p>",
            format::count(many.into())
        )?,
    }
    writeln!(out, "</section>")?;
    Ok(())
}

fn write_top(out: &mut impl Write, comparison: &Comparison) -> Result<(), ExportError> {
    writeln!(
        out,
        "<section>\n<h2>Cases where variants differ</h2>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Cases where variants differ\">\n<table class=\"cases\">\n\
         <thead>\n<tr><th scope=\"col\">Case</th><th scope=\"col\">Input</th><th scope=\"col\">Expected</th>"
    )?;
    for variant in &comparison.variants {
        write!(out, "<th scope=\"col\">{}</th>", text(&variant.name))?;
    }
    writeln!(out, "</tr>\n</thead>\n<tbody>")?;
    Ok(())
}

fn write_case(out: &mut impl Write, case: &DifferingCase) -> Result<(), ExportError> {
    write!(
        out,
        "<tr><th scope=\"row\">{}</th><td class=\"words\">{}</td><td class=\"words\">{}</td>",
        text(&case.case_id),
        text(&cut(&case.preview)),
        text(case.expected.as_deref().map(cut).as_deref().unwrap_or(format::UNKNOWN)),
    )?;
    for cell in &case.cells {
        write_cell(out, cell)?;
    }
    writeln!(out, "</tr>")?;
    Ok(())
}

fn write_cell(out: &mut impl Write, cell: &DifferingCell) -> Result<(), ExportError> {
    let (class, mark) = match cell.outcome {
        Some(Outcome::Pass) => ("pass", "✓ pass".to_owned()),
        Some(Outcome::Fail) => ("fail", "✗ fail".to_owned()),
        Some(Outcome::Timeout) => ("fail", "✗ timeout".to_owned()),
        Some(other) => ("unusable", other.name().replace('_', " ")),
        None => ("unusable", format::UNKNOWN.to_owned()),
    };
    let several =
        if cell.trials > 1 { format!(" {} of {}", cell.passes, cell.trials) } else { String::new() };
    write!(out, "<td class=\"words\"><span class=\"outcome {class}\">{}{several}</span>", text(&mark))?;
    if let Some(answer) = &cell.answer {
        write!(out, "<small>{}</small>", text(&cut(answer)))?;
    }
    write_steps(out, &cell.steps)?;
    write!(out, "</td>")?;
    Ok(())
}

/// The nodes that a trial ran, folded away: the first ones, the others counted.
fn write_steps(out: &mut impl Write, steps: &[Step]) -> Result<(), ExportError> {
    if steps.is_empty() {
        return Ok(());
    }
    let plural = if steps.len() == 1 { "" } else { "s" };
    write!(out, "<details class=\"steps\"><summary>{} step{plural}</summary><ol>", steps.len())?;
    for step in steps.iter().take(MOST_STEPS) {
        let mut facts = Vec::new();
        if step.iteration > 1 {
            facts.push(format!("time {}", step.iteration));
        }
        // People count from 1.
        facts.extend(step.item.map(|item| format!("item {}", u64::from(item) + 1)));
        facts.extend(step.latency_ms.map(format::milliseconds));
        facts.extend(step.usage.total_tokens().map(|tokens| format!("{} tokens", format::count(tokens))));
        facts.extend(step.cost_usd.map(format::usd));
        let said = match &step.error {
            Some(error) => error.clone(),
            None if step.outputs.is_empty() => String::new(),
            None => Value::Object(step.outputs.clone()).to_string(),
        };
        write!(
            out,
            "<li><b>{}</b> {}<small>{}</small></li>",
            text(&step.node),
            text(&facts.join(", ")),
            text(&cut(&said))
        )?;
    }
    write!(out, "</ol>")?;
    if steps.len() > MOST_STEPS {
        write!(out, "<p>{} more</p>", steps.len() - MOST_STEPS)?;
    }
    write!(out, "</details>")?;
    Ok(())
}

/// The text, cut after [`LONGEST_TEXT`] characters.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
