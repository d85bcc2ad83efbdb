//! A campaign beside what it names: its variants and the fields of its data set.

use super::Campaign;
use crate::check::{Findings, item, key};
use crate::diagnostic::{Diagnostic, nearest};
use crate::lab::NO_AGENT;
use crate::scorer;
use crate::template::Template;
use crate::variant::Variant;
use crate::yaml::{self, Step};

/// What is known of a campaign's surroundings.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Names of all variant files, valid or not.
    pub known_variants: &'a [&'a str],
    /// Those of the campaign's variants that are valid.
    pub variants: &'a [&'a Variant],
    /// The data set's fields; `None` when it can't be read, which is told elsewhere.
    pub case_fields: Option<&'a [&'a str]>,
}

/// What doesn't fit between a valid campaign and its surroundings (for one of a workflow there is
/// [`super::check_against_workflow`] besides): variants that don't exist or have errors, and
/// templates that use a field which the data set doesn't have. `text` is the campaign's file, for the places.
pub fn check_against(text: &str, campaign: &Campaign, around: &Surroundings<'_>) -> Vec<Diagnostic> {
    let document = match yaml::read(text) {
        Ok(document) => document,
        Err(diagnostics) => return diagnostics,
    };
    let mut findings = Findings::new(text, document);
    let places = places(&findings);
    // The variants of a workflow are checked with it: see `check_against_workflow`.
    let named = if campaign.workflow.is_some() { &[][..] } else { &campaign.variants };
    // The baseline without an agent has no file.
    let is_file = |name: &&String| campaign.lab.is_none() || *name != NO_AGENT;
    for name in named.iter().filter(is_file) {
        let place = places.iter().find(|(written, _)| written == name).map_or_else(
            || key(if findings.has("variant") { "variant" } else { "variants" }),
            |(_, path)| path.clone(),
        );
        match around.variants.iter().find(|variant| variant.name == *name) {
            Some(variant) => prompts(variant, &place, around, &mut findings),
            None if around.known_variants.contains(&name.as_str()) => {
                let finding =
                    findings.error("invalid-variant", &place, format!("the variant `{name}` has errors"));
                finding.hint = Some(format!("mend variants/{name}.yaml"));
            }
            None => unknown_variant(name, &place, around, &mut findings),
        }
    }
    if let Some(fields) = around.case_fields {
        scorers(campaign, fields, &mut findings);
    }
    findings.into_diagnostics()
}

pub(super) fn places(findings: &Findings) -> Vec<(String, Vec<Step>)> {
    let list = findings.value().get("variants").and_then(|list| list.as_array());
    let name =
        |value: &serde_json::Value| {
            // A triage campaign may define a variant in the place of its name.
            let written = value.as_str().or_else(|| value.get("name")?.as_str())?;
            Some(super::variant_name(written).to_owned())
        };
    let items = list.into_iter().flatten().enumerate();
    items.filter_map(|(index, value)| Some((name(value)?, item("variants", index)))).collect()
}

fn unknown_variant(name: &str, place: &[Step], around: &Surroundings<'_>, findings: &mut Findings) {
    let hint = match nearest(name, around.known_variants.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if around.known_variants.is_empty() => {
            format!("make variants/{name}.yaml; there are no variants yet")
        }
        None => format!("make variants/{name}.yaml, or name one of {}", around.known_variants.join(", ")),
    };
    let finding = findings.error("unknown-variant", place, format!("there is no variant `{name}`"));
    finding.hint = Some(hint);
}

fn prompts(variant: &Variant, place: &[Step], around: &Surroundings<'_>, findings: &mut Findings) {
    let Some(fields) = around.case_fields else { return };
    let prompts =
        [("system_prompt", variant.system_prompt.as_deref()), ("prompt", Some(variant.prompt_template()))];
    for (which, prompt) in prompts {
        let Some(Ok(template)) = prompt.map(Template::compile) else { continue };
        for (field, hint) in unknown_fields(template.fields().iter().map(String::as_str), fields) {
            let default = which == "prompt" && variant.prompt.is_none();
            let whose =
                if default { "the default prompt `{{ input }}`".to_owned() } else { format!("`{which}`") };
            let message = format!(
                "{whose} of the variant `{}` uses `{field}`, which the data set doesn't have",
                variant.name
            );
            findings.error("unknown-field", place, message).hint = Some(hint);
        }
    }
}

fn scorers(campaign: &Campaign, fields: &[&str], findings: &mut Findings) {
    for (index, scorer) in campaign.scorers.iter().enumerate() {
        let Ok(compiled) = scorer::compile(std::slice::from_ref(scorer)) else { continue };
        let names = compiled.iter().flat_map(|one| one.fields());
        for (field, hint) in unknown_fields(names, fields) {
            let message = format!("the scorer uses `{field}`, which the data set doesn't have");
            findings.error("unknown-field", &item("scorers", index), message).hint = Some(hint);
        }
    }
}

fn unknown_fields<'a>(used: impl Iterator<Item = &'a str>, known: &[&str]) -> Vec<(&'a str, String)> {
    let is_unknown = |name: &&str| *name != "row" && *name != "id" && !known.contains(name);
    let hint = |name: &str| match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its fields are {}", known.join(", ")),
    };
    used.filter(is_unknown).map(|name| (name, hint(name))).collect()
}
