//! `mlruns` folders: a folder an experiment, in it a folder a run, in it a file a parameter, tag and metric.

use super::{ExperimentRow, Runs, sort};
use crate::client::ExperimentInfo;
use crate::error::{MlflowError, Result};
use crate::run::{Run, RunStatus};
use bakeoff_core::trial::Millis;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How deep a name with slashes may go.
const DEEPEST: usize = 20;
/// Warnings that are told one by one.
const TOLD: usize = 20;

/// All experiments that aren't deleted, newest first, with their runs counted.
pub(super) fn experiments(path: &Path) -> Result<Vec<ExperimentRow>> {
    let mut rows = Vec::new();
    for (info, folder) in found(path)?.into_iter().filter(|(info, _)| info.active) {
        let (runs, _) = read_all(&run_folders(&folder)?, |folder| Ok(meta_of_active(folder)?.is_some()));
        let runs = runs.into_iter().filter(|active| *active).count() as u64;
        rows.push(ExperimentRow { runs, ..ExperimentRow::without_runs(info) });
    }
    Ok(rows)
}

/// All experiments, deleted ones too.
pub(super) fn names(path: &Path) -> Result<Vec<ExperimentInfo>> {
    Ok(found(path)?.into_iter().map(|(info, _)| info).collect())
}

/// The runs of an experiment, newest first; `None`: there is no such experiment.
pub(super) fn runs(path: &Path, name: &str) -> Result<Option<Runs>> {
    let all = found(path)?;
    let same = || all.iter().filter(|(info, _)| info.name == name);
    let Some((_, folder)) = same().find(|(info, _)| info.active) else {
        let deleted = MlflowError::ExperimentDeleted { name: name.to_owned() };
        return if same().next().is_some() { Err(deleted) } else { Ok(None) };
    };
    let (runs, warnings) = read_all(&run_folders(folder)?, read_run);
    let mut runs: Vec<Run> = runs.into_iter().flatten().collect();
    sort(&mut runs);
    Ok(Some(Runs { runs, warnings }))
}

fn failed(path: &Path, why: impl ToString) -> MlflowError {
    MlflowError::Store { path: path.display().to_string(), why: why.to_string() }
}

/// The experiments of a store, newest first. A project's folder with `mlruns` in it is taken for that.
fn found(path: &Path) -> Result<Vec<(ExperimentInfo, PathBuf)>> {
    if !path.is_dir() {
        return Err(failed(path, "there is no such folder"));
    }
    let mut found = listed(path)?;
    if found.is_empty() && path.join("mlruns").is_dir() {
        found = listed(&path.join("mlruns"))?;
    }
    // Deleted experiments are moved here.
    if path.join(".trash").is_dir() {
        let deleted = listed(&path.join(".trash"))?.into_iter();
        found.extend(deleted.map(|(info, folder)| (ExperimentInfo { active: false, ..info }, folder)));
    }
    if found.is_empty() {
        return Err(failed(path, "it has no experiments. Is this an mlruns folder?"));
    }
    found.sort_by(|(a, _), (b, _)| b.created_at.cmp(&a.created_at).then_with(|| b.id.cmp(&a.id)));
    Ok(found)
}

fn listed(path: &Path) -> Result<Vec<(ExperimentInfo, PathBuf)>> {
    let mut found = Vec::new();
    for folder in folders(path)? {
        let Ok(meta) = meta(&folder) else { continue };
        let (Some(id), Some(name)) = (text(&meta["experiment_id"]), text(&meta["name"])) else { continue };
        let active = meta["lifecycle_stage"].as_str().is_none_or(|stage| stage == "active");
        found.push((ExperimentInfo { id, name, created_at: number(&meta["creation_time"]), active }, folder));
    }
    Ok(found)
}

/// The folders in a folder that aren't hidden.
fn folders(path: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| failed(path, error))? {
        let entry = entry.map_err(|error| failed(path, error))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink()) {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

/// Folders of runs; experiments also have `tags`, `datasets`, `models` and `traces`.
fn run_folders(experiment: &Path) -> Result<Vec<PathBuf>> {
    const OTHERS: [&str; 4] = ["tags", "datasets", "models", "traces"];
    let is_other =
        |folder: &Path| folder.file_name().is_some_and(|name| OTHERS.iter().any(|other| name == *other));
    Ok(folders(experiment)?.into_iter().filter(|folder| !is_other(folder)).collect())
}

/// Reads many folders on several threads; what can't be read becomes a warning.
fn read_all<T: Send>(
    folders: &[PathBuf],
    read: impl Fn(&Path) -> io::Result<T> + Sync,
) -> (Vec<T>, Vec<String>) {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let share = folders.len().div_ceil(threads).max(1);
    let results: Vec<(PathBuf, io::Result<T>)> = std::thread::scope(|scope| {
        let read = &read;
        let parts: Vec<_> = folders
            .chunks(share)
            .map(|part| {
                scope.spawn(move || part.iter().map(|one| (one.clone(), read(one))).collect::<Vec<_>>())
            })
            .collect();
        // A thread that panics has a bug in it; its part is then missing from both lists.
        parts.into_iter().filter_map(|part| part.join().ok()).flatten().collect()
    });
    let (mut values, mut warnings, mut untold) = (Vec::with_capacity(results.len()), Vec::new(), 0);
    for (folder, result) in results {
        match result {
            Ok(value) => values.push(value),
            Err(error) if warnings.len() < TOLD => warnings.push(format!("{}: {error}", folder.display())),
            Err(_) => untold += 1,
        }
    }
    if untold > 0 {
        warnings.push(format!("and {untold} more runs that can't be read"));
    }
    (values, warnings)
}

fn meta(folder: &Path) -> io::Result<Value> {
    let text = fs::read_to_string(folder.join("meta.yaml"))?;
    match bakeoff_core::yaml::read(&text) {
        Ok(document) => Ok(document.value),
        Err(findings) => {
            let first = findings.first().map_or_else(String::new, |finding| finding.message.clone());
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("meta.yaml: {first}")))
        }
    }
}

/// The `meta.yaml` of a run; `None`: it is deleted.
fn meta_of_active(folder: &Path) -> io::Result<Option<Value>> {
    let meta = meta(folder)?;
    let active = meta["lifecycle_stage"].as_str().is_none_or(|stage| stage == "active");
    Ok(active.then_some(meta))
}

fn read_run(folder: &Path) -> io::Result<Option<Run>> {
    let Some(meta) = meta_of_active(folder)? else { return Ok(None) };
    let (mut params, mut tags, mut metrics) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    each_file(&folder.join("params"), &mut |name, text| {
        params.insert(name, text);
    })?;
    each_file(&folder.join("tags"), &mut |name, text| {
        tags.insert(name, text);
    })?;
    each_file(&folder.join("metrics"), &mut |name, text| {
        metrics.extend(latest(&text).map(|value| (name, value)));
    })?;
    // The tag and the folder's name are texts; in YAML a name such as 1e5 would be a number.
    let name = tags.get("mlflow.runName").cloned().or_else(|| text(&meta["run_name"]));
    Ok(Some(Run {
        run_id: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        name: name.or_else(|| text(&meta["name"])).unwrap_or_default(),
        status: RunStatus::from_name(&text(&meta["status"]).unwrap_or_default()),
        started_at: number(&meta["start_time"]),
        ended_at: number(&meta["end_time"]),
        params,
        metrics,
        tags,
    }))
}

/// Calls back with the name, slashes included, and the text of every file below a folder, which need not be there.
fn each_file(folder: &Path, then: &mut impl FnMut(String, String)) -> io::Result<()> {
    let mut waiting = vec![(folder.to_path_buf(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = waiting.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                if depth < DEEPEST {
                    waiting.push((entry.path(), format!("{name}/"), depth + 1));
                }
            } else {
                let bytes = fs::read(entry.path())?;
                then(name, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
    Ok(())
}

/// The latest value in a metric's file (`time value [step [dataset digest]]` a line): by step, then time, then value.
fn latest(text: &str) -> Option<f64> {
    let read = |line: &str| {
        let parts: Vec<&str> = line.split_ascii_whitespace().collect();
        let step = if parts.len() == 3 { parts.get(2)?.parse().ok()? } else { 0 };
        let (time, value): (i64, f64) = (parts.first()?.parse().ok()?, parts.get(1)?.parse().ok()?);
        Some((step, time, value))
    };
    let order = |a: &(i64, i64, f64), b: &(i64, i64, f64)| {
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| a.2.partial_cmp(&b.2).unwrap_or(std::cmp::Ordering::Equal))
    };
    text.lines().filter_map(read).max_by(order).map(|(_, _, value)| value)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<Millis> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::latest;

    #[test]
    fn the_latest_value_is_by_step_then_time() {
        assert_eq!(latest("10 0.5\n20 0.25\n"), Some(0.25));
        assert_eq!(latest("10 1.5 2\n99 7 1\n11 2.5 2\n"), Some(2.5));
        assert_eq!(latest("10 1e-3 0 data digest\n"), Some(0.001));
        assert!(latest("10 nan 0").is_some_and(f64::is_nan));
        assert_eq!(latest("broken\n"), None);
    }
}
