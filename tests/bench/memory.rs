//! The memory that the program needs for a large campaign.

use crate::Error;
use crate::machine::{milliseconds, peak_megabytes};
use crate::place::{Place, VARIANTS};
use crate::report::{Report, Target};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Cases of the campaign; 100,000 trials.
const CASES: usize = 25_000;
/// How often the process is looked at; the figure itself is the kernel's high-water mark.
const LOOK: Duration = Duration::from_millis(50);

/// `bakeoff run` on the built-in model.
pub fn large_campaign(report: &mut Report) -> Result<(), Error> {
    let place = Place::new()?;
    place.write_campaign("provider: builtin\nmodel: lexical-1", CASES, 16)?;
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_bakeoff"))
        .args(["run", "bench", "--json"])
        .current_dir(place.workspace())
        .env("BAKEOFF_CONFIG_DIR", place.config())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let mut peak = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = peak_megabytes(child.id()).or(peak);
        std::thread::sleep(LOOK);
    };
    if !status.success() {
        return Err(format!("bakeoff run ended with {status}").into());
    }
    let trials = CASES * VARIANTS.len();
    let seconds = milliseconds(start) / 1000.0;
    if let Some(peak) = peak {
        report.judge(format!("peak memory of a run of {trials} trials"), peak, "MB", Target::AtMost(150.0));
    }
    report.note("its trials a second, built-in model", trials as f64 / seconds, "/s");
    Ok(())
}
