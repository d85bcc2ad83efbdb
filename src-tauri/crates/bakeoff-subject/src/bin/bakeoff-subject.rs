//! The roles of the main program that the tests of this crate need: host and node of the embedded cluster, `labctl`,
//! the warden of Docker.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    let name = words.first().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let rest = words.get(1..).unwrap_or_default();
    match rest.first().map(String::as_str) {
        _ if name == bakeoff_subject::LABCTL => bakeoff_subject::labctl_main(rest),
        Some("cluster-host") => bakeoff_subject::host_main(),
        Some(bakeoff_subject::docker::warden::ROLE) => {
            bakeoff_subject::warden_main(rest.get(1).map(String::as_str).unwrap_or_default())
        }
        Some("cluster-node") => bakeoff_subject::node_main(rest.get(1..).unwrap_or_default()),
        _ => ExitCode::from(2),
    }
}
