//! Starting, stopping and looking at single containers. Every verb is idempotent: what is already so is no error.

use super::engine::Engine;
use super::error::{DockerError, Doing};
use bollard::models::{
    ContainerInspectResponse, ContainerStateStatusEnum, ContainerUpdateBody, HealthStatusEnum,
};
use bollard::models::{RestartPolicy, RestartPolicyNameEnum};
use bollard::query_parameters::{
    InspectContainerOptions, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder,
    RestartContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder,
};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// What a verb found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It did something.
    Changed,
    /// It was so already.
    Already,
    /// There is no such container.
    Gone,
}

/// What a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Made, never started.
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Between two runs, by its restart policy.
    Restarting,
    /// Ended.
    Exited,
}

/// One look at a container.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerState {
    /// Docker's id.
    pub id: String,
    /// What it is doing.
    pub phase: Phase,
    /// The verdict of its health check; none without a check.
    pub healthy: Option<bool>,
    /// Exit code of its last run, while it is not running.
    pub exit_code: Option<i64>,
    /// The kernel killed it for its memory (Docker reports it only with control groups 2).
    pub out_of_memory: bool,
    /// When this run started, as Docker writes it.
    pub started_at: String,
    /// How often the restart policy has restarted it.
    pub restart_count: i64,
    /// Name of the restart policy: `no`, `always`, `on-failure`, `unless-stopped`.
    pub restart_policy: String,
    /// Addresses by network.
    pub addresses: BTreeMap<String, IpAddr>,
    /// Where the host reaches its TCP ports: container port → loopback address. Changes with each start.
    pub ports: BTreeMap<u16, SocketAddr>,
}

impl ContainerState {
    /// Why it can't be serving; none: it runs, and its health check, if it has one, does not say no.
    pub fn complaint(&self) -> Option<String> {
        let what = match self.phase {
            Phase::Running if self.healthy == Some(false) => "fails its health check",
            Phase::Running => return None,
            Phase::Created => "was never started",
            Phase::Paused => "is paused",
            Phase::Restarting => "is between two runs",
            Phase::Exited => "has ended",
        };
        Some(format!("its container {what}"))
    }
}

impl Engine {
    /// Looks at a container. None: there is no such container.
    ///
    /// # Errors
    /// When Docker can't be asked.
    pub async fn container(&self, name: &str) -> Result<Option<ContainerState>, DockerError> {
        let found = self.docker.inspect_container(name, None::<InspectContainerOptions>).await;
        match found.doing(|| format!("look at the container {name}")) {
            Ok(inspected) => Ok(Some(state_of(inspected))),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts it. A paused container counts as started: it is another verb that makes it go on.
    ///
    /// # Errors
    /// When it can't be started; the message is Docker's.
    pub async fn start(&self, name: &str) -> Result<Done, DockerError> {
        let before = self.container(name).await?;
        if before.is_some_and(|state| matches!(state.phase, Phase::Running | Phase::Paused)) {
            return Ok(Done::Already);
        }
        let started = self.docker.start_container(name, None::<StartContainerOptions>).await;
        gone_or(started.doing(|| format!("start the container {name}")), &[304])
    }

    /// Asks it to stop and kills it after `grace`. A paused container is stopped too.
    ///
    /// # Errors
    /// When Docker refuses.
    pub async fn stop(&self, name: &str, grace: Duration) -> Result<Done, DockerError> {
        match self.container(name).await? {
            None => return Ok(Done::Gone),
            Some(state) if matches!(state.phase, Phase::Created | Phase::Exited) => return Ok(Done::Already),
            Some(_) => {}
        }
        let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::default().t(seconds).build();
        let stopped = self.docker.stop_container(name, Some(options)).await;
        gone_or(stopped.doing(|| format!("stop the container {name}")), &[304])
    }

    /// Stops and starts it.
    ///
    /// # Errors
    /// When Docker refuses.
    pub async fn restart(&self, name: &str, grace: Duration) -> Result<Done, DockerError> {
        let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
        let options = RestartContainerOptionsBuilder::default().t(seconds).build();
        let restarted = self.docker.restart_container(name, Some(options)).await;
        gone_or(restarted.doing(|| format!("restart the container {name}")), &[])
    }

    /// Sends a signal to its first process. `KILL` works on a paused container too. Its restart policy does not start
    /// it again after a `KILL`: Docker takes that for the user's wish.
    ///
    /// # Errors
    /// When Docker refuses.
    pub async fn kill(&self, name: &str, signal: &str) -> Result<Done, DockerError> {
        let options = KillContainerOptionsBuilder::default().signal(signal).build();
        let killed = self.docker.kill_container(name, Some(options)).await;
        // 409: it does not run.
        gone_or(killed.doing(|| format!("send {signal} to the container {name}")), &[409])
    }

    /// Freezes it.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn pause(&self, name: &str) -> Result<Done, DockerError> {
        let paused = self.docker.pause_container(name).await.doing(|| format!("pause the container {name}"));
        match paused {
            // 409 says that it is paused already as well as that it does not run.
            Err(error) if error.status() == Some(409) => match self.container(name).await? {
                Some(state) if state.phase == Phase::Paused => Ok(Done::Already),
                _ => Err(error),
            },
            other => gone_or(other, &[]),
        }
    }

    /// Lets it go on. A container that is not paused (running, ended) needs nothing.
    ///
    /// # Errors
    /// When it stays paused.
    pub async fn unpause(&self, name: &str) -> Result<Done, DockerError> {
        let unpaused =
            self.docker.unpause_container(name).await.doing(|| format!("unpause the container {name}"));
        match unpaused {
            // 409: not paused; 500: ended.
            Err(error) if matches!(error.status(), Some(409 | 500)) => match self.container(name).await? {
                Some(state) if state.phase == Phase::Paused => Err(error),
                Some(_) => Ok(Done::Already),
                None => Ok(Done::Gone),
            },
            other => gone_or(other, &[]),
        }
    }

    /// Sets what Docker does when the container ends by itself.
    ///
    /// # Errors
    /// When the policy is unknown or Docker refuses.
    pub async fn set_restart_policy(&self, name: &str, policy: &str) -> Result<Done, DockerError> {
        let body =
            ContainerUpdateBody { restart_policy: Some(restart_policy(policy)?), ..Default::default() };
        let updated = self.docker.update_container(name, body).await;
        gone_or(updated.doing(|| format!("set the restart policy of {name}")), &[])
    }

    /// Kills and removes it with its unnamed volumes, and waits until it is gone.
    ///
    /// # Errors
    /// When it is still there after [`super::engine::REQUEST_TIMEOUT`].
    pub async fn remove(&self, name: &str) -> Result<Done, DockerError> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let removed = self.docker.remove_container(name, Some(options)).await;
        match removed.doing(|| format!("remove the container {name}")) {
            // Somebody else is removing it.
            Err(error) if error.status() == Some(409) => {
                let limit = super::engine::REQUEST_TIMEOUT;
                self.wait_for(name, limit, "is removed", |state| state.is_none()).await?;
                Ok(Done::Already)
            }
            other => gone_or(other, &[]),
        }
    }

    /// Looks again and again until `reached` says yes.
    ///
    /// # Errors
    /// [`DockerError::TimedOut`] after `limit`; `what` completes "wait until the container …".
    pub async fn wait_for(
        &self,
        name: &str,
        limit: Duration,
        what: &str,
        mut reached: impl FnMut(Option<&ContainerState>) -> bool,
    ) -> Result<Option<ContainerState>, DockerError> {
        let begun = Instant::now();
        loop {
            let state = self.container(name).await?;
            if reached(state.as_ref()) {
                return Ok(state);
            }
            if begun.elapsed() >= limit {
                return Err(DockerError::TimedOut {
                    doing: format!("wait until {name} {what}"),
                    after: limit,
                });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Turns "no such container" and the statuses that mean "it is so already" into answers.
fn gone_or<T>(result: Result<T, DockerError>, already: &[u16]) -> Result<Done, DockerError> {
    match result {
        Ok(_) => Ok(Done::Changed),
        Err(error) => match error.status() {
            Some(404) => Ok(Done::Gone),
            Some(status) if already.contains(&status) => Ok(Done::Already),
            _ => Err(error),
        },
    }
}

/// Docker's word for a restart policy as Compose writes it; `on-failure:3` has a number of attempts.
pub(crate) fn restart_policy(policy: &str) -> Result<RestartPolicy, DockerError> {
    let (name, attempts) =
        policy.split_once(':').map_or((policy, None), |(name, attempts)| (name, Some(attempts)));
    let wrong = || {
        let allowed = "no, always, on-failure, on-failure:N, unless-stopped";
        DockerError::failed("set a restart policy", format!("{policy:?} is none; allowed are {allowed}"))
    };
    let name = match name {
        "no" | "" => RestartPolicyNameEnum::NO,
        "always" => RestartPolicyNameEnum::ALWAYS,
        "on-failure" => RestartPolicyNameEnum::ON_FAILURE,
        "unless-stopped" => RestartPolicyNameEnum::UNLESS_STOPPED,
        _ => return Err(wrong()),
    };
    let maximum_retry_count = attempts.map(|number| number.parse().map_err(|_| wrong())).transpose()?;
    Ok(RestartPolicy { name: Some(name), maximum_retry_count })
}

fn state_of(inspected: ContainerInspectResponse) -> ContainerState {
    let state = inspected.state.unwrap_or_default();
    let phase = match state.status {
        Some(ContainerStateStatusEnum::CREATED) => Phase::Created,
        Some(ContainerStateStatusEnum::RUNNING) => Phase::Running,
        Some(ContainerStateStatusEnum::PAUSED) => Phase::Paused,
        Some(ContainerStateStatusEnum::RESTARTING) => Phase::Restarting,
        _ => Phase::Exited,
    };
    let healthy = state.health.and_then(|health| health.status).and_then(|status| match status {
        HealthStatusEnum::HEALTHY => Some(true),
        HealthStatusEnum::STARTING | HealthStatusEnum::UNHEALTHY => Some(false),
        _ => None,
    });
    let host = inspected.host_config.unwrap_or_default();
    let policy =
        host.restart_policy.and_then(|policy| policy.name).map(|name| name.to_string()).unwrap_or_default();
    let settings = inspected.network_settings.unwrap_or_default();
    let addresses = settings.networks.unwrap_or_default().into_iter().filter_map(|(network, endpoint)| {
        let address = endpoint.ip_address?.parse().ok()?;
        Some((network, address))
    });
    let ports = settings.ports.unwrap_or_default().into_iter().filter_map(|(port, bindings)| {
        let port = port.strip_suffix("/tcp")?.parse().ok()?;
        let binding = bindings?.into_iter().find(|binding| binding.host_port.is_some())?;
        let host_port = binding.host_port?.parse().ok()?;
        Some((port, SocketAddr::from(([127, 0, 0, 1], host_port))))
    });
    ContainerState {
        id: inspected.id.unwrap_or_default(),
        exit_code: matches!(phase, Phase::Exited | Phase::Restarting).then_some(state.exit_code).flatten(),
        phase,
        healthy,
        out_of_memory: state.oom_killed.unwrap_or(false),
        started_at: state.started_at.unwrap_or_default(),
        restart_count: inspected.restart_count.unwrap_or(0),
        restart_policy: if policy.is_empty() { "no".to_owned() } else { policy },
        addresses: addresses.collect(),
        ports: ports.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_that_mean_already_are_answers() {
        let refused =
            |status| Err::<(), _>(DockerError::Answer { doing: "x".into(), status, message: String::new() });
        assert_eq!(gone_or(Ok(()), &[]), Ok(Done::Changed), "it worked");
        assert_eq!(gone_or(refused(404), &[]), Ok(Done::Gone), "no such container");
        assert_eq!(gone_or(refused(409), &[409]), Ok(Done::Already), "a dead container needs no kill");
        assert!(gone_or(refused(409), &[304]).is_err(), "a conflict that is not expected is an error");
        assert!(gone_or(refused(500), &[409]).is_err(), "Docker's own failures are errors");
    }

    #[test]
    fn restart_policies_are_those_of_compose() {
        let policy = restart_policy("on-failure:3").unwrap();
        assert_eq!(policy.name, Some(RestartPolicyNameEnum::ON_FAILURE), "the name");
        assert_eq!(policy.maximum_retry_count, Some(3), "the attempts");
        let error = restart_policy("sometimes").unwrap_err().to_string();
        assert!(
            error.contains("sometimes") && error.contains("unless-stopped"),
            "what is wrong and allowed: {error}"
        );
    }
}
