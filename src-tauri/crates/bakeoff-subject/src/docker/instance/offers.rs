//! What a Docker subject needs from this machine, and which faults can be done to it here.

use super::{DockerSubjects, blueprint};
use crate::docker::DockerError;
use crate::docker::capability::Capabilities;
use crate::docker::engine::how_to_get;
use crate::docker::fault::{BALLAST, KILL, PAUSE, RESTART};
use crate::local::Need;
use bakeoff_core::fault::FaultKind;
use bakeoff_core::subject::Subject;

impl DockerSubjects {
    /// The engine, and whether it is there.
    pub async fn engine_need(&self) -> Need {
        let info = match self.engine().await {
            Ok(engine) => engine.info(),
            Err(error) => return missing("Docker engine", error.to_string()),
        };
        Need {
            name: "Docker engine".to_owned(),
            is_met: true,
            detail: format!("{} (API {}, {}, cgroup {})", info.version, info.api, info.platform, info.cgroup),
        }
    }

    /// The engine and the images, and whether they are there.
    pub async fn needs(&self, subject: &Subject) -> Vec<Need> {
        let mut needs = vec![self.engine_need().await];
        let Ok(engine) = self.engine().await else { return needs };
        match images(subject) {
            Ok(images) => {
                for image in images {
                    let name = format!("image {image}");
                    needs.push(match engine.has_image(&image).await {
                        Ok(true) => Need { name, is_met: true, detail: "is there".to_owned() },
                        Ok(false) => missing(&name, format!("not there; {}", how_to_get(&image))),
                        Err(error) => missing(&name, error.to_string()),
                    });
                }
            }
            Err(error) => needs.push(missing("services", error.to_string())),
        }
        needs
    }

    /// By what means each of these faults is done, or why it can't be. Starts and removes a small container the first
    /// time that a daemon is asked.
    pub async fn offers(
        &self,
        subject: &Subject,
        kinds: &[FaultKind],
    ) -> Vec<(FaultKind, Result<String, String>)> {
        let capabilities = match self.able(subject).await {
            Ok(capabilities) => capabilities,
            Err(error) => {
                let reason = error.to_string();
                return kinds.iter().map(|kind| (*kind, Err(reason.clone()))).collect();
            }
        };
        let able = |kind| mechanism(&capabilities, kind).map(str::to_owned);
        kinds.iter().map(|kind| (*kind, able(*kind))).collect()
    }

    async fn able(&self, subject: &Subject) -> Result<std::sync::Arc<Capabilities>, DockerError> {
        let engine = self.engine().await?;
        let image = images(subject)?.pop().unwrap_or_default();
        if !engine.has_image(&image).await? {
            let reason = format!("the daemon does not have it; {}", how_to_get(&image));
            return Err(DockerError::Unavailable { what: format!("the image {image}"), reason });
        }
        self.capabilities(engine, &image).await
    }
}

/// The images of a subject, the one with the tools last.
fn images(subject: &Subject) -> Result<Vec<String>, DockerError> {
    let services = blueprint(subject)?.services;
    let first = services.first().map(|service| service.image.clone()).unwrap_or_default();
    let tools = subject.tools_image.clone().unwrap_or(first);
    let mut images: Vec<String> = services.into_iter().map(|service| service.image).collect();
    images.sort();
    images.dedup();
    images.retain(|image| *image != tools);
    images.push(tools);
    Ok(images)
}

fn missing(name: &str, detail: String) -> Need {
    Need { name: name.to_owned(), is_met: false, detail }
}

/// In the words that trials keep, or the reason why it can't be done.
fn mechanism(able: &Capabilities, kind: FaultKind) -> Result<&'static str, String> {
    let found = match kind {
        FaultKind::None => Ok("none"),
        FaultKind::NodeKill => Ok(KILL),
        FaultKind::ProcessRestart => Ok(RESTART),
        FaultKind::NodePause => Ok(PAUSE),
        FaultKind::Latency => able.latency(),
        FaultKind::PacketLoss => able.packet_loss(),
        FaultKind::NetworkPartition => able.partition(),
        FaultKind::DiskPressure => Ok(BALLAST),
    };
    found.map_err(|error| match error {
        DockerError::Unavailable { reason, .. } => reason,
        other => other.to_string(),
    })
}
