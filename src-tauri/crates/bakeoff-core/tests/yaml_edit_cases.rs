//! Edits with the exact text they give: values of all kinds, new keys, removed keys, lists, several edits, refusals.

use bakeoff_core::yaml::edit::{Change, Edit, apply, set_string};
use bakeoff_core::yaml::parse_path;
use serde_json::{Value, json};

fn set(path: &str, value: impl Into<Value>) -> Edit {
    Edit { path: parse_path(path), change: Change::Set(value.into()) }
}

fn remove(path: &str) -> Edit {
    Edit { path: parse_path(path), change: Change::Remove }
}

fn check(cases: &[(&str, Edit, &str)]) {
    let mut failures = Vec::new();
    for (old, edit, expected) in cases {
        let got = apply(old, 0, std::slice::from_ref(edit)).map(|edited| edited.text);
        if got.as_deref() != Ok(*expected) {
            failures.push(format!("{old:?} with {edit:?}\n  expected {expected:?}\n       got {got:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn values_of_all_kinds_take_each_others_place() {
    check(&[
        ("a: null # c\n", set("a", "x"), "a: x # c\n"),
        ("a:\nb: 1\n", set("a", 0.2), "a: 0.2\nb: 1\n"),
        ("a: 0.20 # same\n", set("a", 0.2), "a: 0.20 # same\n"),
        ("a: 1\n", set("a", "1"), "a: \"1\"\n"),
        ("a: '1'\n", set("a", 1), "a: 1\n"),
        ("a: x\n", set("a", Value::Null), "a: null\n"),
        ("a: x\n", set("a", true), "a: true\n"),
        ("a: | # c\n  long\n  text\nb: 1\n", set("a", 7), "a: 7 # c\nb: 1\n"),
        ("a: | # c\n  long\n  text\nb: 1\n", set("a", Value::Null), "a: null # c\nb: 1\n"),
        ("a: \"x\" # c\nb: 1\n", set("a", "l1\nl2"), "a: |- # c\n  l1\n  l2\nb: 1\n"),
        ("m:\n    a: x\n", set("m.a", "l1\nl2\n"), "m:\n    a: |\n        l1\n        l2\n"),
        ("a: \"x\\ny\"\n", set("a", "l1\nl2"), "a: \"l1\\nl2\"\n"),
        ("a: 'x'\n", set("a", "it's"), "a: 'it''s'\n"),
        ("a: >-\n  x\n  y\nb: 1\n", set("a", "p\n\nq"), "a: >-\n  p\n\n\n  q\nb: 1\n"),
        ("a: >-\n  x\n  y\nb: 1\n", set("a", "p\n  q"), "a: |-\n  p\n    q\nb: 1\n"),
        ("a: |-\n  x\nb: 1\n", set("a", "y\n"), "a: |\n  y\nb: 1\n"),
        ("a: |\n  x\nb: 1\n", set("a", " y\n"), "a: |2\n   y\nb: 1\n"),
        ("a: |\n  x\n\n\nb: 1\n", set("a", "y\n\n\n"), "a: |+\n  y\n\n\nb: 1\n"),
        ("a: |\n  x\n\n\nb: 1\n", set("a", "y\n\n"), "a: \"y\\n\\n\"\n\n\nb: 1\n"),
        ("a: !!int 5\n", set("a", 6), "a: !!int 6\n"),
        ("a: &p !!int 5 # c\n", set("a", "x"), "a: &p x # c\n"),
        ("a: !!str 5\n", set("a", 6), "a: 6\n"),
        ("a: [x]\n", set("a", Value::Null), "a: null\n"),
        ("a:\n  - x\n  - y\nb: 1\n", set("a", Value::Null), "a: null\nb: 1\n"),
        ("a: yes\n", set("a", "no"), "a: \"no\"\n"),
        ("a: x\n", set("a", "2024-01-01"), "a: \"2024-01-01\"\n"),
        ("a: x\n", set("a", "claude-sonnet-4-5"), "a: claude-sonnet-4-5\n"),
        ("a: x\n", set("a", "{{ input }}"), "a: \"{{ input }}\"\n"),
        ("a: x", set("a", "x"), "a: x"),
    ]);
}

#[test]
fn new_keys_come_last_in_the_style_of_the_file() {
    check(&[
        ("a: 1\n", set("b", "x"), "a: 1\nb: x\n"),
        ("a: 1 # c\n# end\n", set("b", "x"), "a: 1 # c\nb: x\n# end\n"),
        ("a: 1", set("b", "x"), "a: 1\nb: x"),
        ("a: 1", set("b", "x\ny\n"), "a: 1\nb: |\n  x\n  y\n"),
        ("a: 1\r\n", set("b", "x\ny"), "a: 1\r\nb: |-\r\n  x\r\n  y\r\n"),
        ("a: |\n  text\n\n\n", set("b", 1), "a: |\n  text\nb: 1\n\n\n"),
        ("a: |+\n  text\n\n", set("b", 1), "a: |+\n  text\n\nb: 1\n"),
        ("a: |\n  text", set("b", 1), "a: |-\n  text\nb: 1"),
        ("m:\n    a: 1\nz: 1\n", set("m.b", "x\ny"), "m:\n    a: 1\n    b: |-\n        x\n        y\nz: 1\n"),
        ("l:\n  - a: 1\n  - a: 2\n", set("l[0].b", "x"), "l:\n  - a: 1\n    b: x\n  - a: 2\n"),
        ("m: {a: 1} # c\n", set("m.b", "x, y"), "m: {a: 1, b: \"x, y\"} # c\n"),
        ("m: {a: 1,}\n", set("m.b", "x"), "m: {a: 1, b: x,}\n"),
        ("m: {}\n", set("m.b", "x\ny"), "m: {b: \"x\\ny\"}\n"),
        ("m: {\n  a: 1, # c\n  b: 2 # d\n}\n", set("m.c", 3), "m: {\n  a: 1, # c\n  b: 2, # d\n  c: 3\n}\n"),
        ("m: {\n  a: 1,\n}\n", set("m.c", 3), "m: {\n  a: 1,\n  c: 3,\n}\n"),
        ("a: 1\n", set("stop", json!(["x", "a, b", "1"])), "a: 1\nstop: [x, \"a, b\", \"1\"]\n"),
        ("a: 1\n", set("[\"odd key: x\"]", 1), "a: 1\n\"odd key: x\": 1\n"),
        ("d: &d {a: 1}\nm:\n  <<: *d\n", set("m.a", 2), "d: &d {a: 1}\nm:\n  <<: *d\n  a: 2\n"),
        ("", set("a", "x"), "a: x\n"),
        ("# head\n", set("a", "x\ny"), "# head\na: |-\n  x\n  y\n"),
        ("---\n", set("a", 1), "---\na: 1\n"),
        ("? a\n? b\n", set("c", 1), "? a\n? b\nc: 1\n"),
    ]);
}

#[test]
fn removed_keys_take_their_lines_and_nothing_else() {
    check(&[
        ("a: 1\nb: 2 # c\n# keep\nc: 3\n", remove("b"), "a: 1\n# keep\nc: 3\n"),
        ("a: 1\nb: |\n  x\n  y\nc: 3\n", remove("b"), "a: 1\nc: 3\n"),
        ("a: 1\nb:\n  - x\n  - {y: 1}\nc: 3\n", remove("b"), "a: 1\nc: 3\n"),
        ("a: 1\nb: 2", remove("b"), "a: 1\n"),
        ("a: 1\r\nb: 2\r\n", remove("a"), "b: 2\r\n"),
        ("m:\n  a: 1\nz: 1\n", remove("m.a"), "m: {}\nz: 1\n"),
        ("m: # keep\n  a: 1\nz: 1\n", remove("m.a"), "m: # keep\n  {}\nz: 1\n"),
        ("a: 1\n", remove("a"), "{}\n"),
        ("- a: 1\n  b: 2\n", remove("[0].a"), "- b: 2\n"),
        ("- a: 1\n  # keep\n  b: 2\n", remove("[0].a"), "- # keep\n  b: 2\n"),
        ("- a: 1\n  b: 2\n", remove("[0].b"), "- a: 1\n"),
        ("? a\n: 1\n? b\n: 2\n", remove("b"), "? a\n: 1\n"),
        ("m: {a: 1, b: 2, c: 3}\n", remove("m.a"), "m: {b: 2, c: 3}\n"),
        ("m: {a: 1, b: 2, c: 3}\n", remove("m.b"), "m: {a: 1, c: 3}\n"),
        ("m: {a: 1, b: 2, c: 3}\n", remove("m.c"), "m: {a: 1, b: 2}\n"),
        ("m: {a: 1}\n", remove("m.a"), "m: {}\n"),
        ("m: {\n  a: 1, # x\n  b: 2 # y\n}\n", remove("m.a"), "m: {\n  b: 2 # y\n}\n"),
        ("m: {\n  a: 1, # x\n  b: 2 # y\n}\n", remove("m.b"), "m: {\n  a: 1, # x\n}\n"),
        ("l:\n  - a # x\n  - b\n", remove("l[0]"), "l:\n  - b\n"),
        ("l:\n- a\nz: 1\n", remove("l[0]"), "l: []\nz: 1\n"),
        ("l: [a, b]\n", remove("l[1]"), "l: [a]\n"),
        ("a: |+\n  x\n\nb: 1\n\nc: 2\n", remove("b"), "a: |+\n  x\n\nc: 2\n"),
    ]);
}

#[test]
fn lists_keep_the_items_that_stay() {
    check(&[
        ("l: [a, b]\n", set("l", json!(["a", "c"])), "l: [a, c]\n"),
        ("l: [a, 'b']\n", set("l", json!(["a", "b", "c"])), "l: [a, 'b', c]\n"),
        ("l:\n  - a # x\n  - b # y\n", set("l", json!(["b"])), "l:\n  - b # y\n"),
        (
            "l:\n  - a # x\n  - b # y\n",
            set("l", json!(["a", "new", "b"])),
            "l:\n  - a # x\n  - new\n  - b # y\n",
        ),
        ("l:\n- a\n- b\nz: 1\n", set("l", json!(["a", "b", "c\nd"])), "l:\n- a\n- b\n- |-\n  c\n  d\nz: 1\n"),
        ("l:\n  - a\n  - b\nz: 1\n", set("l", json!([])), "l: []\nz: 1\n"),
        ("l: []\n", set("l", json!(["a"])), "l: [a]\n"),
        ("l: null # c\n", set("l", json!(["a"])), "l: [a] # c\n"),
        ("l:\n  - b\n", set("l", json!(["a", "b"])), "l:\n  - a\n  - b\n"),
        ("l: [b]\n", set("l", json!(["a", "b"])), "l: [a, b]\n"),
        ("l: [a]\n", set("l[1]", "b"), "l: [a, b]\n"),
        ("p: &p [a]\nl: *p\n", set("l", json!(["b"])), "p: &p [a]\nl: [b]\n"),
    ]);
}

#[test]
fn several_edits_are_made_in_order_or_not_at_all() {
    let text = "# head\nprompt: old # p\nmodel: m\nstop: [x]\n";
    let edits = [
        set("prompt", "new\nlines\n"),
        remove("stop"),
        set("temperature", 0.5),
        set("tags", json!(["a"])),
        set("model", "other"),
    ];
    let edited = apply(text, 0, &edits).expect("possible");
    assert_eq!(
        edited.text,
        "# head\nprompt: | # p\n  new\n  lines\nmodel: other\ntemperature: 0.5\ntags: [a]\n"
    );
    assert!(edited.warnings.is_empty());
    let error = apply(text, 0, &[set("prompt", "new"), remove("nothing")]).expect_err("the second one fails");
    assert_eq!(error.message, "nothing does not exist");
}

#[test]
fn warnings_name_the_other_places() {
    let text = "a: &p old\nb: *p\nc: {d: *p, e: [*p]}\n";
    let edited = set_string(text, &parse_path("a"), "new").expect("possible");
    assert_eq!(edited.text, "a: &p new\nb: *p\nc: {d: *p, e: [*p]}\n");
    assert_eq!(
        edited.warnings,
        ["a: the value is anchored as &p: it changes in 3 more places: b, c.d, c.e[0]"]
    );
    let merged = "base: &base\n  prompt: old\nx:\n  <<: *base\ny:\n  <<: *base\n  prompt: own\n";
    let edited = set_string(merged, &parse_path("base.prompt"), "new").expect("possible");
    assert_eq!(edited.warnings.len(), 1, "y has its own prompt");
    assert!(edited.warnings[0].ends_with("it changes in 1 more place: x.prompt"), "{:?}", edited.warnings);
    let commented = "l:\n  - a # one\n  # two\n  - b # three\n";
    let edited = apply(commented, 0, &[set("l", json!([]))]).expect("possible");
    assert_eq!(edited.text, "l: [] # three\n");
    assert_eq!(edited.warnings, ["l: the comments inside the list are gone with it"]);
    let through = "a: &p {x: 1}\nb: *p\n";
    let edited = apply(through, 0, &[set("b.x", 2)]).expect("possible");
    assert_eq!(edited.text, "a: &p {x: 2}\nb: *p\n");
    assert!(edited.warnings[0].ends_with("in 1 more place: a.x"), "{:?}", edited.warnings);
}

#[test]
fn what_can_not_be_done_is_refused_with_a_reason() {
    let cases = [
        ("a: 1\n", set("b.c", "x"), "b does not exist in the document"),
        ("a:\n  b: 1\n", set("a.x.y", "x"), "a.x does not exist in a"),
        ("a: 1\n", set("a.b", "x"), "a.b can't be set"),
        ("a: 1\n", set("a", json!({"b": {"k".repeat(2000): 1}})), "the key is too long"),
        ("a: 1\n", set("b.c", json!({"d": 1})), "b does not exist in the document"),
        ("a: [1]\n", set("a[5]", "x"), "a[5] does not exist; the list has 1 items"),
        ("a: [1]\n", set("a.b", "x"), "a.b does not exist; what holds it is a list"),
        ("a: 1\n", remove("b"), "b does not exist"),
        ("a: 1\n", remove(""), "the whole document"),
        ("d: &d {a: 1}\nm:\n  <<: *d\n", remove("m.a"), "m.a comes from a merge key"),
        (
            "a: &p x\nb: *p\n",
            remove("a"),
            "a was not changed: the text would no longer be readable: *p has no anchor",
        ),
        ("a: [1\n", set("a", "x"), "the text can't be changed: this is not valid YAML"),
        ("a: 1\na: 2\n", set("a", "x"), "the text can't be changed: duplicate"),
        (
            "a: &p 1\nb: &p 2\nc: *p\n",
            set("c", "x"),
            "the text can't be changed: the anchor &p is given twice",
        ),
    ];
    for (text, edit, expected) in cases {
        let error = apply(text, 0, std::slice::from_ref(&edit)).expect_err(text);
        assert!(error.message.starts_with(expected), "{text:?} with {edit:?}: {error}");
        assert!(!error.hint.is_empty(), "{error}");
    }
    let error = apply("a: 1\n", 1, &[set("a", "x")]).expect_err("one document");
    assert_eq!(error.message, "there is no document 2; the text has 1");
}
