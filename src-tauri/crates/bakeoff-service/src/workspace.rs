//! Workspaces: folders with variants, campaigns and data sets, and results in `.bakeoff/`.

use crate::atomic;
use crate::dto::{FileKind, ServiceError};
use crate::error::Result;
use include_dir::{Dir, include_dir};
use std::path::{Component, Path, PathBuf};

static STARTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../starter");
static STARTER_VARIANTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../../variants");

/// A workspace's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace at `path`, which must be a folder.
    pub fn at(path: &Path) -> Result<Self> {
        let root = std::fs::canonicalize(path).map_err(|error| ServiceError::io("open", path, &error))?;
        if !root.is_dir() {
            return Err(ServiceError::bad_input(format!("{} is not a folder", path.display()))
                .with_hint("name a workspace folder, or make one with `bakeoff init DIR`"));
        }
        Ok(Self { root })
    }

    /// The nearest folder at or above `start` that has `.bakeoff/` or `variants/`.
    pub fn discover(start: &Path) -> Option<Self> {
        let start = std::fs::canonicalize(start).ok()?;
        let root = start
            .ancestors()
            .find(|folder| folder.join(".bakeoff").is_dir() || folder.join("variants").is_dir())?;
        Some(Self { root: root.to_owned() })
    }

    /// Writes the starter files into `path`, which is made when missing. Files that are there already are kept;
    /// returns the paths written.
    pub fn init(path: &Path) -> Result<(Self, Vec<String>)> {
        std::fs::create_dir_all(path).map_err(|error| ServiceError::io("make", path, &error))?;
        let mut written = Vec::new();
        for folder in ["variants", "campaigns", "datasets", "workflows", "subjects", "topics"] {
            let folder = path.join(folder);
            std::fs::create_dir_all(&folder).map_err(|error| ServiceError::io("make", &folder, &error))?;
        }
        for (prefix, folder) in [("variants/", &STARTER_VARIANTS), ("", &STARTER)] {
            for file in all_files(folder) {
                let relative = format!("{prefix}{}", file.path().display());
                let target = path.join(&relative);
                if !target.exists() {
                    atomic::write(&target, file.contents())?;
                    written.push(relative);
                }
            }
        }
        Ok((Self::at(path)?, written))
    }

    /// Absolute path of the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where results, backups and the trash are.
    pub fn data_folder(&self) -> PathBuf {
        self.root.join(".bakeoff")
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.data_folder().join("results.db")
    }

    /// The absolute path of a file named relative to the workspace. Refuses paths that leave it.
    pub fn resolve(&self, relative: &str) -> Result<PathBuf> {
        let path = Path::new(relative);
        let stays = !relative.is_empty()
            && path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !stays {
            return Err(ServiceError::bad_input(format!("{relative:?} is not a path inside the workspace"))
                .with_hint("name it relative to the workspace, such as variants/default.yaml"));
        }
        Ok(self.root.join(path))
    }

    /// A path as people see it: relative with `/` inside the workspace, absolute outside.
    pub fn display(&self, path: &Path) -> String {
        match path.strip_prefix(&self.root) {
            Ok(relative) => relative.to_string_lossy().replace('\\', "/"),
            Err(_) => path.display().to_string(),
        }
    }

    /// The files of one kind, sorted by name. A missing folder has no files.
    pub fn files(&self, kind: FileKind) -> Result<Vec<PathBuf>> {
        let folder = self.root.join(folder_of(kind));
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(ServiceError::io("list", &folder, &error)),
        };
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_file() && !is_hidden(path) && !is_backup(path))
            .filter(|path| has_extension(path, extensions_of(kind)))
            .collect();
        files.sort();
        Ok(files)
    }

    /// The file of this kind and name (without extension), if there is one.
    pub fn find(&self, kind: FileKind, name: &str) -> Option<PathBuf> {
        let folder = self.root.join(folder_of(kind));
        extensions_of(kind)
            .iter()
            .map(|extension| folder.join(format!("{name}.{extension}")))
            .find(|p| p.is_file())
    }
}

/// The folder in which files of a kind live.
pub fn folder_of(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Variant => "variants",
        FileKind::Campaign => "campaigns",
        FileKind::Dataset => "datasets",
        FileKind::Workflow => "workflows",
        FileKind::Subject => "subjects",
        FileKind::Topic => "topics",
    }
}

/// Extensions of files of a kind.
pub fn extensions_of(kind: FileKind) -> &'static [&'static str] {
    match kind {
        FileKind::Variant
        | FileKind::Campaign
        | FileKind::Workflow
        | FileKind::Subject
        | FileKind::Topic => &["yaml", "yml"],
        FileKind::Dataset => &["jsonl", "csv", "yaml", "yml"],
    }
}

/// What a file of the workspace defines, by its folder and extension.
pub fn kind_of(relative: &str) -> Option<FileKind> {
    FileKind::ALL.into_iter().find(|kind| {
        let path = Path::new(relative);
        path.parent() == Some(Path::new(folder_of(*kind))) && has_extension(path, extensions_of(*kind))
    })
}

/// The file's name without extension.
pub fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Whether the path ends in one of these extensions, ignoring case.
pub fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| extensions.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

/// Whether it is a copy that Apply kept beside a workflow: `NAME.backup.TIME.yaml`.
fn is_backup(path: &Path) -> bool {
    let name = stem(path);
    name.rsplit_once(".backup.")
        .is_some_and(|(_, time)| time.starts_with(|first: char| first.is_ascii_digit()))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.'))
}

fn all_files<'a>(folder: &'a Dir<'a>) -> Vec<&'a include_dir::File<'a>> {
    let mut files: Vec<_> = folder.files().collect();
    for inner in folder.dirs() {
        files.extend(all_files(inner));
    }
    files
}
