//! Exports 100,000 made-up trials to nowhere and prints the time and the memory it took.

#[path = "../tests/it/sample.rs"]
#[expect(dead_code, reason = "the report's samples are for the tests")]
mod sample;

use std::convert::Infallible;
use std::error::Error;
use std::time::Instant;

const TRIALS: u32 = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let trials = || (0..TRIALS).map(|case| Ok::<_, Infallible>(sample::trial(case)));
    let none: [Result<bakeoff_core::dataset::Case, Infallible>; 0] = [];
    let (head, variants) = (sample::head(), sample::variants());
    let start = Instant::now();
    let count = bakeoff_interop::csv::write_trials(std::io::sink(), &["label".into()], trials())?;
    println!("CSV: {count} trials in {:.2?}", start.elapsed());
    let start = Instant::now();
    let count = bakeoff_interop::json::write(std::io::sink(), 0, &head, &variants, None, none, trials())?;
    println!("JSON: {count} trials in {:.2?}", start.elapsed());
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    }
    Ok(())
}
