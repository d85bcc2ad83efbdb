//! How fast the program is, as ratios to what this machine can do and to the targets. It prints a table and never
//! fails because of a time; it fails when something could not be measured.
//!
//! `cargo bench --bench bench [-- NAME …]` with the names of [`SECTIONS`]; `BAKEOFF_BENCH_LARGE=1` adds the
//! scorecard of a million trials. Needs `bakeoff-mock` beside the program: `make bench` builds both.

mod api;
mod calls;
mod chart;
mod load;
mod machine;
mod memory;
mod mlflow;
mod mock;
mod place;
mod report;
mod scorecard;
mod synthetic;

use report::Report;
use std::process::ExitCode;

/// Why something could not be measured.
type Error = Box<dyn std::error::Error>;

/// One part of the benches.
type Section = fn(&mut Report) -> Result<(), Error>;

/// What can be measured, by name.
const SECTIONS: [(&str, Section); 8] = [
    ("calls", calls::whole_path),
    ("waiting", calls::waiting_server),
    ("scorecard", scorecard::scorecard),
    ("memory", memory::large_campaign),
    ("chart", chart::ecdf),
    ("load", load::jsonl),
    ("mlflow", mlflow::reading),
    ("api", api::load),
];

fn main() -> ExitCode {
    // Cargo itself passes `--bench`.
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if let Some(unknown) = wanted.iter().find(|name| SECTIONS.iter().all(|(known, _)| known != name)) {
        eprintln!(
            "There is no bench {unknown:?}; choose among {}.",
            SECTIONS.map(|(name, _)| name).join(", ")
        );
        return ExitCode::FAILURE;
    }
    println!("{}", machine::facts());
    let mut report = Report::default();
    let mut failed = false;
    for (name, section) in SECTIONS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        eprintln!("measuring {name} …");
        if let Err(error) = section(&mut report) {
            eprintln!("{name} could not be measured: {error}");
            failed = true;
        }
    }
    println!("{report}");
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
