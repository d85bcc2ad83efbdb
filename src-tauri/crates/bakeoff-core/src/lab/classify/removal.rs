//! Removing files: freeing space, or destroying the system's own data.

use super::Seen;
use super::Seen::{Destructive, Read, Repair};

pub(super) fn remove(words: &[&str]) -> Seen {
    let is_recursive = |word: &&str| {
        *word == "--recursive"
            || (word.starts_with('-') && !word.starts_with("--") && word.contains(['r', 'R']))
    };
    if words.iter().any(is_recursive) {
        return Destructive;
    }
    words.iter().filter(|word| !word.starts_with('-')).map(|path| removal(path)).max().unwrap_or(Read)
}

/// The class of removing one file: freeing space is a repair, unless it may be the system's own data.
pub(super) fn removal(path: &str) -> Seen {
    const DATA: [&str; 10] =
        ["data", "db", "log", "member", "meta", "raft", "snap", "snapshot", "vote", "wal"];
    const ENDINGS: [&str; 6] = ["db", "json", "log", "snap", "sst", "wal"];
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    let is_data = name.is_empty()
        || name.contains(['*', '?'])
        || name.starts_with('.')
        || path
            .split('/')
            .skip_while(|part| part.is_empty())
            .any(|part| ["member", "raft", "snap", "wal"].contains(&part))
        || DATA.contains(&name)
        || name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
    if is_data { Destructive } else { Repair }
}
