//! What went wrong, in words that say what to do.

use crate::MOST_OUTPUT;
use bakeoff_core::ports::RunnerCall;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

/// Characters of stderr in a message.
const SHOWN_STDERR: usize = 1_000;
/// Characters of stdout in a message.
const SHOWN_OUTPUT: usize = 200;

/// The program's name as its command says it.
pub(crate) fn program(call: &RunnerCall) -> &str {
    call.command.first().map_or("the program", String::as_str)
}

pub(crate) fn no_folder(workspace: &Path) -> String {
    format!("The workspace {} is not there, so no program can be started in it.", workspace.display())
}

pub(crate) fn not_started(program: &str, workspace: &Path, error: &std::io::Error) -> String {
    let is_path = program.contains(std::path::MAIN_SEPARATOR) || program.contains('/');
    match error.kind() {
        ErrorKind::NotFound if is_path && workspace.join(program).exists() => format!(
            "{program} can't be started: its first line (#!) names an interpreter that is not there. Correct that line, \
             or name the interpreter in the command, such as [python3, {program}]."
        ),
        ErrorKind::NotFound if is_path => format!(
            "There is no program {program} (paths are relative to the workspace {}). Correct the runner's command.",
            workspace.display()
        ),
        ErrorKind::NotFound => {
            let path = std::env::var("PATH").unwrap_or_default();
            format!(
                "There is no program {program} in any folder of PATH ({path}). Install it, or write its path into the \
                 runner's command."
            )
        }
        ErrorKind::PermissionDenied => format!(
            "{program} may not be run. Make it executable (chmod +x), or name its interpreter in the command, such as \
             [python3, {program}]."
        ),
        _ => format!("{program} can't be started: {error}."),
    }
}

pub(crate) fn timed_out(program: &str, after: Duration, stderr: &str) -> String {
    let seconds = after.as_secs_f64();
    format!("{program} did not end within {seconds} s and was killed.{}", last_words(stderr))
}

pub(crate) fn too_much(program: &str) -> String {
    let megabytes = MOST_OUTPUT >> 20;
    format!(
        "{program} wrote more than {megabytes} MB to stdout and was killed. It must write one JSON object there; logs \
         belong on stderr."
    )
}

pub(crate) fn io(program: &str, detail: &str) -> String {
    format!("{program} could not be followed: {detail}.")
}

/// It ended with an error code or by a signal.
pub(crate) fn ended(program: &str, status: ExitStatus, stderr: &str) -> String {
    let how = match (status.code(), signal(status)) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("died by signal {signal}{}", meaning(signal)),
        (None, None) => format!("ended abnormally ({status})"),
    };
    format!("{program} {how}.{}", last_words(stderr))
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

fn meaning(signal: i32) -> &'static str {
    match signal {
        4 => " (illegal instruction)",
        6 => " (abort)",
        8 => " (arithmetic error)",
        9 => " (killed; the system does that when memory runs out)",
        11 => " (invalid memory access)",
        15 => " (terminated)",
        _ => "",
    }
}

pub(crate) fn no_json(program: &str, output: &[u8], error: &serde_json::Error, stderr: &str) -> String {
    let text = String::from_utf8_lossy(output);
    let beginning = text.trim_start();
    if beginning.is_empty() {
        return format!(
            "{program} ended well, but wrote nothing to stdout. It must write one JSON object there.{}",
            last_words(stderr)
        );
    }
    let shown: String = beginning.chars().take(SHOWN_OUTPUT).collect();
    let more = if shown.len() < beginning.len() { "…" } else { "" };
    format!(
        "{program} wrote no JSON to stdout ({error}). It must write one JSON object and nothing else there; logs belong \
         on stderr. It begins with: {shown}{more}"
    )
}

/// The end of stderr as a sentence of its own.
fn last_words(stderr: &str) -> String {
    let text = stderr.trim_end();
    if text.is_empty() {
        return " It wrote nothing to stderr.".to_owned();
    }
    let skipped = text.chars().count().saturating_sub(SHOWN_STDERR);
    let shown: String = text.chars().skip(skipped).collect();
    let cut = if skipped > 0 { "…" } else { "" };
    format!(" The end of its stderr: {cut}{}", shown.trim_start())
}
