//! What a program may see of our environment.

use std::ffi::OsString;

/// Harmless, and needed by most programs and interpreters.
const ALWAYS: [&str; 9] =
    ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV", "PYTHONPATH", "SystemRoot"];

/// The variables that are set, of the usual few and those asked for.
pub(crate) fn of(asked_for: &[String]) -> Vec<(String, OsString)> {
    let names = ALWAYS.iter().copied().chain(asked_for.iter().map(String::as_str));
    // A name with `=` or NUL in it is never set, and asking for it is allowed.
    names.filter_map(|name| Some((name.to_owned(), std::env::var_os(name)?))).collect()
}
