//! Writing a file so that a crash leaves either the old or the new bytes, never a mixture.

use crate::dto::ServiceError;
use crate::error::Result;
use bakeoff_core::hash::sha256_hex;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes `bytes` to `path` through a synced temporary file beside it and a rename. Keeps the file's permissions
/// and writes through a symbolic link to the file it names.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
    let fail = |error: &std::io::Error| ServiceError::io("write", path, error);
    std::fs::create_dir_all(&folder).map_err(|error| fail(&error))?;
    let permissions = std::fs::metadata(&target).map(|metadata| metadata.permissions()).ok();
    let mut file = tempfile::Builder::new().prefix(".bakeoff-").tempfile_in(&folder).map_err(|e| fail(&e))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|error| fail(&error))?;
    match permissions {
        Some(permissions) => std::fs::set_permissions(file.path(), permissions).map_err(|e| fail(&e))?,
        None => make_readable(file.path()).map_err(|error| fail(&error))?,
    }
    file.persist(&target).map_err(|error| fail(&error.error))?;
    sync_folder(&folder);
    Ok(())
}

/// Temporary files are private; a new file of the user's should be as any other.
#[cfg(unix)]
pub fn make_readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

/// Files are readable by default here.
#[cfg(not(unix))]
pub fn make_readable(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Makes the rename itself durable, where folders can be synced.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = std::fs::File::open(folder) {
        // Not every file system syncs folders; the file's own bytes are safe already.
        let _ = folder.sync_all();
    }
}

/// Reads a text file and its hash. A file that is not UTF-8 is an error that says where.
pub fn read_text(path: &Path) -> Result<(String, String)> {
    let bytes = std::fs::read(path).map_err(|error| ServiceError::io("read", path, &error))?;
    let hash = sha256_hex(&bytes);
    let text = String::from_utf8(bytes).map_err(|error| {
        ServiceError::bad_input(format!(
            "{} is not UTF-8 text (first bad byte at {})",
            path.display(),
            error.utf8_error().valid_up_to()
        ))
        .with_hint("save it as UTF-8")
    })?;
    Ok((text, hash))
}

/// The hash of a file's bytes; `None` when there is no file.
pub fn hash_of(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| sha256_hex(&bytes))
}
