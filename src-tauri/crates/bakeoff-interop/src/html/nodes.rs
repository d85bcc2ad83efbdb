//! What the nodes of a workflow take, variant by variant.

use super::escape::text;
use crate::{ExportError, NodeUse};
use bakeoff_core::chart::format;
use std::io::Write;

pub(super) fn write(out: &mut impl Write, nodes: &[NodeUse]) -> Result<(), ExportError> {
    if nodes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section>\n<h2>Nodes of the workflow</h2>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Nodes of the workflow\">\n<table>\n\
         <caption>Means over the runs of each node for which the number is known, failed runs included; a loop or a parallel \
         edge runs a node several times in a trial</caption>\n\
         <thead>\n<tr><th scope=\"col\">Node</th><th scope=\"col\">Variant</th><th scope=\"col\" class=\"number\">Runs</th>\
         <th scope=\"col\" class=\"number\">Failed</th><th scope=\"col\" class=\"number\">Time</th>\
         <th scope=\"col\" class=\"number\">Tokens</th><th scope=\"col\" class=\"number\">Cost</th></tr>\n</thead>\n<tbody>"
    )?;
    for node in nodes {
        let cell = |(mean, n): (Option<f64>, u32), show: &dyn Fn(f64) -> String| match mean {
            None => format::UNKNOWN.to_owned(),
            Some(mean) if n == node.runs => show(mean),
            Some(mean) => format!("{}<small>n = {}</small>", show(mean), format::count(n.into())),
        };
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"words\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            text(&node.node),
            text(&node.variant),
            format::count(node.runs.into()),
            format::count(node.failed.into()),
            cell(node.latency_ms.mean(), &format::milliseconds),
            cell(node.tokens.mean(), &format::tokens),
            cell(node.cost_usd.mean(), &format::usd),
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>\n</section>")?;
    Ok(())
}
