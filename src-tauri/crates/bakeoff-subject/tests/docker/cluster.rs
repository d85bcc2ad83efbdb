//! etcd in containers, asked and used through this program's own client.

use crate::support::{Cluster, IMAGE, docker_or_skip, etcd_blueprint};
use bakeoff_subject::docker::etcd::Etcd;
use bakeoff_subject::docker::labels::Identity;
use bakeoff_subject::docker::project::Project;
use std::time::{Duration, Instant};

#[tokio::test]
async fn three_members_take_their_first_write_within_seconds() {
    let Some(engine) = docker_or_skip().await else { return };
    let begun = Instant::now();
    let identity = Identity::new("kv", "tests", "boot");
    let project = Project::up(&engine, identity, etcd_blueprint(), IMAGE).await.unwrap();
    let started = begun.elapsed();
    let cluster = Cluster { project, etcd: Etcd::new(Duration::from_secs(2)).unwrap() };
    let at = cluster.at("n1").await.expect("it runs");
    cluster.wait("a write", async || cluster.etcd.put(at, "first", "1").await.is_ok()).await;
    println!("containers after {started:?}, first write after {:?}", begun.elapsed());
    // Alone it takes about 3 s; other tests run at the same time.
    assert!(begun.elapsed() < Duration::from_secs(20), "the boot took {:?}", begun.elapsed());

    cluster.wait("all members are healthy", async || cluster.healthy().await == 3).await;
    let mut leaders = Vec::new();
    let mut terms = Vec::new();
    for node in ["n1", "n2", "n3"] {
        let at = cluster.at(node).await.expect("it runs");
        assert_eq!(cluster.etcd.get(at, "first").await, Ok(Some("1".to_owned())), "{node} has the write");
        let status = cluster.etcd.status(at).await.unwrap();
        assert!(status.version.starts_with("3."), "{status:?}");
        assert!(status.index > 0 && status.database_bytes > 0, "{status:?}");
        terms.push(status.term);
        leaders.extend(status.leader.then_some(node));
    }
    assert_eq!(leaders.len(), 1, "there is one leader: {leaders:?}");
    assert!(terms.iter().all(|term| *term == terms[0]), "all agree on the term: {terms:?}");
    let members = cluster.etcd.members(at).await.unwrap();
    assert_eq!(members.keys().collect::<Vec<_>>(), ["n1", "n2", "n3"], "the members by name");
    cluster.etcd.put(at, "second", "2").await.unwrap();
    assert_eq!(cluster.etcd.count(at, "").await, Ok(2), "all keys");
    assert_eq!(cluster.etcd.count(at, "sec").await, Ok(1), "keys with a prefix");
    assert_eq!(cluster.etcd.get(at, "third").await, Ok(None), "what is not there");
    cluster.end().await;
}
