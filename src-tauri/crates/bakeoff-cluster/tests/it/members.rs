//! Members that are removed and added, and nodes that have lost their data.

use crate::support::{Place, until};
use bakeoff_cluster::NodeState;
use serde_json::json;

#[tokio::test]
async fn a_removed_member_is_seen_by_all_and_can_be_added_again() {
    let place = Place::start().await;
    place.put(1, "a", "1").await;
    let leader = place.leader().await;
    let removed = place.others(leader)[0];
    let entry = place.others(leader)[1];
    let (status, body) =
        place.ask("DELETE", entry, &format!("/members/{removed}"), "").await.expect("an answer");
    assert_eq!((status, &body["members"]), (200, &json!(place.others(removed))), "{body}");
    for node in place.others(removed) {
        until("every member knows", async || {
            let seen = place.of(node, "/status").await["members"].clone();
            if seen == json!(place.others(removed)) { Ok(()) } else { Err(seen) }
        })
        .await;
    }
    place.put(entry, "a", "2").await;
    let (status, body) =
        place.ask("POST", entry, "/members", &format!("{{\"id\": {removed}}}")).await.expect("an answer");
    assert_eq!((status, &body["members"]), (200, &json!([1, 2, 3])), "{body}");
    place.ready().await;
    place.agree().await;
    assert_eq!(place.get(removed, "a").await.as_deref(), Some("2"));
    let (_, list) = place.ask("GET", removed, "/members", "").await.expect("an answer");
    assert_eq!(list["members"].as_array().map(Vec::len), Some(3), "{list}");
}

#[tokio::test]
async fn a_leader_can_be_removed() {
    let place = Place::start().await;
    let leader = place.leader().await;
    let (status, body) =
        place.ask("DELETE", leader, &format!("/members/{leader}"), "").await.expect("an answer");
    assert_eq!(status, 200, "{body}");
    place.put(place.others(leader)[0], "a", "1").await;
    assert_ne!(place.leader().await, leader);
}

#[tokio::test]
async fn a_wiped_node_refuses_to_run_until_it_is_removed_and_added() {
    let place = Place::start().await;
    for number in 0..10 {
        place.put(1, &format!("key-{number}"), "1").await;
    }
    let wiped = place.others(place.leader().await)[0];
    let other = place.others(wiped)[0];
    place.cluster.wipe_node(wiped).await.expect("it can be wiped");
    assert_eq!(place.cluster.list_files(wiped).await.expect("they can be listed"), []);
    // It listens, asks the others, and ends.
    let _ = place.cluster.start_node(wiped).await;
    until("it has ended by itself", async || {
        let nodes = place.cluster.status().await.expect("it answers").nodes;
        let node = nodes.into_iter().find(|node| node.id == wiped).expect("it is known");
        if node.state == NodeState::Exited && node.exit.as_deref().is_some_and(|exit| exit.contains("counts"))
        {
            Ok(())
        } else {
            Err(node)
        }
    })
    .await;
    place.told(wiped, "the data directory is empty, but").await;

    place.ask("DELETE", other, &format!("/members/{wiped}"), "").await.expect("an answer");
    place.cluster.start_node(wiped).await.expect("it starts");
    place.told(wiped, "waiting to be added as a member").await;
    until("it is added", async || {
        let body = format!("{{\"id\": {wiped}}}");
        match place.ask("POST", other, "/members", &body).await {
            Ok((200, _)) => Ok(()),
            seen => Err(seen),
        }
    })
    .await;
    place.ready().await;
    place.agree().await;
    assert_eq!(place.get(wiped, "key-9").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_node_that_lost_a_part_of_its_data_says_so() {
    let place = Place::start().await;
    place.put(1, "a", "1").await;
    place.agree().await;
    place.cluster.kill_node(2).await.expect("it runs");
    place.cluster.remove_file(2, "wal.jsonl").await.expect("it is there");
    let _ = place.cluster.start_node(2).await;
    place.told(2, "wal.jsonl is missing").await;
    place.put(1, "a", "2").await;
}
