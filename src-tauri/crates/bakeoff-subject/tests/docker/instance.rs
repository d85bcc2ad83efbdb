//! A whole trial's worth of calls through the engine's ports: open, watch, break, look, repair from the shell, close.

use crate::support::{IMAGE, docker_or_skip, etcd_compose};
use bakeoff_core::fault::{FaultKind, Place, Target};
use bakeoff_core::lab::LabCommand;
use bakeoff_core::ports::lab::{Instance, OpenInstance, Presence, Subjects};
use bakeoff_core::subject::{
    MonitorRules, ProbeKind, ServiceLevel, Subject, SubjectKind, SubjectNode, Timing,
};
use bakeoff_subject::docker::instance::DockerSubjects;
use bakeoff_subject::docker::sweep;
use std::sync::Arc;
use std::time::Duration;

fn subject() -> Subject {
    let file = bakeoff_core::yaml::read(&etcd_compose()).expect("the instance can be made").value;
    let node = |name: &str| SubjectNode {
        name: name.to_owned(),
        port: Some(2379),
        volume: Some("/data".to_owned()),
    };
    Subject {
        name: "etcd".to_owned(),
        description: None,
        kind: SubjectKind::Docker,
        probe: ProbeKind::Etcd,
        nodes: ["n1", "n2", "n3"].map(node).to_vec(),
        compose: None,
        services: file["services"].as_object().expect("the instance can be made").clone(),
        tools_image: Some(IMAGE.to_owned()),
        disk_mb: 192,
        service_level: ServiceLevel { latency_ms: 500.0, error_rate: 0.0 },
        monitor: MonitorRules {
            interval_seconds: 1.0,
            latency_ms: 500.0,
            latency_for_seconds: 5.0,
            disk_percent: 90.0,
        },
        timing: Timing {
            boot_seconds: 60.0,
            warm_up_seconds: 1.0,
            hold_seconds: 1.0,
            sample_seconds: 0.25,
            land_seconds: 10.0,
            revert_seconds: 20.0,
        },
        faults: FaultKind::ALL.to_vec(),
    }
}

/// Just the words that this test uses.
fn read_words(program: &str, words: &[String]) -> Result<LabCommand, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (program, words.as_slice()) {
        ("labctl", ["node", "list"]) | ("docker", ["ps"]) => Ok(LabCommand::NodeList),
        ("labctl", ["node", "start", node]) => Ok(LabCommand::NodeStart { node: (*node).to_owned() }),
        ("labctl", ["disk", "rm", node, path]) => {
            Ok(LabCommand::DiskRemove { node: (*node).to_owned(), path: (*path).to_owned() })
        }
        _ => Err(format!("{program}: unknown words {words:?}")),
    }
}

async fn open(seed: u64) -> Arc<dyn Instance> {
    let subjects = DockerSubjects::new(read_words, env!("CARGO_BIN_EXE_bakeoff-subject").into());
    let wanted = OpenInstance { subject: Arc::new(subject()), seed, lease: Duration::from_secs(120) };
    let instance = subjects.open(wanted).await.expect("the instance can be made");
    instance.wait_healthy(Duration::from_secs(60)).await.expect("the instance can be made");
    instance
}

fn project(instance: &Arc<dyn Instance>) -> String {
    match instance.place() {
        Place::Docker { project } => project,
        other => panic!("this is no place in Docker: {other:?}"),
    }
}

#[tokio::test]
async fn an_instance_is_watched_broken_and_repaired_from_the_shell() {
    let Some(engine) = docker_or_skip().await else { return };
    let instance = open(7).await;
    let before = instance.capture_state().await.unwrap();
    assert_eq!(before.members, ["n1", "n2", "n3"], "what must be the same later");
    let sample = instance.sample(&|| 42).await;
    assert_eq!((sample.at, sample.entries.len(), sample.members.len()), (42, 3, 3), "all nodes are sampled");
    assert!(sample.entries.iter().all(|entry| entry.write_ok && entry.read_ok), "{sample:?}");
    assert!(
        sample.members.iter().all(|member| member.healthy && member.disk_percent.is_some()),
        "{sample:?}"
    );
    assert_eq!(sample.members.iter().filter(|member| member.leader).count(), 1, "{sample:?}");

    let mut kill = FaultKind::NodeKill.with_defaults();
    kill.target = Target::Follower;
    let planned = instance.plan(&kill, 7).await.unwrap();
    assert_eq!(instance.plan(&kill, 7).await.unwrap(), planned, "the seed decides");
    let node = planned.node.clone().unwrap();
    assert!(sample.members.iter().any(|member| member.node == node && !member.leader), "a follower: {node}");
    instance.inject(&planned).await.unwrap();
    assert!(matches!(instance.presence(&planned).await, Presence::Present(_)), "it is in");
    let observation = instance.observe().await.unwrap();
    let up: Vec<bool> = observation.nodes.iter().map(|seen| seen.up).collect();
    assert_eq!(up.iter().filter(|up| **up).count(), 2, "the monitor sees it: {observation:?}");
    let hurt = instance.sample(&|| 43).await;
    assert!(
        hurt.entries.iter().any(|entry| entry.node == node && !entry.write_ok),
        "so does the oracle: {hurt:?}"
    );

    let shell = instance.open_shell().await.unwrap();
    let run = async |line: &str| shell.run(line, Duration::from_secs(10)).await.unwrap();
    let listed = run("labctl node list && docker ps").await;
    assert_eq!(listed.exit_code, 0, "{listed:?}");
    assert_eq!(
        listed.output.matches(&format!("{node}  stopped")).count(),
        2,
        "both names say so: {}",
        listed.output
    );
    let healthy = run("for n in n1 n2 n3; do curl -s -m 2 http://$n:2379/health || echo dead; done").await;
    assert!(
        healthy.output.contains("dead") && healthy.output.contains("true"),
        "nodes by name: {}",
        healthy.output
    );
    let wrong = run("labctl node explode n1").await;
    assert_eq!(wrong.exit_code, 2, "wrong words are told as a command tells them: {wrong:?}");
    let inside =
        run("id -u; touch /etc/x; ls -l /var/run/docker.sock; env; mount; ps aux; hostname").await.output;
    assert!(inside.starts_with("65534\n") && inside.contains("Read-only file system"), "{inside}");
    for word in ["chaos", "fault", "bakeoff", "trial", "etcd:3.4"] {
        assert!(
            !inside.to_lowercase().replace("default", "").contains(word),
            "{word} can be seen from inside:\n{inside}"
        );
    }
    let outside = run("curl -s -m 2 http://192.0.2.1/ || echo no way out").await;
    assert!(outside.output.contains("no way out"), "nothing outside is reached: {}", outside.output);

    let late = shell.run("setsid sleep 600 & echo begun; sleep 600", Duration::from_secs(1)).await.unwrap();
    assert_eq!((late.exit_code, late.output.as_str()), (124, "begun\n"), "a command that takes too long");
    let left = run("ps -eo args | grep -c '[s]leep 600'").await;
    assert_eq!(left.output, "0\n", "nothing that it started goes on");
    let again = run("labctl node list").await;
    assert_eq!(again.exit_code, 0, "what carries the commands lives on: {again:?}");

    assert_eq!(run(&format!("labctl node start {node}")).await.output, "ok\n", "the repair");
    instance.wait_healthy(Duration::from_secs(30)).await.unwrap();
    assert!(matches!(instance.presence(&planned).await, Presence::Absent(_)), "the fault is gone");
    instance.revert(&planned).await.unwrap();
    let data = instance.check_data().await;
    assert!(data.acknowledged >= 3 && data.error.is_none(), "there was something to check: {data:?}");
    assert_eq!((data.missing, data.wrong), (0, 0), "nothing was lost: {data:?}");
    let after = instance.capture_state().await.unwrap();
    assert_eq!((after.members, after.settings), (before.members, before.settings), "and nothing was changed");

    let name = project(&instance);
    instance.close().await.unwrap();
    assert!(sweep::left_over(&engine, &name).await.unwrap().is_empty(), "nothing is left, the shell neither");
}

#[tokio::test]
async fn a_vandal_is_seen_and_a_dropped_instance_goes() {
    let Some(engine) = docker_or_skip().await else { return };
    let instance = open(8).await;
    for _ in 0..3 {
        instance.sample(&|| 1).await;
    }
    for node in ["n1", "n2", "n3"] {
        let reply = instance.labctl(&LabCommand::NodeDelete { node: node.to_owned() }).await;
        assert_eq!(reply.exit_code, 0, "{reply:?}");
    }
    let observation = instance.observe().await.unwrap();
    assert_eq!(observation.nodes.len(), 3, "a node that is gone is still told: {observation:?}");
    assert!(observation.nodes.iter().all(|seen| !seen.up), "{observation:?}");
    assert!(instance.check_data().await.error.is_some(), "data that can't be read is no good data");
    assert!(instance.capture_state().await.is_err(), "there is no state of nothing");

    let name = project(&instance);
    drop(instance);
    let gone = async {
        while !sweep::left_over(&engine, &name).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("a dropped instance removes itself");
}
