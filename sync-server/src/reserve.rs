//! A file that holds some room on the data folder's disk, for when the disk is full.
//!
//! Starting needs a little: SQLite makes the file that its connections share anew. So does a sign-in. When there is none
//! left the file is given up, and nobody else may write into what it leaves: pushes and photos wait on their phones until
//! the disk has room and the file is there again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The name of the file in the data folder.
const FILE: &str = "reserve";
/// How large it is.
const BYTES: usize = 4 * 1024 * 1024;

/// The file that holds the room.
#[derive(Debug, Default)]
pub struct Reserve {
    /// `None`: nothing lies on a disk.
    place: Option<PathBuf>,
    is_given_up: AtomicBool,
}

impl Reserve {
    /// The one of a data folder. It is made when there is room for it.
    pub fn of(data: &Path) -> Self {
        let reserve = Self {
            place: Some(data.join(FILE)),
            is_given_up: AtomicBool::new(true),
        };
        reserve.restore();
        reserve
    }

    /// Gives up the file of a data folder, so that a server can start; whether there was one.
    pub fn give_up_in(data: &Path) -> bool {
        fs::remove_file(data.join(FILE)).is_ok()
    }

    /// Gives up the file, for what has to be written although the disk is full; whether that helps.
    pub fn give_up(&self) -> bool {
        let Some(place) = &self.place else {
            return false;
        };
        let helps = fs::remove_file(place).is_ok();
        self.is_given_up.store(true, Ordering::Relaxed);
        helps
    }

    /// Notes that the disk was full just now.
    pub fn note_full(&self) {
        self.is_given_up.store(self.place.is_some(), Ordering::Relaxed);
    }

    /// Whether phones may send what needs room.
    pub fn has_room(&self) -> bool {
        !self.is_given_up.load(Ordering::Relaxed)
    }

    /// Makes the file again, when it was given up and the disk has room.
    pub fn restore(&self) {
        let Some(place) = &self.place else {
            return;
        };
        if self.has_room() {
            return;
        }
        let is_whole = fs::metadata(place).is_ok_and(|file| file.len() == BYTES as u64);
        match if is_whole { Ok(()) } else { make(place) } {
            Ok(()) => self.is_given_up.store(false, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "The disk is full: phones keep what they record."),
        }
    }
}

/// Whole or not at all.
fn make(place: &Path) -> io::Result<()> {
    let partial = place.with_extension("partial");
    let write = || {
        let mut file = File::create(&partial)?;
        // Not zeros: some file systems hold no room for those.
        file.write_all(&vec![0x5a; BYTES])?;
        file.sync_all()?;
        fs::rename(&partial, place)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&partial);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_comes_back_when_there_is_room() {
        let data = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(data.path());
        assert!(reserve.has_room());
        assert!(reserve.give_up() && !reserve.give_up());
        assert!(!reserve.has_room() && !data.path().join(FILE).exists());
        reserve.restore();
        assert!(reserve.has_room() && data.path().join(FILE).metadata().unwrap().len() == BYTES as u64);
        assert!(Reserve::give_up_in(data.path()) && !Reserve::give_up_in(data.path()));
        assert!(Reserve::default().has_room(), "in memory there is always room");
    }
}
