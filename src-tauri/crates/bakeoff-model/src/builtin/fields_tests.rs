//! Schemas as workflows send them.

use crate::builtin::answer;
use bakeoff_core::variant::Provider;
use bakeoff_core::workflow::{FieldType, Node, NodeModel, Output, answer_instruction, answer_schema};
use serde_json::{Value, json};

const TICKET: &str = "Ticket: The disk of db-3 is full. Customers can't pay since noon. Please add 20 GB.";
const SORT: &str =
    "Sort the ticket.\n\n- storage: disks and volumes that are full\n- network: DNS, packets, routers";

/// A node with outputs as `(name, type, description)`.
fn node(outputs: &[(&str, &str, &str)]) -> Node {
    let output = |(name, kind, description): &(&str, &str, &str)| Output {
        name: (*name).to_owned(),
        kind: FieldType::parse(kind).expect("a type"),
        description: Some((*description).to_owned()).filter(|text| !text.is_empty()),
    };
    Node {
        id: "n".to_owned(),
        description: None,
        prompt: String::new(),
        system_prompt: None,
        inputs: [].into(),
        outputs: outputs.iter().map(output).collect(),
        llm: NodeModel {
            provider: Provider::Builtin,
            model: "lexical-1".to_owned(),
            base_url: None,
            temperature: None,
            max_output_tokens: None,
            pace_ms: None,
        },
        timeout_seconds: None,
        retries: None,
    }
}

/// What it answers to a prompt of a workflow, just as the engine sends it.
fn said(system: &str, prompt: &str, outputs: &[(&str, &str, &str)]) -> Value {
    let node = node(outputs);
    let user = match answer_instruction(&node) {
        Some(instruction) => format!("{prompt}\n\n{instruction}"),
        None => prompt.to_owned(),
    };
    serde_json::from_str(&answer(system, &user, Some(&answer_schema(&node))).text).expect("JSON")
}

#[test]
fn labels_come_from_the_prompt_in_any_field() {
    let outputs = [("label", "str", ""), ("confidence", "float", ""), ("reason", "str", "")];
    let sorted = said(SORT, TICKET, &outputs);
    assert_eq!((&sorted["label"], &sorted["confidence"]), (&json!("storage"), &json!(1.0)));
    assert!(sorted["reason"].as_str().is_some_and(|reason| reason.contains("disk")), "{sorted}");
    let one_turn = said("", &format!("{SORT}\n\n{TICKET}"), &outputs);
    assert_eq!(one_turn["label"], "storage", "the description of the JSON is no list of labels: {one_turn}");
    let described = said("", TICKET, &[("team", "str", "one of: database, network, billing")]);
    assert_eq!(described["team"], "database", "nothing is known, so it is the first one");
    let known =
        said("", "Ticket: The network is down", &[("team", "str", "one of: database, network, billing")]);
    assert_eq!(known["team"], "network");
}

#[test]
fn another_prompt_gives_another_answer() {
    let summary = |task: &str| said(task, TICKET, &[("summary", "str", "")])["summary"].clone();
    assert_eq!(summary("Say what the customers can't do."), "Customers can't pay since noon.");
    assert_eq!(summary("Say which disk is full."), "The disk of db-3 is full.");
    let score =
        |task: &str| said(task, TICKET, &[("fit", "float", "0 to 1"), ("x", "str", "")])["fit"].as_f64();
    assert!(score("Does a full disk keep customers from paying?") > score("Is it about printers?"));
}

#[test]
fn every_type_gets_a_value_of_its_type() {
    let filled = said(
        "",
        TICKET,
        &[
            ("gb", "int", "how many GB to add"),
            ("urgency", "int", "1 to 5"),
            ("customers_hit", "bool", "customers are affected"),
            ("printer", "bool", ""),
            ("steps", "list[str]", "at most two"),
            ("sizes", "list[int]", ""),
            ("facts", "dict", ""),
        ],
    );
    assert_eq!(filled["gb"], 20, "it stands beside its unit");
    assert!(filled["urgency"].as_i64().is_some_and(|urgency| (1..=5).contains(&urgency)), "{filled}");
    assert_eq!((&filled["customers_hit"], &filled["printer"]), (&json!(true), &json!(false)));
    assert_eq!(filled["steps"], json!(["The disk of db-3 is full.", "Customers can't pay since noon."]));
    assert!(filled["sizes"].as_array().is_some_and(|sizes| sizes.iter().all(Value::is_i64)));
    assert!(filled["facts"].is_object());
    let listed =
        said("", "Split it.\n\n- check the disk\n- call the customer", &[("parts", "list[str]", "")]);
    assert_eq!(listed["parts"], json!(["check the disk", "call the customer"]));
}

#[test]
fn examples_show_further_fields() {
    let system = "Ticket: disk full on db-3 since noon\nAnswer: {\"label\": \"storage\", \"host\": \"db-3\", \"page\": true}\n\n\
        Ticket: DNS broken at web-12 again\nAnswer: {\"label\": \"network\", \"host\": \"web-12\", \"page\": false}";
    let outputs = [("label", "str", ""), ("host", "str", ""), ("page", "bool", "")];
    let filled = said(system, "No disk space on mail-7", &outputs);
    assert_eq!(filled, json!({"label": "storage", "host": "mail-7", "page": true}));
}

#[test]
fn the_same_prompt_has_the_same_answer_and_odd_ones_do_no_harm() {
    let outputs = [("a", "str", ""), ("b", "float", ""), ("c", "list[str]", ""), ("d", "bool", "")];
    for text in ["", " \n", "{", "?!", "one of: , ,", "磁盘已满，无法写入", "1 2 3", &"word ".repeat(50_000)]
    {
        let first = said("", text, &outputs);
        assert_eq!(first, said("", text, &outputs));
        assert!(first["b"].is_number() && first["c"].is_array(), "{first}");
    }
}
