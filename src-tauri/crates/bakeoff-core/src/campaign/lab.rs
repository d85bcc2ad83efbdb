//! The part of a campaign that breaks systems: its keys, its cases, and whether it fits its subjects.

use super::raw::{RawAgent, RawCampaign};
use super::{Agent, Campaign, LabSettings};
use crate::check::{Findings, item, key, under};
use crate::dataset::Case;
use crate::diagnostic::{Diagnostic, nearest};
use crate::fault::{self, Fault, FaultKind};
use crate::lab::{FaultCase, NO_AGENT};
use crate::subject::Subject;
use crate::yaml;

/// Trials of a fault campaign at the same time, at most: each has a system of its own.
pub(super) const MOST_PARALLEL: u16 = 10;

/// The subject of a file that names none, as in system S1.
const DEFAULT_SUBJECT: &str = "tikv";

/// Keys that a fault campaign has no use for, with what stands in their place.
const NOT_WITH_FAULTS: [(&str, &str); 6] = [
    ("dataset", "its cases are its subjects with its faults"),
    ("sample", "all its faults are tried"),
    ("workflow", "its variants are agents"),
    ("inputs", "its agents are given tickets"),
    ("scorers", "its trials are judged by the oracle"),
    ("pass_threshold", "its trials are judged by the oracle"),
];

/// Keys that mean something only beside `subjects` and `chaos_types`.
const ONLY_WITH_FAULTS: [&str; 7] =
    ["include_baseline", "variant", "agent", "max_steps", "max_tokens", "max_cost_usd", "command_seconds"];

/// Whether the file describes a fault campaign.
pub(super) fn is_meant(findings: &Findings) -> bool {
    ["subjects", "chaos_types"].iter().any(|name| findings.value().get(name).is_some())
}

/// Tells about keys that don't fit the kind of campaign.
pub(super) fn fitting_keys(is_lab: bool, findings: &mut Findings) {
    if is_lab {
        for (name, why) in NOT_WITH_FAULTS {
            if findings.has(name) {
                let message = format!("`{name}` is not for a campaign with `chaos_types`: {why}");
                findings.error("not-with-faults", &key(name), message).hint = Some("remove it".to_owned());
            }
        }
        return;
    }
    for name in ONLY_WITH_FAULTS {
        if findings.has(name) {
            let message = format!("`{name}` is only for a campaign with `subjects` and `chaos_types`");
            let finding = findings.error("only-with-faults", &key(name), message);
            finding.hint = Some(match name {
                "variant" => "name the variants in a list: `variants: [default, …]`".to_owned(),
                _ => "remove it, or add lines such as `subjects: [embedded]` and `chaos_types: [{type: node_kill}]`"
                    .to_owned(),
            });
        }
    }
}

/// The settings of a fault campaign. `has_baseline`: the variants as written name the baseline already.
pub(super) fn settings(raw: &RawCampaign, has_baseline: bool, findings: &mut Findings) -> LabSettings {
    LabSettings {
        subjects: subjects(raw, findings),
        faults: faults(raw, findings),
        include_baseline: raw.include_baseline.unwrap_or(false) || has_baseline,
        agent: agent(raw.agent.as_ref(), findings),
        max_steps: raw.max_steps.unwrap_or(30),
        max_tokens: raw.max_tokens,
        max_cost_usd: raw.max_cost_usd,
        command_seconds: raw.command_seconds.unwrap_or(120.0),
    }
}

/// The name of a subject that a campaign names: `etcd`, `etcd.yaml` and `subjects/etcd.yaml` are the same.
pub fn subject_name(written: &str) -> &str {
    let name = written.strip_prefix("./").unwrap_or(written);
    let name = name.strip_prefix("subjects/").unwrap_or(name);
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
}

fn subjects(raw: &RawCampaign, findings: &mut Findings) -> Vec<String> {
    let written = raw.subjects.as_deref().unwrap_or_default();
    if written.is_empty() && !findings.is_wrong(&key("subjects")) {
        if findings.has("subjects") {
            let finding =
                findings.error("empty", &key("subjects"), "`subjects` is empty: there is nothing to break");
            finding.hint = Some("write `subjects: [embedded]`".to_owned());
            return Vec::new();
        }
        let message = format!("`subjects` is missing: taken as [{DEFAULT_SUBJECT}], as Operator does");
        let finding = findings.warning("missing", &[], message);
        finding.hint = Some("add a line such as `subjects: [embedded]`".to_owned());
        return vec![DEFAULT_SUBJECT.to_owned()];
    }
    let mut names: Vec<String> = Vec::new();
    for (index, written) in written.iter().enumerate() {
        let Some(written) = written.as_deref() else { continue };
        let (name, place) = (subject_name(written), item("subjects", index));
        if name.is_empty() || name.contains(['/', '\\']) {
            let finding = findings.error(
                "not-a-subject",
                &place,
                format!("\"{written}\" is not the name of a subject"),
            );
            finding.hint = Some("write the name of a file in subjects/, such as `embedded`".to_owned());
        } else if names.iter().any(|earlier| earlier == name) {
            let finding = findings.error("duplicate", &place, format!("the subject `{name}` is named twice"));
            finding.hint = Some("remove it here".to_owned());
        } else {
            names.push(name.to_owned());
        }
    }
    names
}

fn faults(raw: &RawCampaign, findings: &mut Findings) -> Vec<Fault> {
    let written = raw.chaos_types.as_deref().unwrap_or_default();
    if written.is_empty() && !findings.is_wrong(&key("chaos_types")) {
        let place = if findings.has("chaos_types") { key("chaos_types") } else { Vec::new() };
        let finding = findings.error("missing", &place, "`chaos_types` is missing: nothing would be broken");
        finding.hint = Some("add a line such as `chaos_types: [{type: node_kill}]`".to_owned());
    }
    let mut faults: Vec<Fault> = Vec::new();
    for (index, raw) in written.iter().enumerate() {
        let place = item("chaos_types", index);
        let Some(fault) = raw.as_ref().and_then(|raw| fault::read(raw, &place, findings)) else { continue };
        if faults.contains(&fault) {
            let message = format!("the same fault is listed twice: {}", fault.full_label());
            let finding = findings.error("duplicate", &place, message);
            finding.hint =
                Some("remove it here; `trials_per_combination` tries each case several times".to_owned());
        } else {
            faults.push(fault);
        }
    }
    faults
}

fn agent(raw: Option<&RawAgent>, findings: &mut Findings) -> Agent {
    let Some(raw) = raw else { return Agent::Managed };
    let place = key("agent");
    let command: Vec<String> = raw.command.iter().flatten().flatten().cloned().collect();
    match (command.first().map(String::as_str), raw.operator_db.as_deref().map(str::trim)) {
        (Some(_), Some(_)) => {
            let finding = findings.error("twice", &place, "`agent` has both `command` and `operator_db`");
            finding.hint = Some("keep one of them".to_owned());
        }
        (Some(program), None) if program.trim().is_empty() => {
            let finding = findings.error("empty", &under(&place, "command"), "the program's name is empty");
            finding.hint = Some("write it first, its arguments after it".to_owned());
        }
        (Some(_), None) => return Agent::Command(command),
        (None, Some("")) => {
            let finding = findings.error("empty", &under(&place, "operator_db"), "`operator_db` is empty");
            finding.hint = Some("write the file's path".to_owned());
        }
        (None, Some(path)) => return Agent::OperatorDb(path.to_owned()),
        (None, None) if findings.is_wrong(&place) => {}
        (None, None) => {
            let message = "`agent` has neither `command` nor `operator_db`";
            findings.error("missing", &place, message).hint = Some(
                "add `command: [python3, agent.py]`, or remove `agent`: then Bakeoff's own is used"
                    .to_owned(),
            );
        }
    }
    Agent::Managed
}

/// What doesn't fit between a valid fault campaign and its subjects: ones that don't exist (`known` are all files, valid
/// or not) or have errors (`subjects` are the valid ones), faults that one of them doesn't allow, nodes that it doesn't
/// have. `text` is the campaign's file, for the places.
pub fn check_against_subjects(
    text: &str,
    campaign: &Campaign,
    known: &[&str],
    subjects: &[&Subject],
) -> Vec<Diagnostic> {
    let Some(lab) = &campaign.lab else { return Vec::new() };
    let document = match yaml::read(text) {
        Ok(document) => document,
        Err(diagnostics) => return diagnostics,
    };
    let mut findings = Findings::new(text, document);
    for name in &lab.subjects {
        let place = place_of("subjects", &findings, |value| {
            value.as_str().is_some_and(|one| subject_name(one) == name)
        });
        let place = place.map_or_else(Vec::new, |index| item("subjects", index));
        match subjects.iter().find(|subject| subject.name == *name) {
            Some(subject) => fits(subject, &lab.faults, &mut findings),
            None if known.contains(&name.as_str()) => {
                let finding =
                    findings.error("invalid-subject", &place, format!("the subject `{name}` has errors"));
                finding.hint = Some(format!("mend subjects/{name}.yaml"));
            }
            None => {
                let hint = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => {
                        format!("make subjects/{name}.yaml; there are no subjects yet")
                    }
                    None => format!("make subjects/{name}.yaml, or name one of {}", known.join(", ")),
                };
                let finding =
                    findings.error("unknown-subject", &place, format!("there is no subject `{name}`"));
                finding.hint = Some(hint);
            }
        }
    }
    findings.into_diagnostics()
}

fn place_of(list: &str, findings: &Findings, is_it: impl Fn(&serde_json::Value) -> bool) -> Option<usize> {
    findings.value().get(list)?.as_array()?.iter().position(is_it)
}

fn fits(subject: &Subject, faults: &[Fault], findings: &mut Findings) {
    for (index, fault) in faults.iter().enumerate() {
        // A valid campaign has one fault for each item.
        let place = item("chaos_types", index);
        if !subject.allows(fault.kind) {
            let message = format!("{} can't be done to the subject `{}`", fault.kind.name(), subject.name);
            let allowed: Vec<&str> = subject.faults.iter().map(|kind| kind.name()).collect();
            let finding = findings.error("fault-not-allowed", &under(&place, "type"), message);
            finding.hint = Some(format!("it allows none, {}", allowed.join(", ")));
        }
        if !subject.probe.writes() && matches!(fault.kind, FaultKind::Latency | FaultKind::PacketLoss) {
            let message = format!(
                "{} hardly shows on the subject `{}`: nothing is written through it, and its members stay up by their own word",
                fault.kind.name(),
                subject.name
            );
            let finding = findings.warning("fault-not-seen", &under(&place, "type"), message);
            finding.hint =
                Some("expect no ticket; leave it out, or break a subject with the probe `etcd`".to_owned());
        }
        if let Some((message, hint)) = fault::unknown_target(&fault.target, &subject.node_names()) {
            let place = under(&under(&place, "params"), "node");
            let message = format!("{message} in the subject `{}`", subject.name);
            findings.error("unknown-node", &place, message).hint = Some(hint);
        }
    }
}

/// The cases of a fault campaign: each subject with each fault, in the order of the file. A case's name is
/// `subject/fault`, with the fault's parameters where they are not the defaults or its kind comes more than once.
///
/// # Errors
/// When a subject that the campaign names is not among `subjects`.
pub fn lab_cases(campaign: &Campaign, subjects: &[Subject]) -> Result<Vec<Case>, String> {
    let Some(lab) = &campaign.lab else { return Ok(Vec::new()) };
    let mut cases = Vec::new();
    for name in &lab.subjects {
        let subject = subjects
            .iter()
            .find(|subject| subject.name == *name)
            .ok_or_else(|| format!("there is no subject `{name}`"))?;
        for fault in &lab.faults {
            let is_alone = lab.faults.iter().filter(|other| other.kind == fault.kind).count() == 1;
            let label = if is_alone { fault.label() } else { fault.full_label() };
            cases.push(FaultCase::case(subject, fault, &label)?);
        }
    }
    Ok(cases)
}

/// The campaign's variants with the baseline before them, where it is wanted and not there yet.
pub(super) fn with_baseline(mut variants: Vec<String>, settings: &LabSettings) -> Vec<String> {
    if settings.include_baseline && !variants.iter().any(|name| name == NO_AGENT) {
        variants.insert(0, NO_AGENT.to_owned());
    }
    variants
}
