//! The embedded cluster out of this program: it starts itself in the roles of host and nodes.

use bakeoff_cluster::{Cluster, ClusterOptions};
use std::process::Command;

#[test]
fn the_program_is_a_cluster_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = ClusterOptions::new(env!("CARGO_BIN_EXE_bakeoff"), folder.path().join("one"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let cluster = Cluster::start(options).await.expect("it starts");
        let health = cluster.ask_node(2, "/health").await.expect("it answers");
        assert_eq!(health["healthy"], true, "{health}");
        cluster.shutdown().await.expect("it ends");
    });
    assert!(!folder.path().join("one").exists());
}

#[test]
fn nobody_is_offered_its_roles() {
    let help = Command::new(env!("CARGO_BIN_EXE_bakeoff")).arg("--help").output().expect("it can be started");
    let help = String::from_utf8(help.stdout).expect("it is text");
    assert!(help.contains("list-variants") && !help.contains("cluster"), "{help}");
}
