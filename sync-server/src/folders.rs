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

/// Others on this machine can look into a folder that holds what is about residents, and private keys.
#[derive(Debug, thiserror::Error)]
#[error(
    "others on this machine can read {0}, where residents' data and keys lie; close it with: chmod -R go= {quoted}",
    quoted = quoted(.0)
)]
pub struct OpenToOthers(String);

/// A path as a shell takes it for one word, whatever is in it.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// From here on what this process makes can be read by its own user only, whatever the shell has said.
pub fn keep_to_oneself() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Checks that nobody else can look into a folder. Then nobody reaches what lies in it. One with nothing in it is closed.
///
/// # Errors
/// [`OpenToOthers`] with the command that mends it, or when the disk refuses.
pub fn check_closed(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let is_open = || Ok::<_, io::Error>(fs::metadata(folder)?.permissions().mode() & 0o077 != 0);
        if is_open()? && fs::read_dir(folder)?.next().is_none() {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        }
        if is_open()? {
            return Err(io::Error::other(OpenToOthers(folder.display().to_string())));
        }
    }
    Ok(())
}

/// Takes from everybody else what they may do with a file, or with a folder and the files in it: a copy has the modes of
/// what it is a copy of.
///
/// # Errors
/// When the disk refuses.
pub fn close(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path)?.permissions().mode() & 0o700;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                let entry = entry?;
                if entry.file_type()?.is_file() {
                    close(&entry.path())?;
                }
            }
        }
    }
    Ok(())
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

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("data");
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        fs::create_dir(&folder).unwrap();
        set(&folder, 0o755);
        check_closed(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let file = folder.join("koumen.sqlite");
        fs::write(&file, b"names").unwrap();
        set(&file, 0o644);
        for of_folder in [0o750, 0o701, 0o755, 0o777] {
            set(&folder, of_folder);
            let said = check_closed(&folder).unwrap_err().to_string();
            assert!(
                said.ends_with(&format!("chmod -R go= '{}'", folder.display())),
                "{said}"
            );
        }
        close(&folder).unwrap();
        check_closed(&folder).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_command_names_one_folder_whatever_it_is_called() {
        let said = OpenToOthers("/srv/Zhao's data; rm x".to_owned()).to_string();
        assert!(
            said.ends_with(r"chmod -R go= '/srv/Zhao'\''s data; rm x'"),
            "{said}"
        );
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
