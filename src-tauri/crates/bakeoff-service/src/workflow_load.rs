//! Loading a workflow, or a campaign of one, with its variants and its input rows or inputs: what a launch needs. Every
//! problem of every file is in the diagnostics.

use crate::atomic;
use crate::campaigns::{CampaignText, Loaded, LoadedVariant};
use crate::dto::{FileKind, WorkflowLaunch};
use crate::error::Result;
use crate::service::Service;
use crate::workflows::WorkflowText;
use crate::workspace::stem;
use bakeoff_core::campaign::{self, Campaign};
use bakeoff_core::dataset::{self, Case};
use bakeoff_core::diagnostic::{Diagnostic, nearest};
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::TimeoutCountsAs;
use bakeoff_core::variant::Variant;
use bakeoff_core::workflow::{self, AbTest, AbVariant, Workflow};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Trials of an A/B test with `parallel: true` that run at the same time.
const PARALLEL: u16 = 8;
/// The one case of a workflow that is run on inputs instead of rows.
const ONE_CASE: &str = "inputs";
/// Rows whose inputs are complained about.
const SHOWN_ROWS: usize = 20;

impl Service {
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
            Some(test) => self.load_ab_variants(source, &test.variants, &mut loaded)?,
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

    /// What a campaign file of a workflow names: the workflow, its variants, and the rows or inputs.
    pub(crate) fn load_workflow_campaign(&self, source: &CampaignText, mut loaded: Loaded) -> Result<Loaded> {
        let Some(mut campaign) = loaded.campaign.take() else { return Ok(loaded) };
        let named = campaign.workflow.clone().unwrap_or_default();
        let text = match self.files().resolve(&named).and_then(|path| atomic::read_text(&path)) {
            Ok((text, _)) => text,
            Err(error) => {
                let finding = Diagnostic::error("no-such-workflow", "workflow", error.message);
                let finding = finding.hint(error.hint.unwrap_or_default());
                loaded.diagnostics.push(finding.in_file(&*source.file));
                return Ok(loaded);
            }
        };
        let workflow_source = WorkflowText { name: stem(Path::new(&named)), file: named, text };
        let checked = workflow::check(&workflow_source.name, &workflow_source.text);
        loaded.diagnostics.extend(in_file(checked.diagnostics, &workflow_source.file));
        let Some(workflow) = checked.value else { return Ok(loaded) };
        let files = self.files().files(FileKind::Variant)?;
        let known: Vec<String> = files.iter().map(|path| stem(path)).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let found = campaign::check_against_workflow(&loaded.text, &campaign, &workflow, &known);
        loaded.diagnostics.extend(in_file(found, &source.file));
        let wanted = wanted_variants(&campaign, &workflow);
        self.load_ab_variants(&workflow_source, &wanted, &mut loaded)?;
        campaign.variants = wanted.into_iter().map(|variant| variant.name).collect();
        if !campaign.variants.contains(&campaign.baseline_variant) {
            campaign.baseline_variant = campaign.variants.first().cloned().unwrap_or_default();
        }
        if campaign.gates.is_empty() {
            campaign.gates = workflow.gates;
        }
        campaign.mlflow = campaign.mlflow.or(workflow.mlflow);
        loaded.cases = if campaign.dataset.is_empty() {
            Arc::from(vec![one_case(&campaign.inputs)])
        } else {
            let (rows, findings) = self.load_dataset(&campaign.dataset)?;
            loaded.diagnostics.extend(findings);
            let rows = match &campaign.sample {
                Some(sample) => dataset::sample(rows.to_vec(), sample).into(),
                None => rows,
            };
            rows.iter().map(|row| with_inputs(row, &campaign.inputs)).collect()
        };
        loaded.diagnostics.extend(missing_inputs(&loaded, &campaign.inputs, &source.file));
        loaded.campaign = Some(campaign);
        Ok(loaded)
    }

    fn load_ab_variants(
        &self,
        source: &WorkflowText,
        variants: &[AbVariant],
        loaded: &mut Loaded,
    ) -> Result<()> {
        for wanted in variants {
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

/// The variants of a campaign of a workflow: those of the A/B test by name, else files in `variants/`.
fn wanted_variants(campaign: &Campaign, workflow: &Workflow) -> Vec<AbVariant> {
    let of_test: &[AbVariant] = workflow.ab_test.as_ref().map_or(&[], |test| &test.variants);
    if campaign.variants.is_empty() {
        return of_test.to_vec();
    }
    let named = |name: &String| {
        let known = of_test.iter().find(|variant| variant.name == *name).cloned();
        known.unwrap_or_else(|| AbVariant {
            name: name.clone(),
            prompt: None,
            system_prompt: None,
            node_id: None,
            config_overrides: BTreeMap::new(),
            file: Some(name.clone()),
        })
    };
    campaign.variants.iter().map(named).collect()
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
        lab: None,
        triage: None,
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
    let finding = |message: String| {
        // The field is the first name that the message quotes.
        let path = match message.split('`').nth(1) {
            Some(field) => format!("state.fields.{field}"),
            None => "state.fields".to_owned(),
        };
        Diagnostic::error("bad-inputs", path, message)
            .hint("give it with -i NAME=VALUE, or in the rows of ab_test.dataset")
            .in_file(file)
    };
    messages.into_iter().map(finding).collect()
}

/// The findings, each with its file.
pub(crate) fn in_file(findings: Vec<Diagnostic>, file: &str) -> Vec<Diagnostic> {
    findings.into_iter().map(|finding| finding.in_file(file)).collect()
}
