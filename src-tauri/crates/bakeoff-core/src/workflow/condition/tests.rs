use super::*;
use minijinja::Environment;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

fn state() -> State {
    let state = json!({
        "score": 0.8, "count": 3, "label": "storage", "approved": false, "note": null, "tags": ["a", "b"],
        "review": {"grade": 4, "list": [1, {"deep": true}]}, "empty": "",
    });
    state.as_object().cloned().unwrap_or_default()
}

fn holds(condition: &str) -> Result<bool, String> {
    Condition::compile(condition).map_err(|error| error.message)?.holds(&state())
}

#[test]
fn conditions_hold_or_not() {
    for condition in [
        "state.score >= 0.8",
        "score > 0.5 and score < 1",
        "0 < state.count <= 3",
        "state.count == 3.0",
        "label == 'storage' and label != \"network\"",
        "not approved",
        "state.approved == False and state.approved is False",
        "state.note is None and state.label is not None",
        "state.note == None",
        "not (state.approved or state.count > 5)",
        "state.review.grade == 4 and review['grade'] == 4 and state.review.list[1].deep",
        "'a' in state.tags and 'c' not in state.tags and label in ['storage', 'network']",
        "'stor' in label and 'grade' in review",
        "count > -1 and -count < 0",
        "label < 'z'",
        "tags == ['a', 'b']",
        "count == '3' or True",
        "not empty and tags",
        "approved == false or true",
    ] {
        assert_eq!(holds(condition), Ok(true), "{condition}");
        assert_eq!(holds(&format!("not ({condition})")), Ok(false), "not ({condition})");
    }
    assert_eq!(holds("count == '3'"), Ok(false), "a text never equals a number");
}

#[test]
fn what_cannot_be_decided_says_why() {
    for (condition, message) in [
        (
            "label > 3",
            "the condition `label > 3` can't be decided: `>` does not fit state.label, which is the text \"storage\" and the number 3",
        ),
        ("state.note >= 1", "`>=` does not fit state.note, which is empty and the number 1"),
        ("approved > 0", "`>` does not fit state.approved, which is false and the number 0"),
        ("3 in count", "`in` does not fit the number 3 and state.count, which is the number 3"),
        ("scor > 1", "there is no state.scor"),
        ("state.review.garde > 1", "there is no state.review.garde"),
        ("-label == 1", "the text \"storage\" has no negative"),
    ] {
        let error = holds(condition).expect_err(condition);
        assert!(error.ends_with(message), "{error} should say {message}");
    }
    assert_eq!(holds("approved and label > 3"), Ok(false), "what is not needed is not asked");
}

#[test]
fn what_is_no_condition_is_refused_by_name() {
    for (condition, message, place) in [
        ("", "the condition is empty", None),
        ("score >", "is not understood", None),
        ("score = 1", "write `==` to compare", None),
        ("score > 1 && count > 1", "write `and` and `or`", None),
        (
            "label.upper() == 'X'",
            "a call of a function or method is not part of conditions",
            Some("label.upper()"),
        ),
        ("score > 1 and len(label) > 3", "a call of a function or method", Some("len(label)")),
        ("label | upper == 'X'", "the filter `upper` is not part of conditions", None),
        ("count is odd", "the test `is odd` is not part of conditions", None),
        ("count + 1 > 2", "arithmetic is not part of conditions", None),
        ("label ~ 'x'", "arithmetic is not part", None),
        ("1 if approved else 2", "`if … else` is not part", None),
        ("tags[0:1]", "a slice is not part", None),
        ("{'a': 1}", "a mapping is not part", None),
        ("tags[count]", "a computed key is not part", None),
        ("state", "`state` alone is no value", None),
        ("{% for x in tags %}", "is not understood", None),
        ("__import__('os')", "a call of a function", None),
    ] {
        let error = Condition::compile(condition).expect_err(condition);
        assert!(error.message.contains(message), "{condition}: {} should say {message}", error.message);
        if let Some(place) = place {
            let range = error.range.unwrap_or_default();
            assert!(
                condition.get(range).is_some_and(|part| part.contains(place) || place.contains(part)),
                "{condition}"
            );
        }
    }
}

#[test]
fn names_its_fields() {
    let fields = |text: &str| {
        let condition = Condition::compile(text).expect(text);
        condition.fields().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(fields("state.a.b > 1 and (c or not d['e']) and 'x' in [f, 1]"), ["a", "c", "d", "f"]);
    assert_eq!(fields("True"), Vec::<String>::new());
}

#[test]
fn hostile_conditions_are_bounded() {
    for text in [
        "not ".repeat(499) + "a",
        "(".repeat(1999),
        "-".repeat(1999),
        "a and ".repeat(300) + "a",
        "[".repeat(1999),
        "a".to_owned() + &".a".repeat(999),
        "a".to_owned() + &"[0]".repeat(600),
    ] {
        if let Ok(condition) = Condition::compile(&text) {
            let _ = condition.holds(&json!({"a": 1}).as_object().cloned().unwrap_or_default());
        }
    }
    let long = Condition::compile(&"a".repeat(2001)).expect_err("too long");
    assert!(long.message.contains("2001 bytes"), "{}", long.message);
}

/// Conditions whose comparisons fit their types, so that minijinja's own evaluation means the same.
fn fitting() -> impl Strategy<Value = String> {
    let number = prop_oneof!["[0-9]{1,2}", "[0-9]\\.5", Just("n".to_owned()), Just("state.m".to_owned())];
    let text = prop_oneof!["'[ab]{0,2}'", Just("t".to_owned()), Just("state.u".to_owned())];
    let sign = prop_oneof![Just("=="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
    let compared = prop_oneof![
        (number.clone(), sign.clone(), number.clone(), sign.clone(), number)
            .prop_map(|(a, x, b, y, c)| format!("{a} {x} {b} {y} {c}")),
        (text.clone(), sign, text.clone()).prop_map(|(a, x, b)| format!("{a} {x} {b}")),
        (text.clone(), prop_oneof![Just("in"), Just("not in")], text)
            .prop_map(|(a, x, b)| format!("{a} {x} {b}")),
        prop_oneof![Just("yes"), Just("state.no"), Just("True"), Just("false")].prop_map(str::to_owned),
    ];
    compared.prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), prop_oneof![Just("and"), Just("or")], inner.clone())
                .prop_map(|(a, x, b)| format!("{a} {x} {b}")),
            inner.clone().prop_map(|a| format!("not {a}")),
            inner.prop_map(|a| format!("({a})")),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_minijinjas_own_evaluation(text in fitting(), n in -3i64..20, m in -3.0f64..20.0, t in "[ab]{0,2}", u in "[ab]{0,2}") {
        let values = json!({"n": n, "m": m, "t": t, "u": u, "yes": true, "no": false});
        let state = values.as_object().cloned().unwrap_or_default();
        let environment = Environment::new();
        let mut context = values.clone();
        context["state"] = values;
        let expected = environment.compile_expression(&text).and_then(|one| one.eval(minijinja::Value::from(minijinja::value::Serde(&context))));
        let expected = expected.map(|value| value.is_true()).map_err(|error| error.to_string());
        prop_assert_eq!(Condition::compile(&text).map_err(|error| error.message).and_then(|one| one.holds(&state)), expected, "{}", text);
    }

    #[test]
    fn never_panics(text in "[a-c.()\\[\\]'\"<>=! 0-9%{}|+-]{0,40}|(not |and |or |in |is |state|None| |\\(|\\)|[ab<>=.,'0-9]){0,20}") {
        if let Ok(condition) = Condition::compile(&text) {
            let _ = condition.holds(&json!({"a": 1, "b": [null, "x"]}).as_object().cloned().unwrap_or_default());
        }
    }
}

/// What types alone say about a condition.
fn by_type(condition: &str) -> Vec<(String, bool)> {
    let fields = [
        ("score", "float"),
        ("count", "int"),
        ("label", "str"),
        ("approved", "bool"),
        ("tags", "list[str]"),
        ("extra", "dict[str, float]"),
        ("loose", "list"),
    ];
    let mut types: BTreeMap<&str, FieldType> =
        fields.map(|(name, kind)| (name, FieldType::parse(kind).expect(kind))).into();
    let review = vec![("grade".to_owned(), FieldType::Int), ("by".to_owned(), FieldType::Str)];
    types.insert("review", FieldType::Object(review));
    let found = Condition::compile(condition).expect(condition).mismatches(|name| types.get(name));
    found.into_iter().map(|one| (one.message, one.is_decided)).collect()
}

#[test]
fn comparisons_that_types_rule_out_are_found() {
    for (condition, message) in [
        ("state.label > 3", "`>` does not fit state.label (str) and the number 3"),
        ("0 < approved", "`<` does not fit the number 0 and state.approved (bool)"),
        ("0 < count <= label", "`<=` does not fit state.count (int) and state.label (str)"),
        ("score >= '0.8'", "`>=` does not fit state.score (float) and the text \"0.8\""),
        ("tags > 2", "`>` does not fit state.tags (list[str]) and the number 2"),
        ("review.by < -1", "`<` does not fit state.review.by (str) and the number -1"),
        ("extra.a > 'x'", "`>` does not fit state.extra.a (float) and the text \"x\""),
        ("approved and not (tags[0] > 1)", "`>` does not fit state.tags.0 (str) and the number 1"),
        ("3 in count", "`in` does not fit the number 3 and state.count (int)"),
        ("3 in label", "`in` does not fit the number 3 and state.label (str)"),
        ("count not in extra", "`in` does not fit state.count (int) and state.extra (dict[str, float])"),
        ("-label == 'a' or approved", "`-` does not fit state.label (str)"),
        ("(label or tags[0]) > 1", "`>` does not fit what `and` or `or` gives and the number 1"),
    ] {
        let found = by_type(condition);
        assert_eq!(found.first(), Some(&(message.to_owned(), false)), "{condition}: {found:?}");
    }
    let never = "`==` does not fit state.count (int) and the text \"3\"";
    assert_eq!(by_type("count == '3'"), [(never.to_owned(), true)], "it is decided, and always the same");
    assert_eq!(by_type("approved != 1").len(), 1);
}

#[test]
fn comparisons_that_may_fit_are_left_alone() {
    for condition in [
        "score > 1 and count < 2.5 and 0 < count <= score",
        "label < 'z' and review.by == label",
        "label is None or label == None or count != None",
        "loose[0] > 3 and unknown > 3 and review.other > 'x'",
        "(label or count) > 3",
        "3 in tags and 'a' in label and label in extra and count in [1, 2] and tags in loose",
        "approved == (count > 3)",
        "-count < 0 and not label",
    ] {
        assert_eq!(by_type(condition), [], "{condition}");
    }
}
