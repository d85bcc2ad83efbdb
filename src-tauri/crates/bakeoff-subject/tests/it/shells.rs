//! The agent's shell: what it can do, and what it can't.

use crate::support::Lab;
use bakeoff_core::ports::lab::{Shell, ShellOutput};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

async fn run(shell: &Arc<dyn Shell>, command: &str) -> ShellOutput {
    shell.run(command, LIMIT).await.expect("it runs")
}

/// Whether this machine has a jail for commands; then the shell must use it.
async fn has_jail(shell: &Arc<dyn Shell>) -> bool {
    let works = bakeoff_subject::bubblewrap().await.is_ok();
    assert_eq!(shell.tier(), if works { "bwrap" } else { "commands only" });
    works
}

#[tokio::test(flavor = "multi_thread")]
async fn labctl_and_the_nodes_are_reached() {
    let lab = Lab::new();
    let instance = lab.open().await;
    let shell = instance.open_shell().await.expect("a shell");
    has_jail(&shell).await;
    let list = run(&shell, "labctl node list").await;
    assert_eq!(list.exit_code, 0, "{list:?}");
    assert_eq!(list.output.lines().count(), 3);
    assert!(list.output.contains("leader"), "{list:?}");
    let url = list.output.lines().find_map(|line| line.split_whitespace().last()).expect("an address");
    let health = run(&shell, &format!("curl -s {url}/health")).await;
    assert!(health.output.contains("\"healthy\":true"), "{health:?}");
    let wrong = run(&shell, "labctl node strat n1").await;
    assert!(wrong.exit_code == 2 && wrong.output.contains("start"), "{wrong:?}");
    let stopped = run(&shell, "labctl node stop n2").await;
    assert_eq!((stopped.exit_code, stopped.output.as_str()), (0, "n2 stopped\n"));
    instance.close().await.expect("it ends");
    let gone = run(&shell, "labctl node list").await;
    assert!(gone.exit_code != 0 && !gone.output.contains("running"), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jailed_command_cannot_reach_out_hang_or_flood() {
    let lab = Lab::new();
    let instance = lab.open().await;
    let shell = instance.open_shell().await.expect("a shell");
    if !has_jail(&shell).await {
        let other = run(&shell, "cat /etc/passwd").await;
        assert!(other.exit_code == 127 && other.output.contains("only"), "{other:?}");
        return;
    }
    let who = run(&shell, "id -u; hostname; ls /; env | sort").await;
    assert!(who.output.starts_with("65534\nops\n"), "{who:?}");
    for hidden in ["root\n", "home\n", "work", "bakeoff", "BAKEOFF"] {
        assert!(!who.output.contains(hidden), "{hidden} is seen: {who:?}");
    }
    let processes = run(&shell, "ls /proc | grep -c '^[0-9]'").await;
    assert!(processes.output.trim().parse::<u32>().is_ok_and(|count| count < 10), "{processes:?}");
    let written = run(&shell, "touch /usr/x; echo x > /tmp/x && cat /tmp/x").await;
    assert!(written.output.ends_with("x\n") && written.output.contains("Read-only"), "{written:?}");
    let kept = run(&shell, "ls /tmp").await;
    assert_eq!(kept.output, "", "each command starts afresh");

    let start = Instant::now();
    let hung = shell.run("echo before; sleep 600", Duration::from_secs(1)).await.expect("it runs");
    assert_eq!(hung.exit_code, 124);
    assert!(hung.output.starts_with("before\n") && start.elapsed() < LIMIT, "{hung:?}");
    let forked = run(&shell, "(setsid sleep 600 >/dev/null 2>&1 &) ; (sleep 600 &) ; echo done").await;
    assert_eq!((forked.exit_code, forked.output.as_str()), (0, "done\n"));
    let flood = run(&shell, "yes | head -c 50000000; echo end").await;
    assert!(flood.output.len() < 40_000 && flood.output.ends_with("end\n"), "{}", flood.output.len());
    assert!(flood.output.contains("bytes left out]"));
    let failed = run(&shell, "exit 7").await;
    assert_eq!(failed.exit_code, 7);
}
