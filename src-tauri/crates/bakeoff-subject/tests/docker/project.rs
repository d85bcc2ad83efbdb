//! Projects, commands in them, their events, and the sweep.

use crate::support::{Cluster, IMAGE, docker_or_skip, etcd_blueprint};
use bakeoff_subject::docker::compose::read_text;
use bakeoff_subject::docker::container::{Done, Phase};
use bakeoff_subject::docker::exec::{Exec, KEPT_BYTES};
use bakeoff_subject::docker::labels::{Identity, Owner};
use bakeoff_subject::docker::project::Project;
use bakeoff_subject::docker::sweep;
use futures::StreamExt;
use std::time::{Duration, SystemTime};

fn sleeper() -> String {
    format!("services: {{a: {{image: '{IMAGE}', command: sleep infinity}}}}")
}

#[tokio::test]
async fn verbs_are_idempotent_and_everything_is_recorded_by_docker() {
    let Some(engine) = docker_or_skip().await else { return };
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
    let identity = Identity::new("kv", "tests", "verbs");
    let name = identity.name.clone();
    let project = Project::up(&engine, identity, read_text(&sleeper()).blueprint, IMAGE).await.unwrap();
    let a = project.node("a").unwrap().container.clone();

    assert_eq!(engine.start(&a).await, Ok(Done::Already), "it runs");
    assert_eq!(engine.unpause(&a).await, Ok(Done::Already), "it is not paused");
    assert_eq!(engine.pause(&a).await, Ok(Done::Changed), "now it is");
    assert_eq!(engine.pause(&a).await, Ok(Done::Already), "twice is fine");
    let refused = engine.exec(&a, &Exec::shell("true")).await.unwrap_err();
    assert_eq!(refused.status(), Some(409), "nothing runs in a paused container: {refused}");
    assert_eq!(engine.start(&a).await, Ok(Done::Already), "starting does not unpause");
    assert_eq!(engine.kill(&a, "KILL").await, Ok(Done::Changed), "a paused container can be killed");
    let gone = |phase: Phase| phase == Phase::Exited;
    engine
        .wait_for(&a, Duration::from_secs(5), "ends", |state| state.is_some_and(|it| gone(it.phase)))
        .await
        .unwrap();
    assert_eq!(engine.kill(&a, "KILL").await, Ok(Done::Already), "it is dead");
    assert_eq!(engine.unpause(&a).await, Ok(Done::Already), "a dead container needs no unpausing");
    assert_eq!(engine.stop(&a, Duration::ZERO).await, Ok(Done::Already), "it has stopped");
    assert!(engine.pause(&a).await.is_err(), "a dead container can't be paused, and that is said");
    assert_eq!(engine.start(&a).await, Ok(Done::Changed), "it starts again");
    assert_eq!(engine.restart(&a, Duration::ZERO).await, Ok(Done::Changed), "and again");
    let nowhere = engine.kill("kv-000000-no-1", "KILL").await;
    assert_eq!(nowhere, Ok(Done::Gone), "what does not exist is told apart");

    let mut events = std::pin::pin!(engine.events(&name, since - 1, Some(since + 600)));
    let mut actions = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(2), events.next()).await {
        let event = event.unwrap();
        assert_eq!(event.who, "a", "the only container: {event:?}");
        actions.push(event.action);
        if actions.last().is_some_and(|action| action == "restart") {
            break;
        }
    }
    let mut rest = actions.iter();
    for expected in ["create", "start", "pause", "kill", "die", "start", "restart"] {
        assert!(
            rest.any(|action| action == expected),
            "{expected} is missing in the daemon's record: {actions:?}"
        );
    }
    let usage = engine.usage(&a).await.unwrap();
    assert!(usage.memory_bytes > 0, "it uses memory: {usage:?}");

    let swept = project.down().await.unwrap();
    assert_eq!(swept.containers, [a], "what was removed is told");
    assert!(project.down().await.unwrap().is_empty(), "a second time there is nothing");
}

#[tokio::test]
async fn commands_are_limited_in_time_and_output() {
    let Some(engine) = docker_or_skip().await else { return };
    let identity = Identity::new("kv", "tests", "exec");
    let project = Project::up(&engine, identity, read_text(&sleeper()).blueprint, IMAGE).await.unwrap();
    let a = project.node("a").unwrap().container.clone();

    let executed = engine.exec(&a, &Exec::shell("echo out; echo err >&2; exit 3")).await.unwrap();
    assert_eq!(
        (executed.stdout.text().as_str(), executed.stderr.text().as_str()),
        ("out\n", "err\n"),
        "both streams"
    );
    assert_eq!(executed.exit_code, Some(3), "its exit code");
    let user = engine.exec(&a, &Exec::shell("id -u").as_user("65534")).await.unwrap();
    assert_eq!(user.success("id").unwrap(), "65534", "as whom it was told");

    let flood = engine.exec(&a, &Exec::shell("seq 1 2000000")).await.unwrap();
    assert_eq!(flood.stdout.total(), 14_888_896, "every byte was read");
    assert!(flood.stdout.text().len() < 2 * KEPT_BYTES + 100, "but only the ends are kept");
    assert!(flood.stdout.text().ends_with("1999999\n2000000\n"), "the end too");

    let slow = engine
        .exec(&a, &Exec::shell("echo begun; sleep 600").within(Duration::from_millis(500)))
        .await
        .unwrap();
    assert_eq!(
        (slow.exit_code, slow.stdout.text().as_str()),
        (None, "begun\n"),
        "what took too long has no code"
    );
    assert!(slow.elapsed < Duration::from_secs(5), "and is not waited for: {:?}", slow.elapsed);
    project.down().await.unwrap();
}

#[tokio::test]
async fn nodes_reach_each_other_and_nothing_else_and_nothing_tells_where_they_are() {
    let Some(engine) = docker_or_skip().await else { return };
    let cluster = Cluster::start(&engine).await;
    let n1 = cluster.project.node("n1").unwrap().container.clone();
    let shell = async |line: &str| engine.exec(&n1, &Exec::shell(line)).await.unwrap();

    let peers = shell("curl -s http://n2:2379/health").await.success("ask n2").unwrap();
    assert!(peers.contains("true"), "peers answer by name: {peers}");
    let routes = shell("ip route get 192.0.2.1 2>&1; cat /proc/net/route").await.stdout.text();
    println!("{routes}");
    let outer =
        shell("for a in $(ip -o -4 addr | sed -n 's/.* inet \\([0-9.]*\\).*/\\1/p'); do echo $a; done").await;
    assert_eq!(outer.stdout.text().lines().count(), 3, "loopback, peers, ports: {}", outer.stdout.text());

    let mut seen =
        shell("hostname; env; cat /etc/hosts /etc/resolv.conf; cat /proc/mounts; ps aux").await.stdout.text();
    seen = seen.to_lowercase().replace("default", "");
    for word in ["chaos", "fault", "bakeoff", "trial"] {
        assert!(!seen.contains(word), "{word} can be seen from inside:\n{seen}");
    }
    let state = cluster.project.state("n1").await.unwrap().unwrap();
    assert!(state.ports[&2379].ip().is_loopback(), "ports are on loopback only");
    cluster.end().await;
}

#[tokio::test]
async fn a_project_that_can_not_be_made_leaves_nothing() {
    let Some(engine) = docker_or_skip().await else { return };
    let identity = Identity::new("kv", "tests", "broken");
    let name = identity.name.clone();
    let text = format!(
        "services: {{a: {{image: '{IMAGE}', command: sleep infinity}}, \
         b: {{image: '{IMAGE}', command: sleep infinity, user: nobody-here, depends_on: [a]}}}}"
    );
    let error =
        Project::up(&engine, identity, read_text(&text).blueprint, IMAGE).await.unwrap_err().to_string();
    assert!(error.contains("nobody-here"), "Docker's own words: {error}");
    assert!(sweep::left_over(&engine, &name).await.unwrap().is_empty(), "nothing is left");

    let identity = Identity::new("kv", "tests", "no image");
    let text = "services: {a: {image: 'example/none:1'}}";
    let error =
        Project::up(&engine, identity, read_text(text).blueprint, IMAGE).await.unwrap_err().to_string();
    assert!(error.contains("example/none:1") && error.contains("docker pull"), "what to do: {error}");
}

#[tokio::test]
async fn the_sweep_removes_what_dead_owners_left_and_nothing_else() {
    let Some(engine) = docker_or_skip().await else { return };
    let living = Identity::new("kv", "tests", "living");
    let mut dead = Identity::new("kv", "tests", "dead");
    dead.owner = Owner { pid: 4_000_000, started: 1, boot: dead.owner.boot.clone() };
    let (living_name, dead_name) = (living.name.clone(), dead.name.clone());
    let mut blueprint = etcd_blueprint();
    blueprint.services.truncate(1);
    let living = Project::up(&engine, living, blueprint.clone(), IMAGE).await.unwrap();
    // It only has to be there: one member of three never becomes healthy.
    Project::up(&engine, dead, blueprint, IMAGE).await.unwrap();

    let swept = sweep::dead_owners(&engine).await.unwrap();
    let of_dead = swept.containers.iter().filter(|name| name.starts_with(&dead_name)).count();
    assert_eq!(of_dead, 2, "its node and its keeper: {swept:?}");
    assert!(swept.volumes.iter().any(|name| name.starts_with(&dead_name)), "its volumes: {swept:?}");
    assert!(swept.networks.iter().any(|name| name.starts_with(&dead_name)), "its networks: {swept:?}");
    assert!(sweep::left_over(&engine, &dead_name).await.unwrap().is_empty(), "all of it is gone");
    let left = sweep::left_over(&engine, &living_name).await.unwrap();
    assert_eq!(left.containers.len(), 2, "what a living program owns stays: {left:?}");
    living.down().await.unwrap();
}
