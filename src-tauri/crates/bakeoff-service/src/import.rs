//! Importing files from outside the workspace: first a preview, then, decision by decision, writing.

use crate::atomic;
use crate::diff;
use crate::dto::{FileKind, ImportChoice, ImportDecision, ImportItem, ImportState, ServiceError, TextEdit};
use crate::error::Result;
use crate::files::{check_named, edit_text, free_name, is_importable, trash, with_inner_name};
use crate::workspace::{Workspace, extensions_of, folder_of, has_extension, stem};
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::yaml;
use std::path::{Path, PathBuf};

/// The most files that one drop is looked at for.
const MOST_FILES: usize = 500;

/// What importing these files (and the files in these folders) would do. Writes nothing.
pub fn preview(workspace: &Workspace, paths: &[String]) -> Result<Vec<ImportItem>> {
    let mut files = Vec::new();
    for path in paths {
        collect(Path::new(path), &mut files);
    }
    if files.len() > MOST_FILES {
        return Err(ServiceError::bad_input(format!(
            "{} files are more than {MOST_FILES} at a time",
            files.len()
        ))
        .with_hint("drop fewer files"));
    }
    Ok(files.iter().map(|file| preview_one(workspace, file)).collect())
}

/// Writes what was decided. Returns the paths written, relative to the workspace.
pub fn import(workspace: &Workspace, decisions: &[ImportDecision]) -> Result<Vec<String>> {
    let chosen: Vec<_> = decisions.iter().filter(|decision| decision.choice != ImportChoice::Skip).collect();
    let mut prepared = Vec::new();
    // Everything is read and checked before anything is written, so that one bad file stops all of them.
    for decision in chosen {
        let source = Path::new(&decision.source);
        let incoming = read_incoming(workspace, source)?;
        if incoming.hash != decision.hash {
            return Err(ServiceError::conflict(format!(
                "{} changed since it was looked at",
                decision.source
            ))
            .with_hint("drop it again; nothing was imported"));
        }
        prepared.push((incoming, decision.choice));
    }
    prepared.into_iter().map(|(incoming, choice)| write(workspace, incoming, choice)).collect()
}

/// A file as it would be written.
struct Incoming {
    kind: FileKind,
    what: &'static str,
    name: String,
    extension: String,
    text: String,
    hash: String,
}

impl Incoming {
    fn target(&self, name: &str) -> String {
        format!("{}/{name}.{}", folder_of(self.kind), self.extension)
    }

    /// The text under a name: an inner `name` follows the file's.
    fn text_named(&self, name: &str) -> String {
        match self.kind {
            FileKind::Dataset => self.text.clone(),
            _ if name == self.name => self.text.clone(),
            _ => with_inner_name(&self.text, name),
        }
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        files.push(path.to_owned());
        return;
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    for entry in entries.iter().filter(|entry| entry.is_file() && is_importable(entry)) {
        files.push(entry.clone());
    }
}

fn preview_one(workspace: &Workspace, source: &Path) -> ImportItem {
    let mut item = ImportItem {
        source: source.display().to_string(),
        target: String::new(),
        state: ImportState::Unsupported,
        what: "not a kind of file that can be imported".to_owned(),
        diagnostics: Vec::new(),
        diff: Vec::new(),
        free_name: String::new(),
        hash: String::new(),
        text: None,
    };
    if !is_importable(source) {
        return item;
    }
    let incoming = match read_incoming(workspace, source) {
        Ok(incoming) => incoming,
        Err(error) => {
            let file = item.source.clone();
            item.diagnostics.push(Diagnostic::error("unreadable", "", error.message).in_file(file));
            item.diagnostics.extend(error.diagnostics);
            item.state = ImportState::Invalid;
            item.what = "unreadable".to_owned();
            return item;
        }
    };
    item.what = incoming.what.to_owned();
    item.target = incoming.target(&incoming.name);
    item.free_name = free_name(workspace, incoming.kind, &incoming.name);
    item.diagnostics = check_named(incoming.kind, &item.target, &incoming.text);
    item.hash.clone_from(&incoming.hash);
    let existing = workspace.find(incoming.kind, &incoming.name).map(|path| atomic::read_text(&path));
    item.state = if item.diagnostics.iter().any(Diagnostic::is_error) {
        item.text = (incoming.kind != FileKind::Dataset).then_some(incoming.text);
        ImportState::Invalid
    } else {
        match existing {
            None => ImportState::Ready,
            Some(Ok((text, _))) if text == incoming.text => ImportState::Unchanged,
            Some(Ok((text, _))) => {
                item.diff = diff::lines(&text, &incoming.text, 3);
                ImportState::NameTaken
            }
            Some(Err(_)) => ImportState::NameTaken,
        }
    };
    item
}

fn read_incoming(workspace: &Workspace, source: &Path) -> Result<Incoming> {
    let (text, hash) = atomic::read_text(source)?;
    let name = tidy_name(&stem(source));
    let incoming = |kind, what, extension: &str, text| Incoming {
        kind,
        what,
        name: name.clone(),
        extension: extension.to_owned(),
        text,
        hash: hash.clone(),
    };
    if has_extension(source, &["jsonl"]) {
        return Ok(incoming(FileKind::Dataset, "data set", "jsonl", text));
    }
    if has_extension(source, &["csv"]) {
        return Ok(incoming(FileKind::Dataset, "data set", "csv", text));
    }
    if has_extension(source, &["txt", "md"]) {
        let variant = prompt_as_variant(workspace, &name, &text)?;
        return Ok(incoming(FileKind::Variant, "prompt text (becomes a variant)", "yaml", variant));
    }
    let value = yaml::read(&text).map(|document| document.value).unwrap_or(serde_json::Value::Null);
    if value.is_array() {
        let (extension, text) =
            if has_extension(source, &["json"]) { ("jsonl", rows_as_lines(&value)) } else { ("yaml", text) };
        return Ok(incoming(FileKind::Dataset, "data set", extension, text));
    }
    let has = |keys: &[&str]| keys.iter().any(|key| value.get(key).is_some());
    let (kind, what) = if has(&["flow", "nodes"]) {
        (FileKind::Workflow, "workflow")
    } else if has(&["dataset", "workflow", "variants", "scorers"]) {
        (FileKind::Campaign, "campaign")
    } else {
        (FileKind::Variant, "variant")
    };
    let text = match value.as_object() {
        Some(fields) if has_extension(source, &["json"]) => fields_as_yaml(&name, fields).unwrap_or(text),
        _ => text,
    };
    Ok(incoming(kind, what, "yaml", text))
}

/// A name that can be a file's, made of what the dropped file was called.
fn tidy_name(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '-' } else { c })
        .take(100)
        .collect();
    let name = name.trim().trim_start_matches('.').trim();
    if name.is_empty() { "imported".to_owned() } else { name.to_owned() }
}

/// A prompt's text as a variant with the provider and model of `variants/default.yaml`, or the built-in model.
fn prompt_as_variant(workspace: &Workspace, name: &str, prompt: &str) -> Result<String> {
    let default = workspace
        .find(FileKind::Variant, "default")
        .and_then(|path| atomic::read_text(&path).ok())
        .and_then(|(text, _)| bakeoff_core::variant::check("default", &text).value);
    let mut edits = Vec::new();
    let mut set = |key: &str, value: serde_json::Value| {
        if !value.is_null() {
            edits.push(TextEdit { key: key.to_owned(), value });
        }
    };
    match default {
        Some(default) => {
            set("provider", default.provider.name().into());
            set("model", default.model.into());
            set("base_url", default.base_url.into());
            set("pace_ms", default.pace_ms.into());
        }
        None => {
            set("provider", "builtin".into());
            set("model", "lexical-1".into());
        }
    }
    set("system_prompt", prompt.into());
    edit_text(&format!("name: {}\n", quoted(name)), &edits)
}

/// The members of a JSON object as YAML, one key a line.
fn fields_as_yaml(name: &str, fields: &serde_json::Map<String, serde_json::Value>) -> Result<String> {
    let inner = fields.get("name").and_then(|value| value.as_str()).unwrap_or(name);
    let simple = |value: &serde_json::Value| !value.is_object() && !value.is_array() && !value.is_null();
    if fields.values().any(|value| !simple(value)) {
        return Err(ServiceError::bad_input("nested values keep their JSON form"));
    }
    let edits: Vec<TextEdit> = fields
        .iter()
        .filter(|(key, _)| *key != "name")
        .map(|(key, value)| TextEdit { key: key.clone(), value: value.clone() })
        .collect();
    edit_text(&format!("name: {}\n", quoted(inner)), &edits)
}

fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "null", "yes", "no", "on", "off"].contains(&name.to_lowercase().as_str());
    if plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

fn rows_as_lines(rows: &serde_json::Value) -> String {
    rows.as_array().into_iter().flatten().map(|row| format!("{row}\n")).collect()
}

fn write(workspace: &Workspace, incoming: Incoming, choice: ImportChoice) -> Result<String> {
    let name = match choice {
        ImportChoice::KeepBoth => free_name(workspace, incoming.kind, &incoming.name),
        _ => incoming.name.clone(),
    };
    let existing = workspace.find(incoming.kind, &name);
    match (choice, existing) {
        (ImportChoice::Replace, Some(old)) => {
            trash(workspace, &old)?;
        }
        (ImportChoice::Import, Some(old)) => {
            return Err(ServiceError::conflict(format!("{} exists by now", workspace.display(&old)))
                .with_hint("choose replace, keep both or skip"));
        }
        _ => {}
    }
    let target = incoming.target(&name);
    let text = incoming.text_named(&name);
    debug_assert!(extensions_of(incoming.kind).contains(&incoming.extension.as_str()));
    atomic::write(&workspace.resolve(&target)?, text.as_bytes())?;
    Ok(target)
}
