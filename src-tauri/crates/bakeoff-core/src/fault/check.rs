//! From a fault's parameters to a checked fault.

use super::raw::{RawFault, RawParams};
use super::{Direction, Fault, FaultKind, Target};
use crate::check::{Findings, Schema, no_special_keys, under};
use crate::diagnostic::nearest;
use crate::yaml::Step;
use serde_json::{Map, Value};
use std::fmt;
use std::sync::LazyLock;

static PARAMS: LazyLock<Schema> = LazyLock::new(|| Schema::of::<RawParams>("Parameters of a fault"));

/// A parameter that doesn't fit, with what is allowed.
struct Misfit {
    parameter: &'static str,
    code: &'static str,
    message: String,
    hint: String,
}

/// Reads the fault that stands at a path. What is wrong with it is in the findings.
pub(crate) fn read(raw: &RawFault, path: &[Step], findings: &mut Findings) -> Option<Fault> {
    let params = raw.params.clone().unwrap_or_default();
    match fill(raw.kind?, &params) {
        Ok(fault) => Some(fault),
        Err(misfits) => {
            for misfit in misfits {
                let place = under(&under(path, "params"), misfit.parameter);
                findings.error(misfit.code, &place, misfit.message).hint = Some(misfit.hint);
            }
            None
        }
    }
}

impl Fault {
    /// A fault from its parameters as they come from a command line or another program.
    ///
    /// # Errors
    /// Everything that doesn't fit, in one sentence each.
    pub fn from_params(kind: FaultKind, params: &Map<String, Value>) -> Result<Self, Vec<String>> {
        let value = Value::Object(params.clone());
        let problems = PARAMS.problems(&value, no_special_keys);
        if !problems.is_empty() {
            let told = problems.into_iter().map(|problem| match problem.hint {
                Some(hint) => format!("{} ({hint})", problem.message),
                None => problem.message,
            });
            return Err(told.collect());
        }
        let raw: RawParams = serde_json::from_value(value).map_err(|error| vec![error.to_string()])?;
        fill(kind, &raw).map_err(|misfits| {
            misfits.into_iter().map(|one| format!("{} ({})", one.message, one.hint)).collect()
        })
    }

    /// Its parameters by their names in files, all of them.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        let mut params = Vec::new();
        if self.kind != FaultKind::None {
            params.push(("node", self.target.to_string()));
        }
        params.extend(self.min_ms.map(|ms| ("min_ms", ms.to_string())));
        params.extend(self.max_ms.map(|ms| ("max_ms", ms.to_string())));
        params.extend(self.percent.map(|percent| ("percent", percent.to_string())));
        params.extend(self.fill_percent.map(|percent| ("fill_percent", percent.to_string())));
        params.extend(self.direction.map(|direction| ("direction", direction.name().to_owned())));
        params
    }

    /// Its kind with the parameters that are not at their defaults: `latency(min_ms=100, max_ms=300)`.
    pub fn label(&self) -> String {
        let default = self.kind.with_defaults().params();
        self.with_params(|param| !default.contains(param))
    }

    /// Its kind with all parameters.
    pub fn full_label(&self) -> String {
        self.with_params(|_| true)
    }

    fn with_params(&self, is_wanted: impl Fn(&(&'static str, String)) -> bool) -> String {
        let params = self.params().into_iter().filter(is_wanted);
        let params: Vec<String> = params.map(|(name, value)| format!("{name}={value}")).collect();
        match params.as_slice() {
            [] => self.kind.name().to_owned(),
            params => format!("{}({})", self.kind.name(), params.join(", ")),
        }
    }
}

impl FaultKind {
    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The names of its parameters.
    pub fn parameters(self) -> Vec<&'static str> {
        self.with_defaults().params().into_iter().map(|(name, _)| name).collect()
    }
}

impl Direction {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Symmetric => "symmetric",
            Direction::Asymmetric => "asymmetric",
        }
    }
}

impl Target {
    /// `any`, `leader`, `follower`, or else a node of that name.
    pub fn from_name(name: &str) -> Self {
        match name {
            "any" => Target::Any,
            "leader" => Target::Leader,
            "follower" => Target::Follower,
            node => Target::Node(node.to_owned()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Target::Any => "any",
            Target::Leader => "leader",
            Target::Follower => "follower",
            Target::Node(node) => node,
        })
    }
}

/// What a subject's nodes say to a target: `None` when it fits, else what is wrong and a hint.
pub(crate) fn unknown_target(target: &Target, nodes: &[&str]) -> Option<(String, String)> {
    let Target::Node(name) = target else { return None };
    if nodes.contains(&name.as_str()) {
        return None;
    }
    let words = ["any", "leader", "follower"];
    let hint = match nearest(name, words.into_iter().chain(nodes.iter().copied())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("name one of {}, {}", words.join(", "), nodes.join(", ")),
    };
    Some((format!("there is no node `{name}`"), hint))
}

fn fill(kind: FaultKind, raw: &RawParams) -> Result<Fault, Vec<Misfit>> {
    let mut misfits = foreign(kind, raw);
    let mut fault = kind.with_defaults();
    if let Some(node) = &raw.node {
        fault.target = Target::from_name(node);
    }
    if kind == FaultKind::Latency {
        delays(raw, &mut fault, &mut misfits);
    }
    if kind == FaultKind::PacketLoss {
        fault.percent = raw.percent.or(fault.percent);
    }
    if kind == FaultKind::DiskPressure {
        fault.fill_percent = raw.fill_percent.or(fault.fill_percent);
    }
    if kind == FaultKind::NetworkPartition {
        fault.direction = raw.direction.or(fault.direction);
    }
    if misfits.is_empty() { Ok(fault) } else { Err(misfits) }
}

/// Least and largest delay. Where only one is written and the other's default would be on its wrong side, both are the
/// written one.
fn delays(raw: &RawParams, fault: &mut Fault, misfits: &mut Vec<Misfit>) {
    let (default_min, default_max) = (fault.min_ms.unwrap_or(1), fault.max_ms.unwrap_or(1));
    let min = raw.min_ms.unwrap_or_else(|| default_min.min(raw.max_ms.unwrap_or(default_min)));
    let max = raw.max_ms.unwrap_or_else(|| default_max.max(min));
    if min > max {
        misfits.push(Misfit {
            parameter: "min_ms",
            code: "no-value",
            message: format!("`min_ms` is {min}, which is more than `max_ms`, {max}"),
            hint: "exchange them".to_owned(),
        });
    }
    (fault.min_ms, fault.max_ms) = (Some(min), Some(max));
}

/// Parameters that this kind doesn't have.
fn foreign(kind: FaultKind, raw: &RawParams) -> Vec<Misfit> {
    let written = [
        ("node", raw.node.is_some()),
        ("min_ms", raw.min_ms.is_some()),
        ("max_ms", raw.max_ms.is_some()),
        ("percent", raw.percent.is_some()),
        ("fill_percent", raw.fill_percent.is_some()),
        ("direction", raw.direction.is_some()),
    ];
    let own = kind.parameters();
    let foreign = written.into_iter().filter(|(name, is_written)| *is_written && !own.contains(name));
    let misfit = |(parameter, _)| Misfit {
        parameter,
        code: "not-for-type",
        message: format!("`{parameter}` is no parameter of {}", kind.name()),
        hint: match own.as_slice() {
            [] => "remove it: it has none".to_owned(),
            own => format!("remove it: it has {}", own.join(", ")),
        },
    };
    foreign.map(misfit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn fault(kind: FaultKind, params: Value) -> Result<Fault, Vec<String>> {
        Fault::from_params(kind, params.as_object().unwrap())
    }

    #[test]
    fn what_is_left_out_has_the_defaults_of_s1() {
        for kind in FaultKind::ALL {
            assert_eq!(fault(kind, json!({})).unwrap(), kind.with_defaults());
            assert_eq!(FaultKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(fault(FaultKind::Latency, json!({})).unwrap().delay_ms(), Some((100, 50)));
        let one = |params| {
            let fault = fault(FaultKind::Latency, params).unwrap();
            (fault.min_ms, fault.max_ms)
        };
        assert_eq!(one(json!({"min_ms": 400})), (Some(400), Some(400)));
        assert_eq!(one(json!({"max_ms": 20})), (Some(20), Some(20)));
        assert_eq!(one(json!({"min_ms": 60})), (Some(60), Some(150)));
    }

    #[test]
    fn labels_show_what_is_special() {
        let label = |kind, params| fault(kind, params).unwrap().label();
        assert_eq!(label(FaultKind::Latency, json!({})), "latency");
        assert_eq!(
            label(FaultKind::Latency, json!({"min_ms": 100, "max_ms": 300})),
            "latency(min_ms=100, max_ms=300)"
        );
        assert_eq!(label(FaultKind::NodeKill, json!({"node": "leader"})), "node_kill(node=leader)");
        assert_eq!(
            label(FaultKind::DiskPressure, json!({"fill_percent": 99.5})),
            "disk_pressure(fill_percent=99.5)"
        );
        assert_eq!(FaultKind::None.with_defaults().full_label(), "none");
        assert_eq!(FaultKind::NodeKill.with_defaults().full_label(), "node_kill(node=any)");
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let check = |kind, params, wanted: &[&str]| assert_eq!(fault(kind, params).unwrap_err(), wanted);
        check(
            FaultKind::NodeKill,
            json!({"min_ms": 5}),
            &["`min_ms` is no parameter of node_kill (remove it: it has node)"],
        );
        check(
            FaultKind::None,
            json!({"node": "n1"}),
            &["`node` is no parameter of none (remove it: it has none)"],
        );
        check(
            FaultKind::Latency,
            json!({"min_ms": 9, "max_ms": 5}),
            &["`min_ms` is 9, which is more than `max_ms`, 5 (exchange them)"],
        );
        check(FaultKind::Latency, json!({"min_ms": 0}), &["`min_ms` is 0; allowed is 1 to 60000"]);
        check(
            FaultKind::DiskPressure,
            json!({"fill_percent": 0}),
            &["`fill_percent` is 0; allowed is more than 0 and at most 100"],
        );
        check(
            FaultKind::PacketLoss,
            json!({"percentage": 3}),
            &[
                "unknown key `percentage` (known keys are node, min_ms, max_ms, percent, fill_percent, direction)",
            ],
        );
    }

    #[test]
    fn targets_are_words_or_nodes() {
        assert_eq!(Target::from_name("leader"), Target::Leader);
        assert_eq!(unknown_target(&Target::Any, &["n1"]), None);
        assert_eq!(unknown_target(&Target::from_name("n1"), &["n1"]), None);
        let (message, hint) = unknown_target(&Target::from_name("leadr"), &["n1"]).unwrap();
        assert_eq!((message.as_str(), hint.as_str()), ("there is no node `leadr`", "did you mean `leader`?"));
    }

    proptest! {
        #[test]
        fn accepted_faults_are_in_their_ranges(kind in 0..8usize, min in 0..70_000u32, max in 0..70_000u32, percent in -1.0..101.0f64) {
            let params = json!({"min_ms": min, "max_ms": max, "percent": percent, "fill_percent": percent});
            let own = FaultKind::ALL[kind].parameters();
            let params: Map<String, Value> =
                params.as_object().unwrap().iter().filter(|(name, _)| own.contains(&name.as_str())).map(|(name, value)| (name.clone(), value.clone())).collect();
            if let Ok(fault) = Fault::from_params(FaultKind::ALL[kind], &params) {
                if let Some((mean, jitter)) = fault.delay_ms() {
                    prop_assert!((1..=60_000).contains(&mean) && jitter <= mean);
                }
                for percent in [fault.percent, fault.fill_percent].into_iter().flatten() {
                    prop_assert!(percent > 0.0 && percent <= 100.0);
                }
            }
        }
    }
}
