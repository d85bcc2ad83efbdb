//! Exports of a made-up run, read back.

mod csv;
mod html;
mod json;
mod sample;

use bakeoff_interop::TrialLine;
use std::convert::Infallible;

/// So many trials, each made when it is asked for.
fn trials(count: u32) -> impl Iterator<Item = Result<TrialLine, Infallible>> {
    (0..count).map(|case| Ok(sample::trial(case)))
}

/// A disk that is full after so many bytes.
struct FullDisk(usize);

impl std::io::Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if bytes.len() > self.0 {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
