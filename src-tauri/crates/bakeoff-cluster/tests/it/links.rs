//! Links that are slow, silent, resetting and refusing.

use crate::support::{Place, until};
use bakeoff_cluster::{LinkMode, Party};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

async fn median_of_put(place: &Place, node: u64) -> Duration {
    let mut took = Vec::new();
    for number in 0..5 {
        let start = Instant::now();
        place.put(node, "timed", &number.to_string()).await;
        took.push(start.elapsed());
    }
    took.sort();
    took[2]
}

#[tokio::test]
async fn a_delay_is_seen_where_it_is_and_the_cluster_stays_well() {
    // With elections so late that a busy machine alone causes none.
    let place =
        Place::with(|options| (options.election_ms, options.heartbeat_ms) = ((1000, 2000), 200)).await;
    let leader = place.leader().await;
    let follower = place.others(leader)[0];
    place.put(leader, "warm", "1").await;
    let delay = LinkMode::Delay { ms: 300, jitter_ms: 20 };

    place.link(Party::Client, follower, delay).await;
    let slow = median_of_put(&place, follower).await;
    assert!(slow >= Duration::from_millis(240), "{slow:?}");
    place.link(Party::Client, follower, LinkMode::Pass).await;

    place.link(Party::Node(follower), leader, delay).await;
    let slow = median_of_put(&place, follower).await;
    assert!(slow >= Duration::from_millis(240), "what a follower passes on is late: {slow:?}");
    place.link(Party::Node(follower), leader, LinkMode::Pass).await;

    // With both followers slow no write is quick, and nobody calls an election.
    let term = place.of(leader, "/status").await["term"].clone();
    for other in place.others(leader) {
        place.link(Party::Node(leader), other, delay).await;
    }
    let slow = median_of_put(&place, leader).await;
    assert!(slow >= Duration::from_millis(240), "a majority is late: {slow:?}");
    assert_eq!(place.of(leader, "/status").await["term"], term, "the leader is still heard");
    for other in place.others(leader) {
        place.link(Party::Node(leader), other, LinkMode::Pass).await;
    }
    until("writes are quick again", async || {
        let took = median_of_put(&place, leader).await;
        if took < Duration::from_millis(200) { Ok(()) } else { Err(took) }
    })
    .await;
}

#[tokio::test]
async fn a_leader_that_is_cut_off_is_replaced_and_comes_back_as_one_of_them() {
    let place = Place::start().await;
    let leader = place.leader().await;
    place.put(leader, "a", "1").await;
    place.around(leader, LinkMode::Blackhole).await;
    let other = place.others(leader)[0];
    place.put(other, "a", "2").await;
    assert_ne!(place.leader().await, leader);
    // Clients still reach it, and it knows that it must not answer.
    until("the old leader says that it has lost the majority", async || {
        let (status, body) = place.ask("GET", leader, "/health", "").await.expect("an answer");
        if status == 503 && body["reason"].as_str().is_some_and(|reason| reason.starts_with("no leader")) {
            Ok(())
        } else {
            Err(body)
        }
    })
    .await;
    let (status, body) = place.ask("GET", leader, "/kv/a", "").await.expect("an answer");
    assert_eq!(status, 503, "no stale read: {body}");
    let (status, body) = place.ask("PUT", leader, "/kv/lost", "1").await.expect("an answer");
    assert!(status == 503 || status == 504, "no write is acknowledged: {status} {body}");

    place.around(leader, LinkMode::Pass).await;
    place.ready().await;
    place.agree().await;
    assert_eq!(place.get(leader, "a").await.as_deref(), Some("2"));
    assert_eq!(place.get(other, "lost").await, None, "what was not acknowledged by a majority is gone");
}

#[tokio::test]
async fn a_cut_in_one_direction_is_survived() {
    let place = Place::start().await;
    let leader = place.leader().await;
    let deaf = place.others(leader)[0];
    // The leader no longer reaches it, it reaches everybody.
    place.link(Party::Node(leader), deaf, LinkMode::Blackhole).await;
    place.put(leader, "a", "1").await;
    until("the others are at work and the deaf one calls elections", async || {
        let status = place.of(deaf, "/status").await;
        place.try_put(place.others(deaf)[1], "a", "2").await?;
        if status["role"] != "follower" || status["leader"].as_u64() != Some(leader) {
            Ok(())
        } else {
            Err(status.to_string())
        }
    })
    .await;
    place.link(Party::Node(leader), deaf, LinkMode::Pass).await;
    place.put(deaf, "a", "3").await;
    place.ready().await;
    place.agree().await;
}

#[tokio::test]
async fn without_a_majority_nothing_is_acknowledged_and_then_it_goes_on() {
    let place = Place::start().await;
    for node in 1..=3 {
        place.around(node, LinkMode::Blackhole).await;
    }
    for node in 1..=3 {
        let refused = place.try_put(node, "a", "1").await.expect_err("there is no majority");
        assert!(refused.contains("50"), "{refused}");
    }
    for node in 1..=3 {
        place.around(node, LinkMode::Pass).await;
    }
    place.put(1, "b", "1").await;
    place.ready().await;
    place.agree().await;
}

#[tokio::test]
async fn a_clients_link_fails_in_three_different_ways() {
    let place = Place::start().await;
    place.put(1, "a", "1").await;
    let url = format!("{}/kv/a", place.cluster.endpoints()[0].url);
    let ask = async || place.client.get(&url).timeout(Duration::from_millis(400)).send().await;

    place.link(Party::Client, 1, LinkMode::Blackhole).await;
    let silent = ask().await.expect_err("nothing is answered");
    assert!(silent.is_timeout(), "{silent:?}");

    place.link(Party::Client, 1, LinkMode::Reset).await;
    let reset = ask().await.expect_err("it is reset");
    // Accepted and then reset; that may be seen before or after the client knows that it is connected.
    assert_eq!(kind_of(&reset), Some(ErrorKind::ConnectionReset), "{reset:?}");

    place.link(Party::Client, 1, LinkMode::Refuse).await;
    // Who connects in the moment before the port is closed is reset.
    until("nobody listens", async || {
        let refused = ask().await.expect_err("nobody answers");
        match kind_of(&refused) {
            Some(ErrorKind::ConnectionRefused) => Ok(()),
            Some(ErrorKind::ConnectionReset) => Err(format!("{refused:?}")),
            _ => panic!("neither refused nor reset: {refused:?}"),
        }
    })
    .await;

    place.link(Party::Client, 1, LinkMode::Pass).await;
    assert_eq!(place.get(1, "a").await.as_deref(), Some("1"));
    place.ready().await;
}

/// What the operating system said, below all that wraps it.
fn kind_of(error: &reqwest::Error) -> Option<ErrorKind> {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>()
            && io.raw_os_error().is_some()
        {
            return Some(io.kind());
        }
        source = inner.source();
    }
    None
}
