//! What is to be known about the machine and about this process, read from Linux's /proc; elsewhere it is absent.

use crate::report::median;
use std::io::Write;
use std::time::Instant;

/// Linux counts a process's time in ticks of 10 ms, on every architecture.
const MS_PER_TICK: f64 = 10.0;

/// Cores, processor, load, and what a synced write costs.
pub fn facts() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let load = std::fs::read_to_string("/proc/loadavg").ok();
    let load = load.as_deref().and_then(|text| text.split_whitespace().next());
    let sync = synced_write_ms().map_or("unknown".to_owned(), |ms| format!("{ms:.2} ms"));
    format!(
        "{cores} cores ({}), load {}, a synced 4 kB write takes {sync}",
        processor.as_deref().unwrap_or("unknown processor"),
        load.unwrap_or("unknown")
    )
}

/// The median of some, on the disk where the benches keep their databases.
fn synced_write_ms() -> std::io::Result<f64> {
    let mut file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut times = Vec::new();
    for _ in 0..21 {
        let start = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        times.push(milliseconds(start));
    }
    Ok(median(times))
}

/// Milliseconds since then.
pub fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// Processor time of this process so far, its children not included, in ms.
pub fn processor_ms() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may contain spaces; user and system time are the 12th and 13th field after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) * MS_PER_TICK)
}

/// The most memory that a process has held at once so far, in MB (10⁶ bytes); absent once it is gone.
pub fn peak_megabytes(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}
