//! Workflows: loading one with its variants and input rows, listing them, and launching one. An A/B test of a
//! workflow is a campaign under the experiment's name, so everything after the launch is the same.

use crate::atomic;
use crate::campaigns::{Loaded, LoadedVariant};
use crate::dto::{FileKind, PlanPreview, RunRow, ServiceError, WorkflowLaunch, WorkflowRow};
use crate::error::Result;
use crate::service::Service;
use crate::workspace::{has_extension, stem};
use bakeoff_core::campaign::Campaign;
use bakeoff_core::dataset::Case;
use bakeoff_core::diagnostic::{Diagnostic, nearest};
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::TimeoutCountsAs;
use bakeoff_core::variant::Variant;
use bakeoff_core::workflow::{self, AbTest, AbVariant, Workflow};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Trials of an A/B test with `parallel: true` that run at the same time.
const PARALLEL: u16 = 8;
/// The one case of a workflow that is run on inputs instead of rows.
const ONE_CASE: &str = "inputs";
/// Rows whose inputs are complained about.
const SHOWN_ROWS: usize = 20;

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
        let source = self.workflow_text(workflow)?;
        let checked = workflow::check(&source.name, &source.text);
        let test = checked.value.and_then(|workflow| workflow.ab_test);
        Ok(test.is_some_and(|test| test.enabled))
    }

    /// An error when a workflow has no A/B test, or when it is switched off.
    pub fn require_ab_test(&self, workflow: &str) -> Result<()> {
        let source = self.workflow_text(workflow)?;
        let checked = workflow::check(&source.name, &source.text);
        let Some(checked) = checked.value else {
            // Launching tells everything that is wrong.
            return Ok(());
        };
        let problem = match checked.ab_test {
            None => "has no ab_test",
            Some(test) if !test.enabled => "has its ab_test switched off",
            Some(_) => return Ok(()),
        };
        Err(ServiceError::bad_input(format!("{} {problem}", source.file))
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
        let source = self.workflow_text(workflow)?;
        let checked = workflow::check(&source.name, &source.text);
        checked.value.as_ref().map(experiment_of).ok_or_else(|| {
            ServiceError::bad_input(format!("{} has errors", source.file))
                .with_diagnostics(in_file(checked.diagnostics, &source.file))
        })
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

    /// A workflow's file with everything that it names, for validating: its inputs are not known yet.
    pub(crate) fn load_workflow_file(&self, file: &str, text: String) -> Result<Loaded> {
        let source = WorkflowText { file: file.to_owned(), name: stem(Path::new(file)), text };
        let mut loaded = self.load_parts(&source, &WorkflowLaunch::default())?.0;
        loaded.cases = Arc::from(Vec::new());
        Ok(loaded)
    }

    /// Loads a workflow with its variants and inputs; every problem of every file is in the diagnostics.
    pub(crate) fn load_workflow(&self, source: WorkflowText, launch: &WorkflowLaunch) -> Result<Loaded> {
        let (mut loaded, has_rows) = self.load_parts(&source, launch)?;
        if let Some(campaign) = &mut loaded.campaign {
            let rows = std::mem::replace(&mut loaded.cases, Arc::from(Vec::new()));
            loaded.cases = match has_rows {
                true => rows.iter().map(|row| with_inputs(row, &launch.inputs)).collect(),
                false => Arc::from(vec![one_case(&launch.inputs)]),
            };
            campaign.inputs.clone_from(&launch.inputs);
        }
        loaded.diagnostics.extend(missing_inputs(&loaded, &launch.inputs, &source.file));
        Ok(loaded)
    }

    /// Everything but the inputs; whether a data set gives the cases.
    fn load_parts(&self, source: &WorkflowText, launch: &WorkflowLaunch) -> Result<(Loaded, bool)> {
        let checked = workflow::check(&source.name, &source.text);
        let mut loaded = Loaded {
            campaign: None,
            text: source.text.clone(),
            variants: Vec::new(),
            cases: Arc::from(Vec::new()),
            diagnostics: in_file(checked.diagnostics, &source.file),
        };
        let Some(workflow) = checked.value else { return Ok((loaded, false)) };
        let test = workflow.ab_test.clone().filter(|_| !launch.alone);
        match &test {
            Some(test) => self.load_ab_variants(source, test, &mut loaded)?,
            None => {
                let variant = workflow::as_variant(&workflow, &source.name);
                loaded.variants.push(LoadedVariant { variant, text: source.text.clone() });
            }
        }
        let dataset = test.as_ref().and_then(|test| test.dataset.clone());
        if let Some(dataset) = &dataset {
            match self.load_dataset(dataset) {
                Ok((cases, findings)) => {
                    loaded.cases = cases;
                    loaded.diagnostics.extend(findings);
                }
                Err(error) => {
                    let finding = Diagnostic::error("no-such-dataset", "ab_test.dataset", error.message);
                    let finding = finding.hint(error.hint.unwrap_or_default());
                    loaded.diagnostics.push(finding.in_file(&*source.file));
                }
            }
        }
        let names: Vec<String> = loaded.variants.iter().map(|loaded| loaded.variant.name.clone()).collect();
        let has_rows = dataset.is_some();
        loaded.campaign = Some(campaign_of(&workflow, source, test.as_ref(), names));
        Ok((loaded, has_rows))
    }

    fn load_ab_variants(&self, source: &WorkflowText, test: &AbTest, loaded: &mut Loaded) -> Result<()> {
        for wanted in &test.variants {
            let file = match file_of(wanted) {
                Some(file) => self.load_named_variant(file, source, loaded)?,
                None => None,
            };
            if file_of(wanted).is_some() && file.is_none() {
                continue;
            }
            let checked = workflow::variant(&source.text, wanted, file.as_ref());
            // What is wrong with the workflow itself is in the findings already.
            let known: Vec<String> = loaded.diagnostics.iter().map(|found| found.message.clone()).collect();
            let findings = in_file(checked.diagnostics, &source.file);
            loaded.diagnostics.extend(findings.into_iter().filter(|found| !known.contains(&found.message)));
            if let Some(variant) = checked.value {
                loaded.variants.push(LoadedVariant { variant, text: source.text.clone() });
            }
        }
        Ok(())
    }

    fn load_named_variant(
        &self,
        name: &str,
        source: &WorkflowText,
        loaded: &mut Loaded,
    ) -> Result<Option<Variant>> {
        let name = bakeoff_core::campaign::variant_name(name);
        let Some(path) = self.files().find(FileKind::Variant, name) else {
            let files = self.files().files(FileKind::Variant)?;
            let names: Vec<String> = files.iter().map(|path| stem(path)).collect();
            let hint = match nearest(name, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("give it a prompt, or make variants/{name}.yaml"),
            };
            let message = format!("there is no variant file `{name}`");
            let finding = Diagnostic::error("unknown-variant", "ab_test.variants", message).hint(hint);
            loaded.diagnostics.push(finding.in_file(&*source.file));
            return Ok(None);
        };
        let (variant, findings) = self.load_variant(&path)?;
        loaded.diagnostics.extend(findings);
        Ok(variant.map(|loaded| loaded.variant))
    }
}

/// The file in `variants/` that a variant of an A/B test takes its values from.
fn file_of(wanted: &AbVariant) -> Option<&str> {
    let has_own =
        wanted.prompt.is_some() || wanted.system_prompt.is_some() || !wanted.config_overrides.is_empty();
    wanted.file.as_deref().or((!has_own).then_some(wanted.name.as_str()))
}

fn experiment_of(workflow: &Workflow) -> String {
    workflow.ab_test.as_ref().map_or_else(|| workflow.name.clone(), |test| test.experiment.clone())
}

fn campaign_of(
    workflow: &Workflow,
    source: &WorkflowText,
    test: Option<&AbTest>,
    variants: Vec<String>,
) -> Campaign {
    let baseline = test.and_then(|test| test.baseline_variant.clone());
    Campaign {
        name: test.map_or_else(|| workflow.name.clone(), |test| test.experiment.clone()),
        description: workflow.description.clone(),
        dataset: test.and_then(|test| test.dataset.clone()).unwrap_or_default(),
        workflow: Some(source.file.clone()),
        inputs: Map::new(),
        sample: None,
        baseline_variant: baseline.or_else(|| variants.first().cloned()).unwrap_or_default(),
        variants,
        trials_per_combination: test.map_or(1, |test| test.run_count),
        scorers: test.map(|test| test.scorers.clone()).unwrap_or_default(),
        pass_threshold: 1.0,
        primary_metric: Metric::SuccessRate,
        confidence: 0.95,
        margin: 0.0,
        parallel: if test.is_none_or(|test| test.parallel) { PARALLEL } else { 1 },
        timeout_seconds: 300.0,
        timeout_counts_as: TimeoutCountsAs::default(),
        retries: 3,
        cooldown_seconds: 0.0,
        budget_usd: test.and_then(|test| test.budget_usd),
        seed: 42,
        gates: workflow.gates.clone(),
        mlflow: workflow.mlflow.clone(),
    }
}

/// A row with the given inputs under it: the row's own fields win.
fn with_inputs(row: &Case, inputs: &Map<String, Value>) -> Case {
    if inputs.is_empty() {
        return row.clone();
    }
    let mut fields = inputs.clone();
    fields.extend(row.fields());
    case(row.id.clone(), fields)
}

fn one_case(inputs: &Map<String, Value>) -> Case {
    case(ONE_CASE.into(), inputs.clone())
}

fn case(id: Arc<str>, mut fields: Map<String, Value>) -> Case {
    fields.insert("id".to_owned(), Value::from(&*id));
    let json = to_raw_value(&fields).unwrap_or_else(|_| RawValue::NULL.to_owned());
    Case { id, json }
}

/// Inputs that the variants' programs lack or don't accept, once each.
fn missing_inputs(loaded: &Loaded, inputs: &Map<String, Value>, file: &str) -> Vec<Diagnostic> {
    let mut messages: Vec<String> = Vec::new();
    for variant in loaded.variants.iter().take(1) {
        let Some(part) = &variant.variant.workflow else { continue };
        for case in loaded.cases.iter() {
            let found = workflow::initial_state(
                &part.program,
                &workflow::case_inputs(&part.program, inputs, &case.fields()),
            );
            for problem in found.err().unwrap_or_default() {
                let message = match &*case.id {
                    ONE_CASE => problem,
                    id => format!("row {id}: {problem}"),
                };
                if messages.len() < SHOWN_ROWS && !messages.contains(&message) {
                    messages.push(message);
                }
            }
        }
    }
    let finding = |message| {
        Diagnostic::error("bad-inputs", "state.fields", message)
            .hint("give it with -i NAME=VALUE, or in the rows of ab_test.dataset")
            .in_file(file)
    };
    messages.into_iter().map(finding).collect()
}

fn in_file(findings: Vec<Diagnostic>, file: &str) -> Vec<Diagnostic> {
    findings.into_iter().map(|finding| finding.in_file(file)).collect()
}
