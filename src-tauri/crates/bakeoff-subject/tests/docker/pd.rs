//! PD's answers, from a server that gives them as PD does (the shapes are those of PD 8.5's own API).

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use bakeoff_subject::docker::pd::Pd;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// What one PD says.
#[derive(Clone)]
struct Says {
    ready: bool,
    third_store: &'static str,
    missing: u64,
}

async fn pd(says: Says) -> SocketAddr {
    let health = async |State(says): State<Says>| {
        let member =
            |name: &str, health| json!({"name": name, "member_id": 1, "client_urls": [], "health": health});
        let code = if says.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (code, Json(json!([member("pd0", true), member("pd1", says.ready)])))
    };
    let stores = async |State(says): State<Says>, RawQuery(query): RawQuery| {
        assert!(query.is_some_and(|query| query.contains("state=0")), "stores are asked for by state");
        let store = |id: u64, state: &str| {
            json!({
                "store": {"id": id, "address": format!("tikv{id}:20160"), "state_name": state, "version": "8.5.5"},
                "status": {"capacity": "256MiB", "leader_count": id, "region_count": 3},
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
    let good = Says { ready: true, third_store: "Up", missing: 0 };

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
