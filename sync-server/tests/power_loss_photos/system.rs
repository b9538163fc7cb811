//! Records what this process does to the files of one folder, by standing in for the system's functions.
//!
//! The linker takes the functions below before those of the C library, so the server's own code, SQLite and
//! `object_store` all come through here, and nothing of them has to know. A sync is only noted: what is durable is
//! for the [disk](super::disk) to say, and nothing of this process has to last.
#![expect(unsafe_code, reason = "the system's functions are functions of C")]

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_long, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::disk::{Event, Node};

/// What the record knows of the folder.
struct Record {
    /// The files and folders that are there, by the numbers that the system has for them.
    nodes: BTreeMap<(u64, u64), Node>,
    nodes_made: usize,
    events: Vec<Event>,
    /// How many changes and syncs may still happen; with none left the process counts as killed.
    fuse: Option<u64>,
    /// What the fuse is set to when the next folder is made.
    fuse_at_folder: Option<u64>,
    /// How many syncs may still happen.
    fuse_of_syncs: Option<u64>,
}

static RECORD: Mutex<Record> = Mutex::new(Record {
    nodes: BTreeMap::new(),
    nodes_made: 0,
    events: Vec::new(),
    fuse: None,
    fuse_at_folder: None,
    fuse_of_syncs: None,
});
static IS_RECORDING: AtomicBool = AtomicBool::new(false);

fn record() -> MutexGuard<'static, Record> {
    RECORD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to record what happens below `root`, which is empty and the first node.
pub(crate) fn begin(root: &Path) {
    let root = std::fs::metadata(root).unwrap();
    record().take_in((root.dev(), root.ino()));
    IS_RECORDING.store(true, Ordering::SeqCst);
}

/// Ends the record.
pub(crate) fn end() -> Vec<Event> {
    IS_RECORDING.store(false, Ordering::SeqCst);
    std::mem::take(&mut record().events)
}

/// Notes an event of the test itself, unless the process counts as killed.
pub(crate) fn note(event: Event) {
    let mut record = record();
    if record.fuse != Some(0) {
        record.events.push(event);
    }
}

/// From now on so many changes and syncs succeed, and then none; `None`: all of them.
pub(crate) fn set_fuse(steps: Option<u64>) {
    let mut record = record();
    (record.fuse, record.fuse_at_folder, record.fuse_of_syncs) = (steps, None, None);
}

/// The process is killed when it has made so many syncs and wants another one.
pub(crate) fn set_fuse_of_syncs(syncs: u64) {
    record().fuse_of_syncs = Some(syncs);
}

/// The same, counted from when the next folder is made.
pub(crate) fn set_fuse_at_folder(steps: u64) {
    record().fuse_at_folder = Some(steps);
}

/// Whether the fuse has blown.
pub(crate) fn is_killed() -> bool {
    record().fuse == Some(0)
}

impl Record {
    fn take_in(&mut self, key: (u64, u64)) -> Node {
        let node = self.nodes_made;
        self.nodes_made += 1;
        self.nodes.insert(key, node);
        node
    }

    /// The recorded folder and the name in it that a path means.
    fn place(&self, path: &CStr) -> Option<(Node, String)> {
        let path = Path::new(OsStr::from_bytes(path.to_bytes()));
        let name = path.file_name()?.to_str()?.to_owned();
        let folder = self.node_at(path.parent()?)?;
        Some((folder, name))
    }

    fn node_at(&self, path: &Path) -> Option<Node> {
        let found = std::fs::symlink_metadata(path).ok()?;
        self.nodes.get(&(found.dev(), found.ino())).copied()
    }

    /// The recorded file that lies open here.
    fn open_node(&self, descriptor: c_int) -> Option<Node> {
        self.nodes.get(&key_of(descriptor)?).copied()
    }

    /// What lies at a path is there no more under this name.
    fn forget(&mut self, path: &CStr) {
        let path = Path::new(OsStr::from_bytes(path.to_bytes()));
        if let Ok(found) = std::fs::symlink_metadata(path)
            && (found.is_dir() || found.nlink() == 1)
        {
            self.nodes.remove(&(found.dev(), found.ino()));
        }
    }

    /// Burns one step of the fuse; whether the process is dead.
    fn burn(&mut self) -> bool {
        match &mut self.fuse {
            None => false,
            Some(0) => true,
            Some(steps) => {
                *steps -= 1;
                false
            }
        }
    }
}

fn key_of(descriptor: c_int) -> Option<(u64, u64)> {
    let mut found = MaybeUninit::<libc::stat64>::uninit();
    // SAFETY: `found` has room for what the function fills in; it is read only after success.
    unsafe {
        (libc::fstat64(descriptor, found.as_mut_ptr()) == 0).then(|| {
            let found = found.assume_init();
            (found.st_dev, found.st_ino)
        })
    }
}

/// What a process that was killed gets done.
fn nothing() -> c_int {
    // SAFETY: the place of this thread's error number.
    unsafe { *libc::__errno_location() = libc::EIO };
    -1
}

/// The record, when it is being kept.
fn recording() -> Option<MutexGuard<'static, Record>> {
    IS_RECORDING.load(Ordering::SeqCst).then(record)
}

fn whole(result: c_long) -> c_int {
    c_int::try_from(result).unwrap_or(-1)
}

fn length(number: c_long) -> usize {
    usize::try_from(number).unwrap_or_default()
}

// SAFETY, for all below: the names and types are those of the C library, whose callers keep to its rules; every
// argument goes on unchanged to the system, which checks them.

#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: libc::mode_t) -> c_int {
    // SAFETY: see above.
    unsafe { open64(path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: libc::mode_t) -> c_int {
    // SAFETY: see above.
    let open = || unsafe { whole(libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, flags, mode)) };
    if flags & (libc::O_CREAT | libc::O_TRUNC) == 0 {
        return open();
    }
    let Some(mut record) = recording() else {
        return open();
    };
    // SAFETY: a path ends with a zero.
    let path = unsafe { CStr::from_ptr(path) };
    let Some((folder, name)) = record.place(path) else {
        return open();
    };
    let known = record.node_at(Path::new(OsStr::from_bytes(path.to_bytes())));
    if (known.is_none() || flags & libc::O_TRUNC != 0) && record.burn() {
        return nothing();
    }
    let opened = open();
    // The error number is left as it is.
    if opened < 0 {
        return opened;
    }
    let Some(key) = key_of(opened) else {
        return opened;
    };
    match known {
        None => {
            let node = record.take_in(key);
            record.events.push(Event::MakeFile { folder, name, node });
        }
        Some(node) if flags & libc::O_TRUNC != 0 => record.events.push(Event::Truncate { node, length: 0 }),
        Some(_) => {}
    }
    opened
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(descriptor: c_int, bytes: *const c_void, count: usize) -> isize {
    // SAFETY: see above.
    let write = || unsafe { libc::syscall(libc::SYS_write, descriptor, bytes, count) as isize };
    let Some(mut record) = recording() else {
        return write();
    };
    let Some(node) = record.open_node(descriptor) else {
        drop(record);
        return write();
    };
    if record.burn() {
        return nothing() as isize;
    }
    // SAFETY: see above.
    let offset = unsafe { libc::lseek64(descriptor, 0, libc::SEEK_CUR) };
    let written = write();
    record.wrote(node, length(offset), bytes, written);
    written
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(descriptor: c_int, bytes: *const c_void, count: usize, offset: i64) -> isize {
    // SAFETY: see above.
    let write = || unsafe { libc::syscall(libc::SYS_pwrite64, descriptor, bytes, count, offset) as isize };
    let Some(mut record) = recording() else {
        return write();
    };
    let Some(node) = record.open_node(descriptor) else {
        return write();
    };
    if record.burn() {
        return nothing() as isize;
    }
    let written = write();
    record.wrote(node, length(offset), bytes, written);
    written
}

impl Record {
    fn wrote(&mut self, node: Node, offset: usize, bytes: *const c_void, written: isize) {
        if let Ok(count @ 1..) = usize::try_from(written) {
            // SAFETY: the system has just read these bytes.
            let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), count) }.to_vec();
            self.events.push(Event::Write { node, offset, bytes });
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate64(descriptor: c_int, end: i64) -> c_int {
    // SAFETY: see above.
    let truncate = || unsafe { whole(libc::syscall(libc::SYS_ftruncate, descriptor, end)) };
    let Some(mut record) = recording() else {
        return truncate();
    };
    let Some(node) = record.open_node(descriptor) else {
        return truncate();
    };
    if record.burn() {
        return nothing();
    }
    let done = truncate();
    if done == 0 {
        let length = length(end);
        record.events.push(Event::Truncate { node, length });
    }
    done
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(descriptor: c_int) -> c_int {
    let Some(mut record) = recording() else {
        return 0;
    };
    let Some(node) = record.open_node(descriptor) else {
        return 0;
    };
    match &mut record.fuse_of_syncs {
        Some(0) => record.fuse = Some(0),
        Some(syncs) => *syncs -= 1,
        None => {}
    }
    if record.burn() {
        return nothing();
    }
    record.events.push(Event::Sync { node });
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    // SAFETY: see above.
    unsafe { fsync(descriptor) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mkdir(path: *const c_char, mode: libc::mode_t) -> c_int {
    // SAFETY: see above.
    let make = || unsafe { whole(libc::syscall(libc::SYS_mkdirat, libc::AT_FDCWD, path, mode)) };
    let Some(mut record) = recording() else {
        return make();
    };
    // SAFETY: a path ends with a zero.
    let path = unsafe { CStr::from_ptr(path) };
    let Some((folder, name)) = record.place(path) else {
        return make();
    };
    if record.burn() {
        return nothing();
    }
    let made = make();
    if made == 0
        && let Ok(found) = std::fs::symlink_metadata(OsStr::from_bytes(path.to_bytes()))
    {
        let node = record.take_in((found.dev(), found.ino()));
        record.events.push(Event::MakeFolder { folder, name, node });
        if let Some(steps) = record.fuse_at_folder.take() {
            record.fuse = Some(steps);
        }
    }
    made
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: see above.
    let rename = || unsafe {
        whole(libc::syscall(
            libc::SYS_renameat2,
            libc::AT_FDCWD,
            from,
            libc::AT_FDCWD,
            to,
            0,
        ))
    };
    let Some(mut record) = recording() else {
        return rename();
    };
    // SAFETY: paths end with a zero.
    let (from, to) = unsafe { (CStr::from_ptr(from), CStr::from_ptr(to)) };
    let (Some(from), Some(place)) = (record.place(from), record.place(to)) else {
        return rename();
    };
    if record.burn() {
        return nothing();
    }
    record.forget(to);
    let done = rename();
    if done == 0 {
        record.events.push(Event::Rename { from, to: place });
    }
    done
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: see above.
    let unlink = || unsafe { whole(libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, path, 0)) };
    let Some(mut record) = recording() else {
        return unlink();
    };
    // SAFETY: a path ends with a zero.
    let path = unsafe { CStr::from_ptr(path) };
    let Some((folder, name)) = record.place(path) else {
        return unlink();
    };
    if record
        .node_at(Path::new(OsStr::from_bytes(path.to_bytes())))
        .is_none()
    {
        return unlink();
    }
    if record.burn() {
        return nothing();
    }
    record.forget(path);
    let done = unlink();
    if done == 0 {
        record.events.push(Event::Remove { folder, name });
    }
    done
}
