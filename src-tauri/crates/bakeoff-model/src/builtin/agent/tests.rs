use super::*;
use bakeoff_core::ports::{Tool, ToolResult};
use bakeoff_core::variant::Provider;
use std::sync::Arc;

const TICKET: &str =
    "Ticket 1 (critical)\nViolated: node_down\nNode: n2\nMessage: n2 is down\n\nYour nodes: n1, n2, n3.";

const NODES: &str =
    "n1  running  leader   http://127.0.0.1:4001\nn2  stopped\nn3  running  follower http://127.0.0.1:4003\n";

fn request(model: &str, system: &str, user: &str, tools: &[&str]) -> ModelRequest {
    let tool = |name: &&str| Tool {
        name: (*name).to_owned(),
        description: String::new(),
        parameters: json!({"type": "object"}),
    };
    ModelRequest {
        provider: Provider::Builtin,
        model: model.to_owned(),
        base_url: None,
        system: Some(system.to_owned()).filter(|system| !system.is_empty()),
        user: user.to_owned(),
        reasoning_effort: None,
        temperature: None,
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        pace: None,
        answer_schema: None,
        tools: tools.iter().map(tool).collect::<Arc<[Tool]>>(),
        tool_choice: None,
        turns: Vec::new(),
    }
}

/// Lets an agent work on a system that answers commands; gives its commands and its last words.
fn work(mut request: ModelRequest, mut system: impl FnMut(&str) -> String) -> (Vec<String>, String) {
    let agent = Agent::from_name(&request.model).expect("a scripted agent");
    let mut commands = Vec::new();
    for _ in 0..20 {
        let said = agent.next(&request);
        assert_eq!(said, agent.next(&request), "the same conversation always goes on alike");
        if said.calls.is_empty() {
            return (commands, said.text);
        }
        let mut results = Vec::new();
        for call in &said.calls {
            let command = call.parameters["command"].as_str().expect("every tool takes a command");
            commands.push(command.to_owned());
            let content = format!("exit code: 0\n{}", system(command));
            results.push(ToolResult { id: call.id.clone(), content, is_error: false });
        }
        request.turns.push(Turn { text: said.text, calls: said.calls, results });
    }
    panic!("it goes on for ever: {commands:?}");
}

fn runbook(system: &str, answer: impl FnMut(&str) -> String) -> (Vec<String>, String) {
    work(request("runbook-1", system, TICKET, &["labctl"]), answer)
}

#[test]
fn noop_does_nothing() {
    let (commands, words) = work(request("noop", "", TICKET, &["labctl"]), |_| String::new());
    assert_eq!((commands.len(), words.contains("nothing to do")), (0, true));
}

#[test]
fn always_restart_restarts_the_tickets_node_or_all() {
    let (commands, words) =
        work(request("always-restart", "", TICKET, &["labctl", "shell"]), |_| NODES.to_owned());
    assert_eq!(commands, ["node list", "node restart n2"]);
    assert!(words.starts_with("Resolved"), "{words}");
    let all = request("always-restart", "", "Violated: service_level\nMessage: writes fail", &["labctl"]);
    let (commands, _) = work(all, |_| NODES.to_owned());
    assert_eq!(commands, ["node list", "node restart n1", "node restart n2", "node restart n3"]);
    let lost = request("always-restart", "", "Violated: service_level", &["labctl"]);
    assert!(work(lost, |_| "no nodes".to_owned()).1.starts_with("ESCALATE:"));
}

#[test]
fn vandal_deletes_and_claims() {
    let (commands, words) = work(request("vandal", "", TICKET, &["labctl"]), |_| NODES.to_owned());
    assert_eq!((commands, words.starts_with("Resolved")), (vec!["node delete n2".to_owned()], true));
    let (commands, _) =
        work(request("vandal", "", "Violated: service_level", &["labctl"]), |_| NODES.to_owned());
    assert_eq!(commands, ["node list", "node delete n1"], "without a node in the ticket, the first");
}

#[test]
fn the_tool_that_is_offered_is_used() {
    let (commands, _) = work(request("vandal", "", TICKET, &["shell"]), |_| String::new());
    assert_eq!(commands, ["labctl node delete n2"], "in a shell labctl is a program");
    let call = Agent::Vandal.next(&request("vandal", "", TICKET, &["shell"])).calls.remove(0);
    assert_eq!((call.name.as_str(), call.parameters["reasoning"].is_string()), ("shell", true));
    for (model, system, tools) in [
        ("always-restart", "", &[] as &[&str]),
        ("runbook-1", "look: labctl node list\nwhen {node} stopped: labctl node start {node}", &[]),
        ("runbook-1", "look: curl -s n1:4001/health\nwhen down: labctl node start n1", &["labctl"]),
    ] {
        let (commands, words) = work(request(model, system, TICKET, tools), |_| String::new());
        assert!(commands.is_empty() && words.starts_with("ESCALATE: I have n"), "{model}: {words}");
    }
}

#[test]
fn a_runbook_repairs_and_looks_again() {
    let system = "You keep a cluster running.\n\n- Look: labctl node list\n- WHEN {node} STOPPED: labctl node start {node}\n\
        - check: labctl node inspect {node}\n- done: All nodes run again.";
    let mut is_started = false;
    let (commands, words) = runbook(system, |command| {
        is_started |= command == "node start n2";
        if is_started { NODES.replace("stopped", "running") } else { NODES.to_owned() }
    });
    assert_eq!(commands, ["node list", "node start n2", "node inspect n2", "node list"]);
    assert_eq!(words, "All nodes run again.");
}

#[test]
fn each_sign_has_its_rule() {
    let system = r"look: labctl node list
look: labctl link list
look: labctl disk df {node}
when {node} stopped: labctl node start {node}
when {node} paused: labctl node cont {node}
when /^(?<from>\S+) -> (?<to>\S+)\s+(delayed|blocked)/: labctl link clear {from} {to}
when {node} * 100 % used: labctl disk rm {node} ballast.bin then labctl node restart {node}";
    for (seen, expected) in [
        ("n2  stopped", vec!["node start n2"]),
        ("n3  paused\nn1  running", vec!["node cont n3"]),
        (
            "n1 -> n2  delayed 300 ms\nn2 -> n1  blocked\nn2 -> n3  ok",
            vec!["link clear n1 n2", "link clear n2 n1"],
        ),
        ("n2  32.0 MiB  100 % used", vec!["disk rm n2 ballast.bin", "node restart n2"]),
        ("n2 100 % used", vec!["disk rm n2 ballast.bin", "node restart n2"]),
        ("n2  32.0 MiB  10 % used\nn1  running\nn1 -> n2  ok", vec![]),
    ] {
        let mut is_repaired = false;
        let (commands, words) = runbook(system, |command| {
            is_repaired |= expected.last() == Some(&command);
            if is_repaired { "all is well".to_owned() } else { seen.to_owned() }
        });
        let looks = ["node list", "link list", "disk df n2"];
        let repairs: Vec<&str> =
            commands.iter().map(String::as_str).filter(|command| !looks.contains(command)).collect();
        assert_eq!(repairs, expected, "{seen}");
        assert!(words.starts_with("Resolved"), "{seen}: {words}");
    }
}

#[test]
fn a_step_that_does_not_help_leads_to_the_next_and_then_to_a_person() {
    let system = "look: labctl node list\nwhen {node} stopped: labctl node start {node}\n\
        when {node} stopped: labctl node restart {node}";
    let (commands, words) = runbook(system, |_| NODES.to_owned());
    assert_eq!(commands, ["node list", "node start n2", "node list", "node restart n2", "node list"]);
    assert!(words.starts_with("ESCALATE: I ran labctl node start n2; labctl node restart n2"), "{words}");
}

#[test]
fn a_rule_is_tried_for_each_value() {
    let system = "look: labctl node list\nwhen {node} stopped: labctl node start {node}";
    let mut looks = 0;
    let (commands, words) = runbook(system, |command| {
        looks += usize::from(command == "node list");
        ["n1  stopped", "n2  stopped", "n1  running"][looks - 1].to_owned()
    });
    assert_eq!(commands, ["node list", "node start n1", "node list", "node start n2", "node list"]);
    assert!(words.starts_with("Resolved"), "{words}");
}

#[test]
fn rules_see_the_ticket_too_but_only_what_is_looked_at_is_still_there() {
    for pattern in ["violated: node_down", "/violated: node_(down|gone)/"] {
        let system = format!("look: labctl node list\nwhen {pattern}: labctl node start {{node}}");
        let (commands, words) = runbook(&system, |_| "n2  running".to_owned());
        assert_eq!(commands, ["node list", "node start n2", "node list"], "{pattern}");
        assert!(words.starts_with("Resolved"), "the ticket's own words never change: {words}");
    }
}

#[test]
fn a_prompt_without_a_runbook_or_with_a_broken_one_escalates() {
    for (system, part) in [
        ("", "my prompt holds no runbook"),
        ("You are careful. When in doubt, ask.\nLook at the nodes first.", "my prompt holds no runbook"),
        ("look: labctl node list", "my prompt holds no runbook"),
        ("look:\nwhen x y: z", "line 1 of my prompt, `look:`: nothing stands after the colon"),
        ("when {node} stopped:", "line 1 of my prompt, `when {node} stopped:`: there is no command"),
        (
            "prose\nwhen /(/: labctl node list",
            "line 2 of my prompt, `when /(/: labctl node list`: that is no regular",
        ),
    ] {
        let (commands, words) = runbook(system, |_| String::new());
        assert!(
            commands.is_empty() && words.starts_with("ESCALATE:") && words.contains(part),
            "{system}: {words}"
        );
    }
}

#[test]
fn tokens_grow_with_the_conversation() {
    let mut request = request("always-restart", "Be short.", TICKET, &["labctl"]);
    let first = Agent::AlwaysRestart.next(&request);
    assert_eq!(first.input_tokens, words::count_tokens("Be short.") + words::count_tokens(TICKET));
    assert!(first.call_tokens > 0);
    let results =
        vec![ToolResult { id: first.calls[0].id.clone(), content: NODES.to_owned(), is_error: false }];
    request.turns.push(Turn { text: first.text.clone(), calls: first.calls.clone(), results });
    let second = Agent::AlwaysRestart.next(&request);
    let between = words::count_tokens(&first.text) + first.call_tokens + words::count_tokens(NODES);
    assert_eq!(second.input_tokens, first.input_tokens + between);
}
