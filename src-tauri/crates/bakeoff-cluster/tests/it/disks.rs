//! Disks that are full.

use crate::support::{Place, until};
use bakeoff_cluster::{ClusterError, Fill};

async fn a_full_node(place: &Place, node: u64) {
    place.put(1, "before", "1").await;
    place.agree().await;
    let written = place.cluster.fill_disk(node, Fill::Percent(100.0), "archive/export-0001.tar").await;
    assert!(written.expect("it fits").bytes > 30 << 20);
    assert_eq!(place.cluster.disk(node).await.expect("it can be measured").free, 0);
    let (status, health) = place.ask("GET", node, "/health", "").await.expect("an answer");
    assert_eq!(status, 503, "{health}");
    assert!(health["reason"].as_str().is_some_and(|reason| reason.contains("ENOSPC")), "{health}");

    let other = place.others(node)[0];
    for number in 0..5 {
        place.put(other, "meanwhile", &number.to_string()).await;
    }
    until("it has stopped taking part", async || {
        let status = place.of(node, "/status").await;
        if status["role"] == "stopped" { Ok(()) } else { Err(status) }
    })
    .await;
    let (status, refused) = place.ask("PUT", node, "/kv/refused", "1").await.expect("an answer");
    assert_eq!(status, 503, "{refused}");
    assert!(refused["error"].as_str().is_some_and(|error| error.contains("ENOSPC")), "{refused}");
    place.told(node, "No space left on device").await;
    place.told(node, "free space in its data directory and restart it").await;
}

async fn freed(place: &Place, node: u64) {
    // A start while it is full does not help.
    place.cluster.restart_node(node).await.expect("it starts");
    until("it is asked", async || {
        let health = place.of(node, "/health").await;
        if health["reason"].as_str().is_some_and(|reason| reason.contains("ENOSPC")) {
            Ok(())
        } else {
            Err(health)
        }
    })
    .await;
    place.cluster.remove_file(node, "archive/export-0001.tar").await.expect("it is there");
    place.cluster.restart_node(node).await.expect("it starts");
    place.ready().await;
    place.agree().await;
    assert_eq!(place.get(node, "before").await.as_deref(), Some("1"));
    assert_eq!(place.get(node, "meanwhile").await.as_deref(), Some("4"));
}

#[tokio::test]
async fn a_follower_with_a_full_disk_steps_out_and_comes_back() {
    let place = Place::start().await;
    let node = place.others(place.leader().await)[0];
    a_full_node(&place, node).await;
    freed(&place, node).await;
}

#[tokio::test]
async fn a_leader_with_a_full_disk_is_replaced_and_comes_back() {
    let place = Place::start().await;
    let node = place.leader().await;
    a_full_node(&place, node).await;
    assert_ne!(place.leader().await, node);
    freed(&place, node).await;
}

#[tokio::test]
async fn files_are_made_listed_and_removed_inside_the_data_folder_only() {
    let place = Place::start().await;
    let fill = async |fill, file: &str| place.cluster.fill_disk(1, fill, file).await;
    let written = fill(Fill::Percent(50.0), "old.tar").await.expect("it fits");
    let disk = place.cluster.disk(1).await.expect("it can be measured");
    assert_eq!((disk.total, disk.used), (32 << 20, 16 << 20), "half of it is used: {written:?}");
    assert_eq!(fill(Fill::Percent(50.0), "old.tar").await.expect("again is the same").bytes, written.bytes);
    assert_eq!(fill(Fill::Bytes(7), "cache/tmp").await.expect("it fits").bytes, 7);
    let files: Vec<String> = {
        let files = place.cluster.list_files(1).await.expect("they can be listed");
        files.into_iter().map(|file| file.file).collect()
    };
    assert_eq!(files, ["cache/tmp", "meta.json", "old.tar", "vote.json", "wal.jsonl"]);
    for error in [
        fill(Fill::Bytes(33 << 20), "large").await.expect_err("it does not fit"),
        fill(Fill::Percent(101.0), "large").await.expect_err("more than all"),
        fill(Fill::Bytes(1), "../n2/wal.jsonl").await.expect_err("not this node's"),
        place.cluster.remove_file(1, "/etc/hostname").await.expect_err("not this node's"),
        place.cluster.remove_file(1, "none").await.expect_err("there is none"),
    ] {
        assert!(matches!(&error, ClusterError::Refused(_)), "{error}");
    }
    place.cluster.remove_file(1, "old.tar").await.expect("it is there");
    place.ready().await;
}
