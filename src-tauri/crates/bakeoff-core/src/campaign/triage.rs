//! The part of a campaign that triages candidates: its keys and the variants that it defines itself.

use super::check::variant_name;
use super::raw::{RawCampaign, RawEntry};
use crate::check::{Findings, item, key, under};
use crate::diagnostic::Severity;
use crate::triage::{QUERY_SECONDS, Topic, TriageSettings, Window, moment, source_of};
use crate::variant::{self, Variant};
use crate::yaml::parse_path;

/// Items that are taken when the file says nothing.
pub const TRIAGE_ITEMS: u32 = 50;

/// Keys that a triage campaign has no use for, with what stands in their place.
const NOT_WITH_TRIAGE: [(&str, &str); 3] = [
    ("dataset", "its cases are the topic's candidates"),
    ("workflow", "each variant is asked once about each candidate"),
    ("inputs", "each variant is asked about the candidates"),
];

/// Keys that mean something only beside `topic` or `candidates`.
const ONLY_WITH_TRIAGE: [&str; 2] = ["mapping", "window"];

/// Whether the file describes a triage campaign.
pub(super) fn is_meant(findings: &Findings) -> bool {
    ["topic", "candidates"].iter().any(|name| findings.value().get(name).is_some())
}

/// Tells about keys that don't fit the kind of campaign.
pub(super) fn fitting_keys(raw: &RawCampaign, is_triage: bool, findings: &mut Findings) {
    if is_triage {
        for (name, why) in NOT_WITH_TRIAGE {
            if findings.has(name) {
                let message = format!("`{name}` is not for a campaign with a `topic` or `candidates`: {why}");
                findings.error("not-with-triage", &key(name), message).hint = Some("remove it".to_owned());
            }
        }
        return;
    }
    for name in ONLY_WITH_TRIAGE {
        if findings.has(name) {
            let message = format!("`{name}` is only for a campaign with a `topic` or `candidates`");
            findings.error("only-with-triage", &key(name), message).hint =
                Some("remove it, or add a line such as `topic: news`".to_owned());
        }
    }
    for (index, entry) in raw.variants.iter().flatten().enumerate() {
        if matches!(entry, Some(RawEntry::Own(_))) {
            let message = "only a triage campaign may define a variant in its own file";
            findings.error("not-a-variant", &item("variants", index), message).hint =
                Some("write the name of a file in variants/, such as `careful`".to_owned());
        }
    }
}

/// The settings of a triage campaign.
pub(super) fn settings(name: &str, raw: &RawCampaign, findings: &mut Findings) -> TriageSettings {
    let topic = raw.topic.as_deref().map(topic_name).filter(|topic| !topic.is_empty());
    if topic.is_some() && raw.candidates.is_some() {
        findings.error("twice", &key("candidates"), "there are both `topic` and `candidates`").hint =
            Some("keep one of them".to_owned());
    }
    if topic.is_some() && findings.has("mapping") {
        findings.error("not-with-topic", &key("mapping"), "the topic's own file says how its columns are called").hint =
            Some("move `mapping` there".to_owned());
    }
    let source = raw.candidates.as_ref().and_then(|source| source_of(source, &key("candidates"), findings));
    let candidates = source.map(|source| Topic {
        name: name.to_owned(),
        id: name.to_owned(),
        description: None,
        source,
        mapping: raw.mapping.clone().unwrap_or_default().into(),
        timeout_seconds: QUERY_SECONDS,
        system_prompt: None,
        prompt: None,
    });
    let max_items = raw.sample.as_ref().and_then(|sample| sample.max_items);
    TriageSettings {
        topic: topic.map(str::to_owned),
        candidates,
        window: window(raw, findings),
        max_items: max_items.unwrap_or(TRIAGE_ITEMS),
        variants: own_variants(raw, findings),
        selection: None,
    }
}

/// The name of a topic that a campaign names: `news`, `news.yaml` and `topics/news.yaml` are the same.
pub fn topic_name(written: &str) -> &str {
    let name = written.trim();
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = name.strip_prefix("topics/").unwrap_or(name);
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
}

fn window(raw: &RawCampaign, findings: &mut Findings) -> Option<Window> {
    let written = raw.window.as_ref()?;
    let mut read = |name: &str, text: Option<&str>| match text.map(moment) {
        Some(Ok(at)) => Some(at),
        Some(Err(message)) => {
            findings.error("not-a-moment", &under(&key("window"), name), message);
            None
        }
        None => None,
    };
    let start = read("start", written.start.as_deref());
    let end = read("end", written.end.as_deref());
    let window = Window { start: start?, end: end? };
    if window.start >= window.end {
        let message = "the window's `end` is not after its `start`";
        findings.error("reversed-window", &key("window"), message).hint =
            Some("the start belongs to the window, the end does not: write a later `end`".to_owned());
        return None;
    }
    Some(window)
}

/// The variants that the campaign defines itself, each checked as a variant file is; it needs no prompt, because a triage
/// campaign has one.
fn own_variants(raw: &RawCampaign, findings: &mut Findings) -> Vec<Variant> {
    let mut own = Vec::new();
    for (index, entry) in raw.variants.iter().flatten().enumerate() {
        let Some(RawEntry::Own(fields)) = entry else { continue };
        let place = item("variants", index);
        let Some(name) = fields.get("name").and_then(|name| name.as_str()).filter(|name| !name.trim().is_empty())
        else {
            findings.error("missing", &place, "the variant has no `name`").hint =
                Some("add `name:`: by it the variants are told apart".to_owned());
            continue;
        };
        let text = serde_json::Value::Object(fields.clone()).to_string();
        let checked = variant::check_without_prompt(variant_name(name), &text);
        for found in checked.diagnostics {
            let path = [place.as_slice(), &parse_path(&found.path)].concat();
            // Its place in the list says nothing to who gave it a name.
            let message = format!("the variant `{name}`: {}", found.message);
            let finding = match found.severity {
                Severity::Error => findings.error(&found.code, &path, message),
                Severity::Warning => findings.warning(&found.code, &path, message),
            };
            finding.hint = found.hint;
        }
        own.extend(checked.value);
    }
    own
}
