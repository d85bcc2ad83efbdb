//! The quality gates of a run: what each said for each variant, and why.

use super::escape::text;
use crate::ExportError;
use bakeoff_core::gate::{GateAction, GateResult, GateScope, GateVerdict};
use std::io::Write;

pub(super) fn write(out: &mut impl Write, gates: &[GateResult]) -> Result<(), ExportError> {
    if gates.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section>\n<h2>Gates</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Gates\">\n<table>\n\
         <caption>Bounds that the numbers must hold; they are inclusive</caption>\n\
         <thead>\n<tr><th scope=\"col\">Gate</th><th scope=\"col\">If it fails</th><th scope=\"col\">Variant</th>\
         <th scope=\"col\">Result</th><th scope=\"col\">Why</th></tr>\n</thead>\n<tbody>"
    )?;
    for result in gates {
        let (class, word) = match result.verdict {
            GateVerdict::Pass => ("pass", "✓ pass"),
            GateVerdict::Fail => ("fail", "✗ fail"),
            GateVerdict::CannotTell => ("unusable", "? cannot tell"),
        };
        let action = match result.gate.action {
            GateAction::Warn => "warns",
            GateAction::Fail => "fails the run",
            GateAction::BlockDeploy => "blocks deployment",
        };
        let on = match result.gate.on {
            GateScope::Variant => "",
            GateScope::Trial => "<small>every trial</small>",
            GateScope::Difference => "<small>difference to the baseline</small>",
        };
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"words\">{action}</td><td class=\"words\">{}{on}</td>\
             <td class=\"words\"><span class=\"outcome {class}\">{word}</span></td><td class=\"words\">{}</td></tr>",
            text(&result.gate.name),
            text(&result.variant),
            text(&result.sentence),
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>\n</section>")?;
    Ok(())
}
