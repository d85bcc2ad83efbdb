//! The monitor: what invariants forbid, seen in one observation after another. It keeps only since when each node has
//! been slow; tickets are kept elsewhere. It must be given every observation that worked and no other: one that failed
//! says nothing.

use super::{NodeObservation, Observation, TicketSeverity, Violation};
use crate::subject::{MonitorRules, ServiceLevel};
use crate::trial::Millis;
use std::collections::BTreeMap;

/// The invariants' names, as tickets carry them.
pub mod invariant {
    /// A node is not up. Critical, at once.
    pub const NODE_DOWN: &str = "node_down";
    /// A node has been slower than `monitor.latency_ms` for `monitor.latency_for_seconds`. Warning.
    pub const HIGH_LATENCY: &str = "high_latency";
    /// More of a node's volume is used than `monitor.disk_percent`. Warning, at once.
    pub const LOW_DISK: &str = "low_disk";
    /// Most nodes have been down or slower than `service_level.latency_ms` for `monitor.latency_for_seconds`: the
    /// system as a whole does not do what it owes. Critical, about no node.
    pub const SERVICE_LEVEL: &str = "service_level";
}

/// Looks at observations, one after another.
#[derive(Debug, Clone)]
pub struct Monitor {
    rules: MonitorRules,
    service_level: ServiceLevel,
    /// Every node ever seen. One that is no longer observed at all is down.
    nodes: BTreeMap<String, NodeMemory>,
    out_of_service_since: Option<Millis>,
}

/// What is remembered of a node. A value that is unknown now keeps what was known: not to know is not to be well.
#[derive(Debug, Clone, Default)]
struct NodeMemory {
    slow_since: Option<Millis>,
    latency: Option<Violation>,
    disk: Option<Violation>,
}

impl Monitor {
    /// One that has seen nothing yet.
    pub fn new(rules: MonitorRules, service_level: ServiceLevel) -> Self {
        Self { rules, service_level, nodes: BTreeMap::new(), out_of_service_since: None }
    }

    /// Everything that is forbidden and seen at `now`: the worst first, then by name. A slow node or a full volume that
    /// can't be measured for the moment is still told, in the last words that were true of it.
    pub fn look(&mut self, observation: &Observation, now: Millis) -> Vec<Violation> {
        for seen in &observation.nodes {
            self.nodes.entry(seen.node.clone()).or_default();
        }
        let mut violations = Vec::new();
        violations.extend(self.service(observation, now));
        for (name, memory) in &mut self.nodes {
            let seen = observation.nodes.iter().find(|node| node.node == *name);
            violations.extend(node_down(name, seen));
            memory.look_at_latency(name, seen, &self.rules, now);
            memory.look_at_disk(name, seen, &self.rules);
            violations.extend(memory.latency.iter().chain(&memory.disk).cloned());
        }
        // Stable, so that nodes stay in the order of their names. What one node lacks says more than that the whole
        // suffers.
        violations.sort_by_key(|violation| {
            (violation.severity != TicketSeverity::Critical, violation.node.is_none())
        });
        violations
    }

    fn service(&mut self, observation: &Observation, now: Millis) -> Option<Violation> {
        let limit = self.service_level.latency_ms;
        let is_out = |node: &&NodeObservation| !node.up || node.latency_ms.is_some_and(|ms| ms > limit);
        let observed = |name: &String| observation.nodes.iter().any(|node| node.node == *name);
        let gone = self.nodes.keys().filter(|name| !observed(name)).count();
        let out = observation.nodes.iter().filter(is_out).count() + gone;
        let total = self.nodes.len();
        // Half of the nodes or fewer may suffer without the whole failing (a quorum is left), unless more is allowed.
        if total == 0 || out as f64 / total as f64 <= self.service_level.error_rate.max(0.5) {
            self.out_of_service_since = None;
            return None;
        }
        let since = *self.out_of_service_since.get_or_insert(now);
        has_lasted(since, now, &self.rules).then(|| Violation {
            invariant: invariant::SERVICE_LEVEL.to_owned(),
            node: None,
            message: format!("{out} of {total} nodes are down or take more than {limit:.0} ms"),
            severity: TicketSeverity::Critical,
        })
    }
}

fn has_lasted(since: Millis, now: Millis, rules: &MonitorRules) -> bool {
    now.saturating_sub(since) as f64 >= rules.latency_for_seconds * 1000.0
}

fn node_down(name: &str, seen: Option<&NodeObservation>) -> Option<Violation> {
    let message = match seen {
        Some(node) if node.up => return None,
        Some(_) => format!("node {name} is down"),
        None => format!("node {name} is gone: the system no longer counts it"),
    };
    Some(Violation {
        invariant: invariant::NODE_DOWN.to_owned(),
        node: Some(name.to_owned()),
        message,
        severity: TicketSeverity::Critical,
    })
}

impl NodeMemory {
    fn look_at_latency(
        &mut self,
        name: &str,
        seen: Option<&NodeObservation>,
        rules: &MonitorRules,
        now: Millis,
    ) {
        let Some(latency) = seen.and_then(|node| node.latency_ms) else { return };
        if latency <= rules.latency_ms {
            (self.slow_since, self.latency) = (None, None);
            return;
        }
        let since = *self.slow_since.get_or_insert(now);
        self.latency = has_lasted(since, now, rules).then(|| Violation {
            invariant: invariant::HIGH_LATENCY.to_owned(),
            node: Some(name.to_owned()),
            message: format!(
                "node {name} takes {latency:.0} ms, more than {:.0} ms for {:.0} s",
                rules.latency_ms,
                now.saturating_sub(since) as f64 / 1000.0
            ),
            severity: TicketSeverity::Warning,
        });
    }

    fn look_at_disk(&mut self, name: &str, seen: Option<&NodeObservation>, rules: &MonitorRules) {
        let Some(used) = seen.and_then(|node| node.disk_percent) else { return };
        self.disk = (used > rules.disk_percent).then(|| Violation {
            invariant: invariant::LOW_DISK.to_owned(),
            node: Some(name.to_owned()),
            message: format!(
                "the volume of node {name} is {used:.0} % full, more than {:.0} %",
                rules.disk_percent
            ),
            severity: TicketSeverity::Warning,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn monitor() -> Monitor {
        let rules = MonitorRules {
            interval_seconds: 1.0,
            latency_ms: 100.0,
            latency_for_seconds: 2.0,
            disk_percent: 70.0,
        };
        Monitor::new(rules, ServiceLevel { latency_ms: 250.0, error_rate: 0.05 })
    }

    fn node(name: &str, up: bool, latency_ms: Option<f64>, disk_percent: Option<f64>) -> NodeObservation {
        NodeObservation { node: name.to_owned(), up, latency_ms, disk_percent }
    }

    fn keys(violations: &[Violation]) -> Vec<String> {
        violations.iter().map(Violation::key).collect()
    }

    #[test]
    fn a_well_system_violates_nothing() {
        let mut monitor = monitor();
        let nodes = vec![node("n1", true, Some(100.0), Some(70.0)), node("n2", true, None, None)];
        assert!(monitor.look(&Observation { nodes }, 0).is_empty(), "bounds themselves are allowed");
        assert!(monitor.look(&Observation::default(), 0).len() == 2, "nodes that vanished are down");
        assert!(super::Monitor::look(&mut self::monitor(), &Observation::default(), 0).is_empty());
    }

    #[test]
    fn down_and_disk_are_told_at_once_and_the_worst_first() {
        let mut monitor = monitor();
        let nodes = vec![
            node("n1", true, Some(5.0), Some(70.1)),
            node("n2", false, None, Some(10.0)),
            node("n3", true, Some(5.0), None),
        ];
        let seen = monitor.look(&Observation { nodes }, 7);
        assert_eq!(keys(&seen), ["node_down:n2", "low_disk:n1"]);
        assert_eq!(seen[0].severity, TicketSeverity::Critical);
        assert_eq!(seen[1].message, "the volume of node n1 is 70 % full, more than 70 %");
    }

    #[test]
    fn latency_must_last_without_a_break() {
        let mut monitor = monitor();
        let mut look = |latency: f64, now| {
            let nodes = vec![node("n1", true, Some(latency), None), node("n2", true, Some(1.0), None)];
            keys(&monitor.look(&Observation { nodes }, now))
        };
        assert!(look(120.0, 0).is_empty());
        assert!(look(90.0, 1_000).is_empty(), "a break starts the time anew");
        assert!(look(120.0, 2_000).is_empty());
        assert!(look(120.0, 3_999).is_empty());
        assert_eq!(look(120.0, 4_000), ["high_latency:n1"]);
        assert!(look(90.0, 5_000).is_empty());
    }

    #[test]
    fn what_is_not_measured_is_not_well() {
        let mut monitor = monitor();
        let mut look = |latency, disk, now| {
            let nodes = vec![node("n1", true, latency, disk), node("n2", true, Some(1.0), None)];
            keys(&monitor.look(&Observation { nodes }, now))
        };
        look(Some(300.0), Some(90.0), 0);
        assert_eq!(look(None, None, 9_000), ["low_disk:n1"], "unknown is no proof of slowness either");
        assert_eq!(look(Some(300.0), None, 10_000), ["high_latency:n1", "low_disk:n1"]);
        assert_eq!(look(None, None, 11_000), ["high_latency:n1", "low_disk:n1"]);
        assert!(look(Some(1.0), Some(1.0), 12_000).is_empty());
    }

    #[test]
    fn the_service_level_is_broken_by_most_nodes_for_a_while() {
        let mut monitor = monitor();
        let mut look = |slow: usize, now| {
            let latency = |index| Some(if index < slow { 400.0 } else { 1.0 });
            let nodes = (0..3).map(|index| node(&format!("n{index}"), true, latency(index), None)).collect();
            keys(&monitor.look(&Observation { nodes }, now)).contains(&"service_level".to_owned())
        };
        assert!(!look(1, 0) && !look(1, 60_000), "one of three is not the whole");
        assert!(!look(2, 61_000));
        assert!(look(3, 63_000));
        assert!(!look(1, 64_000));
    }

    proptest! {
        #[test]
        fn every_key_is_told_once_and_has_a_cause(
            looks in prop::collection::vec(
                prop::collection::vec((any::<bool>(), prop::option::of(0.0..400.0f64), prop::option::of(0.0..100.0f64)), 3),
                1..40,
            )
        ) {
            let mut monitor = monitor();
            for (step, look) in looks.iter().enumerate() {
                let nodes: Vec<_> = look
                    .iter()
                    .enumerate()
                    .map(|(index, (up, latency, disk))| node(&format!("n{index}"), *up, *latency, *disk))
                    .collect();
                let seen = monitor.look(&Observation { nodes: nodes.clone() }, step as Millis * 1000);
                let mut told = keys(&seen);
                told.sort();
                told.dedup();
                prop_assert_eq!(told.len(), seen.len());
                for node in &nodes {
                    let is_told = |name: &str| seen.iter().any(|one| one.invariant == name && one.node.as_deref() == Some(&node.node));
                    prop_assert_eq!(is_told("node_down"), !node.up);
                    if let Some(disk) = node.disk_percent {
                        prop_assert_eq!(is_told("low_disk"), disk > 70.0);
                    }
                    if node.latency_ms.is_some_and(|latency| latency <= 100.0) {
                        prop_assert!(!is_told("high_latency"));
                    }
                }
            }
        }
    }
}
