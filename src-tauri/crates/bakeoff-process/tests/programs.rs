//! Real programs that behave and misbehave.

#![cfg(unix)]

use bakeoff_core::ports::{Runner, RunnerAnswer, RunnerCall, RunnerError, RunnerErrorKind};
use bakeoff_process::{KEPT_STDERR, ProcessRunner};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longer than anything here should take.
const LONG: Duration = Duration::from_secs(60);

fn call(command: &[&str]) -> RunnerCall {
    RunnerCall {
        command: command.iter().map(|part| (*part).to_owned()).collect(),
        environment: Vec::new(),
        input: json!({"inputs": {"n": 41}}),
        timeout: LONG,
    }
}

async fn run_in(folder: &Path, call: &RunnerCall) -> Result<RunnerAnswer, RunnerError> {
    ProcessRunner::new(folder).run(call).await
}

async fn run(call: &RunnerCall) -> Result<RunnerAnswer, RunnerError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    run_in(folder.path(), call).await
}

/// Runs a program that fails by itself; its message.
async fn failing(command: &[&str]) -> RunnerError {
    let error = run(&call(command)).await.expect_err("it fails");
    assert_eq!(error.kind, RunnerErrorKind::Failed, "{error}");
    error
}

/// A number that no other process of this machine has in its command line.
fn mark(test: u32) -> String {
    format!("{}{test:02}", 90_000_000 + std::process::id())
}

/// Processes with a text in their command line, zombies and this process left out.
fn processes_with(text: &str) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").expect("this test needs /proc").flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id| *id != std::process::id())
        .filter(|id: &u32| {
            let command = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).contains(text)
        })
        .collect()
}

/// Children of this process that have ended and that nobody has waited for.
fn zombies_of_ours() -> usize {
    let us = format!(" Z {} ", std::process::id());
    let all = std::fs::read_dir("/proc").expect("this test needs /proc").flatten();
    all.filter(|entry| {
        std::fs::read_to_string(entry.path().join("stat")).is_ok_and(|stat| stat.contains(&us))
    })
    .count()
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "{what} did not come true");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn json_goes_in_and_comes_out_in_the_workspace() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = "import json, os, sys\n\
        given = json.load(sys.stdin)\n\
        print('thinking', file=sys.stderr)\n\
        print(json.dumps({'outputs': {'n': given['inputs']['n'] + 1, 'folder': os.getcwd()}}))\n";
    std::fs::write(folder.path().join("answer.py"), script).expect("written");
    let answer = run_in(folder.path(), &call(&["python3", "answer.py"])).await.expect("it works");
    let expected = folder.path().canonicalize().expect("a path");
    assert_eq!(answer.output, json!({"outputs": {"n": 42, "folder": expected}}));
    assert_eq!(answer.stderr, "thinking\n");
}

#[tokio::test]
async fn full_pipes_block_nobody() {
    let text = "x".repeat(3 << 20);
    let script = "import json, sys\n\
        sys.stderr.write('e' * 3_000_000)\n\
        given = sys.stdin.read()\n\
        sys.stdout.write(given)\n";
    let large = RunnerCall { input: json!({"text": text}), ..call(&["python3", "-c", script]) };
    let answer = run(&large).await.expect("it works");
    assert_eq!(answer.output["text"].as_str().map(str::len), Some(3 << 20));
    assert!(
        answer.stderr.ends_with("eee") && answer.stderr.len() < KEPT_STDERR + 100,
        "only the end is kept"
    );
    let deaf = RunnerCall { input: json!({"text": text}), ..call(&["sh", "-c", "echo 7"]) };
    assert_eq!(run(&deaf).await.expect("it need not read").output, json!(7));
}

#[tokio::test]
async fn a_hanging_program_is_killed_with_all_its_children() {
    let mark = mark(1);
    let script = format!("echo began >&2; sleep {mark} & sleep {mark}");
    let short = RunnerCall { timeout: Duration::from_millis(300), ..call(&["sh", "-c", &script]) };
    let error = run(&short).await.expect_err("it hangs");
    assert_eq!(error.kind, RunnerErrorKind::TimedOut);
    assert!(error.message.contains("sh did not end within 0.3 s"), "{error}");
    assert_eq!(error.stderr, "began\n");
    until("its end", || processes_with(&mark).is_empty()).await;
}

#[tokio::test]
async fn a_gigabyte_of_output_is_cut_off() {
    let script = "import sys\nfor _ in range(1024): sys.stdout.write('x' * (1 << 20))";
    let error = failing(&["python3", "-c", script]).await;
    assert!(error.message.contains("more than 8 MB to stdout"), "{error}");
}

#[tokio::test]
async fn a_gigabyte_of_logs_is_only_a_tail() {
    let script = "import sys\n\
        for _ in range(1024): sys.stderr.write('x' * (1 << 20))\n\
        sys.stderr.write('the end')\n\
        print('{}')";
    let answer = run(&call(&["python3", "-c", script])).await.expect("it works");
    assert!(answer.stderr.ends_with("xthe end") && answer.stderr.len() < KEPT_STDERR + 100);
}

#[tokio::test]
async fn what_is_no_json_is_shown() {
    let chatty = failing(&["sh", "-c", "echo Loading the model; echo '{}'"]).await;
    assert!(chatty.message.contains("begins with: Loading the model\n{}"), "{chatty}");
    let silent = failing(&["sh", "-c", "echo sorry >&2"]).await;
    assert!(
        silent.message.contains("wrote nothing to stdout") && silent.message.contains("sorry"),
        "{silent}"
    );
    let twice = failing(&["sh", "-c", "echo '{}{}'"]).await;
    assert!(twice.message.contains("no JSON"), "{twice}");
    let binary = failing(&["sh", "-c", r"printf '\377\376\001'"]).await;
    assert!(binary.message.contains("no JSON"), "{binary}");
}

#[tokio::test]
async fn exit_codes_and_signals_are_told_with_the_last_words() {
    let code = failing(&["sh", "-c", "echo 'KeyError: input' >&2; echo '{}'; exit 3"]).await;
    assert_eq!(code.message, "sh ended with exit code 3. The end of its stderr: KeyError: input");
    let signal = failing(&["sh", "-c", "kill -SEGV $$"]).await;
    assert!(signal.message.starts_with("sh died by signal 11 (invalid memory access)."), "{signal}");
}

#[tokio::test]
async fn a_grandchild_that_holds_the_pipe_holds_up_nobody() {
    let mark = mark(2);
    let start = Instant::now();
    let script = format!("sleep {mark} & echo 1");
    assert_eq!(run(&call(&["sh", "-c", &script])).await.expect("it works").output, json!(1));
    until("its end", || processes_with(&mark).is_empty()).await;
    // This one leaves the group, so it lives on; its pipe is let go.
    let script = format!("setsid sleep {mark} & echo 2");
    assert_eq!(run(&call(&["sh", "-c", &script])).await.expect("it works").output, json!(2));
    assert!(start.elapsed() < LONG / 2);
    for process in processes_with(&mark) {
        let killed = std::process::Command::new("kill").arg(process.to_string()).status();
        assert!(killed.is_ok(), "this test clears up");
    }
}

#[tokio::test]
async fn stopping_in_the_middle_leaves_no_process() {
    let mark = mark(3);
    let script = format!("sleep {mark} & sleep {mark}");
    let task = tokio::spawn(async move { run(&call(&["sh", "-c", &script])).await.map(|_| ()) });
    // The shell and two sleeps.
    until("its start", || processes_with(&mark).len() == 3).await;
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    until("the end of all", || processes_with(&mark).is_empty()).await;
    until("that nobody is left a zombie", || zombies_of_ours() == 0).await;
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [("plain.py", "print(1)"), ("lost.sh", "#!/no/such/interpreter\n")] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path().join("lost.sh"), executable).expect("set");
    let expected: [(&[&str], &str); 5] = [
        (
            &["no-such-program-of-ours"],
            "There is no program no-such-program-of-ours in any folder of PATH (/",
        ),
        (&["./missing.sh", "x"], "There is no program ./missing.sh (paths are relative to the workspace"),
        (&["./plain.py"], "./plain.py may not be run. Make it executable (chmod +x)"),
        (&["./lost.sh"], "./lost.sh can't be started: its first line (#!) names an interpreter"),
        (&[], "empty command"),
    ];
    for (command, words) in expected {
        let error = run_in(folder.path(), &call(command)).await.expect_err("it can't start");
        assert_eq!(error.kind, RunnerErrorKind::NotStarted);
        assert!(error.message.contains(words), "{error}");
    }
    let error = run_in(Path::new("/no/such/workspace"), &call(&["sh"])).await.expect_err("it can't start");
    assert!(error.message.contains("The workspace /no/such/workspace is not there"), "{error}");
}

#[tokio::test]
async fn it_sees_the_usual_variables_and_those_asked_for() {
    let script = "import json, os\nprint(json.dumps(sorted(os.environ)))";
    let names = async |asked_for: &[&str]| -> Vec<String> {
        let environment = asked_for.iter().map(|name| (*name).to_owned()).collect();
        let output = run(&RunnerCall { environment, ..call(&["python3", "-c", script]) }).await;
        match output.expect("it works").output {
            Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            other => panic!("no list: {other}"),
        }
    };
    // Cargo sets this one for tests; nobody has set the other.
    let usual = names(&[]).await;
    assert!(
        usual.contains(&"PATH".to_owned()) && !usual.contains(&"CARGO_MANIFEST_DIR".to_owned()),
        "{usual:?}"
    );
    let asked = names(&["CARGO_MANIFEST_DIR", "NOT_SET_BY_ANYBODY"]).await;
    assert!(asked.contains(&"CARGO_MANIFEST_DIR".to_owned()), "{asked:?}");
    assert_eq!(asked.len(), usual.len() + 1, "what is not set is left out");
}
