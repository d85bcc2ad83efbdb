//! What was compared, word for word.

use super::Report;
use super::escape::text;
use crate::ExportError;
use std::io::Write;

pub(super) fn write(out: &mut impl Write, report: &Report<'_>) -> Result<(), ExportError> {
    writeln!(out, "<section>\n<h2>Definitions</h2>\n<p>As they were when the run started.</p>")?;
    for variant in report.variants {
        writeln!(
            out,
            "<details>\n<summary>{} <span class=\"model\">{} · {}</span></summary>\n<pre>{}</pre>\n<p class=\"hash\">Content: SHA-256 {}</p>\n</details>",
            text(&variant.name),
            variant.variant.provider.name(),
            text(&variant.variant.model),
            text(&variant.text),
            text(&variant.content_hash),
        )?;
    }
    writeln!(
        out,
        "<details>\n<summary>Campaign {}</summary>\n<pre>{}</pre>\n</details>\n</section>",
        text(&report.head.campaign),
        text(&report.head.definition)
    )?;
    Ok(())
}
