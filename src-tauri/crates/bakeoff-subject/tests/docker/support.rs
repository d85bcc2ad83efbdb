//! What the tests share: a daemon or a reason to skip, an etcd cluster, and the proof that nothing is left.

use bakeoff_subject::docker::compose::{Blueprint, read_text};
use bakeoff_subject::docker::etcd::Etcd;
use bakeoff_subject::docker::labels::Identity;
use bakeoff_subject::docker::project::Project;
use bakeoff_subject::docker::{Engine, sweep};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The image that tests/docker/etcd-image makes.
pub const IMAGE: &str = "bakeoff-lab/etcd:3.4";

/// A daemon that has the image; none when the test is to be skipped.
pub async fn docker_or_skip() -> Option<Engine> {
    let needed = |name: &str, value: &str| std::env::var(name).is_ok_and(|given| given == value);
    let needed = needed("BAKEOFF_TEST_DOCKER", "1") || needed("CI", "true");
    let found = match Engine::connect().await {
        Ok(engine) => match engine.has_image(IMAGE).await {
            Ok(true) => Ok(engine),
            Ok(false) => Err(format!("there is no image {IMAGE}: run tests/docker/etcd-image")),
            Err(error) => Err(error.to_string()),
        },
        Err(error) => Err(error.to_string()),
    };
    match found {
        Ok(engine) => Some(engine),
        Err(reason) => {
            assert!(!needed, "Docker is needed here (see tests/docker/ready): {reason}");
            println!("skipped: no Docker ({reason})");
            None
        }
    }
}

/// A Compose file of three etcd members that find each other by name, each with a volume of its own in memory.
pub fn etcd_compose() -> String {
    let mut text = String::from("services:\n");
    for number in 1..=3 {
        text.push_str(&format!(
            "  n{number}:
    image: {IMAGE}
    command: etcd --name n{number} --data-dir /data/etcd --listen-client-urls http://0.0.0.0:2379 \
--advertise-client-urls http://n{number}:2379 --listen-peer-urls http://0.0.0.0:2380 \
--initial-advertise-peer-urls http://n{number}:2380 --initial-cluster-state new --initial-cluster-token kv \
--initial-cluster n1=http://n1:2380,n2=http://n2:2380,n3=http://n3:2380 --logger zap
    ports: ['2379']
    volumes: ['n{number}:/data']
"
        ));
    }
    text.push_str("volumes:\n");
    for number in 1..=3 {
        text.push_str(&format!(
            "  n{number}: {{driver_opts: {{type: tmpfs, device: tmpfs, o: 'size=192m'}}}}\n"
        ));
    }
    text
}

/// That file, read.
pub fn etcd_blueprint() -> Blueprint {
    let findings = read_text(&etcd_compose());
    assert_eq!((findings.errors, findings.unsupported), (vec![], vec![]), "the test's own file is good");
    findings.blueprint
}

/// A project that can't outlive its test: what is still there when it is dropped is removed.
pub struct Cluster {
    pub project: Project,
    pub etcd: Etcd,
}

impl Cluster {
    /// Three members that elect a leader and take writes.
    pub async fn start(engine: &Engine) -> Self {
        let identity = Identity::new("kv", "tests", "tests");
        let project = Project::up(engine, identity, etcd_blueprint(), IMAGE)
            .await
            .expect("Docker does what the test needs");
        let cluster = Self {
            project,
            etcd: Etcd::new(Duration::from_secs(2)).expect("Docker does what the test needs"),
        };
        cluster.wait("all three members are healthy", async || cluster.healthy().await == 3).await;
        cluster
    }

    /// How many members say that they are healthy.
    pub async fn healthy(&self) -> usize {
        let mut healthy = 0;
        for node in ["n1", "n2", "n3"] {
            let Some(at) = self.at(node).await else { continue };
            healthy += usize::from(self.etcd.status(at).await.is_ok_and(|status| status.healthy));
        }
        healthy
    }

    /// Where a member is reached now.
    pub async fn at(&self, node: &str) -> Option<SocketAddr> {
        self.project.address(node, 2379).await.expect("Docker does what the test needs")
    }

    /// Asks again and again until it is so.
    pub async fn wait(&self, what: &str, mut reached: impl AsyncFnMut() -> bool) -> Duration {
        let begun = Instant::now();
        while !reached().await {
            assert!(begun.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        }
        begun.elapsed()
    }

    /// Removes it, and proves that nothing is left.
    pub async fn end(self) {
        let name = self.project.identity().name.clone();
        self.project.down().await.expect("Docker does what the test needs");
        let left =
            sweep::left_over(self.project.engine(), &name).await.expect("Docker does what the test needs");
        assert!(left.is_empty(), "nothing may be left of {name}: {left:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let engine = self.project.engine().clone();
            let name = self.project.identity().name.clone();
            // A test that fails is on a runtime of its own, which is going away.
            let removed = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("Docker does what the test needs");
                drop(engine);
                runtime.block_on(async { sweep::project(&Engine::connect().await?, &name).await })
            });
            let _ = removed.join();
        }
    }
}
