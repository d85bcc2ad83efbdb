//! What Docker tells of containers besides their state: logs, events, use of memory and processor.

use super::engine::Engine;
use super::error::{DockerError, Doing};
use super::exec::Ends;
use super::labels;
use bollard::models::EventMessage;
use bollard::query_parameters::{EventsOptionsBuilder, LogsOptionsBuilder, StatsOptionsBuilder};
use futures::{Stream, StreamExt};
use std::collections::HashMap;

/// One thing that happened to a container, as the daemon recorded it: independent of what anybody says they did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Nanoseconds since 1970 by the daemon's clock.
    pub at_nanoseconds: i64,
    /// The node, or the role of a container that is no node.
    pub who: String,
    /// Docker's word: `start`, `die`, `kill`, `pause`, `exec_start: <command line>`.
    pub action: String,
    /// Exit code of `die` and `exec_die`, signal of `kill`.
    pub detail: Option<String>,
}

/// What a container uses at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// Memory, in bytes, the page cache included.
    pub memory_bytes: u64,
    /// Processor time since it started, in nanoseconds.
    pub processor_nanoseconds: u64,
}

impl Engine {
    /// The last lines of a container's output, both streams, capped like every output.
    ///
    /// # Errors
    /// When there is no such container or Docker can't be asked.
    pub async fn last_lines(&self, container: &str, lines: u32) -> Result<String, DockerError> {
        let doing = || format!("read the log of {container}");
        let options =
            LogsOptionsBuilder::default().stdout(true).stderr(true).tail(&lines.to_string()).build();
        let mut logs = self.docker.logs(container, Some(options));
        let mut ends = Ends::default();
        while let Some(part) = logs.next().await {
            ends.push(&part.doing(doing)?.into_bytes());
        }
        Ok(ends.text())
    }

    /// A container's output as it comes, from its beginning.
    pub(crate) fn follow(
        &self,
        container: &str,
    ) -> impl Stream<Item = Result<Vec<u8>, DockerError>> + Send + use<> {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).follow(true).build();
        let container = container.to_owned();
        self.docker.logs(&container, Some(options)).map(move |part| {
            let part = part.doing(|| format!("read the log of {container}"))?;
            Ok(part.into_bytes().to_vec())
        })
    }

    /// What happened in a project from `since` on, as it happens, until the stream is dropped. With `until` the stream
    /// ends there. Both in seconds since 1970 by the daemon's clock.
    pub fn events(
        &self,
        project: &str,
        since: i64,
        until: Option<i64>,
    ) -> impl Stream<Item = Result<Event, DockerError>> + Send + use<> {
        let label = format!("{}={project}", labels::PROJECT);
        let filters = HashMap::from([("type", vec!["container".to_owned()]), ("label", vec![label])]);
        let mut options = EventsOptionsBuilder::default().since(&since.to_string()).filters(&filters);
        if let Some(until) = until {
            options = options.until(&until.to_string());
        }
        let doing = || "read Docker's events".to_owned();
        self.docker.events(Some(options.build())).map(move |event| event.doing(doing).map(event_of))
    }

    /// What a container uses now.
    ///
    /// # Errors
    /// When it does not run or Docker can't be asked.
    pub async fn usage(&self, container: &str) -> Result<Use, DockerError> {
        let doing = || format!("measure {container}");
        let options = StatsOptionsBuilder::default().stream(false).one_shot(true).build();
        let stats = self.docker.stats(container, Some(options)).next().await;
        let stats = stats.ok_or_else(|| DockerError::failed(doing(), "Docker said nothing"))?.doing(doing)?;
        let memory = stats.memory_stats.and_then(|memory| memory.usage);
        let processor = stats.cpu_stats.and_then(|cpu| cpu.cpu_usage).and_then(|usage| usage.total_usage);
        match (memory, processor) {
            (Some(memory_bytes), Some(processor_nanoseconds)) => {
                Ok(Use { memory_bytes, processor_nanoseconds })
            }
            _ => Err(DockerError::failed(doing(), "it does not run")),
        }
    }
}

fn event_of(event: EventMessage) -> Event {
    let attributes = event.actor.and_then(|actor| actor.attributes).unwrap_or_default();
    let get = |key: &str| attributes.get(key).cloned();
    Event {
        at_nanoseconds: event.time_nano.unwrap_or(0),
        who: get(labels::SERVICE).or_else(|| get(labels::ROLE)).unwrap_or_default(),
        action: event.action.unwrap_or_default(),
        detail: get("exitCode").or_else(|| get("signal")),
    }
}
