//! Scripted agents: models of the built-in provider that repair a system under test, or fail to, without any key. Each is
//! a pure function of the conversation: what it did before, it reads from the turns, by the names of its own calls.
//!
//! | model | what it does |
//! |---|---|
//! | `noop` | answers at once that there is nothing to do |
//! | `always-restart` | lists the nodes, restarts the ticket's node (without one: all), claims that it is resolved |
//! | `runbook-1` | follows the runbook in its system prompt, see [`runbook`] |
//! | `vandal` | deletes the ticket's node and claims that it is resolved: no verdict may call that a repair |

mod runbook;
mod ticket;

use super::words;
use bakeoff_core::lab::NO_AGENT;
use bakeoff_core::ports::{ModelRequest, ToolCall, Turn};
use serde_json::json;

/// The scripted agents' names, to write as `model:` in a variant file.
const NAMES: [(&str, Agent); 4] = [
    ("noop", Agent::Noop),
    ("always-restart", Agent::AlwaysRestart),
    ("runbook-1", Agent::Runbook),
    ("vandal", Agent::Vandal),
];

/// With these words an agent gives up.
const ESCALATE: &str = "ESCALATE:";

/// A scripted agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// Does nothing.
    Noop,
    /// Restarts.
    AlwaysRestart,
    /// Follows its system prompt.
    Runbook,
    /// Destroys.
    Vandal,
}

/// What an agent says next.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Its words; with calls, why it makes them.
    pub text: String,
    /// Tools that it wants called; none: it is done.
    pub calls: Vec<ToolCall>,
    /// Estimated tokens of the whole conversation so far.
    pub input_tokens: u64,
    /// Estimated tokens of the calls alone.
    pub call_tokens: u64,
}

/// What an agent wants done, before it is known by which tool.
enum Step {
    /// Nothing more: its last words.
    End(String),
    /// These commands, in this order, each with the phase that it belongs to.
    Run(String, Vec<(Phase, String)>),
}

/// Why an agent runs a command; the first word of the call's name, so that it is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Look,
    Repair,
    Check,
}

impl Phase {
    const ALL: [Phase; 3] = [Phase::Look, Phase::Repair, Phase::Check];

    fn name(self) -> &'static str {
        match self {
            Phase::Look => "look",
            Phase::Repair => "repair",
            Phase::Check => "check",
        }
    }

    fn of(call: &ToolCall) -> Option<Self> {
        let (first, _) = call.id.split_once('-')?;
        Self::ALL.into_iter().find(|phase| phase.name() == first)
    }
}

impl Agent {
    /// The agent with this name; `None`: it is none of them.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, agent)| agent)
    }

    /// What it says next in this conversation.
    pub fn next(self, request: &ModelRequest) -> Said {
        let (user, turns) = (request.user.as_str(), request.turns.as_slice());
        let step = match self {
            Agent::Noop => Step::End("There is nothing to do: the system will mend itself.".to_owned()),
            Agent::AlwaysRestart => always_restart(user, turns),
            Agent::Vandal => vandal(user, turns),
            Agent::Runbook => runbook::next(request.system.as_deref().unwrap_or_default(), user, turns),
        };
        let (text, calls) = match step {
            Step::End(text) => (text, Vec::new()),
            Step::Run(text, commands) => match with_tools(request, &commands) {
                Ok(calls) => (text, calls),
                Err(missing) => (missing, Vec::new()),
            },
        };
        let input_tokens = tokens_of(request);
        let call_tokens = calls.iter().map(tokens_of_call).sum();
        Said { text, calls, input_tokens, call_tokens }
    }
}

/// Whether a name stands for "nobody repairs".
pub fn is_nobody(name: &str) -> bool {
    name == NO_AGENT
}

fn escalate(why: &str) -> String {
    format!("{ESCALATE} {why}")
}

/// The commands as calls of the tools that the request offers.
fn with_tools(request: &ModelRequest, commands: &[(Phase, String)]) -> Result<Vec<ToolCall>, String> {
    let has = |name: &str| request.tools.iter().any(|tool| tool.name == name);
    let number = request.turns.len();
    let call = |(index, (phase, command)): (usize, &(Phase, String))| {
        let of_lab = command.strip_prefix("labctl ");
        let (name, command) = match of_lab {
            Some(rest) if has("labctl") => ("labctl", rest),
            _ if has("shell") => ("shell", command.as_str()),
            Some(_) => {
                return Err(escalate("I have neither the tool labctl nor shell, so I can do nothing."));
            }
            None => return Err(escalate(&format!("I have no tool shell, which `{command}` needs."))),
        };
        let id = format!("{}-{number}-{index}", phase.name());
        let mut parameters = json!({"command": command});
        if name == "shell" {
            parameters["reasoning"] = json!(format!("To {}.", phase.name()));
        }
        Ok(ToolCall { id, name: name.to_owned(), parameters })
    };
    commands.iter().enumerate().map(call).collect()
}

fn labctl(command: &str) -> String {
    format!("labctl {command}")
}

fn always_restart(user: &str, turns: &[Turn]) -> Step {
    let Some(first) = turns.first() else {
        return Step::Run("I look at the nodes.".to_owned(), vec![(Phase::Look, labctl("node list"))]);
    };
    let listed: Vec<String> =
        first.results.iter().flat_map(|result| ticket::nodes_in(&result.content)).collect();
    let nodes = ticket::node(user).map_or(listed, |node| vec![node]);
    if nodes.is_empty() {
        return Step::End(escalate("no node is listed, and the ticket names none."));
    }
    if turns.len() > 1 {
        return Step::End(format!("Resolved: I restarted {}.", nodes.join(", ")));
    }
    let restarts = nodes.iter().map(|node| (Phase::Repair, labctl(&format!("node restart {node}"))));
    Step::Run(format!("I restart {}.", nodes.join(", ")), restarts.collect())
}

fn vandal(user: &str, turns: &[Turn]) -> Step {
    let is_deleted =
        turns.iter().flat_map(|turn| &turn.calls).any(|call| Phase::of(call) == Some(Phase::Repair));
    if is_deleted {
        return Step::End("Resolved: the node that made trouble is gone.".to_owned());
    }
    let listed = || {
        turns
            .iter()
            .flat_map(|turn| &turn.results)
            .flat_map(|result| ticket::nodes_in(&result.content))
            .next()
    };
    match ticket::node(user).or_else(listed) {
        Some(node) => {
            let delete = (Phase::Repair, labctl(&format!("node delete {node}")));
            Step::Run(format!("I remove {node}."), vec![delete])
        }
        None if turns.is_empty() => {
            Step::Run("I look for a node.".to_owned(), vec![(Phase::Look, labctl("node list"))])
        }
        None => Step::End(escalate("no node is listed, and the ticket names none.")),
    }
}

/// Both turns and everything after them, as `lexical-1` counts.
fn tokens_of(request: &ModelRequest) -> u64 {
    let later = request.turns.iter().map(|turn| {
        let results = turn.results.iter().map(|result| words::count_tokens(&result.content)).sum::<u64>();
        words::count_tokens(&turn.text) + turn.calls.iter().map(tokens_of_call).sum::<u64>() + results
    });
    let system = request.system.as_deref().map_or(0, words::count_tokens);
    system + words::count_tokens(&request.user) + later.sum::<u64>()
}

fn tokens_of_call(call: &ToolCall) -> u64 {
    words::count_tokens(&call.name) + words::count_tokens(&call.parameters.to_string())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
