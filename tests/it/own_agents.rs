//! A user's own program as the agent: it gets its ticket as JSON, works through `labctl`, and answers as JSON. Nobody needs
//! a key: the model that its variants name is the program's own affair.

use crate::support::{Place, list, text, until};
use serde_json::Value;

/// The example of the README, with other behaviour for variants that are named after it.
const AGENT: &str = r#"
import json, os, subprocess, sys, time

task = json.load(sys.stdin)
kind = task["variant"]["name"]
if kind == "hangs":
    subprocess.run([task["labctl"]["command"], "node", "list"])
    subprocess.Popen(["sleep", "600"])
    time.sleep(600)
if kind == "floods":
    while True:
        sys.stdout.write("x" * (1 << 20))
if kind == "dies":
    sys.stderr.write("I can't go on")
    sys.stderr.flush()
    os.kill(os.getpid(), 9)
if kind == "mumbles":
    print("all is well")
    sys.exit(0)

labctl = task["labctl"]["command"]
def run(*words):
    return subprocess.run([labctl, *words], capture_output=True, text=True).stdout

before = run("node", "list")
node = task["ticket"]["node"]
run("node", "start", node)
print(json.dumps({"resolved": True, "summary": f"started {node}; it was {before.split()[1]}"}))
"#;

const CAMPAIGN: &str = "subjects: [embedded]
chaos_types: [{type: node_kill}]
variants: [repairs, hangs, floods, dies, mumbles]
agent: {command: [python3, agent.py]}
parallel: 3
timeout_seconds: 15
";

#[test]
fn a_program_repairs_and_what_programs_do_wrong_is_told() {
    let place = Place::starter();
    place.write("agent.py", AGENT);
    place.write("campaigns/own.yaml", CAMPAIGN);
    for name in ["repairs", "hangs", "floods", "dies", "mumbles"] {
        place.write(&format!("variants/{name}.yaml"), "provider: anthropic\nmodel: mine-1\nprompt: unused\n");
    }
    place.run(&["run", "own"]).expect_code(0);
    let page = place.json(&["show", "1", "--trials", "9"]);
    let trial = |variant: &str| -> Value {
        let row = list(&page, "/trials").iter().find(|row| row["variant"] == variant);
        let number = row.unwrap_or_else(|| panic!("no trial of {variant}: {page:#}"))["number"].to_string();
        place.json(&["show", "1", "--trial", &number])
    };
    let repaired = trial("repairs");
    assert_eq!(text(&repaired, "/row/outcome"), "pass", "{repaired:#}");
    assert!(text(&repaired, "/answer").starts_with("started n"), "{repaired:#}");
    assert_eq!(text(&repaired, "/fault/trial/mode"), "command");
    assert_eq!(repaired["fault"]["trial"]["commands"], 2, "what came through labctl is counted");
    let audit = list(&repaired, "/fault/audit");
    let start = audit.iter().find(|entry| text(entry, "/content").starts_with("labctl node start"));
    let start = start.unwrap_or_else(|| panic!("the repair is not in the audit: {audit:#?}"));
    assert_eq!((text(start, "/tool"), text(start, "/class")), ("labctl", "repair"));
    let hung = trial("hangs");
    assert_eq!(text(&hung, "/row/outcome"), "timeout");
    assert_eq!(hung["fault"]["trial"]["commands"], 1, "what it did before is kept: {hung:#}");
    for (variant, words) in
        [("floods", "more than"), ("dies", "signal 9"), ("mumbles", "wrote no JSON to stdout")]
    {
        let trial = trial(variant);
        assert_eq!(text(&trial, "/row/outcome"), "fail", "{variant}: {trial:#}");
        assert!(text(&trial, "/error").contains(words), "{variant}: {}", text(&trial, "/error"));
    }
    assert!(text(&trial("dies"), "/error").contains("I can't go on"), "its last words are kept");
    assert_eq!(place.json(&["faults", "list"]), serde_json::json!([]), "nothing is left in force");
}

#[test]
fn people_change_the_tickets_of_a_run_of_another_program() {
    let place = Place::starter();
    place.write("agent.py", "import time\ntime.sleep(600)\n");
    let campaign = CAMPAIGN.replace("[repairs, hangs, floods, dies, mumbles]", "[runbook]");
    place.write("campaigns/waits.yaml", campaign.replace("timeout_seconds: 15", "timeout_seconds: 60"));
    let run = place.start(&["run", "waits"]);
    let ticket = || -> Option<Value> {
        let page = place.json(&["tickets", "list"]);
        list(&page, "/rows").iter().find(|row| row["ticket"]["status"] == "acknowledged").cloned()
    };
    until("an agent has taken the ticket", || ticket().is_some());
    let id = ticket().expect("it is there")["id"].to_string();
    let held = |verb: &str| place.json(&["tickets", verb, &id])["ticket"]["held"].clone();
    assert_eq!(held("unhold"), false);
    assert_eq!(held("hold"), true);
    let resolved = place.json(&["tickets", "resolve", &id]);
    assert_eq!(
        (text(&resolved, "/ticket/status"), text(&resolved, "/ticket/resolved_by")),
        ("resolved", "person")
    );
    place.run(&["tickets", "hold", &id]).expect_code(3).says("was not changed");
    let ran = run.wait();
    let page = place.json(&["show", "1", "--trials", "9"]);
    assert_eq!(text(&page, "/trials/0/outcome"), "cancelled", "a person did the agent's work: {}", ran.err);
    place.run(&["tickets", "resolve", &id]).expect_code(3).says("no trial of that run is going on");
}
