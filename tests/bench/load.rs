//! Reading a large data set.

use crate::Error;
use crate::machine::milliseconds;
use crate::place::{Place, write_rows};
use crate::report::{Report, Target, median};
use bakeoff_core::dataset::{Format, read};
use std::fs::File;
use std::io::BufReader;
use std::time::Instant;

const ROWS: usize = 100_000;
const REPEATS: usize = 3;

/// From the file to checked cases.
pub fn jsonl(report: &mut Report) -> Result<(), Error> {
    let place = Place::new()?;
    let path = place.workspace().join("datasets/large.jsonl");
    write_rows(&path, ROWS)?;
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let start = Instant::now();
        let read = read(Format::Jsonl, BufReader::new(File::open(&path)?)).value;
        times.push(milliseconds(start));
        if read.map(|cases| cases.len()) != Some(ROWS) {
            return Err("the data set could not be read".into());
        }
    }
    let what = format!("data set of {ROWS} rows (JSONL) read and checked");
    report.judge(what, median(times), "ms", Target::AtMost(2_000.0));
    Ok(())
}
