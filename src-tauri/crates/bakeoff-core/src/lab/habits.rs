//! How an agent goes about it: its commands as lines, how many different ones, and whether it runs in circles.

use crate::trial::Millis;
use std::collections::{HashMap, HashSet, VecDeque};

/// A tool call's command as a shell would have it: `content` is the line that the tool was given, which of `labctl` may be
/// without that word.
pub fn command_line(tool: &str, content: &str) -> String {
    let line = content.trim();
    let is_named = line.split_whitespace().next() == Some("labctl");
    if tool == "labctl" && !is_named { format!("labctl {line}") } else { line.to_owned() }
}

/// How many different commands there are, spaces around them aside.
pub fn unique_commands<'a>(commands: impl IntoIterator<Item = &'a str>) -> u32 {
    commands.into_iter().map(str::trim).collect::<HashSet<_>>().len() as u32
}

/// How often the same command makes thrashing …
const THRASHING_TIMES: usize = 3;

/// … within this time.
const THRASHING_WINDOW: Millis = 60_000;

/// Whether the same command was run three times within 60 seconds. In any order.
pub fn is_thrashing<S: AsRef<str>>(commands: &[(Millis, S)]) -> bool {
    let mut sorted: Vec<(Millis, &str)> =
        commands.iter().map(|(at, line)| (*at, line.as_ref().trim())).collect();
    sorted.sort_unstable();
    let mut last: HashMap<&str, VecDeque<Millis>> = HashMap::new();
    sorted.into_iter().any(|(at, line)| {
        let times = last.entry(line).or_default();
        times.push_back(at);
        if times.len() > THRASHING_TIMES {
            times.pop_front();
        }
        times.len() == THRASHING_TIMES
            && times.front().is_some_and(|first| at.saturating_sub(*first) <= THRASHING_WINDOW)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_lines_of_a_shell() {
        assert_eq!(command_line("shell", " ls "), "ls");
        assert_eq!(command_line("labctl", "node list"), "labctl node list");
        assert_eq!(command_line("labctl", "labctl node list"), "labctl node list");
        assert_eq!(unique_commands(["ls", " ls", "ps"]), 2);
    }

    #[test]
    fn thrashing_is_three_of_the_same_within_a_minute() {
        let of = |times: &[(Millis, &str)]| is_thrashing(times);
        assert!(of(&[(0, "a"), (60_000, "a"), (30_000, "a")]));
        assert!(!of(&[(0, "a"), (30_000, "a"), (60_001, "a")]));
        assert!(!of(&[(0, "a"), (1, "b"), (2, "a"), (3, "b")]));
        assert!(of(&[(0, "a"), (50_000, "a"), (70_000, "a"), (71_000, "b"), (100_000, "a")]));
        assert!(!of(&[]));
    }
}
