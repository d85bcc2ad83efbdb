//! `labctl` on the nodes of one project.

use super::Inner;
use crate::docker::container::{Done, Phase};
use crate::docker::error::DockerError;
use crate::docker::exec::Exec;
use crate::docker::fault::{self, LinkState};
use bakeoff_core::lab::command::HELP;
use bakeoff_core::lab::{LabCommand, LabReply};
use serde_json::json;
use std::time::Duration;

/// How long a node has to stop by itself.
const GRACE: Duration = Duration::from_secs(5);

impl Inner {
    /// Carries out one command; what fails is told as a command tells it.
    pub(super) async fn labctl(&self, command: &LabCommand) -> LabReply {
        match self.carry_out(command).await {
            Ok(reply) => reply,
            Err(error) => LabReply { exit_code: 1, stdout: String::new(), stderr: format!("{error}\n") },
        }
    }

    async fn carry_out(&self, command: &LabCommand) -> Result<LabReply, DockerError> {
        let engine = self.project.engine();
        let container = |node: &str| self.project.node(node).map(|node| node.container.clone());
        let done = |done: Done| match done {
            Done::Gone => Err(DockerError::failed("reach the node", "it was deleted")),
            Done::Changed | Done::Already => Ok(text("ok\n")),
        };
        match command {
            LabCommand::Help => Ok(text(HELP)),
            LabCommand::NodeList => self.list().await,
            LabCommand::NodeStart { node } => done(engine.start(&container(node)?).await?),
            LabCommand::NodeStop { node } => done(engine.stop(&container(node)?, GRACE).await?),
            LabCommand::NodeRestart { node } => done(engine.restart(&container(node)?, GRACE).await?),
            LabCommand::NodeContinue { node } => done(engine.unpause(&container(node)?).await?),
            LabCommand::NodeLogs { node, lines } => {
                Ok(text(engine.last_lines(&container(node)?, *lines).await?))
            }
            LabCommand::NodeExec { node, command } => {
                let executed =
                    engine.exec(&container(node)?, &Exec::new(command.clone()).within(MOST)).await?;
                let exit_code = executed.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or(124);
                Ok(LabReply { exit_code, stdout: executed.stdout.text(), stderr: executed.stderr.text() })
            }
            LabCommand::NodeInspect { node } => self.inspect(node).await,
            LabCommand::NodeDelete { node } => {
                let deleted = engine.remove(&container(node)?).await?;
                if let Some(volume) = self.volume(node) {
                    let line = "find \"$1\" -mindepth 1 -delete";
                    let exec = Exec::new(["sh", "-c", line, "delete", &volume]);
                    engine.exec(&self.project.keeper(), &exec).await?.success("delete its data")?;
                }
                done(deleted)
            }
            LabCommand::LinkList => self.links().await,
            LabCommand::LinkClear { from, to } => {
                fault::clear_link(&self.project, from, to).await?;
                Ok(text("ok\n"))
            }
            LabCommand::DiskFree { node } => {
                let usage = fault::disk_use(&self.project, &self.own_volume(node)?).await?;
                let used = usage.total - usage.available.min(usage.total);
                Ok(text(format!("size {} used {used} free {}\n", usage.total, usage.available)))
            }
            LabCommand::DiskList { node } => {
                let line = "cd \"$1\" && find . -type f -printf '%12s  %P\\n'";
                let exec = Exec::new(["sh", "-c", line, "list", &self.own_volume(node)?]);
                let executed = engine.exec(&self.project.keeper(), &exec).await?;
                Ok(text(executed.success("list its files")? + "\n"))
            }
            LabCommand::DiskRemove { node, path } => {
                fault::disk::remove(&self.project, &self.own_volume(node)?, path).await?;
                Ok(text("ok\n"))
            }
        }
    }

    fn own_volume(&self, node: &str) -> Result<String, DockerError> {
        self.project.node(node)?;
        self.volume(node)
            .ok_or_else(|| DockerError::failed(format!("find the volume of {node}"), "it has none"))
    }

    async fn list(&self) -> Result<LabReply, DockerError> {
        let mut lines = String::new();
        for node in self.project.nodes() {
            let state = self.project.state(&node.service).await?;
            let state = match state.map(|state| (state.phase, state.exit_code)) {
                None => "deleted".to_owned(),
                Some((Phase::Running, _)) => "running".to_owned(),
                Some((Phase::Paused, _)) => "paused".to_owned(),
                Some((Phase::Restarting, _)) => "restarting".to_owned(),
                Some((Phase::Created, _)) => "created".to_owned(),
                Some((Phase::Exited, code)) => format!("stopped (exit code {})", code.unwrap_or(-1)),
            };
            lines.push_str(&format!("{}  {state}  {}\n", node.service, node.address));
        }
        Ok(text(lines))
    }

    async fn inspect(&self, node: &str) -> Result<LabReply, DockerError> {
        let service = self.project.service(node);
        let state = self.project.state(node).await?;
        let Some(state) = state else {
            return Err(DockerError::failed(format!("inspect {node}"), "it was deleted"));
        };
        let described = json!({
            "name": node,
            "state": format!("{:?}", state.phase).to_lowercase(),
            "exit_code": state.exit_code,
            "healthy": state.healthy,
            "started_at": state.started_at,
            "restart_count": state.restart_count,
            "restart_policy": state.restart_policy,
            "address": self.project.node(node)?.address,
            "image": service.map(|service| service.image.as_str()),
            "command": service.and_then(|service| service.command.as_ref()),
        });
        Ok(text(format!("{described:#}\n")))
    }

    async fn links(&self) -> Result<LabReply, DockerError> {
        let mut lines = String::new();
        for ((from, to), state) in fault::links(&self.project).await? {
            let state = match state {
                LinkState::Passes => "ok",
                LinkState::Blocked => "blocked",
                LinkState::Delayed => "delayed",
                LinkState::Lossy => "lossy",
                LinkState::Down => "down",
            };
            lines.push_str(&format!("{from} -> {to}  {state}\n"));
        }
        Ok(text(lines))
    }
}

/// How long a command in a node may take.
const MOST: Duration = Duration::from_secs(60);

fn text(stdout: impl Into<String>) -> LabReply {
    LabReply { exit_code: 0, stdout: stdout.into(), stderr: String::new() }
}
