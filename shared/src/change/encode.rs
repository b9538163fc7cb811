//! Operations as columns (D11): values of one field stand together, so that they pack well.
//!
//! ```text
//! count
//! origin  0: device, author and sequence come from elsewhere (push)
//!         1: devices {n, 16 bytes each}  authors {n, 16 bytes each}   (pull)
//!            columns: device index, author index, seq, applied_at
//! body    see [`body`]
//! ```
//!
//! All numbers are LEB128 variable-length, signed ones zigzag.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::{AppliedOperation, Change, MemberEdit, Operation, PARTS_PER_OPERATION_MAX, Seen};
use crate::bounded;
use crate::domain::issue::Event;
use crate::ids::{AreaCode, DeviceId, WorkerId};

mod body;
mod bytes;
mod text;

use body::{Body, Origin};
use bytes::{Reader, put_unsigned};

const PUSH: u64 = 0;
const PULL: u64 = 1;

/// The most operations of one page.
pub const OPERATIONS_PER_PAGE_MAX: usize = 20_000;

/// The most writes and members of all operations of a page that is decoded at once. A value that says nothing takes no
/// byte of the page, and 64 in memory: without a bound 20,000 operations of 64 of them would be 80 MB out of nothing.
const PARTS_PER_PAGE_MAX: usize = 600_000;

/// The bytes are no page of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the page of operations is damaged at {0}")]
pub struct DecodeError(pub &'static str);

/// Where a pushed page's operations come from: known from the credential, so not in the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushOrigin {
    /// The enrolled device.
    pub device: DeviceId,
    /// The device's worker.
    pub author: WorkerId,
    /// The sequence number of the page's first operation.
    pub first_seq: u64,
}

impl PushOrigin {
    fn at(&self, index: usize) -> Origin {
        let seq = self.first_seq.saturating_add(index as u64);
        (self.device, self.author, seq)
    }
}

/// What few operations have.
#[derive(Serialize, Deserialize)]
pub(crate) struct Rest {
    #[serde(deserialize_with = "bounded::list::<PARTS_PER_OPERATION_MAX, _, _>")]
    seen: Vec<Seen>,
    #[serde(deserialize_with = "bounded::list::<PARTS_PER_OPERATION_MAX, _, _>")]
    members: Vec<MemberEdit>,
    event: Option<Event>,
    removal: Option<Seen>,
}

impl Rest {
    fn put(change: &Change) -> Vec<u8> {
        let Change {
            writes,
            members,
            event,
            removal,
        } = change;
        let parts = Self {
            seen: writes.iter().map(|write| write.seen.clone()).collect(),
            members: members.clone(),
            event: event.clone(),
            removal: removal.clone(),
        };
        postcard::to_stdvec(&parts).unwrap_or_default()
    }

    /// Reads from the front of `rest` what belongs to `change`, whose writes are there already.
    fn take(rest: &mut &[u8], change: &mut Change) -> Result<(), DecodeError> {
        let (parts, behind): (Self, _) = postcard::take_from_bytes(rest).map_err(|_| DecodeError("rest"))?;
        *rest = behind;
        let too_many = parts.seen.len() != change.writes.len()
            || parts
                .seen
                .iter()
                .chain(&parts.removal)
                .any(|seen| seen.dots.len() > PARTS_PER_OPERATION_MAX);
        if too_many {
            return Err(DecodeError("rest size"));
        }
        for (write, seen) in change.writes.iter_mut().zip(parts.seen) {
            write.seen = seen;
        }
        change.members = parts.members;
        change.event = parts.event;
        change.removal = parts.removal;
        Ok(())
    }
}

/// Encodes own operations, in sequence, of one device and author.
pub fn encode_push(operations: &[Operation]) -> Vec<u8> {
    let mut out = Vec::with_capacity(operations.len() * 256);
    put_unsigned(&mut out, operations.len() as u64);
    put_unsigned(&mut out, PUSH);
    body::encode(&mut out, operations.iter());
    out
}

/// Encodes operations of many devices, as the server hands them out.
pub fn encode_pull(operations: &[AppliedOperation]) -> Vec<u8> {
    let mut out = Vec::with_capacity(operations.len() * 256);
    put_unsigned(&mut out, operations.len() as u64);
    put_unsigned(&mut out, PULL);
    let each = operations.iter().map(|applied| &applied.operation);
    let devices = Dictionary::of(each.clone().map(|operation| operation.device.0));
    let authors = Dictionary::of(each.clone().map(|operation| operation.author.0));
    devices.put(&mut out, |out, id| out.extend_from_slice(id.as_bytes()));
    authors.put(&mut out, |out, id| out.extend_from_slice(id.as_bytes()));
    body::put_column(
        &mut out,
        &mut each.clone().map(|operation| devices.index(&operation.device.0)),
    );
    body::put_column(
        &mut out,
        &mut each.clone().map(|operation| authors.index(&operation.author.0)),
    );
    body::put_column(&mut out, &mut each.clone().map(|operation| operation.seq));
    body::put_column(&mut out, &mut operations.iter().map(|applied| applied.applied_at));
    body::encode(&mut out, each);
    out
}

/// A pushed page whose operations are decoded as they are asked for.
pub struct PushedPage<'a> {
    origin: PushOrigin,
    count: usize,
    read: usize,
    body: Box<Body<'a>>,
}

impl<'a> PushedPage<'a> {
    /// Reads all but the operations themselves.
    ///
    /// # Errors
    /// [`DecodeError`] for what [`encode_push`] does not write.
    pub fn open(page: &'a [u8], origin: PushOrigin) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(page);
        let count = open(&mut reader, PUSH)?;
        Ok(Self {
            origin,
            count,
            read: 0,
            body: Box::new(Body::open(&mut reader, count)?),
        })
    }

    /// How many operations the page has.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The next at most `count_max` operations; none behind the last.
    ///
    /// # Errors
    /// [`DecodeError`] for what [`encode_push`] does not write; a page is whole when its last operation was read.
    pub fn take(&mut self, count_max: usize) -> Result<Vec<Operation>, DecodeError> {
        let count = count_max.min(self.count - self.read);
        let mut operations = Vec::with_capacity(count);
        for index in self.read..self.read + count {
            operations.push(self.body.next(self.origin.at(index))?);
        }
        self.read += count;
        if self.read == self.count {
            self.body.end()?;
        }
        Ok(operations)
    }
}

/// Decodes a pushed page.
///
/// # Errors
/// [`DecodeError`] for anything that [`encode_push`] does not write.
pub fn decode_push(page: &[u8], origin: PushOrigin) -> Result<Vec<Operation>, DecodeError> {
    PushedPage::open(page, origin)?.take(usize::MAX)
}

/// How many operations a page has that begins as it should.
fn open(reader: &mut Reader<'_>, origin: u64) -> Result<usize, DecodeError> {
    let count = usize::try_from(reader.unsigned("count")?).map_err(|_| DecodeError("count"))?;
    if count > OPERATIONS_PER_PAGE_MAX {
        return Err(DecodeError("count"));
    }
    match reader.unsigned("origin")? == origin {
        true => Ok(count),
        false => Err(DecodeError("origin")),
    }
}

/// Decodes a pulled page.
///
/// # Errors
/// [`DecodeError`] for anything that [`encode_pull`] does not write.
pub fn decode_pull(page: &[u8]) -> Result<Vec<AppliedOperation>, DecodeError> {
    let mut reader = Reader::new(page);
    let count = open(&mut reader, PULL)?;
    let devices = reader.uuids(count)?;
    let authors = reader.uuids(count)?;
    let device_of = body::column(&mut reader, count, "device")?;
    let author_of = body::column(&mut reader, count, "author")?;
    let seq_of = body::column(&mut reader, count, "seq")?;
    let applied = body::column(&mut reader, count, "applied_at")?;
    let pick = |from: &[Uuid], at: u64| {
        let at = usize::try_from(at).ok();
        at.and_then(|at| from.get(at))
            .copied()
            .ok_or(DecodeError("origin index"))
    };
    let mut origins = Vec::with_capacity(count);
    for ((device, author), seq) in device_of.into_iter().zip(author_of).zip(seq_of) {
        origins.push((
            DeviceId(pick(&devices, device)?),
            WorkerId(pick(&authors, author)?),
            seq,
        ));
    }
    let operations = body::decode(&mut reader, &origins)?.into_iter().zip(applied);
    Ok(operations
        .map(|(operation, applied_at)| AppliedOperation {
            operation,
            applied_at,
        })
        .collect())
}

/// Counts what an operation has made off what a page may make.
fn take_parts(left: &mut usize, change: &Change) -> Result<(), DecodeError> {
    let of_it = change.writes.len() + change.members.len();
    *left = left.checked_sub(of_it).ok_or(DecodeError("parts"))?;
    Ok(())
}

/// Distinct values in order of first use.
struct Dictionary<T> {
    index: BTreeMap<T, u64>,
    values: Vec<T>,
}

impl<T: Ord + Clone> Dictionary<T> {
    fn of(values: impl Iterator<Item = T>) -> Self {
        let mut dictionary = Self {
            index: BTreeMap::new(),
            values: Vec::new(),
        };
        for value in values {
            if !dictionary.index.contains_key(&value) {
                dictionary
                    .index
                    .insert(value.clone(), dictionary.values.len() as u64);
                dictionary.values.push(value);
            }
        }
        dictionary
    }

    fn index(&self, value: &T) -> u64 {
        self.index.get(value).copied().unwrap_or(0)
    }

    fn put(&self, out: &mut Vec<u8>, put_one: impl Fn(&mut Vec<u8>, &T)) {
        put_unsigned(out, self.values.len() as u64);
        for value in &self.values {
            put_one(out, value);
        }
    }
}

impl Reader<'_> {
    fn areas(&mut self, max: usize) -> Result<Vec<AreaCode>, DecodeError> {
        let mut areas = Vec::new();
        for _ in 0..self.count(max, "areas")? {
            let text = std::str::from_utf8(self.bytes("area")?).map_err(|_| DecodeError("area"))?;
            areas.push(AreaCode::new(text).map_err(|_| DecodeError("area"))?);
        }
        Ok(areas)
    }

    fn uuids(&mut self, max: usize) -> Result<Vec<Uuid>, DecodeError> {
        let count = self.count(max, "dictionary")?;
        (0..count).map(|_| self.uuid("dictionary")).collect()
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
