//! The good and bad sample files in `tests/fixtures`, checked against schema and parser both, and the generated
//! schemas. `BAKEOFF_BLESS=1` rewrites expectations and schemas.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use bakeoff_core::dataset::{self, Format};
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::{campaign, subject, triage, variant, workflow, yaml};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn bless() -> bool {
    std::env::var_os("BAKEOFF_BLESS").is_some()
}

/// The sample files of a folder, in order, expectations left out.
fn samples(folder: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/fixtures").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "expect"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} has samples", folder.display());
    files
}

/// What checking a sample found, and whether there was a value.
fn check(path: &Path) -> (bool, Vec<Diagnostic>) {
    let bytes = std::fs::read(path).unwrap();
    let name = path.file_stem().unwrap().to_str().unwrap();
    let kind = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
    match kind {
        "variants" => {
            let checked = variant::check(name, std::str::from_utf8(&bytes).unwrap());
            (checked.value.is_some(), checked.diagnostics)
        }
        "campaigns" => {
            let checked = campaign::check(name, std::str::from_utf8(&bytes).unwrap());
            (checked.value.is_some(), checked.diagnostics)
        }
        "subjects" => {
            let checked = subject::check(name, std::str::from_utf8(&bytes).unwrap());
            (checked.value.is_some(), checked.diagnostics)
        }
        "topics" => {
            let checked = triage::check_topic(name, std::str::from_utf8(&bytes).unwrap());
            (checked.value.is_some(), checked.diagnostics)
        }
        "workflows" => {
            let checked = workflow::check(name, std::str::from_utf8(&bytes).unwrap());
            (checked.value.is_some(), checked.diagnostics)
        }
        _ => {
            let format = Format::from_path(path.to_str().unwrap()).unwrap();
            let checked = dataset::read(format, bytes.as_slice());
            (checked.value.is_some(), checked.diagnostics)
        }
    }
}

fn told(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|one| {
            let end = one.end.map_or(String::new(), |end| format!(", to {}:{}", end.line, end.column));
            format!("{one}\n    [{} in {:?}{end}]\n", one.code, one.path)
        })
        .collect()
}

#[test]
fn good_samples_are_good() {
    for path in ["good/variants", "good/campaigns", "good/datasets", "good/workflows", "good/subjects"]
        .into_iter()
        .flat_map(samples)
    {
        let (has_value, diagnostics) = check(&path);
        assert!(has_value && diagnostics.is_empty(), "{}:\n{}", path.display(), told(&diagnostics));
    }
}

#[test]
fn the_starter_files_are_good() {
    let mut seen = 0;
    for folder in [
        "variants",
        "src-tauri/starter/campaigns",
        "src-tauri/starter/datasets",
        "src-tauri/starter/workflows",
        "src-tauri/starter/subjects",
        "src-tauri/starter/topics",
    ] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir()
                || path.extension().is_some_and(|extension| extension == "json" || extension == "py")
            {
                continue;
            }
            let (has_value, diagnostics) = check(&path);
            assert!(has_value && diagnostics.is_empty(), "{}:\n{}", path.display(), told(&diagnostics));
            seen += 1;
        }
    }
    assert!(seen >= 13, "variants, campaigns, data sets, subjects, a topic, but only {seen}");
}

/// The image can be made in two ways; both must hold the same.
#[test]
fn the_starters_image_has_the_packages_of_the_tests_image() {
    let script = std::fs::read_to_string(root().join("tests/docker/etcd-image")).unwrap();
    let packages = script.lines().find_map(|line| line.strip_prefix("packages=")).unwrap();
    let file = root().join("src-tauri/starter/subjects/etcd-image/Dockerfile");
    let file = std::fs::read_to_string(file).unwrap();
    assert!(file.contains(&packages.replace(',', " ")), "{packages} are not all in\n{file}");
}

#[test]
fn bad_samples_say_what_is_wrong() {
    let mut count = 0;
    let mut differing = Vec::new();
    for path in ["bad/variants", "bad/campaigns", "bad/datasets", "bad/workflows", "bad/subjects"]
        .into_iter()
        .flat_map(samples)
    {
        let (has_value, diagnostics) = check(&path);
        assert!(!diagnostics.is_empty(), "{} has findings", path.display());
        let has_error = diagnostics.iter().any(Diagnostic::is_error);
        assert_eq!(has_value, !has_error, "{}: a value exactly when there is no error", path.display());
        let placed = diagnostics.iter().all(|one| one.start.is_some());
        assert!(placed, "{}: every finding has a place\n{}", path.display(), told(&diagnostics));
        let expect = PathBuf::from(format!("{}.expect", path.display()));
        let actual = told(&diagnostics);
        if bless() {
            std::fs::write(&expect, &actual).unwrap();
        }
        if std::fs::read_to_string(&expect).unwrap_or_default() != actual {
            differing.push(format!("{}:\n{actual}", path.display()));
        }
        count += 1;
    }
    assert!(count >= 25, "{count} bad samples");
    assert!(differing.is_empty(), "not as expected (BAKEOFF_BLESS=1 rewrites):\n{}", differing.join("\n"));
}

#[test]
fn one_file_shows_all_of_its_problems() {
    let (_, diagnostics) = check(&root().join("tests/fixtures/bad/variants/six-problems.yaml"));
    let codes: Vec<&str> = diagnostics.iter().map(|one| one.code.as_str()).collect();
    let expected = [
        "name-differs",
        "not-allowed",
        "unknown-key",
        "out-of-range",
        "wrong-type",
        "wrong-type",
        "template",
    ];
    assert_eq!(codes, expected, "{}", told(&diagnostics));
}

/// Codes of findings that come from the schema alone.
const STRUCTURAL: [&str; 6] =
    ["unknown-key", "wrong-type", "not-allowed", "out-of-range", "not-yet", "invalid"];

#[test]
fn schema_and_parser_agree() {
    let schemas = [
        ("variants", variant::schema()),
        ("campaigns", campaign::schema()),
        ("workflows", workflow::schema()),
        ("subjects", subject::schema()),
    ];
    for (kind, schema) in schemas {
        let validator = jsonschema::validator_for(&schema).unwrap();
        for path in ["good", "bad"].into_iter().flat_map(|folder| samples(&format!("{folder}/{kind}"))) {
            let Ok(document) = yaml::read(&std::fs::read_to_string(&path).unwrap()) else { continue };
            let (_, diagnostics) = check(&path);
            let structural = diagnostics.iter().any(|one| STRUCTURAL.contains(&one.code.as_str()));
            if structural {
                assert!(!validator.is_valid(&document.value), "the schema refuses {}", path.display());
            }
            if !validator.is_valid(&document.value) {
                assert!(
                    diagnostics.iter().any(Diagnostic::is_error),
                    "the parser refuses {}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn generated_schemas_are_committed() {
    let files = [
        ("variants/schema.json", variant::schema()),
        ("src-tauri/starter/campaigns/schema.json", campaign::schema()),
        ("src-tauri/starter/datasets/schema.json", dataset::row_schema()),
        ("src-tauri/starter/workflows/schema.json", workflow::schema()),
        ("src-tauri/starter/subjects/schema.json", subject::schema()),
        ("src-tauri/starter/topics/schema.json", triage::topic_schema()),
    ];
    for (path, schema) in files {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        let file = root().join(path);
        if bless() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(committed == text, "{path} is not what the types say: run with BAKEOFF_BLESS=1 and commit");
    }
}
