//! From a subject's text to a checked subject, with everything that is wrong in it.

use super::raw::{RawMonitor, RawNode, RawServiceLevel, RawSubject, RawTiming};
use super::{MonitorRules, ProbeKind, ServiceLevel, Subject, SubjectKind, SubjectNode, Timing};
use crate::check::{self, Findings, Schema, item, key, under};
use crate::diagnostic::{Checked, nearest};
use crate::fault::FaultKind;
use crate::yaml::Step;
use std::sync::LazyLock;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of::<RawSubject>("Bakeoff subject"));

/// The JSON Schema of a subject file.
pub fn schema() -> serde_json::Value {
    SCHEMA.value.clone()
}

/// Checks a subject's text. `name` is the file's name without extension; it becomes the subject's name. Whether its
/// compose file is there and can be read is not known here.
pub fn check(name: &str, text: &str) -> Checked<Subject> {
    let (raw, mut findings) = match check::read::<RawSubject>(text, &SCHEMA, check::no_special_keys) {
        Ok(read) => read,
        Err(diagnostics) => return Checked { value: None, diagnostics },
    };
    inner_name(name, &raw, &mut findings);
    let Some(kind) = raw.kind else { return findings.finish(None) };
    let own = match kind {
        SubjectKind::Embedded => embedded(&raw, &mut findings),
        SubjectKind::Docker => docker(&raw, &mut findings),
    };
    let timing = timing(raw.timing.as_ref(), kind, &mut findings);
    let faults = faults(&raw, kind, own.as_ref().map(|(_, nodes)| nodes.as_slice()), &mut findings);
    let value = own.map(|(probe, nodes)| Subject {
        name: name.to_owned(),
        description: raw.description,
        kind,
        probe,
        nodes,
        compose: raw.compose.map(|path| path.trim().to_owned()),
        services: raw.services.unwrap_or_default(),
        tools_image: raw.tools_image,
        disk_mb: raw.disk_mb.unwrap_or(match kind {
            SubjectKind::Embedded => 32,
            SubjectKind::Docker => 256,
        }),
        service_level: service_level(raw.service_level.as_ref()),
        monitor: monitor(raw.monitor.as_ref(), kind),
        timing,
        faults,
    });
    findings.finish(value)
}

impl Subject {
    /// Whether a fault of this kind may be done to it.
    pub fn allows(&self, kind: FaultKind) -> bool {
        kind == FaultKind::None || self.faults.contains(&kind)
    }

    /// The names of its nodes.
    pub fn node_names(&self) -> Vec<&str> {
        self.nodes.iter().map(|node| node.name.as_str()).collect()
    }
}

fn inner_name(name: &str, raw: &RawSubject, findings: &mut Findings) {
    if let Some(inner) = raw.name.as_deref().filter(|inner| *inner != name) {
        let message = format!("the file says `name: {inner}`, but its file name makes it `{name}`");
        let finding = findings.warning("name-differs", &key("name"), message);
        finding.hint = Some(format!("write `name: {name}`, or rename the file to {inner}.yaml"));
    }
}

fn embedded(raw: &RawSubject, findings: &mut Findings) -> Option<(ProbeKind, Vec<SubjectNode>)> {
    for name in ["nodes", "compose", "services", "tools_image"] {
        if findings.has(name) {
            let message = format!("`{name}` is for docker; the embedded store has its own");
            findings.error("not-for-kind", &key(name), message).hint = Some("remove it".to_owned());
        }
    }
    if raw.probe.is_some_and(|probe| probe != ProbeKind::Ledger) {
        let finding =
            findings.error("not-for-kind", &key("probe"), "the embedded store is asked by ledger only");
        finding.hint = Some("remove it".to_owned());
    }
    let size = raw.size.unwrap_or(3);
    if size.is_multiple_of(2) {
        let message = format!("`size` is {size}; an even number of nodes bears no more losses than one less");
        let finding = findings.error("even-size", &key("size"), message);
        finding.hint = Some(format!("write {} or {}", size - 1, size + 1));
    }
    let node = |number| SubjectNode { name: format!("n{number}"), port: None, volume: None };
    Some((ProbeKind::Ledger, (1..=size).map(node).collect()))
}

fn docker(raw: &RawSubject, findings: &mut Findings) -> Option<(ProbeKind, Vec<SubjectNode>)> {
    if raw.size.is_some() {
        let finding = findings.error("not-for-kind", &key("size"), "`size` is for the embedded store");
        finding.hint = Some("list the nodes under `nodes:` instead".to_owned());
    }
    let probe = match raw.probe {
        Some(ProbeKind::Ledger) => {
            let message = "`probe` is ledger, which only the embedded store answers";
            findings.error("not-for-kind", &key("probe"), message).hint = Some("write etcd or pd".to_owned());
            None
        }
        None if !findings.is_wrong(&key("probe")) => {
            let finding = findings.error("missing", &[], "`probe` is missing: nobody could tell how it is");
            finding.hint = Some("add `probe: etcd` or `probe: pd`".to_owned());
            None
        }
        probe => probe,
    };
    services(raw, findings);
    let nodes = nodes(raw, findings);
    Some((probe?, nodes))
}

fn services(raw: &RawSubject, findings: &mut Findings) {
    let has_services = raw.services.as_ref().is_some_and(|services| !services.is_empty());
    match (raw.compose.as_deref().map(str::trim), has_services) {
        (Some(_), true) => {
            let finding =
                findings.error("twice", &key("services"), "there are both `compose` and `services`");
            finding.hint = Some("keep one of them".to_owned());
        }
        (Some(path), false) => compose(path, findings),
        (None, true) => {}
        (None, false) if findings.is_wrong(&key("services")) || findings.is_wrong(&key("compose")) => {}
        (None, false) => {
            let finding = findings.error("missing", &[], "there are neither `compose` nor `services`");
            finding.hint = Some("add a line such as `compose: subjects/etcd/compose.yaml`".to_owned());
        }
    }
}

fn compose(path: &str, findings: &mut Findings) {
    let place = key("compose");
    let is_outside = path.starts_with(['/', '\\', '~'])
        || path.split(['/', '\\']).any(|part| part == "..")
        || path.as_bytes().get(1) == Some(&b':');
    if is_outside {
        let finding = findings.error(
            "outside",
            &place,
            format!("`compose` is \"{path}\", which is not in the workspace"),
        );
        finding.hint = Some("write a path such as `subjects/etcd/compose.yaml`".to_owned());
    } else if !path.ends_with(".yaml") && !path.ends_with(".yml") {
        let finding = findings.error(
            "unknown-format",
            &place,
            format!("`compose` is \"{path}\", which is no compose file"),
        );
        finding.hint = Some("name a .yaml or .yml file".to_owned());
    }
}

fn nodes(raw: &RawSubject, findings: &mut Findings) -> Vec<SubjectNode> {
    let written = raw.nodes.as_deref().unwrap_or_default();
    if written.is_empty() && !findings.is_wrong(&key("nodes")) {
        let place = if findings.has("nodes") { key("nodes") } else { Vec::new() };
        let finding =
            findings.error("missing", &place, "`nodes` is missing: there is nothing that a fault could hit");
        finding.hint =
            Some("add `nodes:` with one such as `- {name: etcd1, port: 2379, volume: /data}`".to_owned());
    }
    let mut nodes: Vec<SubjectNode> = Vec::new();
    for (index, node) in written.iter().enumerate() {
        let Some(RawNode { name: Some(name), port, volume }) = node else { continue };
        let place = item("nodes", index);
        node_name(name, &nodes, raw, &under(&place, "name"), findings);
        if let Some(path) = volume.as_deref().filter(|path| !is_container_path(path)) {
            let message = format!("`volume` is \"{path}\", which is no folder in a container");
            let finding = findings.error("not-a-path", &under(&place, "volume"), message);
            finding.hint = Some("write an absolute path below /, such as /data".to_owned());
        }
        nodes.push(SubjectNode { name: name.clone(), port: *port, volume: volume.clone() });
    }
    nodes
}

fn is_container_path(path: &str) -> bool {
    path.len() > 1 && path.starts_with('/') && !path.split('/').any(|part| part == ".." || part == ".")
}

fn node_name(name: &str, earlier: &[SubjectNode], raw: &RawSubject, place: &[Step], findings: &mut Findings) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(is_name) {
        let finding = findings.error("not-a-name", place, format!("\"{name}\" is not the name of a service"));
        finding.hint = Some("use letters, digits, -, _ and .".to_owned());
    } else if ["any", "leader", "follower", "client"].contains(&name) {
        let message = format!("a node can't be called `{name}`: faults and links use the word");
        findings.error("not-a-name", place, message).hint = Some("give the service another name".to_owned());
    } else if earlier.iter().any(|node| node.name == name) {
        let finding = findings.error("duplicate", place, format!("the node `{name}` is listed twice"));
        finding.hint = Some("remove it here".to_owned());
    } else if let Some(services) = raw.services.as_ref().filter(|services| !services.contains_key(name)) {
        let known: Vec<&str> = services.keys().map(String::as_str).collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the services are {}", known.join(", ")),
        };
        findings.error("unknown-service", place, format!("there is no service `{name}`")).hint = Some(hint);
    }
}

fn service_level(raw: Option<&RawServiceLevel>) -> ServiceLevel {
    ServiceLevel {
        latency_ms: raw.and_then(|raw| raw.latency_ms).unwrap_or(250.0),
        error_rate: raw.and_then(|raw| raw.error_rate).unwrap_or(0.05),
    }
}

fn monitor(raw: Option<&RawMonitor>, kind: SubjectKind) -> MonitorRules {
    let (interval, latency_for) = match kind {
        SubjectKind::Embedded => (1.0, 2.0),
        SubjectKind::Docker => (5.0, 60.0),
    };
    let written = |of: fn(&RawMonitor) -> Option<f64>, default| raw.and_then(of).unwrap_or(default);
    MonitorRules {
        interval_seconds: written(|raw| raw.interval_seconds, interval),
        latency_ms: written(|raw| raw.latency_ms, 100.0),
        latency_for_seconds: written(|raw| raw.latency_for_seconds, latency_for),
        disk_percent: written(|raw| raw.disk_percent, 70.0),
    }
}

fn timing(raw: Option<&RawTiming>, kind: SubjectKind, findings: &mut Findings) -> Timing {
    let default = match kind {
        SubjectKind::Embedded => [20.0, 3.0, 3.0, 0.25, 5.0, 15.0],
        SubjectKind::Docker => [120.0, 30.0, 15.0, 0.5, 10.0, 30.0],
    };
    let [boot, warm_up, hold, sample, land, revert] = default;
    let written = |of: fn(&RawTiming) -> Option<f64>, default| raw.and_then(of).unwrap_or(default);
    let timing = Timing {
        boot_seconds: written(|raw| raw.boot_seconds, boot),
        warm_up_seconds: written(|raw| raw.warm_up_seconds, warm_up),
        hold_seconds: written(|raw| raw.hold_seconds, hold),
        sample_seconds: written(|raw| raw.sample_seconds, sample),
        land_seconds: written(|raw| raw.land_seconds, land),
        revert_seconds: written(|raw| raw.revert_seconds, revert),
    };
    let least = 4.0 * timing.sample_seconds;
    for (name, seconds) in
        [("warm_up_seconds", timing.warm_up_seconds), ("hold_seconds", timing.hold_seconds)]
    {
        let place = under(&key("timing"), name);
        if seconds < least && !findings.is_wrong(&key("timing")) {
            let place =
                if findings.is_written(&place) { place } else { under(&key("timing"), "sample_seconds") };
            let message = format!(
                "`{name}` is {seconds}, too short for four samples {} s apart",
                timing.sample_seconds
            );
            findings.error("too-short", &place, message).hint =
                Some(format!("write at least {least}, or sample more often"));
        }
    }
    timing
}

fn faults(
    raw: &RawSubject,
    kind: SubjectKind,
    nodes: Option<&[SubjectNode]>,
    findings: &mut Findings,
) -> Vec<FaultKind> {
    let impossible = |fault: FaultKind| match (fault, kind) {
        (FaultKind::PacketLoss, SubjectKind::Embedded) => {
            Some("the links of the embedded store are TCP, which loses nothing")
        }
        (FaultKind::DiskPressure, SubjectKind::Docker)
            if nodes.is_some_and(|nodes| nodes.iter().all(|node| node.volume.is_none())) =>
        {
            Some("no node has a `volume` of its own, and no other disk is ever filled")
        }
        _ => None,
    };
    let Some(written) = raw.faults.as_deref() else {
        let all = FaultKind::ALL.into_iter().filter(|fault| *fault != FaultKind::None);
        return all.filter(|fault| impossible(*fault).is_none()).collect();
    };
    let mut faults = Vec::new();
    for (index, fault) in written.iter().enumerate() {
        let Some(fault) = *fault else { continue };
        let place = item("faults", index);
        if let Some(why) = impossible(fault) {
            let message = format!("{} can't be done to it: {why}", fault.name());
            findings.error("not-for-kind", &place, message).hint = Some("remove it".to_owned());
        } else if faults.contains(&fault) {
            let finding = findings.warning("duplicate", &place, format!("{} is listed twice", fault.name()));
            finding.hint = Some("remove it here".to_owned());
        } else if fault != FaultKind::None {
            faults.push(fault);
        }
    }
    faults
}
