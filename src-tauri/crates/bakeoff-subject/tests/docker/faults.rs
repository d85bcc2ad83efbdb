//! Every fault on a real cluster: it lands, it is seen, it is undone, and the cluster is whole again.

use crate::support::{Cluster, IMAGE, docker_or_skip};
use bakeoff_core::fault::{Direction, Fault, FaultKind, PlannedFault};
use bakeoff_core::ports::lab::Presence;
use bakeoff_subject::docker::Engine;
use bakeoff_subject::docker::capability::Capabilities;
use bakeoff_subject::docker::container::Phase;
use bakeoff_subject::docker::exec::Exec;
use bakeoff_subject::docker::fault::{self, LinkState};
use bakeoff_subject::docker::project::Project;
use std::time::{Duration, Instant};

const LEASE: Duration = Duration::from_secs(120);

struct Lab {
    cluster: Cluster,
    capabilities: Capabilities,
}

impl Lab {
    async fn start(engine: &Engine) -> Self {
        let capabilities =
            Capabilities::probe(engine, IMAGE).await.expect("the step works on a whole cluster");
        Self { cluster: Cluster::start(engine).await, capabilities }
    }

    fn project(&self) -> &Project {
        &self.cluster.project
    }

    async fn plan(&self, fault: &Fault, node: &str) -> PlannedFault {
        let planned =
            fault::plan(self.project(), &self.capabilities, fault, node, Some("/data"), "c4f1a2").await;
        let planned = planned.expect("the step works on a whole cluster");
        let copy: PlannedFault = serde_json::from_str(
            &serde_json::to_string(&planned).expect("the step works on a whole cluster"),
        )
        .expect("the step works on a whole cluster");
        assert_eq!(copy, planned, "the plan can be journalled");
        let before = fault::presence(self.project(), &planned).await;
        assert!(matches!(before, Presence::Absent(_)), "a plan does nothing yet: {before:?}");
        planned
    }

    /// Injects and waits until a probe sees it.
    async fn land(&self, planned: &PlannedFault) -> String {
        let begun = Instant::now();
        fault::inject(self.project(), planned, LEASE).await.expect("the step works on a whole cluster");
        let injected = begun.elapsed();
        let seen = self.wait_presence(planned, |presence| matches!(presence, Presence::Present(_))).await;
        println!("{:?}: injected {injected:?}, landed {:?}: {seen:?}", planned.fault.kind, begun.elapsed());
        format!("{seen:?}")
    }

    /// Undoes it twice, and waits until a probe sees that it is gone and the cluster is whole.
    async fn undo(&self, planned: &PlannedFault) {
        let begun = Instant::now();
        fault::revert(self.project(), planned).await.expect("the step works on a whole cluster");
        let reverted = begun.elapsed();
        self.wait_presence(planned, |presence| matches!(presence, Presence::Absent(_))).await;
        fault::revert(self.project(), planned).await.expect("the step works on a whole cluster");
        self.cluster.wait("the cluster is whole", async || self.cluster.healthy().await == 3).await;
        println!("{:?}: reverted {reverted:?}, whole {:?}", planned.fault.kind, begun.elapsed());
    }

    async fn wait_presence(&self, planned: &PlannedFault, wanted: impl Fn(&Presence) -> bool) -> Presence {
        let begun = Instant::now();
        loop {
            let presence = fault::presence(self.project(), planned).await;
            if wanted(&presence) {
                return presence;
            }
            assert!(begun.elapsed() < Duration::from_secs(15), "still {presence:?}");
        }
    }

    /// Time of one write through a node.
    async fn put(&self, node: &str) -> Result<Duration, String> {
        let at = self.cluster.at(node).await.ok_or("it does not run")?;
        let begun = Instant::now();
        self.cluster.etcd.put(at, "k", "v").await.map(|()| begun.elapsed())
    }
}

#[tokio::test]
async fn node_kill_and_pause() {
    let Some(engine) = docker_or_skip().await else { return };
    let lab = Lab::start(&engine).await;
    let kill = lab.plan(&FaultKind::NodeKill.with_defaults(), "n1").await;
    lab.land(&kill).await;
    assert!(lab.put("n1").await.is_err(), "a dead member takes no writes");
    assert_eq!(
        lab.project().state("n1").await.unwrap().unwrap().phase,
        Phase::Exited,
        "and nobody starts it"
    );
    lab.undo(&kill).await;

    let pause = lab.plan(&FaultKind::NodePause.with_defaults(), "n2").await;
    lab.land(&pause).await;
    assert_eq!(lab.put("n2").await, Err("no answer in time".to_owned()), "it accepts and never answers");
    lab.undo(&pause).await;

    let pause = lab.plan(&FaultKind::NodePause.with_defaults(), "n2").await;
    lab.land(&pause).await;
    let container = &lab.project().node("n2").unwrap().container;
    lab.project().engine().restart(container, Duration::ZERO).await.unwrap();
    let after = fault::presence(lab.project(), &pause).await;
    assert!(matches!(after, Presence::Absent(_)), "a restart is a repair too: {after:?}");
    lab.undo(&pause).await;
    lab.cluster.end().await;
}

#[tokio::test]
async fn process_restart_is_healed_by_the_supervisor() {
    let Some(engine) = docker_or_skip().await else { return };
    let lab = Lab::start(&engine).await;
    let planned = lab.plan(&FaultKind::ProcessRestart.with_defaults(), "n3").await;
    let before = lab.project().state("n3").await.unwrap().unwrap();
    assert_eq!(before.restart_policy, "no", "the file asks for no supervisor");
    let landed = fault::landed(lab.project(), &planned).await;
    assert!(matches!(landed, Presence::Absent(_)), "nothing was done yet: {landed:?}");
    fault::inject(lab.project(), &planned, LEASE).await.unwrap();
    lab.cluster
        .wait("it runs again", async || {
            let state = lab.project().state("n3").await.unwrap().unwrap();
            state.phase == Phase::Running && state.started_at != before.started_at
        })
        .await;
    let after = lab.project().state("n3").await.unwrap().unwrap();
    let landed = fault::landed(lab.project(), &planned).await;
    assert!(matches!(landed, Presence::Present(_)), "another run than before: {landed:?}");
    let presence = fault::presence(lab.project(), &planned).await;
    assert!(matches!(presence, Presence::Absent(_)), "and over already: {presence:?}");
    assert_eq!(after.restart_count, 1, "the restart policy did it, nobody else: {after:?}");
    lab.undo(&planned).await;
    let policy = lab.project().state("n3").await.unwrap().unwrap().restart_policy;
    assert_eq!(policy, "no", "the policy is as it was");
    lab.cluster.end().await;
}

#[tokio::test]
async fn latency_and_loss() {
    let Some(engine) = docker_or_skip().await else { return };
    let lab = Lab::start(&engine).await;
    let latency = Fault { min_ms: Some(150), max_ms: Some(250), ..FaultKind::Latency.with_defaults() };
    let planned = lab.plan(&latency, "n1").await;
    println!("mechanism of latency: {}", planned.mechanism);
    lab.land(&planned).await;
    let slow = lab.put("n1").await.unwrap();
    assert!(slow >= Duration::from_millis(150), "clients of the node notice it too: {slow:?}");
    let links = async || {
        let links = fault::links(lab.project()).await.unwrap();
        [("n1", "n2"), ("n1", "n3"), ("n2", "n1")].map(|(from, to)| links[&(from.to_owned(), to.to_owned())])
    };
    assert_eq!(links().await, [LinkState::Delayed, LinkState::Delayed, LinkState::Passes], "what n1 sends");
    if planned.mechanism == "nfqueue" {
        fault::clear_link(lab.project(), "n1", "n2").await.unwrap();
        assert_eq!(links().await, [LinkState::Passes, LinkState::Delayed, LinkState::Passes], "one of two");
        let seen = fault::presence(lab.project(), &planned).await;
        assert!(matches!(seen, Presence::Present(_)), "the fault is in force on the other one: {seen:?}");
        fault::clear_link(lab.project(), "n1", "n3").await.unwrap();
        let seen = fault::presence(lab.project(), &planned).await;
        assert!(matches!(seen, Presence::Absent(_)), "an agent has cleared both: {seen:?}");
    }
    lab.undo(&planned).await;
    let fast = lab.put("n1").await.unwrap();
    assert!(fast < Duration::from_millis(150), "and it is gone: {fast:?}");

    // Whoever holds the delay can be killed: packets pass again, and the revert still finds the rule.
    let planned = lab.plan(&latency, "n1").await;
    lab.land(&planned).await;
    let helper = format!("{}-net-c4f1a2", lab.project().identity().name);
    lab.project().engine().kill(&helper, "KILL").await.unwrap();
    if planned.mechanism == "nfqueue" {
        let seen = fault::presence(lab.project(), &planned).await;
        assert!(
            matches!(seen, Presence::Unknown(_)),
            "a rule without effect is no fault that landed: {seen:?}"
        );
    }
    lab.undo(&planned).await;

    let loss = Fault { percent: Some(40.0), ..FaultKind::PacketLoss.with_defaults() };
    let planned = lab.plan(&loss, "n2").await;
    println!("mechanism of loss: {}", planned.mechanism);
    lab.land(&planned).await;
    lab.undo(&planned).await;
    lab.cluster.end().await;
}

#[tokio::test]
async fn partitions_cut_peers_and_not_clients_and_end_with_their_lease() {
    let Some(engine) = docker_or_skip().await else { return };
    let lab = Lab::start(&engine).await;
    for direction in [Direction::Symmetric, Direction::Asymmetric] {
        let partition = Fault { direction: Some(direction), ..FaultKind::NetworkPartition.with_defaults() };
        let planned = lab.plan(&partition, "n1").await;
        lab.land(&planned).await;
        let at = lab.cluster.at("n1").await.expect("it runs");
        let health = lab.cluster.etcd.status(at).await;
        assert!(
            health.is_ok() || health == Err("no answer in time".to_owned()),
            "its port is open: {health:?}"
        );
        let links = fault::links(lab.project()).await.unwrap();
        let state = |from: &str, to: &str| links[&(from.to_owned(), to.to_owned())];
        assert_eq!(state("n1", "n2"), LinkState::Blocked, "what it sends is cut in both kinds");
        let into = if direction == Direction::Symmetric { LinkState::Blocked } else { LinkState::Passes };
        assert_eq!(state("n2", "n1"), into, "what it hears is cut in one");
        assert_eq!(state("n2", "n3"), LinkState::Passes, "the others are not");
        lab.cluster.wait("the majority takes writes", async || lab.put("n2").await.is_ok()).await;
        lab.undo(&planned).await;
    }

    let planned = lab.plan(&FaultKind::NetworkPartition.with_defaults(), "n3").await;
    lab.land(&planned).await;
    for (from, to) in [("n3", "n1"), ("n1", "n3"), ("n3", "n2"), ("n2", "n3")] {
        fault::clear_link(lab.project(), from, to).await.unwrap();
    }
    let seen = fault::presence(lab.project(), &planned).await;
    assert!(matches!(seen, Presence::Absent(_)), "links that an agent cleared are clear: {seen:?}");
    lab.undo(&planned).await;

    // Nobody undoes this one.
    let planned = lab.plan(&FaultKind::NetworkPartition.with_defaults(), "n1").await;
    fault::inject(lab.project(), &planned, Duration::from_secs(2)).await.unwrap();
    lab.wait_presence(&planned, |presence| matches!(presence, Presence::Absent(_))).await;
    lab.cluster.wait("the cluster is whole", async || lab.cluster.healthy().await == 3).await;
    lab.cluster.end().await;
}

#[tokio::test]
async fn disk_pressure_fills_the_nodes_own_volume_and_nothing_else() {
    let Some(engine) = docker_or_skip().await else { return };
    let lab = Lab::start(&engine).await;
    let full = Fault { fill_percent: Some(100.0), ..FaultKind::DiskPressure.with_defaults() };
    let planned = lab.plan(&full, "n1").await;
    lab.land(&planned).await;
    let container = &lab.project().node("n1").unwrap().container;
    let write = Exec::shell("dd if=/dev/zero of=/data/more bs=64k count=1");
    let refused = engine.exec(container, &write).await.unwrap();
    assert!(
        refused.stderr.text().contains("No space left"),
        "the node can't write: {}",
        refused.stderr.text()
    );
    let df = engine.exec(container, &Exec::shell("df -m / | tail -1; ls /data")).await.unwrap().stdout.text();
    assert!(!df.to_lowercase().contains("chaos") && df.contains("snapshot-"), "a believable name: {df}");
    // A cleaned volume is a repair that the probe sees, whoever did it.
    engine.exec(container, &Exec::shell("rm /data/snapshot-*")).await.unwrap().success("rm").unwrap();
    let seen = fault::presence(lab.project(), &planned).await;
    assert!(matches!(seen, Presence::Absent(_)), "the file is gone: {seen:?}");
    lab.undo(&planned).await;

    let planned = lab.plan(&FaultKind::DiskPressure.with_defaults(), "n2").await;
    let seen = lab.land(&planned).await;
    assert!(seen.contains("8") || seen.contains("9"), "80 % of what is free: {seen}");
    lab.project().engine().kill(&lab.project().node("n2").unwrap().container, "KILL").await.unwrap();
    let seen = fault::presence(lab.project(), &planned).await;
    assert!(matches!(seen, Presence::Present(_)), "it outlives its node: {seen:?}");
    fault::revert(lab.project(), &planned).await.unwrap();
    engine.start(&lab.project().node("n2").unwrap().container).await.unwrap();
    lab.cluster.wait("the cluster is whole", async || lab.cluster.healthy().await == 3).await;

    let nowhere =
        fault::plan(lab.project(), &lab.capabilities, &full, "n1", Some("/"), "c4f1a2").await.unwrap_err();
    assert!(
        nowhere.to_string().contains("disk_pressure is not available"),
        "no other place is filled: {nowhere}"
    );
    lab.cluster.end().await;
}
