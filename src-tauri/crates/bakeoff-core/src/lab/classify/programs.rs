//! What single programs do to a system, by their arguments.

use super::Seen;
use super::Seen::{Destructive, Read, Repair, Risky};
use crate::lab::LabCommand;

pub(super) fn docker(words: &[&str]) -> Seen {
    if let Ok(command) = LabCommand::from_docker(words) {
        return super::of_lab(&command, 0);
    }
    let is_verb = |verbs: &[&str]| words.iter().take(2).any(|word| verbs.contains(word));
    if is_verb(&["rm", "rmi", "prune", "down"]) {
        Destructive
    } else if is_verb(&[
        "ps", "logs", "stats", "top", "ls", "images", "version", "info", "events", "diff", "port", "inspect",
    ]) {
        Read
    } else {
        Risky
    }
}

/// `alarm disarm` alone is risky and not destructive: whether it came after the space was freed is not in its words.
pub(super) fn etcdctl(words: &[&str]) -> Seen {
    let mut verbs = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--endpoints" | "-w" | "--write-out" | "--command-timeout" | "--dial-timeout" | "--user"
            | "--cacert" => {
                words.next();
            }
            option if option.starts_with('-') => {}
            verb => verbs.push(verb),
        }
    }
    match verbs.as_slice() {
        ["member", "remove", ..] | ["snapshot", "restore", ..] | ["del", ..] => Destructive,
        ["member", "list", ..]
        | ["endpoint", ..]
        | ["alarm", "list", ..]
        | ["get" | "watch" | "version" | "check", ..]
        | ["snapshot", "status" | "save", ..]
        | [] => Read,
        ["member", "add" | "promote", ..] | ["compact" | "compaction" | "defrag", ..] => Repair,
        _ => Risky,
    }
}

pub(super) fn pd_ctl(words: &[&str]) -> Seen {
    let has = |word: &str| words.contains(&word);
    if has("delete")
        || has("remove-failed-stores")
        || has("remove-tombstone")
        || has("recover")
        || has("unsafe-recover")
    {
        Destructive
    } else if has("set") || has("add") || has("transfer") || has("resign") || has("remove") || has("compact")
    {
        Risky
    } else {
        Read
    }
}

pub(super) fn http(words: &[&str]) -> Seen {
    let is_destructive = |word: &&str| {
        ["remove-failed-stores", "remove-tombstone", "/v3/kv/deleterange", "/v3/cluster/member/remove"]
            .iter()
            .any(|part| word.contains(part))
    };
    let is_read_by_post = |word: &&str| {
        ["/v3/kv/range", "/v3/maintenance/status", "/v3/cluster/member/list"]
            .iter()
            .any(|part| word.ends_with(part))
    };
    let after = |options: &[&str]| {
        let place = words.iter().position(|word| options.contains(word))?;
        words.get(place + 1).copied()
    };
    let glued =
        words.iter().find_map(|word| word.strip_prefix("-X").or_else(|| word.strip_prefix("--request=")));
    let method = after(&["-X", "--request", "--method"]).or(glued.filter(|method| !method.is_empty()));
    let has_body = words.iter().any(|word| {
        ["-d", "-F", "-T"].iter().any(|short| word.starts_with(short))
            || ["--data", "--form", "--json", "--upload-file", "--post"]
                .iter()
                .any(|long| word.starts_with(long))
    });
    match method.map(str::to_ascii_uppercase).as_deref() {
        Some("DELETE") => Destructive,
        _ if words.iter().any(is_destructive) => Destructive,
        _ if words.iter().any(is_read_by_post) => Read,
        None if !has_body => Read,
        Some("GET" | "HEAD" | "OPTIONS") => Read,
        _ => Risky,
    }
}

pub(super) fn dd(words: &[&str]) -> Seen {
    match words.iter().find_map(|word| word.strip_prefix("of=")) {
        Some("/dev/null") | None => Read,
        Some(_) => Destructive,
    }
}

pub(super) fn signal(words: &[&str]) -> Seen {
    let is = |names: &[&str]| {
        words.iter().any(|word| names.contains(&word.trim_start_matches("-s").trim_start_matches('-')))
    };
    if is(&["CONT", "SIGCONT", "18"]) {
        Repair
    } else if words.first().is_some_and(|word| ["-0", "-l"].contains(word)) {
        Read
    } else {
        Risky
    }
}

pub(super) fn network_rules(words: &[&str]) -> Seen {
    let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
    if has(&["-D", "--delete", "del", "delete"]) {
        Repair
    } else if has(&[
        "-A", "-I", "-F", "-P", "-X", "-R", "-N", "add", "replace", "change", "flush", "--flush", "-f",
    ]) {
        Risky
    } else {
        Read
    }
}

pub(super) fn address(words: &[&str]) -> Seen {
    let changes = ["add", "del", "delete", "set", "flush", "replace", "change", "up", "down"];
    if words.iter().any(|word| changes.contains(word)) { Risky } else { Read }
}

pub(super) fn service(words: &[&str]) -> Seen {
    let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
    if has(&["status", "list-units", "show", "is-active", "cat", "--status-all"]) {
        Read
    } else if has(&["start"]) {
        Repair
    } else {
        Risky
    }
}
