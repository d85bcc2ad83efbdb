//! What a cluster costs and how quick it is, on this machine, as one line each:
//! `cargo run --release -p bakeoff-cluster --example measure -- PROGRAM [ROUNDS]`, where PROGRAM is the built
//! `bakeoff-cluster` or `bakeoff`.

use bakeoff_cluster::{Cluster, ClusterOptions};
use std::path::Path;
use std::time::{Duration, Instant};

const MEASURED: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().expect("the first argument is the program");
    let rounds: u32 = arguments.next().map_or(5, |rounds| rounds.parse().expect("a number of rounds"));
    let parent = std::env::temp_dir().join(format!("ledger-measure-{}", std::process::id()));
    for round in 0..rounds {
        one(&program, &parent.join(round.to_string()), round == 0).await;
    }
    std::fs::remove_dir(&parent).expect("every instance has removed its folder");
}

async fn one(program: &str, dir: &Path, all: bool) {
    let start = Instant::now();
    let cluster = Cluster::start(ClusterOptions::new(program, dir)).await.expect("it starts");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let urls: Vec<String> = cluster.endpoints().iter().map(|endpoint| endpoint.url.clone()).collect();
    let put = async |url: &str, key: String| {
        let request = client.put(format!("{url}/kv/{key}")).body("value").timeout(Duration::from_secs(2));
        request.send().await.is_ok_and(|answer| answer.status().is_success())
    };
    assert!(put(&urls[0], "first".into()).await, "the first write is acknowledged");
    println!("start until the first write: {:.2} s", start.elapsed().as_secs_f64());
    let nodes = cluster.status().await.expect("it answers").nodes;
    let leader =
        cluster.ask_node(1, "/status").await.expect("it answers")["leader"].as_u64().expect("one leads");
    let leads = &urls[usize::try_from(leader - 1).expect("a number")];
    if all {
        let pids: Vec<u32> = nodes.iter().filter_map(|node| node.pid).chain(cluster.host_pid()).collect();
        let (before, began) = (cpu_seconds(&pids), Instant::now());
        tokio::time::sleep(MEASURED).await;
        let share = (cpu_seconds(&pids) - before) / began.elapsed().as_secs_f64();
        println!("idle: {:.1} % of a core, {:.1} MB resident together", share * 100.0, resident_mb(&pids));

        let (mut written, began) = (0_u32, Instant::now());
        while began.elapsed() < MEASURED / 4 {
            written += u32::from(put(leads, format!("serial-{}", written % 500)).await);
        }
        println!("writes one after the other: {:.0}/s", f64::from(written) / began.elapsed().as_secs_f64());
        let (mut written, began) = (0_u32, Instant::now());
        while began.elapsed() < MEASURED / 2 {
            let batch = (0..64).map(|number| put(leads, format!("batch-{number}")));
            written += futures::future::join_all(batch).await.into_iter().map(u32::from).sum::<u32>();
        }
        println!("writes 64 at once: {:.0}/s", f64::from(written) / began.elapsed().as_secs_f64());
        println!("after {written} writes: {:.1} MB resident together", resident_mb(&pids));
    }
    let other = &urls[usize::try_from(leader % 3).expect("a number")];
    cluster.kill_node(leader).await.expect("it runs");
    let killed = Instant::now();
    while !put(other, "again".into()).await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!("leader killed until a write is acknowledged: {:.2} s", killed.elapsed().as_secs_f64());
    let began = Instant::now();
    cluster.start_node(leader).await.expect("it starts");
    cluster.wait_ready(Duration::from_secs(20)).await.expect("it catches up");
    println!("started again until all are healthy: {:.2} s", began.elapsed().as_secs_f64());
    cluster.shutdown().await.expect("it ends");
}

/// User and system time of processes together.
fn cpu_seconds(pids: &[u32]) -> f64 {
    let ticks = pids.iter().map(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let fields: Vec<u64> = stat
            .rsplit(") ")
            .next()
            .unwrap_or_default()
            .split(' ')
            .map(|word| word.parse().unwrap_or(0))
            .collect();
        fields[11] + fields[12]
    });
    // Linux counts in hundredths of a second for every program.
    ticks.sum::<u64>() as f64 / 100.0
}

fn resident_mb(pids: &[u32]) -> f64 {
    let pages = pids.iter().map(|pid| {
        let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).expect("it runs");
        statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0)
    });
    pages.sum::<u64>() as f64 * 4096.0 / 1e6
}
