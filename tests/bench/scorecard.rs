//! The scorecard of a large stored run.

use crate::Error;
use crate::machine::milliseconds;
use crate::place::Place;
use crate::report::{Report, Target, median};
use crate::synthetic;
use bakeoff_service::dto::CompareRequest;
use std::time::Instant;

/// Each time with a newly opened service.
const REPEATS: usize = 5;

/// 100,000 trials, and on demand a million.
pub fn scorecard(report: &mut Report) -> Result<(), Error> {
    measure(report, 100_000, 150.0)?;
    if std::env::var_os("BAKEOFF_BENCH_LARGE").is_some_and(|value| value == "1") {
        measure(report, 1_000_000, 1_500.0)?;
    }
    Ok(())
}

fn measure(report: &mut Report, trials: u32, target_ms: f64) -> Result<(), Error> {
    let place = Place::new()?;
    let run = synthetic::finished_run(&place, trials)?;
    let request = CompareRequest { runs: vec![run], ..CompareRequest::default() };
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let service = place.open()?;
        for times in [&mut cold, &mut warm] {
            let start = Instant::now();
            let view = service.compare(&request)?;
            times.push(milliseconds(start));
            let seen: u32 = view.comparison.variants.iter().map(|variant| variant.usable).sum();
            if seen != trials {
                return Err(format!("the scorecard counts {seen} of {trials} trials").into());
            }
        }
    }
    let what = format!("scorecard of {trials} stored trials");
    report.judge(what, median(cold), "ms", Target::AtMost(target_ms));
    report.note("again, with the trials in memory", median(warm), "ms");
    Ok(())
}
