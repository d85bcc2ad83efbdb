//! A fault campaign that has no file: its text is made from what a command line says.

use crate::fault::Fault;
use std::fmt::Write;

/// What a command line says of a fault campaign.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AdHoc {
    /// Names of subjects.
    pub subjects: Vec<String>,
    /// What is done to each.
    pub faults: Vec<Fault>,
    /// Names of the agents' variants.
    pub variants: Vec<String>,
    /// Try each case without an agent, too.
    pub baseline: bool,
    /// Trials of each case and variant.
    pub trials: u16,
    /// Seconds from the fault to the verdict; absent: the default of campaigns.
    pub timeout_seconds: Option<f64>,
}

impl AdHoc {
    /// A name that says what it does, the same for the same subjects and faults, so that its runs can be pooled.
    pub fn name(&self) -> String {
        let faults = self.faults.iter().map(Fault::label);
        let words: Vec<String> = self.subjects.iter().cloned().chain(faults).collect();
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
        let mut name = "adhoc".to_owned();
        for word in words.join("-").split(|c| plain(c) == '-').filter(|word| !word.is_empty()) {
            name.push('-');
            name.push_str(word);
        }
        name
    }

    /// The campaign as a file would have it.
    pub fn text(&self) -> String {
        let mut text = "# from the command line\n".to_owned();
        let _ = writeln!(text, "subjects: [{}]\nchaos_types:", list(&self.subjects));
        for fault in &self.faults {
            let default = fault.kind.with_defaults().params();
            let params: Vec<String> = fault
                .params()
                .into_iter()
                .filter(|param| !default.contains(param))
                .map(|(name, value)| format!("{name}: {}", scalar(&value)))
                .collect();
            let params = match params.as_slice() {
                [] => String::new(),
                params => format!(", params: {{{}}}", params.join(", ")),
            };
            let _ = writeln!(text, "  - {{type: {}{params}}}", fault.kind.name());
        }
        let nobody = [crate::lab::NO_AGENT.to_owned()];
        let variants = if self.variants.is_empty() { &nobody[..] } else { &self.variants };
        let _ = writeln!(text, "variants: [{}]", list(variants));
        let _ = writeln!(text, "include_baseline: {}", self.baseline);
        let _ = writeln!(text, "trials_per_combination: {}", self.trials);
        if let Some(seconds) = self.timeout_seconds {
            let _ = writeln!(text, "timeout_seconds: {seconds}");
        }
        text
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// A name in quotes, so that it is a text whatever it looks like.
fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

fn scalar(value: &str) -> String {
    if value.parse::<f64>().is_ok() { value.to_owned() } else { quoted(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign;

    fn ad_hoc() -> AdHoc {
        AdHoc {
            subjects: vec!["embedded".to_owned()],
            faults: ["latency:min_ms=200,max_ms=400,node=n2", "node_kill"]
                .map(|fault| fault.parse().unwrap())
                .into(),
            variants: vec!["runbook".to_owned(), "12".to_owned()],
            baseline: true,
            trials: 3,
            timeout_seconds: Some(12.5),
        }
    }

    #[test]
    fn its_text_is_the_campaign_that_was_meant() {
        let said = ad_hoc();
        let checked = campaign::check(&said.name(), &said.text());
        assert_eq!(checked.diagnostics, [], "{}", said.text());
        let campaign = checked.value.unwrap();
        let lab = campaign.lab.unwrap();
        assert_eq!((lab.subjects, lab.faults), (said.subjects, said.faults));
        assert_eq!(campaign.variants, ["no-agent", "runbook", "12"]);
        assert_eq!((campaign.trials_per_combination, campaign.timeout_seconds), (3, 12.5));
    }

    #[test]
    fn without_variants_nobody_repairs() {
        let said = AdHoc { variants: Vec::new(), timeout_seconds: None, ..ad_hoc() };
        let campaign = campaign::check(&said.name(), &said.text()).value.unwrap();
        assert_eq!((campaign.variants, campaign.timeout_seconds), (vec!["no-agent".to_owned()], 300.0));
    }

    #[test]
    fn its_name_is_a_file_name() {
        assert_eq!(ad_hoc().name(), "adhoc-embedded-latency-node-n2-min_ms-200-max_ms-400-node_kill");
    }
}
