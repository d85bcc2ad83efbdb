//! Variants of workflows made ready to run, and hostile workflow files.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use bakeoff_core::variant::{self, Provider, Variant};
use bakeoff_core::workflow::{self, AbVariant, Where, Workflow};
use bakeoff_core::yaml::parse_path;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn fixture(path: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures");
    std::fs::read_to_string(folder.join(path)).unwrap()
}

fn research() -> (String, Workflow) {
    let text = fixture("good/workflows/research.yaml");
    let workflow = workflow::check("research", &text).value.unwrap();
    (text, workflow)
}

fn wanted(workflow: &Workflow, name: &str) -> AbVariant {
    let variants = &workflow.ab_test.as_ref().unwrap().variants;
    variants.iter().find(|variant| variant.name == name).unwrap().clone()
}

fn plain(name: &str) -> AbVariant {
    AbVariant {
        name: name.into(),
        prompt: None,
        system_prompt: None,
        node_id: None,
        config_overrides: [].into(),
        file: None,
    }
}

fn told(diagnostics: &[bakeoff_core::diagnostic::Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_becomes_a_program() {
    let (_, workflow) = research();
    let nodes = &workflow.program.nodes;
    assert_eq!((workflow.name.as_str(), workflow.version.as_deref()), ("research", Some("0.3")));
    let ids: Vec<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["plan", "note", "write", "grade", "shorten"]);
    assert_eq!((nodes[0].llm.provider, nodes[3].llm.provider), (Provider::Anthropic, Provider::Gemini));
    assert_eq!((nodes[0].llm.temperature, nodes[2].llm.temperature), (Some(0.2), Some(0.7)));
    assert_eq!(
        (nodes[0].timeout_seconds, nodes[2].timeout_seconds, nodes[2].retries),
        (Some(120.0), Some(60.0), Some(2))
    );
    let kinds: Vec<String> = workflow.program.state.iter().map(|field| field.kind.to_string()).collect();
    assert_eq!(
        kinds,
        ["str", "int", "list[str]", "list[object]", "str", "object", "float", "bool", "dict[str, float]"]
    );
    let mlflow = workflow.mlflow.as_ref().unwrap();
    assert_eq!(
        (mlflow.enabled, mlflow.experiment.as_deref(), mlflow.nodes["write"].as_str()),
        (true, Some("research"), "writing")
    );
    let actions: Vec<String> =
        workflow.gates.iter().map(|gate| format!("{:?} {:?}", gate.action, gate.on)).collect();
    assert_eq!(actions, ["Fail Variant", "Fail Variant", "BlockDeploy Variant", "Fail Difference"]);
}

#[test]
fn gates_of_the_older_dialects_have_the_right_bounds() {
    let workflow = workflow::check("x", &fixture("good/workflows/under-config.yaml")).value.unwrap();
    let bounds: Vec<_> =
        workflow.gates.iter().map(|gate| (gate.metric.as_str(), gate.min, gate.max)).collect();
    assert_eq!(bounds, [("accuracy", Some(0.8), None), ("cost", None, Some(0.01))]);
    let mlflow = workflow.mlflow.unwrap();
    assert_eq!((mlflow.experiment.as_deref(), mlflow.enabled), (Some("rating"), true));
    let workflow = workflow::check("x", &fixture("bad/workflows/other-system.yaml")).value.unwrap();
    let names: Vec<&str> = workflow.gates.iter().map(|gate| gate.name.as_str()).collect();
    assert_eq!(names, ["cost_limit", "latency_limit"], "the third is switched off");
}

#[test]
fn a_variant_carries_its_own_program() {
    let (text, workflow) = research();
    let checked = workflow::variant(&text, &wanted(&workflow, "warm"), None);
    assert_eq!(told(&checked.diagnostics), Vec::<String>::new());
    let variant = checked.value.unwrap();
    assert_eq!(variant.prompt.as_deref(), Some("Write about {subject} from {notes}."));
    assert_eq!(variant.system_prompt.as_deref(), Some("Be warm."));
    assert_eq!(
        (variant.temperature, variant.max_output_tokens),
        (Some(0.7), Some(500)),
        "the node's own temperature stays"
    );
    let inner = variant.workflow.unwrap();
    assert_eq!(
        (inner.node.as_str(), inner.program.nodes[2].prompt.as_str()),
        ("write", "Write about {subject} from {notes}.")
    );
    assert_eq!(inner.program.nodes[0].llm.model, "claude-haiku-4-5");
    assert_eq!(inner.program.nodes[0].llm.temperature, Some(0.9));
    assert_eq!(inner.program.nodes[4].llm.model, "claude-sonnet-4-5");
}

#[test]
fn the_workflow_as_it_stands_is_a_variant_too() {
    let (text, workflow) = research();
    let as_it_stands = workflow::as_variant(&workflow, "research");
    assert_eq!(as_it_stands.workflow.as_ref().unwrap().program, workflow.program);
    assert_eq!(
        (as_it_stands.model.as_str(), as_it_stands.prompt.as_deref()),
        ("claude-sonnet-4-5", Some("Name three angles on {topic}. Answer as {\"angles\": [\"…\"]}.\n"))
    );
    let same = workflow::variant(&text, &plain("other"), None).value.unwrap();
    assert_eq!(same.content_hash(), as_it_stands.content_hash(), "the same program is the same content");
    let warm = workflow::variant(&text, &wanted(&workflow, "warm"), None).value.unwrap();
    assert_ne!(warm.content_hash(), as_it_stands.content_hash());
}

fn careful(text: &str) -> Variant {
    variant::check("careful", text).value.unwrap()
}

#[test]
fn a_variant_file_is_put_into_the_node() {
    let (text, workflow) = research();
    let file = careful(
        "model: gpt-5-mini\ntemperature: 1\nsystem_prompt: 'Be strict about {{ topic }}'\nconfig_overrides: {nodes.plan.llm.temperature: 0}\ndescription: strict\n",
    );
    let checked = workflow::variant(&text, &wanted(&workflow, "careful"), Some(&file));
    assert_eq!(told(&checked.diagnostics), Vec::<String>::new());
    let variant = checked.value.unwrap();
    assert_eq!((variant.provider, variant.model.as_str()), (Provider::Openai, "gpt-5-mini"));
    assert_eq!(variant.system_prompt.as_deref(), Some("Be strict about {topic}"));
    assert_eq!(variant.prompt.as_deref(), Some("Grade {draft}"));
    let program = variant.workflow.unwrap().program;
    assert_eq!((program.nodes[0].llm.temperature, program.nodes[3].llm.temperature), (Some(0.0), Some(1.0)));
}

#[test]
fn what_a_variant_file_brings_about_is_told_at_the_variant() {
    let (text, workflow) = research();
    let variant = wanted(&workflow, "careful");
    let file = careful("model: gpt-5-mini\nprompt: '{{ input }}'\ntop_p: 0.5\n");
    let checked = workflow::variant(&text, &variant, Some(&file));
    assert!(checked.value.is_none());
    assert_eq!(
        told(&checked.diagnostics),
        [
            "93:45: warning: `top_p` of variants/careful.yaml has no effect in a workflow (remove it there, or use another file)",
            "93:45: error: with the variant `careful` `prompt` of `grade` has the placeholder {input}, but the state has no field `input` (there are topic, words, angles, notes, draft, review, score, approved, extra; if it is meant as text, put blanks inside the braces)",
        ]
    );
    let file = careful("model: gpt-5-mini\nprompt: '{{ draft | upper }}'\n");
    let checked = workflow::variant(&text, &variant, Some(&file));
    assert_eq!(
        told(&checked.diagnostics),
        [
            "93:45: error: `prompt` of variants/careful.yaml has `{{ draft | upper }}`, which a workflow doesn't understand (in a workflow a prompt has only placeholders such as {topic})",
        ]
    );
}

#[test]
fn a_variant_that_the_file_does_not_have_is_checked_as_well() {
    let (text, _) = research();
    let unknown = AbVariant { node_id: Some("writ".into()), prompt: Some("x".into()), ..plain("own") };
    let checked = workflow::variant(&text, &unknown, None);
    assert_eq!(
        checked.diagnostics[0].message,
        "the variant `own` is about the node `writ`, which doesn't exist"
    );
    let wrong = AbVariant {
        config_overrides: [("nodes.plan.prompt".to_owned(), json!("{nothing}"))].into(),
        ..plain("own")
    };
    let checked = workflow::variant(&text, &wrong, None);
    assert!(checked.value.is_none() && checked.diagnostics[0].message.contains("{nothing}"));
    let broken = workflow::variant("schema_version: '1.0'\n", &plain("own"), None);
    assert!(broken.value.is_none() && !broken.diagnostics.is_empty());
}

#[test]
fn an_own_program_is_handed_prompt_and_overrides() {
    let text = fixture("good/workflows/own-program.yaml");
    let workflow = workflow::check("x", &text).value.unwrap();
    let short = workflow::variant(&text, &wanted(&workflow, "short"), None).value.unwrap();
    assert_eq!((short.model.as_str(), short.prompt.as_deref()), ("runner", Some("Answer in one word.")));
    let deep = workflow::variant(&text, &wanted(&workflow, "deep"), None).value.unwrap();
    assert_eq!(deep.config_overrides["agent.depth"], json!(3));
    let program = deep.workflow.unwrap().program;
    assert_eq!(program.runner.unwrap().command, ["python3", "agents/triage.py", "--quiet"]);
}

#[test]
fn prompts_are_found_for_apply() {
    let (text, _) = research();
    let paths = workflow::prompt_paths(&text);
    assert_eq!(paths[2], ("write".into(), "nodes[2].prompt".into(), "nodes[2].system_prompt".into()));
    let document = bakeoff_core::yaml::read(&text).unwrap();
    for (_, prompt, _) in &paths {
        assert!(document.span(&parse_path(prompt)).is_some(), "{prompt}");
    }
    assert_eq!(workflow::prompt_paths("nodes: 3"), Vec::new());
    assert_eq!(workflow::prompt_paths("["), Vec::new());
}

#[test]
fn a_program_is_walked_from_start_to_end() {
    let (_, workflow) = research();
    let state = json!({"topic": "t", "angles": ["a", "b"], "approved": true, "score": 0.9, "words": 200});
    let state = state.as_object().cloned().unwrap();
    let mut visited = Vec::new();
    let mut place = workflow::START.to_owned();
    loop {
        match workflow::next(&workflow.program, &place, &state, 1).unwrap() {
            Where::End => break,
            Where::Node(node) => place = node,
            Where::Parallel { node, items, collect_field } => {
                assert_eq!((items.len(), collect_field.as_str()), (2, "notes"));
                place = node;
            }
        }
        visited.push(place.clone());
    }
    assert_eq!(visited, ["plan", "note", "write", "grade", "shorten"]);
}

#[test]
fn huge_files_are_refused_quickly() {
    let many: String =
        (0..5_000).map(|index| format!("  - {{id: n{index}, prompt: x, outputs: [a]}}\n")).collect();
    let checked = workflow::check("x", &format!("schema_version: \"1.0\"\nnodes:\n{many}"));
    assert_eq!(
        told(&checked.diagnostics),
        ["3:3: error: `nodes` is too long: a workflow has at most 200 (split the workflow)"]
    );
    // The largest that is read at all: a chain of 200 nodes, and variants with overrides.
    let nodes: String =
        (0..200).map(|n| format!("  - {{id: n{n}, prompt: \"{{a}}\", outputs: [a]}}\n")).collect();
    let to = |n: usize| if n == 199 { "END".to_owned() } else { format!("n{}", n + 1) };
    let edges: String = (0..199).map(|n| format!("  - {{from: n{n}, to: {}}}\n", to(n))).collect();
    let variants: String = (180..200)
        .map(|n| format!("    - {{name: v{n}, config_overrides: {{nodes.n{n}.llm.temperature: 1}}}}\n"))
        .collect();
    let largest = format!(
        "schema_version: \"1.0\"\nflow: {{name: x}}\nstate: {{fields: {{a: {{type: str}}}}}}\nconfig: {{llm: {{provider: builtin}}}}\nnodes:\n{nodes}edges:\n  - {{from: START, to: n0}}\n{edges}ab_test:\n  experiment: e\n  variants:\n{variants}"
    );
    let checked = workflow::check("x", &largest);
    let last = "no edge begins at the node `n199`: it leads nowhere";
    assert_eq!(checked.diagnostics.len(), 200, "one dead end, and 199 nodes that lead to it");
    assert!(checked.diagnostics.iter().any(|one| one.message == last));
    let ended =
        largest.replace("  - {from: START, to: n0}", "  - {from: START, to: n0}\n  - {from: n199, to: END}");
    assert_eq!(
        told(&workflow::check("x", &ended).diagnostics),
        ["207:3: error: `edges` is too long: a workflow has at most 200 (split the workflow)"]
    );
    let ended = ended
        .replace("  - {id: n198, prompt: \"{a}\", outputs: [a]}\n", "")
        .replace("  - {from: n197, to: n198}\n  - {from: n198, to: n199}", "  - {from: n197, to: n199}");
    let ended = ended.replace("nodes.n198.", "nodes.n197.");
    assert_eq!(told(&workflow::check("x", &ended).diagnostics), Vec::<String>::new());
    let huge = format!("schema_version: \"1.0\"\nflow: {{name: \"{}\"}}\n", "x".repeat(9 << 20));
    assert!(workflow::check("x", &huge).diagnostics[0].message.contains("a YAML file may have 8 MiB"));
}

fn samples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures");
    let in_folder = |kind: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder.join(kind).join("workflows")).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|one| one == "yaml"))
            .collect()
    };
    let mut paths = [in_folder("good"), in_folder("bad")].concat();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// One value of a document, replaced.
fn replaced(value: &mut Value, mut at: usize, by: &Value) -> usize {
    if at == 0 {
        *value = by.clone();
        return 0;
    }
    let inner: Vec<&mut Value> = match value {
        Value::Object(object) => object.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    for one in inner {
        at = replaced(one, at - 1, by);
        if at == 0 {
            return 0;
        }
    }
    at
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn mutated_files_never_panic_and_always_have_places(
        sample in 0usize..1000,
        at in 0usize..120,
        by in prop_oneof![
            Just(json!(null)), Just(json!([])), Just(json!({})), Just(json!(-1)), Just(json!("END")), Just(json!("a")),
            Just(json!([null])), Just(json!({"a": null})), Just(json!("{a.b} {{ c }}")), Just(json!(true)), Just(json!(["answer", "answer"])),
        ],
    ) {
        let samples = samples();
        let text = &samples[sample % samples.len()];
        let Ok(document) = bakeoff_core::yaml::read(text) else { return Ok(()) };
        let mut value = document.value.clone();
        replaced(&mut value, at, &by);
        let text = value.to_string();
        let checked = workflow::check("mutated", &text);
        let has_error = checked.diagnostics.iter().any(bakeoff_core::diagnostic::Diagnostic::is_error);
        prop_assert_eq!(checked.value.is_none(), has_error, "{:?}", checked.diagnostics);
        prop_assert!(checked.diagnostics.iter().all(|one| one.start.is_some()));
        if let Some(workflow) = checked.value {
            for variant in workflow.ab_test.iter().flat_map(|test| &test.variants) {
                let made = workflow::variant(&text, variant, None);
                prop_assert!(made.value.is_some(), "what checks can run: {:?}", made.diagnostics);
            }
        }
    }

    #[test]
    fn cut_files_never_panic(sample in 0usize..1000, from in 0usize..3000, length in 0usize..40) {
        let samples = samples();
        let mut text: Vec<char> = samples[sample % samples.len()].chars().collect();
        let from = from.min(text.len());
        let to = (from + length).min(text.len());
        text.drain(from..to);
        let text: String = text.into_iter().collect();
        workflow::check("cut", &text);
        workflow::prompt_paths(&text);
    }
}
