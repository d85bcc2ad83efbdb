//! The workspace's files, as use cases of the service.

use crate::dto::{
    CheckedFile, FileKind, FileText, ImportDecision, ImportItem, ServiceError, TextEdit, TrashedFile,
};
use crate::error::Result;
use crate::service::Service;
use crate::workspace::kind_of;
use crate::{files, import};
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::{campaign, dataset, variant};
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
        let mut checked = Vec::new();
        for path in self.paths_to_validate(paths)? {
            let shown = self.files().display(&path);
            let kind = kind_of(&shown).or_else(|| guess_kind(&path)).ok_or_else(|| {
                ServiceError::bad_input(format!("{shown} is not a file that Bakeoff reads"))
                    .with_hint("variants and campaigns are .yaml, data sets .jsonl, .csv or .yaml")
            })?;
            checked.push(CheckedFile { diagnostics: self.findings(&path, &shown, kind), path: shown, kind });
        }
        Ok(checked)
    }

    fn findings(&self, path: &Path, shown: &str, kind: FileKind) -> Vec<Diagnostic> {
        let (text, _) = match crate::atomic::read_text(path) {
            Ok(read) => read,
            Err(error) => {
                let finding = Diagnostic::error("unreadable", "", error.message);
                return vec![finding.hint(error.hint.unwrap_or_default()).in_file(shown)];
            }
        };
        let inside = kind_of(shown).is_some();
        if kind == FileKind::Campaign && inside {
            let name = crate::workspace::stem(path);
            return match self.load_campaign(&name, &text) {
                // Findings of the variants and the data set are told with their own files.
                Ok(loaded) => {
                    loaded.diagnostics.into_iter().filter(|f| f.file.as_deref() == Some(shown)).collect()
                }
                Err(error) => vec![Diagnostic::error("unreadable", "", error.message).in_file(shown)],
            };
        }
        files::check_named(kind, shown, &text)
    }

    fn paths_to_validate(&self, paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
        if paths.is_empty() {
            let mut all = Vec::new();
            for kind in [FileKind::Variant, FileKind::Campaign, FileKind::Dataset] {
                all.extend(self.files().files(kind)?);
            }
            return Ok(all);
        }
        let mut all = Vec::new();
        for path in paths {
            let path = std::fs::canonicalize(path)
                .or_else(|_| std::fs::canonicalize(self.files().root().join(path)))
                .map_err(|error| ServiceError::io("read", path, &error))?;
            if path.is_dir() {
                let entries =
                    std::fs::read_dir(&path).map_err(|error| ServiceError::io("list", &path, &error))?;
                let mut inner: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
                inner.retain(|path| path.is_file() && guess_kind(path).is_some());
                inner.sort();
                all.extend(inner);
            } else {
                all.push(path);
            }
        }
        Ok(all)
    }
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
    Some(if value.is_array() {
        FileKind::Dataset
    } else if has(&["dataset", "variants", "scorers"]) {
        FileKind::Campaign
    } else {
        FileKind::Variant
    })
}
