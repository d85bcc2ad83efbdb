//! Properties of reading and editing over random YAML shapes and random texts, with serde_yaml as the judge.
//! `PROPTEST_CASES=20000` makes a long proof of it.

mod shape;
mod structure;

use bakeoff_core::yaml::edit::{Change, Edit, apply};
use bakeoff_core::yaml::{Step, path_text, read};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use serde_yaml::Value;
use shape::{Place, Random, Shape};

/// Texts as prompts have them, and as nobody would write them.
fn texts() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[ \t]{0,3}[a-z:#'\"{}\\[\\],&*!|>%@`-]{0,8}[ \t]{0,2}",
        "[a-z ]{0,20}",
        "\\PC{0,6}",
        Just(String::new())
    ];
    let lines = vec(line, 1..6).prop_map(|lines| lines.join("\n"));
    prop_oneof![4 => lines, 1 => any::<String>(), 1 => "[ \t\r\n\u{0}\u{7f}\u{85}\u{2028}\u{feff}a]{0,6}"]
}

fn shapes() -> impl Strategy<Value = Shape> {
    vec(any::<u8>(), 0..160).prop_map(|bytes| shape::build(&mut Random::new(bytes)))
}

fn documents(text: &str) -> Result<Vec<Value>, serde_yaml::Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_yaml::Deserializer::from_str(text).map(Value::deserialize).collect()
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()).expect("the key is there"),
        Step::Index(index) => value.get_mut(*index).expect("the item is there"),
    })
}

fn edit(shape: &Shape, path: &[Step], change: Change) -> Result<String, String> {
    apply(&shape.text, 0, &[Edit { path: path.to_vec(), change }])
        .map(|edited| edited.text)
        .map_err(|error| error.to_string())
}

fn pick<T>(items: &[T], number: usize) -> Option<&T> {
    (!items.is_empty()).then(|| &items[number % items.len()])
}

/// The value and all places that show it.
fn shown_with<'s>(shape: &'s Shape, place: &'s Place) -> impl Iterator<Item = &'s Place> {
    let aliases = shape.scalars.iter().filter(|other| place.anchor.is_some() && other.alias == place.anchor);
    std::iter::once(place).chain(aliases)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_agrees_with_serde_yaml_and_knows_every_place(shape in shapes()) {
        let expected = documents(&shape.text).expect("the shapes are good YAML");
        let document = read(&shape.text).expect("good");
        let json: serde_json::Value = serde_json::to_value(&expected[0]).expect("JSON");
        prop_assert_eq!(&document.value, &json);
        for place in &shape.scalars {
            let span = document.span(&place.path).expect("a place");
            let found = span.start..span.end;
            prop_assert_eq!(&found, &place.range, "{} in {:?}", path_text(&place.path), shape.text);
            let before = shape.text[..span.start].trim_start_matches('\u{feff}');
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            prop_assert_eq!((span.from.line as usize, span.from.column as usize), (line, column));
        }
    }

    #[test]
    fn any_text_can_be_set_anywhere(shape in shapes(), number: usize, new in texts()) {
        let Some(place) = pick(&shape.scalars, number) else { return Ok(()) };
        let mut expected = documents(&shape.text).expect("good");
        for shown in shown_with(&shape, place) {
            *at(&mut expected[0], &shown.path) = Value::from(new.as_str());
        }
        let text = edit(&shape, &place.path, Change::Set(new.as_str().into()));
        prop_assert!(text.is_ok(), "{} in {:?}: {:?}", path_text(&place.path), shape.text, text);
        let text = text.expect("checked");
        prop_assert_eq!(documents(&text).expect("good"), expected, "{:?} became {:?}", shape.text, text);
        let (before, after) = (&shape.text[..place.range.start], &shape.text[place.range.end..]);
        let (same_line, below) = after.split_at(after.find(['\r', '\n']).unwrap_or(after.len()));
        let inside = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(below));
        let kept = inside.is_some_and(|inside| inside.contains(same_line));
        let comment = place.header_comment.as_deref().unwrap_or("");
        prop_assert!(kept && text.contains(comment), "bytes outside: {:?} became {:?}", shape.text, text);
    }

    #[test]
    fn a_new_key_changes_nothing_else(shape in shapes(), number: usize, new in texts(), key in "[a-z .:#-]{1,8}") {
        let Some(path) = pick(&shape.mappings, number) else { return Ok(()) };
        let mut expected = documents(&shape.text).expect("good");
        let key = format!("new{key}");
        let mapping = at(&mut expected[0], path).as_mapping_mut().expect("a mapping");
        mapping.insert(Value::from(key.as_str()), Value::from(new.as_str()));
        let path = [path.as_slice(), &[Step::Key(key)]].concat();
        let text = edit(&shape, &path, Change::Set(new.as_str().into()));
        prop_assert!(text.is_ok(), "{} in {:?}: {:?}", path_text(&path), shape.text, text);
        let text = text.expect("checked");
        prop_assert_eq!(documents(&text).expect("good"), expected, "{:?} became {:?}", shape.text, text);
        prop_assert_eq!(text.matches("# keep").count(), shape.text.matches("# keep").count());
    }

    #[test]
    fn a_removed_entry_changes_nothing_else(shape in shapes(), number: usize) {
        let Some(path) = pick(&shape.entries, number) else { return Ok(()) };
        let mut expected = documents(&shape.text).expect("good");
        let (last, parents) = path.split_last().expect("an entry");
        match (at(&mut expected[0], parents), last) {
            (Value::Mapping(mapping), Step::Key(key)) => {
                mapping.remove(key.as_str());
            }
            (Value::Sequence(items), Step::Index(index)) => {
                items.remove(*index);
            }
            _ => unreachable!("entries are of mappings and sequences"),
        }
        match edit(&shape, path, Change::Remove) {
            Ok(text) => {
                prop_assert_eq!(documents(&text).expect("good"), expected, "{:?} became {:?}", shape.text, text);
                let lost = shape.text.matches("# line").count() - text.matches("# line").count();
                prop_assert!(lost <= shape.comment_lines_inside(path), "{:?} became {:?}", shape.text, text);
            }
            Err(error) => prop_assert!(
                error.contains("has no anchor"),
                "{} in {:?}: {}", path_text(path), shape.text, error
            ),
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![any::<String>(), "[a&*:\\-\n \\[\\]{},|>'\"#!?~\r\t0-9]{0,40}"], new in texts(), tree in structure::values()) {
        if let Ok(document) = read(&text) {
            let key = document.value.as_object().and_then(|map| map.keys().next().cloned());
            let path = key.map(Step::Key).into_iter().collect::<Vec<_>>();
            for change in [Change::Set(new.as_str().into()), Change::Set(tree.clone()), Change::Remove] {
                if let Ok(edited) = apply(&text, 0, &[Edit { path: path.clone(), change }]) {
                    prop_assert!(read(&edited.text).is_ok(), "{:?} became {:?}", text, edited.text);
                }
            }
        }
    }

    #[test]
    fn scalars_mean_what_serde_yaml_says(text in prop_oneof!["[+-]?[0-9]{1,22}", "[+-]?0[xob][0-9a-f]{1,18}", "[+-]?[0-9_]{0,4}[.][0-9]{0,3}(e[+-]?[0-9]{1,3})?", "[a-zA-Z~.+-]{1,6}"]) {
        let source = format!("- {text}\n");
        if let (Ok(mine), Ok(theirs)) = (read(&source), serde_yaml::from_str::<Value>(&source)) {
            prop_assert_eq!(mine.value, serde_json::to_value(theirs).expect("JSON"));
        }
    }
}
