//! From a campaign's text to a checked campaign, with everything that is wrong in it.

use super::raw::{RawCampaign, RawEntry};
use super::{Campaign, Sample, lab, triage};
use crate::check::{self, Findings, Schema, item, key, nth, under};
use crate::dataset::Format;
use crate::diagnostic::{Checked, nearest};
use crate::gate;
use crate::lab::NO_AGENT;
use crate::metric::Metric;
use crate::scorer::raw::RawScorer;
use crate::scorer::{self, Scorer, ScorerKind};
use crate::template::TemplateError;
use crate::yaml::{Step, parse_path};
use std::sync::LazyLock;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of::<RawCampaign>("Bakeoff campaign"));

/// The JSON Schema of a campaign file.
pub fn schema() -> serde_json::Value {
    SCHEMA.value.clone()
}

/// Checks a campaign's text. `name` is the file's name without extension; it becomes the campaign's name. Whether
/// its data set and variants exist is not known here: see [`super::check_against`].
pub fn check(name: &str, text: &str) -> Checked<Campaign> {
    let (raw, mut findings) = match check::read::<RawCampaign>(text, &SCHEMA, check::no_special_keys) {
        Ok(read) => read,
        Err(diagnostics) => return Checked { value: None, diagnostics },
    };
    inner_name(name, &raw, &mut findings);
    let is_lab = lab::is_meant(&findings);
    lab::fitting_keys(is_lab, &mut findings);
    let is_triage = !is_lab && triage::is_meant(&findings);
    triage::fitting_keys(&raw, is_triage, &mut findings);
    let workflow = workflow(&raw, &mut findings);
    // A fault campaign has cases and judgement of its own. A workflow brings its own variants, may run on its inputs alone, and can say by itself whether a trial passed.
    let is_optional = is_lab || is_triage || findings.has("workflow");
    let dataset = dataset(&raw, is_optional, &mut findings);
    let variants = match is_lab {
        true => lab_variants(&raw, &mut findings),
        // Of a triage campaign the variants are optional in nothing.
        false => variants(&raw, is_optional && !is_triage, &mut findings),
    };
    let triage = is_triage.then(|| Box::new(triage::settings(name, &raw, &mut findings)));
    let variants: Vec<String> = variants.into_iter().map(|(_, name)| name).collect();
    let has_baseline = variants.iter().any(|name| name == NO_AGENT);
    let lab = is_lab.then(|| lab::settings(&raw, has_baseline, &mut findings));
    let variants = match &lab {
        Some(settings) => lab::with_baseline(variants, settings),
        None => variants,
    };
    let baseline = baseline(&raw, &variants, is_optional, &mut findings);
    let scorers = scorers(&raw, is_optional, &mut findings);
    if let Some(metric) = raw.primary_metric.filter(|metric| metric.is_of_faults() && !is_lab) {
        let message = format!("`primary_metric` is {}, which only fault campaigns have", metric.id());
        findings.error("only-with-faults", &key("primary_metric"), message).hint =
            Some("write success_rate, or another that every trial has".to_owned());
    }
    let gates = raw.gates.as_ref().map(|gates| gate::check::read(gates, &key("gates"), &mut findings));
    let value = dataset.zip(baseline).map(|(dataset, baseline_variant)| Campaign {
        name: name.to_owned(),
        description: raw.description,
        dataset,
        workflow,
        inputs: raw.inputs.unwrap_or_default(),
        sample: raw
            .sample
            .and_then(|sample| Some(Sample { max_items: sample.max_items?, seed: sample.seed.unwrap_or(0) })),
        variants,
        baseline_variant,
        trials_per_combination: raw.trials_per_combination.unwrap_or(1),
        scorers,
        pass_threshold: raw.pass_threshold.unwrap_or(1.0),
        primary_metric: raw.primary_metric.unwrap_or(Metric::SuccessRate),
        confidence: raw.confidence.unwrap_or(0.95),
        margin: raw.margin.unwrap_or(0.0),
        parallel: raw.parallel.unwrap_or(if is_lab { 1 } else { 8 }),
        timeout_seconds: raw.timeout_seconds.unwrap_or(300.0),
        timeout_counts_as: raw.timeout_counts_as.unwrap_or_default(),
        retries: raw.retries.unwrap_or(if is_triage { 1 } else { 3 }),
        cooldown_seconds: raw.cooldown_seconds.unwrap_or(0.0),
        budget_usd: raw.budget_usd,
        seed: raw.seed.unwrap_or(42),
        gates: gates.unwrap_or_default(),
        mlflow: None,
        lab,
        triage,
    });
    findings.finish(value)
}

/// The name of a variant that a campaign names: `careful`, `careful.yaml` and `variants/careful.yaml` are the same.
pub fn variant_name(written: &str) -> &str {
    let name = written.strip_prefix("./").unwrap_or(written);
    let name = name.strip_prefix("variants/").unwrap_or(name);
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
}

fn inner_name(name: &str, raw: &RawCampaign, findings: &mut Findings) {
    if let Some(inner) = raw.name.as_deref().filter(|inner| *inner != name) {
        let message = format!("the file says `name: {inner}`, but its file name makes it `{name}`");
        let finding = findings.warning("name-differs", &key("name"), message);
        finding.hint = Some(format!("write `name: {name}`, or rename the file to {inner}.yaml"));
    }
}

fn workflow(raw: &RawCampaign, findings: &mut Findings) -> Option<String> {
    let path = key("workflow");
    let Some(workflow) = raw.workflow.as_deref().map(str::trim) else {
        if raw.inputs.is_some() && !findings.is_wrong(&path) {
            let message = "`inputs` are those of a workflow, but the campaign has none";
            let finding = findings.error("no-workflow", &key("inputs"), message);
            finding.hint =
                Some("add a line such as `workflow: workflows/research.yaml`, or remove them".to_owned());
        }
        return None;
    };
    if !workflow.ends_with(".yaml") && !workflow.ends_with(".yml") {
        let message = format!("`workflow` is \"{workflow}\", which is no workflow file");
        let finding = findings.error("unknown-format", &path, message);
        finding.hint = Some("name a .yaml file, such as `workflows/research.yaml`".to_owned());
    }
    Some(workflow.to_owned())
}

fn dataset(raw: &RawCampaign, is_optional: bool, findings: &mut Findings) -> Option<String> {
    let path = key("dataset");
    match raw.dataset.as_deref().map(str::trim) {
        None if findings.is_wrong(&path) => None,
        None if is_optional => Some(String::new()),
        None | Some("") => {
            let place = if raw.dataset.is_some() { path } else { Vec::new() };
            let finding = findings.error(
                "missing",
                &place,
                "`dataset` is missing: there is nothing to try the variants on",
            );
            finding.hint = Some("add a line such as `dataset: datasets/tickets.jsonl`".to_owned());
            None
        }
        Some(dataset) if Format::from_path(dataset).is_none() => {
            let message = format!("`dataset` is \"{dataset}\", which is no kind of data set");
            let finding = findings.error("unknown-format", &path, message);
            finding.hint = Some("name a .jsonl, .csv or .yaml file".to_owned());
            None
        }
        Some(dataset) => Some(dataset.to_owned()),
    }
}

/// The variants' names with their places in the list.
fn variants(raw: &RawCampaign, is_optional: bool, findings: &mut Findings) -> Vec<(usize, String)> {
    let path = key("variants");
    let written = raw.variants.as_deref().unwrap_or_default();
    if written.is_empty() && !findings.is_wrong(&path) && !is_optional {
        let place = if raw.variants.is_some() { path } else { Vec::new() };
        let finding = findings.error("missing", &place, "`variants` is missing: there is nothing to compare");
        finding.hint = Some("add a line such as `variants: [default, careful]`".to_owned());
    }
    let mut names: Vec<(usize, String)> = Vec::new();
    for (index, written) in written.iter().enumerate() {
        let Some(written) = written.as_ref().map(RawEntry::name) else { continue };
        let name = variant_name(written);
        if name.is_empty() || name.contains(['/', '\\']) {
            let message = format!("\"{written}\" is not the name of a variant");
            let finding = findings.error("not-a-variant", &item("variants", index), message);
            finding.hint = Some("write the name of a file in variants/, such as `careful`".to_owned());
        } else if let Some((first, _)) = names.iter().find(|(_, earlier)| earlier == name) {
            let message = format!("the variant `{name}` is named twice, also in place {}", first + 1);
            let finding = findings.error("duplicate", &item("variants", index), message);
            finding.hint =
                Some("remove it here; `trials_per_combination` tries each case several times".to_owned());
        } else {
            names.push((index, name.to_owned()));
        }
    }
    names
}

/// Of a fault campaign: `variants`, or the one `variant` of system S1, which is `default` when nothing is written.
fn lab_variants(raw: &RawCampaign, findings: &mut Findings) -> Vec<(usize, String)> {
    let path = key("variant");
    if raw.parallel.is_some_and(|parallel| parallel > lab::MOST_PARALLEL) {
        let message = format!(
            "`parallel` is {}; a fault campaign may have 1 to {}, since each trial has a system of its own",
            raw.parallel.unwrap_or_default(),
            lab::MOST_PARALLEL
        );
        findings.error("too-many", &key("parallel"), message).hint =
            Some(format!("write {} or less", lab::MOST_PARALLEL));
    }
    let Some(written) = raw.variant.as_deref() else {
        let named = variants(raw, true, findings);
        let is_free = named.is_empty() && !findings.is_wrong(&key("variants")) && !findings.is_wrong(&path);
        return if is_free { vec![(0, "default".to_owned())] } else { named };
    };
    if findings.has("variants") {
        let finding = findings.error("twice", &path, "there are both `variant` and `variants`");
        finding.hint = Some("keep `variants`, with all names in it".to_owned());
        return variants(raw, true, findings);
    }
    let name = variant_name(written);
    if name.is_empty() || name.contains(['/', '\\']) {
        let finding =
            findings.error("not-a-variant", &path, format!("\"{written}\" is not the name of a variant"));
        finding.hint = Some("write the name of a file in variants/, such as `careful`".to_owned());
    }
    vec![(0, name.to_owned())]
}

fn baseline(
    raw: &RawCampaign,
    variants: &[String],
    is_optional: bool,
    findings: &mut Findings,
) -> Option<String> {
    let Some(written) = raw.baseline_variant.as_deref() else {
        let first = variants.first().cloned();
        return first.or(is_optional.then(String::new));
    };
    let name = variant_name(written);
    let mut names = variants.iter().map(String::as_str);
    if !variants.is_empty()
        && !names.clone().any(|one| one == name)
        && !findings.is_wrong_itself(&key("variants"))
    {
        let message = format!("`baseline_variant` is `{name}`, which is not among `variants`");
        let hint = match nearest(name, names.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "name one of {}, or add `{name}` to `variants`",
                names.by_ref().collect::<Vec<_>>().join(", ")
            ),
        };
        findings.error("unknown-variant", &key("baseline_variant"), message).hint = Some(hint);
    }
    Some(name.to_owned())
}

fn scorers(raw: &RawCampaign, is_optional: bool, findings: &mut Findings) -> Vec<Scorer> {
    let written = raw.scorers.as_deref().unwrap_or_default();
    if written.is_empty() && !findings.is_wrong(&key("scorers")) && !is_optional {
        let place = if findings.has("scorers") { key("scorers") } else { Vec::new() };
        let finding =
            findings.warning("no-scorers", &place, "there are no scorers: every trial will be ungraded");
        finding.hint =
            Some(r#"add `scorers:` with one such as `- {type: exact, value: "{{ expected }}"}`"#.to_owned());
    }
    read_scorers(written, &key("scorers"), findings)
}

/// Reads a list of scorers that stands at a path.
pub(crate) fn read_scorers(
    written: &[Option<RawScorer>],
    path: &[Step],
    findings: &mut Findings,
) -> Vec<Scorer> {
    let mut checked = Vec::new();
    for (index, raw) in written.iter().enumerate() {
        let Some(raw) = raw else { continue };
        match raw.clone().checked() {
            Ok(scorer) => checked.push((index, scorer)),
            Err(message) => {
                findings.error("no-provider", &under(&nth(path, index), "model"), message);
            }
        }
    }
    for (index, scorer) in &checked {
        scorer_meaning(&nth(path, *index), scorer, findings);
    }
    same_metric(&checked, path, findings);
    checked.into_iter().map(|(_, scorer)| scorer).collect()
}

fn scorer_meaning(place: &[Step], scorer: &Scorer, findings: &mut Findings) {
    if let Err(problems) = scorer::compile(std::slice::from_ref(scorer)) {
        for problem in problems {
            let path = [place, &parse_path(&problem.field)].concat();
            let text = path.iter().try_fold(findings.value(), |value, step| match step {
                Step::Key(key) => value.get(key),
                Step::Index(index) => value.get(*index),
            });
            let text = text.and_then(|text| text.as_str()).unwrap_or_default().to_owned();
            let error = TemplateError { message: problem.message, hint: problem.hint, range: problem.range };
            findings.inner_error("scorer", &path, &text, &error);
        }
    }
    if let ScorerKind::Rubric { provider, base_url, .. } = &scorer.kind {
        let path = under(place, "base_url");
        match base_url.as_deref() {
            Some(url) if !crate::variant::is_http(url) => {
                let message = format!("`base_url` is \"{url}\", which is not an http or https address");
                let finding = findings.error("not-a-url", &path, message);
                finding.hint = Some("write it such as `http://localhost:8000/v1`".to_owned());
            }
            None if *provider == crate::variant::Provider::OpenaiCompatible => {
                let finding = findings.error("missing", place, "the judge has no `base_url`");
                finding.hint = Some("add `base_url:`: openai-compatible needs it".to_owned());
            }
            _ => {}
        }
        if *provider == crate::variant::Provider::Builtin {
            let message = "the built-in model can't judge: it only sorts texts by their words";
            let finding = findings.error("cannot-judge", place, message);
            finding.hint = Some("name a language model".to_owned());
        }
    }
}

fn same_metric(scorers: &[(usize, Scorer)], path: &[Step], findings: &mut Findings) {
    for (place, (index, scorer)) in scorers.iter().enumerate() {
        let earlier = scorers.iter().take(place).find(|(_, earlier)| earlier.metric == scorer.metric);
        if let Some((first, _)) = earlier {
            let message =
                format!("scorers {} and {} both report as `{}`", first + 1, index + 1, scorer.metric);
            let finding = findings.warning("same-metric", &nth(path, *index), message);
            finding.hint =
                Some("give each a `metric:` of its own, so that they can be told apart".to_owned());
        }
    }
}
