//! Everything about a run in one JSON document, one trial a line, so that it can be read in pieces.

use crate::{ExportError, RunHead, TrialLine, VariantText, iso, read};
use bakeoff_core::analysis::Comparison;
use bakeoff_core::dataset::Case;
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;

/// The version of the format: readers check it first.
pub const FORMAT: &str = "bakeoff-run/1";

#[derive(Serialize)]
struct CaseLine<'a> {
    id: &'a str,
    content_hash: String,
    row: &'a RawValue,
}

/// Writes `{format, exported_at, run, variants, comparison, cases, trials}`. Times inside of `run` and `trials` are
/// milliseconds since 1970 UTC; case and variant of a trial are given by name and, in `key`, by index. Returns the number
/// of trials.
///
/// # Errors
/// When the writer or one of the iterators fails.
pub fn write<E: std::fmt::Display>(
    mut writer: impl Write,
    exported_at: bakeoff_core::trial::Millis,
    head: &RunHead,
    variants: &[VariantText],
    comparison: Option<&Comparison>,
    cases: impl IntoIterator<Item = Result<Case, E>>,
    trials: impl IntoIterator<Item = Result<TrialLine, E>>,
) -> Result<u64, ExportError> {
    write!(writer, "{{\n\"format\": ")?;
    put(&mut writer, FORMAT)?;
    write!(writer, ",\n\"exported_at\": ")?;
    put(&mut writer, &iso(exported_at))?;
    write!(writer, ",\n\"run\": ")?;
    put(&mut writer, head)?;
    write!(writer, ",\n\"variants\": ")?;
    put(&mut writer, variants)?;
    write!(writer, ",\n\"comparison\": ")?;
    put(&mut writer, &comparison)?;
    write!(writer, ",\n\"cases\": [")?;
    lines(&mut writer, cases, |writer, case| {
        let line = CaseLine { id: &case.id, content_hash: case.content_hash(), row: &case.json };
        put(writer, &line)
    })?;
    write!(writer, "],\n\"trials\": [")?;
    let count = lines(&mut writer, trials, |writer, trial| put(writer, &trial))?;
    writeln!(writer, "]\n}}")?;
    writer.flush()?;
    Ok(count)
}

fn put<T: Serialize + ?Sized>(writer: &mut impl Write, value: &T) -> Result<(), ExportError> {
    serde_json::to_writer(writer, value).map_err(|error| ExportError::Write(error.into()))
}

/// The elements of an array, one a line.
fn lines<W: Write, T, E: std::fmt::Display>(
    writer: &mut W,
    items: impl IntoIterator<Item = Result<T, E>>,
    put: impl Fn(&mut W, T) -> Result<(), ExportError>,
) -> Result<u64, ExportError> {
    let mut count = 0;
    for item in items {
        writer.write_all(if count == 0 { b"\n" } else { b",\n" })?;
        put(writer, read(item)?)?;
        count += 1;
    }
    writer.write_all(b"\n")?;
    Ok(count)
}
