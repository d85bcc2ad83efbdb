//! Campaigns beside their variants and data set.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use bakeoff_core::campaign::{self, Surroundings, check_against, check_against_subjects, lab_cases};
use bakeoff_core::fault::{FaultKind, Target};
use bakeoff_core::lab::{FaultCase, NO_AGENT};
use bakeoff_core::subject::{self, Subject};
use bakeoff_core::variant::{self, Variant};

const CAMPAIGN: &str = r#"dataset: datasets/a.csv
variants: [plain, variants/careful.yaml]
scorers:
  - {type: exact, value: "{{ expected }}"}
"#;

fn variant(name: &str, prompt: &str) -> Variant {
    let text = format!("model: gpt-5-mini\nprompt: '{prompt}'\n");
    variant::check(name, &text).value.unwrap()
}

fn told(known: &[&str], variants: &[&Variant], fields: Option<&[&str]>) -> Vec<String> {
    let campaign = campaign::check("c", CAMPAIGN).value.unwrap();
    let around = Surroundings { known_variants: known, variants, case_fields: fields };
    check_against(CAMPAIGN, &campaign, &around).iter().map(ToString::to_string).collect()
}

#[test]
fn what_fits_is_not_mentioned() {
    let (plain, careful) = (variant("plain", "{{ input }} {{ id }}"), variant("careful", "{{ row.x }}"));
    let fields = ["input", "expected"];
    assert_eq!(told(&["plain", "careful"], &[&plain, &careful], Some(&fields)), Vec::<String>::new());
    assert_eq!(told(&["plain", "careful"], &[&plain, &careful], None), Vec::<String>::new());
}

#[test]
fn missing_and_broken_variants_are_named_where_they_stand() {
    let plain = variant("plain", "{{ input }}");
    assert_eq!(
        told(&["plain", "carefull"], &[&plain], None),
        ["2:19: error: there is no variant `careful` (did you mean `carefull`?)"]
    );
    assert_eq!(
        told(&["plain", "careful"], &[&plain], None),
        ["2:19: error: the variant `careful` has errors (mend variants/careful.yaml)"]
    );
}

#[test]
fn templates_are_held_against_the_data_sets_fields() {
    let (plain, careful) = (variant("plain", "{{ inputs }}"), variant("careful", "no field"));
    assert_eq!(
        told(&["plain", "careful"], &[&plain, &careful], Some(&["input", "label"])),
        [
            "2:12: error: `prompt` of the variant `plain` uses `inputs`, which the data set doesn't have (did you mean `input`?)",
            "4:5: error: the scorer uses `expected`, which the data set doesn't have (its fields are input, label)",
        ]
    );
}

const WORKFLOW: &str = r#"schema_version: "1.0"
flow: {name: w}
state:
  fields:
    topic: {type: str, required: true}
    words: {type: int, default: 100}
    answer: {type: str}
nodes:
  - {id: a, prompt: "{topic} {words}", outputs: [answer], llm: {provider: builtin}}
edges: [{from: START, to: a}, {from: a, to: END}]
ab_test:
  experiment: e
  variants: [{name: plain, prompt: "{topic}"}, {name: warm, prompt: "Dear {topic}"}]
"#;

fn with_workflow(text: &str) -> Vec<String> {
    let workflow = bakeoff_core::workflow::check("w", WORKFLOW).value.unwrap();
    let campaign = campaign::check("c", text).value.unwrap();
    let found = campaign::check_against_workflow(text, &campaign, &workflow, &["careful"]);
    let around = Surroundings { known_variants: &["careful"], variants: &[], case_fields: Some(&["topic"]) };
    let besides = check_against(text, &campaign, &around);
    found.iter().chain(&besides).map(ToString::to_string).collect()
}

#[test]
fn a_campaign_of_a_workflow_is_held_against_it() {
    let alone = "workflow: workflows/w.yaml\ninputs: {topic: x, words: '7'}\n";
    assert_eq!(with_workflow(alone), Vec::<String>::new());
    let campaign = campaign::check("c", alone).value.unwrap();
    assert_eq!((campaign.workflow.as_deref(), campaign.dataset.as_str()), (Some("workflows/w.yaml"), ""));
    assert!(campaign.variants.is_empty() && campaign.baseline_variant.is_empty(), "all of the A/B test's");
    let with_rows = "workflow: workflows/w.yaml\ndataset: datasets/a.csv\nvariants: [plain, careful]\nscorers: [{type: contains, value: '{{ topic }}', output: answer}]\n";
    assert_eq!(with_workflow(with_rows), Vec::<String>::new());
    assert_eq!(
        with_workflow(
            "workflow: workflows/w.yaml\ninputs: {topik: x, words: many}\nvariants: [plainn]\nscorers: [{type: exact, value: x, output: anser}]\n"
        ),
        [
            "2:9: error: the workflow's input `topic` (str) is missing (add it to `inputs:`, or name a `dataset:` whose rows have it)",
            "2:17: error: the workflow has no input `topik` (did you mean `topic`?)",
            "2:27: error: `words` must be int, but is the text \"many\" (write a value of the type int)",
            "3:12: error: there is no variant `plainn` (did you mean `plain`?)",
            "4:43: error: the workflow has no output `anser` (did you mean `answer`?)",
        ]
    );
}

fn subject(name: &str, text: &str) -> Subject {
    let checked = subject::check(name, text);
    checked.value.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

const FAULTS: &str = r#"subjects: [embedded, mini]
chaos_types:
  - {type: node_kill}
  - {type: latency, params: {max_ms: 400, node: n3}}
  - {type: node_pause, params: {node: leader}}
  - {type: node_pause}
variants: [plain]
include_baseline: true
"#;

fn against_subjects(known: &[&str], subjects: &[&Subject]) -> Vec<String> {
    let campaign = campaign::check("c", FAULTS).value.unwrap();
    check_against_subjects(FAULTS, &campaign, known, subjects).iter().map(ToString::to_string).collect()
}

#[test]
fn faults_are_held_against_their_subjects() {
    let embedded = subject("embedded", "kind: embedded\n");
    let mini = subject("mini", "kind: embedded\nfaults: [node_kill, latency, node_pause]\n");
    assert_eq!(against_subjects(&["embedded", "mini"], &[&embedded, &mini]), Vec::<String>::new());
    let picky = Subject { name: "mini".to_owned(), faults: vec![FaultKind::Latency], ..mini };
    let picky = Subject { nodes: picky.nodes[..2].to_vec(), ..picky };
    assert_eq!(
        against_subjects(&["embedded", "mini"], &[&embedded, &picky]),
        [
            "3:12: error: node_kill can't be done to the subject `mini` (it allows none, latency)",
            "4:49: error: there is no node `n3` in the subject `mini` (did you mean `n1`?)",
            "5:12: error: node_pause can't be done to the subject `mini` (it allows none, latency)",
            "6:12: error: node_pause can't be done to the subject `mini` (it allows none, latency)",
        ]
    );
    assert_eq!(
        against_subjects(&["embeded", "mini"], &[]),
        [
            "1:12: error: there is no subject `embedded` (did you mean `embeded`?)",
            "1:22: error: the subject `mini` has errors (mend subjects/mini.yaml)",
        ]
    );
}

#[test]
fn the_baseline_without_an_agent_is_a_variant_without_a_file() {
    let campaign = campaign::check("c", FAULTS).value.unwrap();
    assert_eq!(campaign.variants, [NO_AGENT, "plain"]);
    assert_eq!(campaign.baseline_variant, NO_AGENT);
    let plain = variant("plain", "{{ anything }}");
    let around = Surroundings { known_variants: &["plain"], variants: &[&plain], case_fields: None };
    assert_eq!(check_against(FAULTS, &campaign, &around), []);
    let named = campaign::check("c", &format!("{FAULTS}baseline_variant: plain\n")).value.unwrap();
    assert_eq!(named.baseline_variant, "plain");
}

#[test]
fn a_file_of_operator_is_a_fault_campaign() {
    let text = "name: c\nchaos_types:\n- type: node_kill\n  params: {}\n- type: disk_pressure\n  params:\n    fill_percent: 60\n";
    let checked = campaign::check("c", text);
    let told: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "1:1: warning: `subjects` is missing: taken as [tikv], as Operator does (add a line such as `subjects: [embedded]`)"
        ]
    );
    let campaign = checked.value.unwrap();
    let lab = campaign.lab.unwrap();
    assert_eq!((lab.subjects.as_slice(), lab.faults.len()), (&["tikv".to_owned()][..], 2));
    assert_eq!(lab.faults[1].fill_percent, Some(60.0));
    assert_eq!((campaign.variants.as_slice(), campaign.parallel), (&["default".to_owned()][..], 1));
    assert_eq!((campaign.timeout_seconds, lab.max_steps, lab.command_seconds), (300.0, 30, 120.0));
}

#[test]
fn cases_are_subjects_times_faults_and_read_back() {
    let campaign = campaign::check("c", FAULTS).value.unwrap();
    let subjects = [subject("mini", "kind: embedded\nsize: 5\n"), subject("embedded", "kind: embedded\n")];
    let cases = lab_cases(&campaign, &subjects).unwrap();
    let ids: Vec<&str> = cases.iter().map(|case| &*case.id).collect();
    let of_one =
        ["node_kill", "latency(node=n3, max_ms=400)", "node_pause(node=leader)", "node_pause(node=any)"];
    let wanted: Vec<String> =
        ["embedded", "mini"].iter().flat_map(|name| of_one.map(|fault| format!("{name}/{fault}"))).collect();
    assert_eq!(ids, wanted);
    let read = FaultCase::of(&cases[6]).unwrap();
    assert_eq!((read.subject.as_str(), &read.fault.target), ("mini", &Target::Leader));
    assert_eq!(read.definition.as_deref(), Some(&subjects[0]), "as it was, whatever becomes of its file");
    assert_eq!(cases[6].fields()["metadata"]["fault"], "node_pause(node=leader)");
    assert_eq!(lab_cases(&campaign, &subjects[..1]).unwrap_err(), "there is no subject `embedded`");
}

#[test]
fn faults_that_a_subject_cannot_show_are_told_before() {
    let text = "subjects: [stores]\nchaos_types:\n  - type: latency\n  - {type: packet_loss}\n  - {type: node_kill}\nvariants: [plain]\n";
    let campaign = campaign::check("c", text).value.unwrap();
    let with_probe = |probe: &str| {
        let subject = subject(
            "stores",
            &format!(
                "kind: docker\nprobe: {probe}\nnodes: [{{name: a, port: 1}}]\nservices: {{a: {{image: x}}}}\nfaults: [latency, packet_loss, node_kill]\n"
            ),
        );
        let found = check_against_subjects(text, &campaign, &["stores"], &[&subject]);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(with_probe("etcd"), Vec::<String>::new(), "writes show it");
    let found = with_probe("pd");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("3:11: warning: latency hardly shows on the subject `stores`")
            && found[0].contains("expect no ticket"),
        "{found:?}"
    );
    assert!(found[1].starts_with("4:12: warning: packet_loss hardly shows"), "{found:?}");
}
