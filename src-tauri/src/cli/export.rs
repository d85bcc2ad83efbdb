//! `bakeoff export ID --format csv|json|html|eval-db`

use super::output::{Output, Stdout, talk};
use super::{CliResult, DONE};
use bakeoff_service::Service;
use bakeoff_service::dto::{ExportFormat, ServiceError};
use std::path::PathBuf;

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The run's number.
    #[arg(value_parser = super::run_number)]
    run: u32,
    /// csv: one line a trial; json: everything; html: a report in one file; eval-db: a fault campaign as Operator's viewer
    /// reads it.
    #[arg(long, value_enum)]
    format: Format,
    /// The file to write; without it, standard output.
    path: Option<PathBuf>,
    /// The same.
    #[arg(short, long, conflicts_with = "path", value_name = "PATH")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Csv,
    Json,
    Html,
    EvalDb,
}

/// Exports a run.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    let target = arguments.path.as_ref().or(arguments.output.as_ref());
    let format = match arguments.format {
        Format::EvalDb => return eval_db(service, arguments.run, target, output),
        Format::Csv => ExportFormat::Csv,
        Format::Json => ExportFormat::Json,
        Format::Html => ExportFormat::Html,
    };
    match target {
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

fn eval_db(service: &Service, run: u32, target: Option<&PathBuf>, output: &Output) -> CliResult {
    let path = target.ok_or_else(|| {
        ServiceError::bad_input("an eval.db is a database and can't go to standard output")
            .with_hint(format!("name a file: bakeoff export {run} --format eval-db eval.db"))
    })?;
    let done = service.export_eval_db(run, path)?;
    output.print(&done, || {
        talk(&format!("{} trials in {} campaigns written to {}", done.trials, done.campaigns, done.written));
        if done.left_out > 0 {
            talk(&format!("{} trials without a result have no place in such a file", done.left_out));
        }
    });
    Ok(DONE)
}
