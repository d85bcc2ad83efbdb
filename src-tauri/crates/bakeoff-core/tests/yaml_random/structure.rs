//! Structured values set anywhere in random shapes: the tree is as asked, and nothing around the value is lost.

use super::{pick, shapes, texts};
use bakeoff_core::yaml::edit::{Change, Edit, apply};
use bakeoff_core::yaml::{Step, path_text, read};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value};

fn keys() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-dp-r]", 1 => "[a-z .:#'\"{},<\n-]{0,6}", 1 => "(y|1|0x1|null|~|<<|b c|ключ)"]
}

pub fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-99_i64..99).prop_map(Value::from),
        (-99_i64..99).prop_map(|number| Value::from(number as f64 / 8.0)),
        "[a-z]{1,30}".prop_map(Value::from),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((keys(), inner), 0..5).prop_map(|entries| Value::Object(Map::from_iter(entries))),
        ]
    })
}

/// Changes something in a value: what `numbers` lead to is replaced, removed, doubled or gets a new neighbour.
fn mutate(value: &mut Value, numbers: &[u8], new: &Value) {
    let (number, rest) =
        numbers.split_first().map_or((0, &[][..]), |(&first, rest)| (usize::from(first), rest));
    match value {
        Value::Array(items) if !items.is_empty() && number % 8 < 7 => {
            let index = number / 8 % items.len();
            match number % 8 {
                0 => drop(items.remove(index)),
                1 => items.insert(index, new.clone()),
                2 => items.push(new.clone()),
                3 => items.swap(0, index),
                _ => mutate(&mut items[index], rest, new),
            }
        }
        Value::Object(map) if !map.is_empty() && number % 8 < 7 => {
            let key = map.keys().nth(number / 8 % map.len()).cloned().unwrap_or_default();
            match number % 8 {
                0 => drop(map.shift_remove(&key)),
                1 | 2 => drop(map.insert(format!("new{number}"), new.clone())),
                _ => mutate(&mut map[&key], rest, new),
            }
        }
        other => *other = new.clone(),
    }
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Index(index) => &mut value[*index],
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_structure_can_be_set_anywhere(
        shape in shapes(),
        number: usize,
        new in values(),
        mutations in vec(vec(any::<u8>(), 0..5), 0..3),
        fresh in prop::bool::weighted(0.3),
    ) {
        let document = read(&shape.text).expect("good");
        let root = Vec::new();
        let path = if number % 9 == 0 { &root } else { pick(&shape.entries, number).unwrap_or(&root) };
        let mut expected = document.value.clone();
        let target = at(&mut expected, path);
        if fresh {
            *target = new.clone();
        } else {
            mutations.iter().for_each(|numbers| mutate(target, numbers, &new));
        }
        let asked = target.clone();
        let shown = || format!("{} in {:?} <- {asked}", path_text(path), shape.text);
        let has_anchors = shape.text.contains("&x");
        let edit = Edit { path: path.clone(), change: Change::Set(asked.clone()) };
        let edited = match apply(&shape.text, 0, &[edit]) {
            Ok(edited) => edited.text,
            Err(error) => {
                prop_assert!(has_anchors && error.message.contains("has no anchor"), "{}: {error}", shown());
                return Ok(());
            }
        };
        let mut got = read(&edited).expect("still good").value;
        prop_assert_eq!(&*at(&mut got, path), &asked, "{} became {:?}", shown(), edited);
        if expected == document.value {
            prop_assert_eq!(&edited, &shape.text, "{}", shown());
        }
        if !has_anchors {
            prop_assert_eq!(got, expected, "{} became {:?}", shown(), edited);
            let span = document.span(path).expect("a place");
            let before = shape.text[..span.start].trim_end();
            let line_end = shape.text[span.end..].find(['\r', '\n']).map_or(shape.text.len(), |at| span.end + at);
            let after = shape.text[line_end..].trim_start();
            prop_assert!(edited.starts_with(before), "before: {} became {:?}", shown(), edited);
            prop_assert!(edited.ends_with(after), "after: {} became {:?}", shown(), edited);
        }
    }

    #[test]
    fn setting_what_is_around_a_value_is_setting_the_value(shape in shapes(), number: usize, depth: usize) {
        let Some(place) = pick(&shape.scalars, number) else { return Ok(()) };
        if shape.text.contains("&x") {
            return Ok(());
        }
        let new = Value::from("another value");
        let around = &place.path[..depth % (place.path.len() + 1)];
        let mut value = read(&shape.text).expect("good").value;
        *at(&mut value, &place.path) = new.clone();
        let set = |path: &[Step], value: Value| {
            apply(&shape.text, 0, &[Edit { path: path.to_vec(), change: Change::Set(value) }])
        };
        let direct = set(&place.path, new);
        let through = set(around, at(&mut value, around).clone());
        prop_assert!(direct.is_ok() && direct == through, "{:?}: {direct:?}, {through:?}", shape.text);
    }

    #[test]
    fn a_structure_can_be_a_new_key_anywhere(shape in shapes(), number: usize, new in values(), key in keys()) {
        let Some(path) = pick(&shape.mappings, number) else { return Ok(()) };
        let path = [path.as_slice(), &[Step::Key(format!("new{key}"))]].concat();
        let (_, parents) = path.split_last().expect("a key");
        let mut expected = read(&shape.text).expect("good").value;
        at(&mut expected, parents)[format!("new{key}")] = new.clone();
        let edited = apply(&shape.text, 0, &[Edit { path: path.clone(), change: Change::Set(new.clone()) }]);
        let shown = || format!("{} in {:?} <- {new}: {edited:?}", path_text(&path), shape.text);
        let text = edited.as_ref().map(|edited| edited.text.as_str()).unwrap_or_default();
        prop_assert!(edited.is_ok(), "{}", shown());
        let got = read(text).expect("still good").value;
        prop_assert_eq!(&got, &expected, "{}", shown());
        prop_assert_eq!(text.matches("# keep").count(), shape.text.matches("# keep").count(), "{}", shown());
        let mut got = got;
        let last = at(&mut got, parents).as_object().and_then(|map| map.keys().next_back().cloned());
        prop_assert_eq!(last, Some(format!("new{key}")), "{}", shown());
    }
}
