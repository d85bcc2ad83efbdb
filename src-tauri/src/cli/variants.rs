//! `bakeoff list-variants`

use super::output::{Output, data, table, talk};
use super::{CliResult, DONE};
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_service::Service;

/// `list-variants` takes no arguments of its own.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// Lists variants.
pub fn run(service: &Service, _arguments: &Arguments, output: &Output) -> CliResult {
    let rows = service.list_variants()?;
    output.print(&rows, || {
        if rows.is_empty() {
            talk("There are no variants. Put YAML files into variants/, or make a starter workspace: bakeoff init DIR");
            return;
        }
        let lines = rows.iter().map(|row| match &row.variant {
            Some(variant) => vec![
                row.name.clone(),
                format!("{} {}", variant.provider.name(), variant.model),
                row.used_in.join(", "),
                row.preview.chars().take(60).collect(),
            ],
            None => vec![row.name.clone(), "has errors".to_owned(), row.used_in.join(", "), String::new()],
        });
        data(&table(&["variant", "model", "used in", "prompt"], &[], lines.collect()));
    });
    for row in &rows {
        output.findings(&row.diagnostics);
    }
    let broken = rows.iter().filter(|row| row.diagnostics.iter().any(Diagnostic::is_error)).count();
    if broken > 0 {
        talk(&format!("{broken} of {} variants can't be used until they are mended", rows.len()));
    }
    Ok(DONE)
}
