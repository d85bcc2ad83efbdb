//! A campaign beside the workflow that it runs: its variants, inputs and the outputs that its scorers judge.

use super::Campaign;
use super::against::places;
use crate::check::{Findings, item, key, under};
use crate::diagnostic::{Diagnostic, nearest};
use crate::scorer::Scorer;
use crate::workflow::{Program, Workflow, output_names};
use crate::yaml::{self, Step};

/// What doesn't fit between a valid campaign of a workflow and that workflow: variants that are neither in the A/B test
/// nor in `variants/` (`known_variants`), inputs that the workflow doesn't have or that don't fit their types, scorers of
/// outputs that no node gives. `text` is the campaign's file, for the places.
pub fn check_against_workflow(
    text: &str,
    campaign: &Campaign,
    workflow: &Workflow,
    known_variants: &[&str],
) -> Vec<Diagnostic> {
    let document = match yaml::read(text) {
        Ok(document) => document,
        Err(diagnostics) => return diagnostics,
    };
    let mut findings = Findings::new(text, document);
    variants(campaign, workflow, known_variants, &mut findings);
    inputs(campaign, &workflow.program, &mut findings);
    outputs(campaign, &workflow.program, &mut findings);
    findings.into_diagnostics()
}

fn variants(campaign: &Campaign, workflow: &Workflow, known: &[&str], findings: &mut Findings) {
    let of_test = workflow.ab_test.iter().flat_map(|test| &test.variants);
    let mut names: Vec<&str> = of_test.map(|variant| variant.name.as_str()).collect();
    if names.is_empty() && campaign.variants.is_empty() {
        let finding =
            findings.error("missing", &[], "the workflow has no A/B test: there is nothing to compare");
        finding.hint =
            Some("add `variants:` with files in variants/, or an `ab_test` to the workflow".to_owned());
    }
    let of_test = names.clone();
    names.extend(known);
    let places = places(findings);
    for name in &campaign.variants {
        let place = places.iter().find(|(written, _)| written == name);
        let place = place.map_or_else(|| key("variants"), |(_, path)| path.clone());
        unknown(name, &names, &place, findings);
    }
    if campaign.variants.is_empty() && !campaign.baseline_variant.is_empty() {
        unknown(&campaign.baseline_variant, &of_test, &key("baseline_variant"), findings);
    }
}

fn unknown(name: &str, known: &[&str], place: &[Step], findings: &mut Findings) {
    if known.contains(&name) {
        return;
    }
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("name one of {}, or make variants/{name}.yaml", known.join(", ")),
    };
    findings.error("unknown-variant", place, format!("there is no variant `{name}`")).hint = Some(hint);
}

fn inputs(campaign: &Campaign, program: &Program, findings: &mut Findings) {
    if program.runner.is_some() && program.state.is_empty() {
        return;
    }
    for (name, value) in &campaign.inputs {
        let place = under(&key("inputs"), name);
        let Some(field) = program.state.iter().find(|field| field.name == *name) else {
            let known: Vec<&str> = program.state.iter().map(|field| field.name.as_str()).collect();
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its inputs are {}", known.join(", ")),
            };
            let finding =
                findings.error("unknown-input", &place, format!("the workflow has no input `{name}`"));
            finding.hint = Some(hint);
            continue;
        };
        if value.is_null() {
            continue;
        }
        if let Err(message) = field.kind.convert(name, value) {
            findings.error("wrong-input", &place, message).hint =
                Some(format!("write a value of the type {}", field.kind));
        }
    }
    if !campaign.dataset.is_empty() {
        return;
    }
    for field in program.state.iter().filter(|field| field.required) {
        if campaign.inputs.get(&field.name).is_none_or(serde_json::Value::is_null) {
            let place = if findings.has("inputs") { key("inputs") } else { Vec::new() };
            let message = format!("the workflow's input `{}` ({}) is missing", field.name, field.kind);
            findings.error("missing", &place, message).hint =
                Some("add it to `inputs:`, or name a `dataset:` whose rows have it".to_owned());
        }
    }
}

fn outputs(campaign: &Campaign, program: &Program, findings: &mut Findings) {
    for (index, scorer) in campaign.scorers.iter().enumerate() {
        let place = under(&item("scorers", index), "output");
        check_output(scorer, program, &place, findings);
    }
}

/// Tells about a scorer of an output that no node gives. What a user's own program gives is not known before it ran.
pub(crate) fn check_output(scorer: &Scorer, program: &Program, place: &[Step], findings: &mut Findings) {
    let Some(output) = scorer.output.as_deref().filter(|_| program.runner.is_none()) else { return };
    // A dotted path leads into an output.
    let first = output.split('.').next().unwrap_or(output);
    let known = output_names(program);
    if known.contains(&first) {
        return;
    }
    let hint = match nearest(first, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its outputs are {}", known.join(", ")),
    };
    findings.error("unknown-output", place, format!("the workflow has no output `{first}`")).hint =
        Some(hint);
}
