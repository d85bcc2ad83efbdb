//! How it ends: nothing is left, whoever dies.

use crate::support::{Place, binary, kill, lives, options, until};
use bakeoff_cluster::{Cluster, ClusterError, sweep};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

async fn pids(cluster: &Cluster) -> Vec<u32> {
    let nodes = cluster.status().await.expect("it answers").nodes;
    nodes.iter().map(|node| node.pid.expect("it runs")).collect()
}

async fn all_gone(pids: &[u32]) {
    until("all processes are gone", async || {
        let left: Vec<&u32> = pids.iter().filter(|pid| lives(**pid)).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
}

async fn folder_gone(dir: &Path) {
    until("the folder is gone", async || if dir.exists() { Err(dir.to_owned()) } else { Ok(()) }).await;
}

#[tokio::test]
async fn a_shutdown_and_a_drop_leave_nothing() {
    let Place { cluster, folder, .. } = Place::start().await;
    cluster.pause_node(3).await.expect("it runs");
    let processes = pids(&cluster).await;
    assert!(folder.path().join("one/instance.json").exists());
    cluster.shutdown().await.expect("it ends");
    assert!(!processes.iter().any(|pid| lives(*pid)), "they are gone when it returns");
    assert!(!folder.path().join("one").exists());

    let cluster = Cluster::start(options(&folder, "two")).await.expect("it starts");
    let mut processes = pids(&cluster).await;
    processes.extend(cluster.host_pid());
    drop(cluster);
    all_gone(&processes).await;
    folder_gone(&folder.path().join("two")).await;
}

#[tokio::test]
async fn a_killed_host_takes_its_nodes_along_and_is_swept() {
    let Place { cluster, folder, .. } = Place::start().await;
    cluster.pause_node(2).await.expect("it runs");
    let processes = pids(&cluster).await;
    assert_eq!(sweep(folder.path()).expect("readable"), [], "a living instance is left alone");
    kill(cluster.host_pid().expect("it runs"));
    all_gone(&processes).await;
    until("its controller notices", async || match cluster.status().await {
        Err(ClusterError::Gone(_)) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    // Until the host is reaped it is a zombie, which does not count as living.
    let found = sweep(folder.path()).expect("readable");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0].dir, &found[0].problem), (&folder.path().join("one"), &None));
    assert!(!folder.path().join("one").exists());
}

#[tokio::test]
async fn a_killed_controller_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("one");
    let mut controller = Command::new(binary())
        .arg("control")
        .arg(&dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let mut line = String::new();
    BufReader::new(controller.stdout.take().expect("a pipe")).read_line(&mut line).expect("it tells");
    let processes: Vec<u32> = line.split_whitespace().map(|pid| pid.parse().expect("a number")).collect();
    assert_eq!(processes.len(), 4, "three nodes, one of them paused, and the host: {line:?}");
    assert!(processes.iter().all(|pid| lives(*pid)) && dir.exists());
    controller.kill().expect("it can be killed");
    controller.wait().expect("it ends");
    all_gone(&processes).await;
    folder_gone(&dir).await;
}

#[tokio::test]
async fn a_sweep_kills_what_still_lives() {
    let folder = tempfile::tempdir().expect("a folder");
    let Place { cluster, folder: other, .. } = Place::start().await;
    let processes = pids(&cluster).await;
    // As a host leaves it that was killed where nodes don't die with their parent: its own mark is of somebody gone.
    let mark = std::fs::read_to_string(other.path().join("one/instance.json")).expect("readable");
    let mut mark: serde_json::Value = serde_json::from_str(&mark).expect("JSON");
    mark["host"]["pid"] = 999_999_999_u32.into();
    let dir = folder.path().join("left");
    std::fs::create_dir_all(dir.join("n1")).expect("a folder");
    std::fs::write(dir.join("instance.json"), mark.to_string()).expect("writable");
    let mut found = sweep(folder.path()).expect("readable");
    found[0].killed.sort_unstable();
    let mut expected = processes.clone();
    expected.sort_unstable();
    assert_eq!((found.len(), &found[0].killed, &found[0].problem), (1, &expected, &None));
    all_gone(&processes).await;
    assert!(!dir.exists());
}
