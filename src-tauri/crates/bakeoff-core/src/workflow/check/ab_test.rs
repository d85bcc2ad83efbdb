//! The A/B test: its variants, inputs and scorers.

use super::fields::{Fields, hint, place};
use super::nodes::Nodes;
use super::prompts::{self, Scope};
use super::twice;
use crate::check::{Findings, key, under};
use crate::dataset::Format;
use crate::workflow::raw::{RawAbTest, RawVariant, RawWorkflow};
use crate::workflow::{AbTest, AbVariant, Program};
use crate::yaml::Step;
use serde_json::Value;

/// How often each variant is run on each input when the file says nothing.
const RUN_COUNT: u16 = 3;

/// Where a variant stands in the file.
#[derive(Debug, Clone)]
pub(in crate::workflow) struct VariantPlace {
    pub(in crate::workflow) name: String,
    pub(in crate::workflow) path: Vec<Step>,
}

/// The places of all variants that have a name.
pub(in crate::workflow) fn variant_places(value: &Value) -> Vec<VariantPlace> {
    let base = base(value);
    let pointer = if base.len() > 1 { "/config/ab_test/variants" } else { "/ab_test/variants" };
    let list = value.pointer(pointer).and_then(Value::as_array);
    let base = under(&base, "variants");
    let named = list.into_iter().flatten().enumerate().filter_map(|(index, variant)| {
        let name = variant.get("name")?.as_str()?.to_owned();
        Some(VariantPlace { name, path: place(&base, index) })
    });
    named.collect()
}

/// Where the block stands.
fn base(value: &Value) -> Vec<Step> {
    match value.get("ab_test").is_some_and(|block| !block.is_null()) {
        true => key("ab_test"),
        false => [key("config"), key("ab_test")].concat(),
    }
}

/// The A/B test, when the file has one.
pub(super) fn read(
    raw: &RawWorkflow,
    fields: &Fields,
    nodes: &Nodes,
    findings: &mut Findings,
) -> Option<AbTest> {
    let in_config = raw.config.as_ref().and_then(|config| config.ab_test.as_ref());
    if raw.ab_test.is_some() && in_config.is_some() {
        twice("ab_test", findings);
    }
    let path = base(findings.value());
    let block = raw.ab_test.as_ref().or(in_config)?;
    let enabled = block.enabled.unwrap_or(false);
    let mut reader = Reader { fields, nodes, findings, has_runner: raw.runner.is_some() };
    let variants = reader.variants(block, enabled, &under(&path, "variants"));
    let baseline_variant = reader.baseline(block, &variants, &path);
    dataset(block, &under(&path, "dataset"), findings);
    let scorers_path = under(&path, "scorers");
    let scorers =
        crate::campaign::read_scorers(block.scorers.as_deref().unwrap_or_default(), &scorers_path, findings);
    Some(AbTest {
        enabled,
        experiment: block.experiment.clone().unwrap_or_default(),
        variants,
        run_count: block.run_count.unwrap_or(RUN_COUNT),
        parallel: block.parallel.unwrap_or(true),
        dataset: block.dataset.clone(),
        baseline_variant,
        scorers,
        budget_usd: block.budget_usd,
    })
}

/// Scorers must judge outputs that there are.
pub(super) fn check_outputs(ab_test: Option<&AbTest>, program: &Program, findings: &mut Findings) {
    let list = under(&base(findings.value()), "scorers");
    // Scorers that were wrong are not in the checked list: then places can't be told.
    if findings.is_wrong(&list) {
        return;
    }
    for (index, scorer) in ab_test.iter().flat_map(|test| &test.scorers).enumerate() {
        let path = under(&place(&list, index), "output");
        crate::campaign::check_output(scorer, program, &path, findings);
    }
}

struct Reader<'a> {
    fields: &'a Fields,
    nodes: &'a Nodes,
    findings: &'a mut Findings,
    has_runner: bool,
}

impl Reader<'_> {
    fn variants(&mut self, block: &RawAbTest, enabled: bool, path: &[Step]) -> Vec<AbVariant> {
        let written = block.variants.as_deref().unwrap_or_default();
        if written.is_empty() && enabled && !self.findings.is_wrong(path) {
            let (_, parent) = path.split_last().map_or((None, path), |(last, parent)| (Some(last), parent));
            let place = if self.findings.is_written(path) { path } else { parent };
            let finding = self.findings.error(
                "missing",
                place,
                "the A/B test has no variants: there is nothing to compare",
            );
            finding.hint =
                Some("add `variants:` with a name and a prompt each, or write `enabled: false`".to_owned());
        }
        let mut variants: Vec<AbVariant> = Vec::new();
        for (index, raw) in written.iter().enumerate() {
            let path = place(path, index);
            let Some((raw, name)) = raw.as_ref().and_then(|raw| Some((raw, raw.name.as_deref()?))) else {
                continue;
            };
            if variants.iter().any(|earlier| earlier.name == name) {
                let message = format!("there are two variants with the name `{name}`");
                self.findings.error("duplicate", &under(&path, "name"), message).hint =
                    Some("give each variant a name of its own".to_owned());
            }
            self.variant(raw, name, &path);
            variants.push(AbVariant {
                name: name.to_owned(),
                prompt: raw.prompt.clone(),
                system_prompt: raw.system_prompt.clone(),
                node_id: raw.node_id.clone(),
                config_overrides: raw.config_overrides.clone().unwrap_or_default().into_iter().collect(),
                file: raw.file.clone(),
            });
        }
        variants
    }

    fn variant(&mut self, raw: &RawVariant, name: &str, path: &[Step]) {
        let has_overrides = raw.config_overrides.as_ref().is_some_and(|overrides| !overrides.is_empty());
        let has_some =
            raw.prompt.is_some() || raw.system_prompt.is_some() || raw.file.is_some() || has_overrides;
        if !has_some && !self.findings.is_wrong(path) {
            let message = format!("the variant `{name}` changes nothing");
            let finding = self.findings.error("missing", path, message);
            finding.hint = Some(
                "give it a `prompt`, `system_prompt` or `config_overrides`, or name a `file` in variants/"
                    .to_owned(),
            );
        }
        if self.has_runner && self.nodes.ids().is_empty() {
            return; // What its node and prompt mean is the program's own affair.
        }
        let node = match raw.node_id.as_deref() {
            Some(id) if self.nodes.lacks(id) => {
                let message = format!("the variant `{name}` is about the node `{id}`, which doesn't exist");
                let hint = self.nodes.hint(id, None);
                self.findings.error("unknown-node", &under(path, "node_id"), message).hint = Some(hint);
                return;
            }
            Some(id) => Some(id),
            None => self.nodes.ids().first().map(String::as_str),
        };
        let Some(node) = node else { return };
        let inputs: Vec<String> =
            self.nodes.get(node).map(|node| node.inputs.keys().cloned().collect()).unwrap_or_default();
        let scope = Scope { fields: self.fields, inputs: &inputs, has_item: self.nodes.is_target(node) };
        for (which, text) in [("prompt", &raw.prompt), ("system_prompt", &raw.system_prompt)] {
            if let Some(text) = text {
                let what = format!("`{which}` of the variant `{name}`");
                prompts::prompt(text, &what, scope, &under(path, which), self.findings);
            }
        }
    }

    fn baseline(&mut self, block: &RawAbTest, variants: &[AbVariant], path: &[Step]) -> Option<String> {
        let name = block.baseline_variant.as_deref()?;
        let known = variants.iter().map(|variant| variant.name.as_str());
        if !known.clone().any(|one| one == name) && !self.findings.is_wrong(&under(path, "variants")) {
            let message = format!("`baseline_variant` is `{name}`, which is not among the variants");
            let place = under(path, "baseline_variant");
            self.findings.error("unknown-variant", &place, message).hint =
                Some(hint(name, known, "add it to `variants`", "name one of"));
        }
        Some(name.to_owned())
    }
}

fn dataset(block: &RawAbTest, path: &[Step], findings: &mut Findings) {
    if let Some(dataset) = block.dataset.as_deref().filter(|dataset| Format::from_path(dataset).is_none()) {
        let message = format!("`dataset` is \"{dataset}\", which is no kind of data set");
        findings.error("unknown-format", path, message).hint =
            Some("name a .jsonl, .csv or .yaml file".to_owned());
    }
}
