//! `bakeoff`: without a verb the window, with one the command line.

use bakeoff::cli::{self, Arguments};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return cli::usage(&error),
    };
    match arguments.verb.take() {
        Some(verb) => cli::run(arguments, verb),
        None => window(arguments),
    }
}

#[cfg(feature = "desktop")]
fn window(arguments: Arguments) -> ExitCode {
    match bakeoff::app::run(arguments.workspace) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the window can't be opened: {error}");
            eprintln!("  use the command line: bakeoff --help");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(feature = "desktop"))]
fn window(_arguments: Arguments) -> ExitCode {
    eprintln!("error: this program was built without the window");
    eprintln!(
        "  build it with: cargo build --release --features desktop, or use the command line: bakeoff --help"
    );
    ExitCode::FAILURE
}
