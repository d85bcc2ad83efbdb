//! Applying to a workflow file: the chosen variant's prompts go into the node that its trials changed.

use crate::apply::Edits;
use crate::dto::{ApplyTarget, DeployBlock, FieldDifference, FileKind, ServiceError};
use crate::error::Result;
use crate::service::Service;
use crate::workspace::has_extension;
use bakeoff_core::variant::Variant;
use bakeoff_core::workflow;
use bakeoff_core::yaml;
use bakeoff_core::yaml::edit::{Change, Edit};
use std::path::Path;

impl Service {
    /// The file that Apply may write for somebody who is not at this machine: a workflow or variant by its name, or a
    /// file relative to the workspace. Refuses what leaves the workspace, through a symbolic link, too.
    pub fn file_inside(&self, named: &str) -> Result<String> {
        let path = self.files().resolve(named)?;
        let path = if has_extension(Path::new(named), &["yaml", "yml"]) {
            path
        } else {
            let known = self.files().find(FileKind::Workflow, named);
            known.or_else(|| self.files().find(FileKind::Variant, named)).ok_or_else(|| {
                ServiceError::not_found(format!("there is no workflow or variant {named:?}")).with_hint(
                    "name it as the workspace lists it, or give its file, such as workflows/NAME.yaml",
                )
            })?
        };
        let missing = || {
            ServiceError::not_found(format!("there is no file {named} in the workspace"))
                .with_hint("name it relative to the workspace, such as workflows/NAME.yaml")
        };
        let real = std::fs::canonicalize(&path).map_err(|_| missing())?;
        let root = std::fs::canonicalize(self.files().root());
        let root = root.map_err(|error| ServiceError::io("find", self.files().root(), &error))?;
        if !real.starts_with(&root) {
            return Err(ServiceError::bad_input(format!("{named} leads out of the workspace"))
                .with_hint("name a file that lies in it"));
        }
        if !real.is_file() {
            return Err(missing());
        }
        Ok(self.files().display(&path))
    }
}

/// The nodes of a workflow file; none when the text is no workflow.
pub(crate) fn nodes(text: &str) -> Vec<String> {
    workflow::prompt_paths(text).into_iter().map(|(node, ..)| node).collect()
}

/// The prompts of one node.
pub(crate) fn node_prompts(source: &Variant, target: &ApplyTarget, old: &str) -> Result<Edits> {
    let known = workflow::prompt_paths(old);
    let tested = source.workflow.as_ref().map(|part| part.node.as_str()).filter(|node| !node.is_empty());
    let names: Vec<&str> = known.iter().map(|(node, ..)| node.as_str()).collect();
    let Some(wanted) = target.node.as_deref().or(tested).or(names.first().copied()) else {
        return Err(ServiceError::bad_input(format!("{} has no nodes", target.file)));
    };
    let Some((_, prompt_path, system_path)) = known.iter().find(|(node, ..)| node == wanted) else {
        let hint = format!("its nodes are {}; choose one with --node", names.join(", "));
        return Err(
            ServiceError::not_found(format!("{} has no node {wanted:?}", target.file)).with_hint(hint)
        );
    };
    let document = yaml::read(old).map_err(|findings| {
        ServiceError::bad_input(format!("{} is not valid YAML", target.file))
            .with_hint("mend the file first")
            .with_diagnostics(findings)
    })?;
    let (mut differences, mut edits) = (Vec::new(), Vec::new());
    for (field, key_path, to) in
        [("prompt", prompt_path, &source.prompt), ("system_prompt", system_path, &source.system_prompt)]
    {
        let path = yaml::parse_path(key_path);
        let from = crate::apply::value_at(&document.value, &path).and_then(|value| value.as_str());
        if from == to.as_deref() {
            continue;
        }
        let change = match to {
            Some(text) => Change::Set(text.clone().into()),
            // A node without a user prompt is no node; without a system prompt it is.
            None if field == "prompt" => continue,
            None => Change::Remove,
        };
        edits.push(Edit { path, change });
        differences.push(FieldDifference {
            field: format!("{wanted}: {field}"),
            from: from.map(str::to_owned),
            to: to.clone(),
            is_prompt: true,
        });
    }
    edits.sort_by_key(|edit| edit.change == Change::Remove);
    Ok((differences, edits, cautions(source, wanted, tested)))
}

/// What else made this variant good, which is not written.
fn cautions(source: &Variant, wanted: &str, tested: Option<&str>) -> Vec<String> {
    let mut cautions = Vec::new();
    if let Some(tested) = tested.filter(|tested| *tested != wanted) {
        cautions.push(format!("the prompt was tried in the node {tested}, not in {wanted}"));
    }
    if !source.config_overrides.is_empty() {
        let keys: Vec<&str> = source.config_overrides.keys().map(String::as_str).collect();
        cautions.push(format!(
            "the evidence is for the variant with its overrides ({}), which are not written",
            keys.join(", ")
        ));
    }
    cautions
}

/// Why applying needs a reason.
pub(crate) fn blocked(block: &DeployBlock) -> ServiceError {
    let failed: Vec<String> =
        block.failed.iter().map(|result| format!("{}: {}", result.variant, result.sentence)).collect();
    ServiceError::conflict(format!(
        "{} is blocked since run #{}: {}",
        block.workflow,
        block.run,
        failed.join("; ")
    ))
    .with_hint(format!(
        "lift the block with `bakeoff deploy-unblock {} --reason \"…\"`, or apply all the same with \
         --override \"…\"; nothing was written",
        block.workflow
    ))
}
