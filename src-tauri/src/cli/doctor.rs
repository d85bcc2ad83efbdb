//! `bakeoff doctor`

use super::output::{Output, data};
use super::{CliResult, DONE, FAILED};
use bakeoff_service::dto::{Check, CheckState, ServiceError};
use bakeoff_service::{Service, ServiceOptions, doctor};

/// `doctor` takes no arguments of its own.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// Says what works here. Works without a workspace too.
pub fn run(service: &Result<Service, ServiceError>, _arguments: &Arguments, output: &Output) -> CliResult {
    let mut checks = match service {
        Ok(service) => service.doctor()?,
        Err(error) => doctor::without_workspace(&ServiceOptions::default(), error),
    };
    checks.push(window_check());
    output.print(&checks, || {
        for check in &checks {
            let state = match check.state {
                CheckState::Ok => "ok     ",
                CheckState::Missing => "missing",
                CheckState::Broken => "broken ",
            };
            data(&format!("{state}  {}: {}", check.name, check.found));
            if let Some(mend) = &check.mend {
                data(&format!("         {mend}"));
            }
        }
    });
    let broken = checks.iter().any(|check| check.state == CheckState::Broken);
    Ok(if broken { FAILED } else { DONE })
}

fn window_check() -> Check {
    let display = ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().find(|name| std::env::var_os(name).is_some());
    let (state, found, mend) = match (cfg!(feature = "desktop"), display) {
        (true, Some(name)) => (CheckState::Ok, format!("this program has it, and {name} is set"), None),
        (true, None) => (
            CheckState::Missing,
            "this program has it, but there is no display".to_owned(),
            Some("use the command line, or start it in a desktop session"),
        ),
        (false, _) => (
            CheckState::Missing,
            "this program was built without it".to_owned(),
            Some("build it with `make run` (or cargo build --release --features desktop)"),
        ),
    };
    Check { name: "Window".to_owned(), state, found, mend: mend.map(str::to_owned) }
}
