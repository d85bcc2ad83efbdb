//! `bakeoff export ID --format csv|json|html`

use super::output::{Output, Stdout, talk};
use super::{CliResult, DONE};
use bakeoff_service::Service;
use bakeoff_service::dto::ExportFormat;
use std::path::PathBuf;

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The run's number.
    #[arg(value_parser = super::run_number)]
    run: u32,
    /// csv: one line a trial; json: everything; html: a report in one file.
    #[arg(long, value_enum)]
    format: Format,
    /// The file to write; without it, standard output.
    #[arg(short, long)]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Csv,
    Json,
    Html,
}

/// Exports a run.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    let format = match arguments.format {
        Format::Csv => ExportFormat::Csv,
        Format::Json => ExportFormat::Json,
        Format::Html => ExportFormat::Html,
    };
    match &arguments.output {
        Some(path) => {
            service.export_run(arguments.run, format, &path.display().to_string())?;
            output.print(&serde_json::json!({ "written": path }), || {
                talk(&format!("written to {}", path.display()))
            });
        }
        None => service.export_to(arguments.run, format, &mut Stdout)?,
    }
    Ok(DONE)
}
