//! `bakeoff init DIR`

use super::output::{Output, data, talk};
use super::{CliResult, DONE};
use bakeoff_service::Service;
use std::path::PathBuf;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder; it is made when missing.
    directory: PathBuf,
}

/// Makes a workspace.
pub fn run(arguments: &Arguments, output: &Output) -> CliResult {
    let written = Service::init(&arguments.directory)?;
    output.print(&serde_json::json!({ "workspace": arguments.directory, "written": written }), || {
        for path in &written {
            data(path);
        }
        let folder = arguments.directory.display();
        talk(&format!("{} files written to {folder}. Next: bakeoff -C {folder} run tickets", written.len()));
    });
    Ok(DONE)
}
