//! Triage tests: making them, the queue in which they wait, and what they say.

mod load;
mod queue;
mod request;
mod view;
mod worker;

pub(crate) use request::is_queued;
pub(crate) use view::KeptAnswers;
pub(crate) use worker::QueueWorker;

use crate::atomic;
use crate::dto::{ErrorCode, FileKind, ServiceError, TopicRow, TriageSwitch};
use crate::error::Result;
use crate::service::Service;
use crate::workspace::stem;
use bakeoff_core::diagnostic::nearest;
use bakeoff_core::triage::{self, Topic};

/// The environment variable that turns triage tests on, as system S2 has it.
const SWITCH: &str = "ENABLE_ABTESTS";
/// Items of a test, at most, when Settings say nothing.
const MOST_ITEMS: u32 = 200;

impl Service {
    /// Whether triage tests may be made here.
    pub fn triage_switch(&self) -> Result<TriageSwitch> {
        let by_environment = std::env::var(SWITCH).is_ok_and(|value| matches!(value.trim(), "true" | "1"));
        Ok(TriageSwitch { enabled: by_environment || self.current_settings().abtests, by_environment })
    }

    /// Fails while triage tests are off.
    pub(crate) fn require_triage(&self) -> Result<()> {
        match self.triage_switch()?.enabled {
            true => Ok(()),
            false => Err(ServiceError::new(ErrorCode::Disabled, "triage tests are turned off")
                .with_hint("turn them on in Settings, or set ENABLE_ABTESTS=true in the environment")),
        }
    }

    /// The most items that a test may have.
    pub(crate) fn most_triage_items(&self) -> u32 {
        self.current_settings().triage_max_items.unwrap_or(MOST_ITEMS)
    }

    /// The topics of the workspace.
    pub fn list_topics(&self) -> Result<Vec<TopicRow>> {
        let files = self.files().files(FileKind::Topic)?;
        let row = |path: std::path::PathBuf| {
            let (name, shown) = (stem(&path), self.files().display(&path));
            let checked = match atomic::read_text(&path) {
                Ok((text, _)) => triage::check_topic(&name, &text),
                Err(error) => crate::campaigns::unreadable(error),
            };
            let diagnostics =
                checked.diagnostics.into_iter().map(|finding| finding.in_file(&*shown)).collect();
            TopicRow { name, path: shown, topic: checked.value, diagnostics }
        };
        Ok(files.into_iter().map(row).collect())
    }

    /// The topic of this file name or id.
    ///
    /// # Errors
    /// There is none, with the nearest name; or its file has errors.
    pub(crate) fn topic(&self, named: &str) -> Result<Topic> {
        let rows = self.list_topics()?;
        let is_meant =
            |row: &&TopicRow| row.name == named || row.topic.as_ref().is_some_and(|topic| topic.id == named);
        let Some(row) = rows.iter().find(is_meant) else {
            let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
            let hint = match nearest(named, names.iter().copied()) {
                Some(meant) => format!("did you mean {meant}?"),
                None if names.is_empty() => "put a YAML file into topics/".to_owned(),
                None => format!("there are {}", names.join(", ")),
            };
            return Err(ServiceError::not_found(format!("there is no topic {named:?}")).with_hint(hint));
        };
        row.topic.clone().ok_or_else(|| {
            ServiceError::bad_input(format!("{} has errors", row.path))
                .with_diagnostics(row.diagnostics.clone())
        })
    }
}
