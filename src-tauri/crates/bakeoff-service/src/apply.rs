//! Apply best prompt: the evidence, the difference, the write with backup and history, and the way back.

use crate::atomic;
use crate::diff;
use crate::dto::{
    AppliedRow, ApplyPreview, ApplyRequest, ApplyTarget, CompareView, FieldDifference, FileKind, ServiceError,
};
use crate::error::Result;
use crate::service::Service;
use crate::workflow_load::in_file;
use crate::workspace::{has_extension, kind_of, stem};
use bakeoff_core::hash::sha256_hex;
use bakeoff_core::variant::{self, Variant};
use bakeoff_core::yaml;
use bakeoff_core::yaml::edit::{Change as Changed, Edit};
use bakeoff_store::NewApply;
use std::path::{Path, PathBuf};

/// The prompt fields, which are always transferred.
const PROMPTS: [&str; 2] = ["system_prompt", "prompt"];
/// Fields that are transferred only when asked for.
const OTHERS: [&str; 9] = [
    "provider",
    "model",
    "base_url",
    "reasoning_effort",
    "temperature",
    "top_p",
    "max_output_tokens",
    "stop",
    "tools_config",
];

/// What applying will write.
struct Change {
    preview: ApplyPreview,
    path: PathBuf,
    old: String,
    new: String,
    runs: Vec<u32>,
    variant_hash: String,
}

impl Service {
    /// What applying a variant's prompt would write. Writes nothing.
    pub fn preview_apply(&self, request: &ApplyRequest) -> Result<ApplyPreview> {
        Ok(self.change(request)?.preview)
    }

    /// Writes it: backup first, then the history row, then the file in one atomic write. Refuses when the target
    /// is not the one that was looked at.
    pub fn apply(&self, request: &ApplyRequest, target_hash: &str) -> Result<AppliedRow> {
        let change = self.change(request)?;
        let preview = &change.preview;
        if preview.target_hash != target_hash {
            return Err(ServiceError::conflict(format!(
                "{} changed since it was looked at",
                preview.target.file
            ))
            .with_hint("look at the difference again, then apply; nothing was written"));
        }
        if preview.nothing_to_do {
            return Err(ServiceError::conflict(format!("{} has this prompt already", preview.target.file))
                .with_hint("there is nothing to apply"));
        }
        let reason = request.override_block.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        if let (Some(block), None) = (&preview.block, reason) {
            return Err(crate::apply_workflow::blocked(block));
        }
        let backup = self.back_up(&change)?;
        let id = self.store().insert_apply(NewApply {
            at: self.now(),
            variant: preview.variant.clone(),
            metric: preview.metric.clone(),
            evidence: match (&preview.block, reason) {
                (Some(block), Some(reason)) => {
                    format!(
                        "{}; applied in spite of the block of run #{}: {reason}",
                        preview.evidence, block.run
                    )
                }
                _ => preview.evidence.clone(),
            },
            runs: change.runs.clone(),
            variant_hash: change.variant_hash.clone(),
            file: preview.target.file.clone(),
            key_path: preview.target.key_path.clone(),
            backup: backup.display().to_string(),
            before_hash: sha256_hex(change.old.as_bytes()),
            after_hash: sha256_hex(change.new.as_bytes()),
            diff: serde_json::to_string(&preview.diff).unwrap_or_default(),
        });
        let id = self.wait(id)?;
        if let Err(error) = atomic::write(&change.path, change.new.as_bytes()) {
            // The file is as it was; the history must not claim otherwise.
            self.wait(self.store().mark_undone(id, self.now()))?;
            return Err(error);
        }
        self.applied(id)
    }

    /// Restores the exact bytes from before, if the file is still what was written.
    pub fn undo_apply(&self, id: u32) -> Result<AppliedRow> {
        let row = self.applied(id)?;
        if row.undone_at.is_some() {
            return Err(ServiceError::conflict(format!("application {id} is undone already")));
        }
        if let Some(reason) = row.cannot_undo {
            return Err(
                ServiceError::conflict(reason).with_hint(format!("the old file is kept in {}", row.backup))
            );
        }
        let backup = Path::new(&row.backup);
        let bytes = std::fs::read(backup).map_err(|error| ServiceError::io("read", backup, &error))?;
        atomic::write(&self.target_path(&row.target)?, &bytes)?;
        self.wait(self.store().mark_undone(id, self.now()))?;
        self.applied(id)
    }

    /// Applications, newest first.
    pub fn list_applied(&self) -> Result<Vec<AppliedRow>> {
        self.store().list_applied()?.into_iter().map(|row| self.applied_row(row)).collect()
    }

    fn applied(&self, id: u32) -> Result<AppliedRow> {
        let row = self.store().applied(id)?;
        let row = row.ok_or_else(|| ServiceError::not_found(format!("there is no application {id}")))?;
        self.applied_row(row)
    }

    fn applied_row(&self, row: bakeoff_store::Applied) -> Result<AppliedRow> {
        let apply = row.apply;
        let target = ApplyTarget { file: apply.file, key_path: apply.key_path, node: None };
        let current = atomic::hash_of(&self.target_path(&target)?);
        let cannot_undo = match current.as_deref() {
            _ if row.undone_at.is_some() => Some("it is undone already".to_owned()),
            None => Some(format!("{} is no longer there", target.file)),
            Some(hash) if hash == apply.after_hash => None,
            Some(hash) if hash == apply.before_hash => Some(format!("{} is as it was before", target.file)),
            Some(_) => Some(format!("{} was changed after the prompt was applied", target.file)),
        };
        Ok(AppliedRow {
            id: row.id,
            at: apply.at,
            variant: apply.variant,
            metric: apply.metric,
            evidence: apply.evidence,
            runs: apply.runs,
            target,
            backup: apply.backup,
            undone_at: row.undone_at,
            cannot_undo,
            diff: serde_json::from_str(&apply.diff).unwrap_or_default(),
        })
    }

    fn change(&self, request: &ApplyRequest) -> Result<Change> {
        let view = self.compare(&request.compare)?;
        let chosen = choose(&view, request.variant.as_deref())?;
        let source = self.variant_as_run(&request.compare, chosen.index)?;
        if let (Some(uri), Some(experiment)) = (&request.compare.mlflow_uri, &request.compare.experiment) {
            self.check_mlflow_prompt(uri, experiment, &chosen.name)?;
        }
        let variant_hash = source.content_hash();
        let source = self.with_own_prompts(&source, &view.runs)?;
        let target = request.target.clone().map_or_else(|| self.default_target(&source, &view.runs), Ok)?;
        let path = self.target_path(&target)?;
        if !has_extension(&path, &["yaml", "yml"]) {
            return Err(ServiceError::bad_input(format!("{} is not a YAML file", target.file))
                .with_hint("choose a .yaml or .yml file"));
        }
        let (old, target_hash) = atomic::read_text(&path)?;
        let nodes = crate::apply_workflow::nodes(&old);
        let (differences, edits, mut warnings) = match &target.key_path {
            Some(key_path) => one_value(&source, &target.file, &old, key_path)?,
            None if !nodes.is_empty() => crate::apply_workflow::node_prompts(&source, &target, &old)?,
            None => variant_fields(&source, &target.file, &old, &request.also)?,
        };
        let edited = yaml::edit::apply(&old, 0, &edits).map_err(|error| {
            ServiceError::bad_input(format!("{}: {}", target.file, error.message)).with_hint(error.hint)
        })?;
        warnings.extend(edited.warnings);
        let preview = ApplyPreview {
            variant: chosen.name,
            metric: view.comparison.primary_metric.id().to_owned(),
            evidence: chosen.evidence,
            caution: chosen.caution,
            target_hash,
            differences,
            diff: diff::lines(&old, &edited.text, 3),
            nothing_to_do: edited.text == old,
            warnings,
            targets: self.possible_targets()?,
            block: self.standing_block(&self.files().display(&path))?,
            nodes,
            target,
        };
        Ok(Change { preview, path, old, new: edited.text, runs: view.runs, variant_hash })
    }

    /// The workflow that the variant was of; of a triage test the baseline; else the variant named default.
    fn default_target(&self, source: &Variant, runs: &[u32]) -> Result<ApplyTarget> {
        if let (Some(_), Some(run)) = (&source.workflow, runs.last())
            && let Some(file) = self.store().definition(*run)?.campaign.workflow
        {
            return Ok(ApplyTarget { file, key_path: None, node: None });
        }
        if let Some(target) = self.triage_target(runs)? {
            return Ok(target);
        }
        let target = ApplyTarget { file: "variants/default.yaml".to_owned(), key_path: None, node: None };
        if self.target_path(&target)?.is_file() {
            return Ok(target);
        }
        Err(ServiceError::not_found("there is no variants/default.yaml")
            .with_hint("choose where the prompt goes"))
    }

    fn target_path(&self, target: &ApplyTarget) -> Result<PathBuf> {
        let path = Path::new(&target.file);
        if path.is_absolute() { Ok(path.to_owned()) } else { self.files().resolve(&target.file) }
    }

    fn possible_targets(&self) -> Result<Vec<String>> {
        let mut files = self.files().files(FileKind::Variant)?;
        files.extend(self.files().files(FileKind::Workflow)?);
        Ok(files.iter().map(|path| self.files().display(path)).collect())
    }

    /// Keeps the file's bytes as they are, under a name that tells which and when.
    /// Of a workflow it lies beside the file, where the tools that it comes from put theirs.
    fn back_up(&self, change: &Change) -> Result<PathBuf> {
        let beside = change.path.parent().filter(|_| !change.preview.nodes.is_empty());
        let folder =
            beside.map_or_else(|| self.files().data_folder().join("backups"), std::path::Path::to_owned);
        let stamp = crate::time::file_stamp(self.now());
        let name = stem(&change.path);
        let path = (1..)
            .map(|number| if number == 1 { String::new() } else { format!("-{number}") })
            .map(|suffix| folder.join(format!("{name}.backup.{stamp}{suffix}.yaml")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| folder.join(format!("{name}.yaml")));
        atomic::write(&path, change.old.as_bytes())?;
        Ok(path)
    }
}

/// The variant to apply and what speaks for it.
struct Chosen {
    index: u16,
    name: String,
    evidence: String,
    caution: Option<String>,
}

fn choose(view: &CompareView, wanted: Option<&str>) -> Result<Chosen> {
    let Some(wanted) = wanted else {
        let best = view.best.clone().ok_or_else(|| {
            ServiceError::not_found("no variant has a usable result for this metric")
                .with_hint("run the campaign first, or name a variant")
        })?;
        return Ok(Chosen {
            index: best.variant,
            name: best.name,
            evidence: best.evidence,
            caution: best.caution,
        });
    };
    let names: Vec<&str> = view.comparison.variants.iter().map(|variant| variant.name.as_str()).collect();
    let summary =
        view.comparison.variants.iter().find(|variant| variant.name == wanted).ok_or_else(|| {
            ServiceError::not_found(format!("{wanted:?} is not in these results"))
                .with_hint(format!("choose one of {}", names.join(", ")))
        })?;
    if summary.usable == 0 {
        return Err(ServiceError::bad_input(format!("{wanted} has no usable trial"))
            .with_hint("retry its failed trials first"));
    }
    let is_best = view.best.as_ref().is_some_and(|best| best.name == wanted);
    let best = view.best.as_ref().filter(|_| is_best);
    let caution = match &view.best {
        Some(best) if !is_best => Some(format!("{} is better by this metric", best.name)),
        Some(best) => best.caution.clone(),
        None => None,
    };
    Ok(Chosen {
        index: summary.variant,
        name: wanted.to_owned(),
        evidence: best.map_or_else(
            || crate::compare::evidence(&view.comparison, summary),
            |best| best.evidence.clone(),
        ),
        caution,
    })
}

pub(crate) type Edits = (Vec<FieldDifference>, Vec<Edit>, Vec<String>);

/// One value of any YAML file takes the system prompt, or the prompt of a variant without one.
fn one_value(source: &Variant, file: &str, old: &str, key_path: &str) -> Result<Edits> {
    let path = yaml::parse_path(key_path);
    let document = yaml::read(old).map_err(|findings| {
        ServiceError::bad_input(format!("{file} is not valid YAML"))
            .with_hint("mend the file first, or choose another target")
            .with_diagnostics(in_file(findings, file))
    })?;
    let from = value_at(&document.value, &path).cloned();
    if !matches!(from, Some(serde_json::Value::String(_) | serde_json::Value::Null)) {
        let found = if from.is_some() { "is not a text" } else { "does not exist" };
        return Err(ServiceError::bad_input(format!("the value {key_path} {found}"))
            .with_hint("name a text value, such as agents.0.prompt"));
    }
    let (field, to) = match (&source.system_prompt, &source.prompt) {
        (Some(system), _) => ("system_prompt", system.clone()),
        (None, Some(prompt)) => ("prompt", prompt.clone()),
        (None, None) => return Err(ServiceError::bad_input("the variant has no prompt")),
    };
    let mut warnings = Vec::new();
    if source.system_prompt.is_some() && source.prompt.is_some() {
        warnings.push("the variant also has a user prompt, which this value does not take".to_owned());
    }
    let difference = FieldDifference {
        field: field.to_owned(),
        from: from.as_ref().and_then(|value| value.as_str()).map(str::to_owned),
        to: Some(to.clone()),
        is_prompt: true,
    };
    Ok((vec![difference], vec![Edit { path, change: Changed::Set(to.into()) }], warnings))
}

/// All prompt fields that differ, and those others that were asked for.
fn variant_fields(source: &Variant, file: &str, old: &str, also: &[String]) -> Result<Edits> {
    if let Some(unknown) = also.iter().find(|field| !OTHERS.contains(&field.as_str())) {
        return Err(ServiceError::bad_input(format!("{unknown:?} can't be transferred"))
            .with_hint(format!("these can: {}", OTHERS.join(", "))));
    }
    let checked = variant::check(&stem(Path::new(file)), old);
    let Some(target) = checked.value else {
        let hint = match kind_of(file) {
            Some(FileKind::Variant) => "mend the file first, or choose another target",
            _ => "for a file that is no variant, name the value too (key path)",
        };
        return Err(ServiceError::bad_input(format!("{file} is not a valid variant"))
            .with_hint(hint)
            .with_diagnostics(in_file(checked.diagnostics, file)));
    };
    let (source, target) = (fields(source), fields(&target));
    let (mut differences, mut edits) = (Vec::new(), Vec::new());
    for field in PROMPTS.into_iter().chain(OTHERS) {
        let value = |of: &serde_json::Value| of.get(field).filter(|value| !is_unset(value)).cloned();
        let (from, to) = (value(&target), value(&source));
        if from == to {
            continue;
        }
        let is_prompt = PROMPTS.contains(&field);
        if is_prompt || also.iter().any(|asked| asked == field) {
            let path = yaml::parse_path(field);
            let change = to.clone().map_or(Changed::Remove, Changed::Set);
            edits.push(Edit { path, change });
        }
        let text = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        differences.push(FieldDifference {
            field: field.to_owned(),
            from: from.map(text),
            to: to.map(text),
            is_prompt,
        });
    }
    // A key can only be removed once another prompt field is there: write first, remove last.
    edits.sort_by_key(|edit| edit.change == Changed::Remove);
    Ok((differences, edits, Vec::new()))
}

fn fields(variant: &Variant) -> serde_json::Value {
    serde_json::to_value(variant).unwrap_or_default()
}

fn is_unset(value: &serde_json::Value) -> bool {
    value.is_null()
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(serde_json::Map::is_empty)
}

pub(crate) fn value_at<'a>(
    root: &'a serde_json::Value,
    path: &[yaml::Step],
) -> Option<&'a serde_json::Value> {
    path.iter().try_fold(root, |value, step| match step {
        yaml::Step::Key(key) => value.get(key),
        yaml::Step::Index(index) => value.get(index).or_else(|| value.get(index.to_string())),
    })
}
