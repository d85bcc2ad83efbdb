//! The mock model server as a process of its own, for benches and crash tests: prints its port on the first line
//! and serves until its standard input is closed. Requests are counted (`GET /count`, and `GET /repeated` for
//! those whose path and body had been seen before) but not kept.
//!
//! `bakeoff-mock [--delay-ms N] [--port N]`

use bakeoff_testkit::{MockOptions, MockServer};
use std::io::{Read, Write};
use std::time::Duration;

fn main() -> Result<(), String> {
    let options = read_options(std::env::args().skip(1))?;
    let server = MockServer::with_options(options, |_| None);
    let mut out = std::io::stdout();
    writeln!(out, "{}", server.port()).and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    std::io::stdin().read_to_end(&mut Vec::new()).map_err(|error| error.to_string())?;
    Ok(())
}

fn read_options(mut arguments: impl Iterator<Item = String>) -> Result<MockOptions, String> {
    let mut options = MockOptions { keep_requests: false, ..MockOptions::default() };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a number"))?;
        let number: u64 = value.parse().map_err(|_| format!("{name} {value}: not a whole number"))?;
        match name.as_str() {
            "--delay-ms" => options.delay = Duration::from_millis(number),
            "--port" => {
                options.port = u16::try_from(number).map_err(|_| format!("--port {number}: too large"))?
            }
            _ => return Err(format!("{name} is not known; use --delay-ms and --port")),
        }
    }
    Ok(options)
}
