//! The connection to one Docker daemon.

use super::error::{DockerError, Doing};
use bollard::Docker;
use std::time::Duration;

/// How long one request may take. Containers that start and stop answer within seconds; bollard's own limit is 120 s.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Images of this name are no registry's: the starter workspace has the file to make them from.
const OWN_IMAGES: &str = "bakeoff-lab/";

/// What a person does who lacks an image.
pub(crate) fn how_to_get(image: &str) -> String {
    match image.strip_prefix(OWN_IMAGES).and_then(|rest| rest.split(':').next()) {
        Some(name) => format!("make it in the workspace: docker build -t {image} subjects/{name}-image"),
        None => format!("get it: docker pull {image}"),
    }
}

/// What the daemon says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// Its version, for example `20.10.24`.
    pub version: String,
    /// The version of the API that is spoken, for example `1.41`.
    pub api: String,
    /// The daemon's operating system and architecture, for example `linux/amd64`.
    pub platform: String,
    /// Control groups: `1` or `2`.
    pub cgroup: String,
    /// Memory of the daemon's machine, in bytes.
    pub memory_bytes: u64,
}

/// A daemon that answers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) docker: Docker,
    info: EngineInfo,
}

impl Engine {
    /// Connects to the daemon that `DOCKER_HOST` names, else to the local one.
    ///
    /// # Errors
    /// [`DockerError::Unreachable`] when none answers.
    pub async fn connect() -> Result<Self, DockerError> {
        let docker =
            Docker::connect_with_defaults().map_err(|error| DockerError::Unreachable(error.to_string()))?;
        let docker = docker.with_timeout(REQUEST_TIMEOUT);
        let asking = || "ask Docker for its version".to_owned();
        let docker =
            docker.negotiate_version().await.map_err(|error| DockerError::Unreachable(error.to_string()))?;
        let version = docker.version().await.doing(asking)?;
        let system = docker.info().await.doing(asking)?;
        let text = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
        let info = EngineInfo {
            version: text(version.version),
            api: docker.client_version().to_string(),
            platform: format!("{}/{}", text(version.os), text(version.arch)),
            cgroup: system.cgroup_version.map_or_else(|| "unknown".to_owned(), |version| version.to_string()),
            memory_bytes: system.mem_total.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
        };
        Ok(Self { docker, info })
    }

    /// What the daemon says of itself, as read when connecting.
    pub fn info(&self) -> &EngineInfo {
        &self.info
    }

    /// Whether the daemon has this image.
    ///
    /// # Errors
    /// When Docker can't be asked.
    pub async fn has_image(&self, image: &str) -> Result<bool, DockerError> {
        match self.docker.inspect_image(image).await.doing(|| format!("look for the image {image}")) {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_is_missing_is_made_or_pulled() {
        let own = how_to_get("bakeoff-lab/etcd:3.4");
        assert!(own.ends_with("docker build -t bakeoff-lab/etcd:3.4 subjects/etcd-image"), "{own}");
        assert_eq!(how_to_get("pingcap/tikv:v8.5.5"), "get it: docker pull pingcap/tikv:v8.5.5");
    }
}
