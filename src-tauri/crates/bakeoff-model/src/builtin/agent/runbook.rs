//! `runbook-1`: follows the runbook that its system prompt holds, so that a better prompt really repairs more.
//!
//! Each line of the prompt that begins with one of these words is a step; every other line is prose and ignored. Upper
//! and lower case are alike, also in what is looked for; a list mark (`-`, `*`, `1.`) may stand before the word.
//!
//! ```text
//! look: labctl node list
//! look: labctl disk df {node}
//! when {node} stopped: labctl node start {node}
//! when /^(?<from>\S+) -> (?<to>\S+)\s+(blocked|delayed)/: labctl link clear {from} {to}
//! when {node} * 100 % used: labctl disk rm {node} ballast.bin then labctl node restart {node}
//! check: labctl node list
//! done: The cluster is whole again.
//! ```
//!
//! - `look:` commands run first, in their order, and again after each repair.
//! - `when PATTERN: COMMAND` is a rule. The pattern is a text, in which `{name}` stands for one word, `*` for any words and
//!   a blank for any blanks; or a regular expression between slashes, whose named groups are the values. It is looked for in
//!   each line of what the last look gave, then in the ticket. `{name}` in the command is the value; `{node}` is the
//!   ticket's node where the pattern gives none. ` then ` parts several commands. A text ends at the colon before `labctl`,
//!   else at the first one.
//! - `check:` commands run after each repair, before the look; rules see what they give, too.
//! - `done:` is what is said when no rule matches after a look: the ticket is resolved.
//!
//! After a look the first rule that matches with values that it was not yet tried with is carried out, for all of them. When
//! every match was tried and one is still seen, the agent escalates.

use super::ticket;
use super::{Phase, Step, escalate};
use bakeoff_core::ports::Turn;
use regex::{Captures, Regex, RegexBuilder};
use serde_json::Value;
use std::sync::LazyLock;

/// A step's line, after its list mark.
static STEP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:[-*]|\d+[.)])?\s*(?:(look|check|done)\s*:\s*(.*)|when\s+(/.*|[^/].*))$")
        .expect("a pattern")
});

/// A value's place in a pattern or command.
static PLACE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{([a-z_]+)\}").expect("a pattern"));

/// So many commands are carried out for one look.
const AT_ONCE: usize = 16;

/// A runbook.
#[derive(Debug, Default)]
pub(super) struct Runbook {
    looks: Vec<String>,
    checks: Vec<String>,
    rules: Vec<Rule>,
    done: Option<String>,
}

#[derive(Debug)]
struct Rule {
    pattern: Regex,
    commands: Vec<String>,
}

/// What the agent does next.
pub(super) fn next(system: &str, user: &str, turns: &[Turn]) -> Step {
    let runbook = match Runbook::parse(system) {
        Ok(runbook) => runbook,
        Err(problem) => return Step::End(escalate(&problem)),
    };
    if runbook.rules.is_empty() {
        let lines = "such as `look: labctl node list` and `when {node} stopped: labctl node start {node}`";
        return Step::End(escalate(&format!("my prompt holds no runbook: it needs lines {lines}.")));
    }
    let node = ticket::node(user);
    let look = || runbook.look(node.as_deref());
    let Some(last) = turns.last() else {
        let first = look();
        return match first.is_empty() {
            true => runbook.decide("", user, turns),
            false => Step::Run("I look at the system.".to_owned(), first),
        };
    };
    if last.calls.iter().any(|call| Phase::of(call) == Some(Phase::Repair)) {
        let seen: Vec<(Phase, String)> = runbook
            .commands(&runbook.checks, Phase::Check, node.as_deref())
            .into_iter()
            .chain(look())
            .collect();
        if !seen.is_empty() {
            return Step::Run("I look whether that helped.".to_owned(), seen);
        }
    }
    let seen: Vec<&str> = match Phase::of_turn(last) {
        Some(Phase::Repair) => Vec::new(),
        _ => last.results.iter().map(|result| result.content.as_str()).collect(),
    };
    runbook.decide(&seen.join("\n"), user, turns)
}

impl Phase {
    fn of_turn(turn: &Turn) -> Option<Self> {
        turn.calls.first().and_then(Self::of)
    }
}

impl Runbook {
    /// Reads the steps of a prompt.
    ///
    /// # Errors
    /// The first line that looks like a step and can't be one.
    fn parse(prompt: &str) -> Result<Self, String> {
        let mut runbook = Self::default();
        for (number, line) in (1..).zip(prompt.lines()) {
            let Some(step) = STEP.captures(line) else { continue };
            let wrong = |why: &str| format!("line {number} of my prompt, `{}`: {why}", line.trim());
            if let Some(rule) = step.get(3) {
                // A sentence that begins with "When" is prose.
                let Some((pattern, commands)) = split(rule.as_str()) else { continue };
                let commands: Vec<String> =
                    commands.split(" then ").map(|command| command.trim().to_owned()).collect();
                if commands.iter().any(String::is_empty) {
                    return Err(wrong("there is no command after the colon."));
                }
                let pattern = compile(pattern).map_err(|error| wrong(&error))?;
                runbook.rules.push(Rule { pattern, commands });
                continue;
            }
            let text = step.get(2).map_or("", |text| text.as_str()).trim();
            if text.is_empty() {
                return Err(wrong("nothing stands after the colon."));
            }
            match step[1].to_lowercase().as_str() {
                "look" => runbook.looks.push(text.to_owned()),
                "check" => runbook.checks.push(text.to_owned()),
                _ => runbook.done = Some(text.to_owned()),
            }
        }
        Ok(runbook)
    }

    fn look(&self, node: Option<&str>) -> Vec<(Phase, String)> {
        self.commands(&self.looks, Phase::Look, node)
    }

    /// The commands of a phase whose values are all known.
    fn commands(&self, commands: &[String], phase: Phase, node: Option<&str>) -> Vec<(Phase, String)> {
        commands.iter().filter_map(|command| Some((phase, fill(command, None, node)?))).collect()
    }

    /// After a look: repairs, resolves or escalates.
    fn decide(&self, seen: &str, user: &str, turns: &[Turn]) -> Step {
        let tried: Vec<String> = turns.iter().flat_map(commands_of).collect();
        let node = ticket::node(user);
        let mut is_still_seen = false;
        for rule in &self.rules {
            let in_look = rule.repairs(seen, node.as_deref());
            is_still_seen |= !in_look.is_empty();
            let mut wanted: Vec<Vec<String>> = Vec::new();
            for repair in in_look.into_iter().chain(rule.repairs(user, node.as_deref())) {
                let is_tried = repair.iter().all(|command| tried.contains(command));
                if !is_tried && !wanted.contains(&repair) && wanted.len() < AT_ONCE {
                    wanted.push(repair);
                }
            }
            if !wanted.is_empty() {
                let commands: Vec<(Phase, String)> =
                    wanted.into_iter().flatten().map(|command| (Phase::Repair, command)).collect();
                return Step::Run("My runbook has a step for this.".to_owned(), commands);
            }
        }
        let did = match tried.as_slice() {
            [] => "I did nothing".to_owned(),
            commands => format!("I ran {}", commands.join("; ")),
        };
        if is_still_seen {
            return Step::End(escalate(&format!(
                "{did}, and it did not help; my runbook has no other step."
            )));
        }
        match &self.done {
            Some(done) => Step::End(done.clone()),
            None => Step::End(format!("Resolved: {did}; none of my runbook's signs is seen any more.")),
        }
    }
}

impl Rule {
    /// The commands for each match in a text, line by line; matches whose values don't fill the commands are left out.
    fn repairs(&self, text: &str, node: Option<&str>) -> Vec<Vec<String>> {
        let of_match = |found: Captures<'_>| {
            self.commands.iter().map(|command| fill(command, Some(&found), node)).collect::<Option<Vec<_>>>()
        };
        text.lines().flat_map(|line| self.pattern.captures_iter(line).filter_map(of_match)).collect()
    }
}

/// The repairs of a turn, as they were written in the runbook.
fn commands_of(turn: &Turn) -> Vec<String> {
    let repairs = turn.calls.iter().filter(|call| Phase::of(call) == Some(Phase::Repair));
    repairs
        .filter_map(|call| {
            let command = call.parameters.get("command").and_then(Value::as_str)?;
            let is_bare = call.name == "labctl" && !command.starts_with("labctl ");
            Some(if is_bare { super::labctl(command) } else { command.to_owned() })
        })
        .collect()
}

/// Pattern and commands of a rule; `None`: it has no colon and is prose.
fn split(rule: &str) -> Option<(&str, &str)> {
    if !rule.starts_with('/') {
        // A pattern such as `violated: node_down` has a colon of its own.
        return match rule.find(": labctl ") {
            Some(colon) => Some((&rule[..colon], &rule[colon + 1..])),
            None => rule.split_once(": ").or_else(|| Some((rule.strip_suffix(':')?, ""))),
        };
    }
    let end = rule.rfind("/:").or_else(|| rule.rfind("/ :"))?;
    let (pattern, rest) = rule.split_at(end + 1);
    Some((pattern, rest.trim_start().trim_start_matches(':')))
}

fn compile(pattern: &str) -> Result<Regex, String> {
    let pattern = pattern.trim();
    let regex = match pattern.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(regex) => regex.to_owned(),
        None => of_text(pattern),
    };
    let compiled = RegexBuilder::new(&regex).case_insensitive(true).build();
    compiled.map_err(|error| format!("that is no regular expression ({}).", last_line(&error.to_string())))
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
}

/// A text as a regular expression: whole words, `{name}` for a word, `*` for any words.
fn of_text(text: &str) -> String {
    let mut regex = r"(?:^|\s)".to_owned();
    let mut known: Vec<&str> = Vec::new();
    let mut is_after_word = false;
    for word in text.split_whitespace() {
        if is_after_word {
            regex.push_str(r"\s+");
        }
        is_after_word = word != "*";
        match word.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            _ if word == "*" => regex.push_str(r"(?:\S+\s+)*?"),
            Some(name) if PLACE.is_match(word) && !known.contains(&name) => {
                known.push(name);
                regex.push_str(&format!(r"(?<{name}>\S+)"));
            }
            Some(_) => regex.push_str(r"\S+"),
            None => regex.push_str(&regex::escape(word)),
        }
    }
    regex + r"(?:$|[\s.,;:])"
}

/// A command with its values; `None` when one is unknown.
fn fill(command: &str, found: Option<&Captures<'_>>, node: Option<&str>) -> Option<String> {
    let mut filled = String::with_capacity(command.len());
    let mut rest = 0;
    for place in PLACE.captures_iter(command) {
        let whole = place.get(0)?;
        let name = &place[1];
        let value = found.and_then(|found| found.name(name)).map(|value| value.as_str());
        let value = value.or(node.filter(|_| name == "node"))?;
        filled.push_str(&command[rest..whole.start()]);
        filled.push_str(value);
        rest = whole.end();
    }
    filled.push_str(&command[rest..]);
    Some(filled)
}
