//! Tickets of one trial and how they change. An observation that failed is not given to them, so that it can't resolve
//! any.

use super::{Observation, Ticket, TicketStatus, Violation};
use crate::trial::Millis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What may close a ticket, as `Ticket::resolved_by` has it.
pub mod resolver {
    /// The agent that took it said so.
    pub const AGENT: &str = "agent";
    /// What it is about is no longer seen.
    pub const MONITOR: &str = "monitor";
    /// Somebody did it by hand.
    pub const PERSON: &str = "person";
}

/// What an agent's last words begin with when it gives up.
pub const ESCALATED: &str = "ESCALATED: ";

/// What a person may do to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketChange {
    /// Close it. An agent at work on it is stopped before its next step, and its trial is recorded as cancelled, since
    /// its result is no longer the agent's.
    Resolve,
    /// Keep it from being resolved by itself.
    Hold,
    /// Let it be resolved by itself again.
    Unhold,
}

/// Why a ticket can't be changed as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// There is none of this number.
    #[error("there is no ticket {0}")]
    Unknown(u32),
    /// It is in another state than this needs.
    #[error("ticket {number} is {is}, but must be {must_be} to be {change}")]
    WrongState {
        /// Its number.
        number: u32,
        /// What it is.
        is: &'static str,
        /// What it would have to be.
        must_be: &'static str,
        /// What was to become of it.
        change: &'static str,
    },
}

/// All tickets of a trial, oldest first. At most one that is not resolved exists for a violation's key.
#[derive(Debug, Clone, Default)]
pub struct Tickets {
    tickets: Vec<Ticket>,
    variant: Option<String>,
}

impl Tickets {
    /// None yet. Each new one is bound to `variant` from its first moment, so that no agent can take it for another.
    pub fn new(variant: Option<String>) -> Self {
        Self { tickets: Vec::new(), variant }
    }

    /// All, oldest first.
    pub fn all(&self) -> &[Ticket] {
        &self.tickets
    }

    /// The one with this number.
    pub fn get(&self, number: u32) -> Option<&Ticket> {
        self.tickets.iter().find(|ticket| ticket.number == number)
    }

    /// The oldest that nobody has taken: the one that an agent takes next.
    pub fn oldest_open(&self) -> Option<&Ticket> {
        self.tickets.iter().find(|ticket| ticket.status == TicketStatus::Open)
    }

    /// Takes in what the monitor saw at `now`, and gives back copies of the tickets that were opened or changed.
    ///
    /// A violation that has a ticket which is not resolved is counted on it, and opens it again if it was diagnosed.
    /// One that has none gets a new one, also when its last one was resolved only just now. A ticket whose violation is
    /// not seen is resolved, unless it is held.
    pub fn observe(
        &mut self,
        violations: &[Violation],
        observation: &Observation,
        now: Millis,
    ) -> Vec<Ticket> {
        let mut changed = Vec::new();
        for ticket in self.tickets.iter_mut().filter(|ticket| ticket.status != TicketStatus::Resolved) {
            match violations.iter().find(|violation| violation.key() == ticket.key) {
                Some(violation) => seen_again(ticket, violation, now),
                None if ticket.held => continue,
                None => resolve(ticket, resolver::MONITOR, now),
            }
            changed.push(ticket.clone());
        }
        for violation in violations {
            let key = violation.key();
            let has_ticket =
                self.tickets.iter().any(|one| one.key == key && one.status != TicketStatus::Resolved);
            if !has_ticket {
                let ticket = self.open(violation, observation, now);
                changed.push(ticket);
            }
        }
        changed
    }

    fn open(&mut self, violation: &Violation, observation: &Observation, now: Millis) -> Ticket {
        let ticket = Ticket {
            number: self.tickets.len() as u32 + 1,
            key: violation.key(),
            invariant: violation.invariant.clone(),
            node: violation.node.clone(),
            severity: violation.severity,
            message: violation.message.clone(),
            status: TicketStatus::Open,
            held: false,
            occurrences: 1,
            first_seen_at: now,
            last_seen_at: now,
            resolved_at: None,
            resolved_by: None,
            diagnosis: None,
            variant: self.variant.clone(),
            metrics: metrics(violation, observation),
        };
        self.tickets.push(ticket.clone());
        ticket
    }

    /// Takes over a ticket that another program keeps, as it is there now. It has the number that the caller gives it.
    pub fn adopt(&mut self, ticket: Ticket) {
        match self.tickets.iter_mut().find(|known| known.number == ticket.number) {
            Some(known) => *known = ticket,
            None => self.tickets.push(ticket),
        }
    }

    /// The agent takes it: nobody else does, and it is no longer resolved by itself.
    pub fn take(&mut self, number: u32) -> Result<Ticket, TicketError> {
        self.change(number, &[TicketStatus::Open], "taken", |ticket| {
            ticket.status = TicketStatus::Acknowledged;
            ticket.held = true;
        })
    }

    /// The agent that took it says that it is resolved.
    pub fn resolve_by_agent(
        &mut self,
        number: u32,
        summary: &str,
        now: Millis,
    ) -> Result<Ticket, TicketError> {
        self.change(number, &[TicketStatus::Acknowledged], "resolved by its agent", |ticket| {
            ticket.diagnosis = Some(summary.to_owned());
            resolve(ticket, resolver::AGENT, now);
        })
    }

    /// The agent that took it gives up and says what it found. It stays held, for a person.
    pub fn escalate(&mut self, number: u32, reason: &str) -> Result<Ticket, TicketError> {
        self.change(number, &[TicketStatus::Acknowledged], "escalated", |ticket| {
            ticket.status = TicketStatus::Diagnosed;
            ticket.diagnosis =
                Some(format!("{ESCALATED}{}", reason.strip_prefix(ESCALATED).unwrap_or(reason)));
        })
    }

    /// A person resolves it, held or not.
    pub fn resolve_by_person(&mut self, number: u32, now: Millis) -> Result<Ticket, TicketError> {
        self.change(number, UNRESOLVED, "resolved", |ticket| resolve(ticket, resolver::PERSON, now))
    }

    /// Keeps it from being resolved by itself.
    pub fn hold(&mut self, number: u32) -> Result<Ticket, TicketError> {
        self.change(number, UNRESOLVED, "held", |ticket| ticket.held = true)
    }

    /// Lets it be resolved by itself again.
    pub fn unhold(&mut self, number: u32) -> Result<Ticket, TicketError> {
        self.change(number, UNRESOLVED, "released", |ticket| ticket.held = false)
    }

    fn change(
        &mut self,
        number: u32,
        from: &'static [TicketStatus],
        change: &'static str,
        how: impl FnOnce(&mut Ticket),
    ) -> Result<Ticket, TicketError> {
        let ticket = self
            .tickets
            .iter_mut()
            .find(|ticket| ticket.number == number)
            .ok_or(TicketError::Unknown(number))?;
        if !from.contains(&ticket.status) {
            let must_be = if from.len() == 1 { from[0].name() } else { "unresolved" };
            return Err(TicketError::WrongState { number, is: ticket.status.name(), must_be, change });
        }
        how(ticket);
        Ok(ticket.clone())
    }
}

const UNRESOLVED: &[TicketStatus] =
    &[TicketStatus::Open, TicketStatus::Acknowledged, TicketStatus::Diagnosed];

impl TicketStatus {
    /// The name in files, the database and `--json`.
    pub fn name(self) -> &'static str {
        match self {
            TicketStatus::Open => "open",
            TicketStatus::Acknowledged => "acknowledged",
            TicketStatus::Diagnosed => "diagnosed",
            TicketStatus::Resolved => "resolved",
        }
    }
}

fn seen_again(ticket: &mut Ticket, violation: &Violation, now: Millis) {
    ticket.occurrences = ticket.occurrences.saturating_add(1);
    ticket.last_seen_at = now;
    ticket.message.clone_from(&violation.message);
    ticket.severity = violation.severity;
    if ticket.status == TicketStatus::Diagnosed {
        ticket.status = TicketStatus::Open;
        ticket.held = false;
        ticket.diagnosis = None;
    }
}

fn resolve(ticket: &mut Ticket, by: &str, now: Millis) {
    ticket.status = TicketStatus::Resolved;
    ticket.held = false;
    ticket.resolved_at = Some(now);
    ticket.resolved_by = Some(by.to_owned());
}

/// What was measured of the node; of all nodes where the violation is about none.
fn metrics(violation: &Violation, observation: &Observation) -> Map<String, Value> {
    let is_meant = |node: &str| violation.node.as_deref().is_none_or(|wanted| wanted == node);
    let nodes = observation.nodes.iter().filter(|node| is_meant(&node.node));
    nodes
        .map(|node| {
            let values = serde_json::json!({
                "up": node.up,
                "latency_ms": node.latency_ms,
                "disk_percent": node.disk_percent,
            });
            (node.node.clone(), values)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{NodeObservation, TicketSeverity};
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn violation(node: &str) -> Violation {
        Violation {
            invariant: "node_down".to_owned(),
            node: Some(node.to_owned()),
            message: format!("node {node} is down"),
            severity: TicketSeverity::Critical,
        }
    }

    fn seeing(nodes: &[&str]) -> (Vec<Violation>, Observation) {
        let observed = nodes.iter().map(|node| NodeObservation {
            node: (*node).to_owned(),
            up: false,
            latency_ms: Some(3.5),
            disk_percent: None,
        });
        (nodes.iter().map(|node| violation(node)).collect(), Observation { nodes: observed.collect() })
    }

    fn observe(tickets: &mut Tickets, nodes: &[&str], now: Millis) -> Vec<Ticket> {
        let (violations, observation) = seeing(nodes);
        tickets.observe(&violations, &observation, now)
    }

    #[test]
    fn a_violation_has_one_ticket_until_it_is_resolved() {
        let mut tickets = Tickets::new(Some("careful".to_owned()));
        let opened = observe(&mut tickets, &["n1", "n2"], 10);
        assert_eq!(opened.len(), 2);
        assert_eq!(opened[0].variant.as_deref(), Some("careful"), "bound from its first moment");
        assert_eq!(opened[0].metrics["n1"]["latency_ms"], 3.5);
        let again = observe(&mut tickets, &["n1", "n2"], 20);
        assert_eq!(tickets.all().len(), 2);
        assert_eq!((again[0].occurrences, again[0].first_seen_at, again[0].last_seen_at), (2, 10, 20));
        let cleared = observe(&mut tickets, &["n2"], 30);
        assert_eq!(cleared.len(), 2, "one was resolved, one seen again");
        assert_eq!(cleared[0].resolved_by.as_deref(), Some("monitor"));
        assert_eq!(cleared[0].resolved_at, Some(30));
        let new = observe(&mut tickets, &["n1", "n2"], 31);
        assert_eq!(new.last().map(|ticket| (ticket.number, ticket.occurrences)), Some((3, 1)));
    }

    #[test]
    fn an_agent_takes_and_resolves_or_escalates() {
        let mut tickets = Tickets::new(None);
        observe(&mut tickets, &["n1", "n2"], 10);
        assert_eq!(tickets.oldest_open().map(|ticket| ticket.number), Some(1));
        let taken = tickets.take(1).unwrap();
        assert_eq!((taken.status, taken.held), (TicketStatus::Acknowledged, true));
        let refused = tickets.take(1).unwrap_err();
        assert_eq!(refused.to_string(), "ticket 1 is acknowledged, but must be open to be taken");
        assert_eq!(tickets.oldest_open().map(|ticket| ticket.number), Some(2));
        observe(&mut tickets, &[], 20);
        assert_eq!(tickets.get(1).unwrap().status, TicketStatus::Acknowledged, "held");
        assert_eq!(tickets.get(2).unwrap().status, TicketStatus::Resolved);
        let resolved = tickets.resolve_by_agent(1, "started n1", 25).unwrap();
        assert_eq!(resolved.resolved_by.as_deref(), Some("agent"));
        assert_eq!(resolved.diagnosis.as_deref(), Some("started n1"));
        assert!(!resolved.held);

        observe(&mut tickets, &["n1"], 30);
        tickets.take(3).unwrap();
        let diagnosed = tickets.escalate(3, "the disk is broken").unwrap();
        assert_eq!(diagnosed.diagnosis.as_deref(), Some("ESCALATED: the disk is broken"));
        observe(&mut tickets, &[], 35);
        assert_eq!(tickets.get(3).unwrap().status, TicketStatus::Diagnosed, "a person must look at it");
        observe(&mut tickets, &["n1"], 40);
        let reopened = tickets.get(3).unwrap();
        assert_eq!((reopened.status, reopened.held, &reopened.diagnosis), (TicketStatus::Open, false, &None));
    }

    #[test]
    fn a_person_holds_releases_and_resolves() {
        let mut tickets = Tickets::new(None);
        observe(&mut tickets, &["n1"], 1);
        tickets.hold(1).unwrap();
        assert!(observe(&mut tickets, &[], 2).is_empty(), "held: nothing changes");
        tickets.unhold(1).unwrap();
        assert_eq!(observe(&mut tickets, &[], 3)[0].resolved_by.as_deref(), Some("monitor"));
        observe(&mut tickets, &["n1"], 4);
        tickets.hold(2).unwrap();
        let resolved = tickets.resolve_by_person(2, 5).unwrap();
        assert_eq!((resolved.held, resolved.resolved_by.as_deref()), (false, Some("person")));
        let refused = tickets.hold(2).unwrap_err().to_string();
        assert_eq!(refused, "ticket 2 is resolved, but must be unresolved to be held");
        assert_eq!(tickets.resolve_by_person(9, 6), Err(TicketError::Unknown(9)));
    }

    #[derive(Debug, Clone)]
    enum Act {
        Observe(Vec<u8>),
        Take(u32),
        ResolveByAgent(u32),
        Escalate(u32),
        ResolveByPerson(u32),
        Hold(u32),
        Unhold(u32),
    }

    fn act() -> impl Strategy<Value = Act> {
        let number = 1..8u32;
        prop_oneof![
            5 => prop::collection::btree_set(0..4u8, 0..4).prop_map(|set| Act::Observe(set.into_iter().collect())),
            1 => number.clone().prop_map(Act::Take),
            1 => number.clone().prop_map(Act::ResolveByAgent),
            1 => number.clone().prop_map(Act::Escalate),
            1 => number.clone().prop_map(Act::ResolveByPerson),
            1 => number.clone().prop_map(Act::Hold),
            1 => number.prop_map(Act::Unhold),
        ]
    }

    proptest! {
        #[test]
        fn whatever_happens_tickets_keep_their_rules(acts in prop::collection::vec(act(), 0..80)) {
            let mut tickets = Tickets::new(Some("v".to_owned()));
            for (step, act) in acts.into_iter().enumerate() {
                let now = step as Millis;
                let before = tickets.all().to_vec();
                let names: Vec<String>;
                match act {
                    Act::Observe(nodes) => {
                        names = nodes.iter().map(|node| format!("n{node}")).collect();
                        let nodes: Vec<&str> = names.iter().map(String::as_str).collect();
                        let changed = observe(&mut tickets, &nodes, now);
                        for ticket in &changed {
                            prop_assert_eq!(tickets.get(ticket.number), Some(ticket));
                        }
                        for ticket in tickets.all().iter().filter(|one| !changed.contains(one)) {
                            prop_assert!(before.contains(ticket), "an untold change");
                        }
                        for node in &names {
                            let is_theirs = |one: &&Ticket| one.node.as_ref() == Some(node) && one.status != TicketStatus::Resolved;
                            prop_assert_eq!(tickets.all().iter().filter(is_theirs).count(), 1);
                        }
                        for (was, is) in before.iter().zip(tickets.all()) {
                            if was.held && is.status == TicketStatus::Resolved {
                                prop_assert_eq!(was, is, "a held ticket was resolved by itself");
                            }
                        }
                    }
                    Act::Take(number) => drop(tickets.take(number)),
                    Act::ResolveByAgent(number) => drop(tickets.resolve_by_agent(number, "done", now)),
                    Act::Escalate(number) => drop(tickets.escalate(number, "no")),
                    Act::ResolveByPerson(number) => drop(tickets.resolve_by_person(number, now)),
                    Act::Hold(number) => drop(tickets.hold(number)),
                    Act::Unhold(number) => drop(tickets.unhold(number)),
                }
                let mut unresolved = HashSet::new();
                for (index, ticket) in tickets.all().iter().enumerate() {
                    prop_assert_eq!(ticket.number as usize, index + 1);
                    prop_assert!(ticket.occurrences >= 1 && ticket.first_seen_at <= ticket.last_seen_at);
                    let is_resolved = ticket.status == TicketStatus::Resolved;
                    prop_assert_eq!(ticket.resolved_at.is_some(), is_resolved);
                    prop_assert_eq!(ticket.resolved_by.is_some(), is_resolved);
                    prop_assert!(!(is_resolved && ticket.held));
                    prop_assert!(ticket.status != TicketStatus::Acknowledged || ticket.resolved_by.is_none());
                    prop_assert!(is_resolved || unresolved.insert(ticket.key.clone()), "two tickets of one key");
                }
                for was in before.iter().filter(|was| was.status == TicketStatus::Resolved) {
                    prop_assert_eq!(tickets.get(was.number), Some(was), "a resolved ticket changed");
                }
            }
        }
    }
}
