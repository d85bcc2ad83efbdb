//! One isolated instance of a subject: its networks, volumes and containers.
//!
//! Two networks: the nodes talk to each other (and an agent to them) over an internal one, from which nothing outside
//! can be reached and in which addresses are fixed, so that a rule about an address stays true when a node starts
//! again. The ports that this program uses are published on loopback through a second one, on which the nodes can't
//! talk to each other, so that nothing leads around a partition.

mod make;

use super::compose::{Blueprint, Condition, Service, Volume};
use super::container::{ContainerState, Phase};
use super::engine::{Engine, how_to_get};
use super::error::{DockerError, Doing};
use super::labels::Identity;
use super::sweep;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::CreateContainerOptionsBuilder;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// Where the keeper sees the volumes that are in memory.
pub const KEEPER_ROOT: &str = "/volumes";

/// A node of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its service.
    pub service: String,
    /// Its container.
    pub container: String,
    /// Its address among the nodes.
    pub address: IpAddr,
}

/// A running project. Dropping it leaves everything as it is; [`Project::down`] removes it.
#[derive(Debug, Clone)]
pub struct Project {
    engine: Engine,
    identity: Identity,
    blueprint: Blueprint,
    tools_image: String,
    nodes: Vec<Node>,
    network: String,
}

impl Project {
    /// Makes everything, starts the services in order and returns as soon as they are started. What was made is
    /// removed again when something fails. `tools_image` is for the containers beside the nodes: it needs `sh`,
    /// coreutils, iptables, iproute2 and python3.
    ///
    /// # Errors
    /// When an image is missing or Docker refuses something.
    pub async fn up(
        engine: &Engine,
        identity: Identity,
        blueprint: Blueprint,
        tools_image: &str,
    ) -> Result<Self, DockerError> {
        let mut images: Vec<&str> = blueprint.services.iter().map(|service| service.image.as_str()).collect();
        images.push(tools_image);
        images.sort_unstable();
        images.dedup();
        for image in images {
            if !engine.has_image(image).await? {
                let reason = format!("the daemon does not have it; {}", how_to_get(image));
                return Err(DockerError::Unavailable { what: format!("the image {image}"), reason });
            }
        }
        let mut project = Self {
            engine: engine.clone(),
            network: format!("{}_default", identity.name),
            identity,
            blueprint,
            tools_image: tools_image.to_owned(),
            nodes: Vec::new(),
        };
        match project.make().await {
            Ok(()) => Ok(project),
            Err(error) => {
                // The first error is what matters; what could not be removed is found by the next sweep.
                let _ = project.down().await;
                Err(error)
            }
        }
    }

    /// Removes everything that carries this project's name, sidecars too. May be called again.
    ///
    /// # Errors
    /// With the first thing that could not be removed; the others are removed all the same.
    pub async fn down(&self) -> Result<sweep::Swept, DockerError> {
        sweep::project(&self.engine, &self.identity.name).await
    }

    /// The daemon that it runs on.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Its name and owner.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Its nodes in the order of the file.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The image for containers beside the nodes.
    pub fn tools_image(&self) -> &str {
        &self.tools_image
    }

    /// The network on which the nodes talk to each other.
    pub fn network(&self) -> &str {
        &self.network
    }

    /// The container that holds the volumes in memory, and from which their contents can be reached while their node
    /// is down.
    pub fn keeper(&self) -> String {
        format!("{}-data-1", self.identity.name)
    }

    /// A node by its service.
    ///
    /// # Errors
    /// With the names that there are.
    pub fn node(&self, service: &str) -> Result<&Node, DockerError> {
        self.nodes.iter().find(|node| node.service == service).ok_or_else(|| {
            let names: Vec<&str> = self.nodes.iter().map(|node| node.service.as_str()).collect();
            DockerError::failed(
                format!("find the node {service:?}"),
                format!("there are {}", names.join(", ")),
            )
        })
    }

    /// A service as the file has it.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.blueprint.services.iter().find(|service| service.name == name)
    }

    /// The volumes in memory of a service: name → (path in the node, path in the keeper).
    pub fn memory_volumes(&self, service: &str) -> Vec<(String, String)> {
        let mounts = self.service(service).map(|service| service.volumes.as_slice()).unwrap_or_default();
        let in_memory = mounts
            .iter()
            .filter(|mount| matches!(self.blueprint.volumes.get(&mount.volume), Some(Volume::Memory { .. })));
        in_memory.map(|mount| (mount.path.clone(), format!("{KEEPER_ROOT}/{}", mount.volume))).collect()
    }

    /// A look at a node's container; none when it is gone.
    ///
    /// # Errors
    /// When there is no such node, or Docker can't be asked.
    pub async fn state(&self, service: &str) -> Result<Option<ContainerState>, DockerError> {
        self.engine.container(&self.node(service)?.container).await
    }

    /// Where this program reaches a port of a node now; none while the node does not run. It changes with each start.
    ///
    /// # Errors
    /// When there is no such node, or Docker can't be asked.
    pub async fn address(&self, service: &str, port: u16) -> Result<Option<SocketAddr>, DockerError> {
        Ok(self.state(service).await?.and_then(|state| state.ports.get(&port).copied()))
    }

    /// Waits until every node runs and every health check says yes.
    ///
    /// # Errors
    /// [`DockerError::TimedOut`] with the node that is not well, or at once when one has ended for good.
    pub async fn wait_healthy(&self, limit: Duration) -> Result<(), DockerError> {
        let begun = Instant::now();
        for node in &self.nodes {
            self.wait_service(&node.service, Condition::Healthy, limit.saturating_sub(begun.elapsed()))
                .await?;
        }
        Ok(())
    }

    async fn wait_service(
        &self,
        service: &str,
        wanted: Condition,
        limit: Duration,
    ) -> Result<(), DockerError> {
        let container = self.node(service)?.container.clone();
        let reached = |state: Option<&ContainerState>| match state {
            None => true,
            Some(state) if state.phase == Phase::Exited => true,
            Some(state) => {
                state.phase == Phase::Running
                    && (wanted == Condition::Started || state.healthy.unwrap_or(true))
            }
        };
        let what = if wanted == Condition::Healthy { "is healthy" } else { "runs" };
        let state = self.engine.wait_for(&container, limit, what, reached).await?;
        match state {
            Some(state) if state.phase == Phase::Running => Ok(()),
            Some(state) => {
                let log = self.engine.last_lines(&container, 5).await.unwrap_or_default();
                let code = state.exit_code.unwrap_or(-1);
                let reason = format!("it ended with exit code {code}; its last lines: {}", log.trim());
                Err(DockerError::failed(format!("start {service}"), reason))
            }
            None => Err(DockerError::failed(format!("start {service}"), "its container is gone")),
        }
    }

    pub(crate) async fn create(&self, name: &str, body: ContainerCreateBody) -> Result<(), DockerError> {
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let created = self.engine.docker.create_container(Some(options), body).await;
        created.doing(|| format!("make the container {name}")).map(drop)
    }

    /// Lines for `/etc/hosts`. Docker's own names would give a node's address on the network of the ports too, where
    /// nodes can't reach each other.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.nodes.iter().map(|node| format!("{}:{}", node.service, node.address)).collect()
    }

    /// The addresses of all other nodes, by service.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn peers(&self, service: &str) -> Result<BTreeMap<String, IpAddr>, DockerError> {
        self.node(service)?;
        let others = self.nodes.iter().filter(|node| node.service != service);
        Ok(others.map(|node| (node.service.clone(), node.address)).collect())
    }
}
