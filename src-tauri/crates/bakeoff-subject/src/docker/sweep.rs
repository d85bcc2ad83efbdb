//! Removing what is left of projects: after each trial, and at the start of a program what dead ones left.

use super::engine::Engine;
use super::error::{DockerError, Doing};
use super::labels::{self, Owner};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveVolumeOptionsBuilder,
};
use futures::future::join_all;
use std::collections::HashMap;

/// Names of what was found, which is also what was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Containers.
    pub containers: Vec<String>,
    /// Networks.
    pub networks: Vec<String>,
    /// Volumes.
    pub volumes: Vec<String>,
}

impl Swept {
    /// Nothing was there.
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.networks.is_empty() && self.volumes.is_empty()
    }
}

/// Removes everything of one project.
///
/// # Errors
/// With the first thing that could not be removed; the others are removed all the same.
pub async fn project(engine: &Engine, project: &str) -> Result<Swept, DockerError> {
    remove(engine, &format!("{}={project}", labels::PROJECT), |_| true).await
}

/// Removes everything that this program's like have left and that no living one owns.
///
/// # Errors
/// As [`project`].
pub async fn dead_owners(engine: &Engine) -> Result<Swept, DockerError> {
    let app = format!("{}=1", labels::APP);
    let dead = |owner: &str| Owner::read(owner).is_none_or(|owner| !owner.is_alive());
    remove(engine, &app, dead).await
}

/// Removes everything of one owner, as its label says it.
///
/// # Errors
/// As [`project`].
pub async fn of_owner(engine: &Engine, owner: &str) -> Result<Swept, DockerError> {
    remove(engine, &format!("{}={owner}", labels::OWNER), |_| true).await
}

/// Everything of one project that there is, without touching it.
///
/// # Errors
/// When Docker can't be asked.
pub async fn left_over(engine: &Engine, project: &str) -> Result<Swept, DockerError> {
    find(engine, &format!("{}={project}", labels::PROJECT), &|_| true).await
}

async fn remove(engine: &Engine, label: &str, unwanted: impl Fn(&str) -> bool) -> Result<Swept, DockerError> {
    let found = find(engine, label, &unwanted).await?;
    let mut first_error = None;
    let mut note = |result: Result<(), DockerError>| {
        if let Err(error) = result {
            first_error.get_or_insert(error);
        }
    };
    let containers = join_all(found.containers.iter().map(|name| engine.remove(name))).await;
    containers.into_iter().for_each(|removed| note(removed.map(drop)));
    let networks = found.networks.iter().map(|name| async move {
        let removed = engine.docker.remove_network(name).await.doing(|| format!("remove the network {name}"));
        absent_is_fine(removed)
    });
    join_all(networks).await.into_iter().for_each(&mut note);
    let volumes = found.volumes.iter().map(|name| async move {
        let options = RemoveVolumeOptionsBuilder::default().force(true).build();
        let removed = engine.docker.remove_volume(name, Some(options)).await;
        absent_is_fine(removed.doing(|| format!("remove the volume {name}")))
    });
    join_all(volumes).await.into_iter().for_each(&mut note);
    first_error.map_or(Ok(found), Err)
}

fn absent_is_fine(removed: Result<(), DockerError>) -> Result<(), DockerError> {
    match removed {
        Err(error) if error.status() == Some(404) => Ok(()),
        other => other,
    }
}

async fn find(engine: &Engine, label: &str, wanted: &impl Fn(&str) -> bool) -> Result<Swept, DockerError> {
    let doing = || "list what is there".to_owned();
    let filters = HashMap::from([("label", vec![label.to_owned()])]);
    let wanted =
        |labels: &HashMap<String, String>| wanted(labels.get(labels::OWNER).map_or("", String::as_str));

    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let containers = engine.docker.list_containers(Some(options)).await.doing(doing)?;
    let containers =
        containers.into_iter().filter(|it| wanted(it.labels.as_ref().unwrap_or(&HashMap::new())));
    let containers = containers.filter_map(|it| it.names.into_iter().flatten().next().or(it.id));
    let containers = containers.map(|name| name.trim_start_matches('/').to_owned()).collect();

    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let networks = engine.docker.list_networks(Some(options)).await.doing(doing)?;
    let networks = networks.into_iter().filter(|it| wanted(it.labels.as_ref().unwrap_or(&HashMap::new())));
    let networks = networks.filter_map(|it| it.name).collect();

    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let volumes = engine.docker.list_volumes(Some(options)).await.doing(doing)?.volumes.unwrap_or_default();
    let volumes = volumes.into_iter().filter(|it| wanted(&it.labels)).map(|it| it.name).collect();
    Ok(Swept { containers, networks, volumes })
}
