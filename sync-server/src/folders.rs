//! Folders that the server makes for itself, and that a power loss does not take away again.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes a folder and those above it. Their names are durable when this returns.
///
/// # Errors
/// When the disk refuses.
pub fn make(path: &Path) -> io::Result<()> {
    let mut levels: Vec<&Path> = path.ancestors().collect();
    levels.reverse();
    for level in levels {
        let was_there = level.as_os_str().is_empty() || level.is_dir();
        match make_in(level) {
            // It may lie in a folder that the server may not read; then it was not the server that made it.
            Err(_) if was_there => {}
            made => made?,
        }
    }
    Ok(())
}

/// Makes a folder in one that is there; only its owner may read it, since it holds residents' names.
///
/// What is there already may have been made by a server that was killed before its name was durable, or by another
/// thread just now. So it becomes durable here in any case.
///
/// # Errors
/// When the disk refuses.
pub fn make_in(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if !(error.kind() == io::ErrorKind::AlreadyExists && path.is_dir()) => return Err(error),
        _ => {}
    }
    sync_name(path)
}

/// Makes the name of a file or folder durable, and every other name beside it.
///
/// # Errors
/// When the disk refuses.
pub fn sync_name(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync(Path::new(".")),
        Some(parent) => sync(parent),
        None => Ok(()),
    }
}

/// Makes the names in a folder durable.
///
/// # Errors
/// When the disk refuses.
pub fn sync(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file; there the system does it by itself.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_with_those_above_it_and_again_it_changes_nothing() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("community").join("data");
        make(&folder).unwrap();
        make(&folder).unwrap();
        assert!(folder.is_dir());
    }

    #[test]
    fn a_file_in_its_place_is_said() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("community");
        fs::write(&file, b"").unwrap();
        assert!(make(&file).is_err());
        assert!(make(&file.join("data")).is_err());
    }
}
