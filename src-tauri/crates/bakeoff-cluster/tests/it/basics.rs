//! Starting, reading and writing, and what a node tells.

use crate::support::{LIMIT, Place, options, until};
use bakeoff_cluster::{Cluster, ClusterError, LinkMode, NodeState};
use std::time::Instant;

#[tokio::test]
async fn every_node_is_an_entry_for_reading_and_writing() {
    let place = Place::start().await;
    for node in 1..=3 {
        place.put(node, &format!("city-{node}"), "Łódź, \"quoted\"\n").await;
    }
    for node in 1..=3 {
        for key in ["city-1", "city-2", "city-3"] {
            assert_eq!(
                place.get(node, key).await.as_deref(),
                Some("Łódź, \"quoted\"\n"),
                "{key} through n{node}"
            );
        }
        let (_, listed) = place.ask("GET", node, "/kv?prefix=city-&limit=2", "").await.expect("an answer");
        assert_eq!((listed["count"].as_u64(), listed["items"][1]["key"].as_str()), (Some(3), Some("city-2")));
    }
    let (status, body) = place.ask("DELETE", 2, "/kv/city-1", "").await.expect("an answer");
    assert_eq!((status, body["existed"].as_bool()), (200, Some(true)), "{body}");
    assert_eq!(place.get(3, "city-1").await, None);
    place.agree().await;
}

#[tokio::test]
async fn a_node_tells_what_an_operator_asks() {
    let place = Place::start().await;
    place.put(1, "a", "1").await;
    place.agree().await;
    let leader = place.leader().await;
    let (_, status) = place.ask("GET", 2, "/status", "").await.expect("an answer");
    assert_eq!(
        (&status["name"], &status["members"]),
        (&"n2".into(), &serde_json::json!([1, 2, 3])),
        "{status}"
    );
    assert_eq!((status["leader"].as_u64(), status["quota_bytes"].as_u64()), (Some(leader), Some(32 << 20)));
    let used = place.cluster.disk(2).await.expect("it can be measured").used;
    assert_eq!(status["data_bytes"].as_u64(), Some(used), "both count the same files");

    let (_, metrics) = place.ask("GET", leader, "/metrics", "").await.expect("an answer");
    let metrics = metrics.as_str().expect("it is text");
    assert!(metrics.contains("\nledger_raft_is_leader 1\n"), "{metrics}");
    assert!(metrics.contains("\n# TYPE ledger_requests_total counter\n"), "{metrics}");
    place.told(leader, "elected leader in term").await;
    let (_, log) = place.ask("GET", leader, "/log?lines=1", "").await.expect("an answer");
    assert_eq!(log.as_str().map(|log| log.lines().count()), Some(1), "{log}");
    let (missing, problem) = place.ask("GET", 1, "/unknown", "").await.expect("an answer");
    assert!(
        missing == 404 && problem["error"].as_str().is_some_and(|error| error.contains("/health")),
        "{problem}"
    );
}

#[tokio::test]
async fn nothing_that_a_node_shows_tells_what_it_is_for() {
    let place = Place::start().await;
    let leader = place.leader().await;
    // What looks most like an accident in the log.
    place.around(leader, LinkMode::Blackhole).await;
    place.put(place.others(leader)[0], "a", "1").await;
    place.around(leader, LinkMode::Pass).await;
    place.ready().await;
    let mut shown = Vec::new();
    for node in 1..=3 {
        for path in ["/health", "/status", "/metrics", "/log?lines=500", "/members", "/kv", "/none"] {
            shown.push(place.ask("GET", node, path, "").await.expect("an answer").1.to_string());
        }
        let files = place.cluster.list_files(node).await.expect("they can be listed");
        shown.extend(files.into_iter().map(|file| file.file));
        let pid = place.cluster.status().await.expect("it answers").nodes[0].pid.expect("it runs");
        let name = std::fs::read(format!("/proc/{pid}/cmdline")).expect("it runs");
        assert!(name.starts_with(b"ledger\0"), "{}", String::from_utf8_lossy(&name));
        assert_eq!(
            std::fs::read(format!("/proc/{pid}/environ")).expect("it runs"),
            b"",
            "no keys in its environment"
        );
    }
    for word in ["fault", "chaos", "bakeoff", "blackhole", "inject", "trial", "stalled"] {
        assert!(!shown.iter().any(|text| text.to_lowercase().contains(word)), "{word} is in {shown:#?}");
    }
}

#[tokio::test]
async fn wrong_requests_are_refused_with_the_reason() {
    let place = Place::start().await;
    let check = async |method: &str, path: &str, body: &str, status: u16, expected: &str| {
        let (answered, problem) = place.ask(method, 1, path, body).await.expect("an answer");
        assert_eq!(answered, status, "{method} {path}: {problem}");
        assert!(problem["error"].as_str().is_some_and(|error| error.contains(expected)), "{problem}");
    };
    check("PUT", &format!("/kv/{}", "k".repeat(600)), "1", 413, "512").await;
    check("PUT", "/kv/large", &"v".repeat((256 << 10) + 1), 413, "").await;
    check("GET", "/kv/none", "", 404, "none").await;
    check("POST", "/members", "3", 400, "{\"id\": NUMBER}").await;
    check("DELETE", "/members/9", "", 404, "[1, 2, 3]").await;
    let url = &place.cluster.endpoints()[0].url;
    let answer = place.client.put(format!("{url}/kv/a")).body(vec![0xff]).send().await.expect("an answer");
    assert_eq!(answer.status(), 400, "not UTF-8");
}

#[tokio::test]
async fn wrong_options_and_places_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = async |change: &dyn Fn(&mut bakeoff_cluster::ClusterOptions), expected: &str| {
        let mut options = options(&folder, "one");
        change(&mut options);
        let error = Cluster::start(options).await.expect_err("it must not start").to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(&|options| options.nodes = 0, "nodes: 0").await;
    check(&|options| options.quota_bytes = 7, "quota_bytes: 7").await;
    check(&|options| options.heartbeat_ms = 300, "heartbeat_ms 300").await;
    check(&|options| options.binary = "/nowhere/program".into(), "/nowhere/program").await;
    check(&|options| options.binary_args_prefix = vec!["wrong".into()], "expected cluster-host").await;
    std::fs::write(folder.path().join("mine"), "").expect("a file");
    check(&|options| options.dir = folder.path().into(), "must be new or empty").await;
    assert!(folder.path().join("mine").exists(), "what was there stays");

    let cluster = Cluster::start(options(&folder, "two")).await.expect("it starts");
    let error = cluster.kill_node(4).await.expect_err("there is none");
    assert_eq!(error, ClusterError::Refused("there is no node 4; nodes are 1 to 3".into()));
    let error = cluster.start_node(2).await.expect_err("it runs");
    assert_eq!(error, ClusterError::Refused("n2 is running already".into()));
}

#[tokio::test]
async fn five_nodes_lose_two_and_go_on() {
    let place = Place::with(|options| options.nodes = 5).await;
    for node in [place.leader().await, place.others(place.leader().await)[0]] {
        place.cluster.kill_node(node).await.expect("it runs");
    }
    let nodes = place.cluster.status().await.expect("it answers").nodes;
    let alive: Vec<u64> =
        nodes.iter().filter(|node| node.state == NodeState::Running).map(|node| node.id).collect();
    assert_eq!(alive.len(), 3);
    place.put(alive[2], "still", "here").await;
}

#[tokio::test]
async fn four_instances_live_beside_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = |name: &'static str| Cluster::start(options(&folder, name));
    let started = Instant::now();
    let (one, two, three, four) = tokio::join!(start("1"), start("2"), start("3"), start("4"));
    let clusters = [one, two, three, four].map(|cluster| cluster.expect("it starts"));
    assert!(started.elapsed() < LIMIT);
    let mut ports: Vec<u16> = Vec::new();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    for (number, cluster) in clusters.iter().enumerate() {
        ports.extend(cluster.links().await.expect("it answers").iter().map(|link| link.port));
        let url = format!("{}/kv/name", cluster.endpoints()[0].url);
        let written = client.put(url).body(number.to_string()).send().await.expect("an answer");
        assert_eq!(written.status(), 200);
    }
    for (number, cluster) in clusters.iter().enumerate() {
        let url = format!("{}/kv/name", cluster.endpoints()[2].url);
        let value: serde_json::Value =
            client.get(url).send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(value["value"], number.to_string(), "each has its own data");
    }
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 4 * 9, "no port is shared");
    for cluster in clusters {
        cluster.shutdown().await.expect("it ends");
    }
    until("their folders are gone", async || {
        let left = std::fs::read_dir(folder.path()).expect("readable").count();
        if left == 0 { Ok(()) } else { Err(left) }
    })
    .await;
}

#[tokio::test]
async fn a_reset_is_a_new_cluster_at_the_same_place() {
    let place = Place::start().await;
    place.put(1, "a", "1").await;
    let before = place.cluster.endpoints().to_vec();
    place.cluster.kill_node(1).await.expect("it runs");
    place.cluster.pause_node(2).await.expect("it runs");
    place.around(3, LinkMode::Refuse).await;
    place.cluster.reset().await.expect("it starts anew");
    assert_eq!(place.cluster.endpoints(), before);
    assert!(place.cluster.links().await.expect("it answers").iter().all(|link| link.mode == LinkMode::Pass));
    assert_eq!(place.get(3, "a").await, None, "no data is left");
    let log = place.cluster.read_log(2, 1000).await.expect("readable");
    assert_eq!(
        log.iter().filter(|line| line.contains("starting as n2")).count(),
        1,
        "a log of its own: {log:#?}"
    );
    place.put(2, "a", "2").await;
}
