//! Reading YAML: what is refused, with which place and hint, and where values stand.

use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::yaml::{self, Step, parse_path, path_text, read};
use serde_json::json;

fn found(text: &str) -> Vec<Diagnostic> {
    read(text).expect_err("the text is bad")
}

/// The only finding, as `code line:column`.
fn only(text: &str) -> String {
    let found = found(text);
    assert_eq!(found.len(), 1, "one finding: {found:#?}");
    let start = found[0].start.expect("a place");
    assert!(found[0].hint.as_deref().is_some_and(|hint| !hint.is_empty()), "a hint: {:?}", found[0]);
    format!("{} {}:{}", found[0].code, start.line, start.column)
}

/// The text of the value at a path.
fn slice<'t>(text: &'t str, path: &str) -> &'t str {
    let span = read(text).expect("good").span(&parse_path(path)).expect("a value there");
    &text[span.start..span.end]
}

#[test]
fn values_keep_order_and_merge_keys_are_applied() {
    let document =
        read("z: &d {a: 1, b: [x]}\ny:\n  <<: *d\n  b: 2\n  c: *d\n1: one\ntrue: t\n").expect("good");
    let text = serde_json::to_string(&document.value).expect("JSON");
    let expected = r#"{"z":{"a":1,"b":["x"]},"y":{"b":2,"c":{"a":1,"b":["x"]},"a":1},"1":"one","true":"t"}"#;
    assert_eq!(text, expected, "the order of the file, merged keys last, keys as written");
    let document =
        read("a: &a {p: 1}\nb: &b {p: 2, q: 3}\nc:\n  <<: [*a, *b]\n\"<<\": text\n").expect("good");
    assert_eq!(document.value["c"], json!({"p": 1, "q": 3}), "the first source wins");
    assert_eq!(document.value["<<"], "text", "a quoted << is an ordinary key");
}

#[test]
fn scalars_have_their_core_schema_types() {
    let text = "[~, null, '', true, False, yes, 0x1F, 0o17, 0b11, 017, +5, -3, 1e3, .5, 1_000, 12:30, \"1\", !!str 1, !!int '4', !!float 2, nan, -0]";
    let expected = json!([
        null, null, "", true, false, "yes", 31, 15, 3, "017", 5, -3, 1000.0, 0.5, "1_000", "12:30", "1", "1",
        4, 2.0, "nan", 0
    ]);
    assert_eq!(read(text).expect("good").value, expected);
    assert_eq!(read("").expect("an empty file is null").value, json!(null));
    assert_eq!(read("# only a comment\n").expect("null").value, json!(null));
    assert_eq!(read("\u{feff}a: 1\nb: 2\n").expect("the mark is cut off").value, json!({"a": 1, "b": 2}));
    assert_eq!(read("---\na: 1\n...\n").expect("one document").value, json!({"a": 1}));
}

#[test]
fn spans_are_in_bytes_and_places_in_characters() {
    let text = "\u{feff}ä: &x \"ü\" # no\nliste:\n- !!str eins\n- |-2\n    zwei\n   drei\n\nnext: [a, {b: 'c'}]\nempty:\nsame: *x\n";
    assert_eq!(slice(text, "ä"), "\"ü\"");
    assert_eq!(slice(text, "liste[0]"), "eins");
    assert_eq!(slice(text, "liste[1]"), "|-2\n    zwei\n   drei");
    assert_eq!(slice(text, "next"), "[a, {b: 'c'}]");
    assert_eq!(slice(text, "next.1.b"), "'c'");
    assert_eq!(slice(text, "empty"), "");
    assert_eq!(slice(text, "same"), "*x");
    let document = read(text).expect("good");
    let span = document.span(&parse_path("ä")).expect("there");
    assert_eq!((span.from.line, span.from.column), (1, 7), "the mark counts as no column, ä as one");
    let key = document.key_span(&parse_path("next[1].b")).expect("there");
    assert_eq!((key.from.line, key.from.column, &text[key.start..key.end]), (8, 12, "b"));
    assert!(document.key_span(&[]).is_none() && document.span(&parse_path("nothing.here")).is_none());
    let merged = "a: &a\n  p: 1\nb:\n  <<: *a\n";
    assert_eq!(slice(merged, "b.p"), "1", "a merged value stands where it is written");
}

#[test]
fn paths_are_read_and_written() {
    let cases = [
        ("nodes.0.prompt", "nodes[0].prompt"),
        ("nodes[0].prompt", "nodes[0].prompt"),
        ("/scorers/1/type", "scorers[1].type"),
        ("/a~1b/c~0d", "[\"a/b\"].c~d"),
        ("config_overrides[\"nodes.draft.llm\"].x", "config_overrides[\"nodes.draft.llm\"].x"),
        ("[2][3]", "[2][3]"),
        ("a[x", "a[\"[x\"]"),
        ("", ""),
    ];
    for (given, written) in cases {
        assert_eq!(path_text(&parse_path(given)), written, "{given}");
        assert_eq!(parse_path(written), parse_path(given), "{written} reads back");
    }
    let document = read("list: [{'0': x}]\n'1': y\n").expect("good");
    let steps = document.steps("/list/0/0");
    assert_eq!(steps, [Step::Key("list".into()), Step::Index(0), Step::Key("0".into())]);
    assert!(document.span(&parse_path("1")).is_some(), "an index that meets a mapping is a key");
}

#[test]
fn every_problem_has_a_place_and_a_hint() {
    let cases = [
        ("a: 1\nb: [1, 2\nc: 3\n", "syntax 3:2"),
        ("a: b: c\n", "syntax 1:5"),
        ("a:\n\t- x\n", "syntax 2:1"),
        ("ä: \"open\nb: 1\n", "syntax 1:4"),
        ("a: 1\n b: 2\n", "syntax 2:3"),
        ("a: @x\n", "syntax 1:4"),
        ("a: \"\\q\"\n", "syntax 1:5"),
        ("a: x\u{1}y\n", "syntax 1:5"),
        ("a: !x 1\n", "tag 1:4"),
        ("a: !!binary aGk=\n", "tag 1:4"),
        ("a: !!int x\n", "tag 1:4"),
        ("a: [.inf]\n", "not-finite 1:5"),
        ("a: 1\nb: .NaN\n", "not-finite 2:4"),
        ("a: 18446744073709551616\n", "number-too-large 1:4"),
        ("a: 999999999999999999999999999999999999999999\n", "number-too-large 1:4"),
        ("é: 1\nb: 2\né: 3\n", "duplicate-key 3:1"),
        ("? [a]\n: 1\n", "key-not-text 1:3"),
        ("a: {{ input }}\n", "key-not-text 1:5"),
        ("~: 1\n", "key-not-text 1:1"),
        ("a: *x\n", "unknown-anchor 1:4"),
        ("a: &x [*x]\n", "endless-alias 1:8"),
        ("a:\n  <<: 5\n", "merge 2:3"),
        ("a: 1\n---\nb: 2\n", "several-documents 2:1"),
    ];
    for (text, expected) in cases {
        assert_eq!(only(text), expected, "{text:?}");
    }
}

#[test]
fn all_findings_come_at_once_with_their_paths() {
    let found = found("a: .inf\nb:\n  - x: !t 1\n  - x: 1\n    x: 2\n");
    let shown: Vec<_> = found.iter().map(|one| format!("{} {}", one.code, one.path)).collect();
    assert_eq!(shown, ["not-finite a", "tag b[0].x", "duplicate-key b[1].x"]);
    let found = read("a: &x .inf\nb: *x\nc: *x\n").expect_err("bad");
    assert_eq!(found.len(), 1, "aliases do not repeat a finding");
}

#[test]
fn limits_hold_before_anything_is_expanded() {
    let bomb = format!("a: &a \"{}\"\nb:\n{}", "x".repeat(100_000), "- *a\n".repeat(20_000));
    let nested: String = (1..9).fold("k0: &k0 x\n".to_owned(), |text, n| {
        let aliases = format!("*k{},", n - 1).repeat(9);
        text + &format!("k{n}: &k{n} [{aliases}]\n")
    });
    let deep_alias: String =
        (1..60).fold("k0: &k0 [x]\n".to_owned(), |text, n| text + &format!("k{n}: &k{n} [[*k{}]]\n", n - 1));
    let cases = [
        (bomb, "aliases-too-large"),
        (nested, "aliases-too-large"),
        ("[".repeat(1_000_000), "too-deep"),
        ("- ".repeat(10_000), "too-deep"),
        ("? ".repeat(10_000), "too-deep"),
        (deep_alias, "too-deep"),
        (format!("[{}]", "1,".repeat(1_100_000)), "too-many-values"),
        ("a: ".to_owned() + &"x".repeat(yaml::MAX_BYTES), "too-large"),
    ];
    for (text, code) in cases {
        let found = found(&text);
        assert_eq!((found.len(), found[0].code.as_str()), (1, code));
    }
    let depth = yaml::MAX_DEPTH;
    assert!(read(&format!("{}{}", "[".repeat(depth), "]".repeat(depth))).is_ok(), "{depth} deep is allowed");
    assert!(read(&format!("{}{}", "[".repeat(depth + 1), "]".repeat(depth + 1))).is_err());
}
