//! Replacing one text in many shapes of YAML by many texts: every document stays equal for serde_yaml except the
//! target, all comments stay, and no byte outside the value changes.

use bakeoff_core::yaml::edit::{Change, Edit, apply};
use bakeoff_core::yaml::{Step, parse_path, read};
use serde::Deserialize;
use serde_yaml::Value;

/// A text in which `«…»` marks the bytes of the value at `path`; nothing outside may change.
struct Fixture {
    marked: String,
    path: &'static str,
    document: usize,
    /// Paths of aliases that show the same value.
    also: &'static [&'static str],
}

fn fixture(marked: &str, path: &'static str) -> Fixture {
    Fixture { marked: marked.to_owned(), path, document: 0, also: &[] }
}

fn fixtures() -> Vec<Fixture> {
    let mut all = vec![
        fixture("a: «|\n  one\n  two»\nb: 1 # keep\n", "a"),
        fixture("m:\n    a: «|\n        deep\n          deeper»\n    b: x\n", "m.a"),
        fixture("a: «|-» # keep«\n\n  one\n\n  two»\n\n\n# keep too\nb: 1\n", "a"),
        fixture("a: «|+\n  one\n\n»\n# keep\nb: 1\n", "a"),
        fixture("a: «|2\n    one\n  two»\nb: 1\n", "a"),
        fixture("a: «|2-\n    one\n  two»\nb: 1\n", "a"),
        fixture("a: «>-\n  folded\n  text»\nb: 1\n", "a"),
        fixture("a: «>» # keep«\n  folded\n\n  text\n   more»\nb: 1\n", "a"),
        fixture("- name: x\n  prompt: «|\n    old»\n  z: 1\n- name: y\n  prompt: other\n", "[0].prompt"),
        fixture("l:\n- «old» # keep\n- b\n", "l[0]"),
        fixture("l:\n  - «|\n    old»\n  - b\n", "l[0]"),
        fixture("- - a\n  - «b» # keep\n- c\n", "[0][1]"),
        fixture("a: {x: 1, y: «old», z: [2]} # keep\n", "a.y"),
        fixture("a: {\n  x: 1, # keep\n  y: «'old'»  # keep 2\n}\n", "a.y"),
        fixture("a: [one, «two», \"three\"] # keep\n", "a[1]"),
        fixture("{\"a\":«1»,\"b\":2}\n", "a"),
        fixture("a: «\"old\"» # keep\nb: 1\n", "a"),
        fixture("a: «\"old\\nlines\"» # keep\nb: 1\n", "a"),
        fixture("a: «'it''s'»   # keep\nb: 1\n", "a"),
        fixture("a: «\"two\n\n  lines\"» # keep\nb: 1\n", "a"),
        fixture("a: «old» # keep\nb: 1\n", "a"),
        fixture("a: «old\n  lines\n  more»\nb: 1 # keep\n", "a"),
        fixture("# keep\na: &p !!str «old» # keep\nb: 1\n", "a"),
        fixture("p: &p old\na: «*p» # keep\nb: *p\n", "a"),
        fixture("a: !custom «old»\nb: !custom x\n", "a"),
        fixture("# keep\r\na: «|\r\n  one\r\n  two»\r\nb: 1 # keep\r\n", "a"),
        fixture("a: «old» # keep\r\nb: 1\r\n", "a"),
        fixture("b: 1\na: «|\n  no final newline»", "a"),
        fixture("b: 1\na: «no final newline»", "a"),
        fixture("b: 1\na: «\"no final newline\"» # keep", "a"),
        fixture("a:\t«old»\t# keep\nb:\tx\n", "a"),
        fixture("ключ: «значение» # 注\nb: 'ü'\n", "ключ"),
        fixture("a:«»\nb: 1\n", "a"),
        fixture("a:«» # keep\n\n\nb: 1\n", "a"),
        fixture("a: «null» # keep\nb: 1\n", "a"),
        fixture("a: «0.5»\nb: 1\n", "a"),
        fixture("l:\n  -«»\n  - b\n", "l[0]"),
        fixture("{a: «», b: 1}\n", "a"),
        fixture("{b: 1, a«»}\n", "a"),
        fixture("? a\n: «old» # keep\n? b\n: 1\n", "a"),
        fixture("a: «\"{{ input }} and {% if x %}\"»\nb: \"{{ x }}\"\n", "a"),
        fixture("a:\n  «old» # keep\nb: 1\n", "a"),
        fixture("a: # keep\n  «\"old\"»\nb: 1\n", "a"),
        fixture("%YAML 1.1\n---\na: «old»\n...\n", "a"),
        fixture("\u{feff}a: «old»\nb: 1\n", "a"),
        fixture("«old» # keep\n", ""),
        fixture("--- «|\n  old»\n", ""),
    ];
    all.push(Fixture { also: &["b", "c.x"], ..fixture("a: &p «old» # keep\nb: *p\nc: {x: *p}\n", "a") });
    all.push(Fixture { also: &["b"], ..fixture("a: &p «|\n  old»\nb: *p # keep\n", "a") });
    all.push(Fixture {
        also: &["c[\"<<\"].x"],
        ..fixture("a: &p\n  x: «old»\nc:\n  <<: *p\n  y: 1\n", "a.x")
    });
    all.push(Fixture { document: 1, ..fixture("a: first\n---\na: «old» # keep\n---\na: third\n", "a") });
    all.push(Fixture { document: 1, ..fixture("a: 1\n---\na: «|\n  old»\n---\nb: |+\n  x\n\n", "a") });
    all
}

const VALUES: [&str; 26] = [
    "One line of text.",
    "First:\n  indented\n\tand a tab\nlast",
    "a\nb\n",
    "a\n\n b\n\n\n",
    "  leading space\nand more",
    "\n\nleading breaks",
    "",
    "true",
    "0x1F",
    "- x: [a, b]",
    "it's \"quoted\" \\ here",
    "trailing spaces  \nhere   ",
    "\n",
    "a\r\nb\rc",
    "bell\u{7} nul\u{0} del\u{7f} esc\u{1b}",
    "line\u{2028}sep\u{85}next\u{2029}end\n",
    "emoji 🦀 and mark \u{feff}inside \u{ffff}",
    "---\nno document\n...\n",
    "# no comment\nkey: value #x\n",
    "   ",
    "\tleading tab\n\tsecond\n",
    "{{ input }} and {% if x %}",
    "&a *b !c %d @e `f`, [g] {h}",
    "yes",
    "<<",
    "a\n   \nb\n ",
];

fn documents(text: &str) -> Vec<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_yaml::Deserializer::from_str(text)
        .map(|one| Value::deserialize(one).expect("serde_yaml reads it"))
        .collect()
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> &'v mut Value {
    let value = match value {
        Value::Tagged(tagged) => &mut tagged.value,
        other => other,
    };
    match path.split_first() {
        None => value,
        Some((Step::Key(key), rest)) => at(value.get_mut(key.as_str()).expect("the key is there"), rest),
        Some((Step::Index(index), rest)) => at(value.get_mut(*index).expect("the item is there"), rest),
    }
}

/// The parts outside the marks; the last one is cut at its first line's end, because a block's lines follow a
/// comment that stands behind its value.
fn outside(marked: &str) -> Vec<&str> {
    let unmarked = |part| str::split_once(part, '»').map_or(part, |(_, rest)| rest);
    let mut parts: Vec<&str> = marked.split('«').map(unmarked).collect();
    let last = parts.pop().expect("a part");
    let cut = last.find(['\r', '\n']).unwrap_or(last.len());
    parts.extend([&last[..cut], &last[cut..]]);
    parts
}

/// Whether the parts stand in the text in this order, the first at its beginning and the last at its end.
fn in_order(text: &str, parts: &[&str]) -> bool {
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    parts[1..parts.len() - 1].iter().all(|part| {
        let found = rest.find(part);
        rest = found.map_or("", |at| &rest[at + part.len()..]);
        found.is_some()
    })
}

/// What is wrong after writing the value, if anything.
fn check(fixture: &Fixture, new: &serde_json::Value) -> Option<String> {
    let old_text = fixture.marked.replace(['«', '»'], "");
    let path = parse_path(fixture.path);
    let mut expected = documents(&old_text);
    for path in std::iter::once(fixture.path).chain(fixture.also.iter().copied()) {
        let new = serde_yaml::to_value(new).expect("a value");
        *at(&mut expected[fixture.document], &parse_path(path)) = new;
    }
    let edited = match apply(&old_text, fixture.document, &[Edit { path, change: Change::Set(new.clone()) }])
    {
        Ok(edited) => edited,
        Err(error) => return Some(error.to_string()),
    };
    let text = &edited.text;
    let keeps = |text: &str| text.matches("# keep").count() + text.matches("# row").count();
    let wrong = [
        (documents(text) != expected, "other values"),
        (!in_order(text, &outside(&fixture.marked)), "bytes outside the value"),
        (keeps(text) != keeps(&old_text), "comments"),
        (edited.warnings.len() != usize::from(!fixture.also.is_empty()), "warnings"),
        (old_text.contains('\r') && text.replace("\r\n", "").contains('\n'), "line breaks"),
    ];
    let wrong: Vec<_> = wrong.iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, what)| *what).collect();
    (!wrong.is_empty())
        .then(|| format!("{wrong:?}: {:?} {:?}", &text[..text.len().min(300)], edited.warnings))
}

#[test]
fn every_text_can_stand_in_every_shape() {
    let fixtures = fixtures();
    let mut failures = Vec::new();
    for fixture in &fixtures {
        for new in VALUES {
            let shown = &fixture.marked[..fixture.marked.floor_char_boundary(200)];
            failures
                .extend(check(fixture, &new.into()).map(|wrong| format!("{shown:?} <- {new:?}: {wrong}")));
        }
    }
    assert!(fixtures.len() * VALUES.len() >= 1300, "{} combinations", fixtures.len() * VALUES.len());
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn a_large_file_keeps_every_row() {
    let row = "  - {id: 17, input: \"some text of a row\", expected: storage} # row\n";
    let rows = row.repeat(1600);
    let large = fixture(&format!("rows:\n{rows}prompt: «|\n  old\n  text»\nafter:\n{rows}"), "prompt");
    assert!(large.marked.len() > 200_000);
    for new in VALUES.iter().step_by(9) {
        assert_eq!(check(&large, &(*new).into()), None);
    }
}

#[test]
fn reading_agrees_with_serde_yaml_and_places_are_exact() {
    let one_value =
        |fixture: &Fixture| !fixture.marked.contains("!custom") && !fixture.marked.contains("\n---\n");
    let good: Vec<_> = fixtures().into_iter().filter(one_value).collect();
    assert!(good.len() > 45, "{} fixtures", good.len());
    for fixture in good {
        let text = fixture.marked.replace(['«', '»'], "");
        let document = read(&text).expect("the fixtures are good");
        let mut expected = documents(&text).remove(0);
        expected.apply_merge().expect("good merge keys");
        let expected = serde_json::to_value(&expected).expect("JSON");
        assert_eq!(document.value, expected, "{text:?}");
        let span = document.span(&parse_path(fixture.path)).expect("the value is there");
        let starts = fixture.marked.find('«').expect("a mark");
        let ends = fixture.marked.rfind('»').expect("a mark") + '»'.len_utf8();
        let marks = fixture.marked.matches(['«', '»']).count() * '»'.len_utf8();
        assert_eq!(span.start..span.end, starts..ends - marks, "{text:?}");
    }
}
