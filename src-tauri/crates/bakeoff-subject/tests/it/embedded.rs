//! The embedded cluster: every fault lands, is seen, hurts, and is undone.

use crate::support::{Lab, inject, is_whole, sample, until};
use bakeoff_core::fault::{Direction, Fault, FaultKind, Target};
use bakeoff_core::lab::LabCommand;
use bakeoff_core::ports::lab::Presence;

fn fault(kind: FaultKind, target: Target) -> Fault {
    Fault { target, ..kind.with_defaults() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_lands_hurts_and_is_undone() {
    let lab = Lab::new();
    let instance = lab.open().await;
    let instance = instance.as_ref();
    assert!(is_whole(&sample(instance).await), "{:?}", sample(instance).await);
    let slow = Fault { min_ms: Some(300), max_ms: Some(400), ..fault(FaultKind::Latency, Target::Follower) };
    let one_way = Fault {
        direction: Some(Direction::Asymmetric),
        ..fault(FaultKind::NetworkPartition, Target::Leader)
    };
    let full = Fault { fill_percent: Some(100.0), ..fault(FaultKind::DiskPressure, Target::Follower) };
    let faults = [
        fault(FaultKind::NodeKill, Target::Leader),
        fault(FaultKind::NodePause, Target::Any),
        slow,
        fault(FaultKind::NetworkPartition, Target::Follower),
        one_way,
        full,
    ];
    for (seed, fault) in faults.into_iter().enumerate() {
        let kind = fault.kind;
        let planned = inject(instance, &fault, seed as u64).await;
        let node = planned.node.clone().expect("a node");
        let hurts = async || {
            let sample = sample(instance).await;
            let slow = sample.entries.iter().any(|entry| entry.latency_ms >= 250.0);
            let full =
                sample.members.iter().any(|member| member.disk_percent.is_some_and(|used| used > 70.0));
            !is_whole(&sample) || slow || full
        };
        until(&format!("{kind:?} on {node} hurts"), hurts).await;
        instance.revert(&planned).await.expect("it is undone");
        instance.revert(&planned).await.expect("undoing it again does no harm");
        assert!(
            matches!(instance.presence(&planned).await, Presence::Absent(_)),
            "{kind:?}: {:?}",
            instance.presence(&planned).await
        );
        if kind == FaultKind::DiskPressure {
            instance.labctl(&LabCommand::NodeRestart { node: node.clone() }).await;
        }
        until(&format!("{kind:?} on {node} is over"), async || is_whole(&sample(instance).await)).await;
    }
    let data = instance.check_data().await;
    assert!(
        data.acknowledged > 20 && data.missing == 0 && data.wrong == 0 && data.error.is_none(),
        "{data:?}"
    );
    instance.close().await.expect("it ends");
    assert_eq!(lab.instances(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_monitor_sees_a_node_that_is_there_and_serves_nobody() {
    let lab = Lab::new();
    let instance = lab.open().await;
    // What it asks of its leader never arrives; what the others send does, so that it believes in its leader.
    let one_way = Fault {
        direction: Some(Direction::Asymmetric),
        ..fault(FaultKind::NetworkPartition, Target::Follower)
    };
    let planned = inject(instance.as_ref(), &one_way, 0).await;
    let node = planned.node.clone().expect("a node");
    until(&format!("{node} is seen"), async || {
        let observation = instance.observe().await.expect("it can be observed");
        let seen = observation.nodes.iter().find(|seen| seen.node == node).expect("it is listed");
        seen.up && seen.latency_ms.is_some_and(|ms| ms >= 900.0)
    })
    .await;
    instance.close().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seed_chooses_the_node_and_what_cannot_be_done_says_why() {
    let lab = Lab::new();
    let instance = lab.open().await;
    let node = async |seed| {
        let planned = instance.plan(&fault(FaultKind::NodeKill, Target::Any), seed).await.expect("a plan");
        planned.node.expect("a node")
    };
    assert_eq!((node(0).await, node(1).await, node(3).await), ("n1".into(), "n2".into(), "n1".into()));
    let named = fault(FaultKind::NodeKill, Target::Node("n9".to_owned()));
    let error = instance.plan(&named, 0).await.expect_err("there is no n9");
    assert!(error.message.contains("n9") && !error.is_unavailable);
    for kind in [FaultKind::PacketLoss, FaultKind::ProcessRestart] {
        let error = instance.plan(&kind.with_defaults(), 0).await.expect_err("links carry TCP");
        assert!(error.is_unavailable && error.message.contains(kind.name()), "{error}");
    }
    let control =
        instance.plan(&FaultKind::None.with_defaults(), 0).await.expect("the control is always possible");
    assert!(control.node.is_none() && matches!(instance.presence(&control).await, Presence::Absent(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_repair_and_vandals_are_seen() {
    let lab = Lab::new();
    let instance = lab.open().await;
    let instance = instance.as_ref();
    let before = instance.capture_state().await.expect("a state");
    assert_eq!(before.members, ["n1", "n2", "n3"]);

    let planned = inject(instance, &fault(FaultKind::NodePause, Target::Follower), 0).await;
    let node = planned.node.clone().expect("a node");
    let list = instance.labctl(&LabCommand::NodeList).await;
    assert!(list.stdout.lines().any(|line| line.starts_with(&format!("{node}  paused"))), "{}", list.stdout);
    let reply = instance.labctl(&LabCommand::NodeContinue { node: node.clone() }).await;
    assert_eq!((reply.exit_code, reply.stdout), (0, format!("{node} goes on\n")));
    until("all are well", async || is_whole(&sample(instance).await)).await;
    assert!(matches!(instance.presence(&planned).await, Presence::Absent(_)));
    let after = instance.capture_state().await.expect("a state");
    assert_eq!(
        (&after.members, &after.settings),
        (&before.members, &before.settings),
        "a repair changes neither"
    );

    let unknown = instance.labctl(&LabCommand::NodeStart { node: "n7".to_owned() }).await;
    assert_eq!(unknown.exit_code, 1);
    assert!(unknown.stderr.contains("there is no node n7; there are n1, n2, n3"), "{}", unknown.stderr);

    let deleted = instance.labctl(&LabCommand::NodeDelete { node: node.clone() }).await;
    assert_eq!(deleted.exit_code, 0, "{deleted:?}");
    until("it is out", async || {
        instance.capture_state().await.is_ok_and(|state| !state.members.contains(&node))
    })
    .await;
    assert!(!is_whole(&sample(instance).await));
    assert!(!instance.briefing().contains("fault"), "{}", instance.briefing());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_dropped_leaves_nothing() {
    let lab = Lab::new();
    let instance = lab.open().await;
    inject(instance.as_ref(), &fault(FaultKind::NodePause, Target::Any), 0).await;
    assert_eq!(lab.instances(), 1);
    drop(instance);
    until("its folder is gone", async || lab.instances() == 0).await;
    assert_eq!(lab.subjects.sweep().expect("a sweep"), []);
}
