//! The mock model server as a process of its own, so that its time is not counted as ours.

use crate::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running server; dropping it ends it.
pub struct Mock {
    child: Child,
    port: u16,
}

impl Mock {
    /// Every answer takes at least this long.
    pub fn start(delay_ms: u64) -> Result<Self, Error> {
        let program = Path::new(env!("CARGO_BIN_EXE_bakeoff")).with_file_name("bakeoff-mock");
        let mut child = Command::new(&program)
            .args(["--delay-ms", &delay_ms.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}; `make bench` builds it", program.display()))?;
        let out = child.stdout.take().ok_or("the mock server has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let port = line.trim().parse().map_err(|_| format!("the mock server said {line:?}, not its port"))?;
        Ok(Self { child, port })
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
