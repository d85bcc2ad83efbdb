//! Fault campaigns on a real etcd cluster in Docker, through the real program. Where no Docker answers they say "skipped"
//! and pass, unless CI=true or BAKEOFF_TEST_DOCKER=1.

use crate::support::{Place, docker, has_docker, left_by, list, text, until, wardens_of};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The starter's etcd with times for a test, and its agents with one that destroys.
fn place() -> Place {
    let mut place = Place::starter();
    if let Ok(host) = std::env::var("DOCKER_HOST") {
        place.set_variable("DOCKER_HOST", &host);
    }
    let quick = [
        ("interval_seconds: 5", "interval_seconds: 0.5"),
        // Far more than a busy machine needs for a read, and less than the tests' delays.
        ("latency_ms: 100", "latency_ms: 300"),
        ("latency_ms: 250", "latency_ms: 400"),
        ("latency_for_seconds: 15", "latency_for_seconds: 4"),
        ("warm_up_seconds: 30", "warm_up_seconds: 3"),
        ("hold_seconds: 15", "hold_seconds: 8"),
    ];
    let mut subject = place.read("subjects/etcd.yaml");
    for (written, wanted) in quick {
        assert!(subject.contains(written), "the starter's etcd says {written}");
        subject = subject.replace(written, wanted);
    }
    place.write("subjects/etcd.yaml", subject);
    place.write(
        "variants/vandals.yaml",
        "provider: builtin\nmodel: vandal\nsystem_prompt: Delete what is broken.\n",
    );
    place
}

/// Docker tests of this program run one after the other: several clusters at once make two cores slower than any bound.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn campaign(place: &Place, subject: &str, faults: &str, variants: &str, rest: &str) {
    let text =
        format!("subjects: [{subject}]\nchaos_types: [{faults}]\nvariants: [{variants}]\nseed: 3\n{rest}");
    place.write("campaigns/breaks.yaml", text);
}

fn trials(place: &Place) -> Vec<Value> {
    list(&place.json(&["show", "1", "--trials", "100"]), "/trials").to_vec()
}

/// Runs a campaign to its end, however long it takes, and says what it said.
fn run(place: &Place, arguments: &[&str]) -> (Option<i32>, String, u32) {
    let mut running = place.start(arguments);
    let pid = running.id();
    let end = Instant::now() + Duration::from_secs(1800);
    while !running.has_ended() {
        assert!(Instant::now() < end, "the campaign hangs; it said {}", running.said());
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let ran = running.wait();
    (ran.code, format!("{}\n{}", ran.out, ran.err), pid)
}

fn nothing_is_left_by(pid: u32) {
    until("nothing is left in Docker and no warden runs", || left_by(pid).is_empty() && wardens_of(pid) == 0);
}

/// The oracle on every fault: it must fail while the fault is in (nobody repairs), pass after the right repair, and fail
/// after a vandal's.
fn oracle_matrix(place: &Place, subject: &str, faults: &str, rest: &str) {
    campaign(place, subject, faults, "runbook, vandals", rest);
    let (code, said, pid) = run(place, &["run", "breaks"]);
    assert_eq!(code, Some(0), "{said}");
    let rows = trials(place);
    for row in &rows {
        let (case, variant) = (text(row, "/case_id"), text(row, "/variant"));
        let expected = match variant {
            "no-agent" => "timeout",
            "runbook" => "pass",
            _ => "fail",
        };
        let told = || place.json(&["show", "1", "--trial", &row["number"].to_string()]);
        assert_eq!(text(row, "/outcome"), expected, "{case} × {variant}: {:#}", told());
    }
    assert_eq!(rows.len() % 3, 0, "every fault has all three: {}", rows.len());
    assert!(!rows.is_empty());
    assert_eq!(place.json(&["faults", "list"]), json!([]), "nothing is in force");
    if subject == "etcd" {
        nothing_is_left_by(pid);
    }
}

#[test]
fn the_oracle_judges_faults_repairs_and_vandals_on_etcd() {
    if !has_docker() {
        return;
    }
    let _alone = alone();
    let rest = "include_baseline: true\nparallel: 3\ntimeout_seconds: 30\n";
    let faults = "{type: latency, params: {min_ms: 500, max_ms: 700}}";
    let all = "{type: disk_pressure}, {type: node_kill}, {type: node_pause}, {type: packet_loss, params: {percent: 80}}, \
        {type: network_partition}, {type: network_partition, params: {direction: asymmetric}}";
    let faults = match std::env::var_os("BAKEOFF_SOAK") {
        Some(_) => format!("{faults}, {all}"),
        None => faults.to_owned(),
    };
    oracle_matrix(&place(), "etcd", &faults, rest);
}

#[test]
fn the_oracle_judges_faults_repairs_and_vandals_on_the_embedded_cluster() {
    let rest = "include_baseline: true\nparallel: 3\ntimeout_seconds: 15\n";
    let faults = "{type: latency, params: {min_ms: 200, max_ms: 400}}, {type: disk_pressure}";
    let all = "{type: node_kill}, {type: node_pause}, {type: network_partition}, \
        {type: network_partition, params: {direction: asymmetric}}";
    let faults = match std::env::var_os("BAKEOFF_SOAK") {
        Some(_) => format!("{faults}, {all}"),
        None => faults.to_owned(),
    };
    let place = Place::starter();
    place.write(
        "variants/vandals.yaml",
        "provider: builtin\nmodel: vandal\nsystem_prompt: Delete what is broken.\n",
    );
    oracle_matrix(&place, "embedded", &faults, rest);
}

/// SIGKILL of the program while its faults are in: its warden undoes them and removes everything, at once and alone.
#[test]
fn nothing_is_left_in_docker_after_the_program_was_killed() {
    if !has_docker() {
        return;
    }
    let _alone = alone();
    let place = place();
    let faults = "{type: network_partition}, {type: disk_pressure}, {type: node_pause}, {type: packet_loss}";
    campaign(&place, "etcd", faults, "runbook-short", "parallel: 2\ntimeout_seconds: 60\n");
    let kills = if std::env::var_os("BAKEOFF_SOAK").is_some() { 20 } else { 3 };
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for kill in 0..kills {
        let running = place.start(&["run", "breaks"]);
        let pid = running.id();
        // Somewhere between the first container and the agent's work; the last kill of three is in the middle of a fault.
        let moment = Duration::from_millis(500 + u64::from(random.next_u32() % 14_000));
        let begun = Instant::now();
        match kill % 3 {
            2 => until("a fault is in", || {
                let faults = place.json(&["faults", "list"]);
                list(&faults, "").iter().any(|row| row["state"] == "landed")
            }),
            _ => {
                until("something is in Docker", || !left_by(pid).is_empty());
                until("a moment", || begun.elapsed() > moment);
            }
        }
        assert_eq!(wardens_of(pid), 1, "one warden watches");
        let killed = Instant::now();
        running.kill();
        nothing_is_left_by(pid);
        println!("kill {kill}: all gone after {:?}", killed.elapsed());
        assert_eq!(place.json(&["faults", "list"]), json!([]), "the next start closes the journal");
    }
}

/// Between the program and Docker, to be cut.
struct Gate {
    port: u16,
    is_open: Arc<AtomicBool>,
    passing: Arc<Mutex<Vec<TcpStream>>>,
}

impl Gate {
    /// A loopback port that leads to Docker's socket.
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let (is_open, passing) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
        let gate = Self { port, is_open: Arc::clone(&is_open), passing: Arc::clone(&passing) };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // A closed gate drops the connection, as a daemon does that is gone.
                if is_open.load(Ordering::SeqCst) {
                    let kept = client.try_clone().expect("a socket can be shared");
                    passing.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
                    let _ = carry(client);
                }
            }
        });
        gate
    }

    /// Cuts what passes and lets nothing more through.
    fn cut(&self) {
        self.is_open.store(false, Ordering::SeqCst);
        for stream in self.passing.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // It may have ended.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }
}

fn carry(client: TcpStream) -> io::Result<()> {
    let server = UnixStream::connect("/var/run/docker.sock")?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
    let (mut from, mut to) = (server, client);
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
    Ok(())
}

#[test]
fn docker_that_is_gone_in_the_middle_of_a_trial_is_no_ones_failure_and_the_next_trial_is_clean() {
    if !has_docker() || !std::path::Path::new("/var/run/docker.sock").exists() {
        return;
    }
    let _alone = alone();
    let mut place = place();
    let gate = Gate::open();
    place.set_variable("DOCKER_HOST", &format!("tcp://127.0.0.1:{}", gate.port));
    // Nobody repairs, so that a fault is in for longer than a busy machine needs to see it.
    place.write("variants/bystander.yaml", "provider: builtin\nmodel: noop\nsystem_prompt: Look.\n");
    let faults = "{type: latency, params: {min_ms: 200, max_ms: 400}}, {type: node_pause}";
    let rest = "parallel: 1\ntimeout_seconds: 30\n";
    campaign(&place, "etcd", faults, "bystander", rest);
    let running = place.start(&["run", "breaks"]);
    let pid = running.id();
    until("a fault is in", || {
        list(&place.json(&["faults", "list"]), "").iter().any(|row| row["state"] == "landed")
    });
    gate.cut();
    let ran = running.wait();
    let rows = trials(&place);
    assert!(!rows.is_empty(), "{}\n{}", ran.out, ran.err);
    assert!(rows.iter().all(|row| row["outcome"] == "infra_error"), "nobody failed: {rows:#?}");
    ran.says("failed to reach Docker");
    gate.mend();
    nothing_is_left_by(pid);
    campaign(&place, "etcd", faults, "runbook", rest);
    let (code, said, pid) = run(&place, &["run", "breaks"]);
    assert_eq!(code, Some(0), "{said}");
    let newest = place.newest_run()["id"].to_string();
    let rows = list(&place.json(&["show", &newest, "--trials", "100"]), "/trials").to_vec();
    assert!(rows.iter().any(|row| row["outcome"] == "pass"), "the next trial is clean: {rows:#?}");
    nothing_is_left_by(pid);
}

#[test]
fn an_image_that_is_missing_and_a_subject_that_never_gets_healthy_are_told_with_what_to_do() {
    if !has_docker() {
        return;
    }
    let _alone = alone();
    let place = place();
    let etcd = place.read("subjects/etcd.yaml");
    place.write(
        "subjects/lost.yaml",
        etcd.replace("name: etcd\n", "name: lost\n").replace("etcd:3.4", "lost:1"),
    );
    let dead = etcd
        .replace("name: etcd\n", "name: dead\n")
        .replace("    command: >-\n      etcd ", "    command: >-\n      sleep 100 ");
    place.write("subjects/dead.yaml", dead.replace("timing:\n", "timing:\n  boot_seconds: 3\n"));
    place.run(&["validate"]).expect_code(0);

    let rows = place.json(&["subject", "list"]);
    let lost = list(&rows, "").iter().find(|row| row["name"] == "lost").expect("it is listed");
    assert_eq!(lost["is_ready"], false, "{lost:#}");
    assert!(lost.to_string().contains("docker build -t bakeoff-lab/lost:1"), "what to do: {lost:#}");
    place.run(&["doctor"]).prints("Docker engine").prints("bakeoff-lab/lost:1").prints("latency by");

    for (subject, words) in [("lost", "docker build"), ("dead", "never got healthy within 3 s")] {
        campaign(&place, subject, "{type: node_kill}", "runbook", "timeout_seconds: 20\n");
        let (_, said, pid) = run(&place, &["run", "breaks"]);
        let newest = place.newest_run();
        let shown = place.json(&["show", &newest["id"].to_string(), "--trials", "5"]);
        let detail = place.json(&["show", &newest["id"].to_string(), "--trial", "1"]);
        assert_eq!(list(&shown, "/trials").len(), 1, "{shown:#}");
        assert_eq!(text(&shown, "/trials/0/outcome"), "infra_error", "{said}");
        assert!(detail.to_string().contains(words), "{words}: {detail:#}");
        nothing_is_left_by(pid);
    }
}

#[test]
fn a_stopped_run_leaves_nothing_in_docker() {
    if !has_docker() {
        return;
    }
    let _alone = alone();
    let place = place();
    campaign(&place, "etcd", "{type: packet_loss}", "runbook", "timeout_seconds: 30\n");
    let running = place.start(&["run", "breaks"]);
    let pid = running.id();
    until("its nodes are there", || left_by(pid).len() >= 5);
    running.interrupt();
    running.wait();
    nothing_is_left_by(pid);
    assert!(docker(&["version", "--format", "{{.Server.Version}}"]).is_ok(), "Docker itself still answers");
}

/// A user's own program: it starts what is not running, and says what it saw.
const OWN_AGENT: &str = r#"
import json, subprocess, sys

task = json.load(sys.stdin)
def run(*words):
    done = subprocess.run([task["labctl"]["command"], *words], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else done.stderr

before = run("node", "list")
# The ticket may be about another node, one that misses its leader.
node, state = next(line.split()[:2] for line in before.splitlines() if line.split()[1] != "running")
said = [run("node", "start", node), run("node", "exec", node, "--", "id", "-u"), run("node", "start", "n9")]
print(json.dumps({"resolved": True, "summary": f"{node} was {state}; {said}"}))
"#;

#[test]
fn a_program_of_the_user_repairs_etcd_through_labctl() {
    if !has_docker() {
        return;
    }
    let _alone = alone();
    let place = place();
    place.write("agent.py", OWN_AGENT);
    place.write("variants/mine.yaml", "provider: anthropic\nmodel: mine-1\nprompt: unused\n");
    let rest = "agent: {command: [python3, agent.py]}\ntimeout_seconds: 60\n";
    campaign(&place, "etcd", "{type: node_kill}", "mine", rest);
    let (code, said, pid) = run(&place, &["run", "breaks"]);
    assert_eq!(code, Some(0), "{said}");
    let trial = place.json(&["show", "1", "--trial", "1"]);
    assert_eq!(text(&trial, "/row/outcome"), "pass", "{trial:#}");
    let answer = text(&trial, "/answer");
    assert!(
        answer.contains("was stopped; ['ok\\n', '"),
        "a state by `node list`, a start, a command inside: {answer}"
    );
    assert!(answer.contains("n9"), "a node that there is not is told: {answer}");
    assert_eq!(trial["fault"]["trial"]["commands"], 4, "all that came through labctl is counted: {trial:#}");
    let audit = list(&trial, "/fault/audit");
    let start = audit.iter().find(|entry| text(entry, "/content").starts_with("labctl node start"));
    let start = start.unwrap_or_else(|| panic!("the repair is not in the audit: {audit:#?}"));
    assert_eq!((text(start, "/tool"), text(start, "/class")), ("labctl", "repair"));
    nothing_is_left_by(pid);
}
