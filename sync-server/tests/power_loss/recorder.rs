//! Records what SQLite writes and syncs: the system's own file layer with four of its functions replaced.
#![expect(unsafe_code, reason = "SQLite's file layer is a table of C functions")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_int, c_void};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::ffi;

/// What happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// Bytes were written; not durable yet.
    Write {
        /// The file's path.
        file: String,
        /// Where.
        offset: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// A file was cut or extended; not durable yet.
    Truncate {
        /// The file's path.
        file: String,
        /// How long it is now.
        length: usize,
    },
    /// Everything written to the file so far is durable.
    Sync {
        /// The file's path.
        file: String,
    },
    /// The server receipted everything up to this operation.
    Receipt(u64),
}

type Methods = ffi::sqlite3_io_methods;

#[derive(Default)]
struct Record {
    /// Open files: where SQLite keeps them, their paths, the system's own functions.
    files: BTreeMap<usize, (String, usize)>,
    events: Vec<Event>,
    system: usize,
}

static RECORD: Mutex<Record> = Mutex::new(Record {
    files: BTreeMap::new(),
    events: Vec::new(),
    system: 0,
});

fn record() -> MutexGuard<'static, Record> {
    RECORD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes an event of the test itself.
pub(crate) fn note(event: Event) {
    record().events.push(event);
}

/// Begins to record: every database that this process opens from now on.
pub(crate) fn begin() {
    // SAFETY: without a name SQLite gives its default file layer, which lives as long as the process. The copy is
    // leaked, so it does, too.
    unsafe {
        let system = ffi::sqlite3_vfs_find(std::ptr::null());
        assert!(!system.is_null());
        record().system = system as usize;
        let mut recorder = *system;
        recorder.zName = c"recorder".as_ptr();
        recorder.pNext = std::ptr::null_mut();
        recorder.xOpen = Some(open);
        let recorder = Box::leak(Box::new(recorder));
        assert_eq!(ffi::sqlite3_vfs_register(recorder, 1), ffi::SQLITE_OK);
    }
}

/// Stops recording; databases are opened by the system's own layer again.
pub(crate) fn end() -> Vec<Event> {
    let system = record().system as *mut ffi::sqlite3_vfs;
    // SAFETY: it came from `sqlite3_vfs_find` and is registered already; this only makes it the default again.
    unsafe {
        assert_eq!(ffi::sqlite3_vfs_register(system, 1), ffi::SQLITE_OK);
    }
    std::mem::take(&mut record().events)
}

unsafe extern "C" fn open(
    _recorder: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    let system = record().system as *mut ffi::sqlite3_vfs;
    // SAFETY: SQLite's arguments are passed on to the layer that they were made for: `file` has room for its file.
    // After a success `pMethods` points to a table; the file gets a leaked copy with our functions in it.
    unsafe {
        let Some(open) = (*system).xOpen else {
            return ffi::SQLITE_CANTOPEN;
        };
        let opened = open(system, name, file, flags, flags_out);
        if opened != ffi::SQLITE_OK || name.is_null() || (*file).pMethods.is_null() {
            return opened;
        }
        let methods = (*file).pMethods;
        let path = CStr::from_ptr(name).to_string_lossy().into_owned();
        record().files.insert(file as usize, (path, methods as usize));
        let mut recording = *methods;
        recording.xClose = Some(close);
        recording.xWrite = Some(write);
        recording.xTruncate = Some(truncate);
        recording.xSync = Some(sync);
        (*file).pMethods = Box::leak(Box::new(recording));
        opened
    }
}

/// The path of an open file and the system's functions for it.
fn known(file: *mut ffi::sqlite3_file) -> Option<(String, *const Methods)> {
    let record = record();
    let (path, methods) = record.files.get(&(file as usize))?;
    Some((path.clone(), *methods as *const Methods))
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let Some((_, methods)) = known(file) else {
        return ffi::SQLITE_IOERR;
    };
    record().files.remove(&(file as usize));
    // SAFETY: the table came from the system's layer for this very file.
    unsafe { (*methods).xClose.map_or(ffi::SQLITE_IOERR, |close| close(file)) }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let Some((path, methods)) = known(file) else {
        return ffi::SQLITE_IOERR;
    };
    let length = usize::try_from(amount).unwrap_or(0);
    // SAFETY: SQLite says that `amount` bytes lie at `bytes`; the table came from the system's layer for this file.
    let (copy, written) = unsafe {
        let copy = std::slice::from_raw_parts(bytes.cast::<u8>(), length).to_vec();
        let write = (*methods).xWrite;
        (
            copy,
            write.map_or(ffi::SQLITE_IOERR, |write| write(file, bytes, amount, offset)),
        )
    };
    note(Event::Write {
        file: path,
        offset: usize::try_from(offset).unwrap_or(usize::MAX),
        bytes: copy,
    });
    written
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: ffi::sqlite3_int64) -> c_int {
    let Some((path, methods)) = known(file) else {
        return ffi::SQLITE_IOERR;
    };
    note(Event::Truncate {
        file: path,
        length: usize::try_from(length).unwrap_or(0),
    });
    // SAFETY: as above.
    unsafe {
        (*methods)
            .xTruncate
            .map_or(ffi::SQLITE_IOERR, |truncate| truncate(file, length))
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let Some((path, methods)) = known(file) else {
        return ffi::SQLITE_IOERR;
    };
    // SAFETY: as above.
    let synced = unsafe {
        (*methods)
            .xSync
            .map_or(ffi::SQLITE_IOERR, |sync| sync(file, flags))
    };
    // Durable only once the system says so.
    note(Event::Sync { file: path });
    synced
}
