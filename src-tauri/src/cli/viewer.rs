//! `bakeoff viewer [--db eval.db]`: what the window is to be opened on. Opening it is the caller's.

use super::output::{Output, talk};
use super::{CliResult, DONE, FAILED, exit_code, import};
use bakeoff_service::dto::ServiceError;
use bakeoff_service::{Service, ServiceOptions};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `viewer`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Operator's eval.db. It is taken into a workspace of its own for this look; the file is not changed. Without it,
    /// the window opens on the workspace.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Operator's operator.db of the same time.
    #[arg(long, value_name = "FILE", requires = "db")]
    operator_db: Option<PathBuf>,
    /// The time zone of the machine on which Operator ran, such as Europe/Berlin. Default: this machine's.
    #[arg(long, value_name = "ZONE", requires = "db")]
    operator_time_zone: Option<String>,
}

/// Makes what is to be looked at, and hands its folder to `window`; without a display it says how to look at it from here.
///
/// # Errors
/// Never: problems are told, and are in the exit code.
pub fn run(
    arguments: &super::Arguments,
    given: &Arguments,
    window: impl FnOnce(Option<PathBuf>) -> ExitCode,
) -> ExitCode {
    let output = Output { json: arguments.json };
    let failed = |error: &ServiceError| {
        output.error(error);
        ExitCode::from(exit_code(error))
    };
    let Some(file) = &given.db else {
        return match has_display() {
            true => window(arguments.workspace.clone()),
            false => ExitCode::from(without_display(arguments.workspace.as_deref()).unwrap_or(FAILED)),
        };
    };
    let folder = match tempfile_of(file) {
        Ok(folder) => folder,
        Err(error) => return failed(&error),
    };
    if let Err(error) = fill(&folder, file, given) {
        // Nobody needs an empty one.
        let _ = std::fs::remove_dir_all(&folder);
        return failed(&error);
    }
    if !has_display() {
        return ExitCode::from(without_display(Some(&folder)).unwrap_or(FAILED));
    }
    let code = window(Some(folder.clone()));
    let _ = std::fs::remove_dir_all(&folder);
    code
}

fn fill(folder: &Path, file: &Path, given: &Arguments) -> Result<(), ServiceError> {
    let service = Service::open(folder, ServiceOptions::default())?;
    let zone = given.operator_time_zone.as_deref();
    import::tell(&service.import_eval_db(file, given.operator_db.as_deref(), zone)?);
    Ok(())
}

/// A folder for this look alone.
fn tempfile_of(file: &Path) -> Result<PathBuf, ServiceError> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = std::env::temp_dir().join(format!("{}{name}-{}", crate::FLEETING, std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| ServiceError::io("make", &folder, &error))?;
    Ok(folder)
}

/// Whether a window can be shown.
fn has_display() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

fn without_display(folder: Option<&Path>) -> CliResult {
    let place = folder.map(|folder| format!(" -C {}", folder.display())).unwrap_or_default();
    talk("There is no display, so the window can't be opened. The same from here:");
    for verb in ["list", "show 1 --trials 20", "show 1 --trial 1", "compare 1"] {
        talk(&format!("  bakeoff{place} {verb}"));
    }
    Ok(DONE)
}
