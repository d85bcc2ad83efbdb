//! Whole prompts in their many shapes, good and odd.

use super::*;

const DEFINITIONS: &str = "Sort the ticket.\n\n- storage: disks and volumes that are full\n- network: DNS, packets, routers\n\n\
    Answer with the label only.";

fn said(system: &str, user: &str) -> String {
    answer(system, user, None).text
}

#[test]
fn definitions_in_any_usual_shape_are_read() {
    for system in [
        DEFINITIONS,
        "Labels:\nstorage = disks and volumes\nnetwork = DNS and packets",
        "## storage\ndisks and volumes\n\n## network\nDNS, packets\nand routers",
        "Categories:\n1. **storage** — disks\n   and volumes that are full\n2. **network** — DNS, packets",
        "One of storage, network.\n* storage: disks\n* network: packets, routers, DNS",
        "Choose storage or network.\nTicket: volume full\nLabel: storage\n\nTicket: DNS broken\nLabel: network",
        "Examples:\nInput: the disk is full\nOutput: storage\nInput: DNS is slow\nOutput: network",
        "- the disk is full -> storage\n- packets get lost in DNS -> network",
        "{\"text\": \"disk full\", \"label\": \"storage\"}\n{\"text\": \"DNS slow\", \"label\": \"network\"}",
    ] {
        let labelled = |user| said(system, user).to_lowercase();
        assert!(labelled("The disk of mail-1 is a volume of 2 TB").contains("storage"), "{system}");
        assert!(labelled("DNS does not answer").contains("network"), "{system}");
    }
}

#[test]
fn the_whole_prompt_may_stand_in_the_user_turn() {
    let user = format!("{DEFINITIONS}\n\nTicket: no route, packets get lost\nLabel:");
    assert_eq!(said("", &user), "network");
    let shots = "Ticket: disk full\nLabel: storage\n\nTicket: DNS broken\nLabel: network\n\nTicket: disk broken\nLabel:";
    assert_eq!(said("", shots), "storage");
    assert_eq!(said("Choose one of: storage, network", "<ticket>network: down</ticket>"), "network");
}

#[test]
fn the_answer_has_the_form_that_the_prompt_asks_for() {
    let ask =
        |form: &str| said(&DEFINITIONS.replace("Answer with the label only.", form), "the disk is full");
    assert_eq!(ask("Answer with the label only."), "storage");
    assert_eq!(ask("Answer as {\"label\": \"<label>\"}"), r#"{"label":"storage"}"#);
    assert_eq!(
        ask("Answer as {\"class\": \"…\", \"confidence\": 0.0}"),
        r#"{"class":"storage","confidence":1.0}"#
    );
    let reasoned: Value =
        serde_json::from_str(&ask("JSON: {\"reason\": \"…\", \"label\": \"…\"}")).expect("JSON");
    assert_eq!(reasoned, json!({"reason": "words shared with the prompt: disk, full", "label": "storage"}));
}

#[test]
fn examples_teach_further_fields() {
    let system = "Ticket: disk full on db-3 since noon\nAnswer: {\"label\": \"storage\", \"host\": \"db-3\"}\n\n\
        Ticket: DNS broken at web-12 again\nAnswer: {\"label\": \"network\", \"host\": \"web-12\"}";
    assert_eq!(said(system, "No disk space on mail-7"), r#"{"label":"storage","host":"mail-7"}"#);
}

#[test]
fn without_labels_it_says_so() {
    assert!(said("You are a poet.", "Write about the sea").starts_with("This prompt names no labels."));
    let json: Value = serde_json::from_str(&said("Answer as {\"poem\": \"…\"}", "the sea")).expect("JSON");
    assert_eq!(json["poem"], Value::Null);
    assert!(json["note"].as_str().is_some_and(|note| note.contains("no language model")));
}

#[test]
fn same_prompt_same_answer() {
    let system = DEFINITIONS
        .replace("Answer with the label only.", "{\"label\": \"…\", \"confidence\": 0, \"reason\": \"\"}");
    let user = "The router of the disk volume loses packets when it is full";
    let first = answer(&system, user, None);
    for _ in 0..50 {
        assert_eq!(answer(&system, user, None), first);
    }
}

#[test]
fn odd_prompts_do_no_harm() {
    let odd = [
        "",
        " \n\t",
        "{",
        "}",
        "{\"",
        "\"\"\"",
        "- ",
        "-",
        ":",
        "Ticket:",
        "Label:",
        "->",
        "=> x",
        "#",
        "{{{{[[[[",
        "}{\"a\":",
        "Ünïcödé — ¿qué?",
        "磁盘已满，无法写入",
        "İstanbul: one of A, İ",
        "\u{feff}\u{202e}- ß: ẞ",
        "one of",
        "labels: ,,,|",
        "<ticket></ticket>",
        "</ticket><ticket>",
    ];
    for system in odd {
        for user in ["", "disk full", "Ticket:", "磁盘", "{\"label\": 3}"] {
            assert!(!said(system, user).is_empty());
        }
        assert!(!said("- a: disk\n- b: net", system).is_empty());
        assert!(!said("", system).is_empty());
    }
}

#[test]
fn a_megabyte_of_prompt_is_only_slow() {
    let long = "disk full und Speicher voll. ".repeat(1_000_000 / 29);
    assert_eq!(said(DEFINITIONS, &long), "storage");
    let many = (0..10_000).map(|n| format!("- label{n}: word{n} of text\n")).collect::<String>();
    assert_eq!(said(&many, "what of word777?"), "label777");
}
