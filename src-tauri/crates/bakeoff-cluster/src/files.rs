//! A node's data folder: what is in it, how full it is, and names that stay inside.

use crate::protocol::{DiskUse, FileEntry};
use std::io;
use std::path::{Component, Path, PathBuf};

/// Everything in a folder, sorted by name; links are not followed. What vanishes meanwhile is left out.
///
/// # Errors
/// The folder can't be read.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<FileEntry>> {
    let mut found = Vec::new();
    visit(dir, "", &mut |file, bytes| found.push(FileEntry { file, bytes }))?;
    found.sort_by(|left, right| left.file.cmp(&right.file));
    Ok(found)
}

/// The lengths of all files in a folder, in bytes.
///
/// # Errors
/// The folder can't be read.
pub(crate) fn used(dir: &Path) -> io::Result<u64> {
    let mut sum = 0;
    visit(dir, "", &mut |_, bytes| sum += bytes)?;
    Ok(sum)
}

/// How full a folder with a quota is.
///
/// # Errors
/// The folder can't be read.
pub(crate) fn disk(dir: &Path, quota: u64) -> io::Result<DiskUse> {
    let used = used(dir)?;
    Ok(DiskUse { total: quota, used, free: quota.saturating_sub(used) })
}

fn visit(dir: &Path, prefix: &str, found: &mut dyn FnMut(String, u64)) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let Ok(about) = std::fs::symlink_metadata(entry.path()) else { continue };
        if about.is_dir() {
            match visit(&entry.path(), &format!("{name}/"), found) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        } else {
            found(name, about.len());
        }
    }
    Ok(())
}

/// The path of a file inside a folder.
///
/// # Errors
/// The name is empty, absolute or leads out of the folder.
pub(crate) fn inside(dir: &Path, file: &str) -> Result<PathBuf, String> {
    let refuse = || format!("{file:?} is not a file of the data folder; give a relative path without `..`");
    let plain = |part| matches!(part, Component::Normal(_));
    let name = Path::new(file.trim_start_matches("./"));
    if name.as_os_str().is_empty() || !name.components().all(plain) {
        return Err(refuse());
    }
    let path = dir.join(name);
    // A symbolic link on the way must not lead out either.
    let parent = path.ancestors().skip(1).find(|parent| parent.exists()).unwrap_or(dir);
    let (parent, dir) = (parent.canonicalize(), dir.canonicalize());
    match (parent, dir) {
        (Ok(parent), Ok(dir)) if parent.starts_with(&dir) => Ok(path),
        _ => Err(refuse()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_counts_also_in_folders() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("old")).expect("a folder");
        std::fs::write(dir.path().join("wal.jsonl"), "12345").expect("a file");
        std::fs::write(dir.path().join("old/export.csv"), "123").expect("a file");
        assert_eq!(disk(dir.path(), 10).expect("readable"), DiskUse { total: 10, used: 8, free: 2 });
        assert_eq!(disk(dir.path(), 7).expect("readable").free, 0, "never less than nothing");
        let names: Vec<String> =
            list(dir.path()).expect("readable").into_iter().map(|entry| entry.file).collect();
        assert_eq!(names, ["old/export.csv", "wal.jsonl"]);
    }

    #[test]
    fn names_stay_inside_the_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let check = |name: &str| inside(dir.path(), name).is_ok();
        assert!(check("wal.jsonl") && check("./old/new.tar") && check("old/new.tar"));
        for bad in ["", "/etc/passwd", "../n2/wal.jsonl", "old/../../n2", ".."] {
            assert!(!check(bad), "{bad:?} leads out");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/", dir.path().join("root")).expect("a link");
            assert!(!check("root/etc/passwd"), "a link leads out");
        }
    }
}
