//! `bakeoff`: without a verb the window, with one the command line.

use bakeoff::cli::{self, Arguments, Verb};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(words) = labctl_words() {
        return bakeoff_service::labctl_main(&words);
    }
    let mut arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return cli::usage(&error),
    };
    match arguments.verb.take() {
        Some(Verb::Viewer(given)) => cli::viewer::run(&arguments, &given, window),
        Some(verb) => cli::run(arguments, verb),
        None => window(arguments.workspace),
    }
}

/// The words after `labctl`, where this program was started under that name: in an agent's shell.
fn labctl_words() -> Option<Vec<String>> {
    let mut words = std::env::args_os();
    let program = std::path::PathBuf::from(words.next()?);
    let is_labctl = program.file_name().is_some_and(|name| name == bakeoff_service::LABCTL);
    is_labctl.then(|| words.map(|word| word.to_string_lossy().into_owned()).collect())
}

#[cfg(feature = "desktop")]
fn window(workspace: Option<PathBuf>) -> ExitCode {
    match bakeoff::app::run(workspace) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the window can't be opened: {error}");
            eprintln!("  use the command line: bakeoff --help");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(feature = "desktop"))]
fn window(_workspace: Option<PathBuf>) -> ExitCode {
    eprintln!("error: this program was built without the window");
    eprintln!(
        "  build it with: cargo build --release --features desktop, or use the command line: bakeoff --help"
    );
    ExitCode::FAILURE
}
