//! Tickets over all runs, and what people do with them.

use crate::lab::{fault_trial, resolved_ticket, ticket};
use crate::store;
use crate::support::{NOW, key, new_run, record};
use bakeoff_core::lab::{Ticket, TicketStatus};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_core::ports::lab::LabLog;
use bakeoff_core::trial::TrialRecord;
use bakeoff_store::{Problem, RunLog, Store, TicketFilter};

/// Two runs: the first with an open and a resolved ticket, the second with an open one.
async fn filled(store: &Store) -> RunLog {
    let first = store.create_run(new_run("chaos", 2, 1)).await.expect("a run");
    let second = store.create_run(new_run("chaos", 2, 1)).await.expect("a run");
    let log = store.trial_log(first);
    log.ticket(key(0, 0, 0), ticket(1, NOW));
    log.ticket(key(1, 1, 0), resolved_ticket(1, NOW));
    store.trial_log(second).ticket(key(0, 1, 0), ticket(1, NOW));
    store.heartbeat(second, NOW).await.expect("all is written");
    log
}

#[tokio::test]
async fn tickets_of_all_runs_are_listed_newest_first() {
    let (_folder, store) = store();
    filled(&store).await;
    let list = |filter, offset, limit| {
        let (rows, total) = store.tickets(filter, offset, limit).expect("reads");
        (rows.iter().map(|row| row.id).collect::<Vec<_>>(), total)
    };
    let all = TicketFilter::default();
    assert_eq!(list(all, 0, 9), (vec![3, 2, 1], 3));
    assert_eq!(list(all, 1, 1), (vec![2], 3), "a page of it");
    assert_eq!(list(TicketFilter { run: Some(1), ..all }, 0, 9), (vec![2, 1], 2));
    assert_eq!(list(TicketFilter { unresolved: true, ..all }, 0, 9), (vec![3, 1], 2));
    let resolved = TicketFilter { status: Some(TicketStatus::Resolved), ..all };
    assert_eq!(list(resolved, 0, 9), (vec![2], 1));
    let row = store.ticket(2).expect("reads");
    assert_eq!((row.run, row.key, row.case_id.as_str()), (1, key(1, 1, 0), "case-1"));
    assert_eq!((row.variant.as_str(), row.ticket), ("careful", resolved_ticket(1, NOW)));
    let unknown = store.ticket(9).expect_err("there are three");
    assert_eq!(unknown.problem, Problem::NotFound { what: "ticket #9".into() });
}

#[tokio::test]
async fn a_change_of_a_ticket_replaces_it() {
    let (_folder, store) = store();
    let log = filled(&store).await;
    let seen_again = Ticket { occurrences: 2, last_seen_at: NOW + 1_000, ..ticket(1, NOW) };
    log.ticket(key(0, 0, 0), seen_again.clone());
    log.ticket(key(0, 0, 0), ticket(2, NOW + 1_000));
    store.heartbeat(1, NOW).await.expect("all is written");
    assert_eq!(store.trial_tickets(1, key(0, 0, 0)).expect("reads"), [seen_again, ticket(2, NOW + 1_000)]);
}

#[tokio::test]
async fn what_a_person_says_stands() {
    let (_folder, store) = store();
    let log = filled(&store).await;
    assert!(store.hold_ticket(1).await.expect("holds").ticket.held);
    log.ticket(key(0, 0, 0), Ticket { occurrences: 2, ..ticket(1, NOW) });
    store.heartbeat(1, NOW).await.expect("all is written");
    let held = store.ticket(1).expect("reads").ticket;
    assert_eq!((held.held, held.occurrences), (true, 2), "held, while its trial goes on counting");
    assert!(!store.unhold_ticket(1).await.expect("releases").ticket.held);

    let resolved = store.resolve_ticket(1, NOW + 500).await.expect("resolves").ticket;
    assert_eq!((resolved.status, resolved.resolved_at), (TicketStatus::Resolved, Some(NOW + 500)));
    assert_eq!(resolved.resolved_by.as_deref(), Some("person"));
    let fault = Some(Box::new(fault_trial()));
    log.append(TrialRecord { fault, ..record(key(0, 0, 0), Outcome::Pass) }).await.expect("the trial ends");
    let ended = store.ticket(1).expect("reads").ticket;
    assert_eq!((ended.resolved_at, ended.resolved_by.as_deref()), (Some(NOW + 500), Some("person")));
    assert_eq!(ended.diagnosis.as_deref(), Some("n2 was started again"), "the rest is the trial's");
}

#[tokio::test]
async fn a_resolved_ticket_is_not_changed_by_hand() {
    let (_folder, store) = store();
    filled(&store).await;
    let refusals = [
        (store.resolve_ticket(2, NOW).await, "resolved"),
        (store.hold_ticket(2).await, "held"),
        (store.unhold_ticket(2).await, "released"),
    ];
    for (refused, change) in refusals {
        let detail = format!("ticket #2 is resolved, but must be unresolved to be {change}");
        assert_eq!(refused.expect_err("it is resolved").problem, Problem::Invalid { detail });
    }
    assert!(matches!(store.hold_ticket(9).await.expect_err("unknown").problem, Problem::NotFound { .. }));
}
