//! The zip container, looked at before anything unpacks it: `calamine` unpacks without a limit, and half a
//! megabyte can become half a gigabyte.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::import::ImportError;

/// The largest file that is looked at.
pub const FILE_BYTES_MAX: u64 = 32 << 20;
/// The most that all parts together may unpack to.
pub const UNPACKED_BYTES_MAX: u64 = 64 << 20;
/// The most parts. A workbook of a community has about a dozen.
pub const PARTS_MAX: usize = 1_000;
/// A part larger than 4 MiB may be at most this many times its packed size.
pub const RATIO_MAX: u64 = 200;
const RATIO_FREE_BYTES: u64 = 4 << 20;

/// Refuses what is no workbook, and what would unpack to more than the limits.
///
/// The sizes that the directory declares are checked first; then each part is unpacked into nothing,
/// because a directory can lie.
pub(super) fn check(bytes: &[u8]) -> Result<(), ImportError> {
    recognise(bytes)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| ImportError::Damaged)?;
    if archive.len() > PARTS_MAX {
        return Err(ImportError::TooManyParts { max: PARTS_MAX });
    }
    if archive.index_for_name("xl/workbook.xml").is_none() {
        return Err(ImportError::NotAWorkbook);
    }
    let too_large = ImportError::UnpacksTooLarge {
        max: UNPACKED_BYTES_MAX,
    };
    let mut declared = 0_u64;
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|_| ImportError::Damaged)?;
        declared = declared.saturating_add(part.size());
        let swollen =
            part.size() > RATIO_FREE_BYTES && part.size() / part.compressed_size().max(1) > RATIO_MAX;
        if declared > UNPACKED_BYTES_MAX || swollen {
            return Err(too_large);
        }
    }
    let mut left = UNPACKED_BYTES_MAX;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| ImportError::Damaged)?;
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink())
            .map_err(|_| ImportError::Damaged)?;
        left = left.checked_sub(read).ok_or(too_large.clone())?;
    }
    Ok(())
}

/// What kind of file it is, by its first bytes: the extension is not to be trusted.
fn recognise(bytes: &[u8]) -> Result<(), ImportError> {
    if bytes.is_empty() {
        return Err(ImportError::Empty);
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(ImportError::TooLarge { max: FILE_BYTES_MAX });
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Ok(());
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(ImportError::OldOrEncrypted);
    }
    let begins = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    Err(if begins.starts_with(b"<") {
        ImportError::WebPage
    } else {
        ImportError::NotAWorkbook
    })
}
