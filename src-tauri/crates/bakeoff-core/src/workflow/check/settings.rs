//! Where runs are logged, from the places that the format has for it.

use super::fields::place;
use super::twice;
use crate::check::{Findings, key, under};
use crate::workflow::MlflowSettings;
use crate::workflow::raw::{RawMlflow, RawWorkflow};
use crate::yaml::Step;
use std::collections::BTreeMap;

/// The settings: the block's own values, else those of `config.observability.mlflow`, which may also stand alone.
pub(super) fn mlflow(raw: &RawWorkflow, findings: &mut Findings) -> Option<MlflowSettings> {
    let config = raw.config.as_ref();
    let in_config = config.and_then(|config| config.mlflow.as_ref());
    let older = config.and_then(|config| config.observability.as_ref()).and_then(|one| one.mlflow.as_ref());
    if raw.mlflow.is_some() && in_config.is_some() {
        twice("mlflow", findings);
    }
    let (newer, path) = match &raw.mlflow {
        Some(top) => (Some(top), key("mlflow")),
        None => (in_config, under(&key("config"), "mlflow")),
    };
    let older_path = [key("config"), key("observability"), key("mlflow")].concat();
    let experiment = newer
        .and_then(|one| experiment(one, &path, findings))
        .or(older.and_then(|one| experiment(one, &older_path, findings)));
    for (block, path) in [(newer, &path), (older, &older_path)] {
        check_address(block, path, findings);
    }
    let nodes = of_nodes(raw, experiment.as_deref(), findings);
    if newer.is_none() && older.is_none() && nodes.is_empty() {
        return None;
    }
    let both = |pick: fn(&RawMlflow) -> Option<String>| newer.and_then(pick).or(older.and_then(pick));
    // In the older place logging is off unless it is switched on.
    let of_older = older.map(|older| older.enabled.unwrap_or(false));
    let enabled = newer.and_then(|newer| newer.enabled).or(of_older).unwrap_or(true);
    Some(MlflowSettings {
        // What is wrong is told, and never shown.
        tracking_uri: both(|one| one.tracking_uri.clone()).filter(|uri| !has_credentials(uri)),
        experiment,
        run_name: both(|one| one.run_name.clone()),
        enabled,
        nodes,
    })
}

/// Workflow files are shared, and are kept with each run: a password must not be in them.
fn check_address(block: Option<&RawMlflow>, path: &[Step], findings: &mut Findings) {
    if block.and_then(|block| block.tracking_uri.as_deref()).is_some_and(has_credentials) {
        let message = "a tracking URI with a user or password does not belong in a file";
        findings.error("password", &under(path, "tracking_uri"), message).hint = Some(
            "write it without them, such as https://mlflow.example.org, and set MLFLOW_TRACKING_USERNAME and \
             MLFLOW_TRACKING_PASSWORD"
                .to_owned(),
        );
    }
}

/// Whether there is a user before the host of an address.
fn has_credentials(uri: &str) -> bool {
    let is_file = uri.trim_start().starts_with("file") || uri.trim_start().starts_with("sqlite");
    let host = uri.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    !is_file && host.is_some_and(|host| host.contains('@'))
}

/// The experiment under either of its names.
fn experiment(raw: &RawMlflow, path: &[Step], findings: &mut Findings) -> Option<String> {
    if let (Some(name), Some(older)) = (&raw.experiment, &raw.experiment_name)
        && name != older
    {
        let message = format!("`experiment` is {name}, but `experiment_name` is {older}");
        findings.error("twice", &under(path, "experiment_name"), message).hint =
            Some("keep one of them".to_owned());
    }
    raw.experiment.clone().or_else(|| raw.experiment_name.clone())
}

fn of_nodes(
    raw: &RawWorkflow,
    experiment: Option<&str>,
    findings: &mut Findings,
) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (index, node) in raw.nodes.iter().flatten().enumerate() {
        let Some((node, mlflow)) = node.as_ref().and_then(|node| Some((node, node.mlflow.as_ref()?))) else {
            continue;
        };
        let path = under(&place(&key("nodes"), index), "mlflow");
        check_address(Some(mlflow), &path, findings);
        let own = mlflow.experiment.as_deref().or(mlflow.experiment_name.as_deref());
        if own.is_some() && own != experiment {
            let message =
                "a trial is logged as one run with its nodes in it: the experiment of a node has no effect";
            findings.warning("no-effect", &path, message).hint =
                Some("name the experiment in the workflow's own `mlflow`".to_owned());
        }
        if let (Some(id), Some(name)) = (&node.id, &mlflow.run_name) {
            names.insert(id.clone(), name.clone());
        }
    }
    names
}
