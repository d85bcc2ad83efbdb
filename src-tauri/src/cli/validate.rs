//! `bakeoff validate [PATH…]`

use super::output::{Output, data, talk};
use super::{BAD_INPUT, CliResult, DONE};
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_service::Service;
use std::path::PathBuf;

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files or folders; without any, the whole workspace.
    paths: Vec<PathBuf>,
}

/// Checks files.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    let checked = service.validate(&arguments.paths)?;
    let errors =
        checked.iter().flat_map(|file| &file.diagnostics).filter(|finding| finding.is_error()).count();
    output.print(&checked, || {
        for file in &checked {
            let bad = file.diagnostics.iter().any(Diagnostic::is_error);
            data(&format!("{} {}", if bad { "bad " } else { "good" }, file.path));
        }
    });
    for file in &checked {
        output.findings(&file.diagnostics);
    }
    if errors == 0 {
        return Ok(DONE);
    }
    talk(&format!("{errors} error{} in {} files", if errors == 1 { "" } else { "s" }, checked.len()));
    Ok(BAD_INPUT)
}
