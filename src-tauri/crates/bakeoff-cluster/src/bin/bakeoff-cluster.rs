//! A program with nothing but the two roles, for this crate's tests and measurements.

use bakeoff_cluster::{Cluster, ClusterOptions};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((role, rest)) if role == "cluster-node" => bakeoff_cluster::node_main(rest),
        Some((role, [])) if role == "cluster-host" => bakeoff_cluster::host_main(),
        Some((role, [dir])) if role == "control" => control(dir),
        _ => {
            eprintln!("expected cluster-host, cluster-node with its arguments, or control DIR");
            ExitCode::FAILURE
        }
    }
}

/// Controls a cluster whose second node is paused until this process is killed.
fn control(dir: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let binary = std::env::current_exe().expect("this program has a path");
        let cluster = Cluster::start(ClusterOptions::new(binary, dir)).await.expect("it starts");
        cluster.pause_node(2).await.expect("it can be paused");
        let nodes = cluster.status().await.expect("it answers").nodes;
        let pids = nodes.iter().filter_map(|node| node.pid).chain(cluster.host_pid());
        println!("{}", pids.map(|pid| pid.to_string()).collect::<Vec<_>>().join(" "));
        std::future::pending::<()>().await;
    });
    ExitCode::SUCCESS
}
