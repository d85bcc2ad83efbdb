//! What the page calls and what the program registers, read from their sources.

use super::bridge::Calls;
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../ui/src/lib/backend/tauri.ts");
const HANDLER: &str = include_str!("../../../src-tauri/src/app/commands/mod.rs");

/// The page's calls.
pub fn called_by_page() -> Calls {
    let calls = PAGE.split("invoke('").skip(1).map(|rest| {
        let (command, after) = rest.split_once('\'').expect("a command's name ends");
        let (arguments, _) = after.split_once(')').expect("a call ends");
        (command.to_owned(), names(arguments))
    });
    calls.collect()
}

/// The names in `, { path, case: caseIndex }`.
fn names(arguments: &str) -> BTreeSet<String> {
    let inside =
        arguments.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(inside, _)| inside);
    let name = |part: &str| part.split(':').next().unwrap_or_default().trim().to_owned();
    inside.split(',').map(name).filter(|name| !name.is_empty()).collect()
}

/// The program's commands.
pub fn registered() -> BTreeSet<String> {
    let (_, list) = HANDLER.split_once("generate_handler![").expect("there is a list of commands");
    let (list, _) = list.split_once(']').expect("the list ends");
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(|entry| entry.rsplit("::").next().unwrap_or_default().to_owned()).collect()
}
