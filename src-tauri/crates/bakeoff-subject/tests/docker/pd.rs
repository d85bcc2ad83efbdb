//! PD's answers, from a server that gives them as PD does (the shapes are those of PD 8.5's own API).

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use bakeoff_core::lab::{ClusterState, Evidence, HealthSample, LayerState, Oracle, OracleVerdict};
use bakeoff_core::ports::lab::Presence;
use bakeoff_core::subject::Subject;
use bakeoff_subject::docker::pd::{Pd, data_check, members};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// What one PD says.
#[derive(Clone)]
struct Says {
    ready: bool,
    third_store: &'static str,
    missing: u64,
    no_leaders: bool,
}

const GOOD: Says = Says { ready: true, third_store: "Up", missing: 0, no_leaders: false };

async fn pd(says: Says) -> SocketAddr {
    let health = async |State(says): State<Says>| {
        let member =
            |name: &str, health| json!({"name": name, "member_id": 1, "client_urls": [], "health": health});
        let code = if says.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (code, Json(json!([member("pd0", true), member("pd1", says.ready)])))
    };
    let stores = async |State(says): State<Says>, RawQuery(query): RawQuery| {
        let leaders = |id: u64| if says.no_leaders { 0 } else { id };
        assert!(query.is_some_and(|query| query.contains("state=0")), "stores are asked for by state");
        let store = |id: u64, state: &str| {
            json!({
                "store": {"id": id, "address": format!("tikv{id}:20160"), "state_name": state, "version": "8.5.5"},
                "status": {"capacity": "256MiB", "leader_count": leaders(id), "region_count": 3},
            })
        };
        Json(json!({"count": 3, "stores": [store(1, "Up"), store(4, "Up"), store(5, says.third_store)]}))
    };
    let check = async |State(says): State<Says>, Path(check): Path<String>| -> Json<Value> {
        let count = if check == "miss-peer" { says.missing } else { 0 };
        Json(json!({"count": count, "regions": []}))
    };
    let router = Router::new()
        .route("/pd/api/v1/health", get(health))
        .route("/pd/api/v1/stores", get(stores))
        .route("/pd/api/v1/regions/check/{check}", get(check))
        .with_state(says);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
    let address = listener.local_addr().expect("a loopback port is free");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn a_whole_cluster_and_each_way_of_not_being_whole() {
    let client = Pd::new(Duration::from_secs(2)).unwrap();
    let view = async |says: Says| client.view(pd(says).await).await.unwrap();
    let good = GOOD;

    let whole = view(good.clone()).await;
    assert!(whole.is_whole(), "{whole:?}");
    assert_eq!(whole.stores[1].address, "tikv4:20160", "stores by address");
    assert_eq!((whole.stores[1].leaders, whole.stores[1].regions), (4, 3), "with their counts");

    let lost = view(Says { third_store: "Disconnected", ..good.clone() }).await;
    assert!(!lost.is_whole(), "a store without a heartbeat is a loss: {lost:?}");
    assert_eq!(lost.stores[2].state, "Disconnected", "in PD's own word");
    let thin = view(Says { missing: 2, ..good.clone() }).await;
    assert_eq!(thin.region_checks["miss-peer"], 2, "regions that lack a copy");
    assert!(!thin.is_whole(), "{thin:?}");
    let starting = view(Says { ready: false, ..good }).await;
    assert!(!starting.members["pd1"], "a member that is not ready, told with 503");
    assert!(!starting.is_whole(), "{starting:?}");
}

/// A campaign's oracle on what PD and Docker say: `looks` are the looks after the fault, 5 s apart.
async fn verdict(looks: &[(Says, &str)], data: Says) -> (OracleVerdict, Option<i64>) {
    let client = Pd::new(Duration::from_secs(2)).expect("a client can be made");
    let nodes = ["tikv1", "tikv4", "tikv5"];
    let sample = async |at: i64, says: &Says, stopped: &str| {
        let stopped: BTreeMap<String, String> = stopped
            .split_whitespace()
            .map(|node| (node.to_owned(), "its container has ended".to_owned()))
            .collect();
        let view = client.view(pd(says.clone()).await).await;
        HealthSample { at, entries: Vec::new(), members: members(&view, &nodes, &stopped) }
    };
    let mut oracle = Oracle::new(&subject());
    oracle.add(sample(0, &GOOD, "").await);
    let state = ClusterState { members: nodes.map(str::to_owned).to_vec(), ..ClusterState::default() };
    oracle.begin(state.clone()).expect("it is healthy without a single write");
    oracle.landed(1_000);
    for (number, (says, stopped)) in (1..).zip(looks) {
        oracle.add(sample(number * 5_000, says, stopped).await);
    }
    let view = client.view(pd(data).await).await;
    let evidence = Evidence {
        at: looks.len() as i64 * 5_000,
        data: &data_check(&view),
        presence: &Presence::Absent("it runs".to_owned()),
        state: Ok(&state),
    };
    (oracle.judge(&evidence), oracle.restored_at())
}

#[tokio::test]
async fn a_cluster_without_writes_is_judged_by_its_own_word_and_says_so() {
    let lost = Says { third_store: "Disconnected", ..GOOD };
    let good = (GOOD, "");
    // The container ends at once, PD notices later, and then all is well for the hold time.
    let repaired = [
        (GOOD, "tikv5"),
        (lost.clone(), "tikv5"),
        (lost.clone(), ""),
        good.clone(),
        good.clone(),
        good.clone(),
    ];
    let (whole, restored) = verdict(&repaired, GOOD).await;
    assert!(whole.passed(), "{whole:?}");
    assert_eq!(restored, Some(20_000), "the first look at which all stores were up again");
    for layer in [&whole.service, &whole.integrity] {
        assert!(layer.reason.contains("not a write test"), "nobody may take it for one: {layer:?}");
    }
    assert!(
        whole.service.reason.contains("all 5 members ran and were up"),
        "with PD's own members: {whole:?}"
    );
    assert!(
        whole.integrity.reason.contains("all 10 regions have a leader and all their copies"),
        "{whole:?}"
    );

    let (broken, restored) =
        verdict(&[(GOOD, "tikv5"), (lost.clone(), "tikv5"), (lost.clone(), "")], GOOD).await;
    assert_eq!(restored, None);
    assert_eq!(
        (broken.service.state, broken.redundancy.state),
        (LayerState::Fail, LayerState::Fail),
        "{broken:?}"
    );
    assert!(broken.service.reason.contains("its store is Disconnected"), "{broken:?}");
    let (paused, _) = verdict(&[good.clone(), (GOOD, "tikv4"), (GOOD, "tikv4")], GOOD).await;
    assert!(paused.service.reason.contains("its container has ended"), "before PD notices: {paused:?}");

    let thin = Says { missing: 2, ..GOOD };
    let (copies, _) = verdict(&[good.clone(), good.clone(), good.clone()], thin).await;
    assert_eq!(copies.integrity.state, LayerState::Fail);
    assert!(copies.integrity.reason.contains("2 with miss-peer"), "{copies:?}");
    let (unasked, _) = verdict(&[good.clone(), good.clone(), good], Says { no_leaders: true, ..GOOD }).await;
    assert_eq!(unasked.integrity.state, LayerState::Unknown, "no region is no word about data: {unasked:?}");
}

/// Three stores, of which nothing is written through any.
fn subject() -> Subject {
    let text = "kind: docker\nprobe: pd\nnodes: [{name: tikv1, port: 20160}, {name: tikv4, port: 20160}, {name: tikv5, port: 20160}]\n\
                services:\n  tikv1: {image: a}\n  tikv4: {image: a}\n  tikv5: {image: a}\n\
                timing: {hold_seconds: 10, sample_seconds: 2.5}\nfaults: [node_kill]\n";
    let checked = bakeoff_core::subject::check("tikv", text);
    checked.value.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

#[tokio::test]
async fn a_pd_that_does_not_answer_is_an_error_and_no_empty_cluster() {
    let client = Pd::new(Duration::from_millis(300)).expect("a loopback port is free");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(
        client.view(address).await,
        Err("no answer in time".to_owned()),
        "it listens and says nothing"
    );
    drop(listener);
    let refused = client.view(address).await.unwrap_err();
    assert!(refused.contains("refused"), "nobody listens: {refused}");
}
