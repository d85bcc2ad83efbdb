//! Parts of the format that this program does not have. What would change nothing about the result is a warning, what
//! would change what runs is an error; with `runner:` the user's own program may do what it likes with all of them.

use super::fields::place;
use crate::check::{Findings, key, under};
use crate::workflow::raw::{RawMlflow, RawNode, RawWorkflow};
use crate::yaml::Step;
use serde_json::Value;

/// Names both kinds of parts, in the file's places.
pub(super) fn check(raw: &RawWorkflow, findings: &mut Findings) {
    let config = key("config");
    let in_config = raw.config.as_ref();
    for (name, is_there) in [
        ("memory", is_used(raw.memory.as_ref())),
        ("storage", is_used(raw.storage.as_ref())),
        ("webhook", is_used(raw.webhook.as_ref())),
        ("webhooks", is_used(raw.webhooks.as_ref())),
    ] {
        without_effect(name, is_there, &key(name), findings);
    }
    if let Some(block) = in_config {
        for (name, value) in [
            ("memory", &block.memory),
            ("storage", &block.storage),
            ("webhook", &block.webhook),
            ("webhooks", &block.webhooks),
        ] {
            without_effect(name, is_used(value.as_ref()), &under(&config, name), findings);
        }
        if let Some(observability) = &block.observability {
            let base = under(&config, "observability");
            let logging = is_used(observability.logging.as_ref());
            without_effect("logging", logging, &under(&base, "logging"), findings);
            mlflow(observability.mlflow.as_ref(), &under(&base, "mlflow"), findings);
        }
        mlflow(block.mlflow.as_ref(), &under(&config, "mlflow"), findings);
    }
    mlflow(raw.mlflow.as_ref(), &key("mlflow"), findings);
    optimization(raw, findings);
    for (index, node) in raw.nodes.iter().flatten().enumerate() {
        if let Some(part) = node {
            of_node(part, raw.runner.is_some(), &place(&key("nodes"), index), findings);
        }
    }
}

fn of_node(raw: &RawNode, has_runner: bool, path: &[Step], findings: &mut Findings) {
    for (name, is_there) in [
        ("memory", is_used(raw.memory.as_ref())),
        ("log_prompts", raw.log_prompts.is_some()),
        ("log_artifacts", raw.log_artifacts.is_some()),
    ] {
        without_effect(name, is_there, &under(path, name), findings);
    }
    mlflow(raw.mlflow.as_ref(), &under(path, "mlflow"), findings);
    if has_runner {
        return;
    }
    let optimize = raw.optimize.as_ref().is_some_and(|optimize| optimize.enabled == Some(true));
    for (name, what, is_there) in [
        ("tools", "tools of a node are", is_used(raw.tools.as_ref())),
        ("code", "code in a node is", is_used(raw.code.as_ref())),
        ("sandbox", "a sandbox for code is", is_used(raw.sandbox.as_ref())),
        ("optimize", "the optimisation of prompts by DSPy is", optimize),
    ] {
        if is_there {
            refused(what, name, &under(path, name), findings);
        }
    }
}

fn optimization(raw: &RawWorkflow, findings: &mut Findings) {
    let path = key("optimization");
    let Some(optimization) = &raw.optimization else { return };
    if optimization.enabled == Some(true) && raw.runner.is_none() {
        return refused("the optimisation of prompts by DSPy is", "optimization.enabled", &path, findings);
    }
    let has_more = findings
        .value()
        .get("optimization")
        .and_then(Value::as_object)
        .is_some_and(|block| block.keys().any(|name| name != "quality_gates" && name != "enabled"));
    if has_more {
        let message = "this program does not have DSPy: of `optimization` only `quality_gates` counts";
        findings.warning("not-here", &path, message).hint =
            Some("remove the rest, or leave it for other programs".to_owned());
    }
}

fn mlflow(raw: Option<&RawMlflow>, path: &[Step], findings: &mut Findings) {
    let Some(raw) = raw else { return };
    for (name, is_there) in [
        ("log_prompts", raw.log_prompts.is_some()),
        ("log_artifacts", raw.log_artifacts.is_some()),
        ("artifact_level", raw.artifact_level.is_some()),
        ("async_logging", raw.async_logging.is_some()),
        ("retention_days", is_used(raw.retention_days.as_ref())),
        ("redact_pii", raw.redact_pii == Some(true)),
    ] {
        without_effect(name, is_there, &under(path, name), findings);
    }
}

/// Whether something is written there that asks for something.
fn is_used(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(block)) => !block.is_empty() && block.get("enabled") != Some(&Value::Bool(false)),
        Some(_) => true,
    }
}

fn without_effect(name: &str, is_there: bool, path: &[Step], findings: &mut Findings) {
    if is_there {
        let message = format!("this program does not have `{name}`: it has no effect");
        findings.warning("not-here", path, message).hint =
            Some("remove it, or leave it for other programs".to_owned());
    }
}

fn refused(what: &str, name: &str, path: &[Step], findings: &mut Findings) {
    let finding = findings.error("not-supported", path, format!("{what} not supported"));
    finding.hint =
        Some(format!("remove `{name}`, or run the workflow by `runner:` with a program that has it"));
}
