//! Nodes that are killed, paused, stopped and started.

use crate::support::{Place, until};
use bakeoff_cluster::{NodeState, RestartPolicy};
use std::time::Duration;

#[tokio::test]
async fn a_killed_leader_is_replaced_and_stays_dead() {
    let place = Place::start().await;
    let leader = place.leader().await;
    place.put(leader, "before", "1").await;
    let killed = place.cluster.kill_node(leader).await.expect("it runs");
    assert_eq!((killed.state, killed.pid), (NodeState::Exited, None));
    assert!(killed.exit.expect("it has ended").contains("SIGKILL"));
    until("it refuses connections, as a machine where nothing runs", async || {
        // A connection that was open is reset first.
        match place.ask("GET", leader, "/health", "").await {
            Err(refused) if refused.is_connect() && !refused.is_timeout() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;

    let other = place.others(leader)[0];
    place.put(other, "after", "2").await;
    assert_eq!(place.get(other, "before").await.as_deref(), Some("1"));
    assert_ne!(place.leader().await, leader);
    place.told(other, &format!("leader n{leader} lost")).await;
    let nodes = place.cluster.status().await.expect("it answers").nodes;
    assert_eq!(
        nodes.iter().filter(|node| node.state == NodeState::Running).count(),
        2,
        "it does not heal itself"
    );

    place.cluster.start_node(leader).await.expect("it starts");
    place.ready().await;
    place.agree().await;
    assert_eq!(place.get(leader, "after").await.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_paused_node_is_silent_and_catches_up() {
    let place = Place::start().await;
    let leader = place.leader().await;
    place.put(leader, "a", "0").await;
    let paused = place.cluster.pause_node(leader).await.expect("it runs");
    assert_eq!(paused.state, NodeState::Paused);
    let url = &place.cluster.endpoints()[usize::try_from(leader - 1).expect("a number")].url;
    let silent = place.client.get(format!("{url}/health")).timeout(Duration::from_millis(300)).send().await;
    let silent = silent.expect_err("it does not answer");
    assert!(silent.is_timeout() && !silent.is_connect(), "it accepts and says nothing: {silent:?}");
    for number in 1..=20 {
        place.put(place.others(leader)[1], "a", &number.to_string()).await;
    }
    let error = place.cluster.start_node(leader).await.expect_err("it is there").to_string();
    assert!(error.contains("paused; resume it"), "{error}");
    assert_eq!(place.cluster.resume_node(leader).await.expect("it is there").state, NodeState::Running);
    place.ready().await;
    place.agree().await;
    assert_eq!(place.get(leader, "a").await.as_deref(), Some("20"));
    // Also one that is paused can be asked to end.
    place.cluster.pause_node(leader).await.expect("it runs");
    let stopped = place.cluster.stop_node(leader).await.expect("it runs");
    assert_eq!(stopped.state, NodeState::Exited);
}

#[tokio::test]
async fn every_acknowledged_write_survives_the_death_of_all() {
    let place = Place::start().await;
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        for number in 0..30 {
            let (key, node) = (format!("key-{round}-{number}"), number % 3 + 1);
            place.put(node, &key, &key).await;
            acknowledged.push(key);
        }
        let (one, two, three) =
            tokio::join!(place.cluster.kill_node(1), place.cluster.kill_node(2), place.cluster.kill_node(3));
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        for node in 1..=3 {
            place.cluster.start_node(node).await.expect("it starts");
        }
        place.ready().await;
    }
    for key in &acknowledged {
        assert_eq!(place.get(2, key).await.as_deref(), Some(key.as_str()));
    }
    place.agree().await;
}

#[tokio::test]
async fn the_log_does_not_grow_for_ever_and_a_late_node_gets_a_snapshot() {
    let place = Place::start().await;
    let leader = place.leader().await;
    let late = place.others(leader)[0];
    place.cluster.kill_node(late).await.expect("it runs");
    // Several at once: openraft writes what waits together.
    let value = "v".repeat(500);
    for batch in 0..50 {
        let writes = (0..64).map(|number| {
            let key = format!("key-{}", (batch * 64 + number) % 300);
            let (place, value) = (&place, &value);
            async move { place.put(leader, &key, value).await }
        });
        futures::future::join_all(writes).await;
    }
    until("a snapshot has replaced most of the log", async || {
        let files = place.cluster.list_files(leader).await.expect("they can be listed");
        let snapshot = files.iter().any(|file| file.file == "snapshot.json");
        let wal = files.iter().find(|file| file.file == "wal.jsonl").map_or(0, |file| file.bytes);
        // 3,200 entries of more than 600 bytes were written.
        if snapshot && wal < 1_300_000 { Ok(()) } else { Err(files) }
    })
    .await;
    place.cluster.start_node(late).await.expect("it starts");
    place.ready().await;
    place.agree().await;
    place.told(late, "installed a snapshot of index").await;
    assert_eq!(place.get(late, "key-299").await, Some(value));
    place.cluster.restart_node(late).await.expect("it starts");
    place.ready().await;
    place.agree().await;
}

#[tokio::test]
async fn a_node_may_be_started_again_by_policy() {
    let place = Place::with(|options| options.restart = RestartPolicy::OnFailure).await;
    place.cluster.kill_node(2).await.expect("it runs");
    until("it runs again", async || {
        let node = place.cluster.status().await.expect("it answers").nodes.swap_remove(1);
        if node.state == NodeState::Running && node.starts == 2 { Ok(()) } else { Err(node) }
    })
    .await;
    place.ready().await;
    place.cluster.stop_node(2).await.expect("it runs");
    place.cluster.kill_node(3).await.expect("it runs");
    until("n3 runs again", async || {
        let nodes = place.cluster.status().await.expect("it answers").nodes;
        if nodes[2].state == NodeState::Running { Ok(nodes) } else { Err(nodes) }.map(drop)
    })
    .await;
    let nodes = place.cluster.status().await.expect("it answers").nodes;
    assert_eq!(nodes[1].state, NodeState::Exited, "what was stopped stays so");
}
