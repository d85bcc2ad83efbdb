//! What an agent does, written as it happens, and counted.

use super::TrialClock;
use bakeoff_core::lab::{AuditEntry, AuditKind, CommandClass, Executed};
use bakeoff_core::ports::lab::LabLog;
use bakeoff_core::trial::{Millis, TrialKey};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of a text that are kept.
const CONTENT_LIMIT: usize = 64 << 10;
/// Characters of a summary.
const SUMMARY: usize = 200;

/// The trial's audit. Entries are numbered from 1 in the order in which they are written.
pub(in crate::trial) struct Audit {
    key: TrialKey,
    clock: TrialClock,
    log: Arc<dyn LabLog>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: u32,
    executed: Vec<Executed>,
}

impl Audit {
    pub(super) fn new(key: TrialKey, clock: TrialClock, log: Arc<dyn LabLog>) -> Self {
        Self { key, clock, log, state: Mutex::default() }
    }

    pub(in crate::trial) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// What this program did or noticed.
    pub(in crate::trial) fn note(&self, text: &str) {
        self.write(entry(AuditKind::Note, text));
    }

    /// What the agent wrote besides its calls.
    pub(in crate::trial) fn reasoning(&self, text: &str) {
        self.write(entry(AuditKind::Reasoning, text));
    }

    /// A tool call, before it is carried out. `reason` is the agent's own.
    pub(in crate::trial) fn call(
        &self,
        tool: &str,
        parameters: &Value,
        command: &str,
        reason: Option<&str>,
        class: Option<CommandClass>,
    ) {
        self.write(AuditEntry {
            summary: first_line(reason.unwrap_or(command), SUMMARY),
            tool: Some(tool.to_owned()),
            parameters: Some(parameters.clone()),
            class,
            ..entry(AuditKind::ToolCall, command)
        });
    }

    /// What a call gave.
    pub(in crate::trial) fn result(&self, tool: &str, exit_code: Option<i32>, content: &str) {
        let said = first_line(content, SUMMARY);
        let summary = exit_code.map_or_else(|| said.clone(), |code| format!("exit code {code}: {said}"));
        self.write(AuditEntry {
            summary,
            tool: Some(tool.to_owned()),
            exit_code,
            ..entry(AuditKind::ToolResult, content)
        });
    }

    /// A line that another program has written, with its own moment.
    pub(super) fn append(&self, entry: AuditEntry) {
        if entry.kind == AuditKind::ToolCall {
            self.executed(Executed {
                began_at: entry.at,
                ended_at: entry.at,
                line: entry.content.clone(),
                class: entry.class.unwrap_or(CommandClass::Risky),
                exit_code: entry.exit_code.unwrap_or_default(),
            });
        }
        let mut state = self.state();
        state.entries += 1;
        self.log
            .audit(self.key, AuditEntry { number: state.entries, content: bounded(&entry.content), ..entry });
    }

    /// A command has ended.
    pub(in crate::trial) fn executed(&self, command: Executed) {
        self.state().executed.push(command);
    }

    /// Every command that has ended, in order.
    pub(super) fn commands(&self) -> Vec<Executed> {
        self.state().executed.clone()
    }

    fn write(&self, entry: AuditEntry) {
        let mut state = self.state();
        state.entries += 1;
        let entry = AuditEntry { number: state.entries, at: self.clock.now(), ..entry };
        // Within the lock, so that the log has them in the order of their numbers.
        self.log.audit(self.key, entry);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry(kind: AuditKind, content: &str) -> AuditEntry {
    AuditEntry {
        number: 0,
        at: 0,
        kind,
        summary: first_line(content, SUMMARY),
        content: bounded(content),
        tool: None,
        parameters: None,
        exit_code: None,
        class: None,
    }
}

/// The first line that says something, cut to so many characters.
pub(in crate::trial) fn first_line(text: &str, most: usize) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn bounded(text: &str) -> String {
    if text.len() <= CONTENT_LIMIT {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(CONTENT_LIMIT);
    format!("{}\n[{} more bytes were not kept]", &text[..end], text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_say_so() {
        let text = "ä".repeat(CONTENT_LIMIT);
        let kept = bounded(&text);
        assert!(kept.len() < CONTENT_LIMIT + 100, "{}", kept.len());
        assert!(kept.ends_with(&format!("[{CONTENT_LIMIT} more bytes were not kept]")));
        assert_eq!(bounded("short"), "short");
        assert_eq!(first_line("\n\n  one two \nthree", 7), "one two");
        assert_eq!(first_line("äöüß", 2), "äö…");
    }
}
