//! The user's text files: reading with findings, saving without ever overwriting a change made outside, the trash.

use crate::atomic;
use crate::dto::{FileKind, FileText, ServiceError, TextEdit, TrashedFile};
use crate::error::Result;
use crate::workspace::{Workspace, extensions_of, folder_of, has_extension, kind_of, stem};
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::yaml::edit::{Change, Edit};
use bakeoff_core::{campaign, dataset, subject, triage, variant, workflow, yaml};
use std::path::{Path, PathBuf};

/// What checking a text of this kind finds. `name` is the file's name without extension.
pub fn check(kind: FileKind, name: &str, text: &str) -> Vec<Diagnostic> {
    match kind {
        FileKind::Variant => variant::check(name, text).diagnostics,
        FileKind::Campaign => campaign::check(name, text).diagnostics,
        FileKind::Workflow => workflow::check(name, text).diagnostics,
        FileKind::Subject => subject::check(name, text).diagnostics,
        FileKind::Topic => triage::check_topic(name, text).diagnostics,
        FileKind::Dataset => {
            let format = dataset::Format::from_path(name).unwrap_or(dataset::Format::Jsonl);
            dataset::read(format, text.as_bytes()).diagnostics
        }
    }
}

/// The kind of a path, or an error that lists the folders.
pub fn known_kind(path: &str) -> Result<FileKind> {
    kind_of(path).ok_or_else(|| {
        ServiceError::bad_input(format!("{path} is not a file that Bakeoff reads")).with_hint(
            "variants/*.yaml, campaigns/*.yaml, workflows/*.yaml and datasets/*.jsonl, *.csv or *.yaml are",
        )
    })
}

/// Reads and checks one file.
pub fn read(workspace: &Workspace, path: &str) -> Result<FileText> {
    let kind = known_kind(path)?;
    let absolute = workspace.resolve(path)?;
    let (text, hash) = atomic::read_text(&absolute)?;
    let diagnostics = check_named(kind, path, &text);
    Ok(FileText { path: path.to_owned(), kind, text, hash, diagnostics })
}

/// The findings of a text, each with its file.
pub fn check_named(kind: FileKind, path: &str, text: &str) -> Vec<Diagnostic> {
    let name = match kind {
        FileKind::Dataset => path.to_owned(),
        _ => stem(Path::new(path)),
    };
    check(kind, &name, text).into_iter().map(|finding| finding.in_file(path)).collect()
}

/// Saves a text. `expected_hash` is that of the text that was read; `None` means that the file must be new.
pub fn save(workspace: &Workspace, path: &str, text: &str, expected_hash: Option<&str>) -> Result<FileText> {
    known_kind(path)?;
    let absolute = workspace.resolve(path)?;
    let current = atomic::hash_of(&absolute);
    match (current.as_deref(), expected_hash) {
        (None, None) => {}
        (Some(current), Some(expected)) if current == expected => {}
        (Some(_), None) => {
            return Err(
                ServiceError::conflict(format!("{path} exists already")).with_hint("choose another name")
            );
        }
        (Some(_), Some(_)) => {
            return Err(ServiceError::conflict(format!("{path} was changed by another program"))
                .with_hint("reload it, or save your text under another name; nothing was overwritten"));
        }
        (None, Some(_)) => {
            return Err(ServiceError::conflict(format!("{path} is no longer there"))
                .with_hint("save your text as a new file"));
        }
    }
    atomic::write(&absolute, text.as_bytes())?;
    read(workspace, path)
}

/// Renames a file within its folder; its inner `name`, where it has one, follows.
pub fn rename(workspace: &Workspace, path: &str, name: &str) -> Result<FileText> {
    let kind = known_kind(path)?;
    check_name(name)?;
    let from = workspace.resolve(path)?;
    let extension =
        from.extension().map(|extension| extension.to_string_lossy().into_owned()).unwrap_or_default();
    let target = format!("{}/{name}.{extension}", folder_of(kind));
    let to = workspace.resolve(&target)?;
    if to.exists() {
        return Err(
            ServiceError::conflict(format!("{target} exists already")).with_hint("choose another name")
        );
    }
    let (text, _) = atomic::read_text(&from)?;
    let renamed = match kind {
        FileKind::Dataset => text.clone(),
        _ => with_inner_name(&text, name),
    };
    atomic::write(&to, renamed.as_bytes())?;
    std::fs::remove_file(&from).map_err(|error| ServiceError::io("remove", &from, &error))?;
    read(workspace, &target)
}

/// The text with its top-level `name` set, where it has one; unchanged where that can't be done safely.
pub fn with_inner_name(text: &str, name: &str) -> String {
    let has_name = yaml::read(text).is_ok_and(|document| document.value.get("name").is_some());
    if !has_name {
        return text.to_owned();
    }
    let edits = [TextEdit { key: "name".to_owned(), value: name.into() }];
    edit_text(text, &edits).unwrap_or_else(|_| text.to_owned())
}

/// Writes values into a YAML text; every other byte stays.
pub fn edit_text(text: &str, edits: &[TextEdit]) -> Result<String> {
    let edits: Vec<Edit> = edits
        .iter()
        .map(|edit| Edit {
            path: yaml::parse_path(&edit.key),
            change: match &edit.value {
                serde_json::Value::Null => Change::Remove,
                value => Change::Set(value.clone()),
            },
        })
        .collect();
    let edited = yaml::edit::apply(text, 0, &edits);
    edited
        .map(|edited| edited.text)
        .map_err(|error| ServiceError::bad_input(error.message).with_hint(error.hint))
}

/// The top-level values of a YAML text; empty where it can't be read.
pub fn text_values(text: &str) -> serde_json::Value {
    match yaml::read(text) {
        Ok(document) if document.value.is_object() => document.value,
        _ => serde_json::json!({}),
    }
}

/// Moves a file to the workspace's trash.
pub fn delete(workspace: &Workspace, path: &str) -> Result<TrashedFile> {
    known_kind(path)?;
    let absolute = workspace.resolve(path)?;
    if !absolute.is_file() {
        return Err(ServiceError::not_found(format!("there is no file {path}")));
    }
    trash(workspace, &absolute)
}

/// Moves an existing file of the workspace into a new folder of the trash.
pub fn trash(workspace: &Workspace, absolute: &Path) -> Result<TrashedFile> {
    let path = workspace.display(absolute);
    let trash = workspace.data_folder().join("trash");
    std::fs::create_dir_all(&trash).map_err(|error| ServiceError::io("make", &trash, &error))?;
    let holder = tempfile::Builder::new()
        .prefix("")
        .tempdir_in(&trash)
        .map_err(|error| ServiceError::io("make a folder in", &trash, &error))?
        .keep();
    let id = holder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let kept = holder.join(&path);
    if let Some(folder) = kept.parent() {
        std::fs::create_dir_all(folder).map_err(|error| ServiceError::io("make", folder, &error))?;
    }
    std::fs::rename(absolute, &kept)
        .map_err(|error| ServiceError::io("move to the trash", absolute, &error))?;
    Ok(TrashedFile { id, path })
}

/// Brings a file back from the trash.
pub fn restore(workspace: &Workspace, id: &str) -> Result<FileText> {
    check_name(id)?;
    let holder = workspace.data_folder().join("trash").join(id);
    let kept = first_file(&holder)
        .ok_or_else(|| ServiceError::not_found(format!("there is nothing with the id {id} in the trash")))?;
    let path =
        kept.strip_prefix(&holder).map(|path| path.to_string_lossy().replace('\\', "/")).unwrap_or_default();
    let target = workspace.resolve(&path)?;
    if target.exists() {
        return Err(ServiceError::conflict(format!("{path} exists again"))
            .with_hint(format!("move it away first; the deleted file is {}", kept.display())));
    }
    std::fs::rename(&kept, &target).map_err(|error| ServiceError::io("restore", &target, &error))?;
    // The emptied folder of the trash is of no more use; should it stay, it does no harm.
    let _ = std::fs::remove_dir_all(&holder);
    read(workspace, &path)
}

fn first_file(folder: &Path) -> Option<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.filter_map(|e| Some(e.ok()?.path())).collect();
    entries.sort();
    entries
        .iter()
        .find(|path| path.is_file())
        .cloned()
        .or_else(|| entries.iter().find_map(|path| first_file(path)))
}

/// A name that can be a file's name everywhere.
pub fn check_name(name: &str) -> Result<()> {
    let good = !name.is_empty()
        && name.len() <= 100
        && !name.starts_with('.')
        && name == name.trim()
        && !name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|'])
        && !name.chars().any(char::is_control);
    if good {
        Ok(())
    } else {
        Err(ServiceError::bad_input(format!("{name:?} can't be the name of a file"))
            .with_hint("use letters, digits, spaces, - and _, at most 100 of them"))
    }
}

/// The first of `name`, `name-2`, `name-3` … that no file of this kind has.
pub fn free_name(workspace: &Workspace, kind: FileKind, name: &str) -> String {
    std::iter::once(name.to_owned())
        .chain((2..).map(|number| format!("{name}-{number}")))
        .find(|candidate| workspace.find(kind, candidate).is_none())
        .unwrap_or_else(|| name.to_owned())
}

/// Whether a path could be any kind of text that can be imported.
pub fn is_importable(path: &Path) -> bool {
    has_extension(path, &["yaml", "yml", "json", "txt", "md", "jsonl", "csv"])
        || extensions_of(FileKind::Dataset).iter().any(|extension| has_extension(path, &[extension]))
}
