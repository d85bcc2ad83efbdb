//! The rules of ARCHITECTURE.md, checked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything that core may bring with it, direct or not. Nothing here does input or output beyond what it is handed,
/// starts threads or knows the time.
const CORE_MAY_USE: &str = "ahash aho-corasick allocator-api2 approx bit-set bit-vec block-buffer borrow-or-share \
    bytecount cfg-if chacha20 const-oid cpufeatures crypto-common csv csv-core data-encoding digest dyn-clone \
    email_address equivalent fancy-regex fluent-uri foldhash fraction getrandom hashbrown heck hybrid-array indexmap \
    itoa jiff jiff-core jsonschema jsonschema-regex jsonschema-value libc libm lock_api memchr micromap minijinja num num-bigint \
    num-cmp num-complex num-integer num-iter num-rational num-traits once_cell outref parking_lot parking_lot_core \
    percent-encoding ppv-lite86 proc-macro2 quote rand rand_chacha rand_core ref-cast ref-cast-impl referencing regex \
    regex-automata regex-syntax ryu schemars schemars_derive scopeguard serde serde_core serde_derive \
    serde_derive_internals serde_json serde_yaml sha2 similar smallvec statrs strsim strum strum_macros syn termcolor \
    thiserror thiserror-impl ts-rs ts-rs-macros typenum unicode-general-category unicode-ident unsafe-libyaml \
    uuid-simd vsimd zerocopy zmij";

/// Which crates of ours a crate may build on.
const MAY_IMPORT: [(&str, &[&str]); 15] = [
    ("bakeoff-core", &[]),
    ("bakeoff-candidates", &[]),
    ("bakeoff-cluster", &[]),
    ("bakeoff-engine", &["bakeoff-core"]),
    ("bakeoff-store", &["bakeoff-core"]),
    ("bakeoff-model", &["bakeoff-core"]),
    ("bakeoff-process", &["bakeoff-core"]),
    ("bakeoff-mlflow", &["bakeoff-core"]),
    ("bakeoff-charts", &["bakeoff-core"]),
    ("bakeoff-interop", &["bakeoff-core"]),
    ("bakeoff-operator", &["bakeoff-core"]),
    // The embedded subject is the cluster's processes.
    ("bakeoff-subject", &["bakeoff-cluster", "bakeoff-core"]),
    ("bakeoff-testkit", &["bakeoff-core"]),
    (
        "bakeoff-service",
        &[
            "bakeoff-candidates",
            "bakeoff-charts",
            "bakeoff-core",
            "bakeoff-engine",
            "bakeoff-interop",
            "bakeoff-mlflow",
            "bakeoff-subject",
            "bakeoff-model",
            "bakeoff-operator",
            "bakeoff-process",
            "bakeoff-store",
        ],
    ),
    // The cluster only for the roles of its processes, which are hidden verbs of the program.
    ("bakeoff", &["bakeoff-cluster", "bakeoff-core", "bakeoff-service"]),
];

/// Outside libraries that only these of our crates may use.
const OWNERS: [(&str, &[&str]); 19] = [
    // The cluster's nodes talk by HTTP; the test kit's is the mock model server.
    ("axum", &["bakeoff", "bakeoff-cluster", "bakeoff-testkit"]),
    ("utoipa", &["bakeoff"]),
    ("bollard", &["bakeoff-subject"]),
    ("docker-compose-types", &["bakeoff-subject"]),
    ("tauri", &["bakeoff"]),
    ("tauri-plugin-dialog", &["bakeoff"]),
    ("tauri-plugin-store", &["bakeoff"]),
    ("clap", &["bakeoff"]),
    // MLflow keeps its runs in a SQLite file of its own, and so does Operator; candidates are in people's own ones.
    ("rusqlite", &["bakeoff-store", "bakeoff-mlflow", "bakeoff-operator", "bakeoff-candidates"]),
    ("tokio-postgres", &["bakeoff-candidates"]),
    ("plotters", &["bakeoff-charts"]),
    ("resvg", &["bakeoff-charts"]),
    ("genai", &["bakeoff-model"]),
    ("openraft", &["bakeoff-cluster"]),
    // They kill or pause processes that they started, with everything that those started.
    ("rustix", &["bakeoff-cluster", "bakeoff-process", "bakeoff-mlflow"]),
    ("keyring-core", &["bakeoff-model"]),
    ("zbus-secret-service-keyring-store", &["bakeoff-model"]),
    ("serde_yaml", &["bakeoff-core"]),
    ("unsafe-libyaml", &["bakeoff-core"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder with one of these extensions.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a source folder can be listed") {
        let path = entry.expect("a source folder can be listed").path();
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path.extension().is_some_and(|of| extensions.iter().any(|wanted| of == *wanted)) {
            found.push(path);
        }
    }
    found
}

/// The manifests of the root package and of all crates, with their names.
fn manifests() -> Vec<(String, String)> {
    let crates = std::fs::read_dir(root().join("src-tauri/crates")).expect("the crates can be listed");
    let mut manifests = vec![("bakeoff".to_owned(), read(&root().join("Cargo.toml")))];
    for entry in crates {
        let path = entry.expect("the crates can be listed").path();
        let name = path.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        manifests.push((name, read(&path.join("Cargo.toml"))));
    }
    manifests
}

/// The names in the `[dependencies]` section of a manifest.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let name = |line: &str| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned();
    lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#')).map(name).collect()
}

#[test]
fn core_is_pure() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-p", "bakeoff-core", "-e", "normal", "--prefix", "none"])
        .current_dir(root())
        .output()
        .expect("cargo can be started");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).expect("it is text");
    let used: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(used.contains("bakeoff-core") && used.contains("serde"), "the tree could be read:\n{tree}");
    let allowed: BTreeSet<&str> = CORE_MAY_USE.split_whitespace().chain(["bakeoff-core"]).collect();
    let new: Vec<&&str> = used.difference(&allowed).collect();
    assert!(new.is_empty(), "core uses {new:?}; if they are pure, add them to the list here");
}

#[test]
fn rooms_import_only_what_they_may() {
    let manifests = manifests();
    for (name, manifest) in &manifests {
        let known = MAY_IMPORT.iter().find(|(known, _)| known == name);
        let Some((_, allowed)) = known else {
            panic!("ARCHITECTURE.md and the table here must know {name}");
        };
        let ours = dependencies(manifest).into_iter().filter(|dependency| dependency.starts_with("bakeoff"));
        for dependency in ours {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not import {dependency}");
        }
    }
    assert!(manifests.len() >= MAY_IMPORT.len(), "every room was looked at");
}

#[test]
fn outside_libraries_have_one_owner() {
    for (name, manifest) in &manifests() {
        for dependency in dependencies(manifest) {
            if let Some((_, owners)) = OWNERS.iter().find(|(library, _)| *library == dependency) {
                assert!(owners.contains(&name.as_str()), "{dependency} belongs to {owners:?}, not to {name}");
            }
        }
    }
}

#[test]
fn only_one_folder_knows_the_yaml_library() {
    let home = root().join("src-tauri/crates/bakeoff-core/src/yaml");
    let mut users = 0;
    for path in files(&root().join("src-tauri"), &["rs"]) {
        let text = read(&path);
        let uses = text.contains("serde_yaml::") || text.contains("unsafe_libyaml");
        users += usize::from(uses);
        // Tests outside of it may check it against another reader.
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        assert!(!uses || is_test || path.starts_with(&home), "{} uses the YAML library", path.display());
    }
    assert!(users > 0, "the search finds what it looks for");
}

#[test]
fn the_lines_between_window_command_line_and_http_hold() {
    // The window and the command line start the HTTP API; it knows neither, and they don't know each other.
    for (folder, other) in [("cli", "app"), ("app", "cli"), ("http", "app"), ("http", "cli")] {
        for path in files(&root().join("src-tauri/src").join(folder), &["rs"]) {
            let text = read(&path);
            assert!(!text.contains(&format!("crate::{other}")), "{} knows {other}/", path.display());
        }
    }
    let home = root().join("src-tauri/src/http");
    for path in files(&root().join("src-tauri/src"), &["rs"]) {
        let knows = ["axum", "utoipa"].iter().any(|library| read(&path).contains(&format!("{library}::")));
        assert!(!knows || path.starts_with(&home), "{} speaks HTTP", path.display());
    }
    for path in files(&root().join("ui/src"), &["ts", "svelte"]) {
        let inside = path.starts_with(root().join("ui/src/lib/backend"));
        assert!(inside || !read(&path).contains("@tauri-apps/"), "{} knows Tauri", path.display());
    }
}

#[test]
fn every_type_of_the_edge_has_its_typescript() {
    let bindings = root().join("ui/src/lib/bindings");
    let mut expected = BTreeSet::new();
    for path in files(&root().join("src-tauri/crates"), &["rs"]) {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("#[ts(export")) {
            if let Some(name) = line.strip_prefix("#[ts(export, rename = \"") {
                expected.insert(name.trim_end_matches("\")]").to_owned());
                continue;
            }
            let declared = lines[number..]
                .iter()
                .find_map(|line| line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum ")));
            let declared = declared.expect("an exported type is declared below");
            expected.insert(declared.split([' ', '<', '(', ';']).next().unwrap_or_default().to_owned());
        }
    }
    for dto in files(&root().join("src-tauri/crates/bakeoff-service/src/dto"), &["rs"]) {
        let text = read(&dto);
        let (declared, exported) = (
            text.matches("\npub struct ").count() + text.matches("\npub enum ").count(),
            text.matches("#[ts(export)]").count(),
        );
        assert_eq!(declared, exported, "every type in {} is exported", dto.display());
    }
    let found: BTreeSet<String> = files(&bindings, &["ts"])
        .iter()
        .map(|path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned())
        .collect();
    let missing: Vec<&String> = expected.difference(&found).collect();
    assert!(missing.is_empty(), "no TypeScript for {missing:?}; run `cargo test` and commit it");
    // Types of ts-rs's own (JsonValue) lie in folders of their own and are not counted.
    let stale: Vec<&String> = found.difference(&expected).collect();
    assert!(stale.is_empty(), "TypeScript for types that are gone: {stale:?}");
}
