//! What a Docker subject needs from this machine, and which faults can be done to it here.

use super::{DockerSubjects, blueprint};
use crate::docker::DockerError;
use crate::docker::capability::Capabilities;
use crate::docker::fault::{BALLAST, KILL, PAUSE, RESTART};
use crate::local::Need;
use bakeoff_core::fault::FaultKind;
use bakeoff_core::subject::Subject;

impl DockerSubjects {
    /// The engine and the images, and whether they are there.
    pub async fn needs(&self, subject: &Subject) -> Vec<Need> {
        let engine = match self.engine().await {
            Ok(engine) => engine,
            Err(error) => return vec![missing("Docker engine", error.to_string())],
        };
        let info = engine.info();
        let mut needs = vec![Need {
            name: "Docker engine".to_owned(),
            is_met: true,
            detail: format!("{} (API {}, {}, cgroup {})", info.version, info.api, info.platform, info.cgroup),
        }];
        match images(subject) {
            Ok(images) => {
                for image in images {
                    let name = format!("image {image}");
                    needs.push(match engine.has_image(&image).await {
                        Ok(true) => Need { name, is_met: true, detail: "is there".to_owned() },
                        Ok(false) => missing(
                            &name,
                            format!("not there: get it with `docker pull {image}`, or make it"),
                        ),
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
            let reason = format!("the daemon has no image {image}");
            return Err(DockerError::Unavailable { what: subject.name.clone(), reason });
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

fn mechanism(able: &Capabilities, kind: FaultKind) -> Result<&'static str, String> {
    let first = |choices: [(&Result<(), String>, &'static str); 2]| {
        let [(one, name), (other, second)] = choices;
        match (one, other) {
            (Ok(()), _) => Ok(name),
            (Err(_), Ok(())) => Ok(second),
            (Err(one), Err(other)) => Err(format!("{name}: {one}; {second}: {other}")),
        }
    };
    match kind {
        FaultKind::None => Ok("none"),
        FaultKind::NodeKill => Ok(KILL),
        FaultKind::ProcessRestart => Ok(RESTART),
        FaultKind::NodePause => Ok(PAUSE),
        FaultKind::Latency => first([(&able.netem, "netem"), (&able.nfqueue, "nfqueue")]),
        FaultKind::PacketLoss => first([(&able.netem, "netem"), (&able.statistic, "statistic")]),
        FaultKind::NetworkPartition => able.iptables.clone().map(|()| "iptables"),
        FaultKind::DiskPressure => Ok(BALLAST),
    }
}
