//! Structured values (lists of mappings, mappings) written into files, with the exact text they give.

use bakeoff_core::yaml::edit::{Change, Edit, apply};
use bakeoff_core::yaml::parse_path;
use serde_json::{Value, json};

fn set(path: &str, value: impl Into<Value>) -> Edit {
    Edit { path: parse_path(path), change: Change::Set(value.into()) }
}

fn check(cases: &[(&str, Edit, &str)]) {
    let mut failures = Vec::new();
    for (old, edit, expected) in cases {
        let got = apply(old, 0, std::slice::from_ref(edit)).map(|edited| edited.text);
        if got.as_deref() != Ok(*expected) {
            let got = got.unwrap_or_else(|error| format!("error: {error}"));
            failures.push(format!("{edit:?}\n--- old\n{old}\n--- expected\n{expected}\n--- got\n{got}\n"));
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn label() -> Value {
    json!({"type": "json-field", "field": "label", "equals": "{{ expected }}"})
}

const LABEL: &str = "{type: json-field, field: label, equals: \"{{ expected }}\"}";

#[test]
fn new_structures_are_written_as_people_write_them() {
    let long = "x".repeat(90);
    check(&[
        (
            "a: 1\n",
            set("sample", json!({"max_items": 120, "seed": 7})),
            "a: 1\nsample: {max_items: 120, seed: 7}\n",
        ),
        (
            "a: 1\n",
            set("scorers", json!([label(), {"type": "latency", "max_ms": 5000}])),
            &format!("a: 1\nscorers:\n  - {LABEL}\n  - {{type: latency, max_ms: 5000}}\n"),
        ),
        ("a: 1\r\nb: 2", set("l", json!([{"a": 1}])), "a: 1\r\nb: 2\r\nl:\r\n  - {a: 1}"),
        (
            "a: 1\n",
            set(
                "judge",
                json!([{"type": "llm-judge", "rubric": "Is it\nright?\n", "weight": 1}, {"type": "is-json"}]),
            ),
            "a: 1\njudge:\n  - type: llm-judge\n    rubric: |\n      Is it\n      right?\n    weight: 1\n  - {type: is-json}\n",
        ),
        ("a: 1", set("l", json!([{"x": "p\nq\n"}])), "a: 1\nl:\n  - x: |\n      p\n      q\n"),
        ("a: 1\n", set("l", json!([{"x": long}])), &format!("a: 1\nl:\n  - {{x: {long}}}\n")),
        ("a: 1\n", set("l", json!([{"x": long, "w": "z"}])), &format!("a: 1\nl:\n  - x: {long}\n    w: z\n")),
        (
            "m:\n    a: 1\n",
            set("m.q", json!({"x": {"k": 1}, "z": []})),
            "m:\n    a: 1\n    q:\n        x: {k: 1}\n        z: []\n",
        ),
        (
            "k:\n- 1\n- 2\n",
            set("l", json!([{"a": {"b": {"c": [1, 2]}}}])),
            "k:\n- 1\n- 2\nl:\n- a:\n    b:\n      c: [1, 2]\n",
        ),
        (
            "a: 1\n",
            set("l", json!([[1, [2]], [[{"x": 1}]]])),
            "a: 1\nl:\n  - - 1\n    - [2]\n  - - - {x: 1}\n",
        ),
        (
            "a: 1\n",
            set("m", json!({"yes": {"1": "no"}, "a: b": {"<<": null}})),
            "a: 1\nm:\n  \"yes\": {\"1\": \"no\"}\n  \"a: b\": {\"<<\": null}\n",
        ),
        ("", set("sample", json!({"seed": 7})), "sample: {seed: 7}\n"),
        ("# head\n", set("m", json!({"a": {"b": 1}})), "# head\nm:\n  a: {b: 1}\n"),
        ("m: {a: 1} # c\n", set("m.l", json!([{"x": "p\nq"}])), "m: {a: 1, l: [{x: \"p\\nq\"}]} # c\n"),
        ("a: 1\n", set("stop", json!(["x", "a\nb"])), "a: 1\nstop:\n  - x\n  - |-\n    a\n    b\n"),
        ("a: >\n  text", set("l", json!([{"x": 1}])), "a: >-\n  text\nl:\n  - {x: 1}"),
        ("m:\n  - a: |+\n      text", set("l", json!({"x": 1})), "m:\n  - a: |-\n      text\nl: {x: 1}"),
    ]);
}

const SCORERS: &str = "\
name: n # the name
scorers: # how it is judged
  # the label first
  - {type: json-field, field: label, weight: 1}   # main
  - {type: contains,   value: 'x'} # odd spaces
  # the slow ones
  - {type: latency, max_ms: 5000}
# end
sample: {max_items: 50, seed: 7} # small
";

fn scorers() -> [Value; 3] {
    [
        json!({"type": "json-field", "field": "label", "weight": 1}),
        json!({"type": "contains", "value": "x"}),
        json!({"type": "latency", "max_ms": 5000}),
    ]
}

#[test]
fn only_what_differs_changes_in_a_campaign() {
    let [label, contains, latency] = scorers();
    let with = |from: &str, to: &str| {
        assert!(SCORERS.contains(from), "{from}");
        SCORERS.replace(from, to)
    };
    let heavier = json!({"type": "json-field", "field": "label", "weight": 2});
    let named = json!({"type": "latency", "max_ms": 5000, "metric": "slow"});
    let regex = json!({"type": "regex", "pattern": "^x$"});
    let middle = "  - {type: contains,   value: 'x'} # odd spaces\n";
    check(&[
        (SCORERS, set("scorers", json!([label, contains, latency])), SCORERS),
        (SCORERS, set("sample", json!({"seed": 7, "max_items": 50})), SCORERS),
        (
            SCORERS,
            set("scorers", json!([label, contains, latency, {"type": "is-json"}])),
            &with("max_ms: 5000}\n", "max_ms: 5000}\n  - {type: is-json}\n"),
        ),
        (SCORERS, set("scorers", json!([label, latency])), &with(middle, "")),
        (SCORERS, set("scorers", json!([heavier, contains, latency])), &with("weight: 1", "weight: 2")),
        (
            SCORERS,
            set("scorers", json!([label, contains, named])),
            &with("max_ms: 5000}", "max_ms: 5000, metric: slow}"),
        ),
        (
            SCORERS,
            set("scorers", json!([label, regex, latency])),
            &with("{type: contains,   value: 'x'}", "{type: regex,   pattern: \"^x$\"}"),
        ),
        (
            SCORERS,
            set("scorers", json!([{"type": "is-json"}, label, contains, latency])),
            &with("  - {type: json-field", "  - {type: is-json}\n  - {type: json-field"),
        ),
        (SCORERS, set("sample", json!({"seed": 7})), &with("{max_items: 50, seed: 7}", "{seed: 7}")),
        (SCORERS, set("sample", json!({"max_items": 9, "seed": 7})), &with("items: 50", "items: 9")),
        (SCORERS, set("sample.seed", 8), &with("seed: 7", "seed: 8")),
    ]);
    let windows = SCORERS.replace('\n', "\r\n");
    let changed = with(middle, "").replace('\n', "\r\n");
    check(&[(&windows, set("scorers", json!([label, latency])), &changed)]);
}

#[test]
fn block_mappings_keep_comments_and_order() {
    let old = "m:\n  l:\n  - type: judge # kind\n    # asks\n    rubric: |  # text\n      One\n\n      two\n    weight: 1\n  - type: is-json\nz: 1";
    let judge = |rubric: &str, weight: u8| json!({"type": "judge", "rubric": rubric, "weight": weight});
    let with = |from: &str, to: &str| {
        assert!(old.contains(from), "{from}");
        old.replace(from, to)
    };
    let json = json!({"type": "is-json"});
    check(&[
        (old, set("m.l", json!([judge("One\n\ntwo\n", 1), json])), old),
        (old, set("m.l", json!([judge("New\n", 1), json])), &with("One\n\n      two", "New")),
        (old, set("m", json!({"l": [judge("One\n\ntwo\n", 2), json]})), &with("weight: 1", "weight: 2")),
        (
            old,
            set("m.l", json!([{"type": "judge", "rubric": "One\n\ntwo\n"}, json])),
            &with("    weight: 1\n", ""),
        ),
        (
            old,
            set("m.l", json!([judge("One\n\ntwo\n", 1), json, {"type": "latency", "max_ms": 9}])),
            &with("  - type: is-json\n", "  - type: is-json\n  - type: latency\n    max_ms: 9\n"),
        ),
        (
            old,
            set("m.l", json!([judge("One\n\ntwo\n", 1), {"type": "is-json", "labels": {"a": {"b": [1]}}}])),
            &with("is-json\n", "is-json\n    labels:\n      a:\n        b: [1]\n"),
        ),
        (old, set("m.l", json!([json])), "m:\n  l:\n  - type: is-json\nz: 1"),
    ]);
}

#[test]
fn flow_collections_stay_flow() {
    check(&[
        (
            "l: [{a: 1}, {b: 2}] # c\n",
            set("l", json!([{"a": 1}, {"b": 2}, {"c": 3}])),
            "l: [{a: 1}, {b: 2}, {c: 3}] # c\n",
        ),
        ("l: [{a: 1}, {b: 2}, {c: 3}]\n", set("l", json!([{"a": 1}, {"c": 3}])), "l: [{a: 1}, {c: 3}]\n"),
        ("l: [{a: 1}]", set("l", json!([{"a": {"x": [true, null]}}])), "l: [{a: {x: [true, null]}}]"),
        ("m: {a: 1, b: 2}\n", set("m", json!({"c": 3})), "m: {c: 3}\n"),
        (
            "l: [\n  {a: 1}, # x\n  {b: 2}, # y\n]\n",
            set("l", json!([{"b": 2}, {"c": 3}])),
            "l: [\n  {b: 2}, # y\n  {c: 3},\n]\n",
        ),
        ("{\"a\":{\"b\":1},\"c\":2}\n", set("a", json!({"b": [1]})), "{\"a\":{\"b\":[1]},\"c\":2}\n"),
    ]);
}

#[test]
fn other_kinds_are_replaced_whole() {
    let list = || json!([{"a": 1}]);
    let nested = || json!({"x": {"k": 1}});
    check(&[
        ("sample: 100 # c\nz: 1\n", set("sample", json!({"seed": 7})), "sample: {seed: 7} # c\nz: 1\n"),
        ("l: x # c\nz: 1\n", set("l", list()), "l: # c\n  - {a: 1}\nz: 1\n"),
        ("l: # c\nz: 1\n", set("l", list()), "l: # c\n  - {a: 1}\nz: 1\n"),
        ("l: null", set("l", list()), "l:\n  - {a: 1}"),
        ("l: [] # c\n", set("l", list()), "l: # c\n  - {a: 1}\n"),
        ("l: | # c\n  text\n\nz: 1\n", set("l", list()), "l: # c\n  - {a: 1}\n\nz: 1\n"),
        ("l: {type: is-json}\n", set("l", list()), "l:\n  - {a: 1}\n"),
        ("l:\n  - a: 1\n  - b: 2\nz: 1\n", set("l", nested()), "l:\n  x: {k: 1}\nz: 1\n"),
        ("l:\n- a: 1\nz: 1\n", set("l", nested()), "l:\n  x: {k: 1}\nz: 1\n"),
        ("m:\n  a: 1 # c\nz: 1\n", set("m", list()), "m:\n  - {a: 1} # c\nz: 1\n"),
        ("m:\n  a: 1\n  b: 2 # c\nz: 1\n", set("m", "x"), "m: x # c\nz: 1\n"),
        ("m: {a: 1}\n", set("m", json!([])), "m: []\n"),
        ("- x # c\n- y\n", set("[0]", nested()), "- # c\n  x: {k: 1}\n- y\n"),
        ("- x\n- y\n", set("[0]", nested()), "- x: {k: 1}\n- y\n"),
        ("-\n- y\n", set("[0]", nested()), "- x: {k: 1}\n- y\n"),
        ("# head\na: 1\n", set("", Value::Null), "# head\nnull\n"),
        ("a: 1 # c\n", set("", list()), "- {a: 1} # c\n"),
        ("p: &p {a: {}}\nl: *p # c\n", set("l", nested()), "p: &p {a: {}}\nl: # c\n  x: {k: 1}\n"),
        ("l: &p x\nm: *p\n", set("l", nested()), "l: &p\n  x: {k: 1}\nm: *p\n"),
    ]);
}

#[test]
fn keys_below_null_make_a_mapping() {
    check(&[
        ("sample:\nz: 1\n", set("sample.seed", 7), "sample: {seed: 7}\nz: 1\n"),
        ("sample: # c\nz: 1\n", set("sample.max_items", 9), "sample: {max_items: 9} # c\nz: 1\n"),
        ("sample: null\n", set("sample.seed", 7), "sample: {seed: 7}\n"),
        ("m: {sample: ~}\n", set("m.sample.seed", 7), "m: {sample: {seed: 7}}\n"),
        ("m:\n", set("m.l", json!([{"a": 1}])), "m:\n  l:\n    - {a: 1}\n"),
        ("null\n", set("a", 1), "{a: 1}\n"),
        ("p: &p\nb: *p\n", set("b.x", 1), "p: &p\nb: {x: 1}\n"),
    ]);
}

#[test]
fn aliases_and_merge_keys_give_exactly_what_is_asked() {
    let merged = "d: &d {a: 1, b: 2}\nm:\n  <<: *d # c\n  b: 3\n";
    check(&[
        (merged, set("m", json!({"b": 3, "a": 1})), merged),
        (merged, set("m", json!({"b": 3, "a": 5})), "d: &d {a: 1, b: 2}\nm:\n  <<: *d # c\n  b: 3\n  a: 5\n"),
        (merged, set("m", json!({"b": 4})), "d: &d {a: 1, b: 2}\nm: {b: 4}\n"),
        ("l: [&a {x: 1}, *a]\n", set("l", json!([{"x": 2}, {"x": 1}])), "l: [&a {x: 2}, {x: 1}]\n"),
        ("l: [&a 1, *a, 2]\n", set("l", json!([2])), "l: [2]\n"),
        ("l: &l [{x: 1}]\nm: *l\n", set("m", json!([{"x": 2}])), "l: &l [{x: 1}]\nm:\n  - {x: 2}\n"),
        ("m: !custom {a: 1}\n", set("m", json!({"a": 2})), "m: !custom {a: 2}\n"),
        ("m: !!map {a: !!int 1}\n", set("m", json!({"a": 1, "b": 2})), "m: !!map {a: !!int 1, b: 2}\n"),
    ]);
}

#[test]
fn comments_that_go_with_a_whole_value_are_told() {
    let edit = set("m", json!([1]));
    let edited = apply("m:\n  a: 1 # one\n  b: | # two\n    x\n", 0, &[edit]).expect("possible");
    assert_eq!(edited.text, "m: [1]\n");
    assert_eq!(edited.warnings, ["m: the comments inside the mapping are gone with it"]);
    let edit = set("m", json!([1]));
    let edited = apply("m:\n  a: \"# none\"\n  b: x#y # kept\n", 0, &[edit]).expect("possible");
    assert_eq!(edited.text, "m: [1] # kept\n");
    assert!(edited.warnings.is_empty(), "{:?}", edited.warnings);
}
