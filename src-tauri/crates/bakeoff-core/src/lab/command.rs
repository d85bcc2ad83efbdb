//! `labctl` from words to commands, and back to a line.

use super::LabCommand;
use crate::diagnostic::nearest;
use std::fmt;

/// What `labctl help` prints, whatever the system is made of.
pub const HELP: &str = "\
labctl node list                      each node, its state and its addresses
labctl node start|stop|restart NODE
labctl node cont NODE                 lets a stopped node go on
labctl node logs NODE [LINES]         the last lines of its log (100)
labctl node inspect NODE              its state in JSON
labctl node exec NODE -- COMMAND...   inside the node's container, where it has one
labctl node delete NODE               removes the node with its data
labctl link list                      each link between two nodes and whether it passes
labctl link clear FROM TO             lets it pass again (FROM may be client where links lists one)
labctl disk df NODE                   size, used and free bytes of its volume
labctl disk ls NODE                   the files of its volume with their sizes
labctl disk rm NODE PATH              removes a file from its volume
";

/// How many lines of a log are shown where no number is given.
pub(super) const LOG_LINES: u32 = 100;

/// The most lines of a log that are shown.
pub(super) const MOST_LOG_LINES: u32 = 10_000;

const GROUPS: [&str; 4] = ["help", "node", "link", "disk"];
const NODE: [&str; 9] = ["list", "start", "stop", "restart", "cont", "logs", "inspect", "exec", "delete"];
const EXEC: &str = "labctl node exec NODE -- COMMAND...";
const LINK: [&str; 2] = ["list", "clear"];
const DISK: [&str; 3] = ["df", "ls", "rm"];

impl LabCommand {
    /// Reads the words after `labctl`.
    ///
    /// # Errors
    /// What is wrong with them and how it is written, as one line for stderr.
    pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<Self, String> {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let (group, rest) = match words.as_slice() {
            [] | ["help" | "--help" | "-h", ..] => return Ok(LabCommand::Help),
            [group, rest @ ..] => (*group, rest),
        };
        let (verb, names) = match rest {
            [verb, names @ ..] => (*verb, names),
            [] => ("", rest),
        };
        match group {
            "node" => node(verb, names),
            "link" => link(verb, names),
            "disk" => disk(verb, names),
            _ => Err(unknown("labctl", group, &GROUPS)),
        }
    }

    /// The node that it is about; `None`: about none or about a link.
    pub fn node(&self) -> Option<&str> {
        match self {
            LabCommand::Help | LabCommand::NodeList | LabCommand::LinkList | LabCommand::LinkClear { .. } => {
                None
            }
            LabCommand::NodeStart { node }
            | LabCommand::NodeStop { node }
            | LabCommand::NodeRestart { node }
            | LabCommand::NodeContinue { node }
            | LabCommand::NodeLogs { node, .. }
            | LabCommand::NodeExec { node, .. }
            | LabCommand::NodeInspect { node }
            | LabCommand::NodeDelete { node }
            | LabCommand::DiskFree { node }
            | LabCommand::DiskList { node }
            | LabCommand::DiskRemove { node, .. } => Some(node),
        }
    }
}

impl fmt::Display for LabCommand {
    /// As it is typed, quoted for a shell: `labctl node start n2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.node().map(quoted).unwrap_or_default();
        write!(f, "labctl ")?;
        match self {
            LabCommand::Help => write!(f, "help"),
            LabCommand::NodeList => write!(f, "node list"),
            LabCommand::NodeStart { .. } => write!(f, "node start {node}"),
            LabCommand::NodeStop { .. } => write!(f, "node stop {node}"),
            LabCommand::NodeRestart { .. } => write!(f, "node restart {node}"),
            LabCommand::NodeContinue { .. } => write!(f, "node cont {node}"),
            LabCommand::NodeLogs { lines, .. } => write!(f, "node logs {node} {lines}"),
            LabCommand::NodeInspect { .. } => write!(f, "node inspect {node}"),
            LabCommand::NodeDelete { .. } => write!(f, "node delete {node}"),
            LabCommand::NodeExec { command, .. } => {
                let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
                write!(f, "node exec {node} -- {}", words.join(" "))
            }
            LabCommand::LinkList => write!(f, "link list"),
            LabCommand::LinkClear { from, to } => write!(f, "link clear {} {}", quoted(from), quoted(to)),
            LabCommand::DiskFree { .. } => write!(f, "disk df {node}"),
            LabCommand::DiskList { .. } => write!(f, "disk ls {node}"),
            LabCommand::DiskRemove { path, .. } => write!(f, "disk rm {node} {}", quoted(path)),
        }
    }
}

/// A word as a POSIX shell reads it as one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn node(verb: &str, names: &[&str]) -> Result<LabCommand, String> {
    let one = |usage: &str| one_name(names, usage);
    Ok(match verb {
        "list" => none(names, "labctl node list").map(|()| LabCommand::NodeList)?,
        "start" => LabCommand::NodeStart { node: one("labctl node start NODE")? },
        "stop" => LabCommand::NodeStop { node: one("labctl node stop NODE")? },
        "restart" => LabCommand::NodeRestart { node: one("labctl node restart NODE")? },
        "cont" | "continue" | "resume" | "unpause" => {
            LabCommand::NodeContinue { node: one("labctl node cont NODE")? }
        }
        "inspect" => LabCommand::NodeInspect { node: one("labctl node inspect NODE")? },
        "delete" => LabCommand::NodeDelete { node: one("labctl node delete NODE")? },
        "logs" => match names {
            [node] => LabCommand::NodeLogs { node: name(node)?, lines: LOG_LINES },
            [node, lines] => LabCommand::NodeLogs { node: name(node)?, lines: log_lines(lines)? },
            _ => return Err(usage("labctl node logs NODE [LINES]", names)),
        },
        "exec" => match names {
            [_, "--"] => return Err(usage(EXEC, names)),
            [node, "--", command @ ..] | [node, command @ ..] if !command.is_empty() => {
                LabCommand::NodeExec { node: name(node)?, command: owned(command) }
            }
            _ => return Err(usage(EXEC, names)),
        },
        _ => return Err(unknown("labctl node", verb, &NODE)),
    })
}

fn link(verb: &str, names: &[&str]) -> Result<LabCommand, String> {
    match (verb, names) {
        ("list", []) => Ok(LabCommand::LinkList),
        ("list", _) => Err(usage("labctl link list", names)),
        ("clear", [from, to]) => Ok(LabCommand::LinkClear { from: name(from)?, to: name(to)? }),
        ("clear", _) => Err(usage("labctl link clear FROM TO", names)),
        _ => Err(unknown("labctl link", verb, &LINK)),
    }
}

fn disk(verb: &str, names: &[&str]) -> Result<LabCommand, String> {
    match (verb, names) {
        ("df", _) => Ok(LabCommand::DiskFree { node: one_name(names, "labctl disk df NODE")? }),
        ("ls", _) => Ok(LabCommand::DiskList { node: one_name(names, "labctl disk ls NODE")? }),
        ("rm", [node, path]) if !path.is_empty() => {
            Ok(LabCommand::DiskRemove { node: name(node)?, path: (*path).to_owned() })
        }
        ("rm", _) => Err(usage("labctl disk rm NODE PATH", names)),
        _ => Err(unknown("labctl disk", verb, &DISK)),
    }
}

pub(super) fn log_lines(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(lines) if (1..=MOST_LOG_LINES).contains(&lines) => Ok(lines),
        _ => Err(format!("\"{text}\" is no number of lines: 1 to {MOST_LOG_LINES} are allowed")),
    }
}

fn none(names: &[&str], how: &str) -> Result<(), String> {
    if names.is_empty() { Ok(()) } else { Err(usage(how, names)) }
}

pub(super) fn one_name(names: &[&str], how: &str) -> Result<String, String> {
    match names {
        [one] => name(one),
        _ => Err(usage(how, names)),
    }
}

/// A node's name. Whether there is such a node is not known here.
pub(super) fn name(text: &str) -> Result<String, String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_good = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_name);
    if is_good { Ok(text.to_owned()) } else { Err(format!("\"{text}\" is not the name of a node")) }
}

pub(super) fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(super) fn usage(how: &str, names: &[&str]) -> String {
    match names {
        [] => format!("a name is missing; usage: {how}"),
        _ => format!("\"{}\" does not fit; usage: {how}", names.join(" ")),
    }
}

pub(super) fn unknown(program: &str, word: &str, known: &[&str]) -> String {
    if word.is_empty() {
        return format!("{program}: a command is missing; there are {}", known.join(", "));
    }
    let hint = match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    format!("{program}: there is no `{word}` here; {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labctl(line: &str) -> Result<LabCommand, String> {
        LabCommand::parse(&line.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn every_command_of_the_help_is_read_and_written_back() {
        let samples = [
            "node list",
            "node start n1",
            "node stop n1",
            "node restart n1",
            "node cont n1",
            "node logs n1 20",
            "node inspect n1",
            "node exec n1 -- ls -l /data",
            "node delete n1",
            "link list",
            "link clear n1 n2",
            "disk df n1",
            "disk ls n1",
            "disk rm n1 a/b.tmp",
        ];
        for sample in samples {
            let command = labctl(sample).unwrap();
            assert_eq!(command.to_string(), format!("labctl {sample}"));
            let words: Vec<&str> = sample.split(' ').take(2).collect();
            let in_help = HELP
                .lines()
                .any(|line| line.contains(&format!("labctl {} ", words[0])) && line.contains(words[1]));
            assert!(in_help, "{sample} is not in the help");
        }
        assert_eq!(labctl(""), Ok(LabCommand::Help));
        assert_eq!(labctl("node logs n1"), labctl("node logs n1 100"));
        assert_eq!(labctl("node exec n1 uptime"), labctl("node exec n1 -- uptime"));
        let exec = LabCommand::NodeExec { node: "n1".to_owned(), command: owned(&["sh", "-c", "echo it's"]) };
        assert_eq!(exec.to_string(), r"labctl node exec n1 -- sh -c 'echo it'\''s'");
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_right() {
        let check = |line: &str, wanted: &str| assert_eq!(labctl(line).unwrap_err(), wanted);
        check("nod list", "labctl: there is no `nod` here; did you mean `node`?");
        check("node strat n1", "labctl node: there is no `strat` here; did you mean `start`?");
        check("link", "labctl link: a command is missing; there are list, clear");
        check("node start", "a name is missing; usage: labctl node start NODE");
        check("node start n1 n2", "\"n1 n2\" does not fit; usage: labctl node start NODE");
        check("node start ../n1", "\"../n1\" is not the name of a node");
        check("node logs n1 many", "\"many\" is no number of lines: 1 to 10000 are allowed");
        check("node exec n1 --", "\"n1 --\" does not fit; usage: labctl node exec NODE -- COMMAND...");
        check("disk rm n1", "\"n1\" does not fit; usage: labctl disk rm NODE PATH");
    }

    proptest! {
        #[test]
        fn any_words_are_read_or_refused_and_what_is_read_reads_back(
            words in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(vec!["node", "link", "disk", "exec", "logs", "rm", "clear", "start", "--", "n1", "5"]).prop_map(str::to_owned),
                    ".{0,6}",
                ],
                0..6,
            )
        ) {
            let _ = LabCommand::from_docker(&words);
            if let Ok(command) = LabCommand::parse(&words) {
                let line = command.to_string();
                let split = crate::lab::shell::commands(&line);
                prop_assert_eq!(split.len(), 1, "{}", line);
                prop_assert_eq!(LabCommand::parse(&split[0].words[1..]), Ok(command));
            }
        }
    }
}
