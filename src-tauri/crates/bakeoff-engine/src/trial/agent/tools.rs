//! The tools that an agent has, as its variant's `tools_config` says, and what they do.

use super::super::Verdict;
use super::super::lab::seconds;
use super::Desk;
use bakeoff_core::lab::command::HELP;
use bakeoff_core::lab::{Executed, LabCommand, LabReply, classify, shell};
use bakeoff_core::ports::lab::{Shell, ShellOutput, SubjectError};
use bakeoff_core::ports::{Tool, ToolCall, ToolChoice, ToolResult};
use bakeoff_core::variant::Variant;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const SHELL: &str = "shell";
const LABCTL: &str = "labctl";
const KNOWN: [&str; 2] = [SHELL, LABCTL];
/// What `timeout` exits with.
const TIMED_OUT: i32 = 124;
/// What stands for the exit code of a command that never ran.
const FAILED: i32 = 126;
/// What a shell exits with when it can't make sense of a command.
const USAGE: i32 = 2;
/// A shell ends its commands itself; it is given up this much later.
const GRACE: Duration = Duration::from_secs(10);

/// Which tools a variant has, and whether its model must use them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolSet {
    /// In the order of the file.
    enabled: Vec<&'static str>,
    choice: Option<ToolChoice>,
}

impl ToolSet {
    /// Of a variant's `tools_config`; absent: both tools, and the model uses them as it likes.
    ///
    /// # Errors
    /// What is wrong with it, each with what is allowed.
    pub(crate) fn of(variant: &Variant) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let enabled = enabled(variant.tools_config.get("enabled_tools"), &mut problems);
        let choice = match variant.tools_config.get("tool_choice") {
            None | Some(Value::Null) => None,
            Some(value) => choice(value, &enabled).map_err(|problem| problems.push(problem)).ok(),
        };
        if problems.is_empty() {
            return Ok(Self { enabled, choice });
        }
        let name = &variant.name;
        Err(problems.into_iter().map(|problem| format!("Variant {name}, tools_config: {problem}")).collect())
    }

    /// What the first request says.
    pub(super) fn choice(&self) -> Option<ToolChoice> {
        self.choice.clone().filter(|_| !self.enabled.is_empty())
    }
}

fn enabled(value: Option<&Value>, problems: &mut Vec<String>) -> Vec<&'static str> {
    let names = match value {
        None | Some(Value::Null) => return KNOWN.to_vec(),
        Some(Value::Array(names)) => names,
        Some(other) => {
            problems.push(format!("enabled_tools must be a list of tools, not {other}."));
            return Vec::new();
        }
    };
    let mut enabled = Vec::new();
    for name in names {
        match KNOWN.into_iter().find(|known| name.as_str() == Some(known)) {
            Some(known) if enabled.contains(&known) => {}
            Some(known) => enabled.push(known),
            None => problems.push(format!("there is no tool {name}; there are: {}.", KNOWN.join(", "))),
        }
    }
    enabled
}

fn choice(value: &Value, enabled: &[&'static str]) -> Result<ToolChoice, String> {
    match value.as_str() {
        Some("auto") => Ok(ToolChoice::Auto),
        Some("required") => Ok(ToolChoice::Required),
        Some("none") => Ok(ToolChoice::None),
        Some(name) if enabled.contains(&name) => Ok(ToolChoice::Tool(name.to_owned())),
        _ => {
            let names: Vec<&str> =
                ["auto", "required", "none"].into_iter().chain(enabled.iter().copied()).collect();
            Err(format!("tool_choice can't be {value}; it is one of: {}.", names.join(", ")))
        }
    }
}

/// The tools of one agent at work.
pub(super) struct Tools {
    enabled: Vec<&'static str>,
    shell: Option<Arc<dyn Shell>>,
    limit: Duration,
}

impl Tools {
    /// Opens the shell, where the variant has one.
    ///
    /// # Errors
    /// A shell that can't be opened is the lab's fault.
    pub(super) async fn open(set: &ToolSet, desk: &Desk<'_>) -> Result<Self, Verdict> {
        let shell = match set.enabled.contains(&SHELL) {
            true => Some(desk.lookout.instance.open_shell().await.map_err(|error| {
                Verdict::infra(format!("The agent's shell could not be opened: {}", error.message))
            })?),
            false => None,
        };
        Ok(Self { enabled: set.enabled.clone(), shell, limit: seconds(desk.settings.command_seconds) })
    }

    /// Where commands run.
    pub(super) fn sandbox(&self) -> Option<String> {
        self.shell.as_ref().map(|shell| shell.tier().to_owned())
    }

    /// What they are called.
    pub(super) fn names(&self) -> Vec<String> {
        self.enabled.iter().map(|name| (*name).to_owned()).collect()
    }

    /// As the model is told.
    pub(super) fn offered(&self) -> Arc<[Tool]> {
        self.enabled.iter().map(|name| offer(name, self.limit)).collect()
    }

    /// Runs one call, and keeps it in the audit before and after.
    ///
    /// # Errors
    /// The lab's fault: the shell is gone.
    pub(super) async fn carry_out(&self, desk: &Desk<'_>, call: &ToolCall) -> Result<ToolResult, Verdict> {
        let is_enabled = self.enabled.contains(&call.name.as_str());
        let wanted = call.parameters.get("command").and_then(Value::as_str).map(str::trim);
        let reason = call.parameters.get("reasoning").and_then(Value::as_str);
        let problem = match wanted {
            _ if !is_enabled => {
                Some(format!("There is no tool {}; you have: {}.", call.name, self.enabled.join(", ")))
            }
            None | Some("") => Some(format!("{} needs the parameter `command`, a text.", call.name)),
            Some(_) => None,
        };
        if let Some(problem) = problem {
            desk.audit.call(&call.name, &call.parameters, &call.parameters.to_string(), reason, None);
            return Ok(refused(desk, call, None, &problem));
        }
        let wanted = wanted.unwrap_or_default();
        match call.name.as_str() {
            SHELL => self.shell_call(desk, call, wanted, reason).await,
            _ => Ok(self.lab_call(desk, call, wanted, reason).await),
        }
    }

    async fn shell_call(
        &self,
        desk: &Desk<'_>,
        call: &ToolCall,
        wanted: &str,
        reason: Option<&str>,
    ) -> Result<ToolResult, Verdict> {
        let class = classify(wanted);
        desk.audit.call(SHELL, &call.parameters, wanted, reason, Some(class));
        let Some(shell) = &self.shell else { return Ok(refused(desk, call, None, "There is no shell.")) };
        let began_at = desk.audit.now();
        let limit = self.limit.min(desk.left());
        let ran = tokio::time::timeout(limit + GRACE, shell.run(wanted, limit)).await;
        let exit_code = match &ran {
            Ok(Ok(output)) => output.exit_code,
            Ok(Err(_)) => FAILED,
            Err(_) => TIMED_OUT,
        };
        desk.audit.executed(Executed {
            began_at,
            ended_at: desk.audit.now(),
            line: wanted.to_owned(),
            class,
            exit_code,
        });
        match ran {
            Ok(Ok(ShellOutput { exit_code, output })) => Ok(done(desk, call, exit_code, &output)),
            Ok(Err(SubjectError { message, is_unavailable: true })) => {
                Err(Verdict::infra(format!("The agent's shell is gone: {message}")))
            }
            // The agent may have broken it itself, so it goes on with what it is told.
            Ok(Err(error)) => Ok(refused(desk, call, None, &error.message)),
            Err(_) => Ok(done(desk, call, TIMED_OUT, &too_long(limit))),
        }
    }

    async fn lab_call(
        &self,
        desk: &Desk<'_>,
        call: &ToolCall,
        wanted: &str,
        reason: Option<&str>,
    ) -> ToolResult {
        let words = words(wanted);
        let lab = match LabCommand::parse(&words) {
            Ok(lab) => lab,
            Err(problem) => {
                desk.audit.call(LABCTL, &call.parameters, wanted, reason, None);
                return refused(desk, call, Some(USAGE), &problem);
            }
        };
        let class = lab.class();
        desk.audit.call(LABCTL, &call.parameters, wanted, reason, Some(class));
        let began_at = desk.audit.now();
        let limit = self.limit.min(desk.left());
        let reply = tokio::time::timeout(limit, desk.lookout.instance.labctl(&lab)).await;
        let exit_code = reply.as_ref().map_or(TIMED_OUT, |reply| reply.exit_code);
        let line = lab.to_string();
        desk.audit.executed(Executed { began_at, ended_at: desk.audit.now(), line, class, exit_code });
        match reply {
            Ok(LabReply { exit_code, stdout, stderr }) => {
                let parts = [stdout, stderr];
                let parts: Vec<&str> =
                    parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
                done(desk, call, exit_code, &parts.join("\n"))
            }
            Err(_) => done(desk, call, TIMED_OUT, &too_long(limit)),
        }
    }
}

/// The words after `labctl`, which a model may write too; quotes are taken off as a shell does.
fn words(command: &str) -> Vec<String> {
    let mut words =
        shell::commands(command).into_iter().next().map(|simple| simple.words).unwrap_or_default();
    if words.first().is_some_and(|first| first == LABCTL) {
        words.remove(0);
    }
    words
}

fn too_long(limit: Duration) -> String {
    format!("The command took longer than {:.0} s and was ended.", limit.as_secs_f64())
}

/// A command that ran.
fn done(desk: &Desk<'_>, call: &ToolCall, exit_code: i32, output: &str) -> ToolResult {
    desk.audit.result(&call.name, Some(exit_code), output);
    let content = format!("exit code: {exit_code}\n{output}");
    ToolResult { id: call.id.clone(), content, is_error: false }
}

/// A call that did not come to a command.
fn refused(desk: &Desk<'_>, call: &ToolCall, exit_code: Option<i32>, problem: &str) -> ToolResult {
    desk.audit.result(&call.name, exit_code, problem);
    ToolResult { id: call.id.clone(), content: problem.to_owned(), is_error: true }
}

fn offer(name: &str, limit: Duration) -> Tool {
    let limit = limit.as_secs_f64();
    let (description, command) = match name {
        SHELL => (
            format!(
                "Runs a command in a shell beside the system. It is ended after {limit} s with exit code 124."
            ),
            "The shell command.",
        ),
        _ => (
            format!("Controls the nodes of the system:\n{HELP}"),
            "The words of the command, such as `node list`.",
        ),
    };
    Tool {
        name: name.to_owned(),
        description,
        parameters: json!({
            "type": "object",
            "properties": {
                "command": {"type": "string", "description": command},
                "reasoning": {"type": "string", "description": "Why, in one sentence."},
            },
            "required": ["command"],
            "additionalProperties": false,
        }),
    }
}
