//! Filling a node's own small volume, which is in memory: never the disk of the machine.

use super::{DockerError, Project, keeper_path};
use crate::docker::exec::Exec;
use bakeoff_core::fault::{PlannedFault, Undo};
use bakeoff_core::ports::lab::Presence;
use serde_json::Value;

/// The largest volume that is ever filled, in bytes.
const LARGEST: u64 = 1 << 30;

/// How full a volume is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskUse {
    /// Its size in bytes.
    pub total: u64,
    /// What can still be written, in bytes.
    pub available: u64,
}

impl DiskUse {
    /// Used share, 0 to 100.
    pub fn percent(self) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        100.0 * (self.total - self.available.min(self.total)) as f64 / self.total as f64
    }
}

/// The path in the keeper of the volume that a node has at `volume`.
pub(super) fn volume(project: &Project, service: &str, volume: Option<&str>) -> Result<String, DockerError> {
    let volumes = project.memory_volumes(service);
    let found = volumes.into_iter().find(|(path, _)| volume.is_none_or(|volume| volume == path));
    found.map(|(_, path)| path).ok_or_else(|| DockerError::Unavailable {
        what: "disk_pressure".to_owned(),
        reason: format!("{service} has no volume of its own in memory, and nothing else may be filled"),
    })
}

/// How full a volume is, by its path in the keeper. Works while the node is down.
///
/// # Errors
/// When the keeper does not run.
pub async fn disk_use(project: &Project, keeper_path: &str) -> Result<DiskUse, DockerError> {
    look_at(project, keeper_path).await.map(|(usage, _)| usage)
}

/// How full several volumes are, by their paths in the keeper, with one command for all of them.
///
/// # Errors
/// When the keeper does not run.
pub async fn disk_uses(project: &Project, keeper_paths: &[String]) -> Result<Vec<DiskUse>, DockerError> {
    let doing = "measure the volumes";
    let command = ["stat", "-f", "-c", "%S %b %a"].map(str::to_owned).into_iter();
    let exec = Exec::new(command.chain(keeper_paths.iter().cloned()));
    let text = project.engine().exec(&project.keeper(), &exec).await?.success(doing)?;
    let use_of = |line: &str| {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        match numbers[..] {
            [block, total, available] => Ok(DiskUse { total: block * total, available: block * available }),
            _ => Err(DockerError::failed(doing, format!("this is no answer: {line}"))),
        }
    };
    text.lines().map(use_of).collect()
}

/// Size, what is free, and whether the path is on a file system of its own in memory: read from the kernel, not from
/// what was asked for.
async fn look_at(project: &Project, path: &str) -> Result<(DiskUse, bool), DockerError> {
    let doing = format!("measure {path}");
    let line = "stat -f -c '%S %b %a %T' \"$1\" && stat -c %d \"$1\" && stat -c %d /";
    let exec = Exec::new(["sh", "-c", line, "measure", path]);
    let text = project.engine().exec(&project.keeper(), &exec).await?.success(&doing)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let parsed = match words[..] {
        [block, total, available, kind, device, root] => {
            let number = |word: &str| word.parse::<u64>().ok();
            number(block).zip(number(total)).zip(number(available)).map(|((block, total), available)| {
                let usage = DiskUse { total: block * total, available: block * available };
                (usage, kind == "tmpfs" && device != root)
            })
        }
        _ => None,
    };
    parsed.ok_or_else(|| DockerError::failed(doing, format!("this is no answer: {text}")))
}

/// How much must be written to fill `percent` of what is free. Refuses any place that is not a small file system of its
/// own.
pub(super) async fn ballast_bytes(project: &Project, path: &str, percent: f64) -> Result<u64, DockerError> {
    let (usage, is_own) = look_at(project, path).await?;
    if !is_own || usage.total > LARGEST {
        let reason = format!(
            "{path} has {} MiB and is {}; only a volume in memory of at most {} MiB is filled",
            usage.total >> 20,
            if is_own { "a file system of its own" } else { "no file system of its own" },
            LARGEST >> 20
        );
        return Err(DockerError::Unavailable { what: "disk_pressure".to_owned(), reason });
    }
    Ok((usage.available as f64 * percent.clamp(0.0, 100.0) / 100.0) as u64)
}

pub(super) async fn fill(project: &Project, planned: &PlannedFault) -> Result<(), DockerError> {
    let (Some(path), Undo::RemoveFile { path: name, .. }) = (keeper_path(planned), &planned.undo) else {
        return Err(DockerError::failed("fill a volume", "the plan does not say which"));
    };
    let bytes = planned.detail.get("bytes").and_then(Value::as_u64).unwrap_or(0);
    // Looked at again: the plan may be old, and nothing else may ever be filled.
    ballast_bytes(project, path, 0.0).await?;
    // What the node wrote since the plan was made is taken off, so that 100 % can't fail.
    let line = "free=$(stat -f -c '%S %a' \"$1\") && set -- \"$@\" $free && free=$(($4 * $5)) && \
        [ -e \"$1/$2\" ] || fallocate -l $(($3 < free ? $3 : free)) \"$1/$2\"";
    let exec = Exec::new(["sh", "-c", line, "fill", path, name, &bytes.to_string()]);
    let executed = project.engine().exec(&project.keeper(), &exec).await?;
    executed.success("fill a volume").map(drop)
}

/// Removes a file of a volume. The name can't lead out of it.
pub(crate) async fn remove(project: &Project, path: &str, name: &str) -> Result<(), DockerError> {
    if name.is_empty() || name.starts_with('/') || name.split('/').any(|part| part == "..") {
        return Err(DockerError::failed(format!("remove {name:?}"), "a path within the volume is needed"));
    }
    let exec = Exec::new(["rm", "-f", "--", &format!("{path}/{name}")]);
    let executed = project.engine().exec(&project.keeper(), &exec).await?;
    executed.success(&format!("remove {name}")).map(drop)
}

pub(super) async fn look(project: &Project, planned: &PlannedFault) -> Result<Presence, DockerError> {
    let (Some(path), Undo::RemoveFile { path: name, .. }) = (keeper_path(planned), &planned.undo) else {
        return Ok(Presence::Unknown("the plan does not say which volume".to_owned()));
    };
    let exec = Exec::new(["stat", "-c", "%s", &format!("{path}/{name}")]);
    let executed = project.engine().exec(&project.keeper(), &exec).await?;
    let usage = disk_use(project, path).await?;
    let measured =
        format!("the volume is {:.0} % full, {} KiB are free", usage.percent(), usage.available >> 10);
    Ok(match executed.exit_code {
        Some(0) => Presence::Present(measured),
        Some(_) => Presence::Absent(measured),
        None => Presence::Unknown("the volume does not answer".to_owned()),
    })
}
