//! The workspace's files, as use cases of the service.

use crate::campaigns::CampaignText;
use crate::dto::{
    CheckedFile, FileKind, FileText, ImportDecision, ImportItem, ServiceError, TextEdit, TrashedFile,
};
use crate::error::Result;
use crate::service::Service;
use crate::workspace::{kind_of, stem};
use crate::{files, import};
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::{campaign, dataset, subject, triage, variant, workflow};
use std::path::{Path, PathBuf};

impl Service {
    /// Reads and checks one file.
    pub fn read_file(&self, path: &str) -> Result<FileText> {
        files::read(self.files(), path)
    }

    /// What checking a text finds. `name` is the file's name without extension (with it for a data set).
    pub fn check_text(&self, kind: FileKind, name: &str, text: &str) -> Result<Vec<Diagnostic>> {
        Ok(files::check(kind, name, text))
    }

    /// Writes values into a YAML text; every other byte stays.
    pub fn edit_text(&self, text: &str, edits: &[TextEdit]) -> Result<String> {
        files::edit_text(text, edits)
    }

    /// The top-level values of a YAML text as an object; empty where it can't be read.
    pub fn text_values(&self, text: &str) -> Result<serde_json::Value> {
        Ok(files::text_values(text))
    }

    /// Saves a text, if the file is still the one that was read (`expected_hash`), or new (`None`).
    pub fn save_file(&self, path: &str, text: &str, expected_hash: Option<&str>) -> Result<FileText> {
        files::save(self.files(), path, text, expected_hash)
    }

    /// Renames a file within its folder.
    pub fn rename_file(&self, path: &str, name: &str) -> Result<FileText> {
        files::rename(self.files(), path, name)
    }

    /// Moves a file to the workspace's trash.
    pub fn delete_file(&self, path: &str) -> Result<TrashedFile> {
        files::delete(self.files(), path)
    }

    /// Brings a file back from the trash.
    pub fn restore_file(&self, id: &str) -> Result<FileText> {
        files::restore(self.files(), id)
    }

    /// The JSON Schema of a kind of file (of one row, for data sets).
    pub fn schema(&self, kind: FileKind) -> Result<serde_json::Value> {
        Ok(match kind {
            FileKind::Variant => variant::schema(),
            FileKind::Campaign => campaign::schema(),
            FileKind::Dataset => dataset::row_schema(),
            FileKind::Workflow => workflow::schema(),
            FileKind::Subject => subject::schema(),
            FileKind::Topic => triage::topic_schema(),
        })
    }

    /// What importing these files would do.
    pub fn preview_import(&self, paths: &[String]) -> Result<Vec<ImportItem>> {
        import::preview(self.files(), paths)
    }

    /// Writes what was decided.
    pub fn import_files(&self, decisions: &[ImportDecision]) -> Result<Vec<String>> {
        import::import(self.files(), decisions)
    }

    /// Checks files and folders, or the whole workspace: also what campaigns name.
    pub fn validate(&self, paths: &[PathBuf]) -> Result<Vec<CheckedFile>> {
        if paths.is_empty() {
            let mut all = Vec::new();
            for kind in FileKind::ALL {
                all.extend(self.files().files(kind)?);
            }
            return Ok(all.iter().map(|path| self.checked(path)).collect());
        }
        let mut checked = Vec::new();
        for path in paths {
            match self.files_at(path) {
                Ok(files) => checked.extend(files.iter().map(|path| self.checked(path))),
                Err(error) => checked.push(unreadable(path.display().to_string(), error)),
            }
        }
        Ok(checked)
    }

    fn checked(&self, path: &Path) -> CheckedFile {
        let shown = self.files().display(path);
        let Some(kind) = kind_of(&shown).or_else(|| guess_kind(path)) else {
            let error = ServiceError::bad_input(format!("{shown} is not a file that Bakeoff reads"))
                .with_hint(
                    "variants, campaigns, workflows and subjects are .yaml, data sets .jsonl, .csv or .yaml",
                );
            return unreadable(shown, error);
        };
        match self.findings(path, &shown, kind) {
            Ok(diagnostics) => CheckedFile { diagnostics, path: shown, kind: Some(kind) },
            Err(error) => unreadable(shown, error),
        }
    }

    fn findings(&self, path: &Path, shown: &str, kind: FileKind) -> Result<Vec<Diagnostic>> {
        if kind == FileKind::Dataset {
            // Read as it is: a byte that is not UTF-8 has its place too, and a large file is not read at once.
            let file = std::fs::File::open(path).map_err(|error| ServiceError::io("read", path, &error))?;
            let format = dataset::Format::from_path(shown).unwrap_or(dataset::Format::Jsonl);
            let found = dataset::read(format, std::io::BufReader::new(file)).diagnostics;
            return Ok(found.into_iter().map(|finding| finding.in_file(shown)).collect());
        }
        let (text, _) = crate::atomic::read_text(path)?;
        if kind == FileKind::Workflow && kind_of(shown).is_some() {
            let found = self.load_workflow_file(shown, text)?.diagnostics.into_iter();
            return Ok(found.filter(|finding| finding.file.as_deref() == Some(shown)).collect());
        }
        if kind == FileKind::Campaign && kind_of(shown).is_some() {
            let source = CampaignText { name: stem(path), file: shown.to_owned(), text };
            // Findings of the variants and the data set are told with their own files.
            let found = self.load_campaign(&source)?.diagnostics.into_iter();
            return Ok(found.filter(|finding| finding.file.as_deref() == Some(shown)).collect());
        }
        Ok(files::check_named(kind, shown, &text))
    }

    /// The file itself, or the files in a folder.
    fn files_at(&self, path: &Path) -> Result<Vec<PathBuf>> {
        let path = std::fs::canonicalize(path)
            .or_else(|_| std::fs::canonicalize(self.files().root().join(path)))
            .map_err(|error| ServiceError::io("read", path, &error))?;
        if !path.is_dir() {
            return Ok(vec![path]);
        }
        let entries = std::fs::read_dir(&path).map_err(|error| ServiceError::io("list", &path, &error))?;
        let mut inner: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        inner.retain(|path| path.is_file() && guess_kind(path).is_some());
        inner.sort();
        Ok(inner)
    }
}

/// A file that can't be read is a finding, so that it doesn't hide the others.
fn unreadable(path: String, error: ServiceError) -> CheckedFile {
    let finding = Diagnostic::error("unreadable", "", error.message).in_file(&*path);
    let finding = match error.hint {
        Some(hint) => finding.hint(hint),
        None => finding,
    };
    CheckedFile { path, kind: None, diagnostics: vec![finding] }
}

/// The kind of a file outside the workspace's folders, by its extension, its folder and its keys.
fn guess_kind(path: &Path) -> Option<FileKind> {
    use crate::workspace::has_extension;
    if has_extension(path, &["jsonl", "csv"]) {
        return Some(FileKind::Dataset);
    }
    if !has_extension(path, &["yaml", "yml"]) {
        return None;
    }
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let value = bakeoff_core::yaml::read(&text).map(|document| document.value).unwrap_or_default();
    let has = |keys: &[&str]| keys.iter().any(|key| value.get(key).is_some());
    let is_subject = matches!(value.get("kind").and_then(|kind| kind.as_str()), Some("embedded" | "docker"));
    Some(if value.is_array() {
        FileKind::Dataset
    } else if is_subject {
        FileKind::Subject
    } else if has(&["source"]) && !has(&["variants"]) {
        FileKind::Topic
    } else if has(&["flow", "nodes"]) {
        FileKind::Workflow
    } else if has(&["dataset", "workflow", "variants", "scorers", "subjects", "chaos_types", "topic"]) {
        FileKind::Campaign
    } else {
        FileKind::Variant
    })
}
