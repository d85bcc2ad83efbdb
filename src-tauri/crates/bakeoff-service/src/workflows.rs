//! Workflows: listing them, previewing and launching one. An A/B test of a
//! workflow is a campaign under the experiment's name, so everything after the launch is the same.

use crate::atomic;
use crate::dto::{FileKind, PlanPreview, RunRow, ServiceError, WorkflowLaunch, WorkflowRow};
use crate::error::Result;
use crate::service::Service;
use crate::workflow_load::in_file;
use crate::workspace::{has_extension, stem};
use bakeoff_core::diagnostic::{Checked, nearest};
use bakeoff_core::workflow::{self, Workflow};
use std::path::{Path, PathBuf};

/// A workflow file as it was read.
pub(crate) struct WorkflowText {
    /// The file as people see it: relative to the workspace where it is in it.
    pub file: String,
    /// The file's name without extension.
    pub name: String,
    /// The whole file.
    pub text: String,
}

impl Service {
    /// The workflows of the workspace.
    pub fn list_workflows(&self) -> Result<Vec<WorkflowRow>> {
        let runs = self.runs_by_campaign()?;
        let mut rows = Vec::new();
        for path in self.files().files(FileKind::Workflow)? {
            let (name, file) = (stem(&path), self.files().display(&path));
            let checked = match atomic::read_text(&path) {
                Ok((text, _)) => workflow::check(&name, &text),
                Err(error) => crate::campaigns::unreadable(error),
            };
            let experiment = checked.value.as_ref().map(experiment_of);
            let (last_run, count) =
                experiment.as_ref().and_then(|experiment| runs.get(experiment).cloned()).unwrap_or((None, 0));
            let gates = match &last_run {
                Some(run) => self.gates_of(run.id)?,
                None => Vec::new(),
            };
            rows.push(WorkflowRow {
                block: self.standing_block(&file)?,
                name,
                path: file.clone(),
                workflow: checked.value,
                diagnostics: checked.diagnostics.into_iter().map(|finding| finding.in_file(&*file)).collect(),
                experiment,
                last_run,
                runs: count,
                gates,
            });
        }
        Ok(rows)
    }

    /// Starts a workflow, given by its name or its file: its A/B test, or once when it has none or `alone` is set.
    pub fn launch_workflow(&self, workflow: &str, launch: &WorkflowLaunch) -> Result<RunRow> {
        let source = self.workflow_text(workflow)?;
        let name = source.name.clone();
        let loaded = self.load_workflow(source, launch)?;
        self.launch_loaded(&name, loaded, &launch.options)
    }

    /// What launching it would do. Spends nothing.
    pub fn preview_workflow(&self, workflow: &str, launch: &WorkflowLaunch) -> Result<PlanPreview> {
        let source = self.workflow_text(workflow)?;
        let loaded = self.load_workflow(source, launch)?;
        self.preview_loaded(loaded)
    }

    /// Whether this names a workflow: a file of one, or a name in workflows/ that no campaign has.
    pub fn is_workflow(&self, name: &str) -> bool {
        if !has_extension(Path::new(name), &["yaml", "yml"]) {
            return self.files().find(FileKind::Campaign, name).is_none()
                && self.files().find(FileKind::Workflow, name).is_some();
        }
        self.workflow_text(name).is_ok_and(|source| {
            let value = bakeoff_core::yaml::read(&source.text).map(|document| document.value);
            value.is_ok_and(|value| value.get("flow").is_some() || value.get("nodes").is_some())
        })
    }

    /// Whether `run` runs the A/B test of a workflow instead of the workflow itself.
    pub fn ab_test_enabled(&self, workflow: &str) -> Result<bool> {
        let (_, checked) = self.checked_workflow(workflow)?;
        let test = checked.value.and_then(|workflow| workflow.ab_test);
        Ok(test.is_some_and(|test| test.enabled))
    }

    /// An error when a workflow has no A/B test, or when it is switched off.
    pub fn require_ab_test(&self, workflow: &str) -> Result<()> {
        let (file, checked) = self.checked_workflow(workflow)?;
        let Some(checked) = checked.value else {
            // Launching tells everything that is wrong.
            return Ok(());
        };
        let problem = match checked.ab_test {
            None => "has no ab_test",
            Some(test) if !test.enabled => "has its ab_test switched off",
            Some(_) => return Ok(()),
        };
        Err(ServiceError::bad_input(format!("{file} {problem}"))
            .with_hint("write an ab_test with `enabled: true`, or run the workflow alone with `bakeoff run`"))
    }

    /// The path of a workflow or variant file that Apply is to write, relative to the workspace where it is in it.
    pub fn workflow_file(&self, named: &str) -> Result<String> {
        if has_extension(Path::new(named), &["yaml", "yml"]) && !self.files().root().join(named).is_file() {
            let path = Path::new(named);
            let path = std::fs::canonicalize(path).map_err(|error| ServiceError::io("read", path, &error))?;
            return Ok(self.files().display(&path));
        }
        if has_extension(Path::new(named), &["yaml", "yml"]) {
            return Ok(named.to_owned());
        }
        Ok(self.workflow_text(named)?.file)
    }

    /// The experiment under which a workflow's runs are kept.
    pub fn experiment_of_workflow(&self, workflow: &str) -> Result<String> {
        let (file, checked) = self.checked_workflow(workflow)?;
        checked.value.as_ref().map(experiment_of).ok_or_else(|| {
            ServiceError::bad_input(format!("{file} has errors"))
                .with_diagnostics(in_file(checked.diagnostics, &file))
        })
    }

    /// A workflow given by its name or its file, checked, and its file.
    fn checked_workflow(&self, workflow: &str) -> Result<(String, Checked<Workflow>)> {
        let source = self.workflow_text(workflow)?;
        let checked = workflow::check(&source.name, &source.text);
        Ok((source.file, checked))
    }

    /// The text of a workflow given by its name or its file.
    pub(crate) fn workflow_text(&self, workflow: &str) -> Result<WorkflowText> {
        let path = if has_extension(Path::new(workflow), &["yaml", "yml"]) {
            let in_workspace = self.files().root().join(workflow);
            if in_workspace.is_file() { in_workspace } else { PathBuf::from(workflow) }
        } else {
            self.files().find(FileKind::Workflow, workflow).ok_or_else(|| self.no_such_workflow(workflow))?
        };
        let path = std::fs::canonicalize(&path).map_err(|error| ServiceError::io("read", &path, &error))?;
        let (text, _) = atomic::read_text(&path)?;
        Ok(WorkflowText { file: self.files().display(&path), name: stem(&path), text })
    }

    fn no_such_workflow(&self, name: &str) -> ServiceError {
        let files = self.files().files(FileKind::Workflow).unwrap_or_default();
        let names: Vec<String> = files.iter().map(|path| stem(path)).collect();
        let hint = match (nearest(name, names.iter().map(String::as_str)), names.is_empty()) {
            (Some(meant), _) => format!("did you mean {meant}?"),
            (None, false) => format!("there are {}", names.join(", ")),
            (None, true) => "put a YAML file into workflows/".to_owned(),
        };
        ServiceError::not_found(format!("there is no workflow {name:?}")).with_hint(hint)
    }
}

fn experiment_of(workflow: &Workflow) -> String {
    workflow.ab_test.as_ref().map_or_else(|| workflow.name.clone(), |test| test.experiment.clone())
}
