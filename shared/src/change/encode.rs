//! Operations as columns (D11): values of one field stand together, so that they pack well.
//!
//! Body, version 1 (all numbers are LEB128 variable-length, signed ones zigzag):
//!
//! ```text
//! count
//! origin  0: device, author and sequence come from elsewhere (push)
//!         1: devices {n, 16 bytes each}  authors {n, 16 bytes each}   (pull)
//!            per operation: device index, author index, seq, applied_at difference
//! areas   {n, (length, text) each}
//! shapes  {n, each: n fields (field, value shape, has seen), rest 0|1}
//! column per operation: ms difference, counter, area index, kind, shape index
//! ids     16 bytes each
//! streams {n, each: kind, field, length, values one after the other}
//! rest    {length, postcard of seen, members, event, removal where a shape says so}
//! ```
//!
//! # Dense
//!
//! [`encode_push_dense`] and [`encode_pull_dense`] write the second form, which is small without DEFLATE. Whoever
//! reads knows both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::{AppliedOperation, Change, MemberEdit, Operation, PARTS_PER_OPERATION_MAX, Seen, Write};
use crate::bounded;
use crate::clock::Stamp;
use crate::domain::issue::Event;
use crate::domain::schema::{FieldId, RecordKind, RecordRef};
use crate::domain::value::ValueShape;
use crate::ids::{AreaCode, DeviceId, WorkerId};
use crate::protocol::known::READS_KNOWN;

mod bytes;
mod dense;

use bytes::{Reader, put_bytes, put_signed, put_unsigned};

const PUSH: u64 = 0;
const PULL: u64 = 1;
const PUSH_DENSE: u64 = 2;
const PULL_DENSE: u64 = 3;
const PULL_KNOWING: u64 = 4;

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
    fn at(&self, index: usize) -> (DeviceId, WorkerId, u64) {
        let seq = self.first_seq.saturating_add(index as u64);
        (self.device, self.author, seq)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    fields: Vec<(FieldId, ValueShape)>,
    has_rest: bool,
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
    encode_body(&mut out, operations.iter());
    out
}

/// Encodes operations of many devices, as the server hands them out.
pub fn encode_pull(operations: &[AppliedOperation]) -> Vec<u8> {
    let mut out = Vec::with_capacity(operations.len() * 256);
    put_unsigned(&mut out, operations.len() as u64);
    put_unsigned(&mut out, PULL);
    let devices = Dictionary::of(operations.iter().map(|applied| applied.operation.device.0));
    let authors = Dictionary::of(operations.iter().map(|applied| applied.operation.author.0));
    devices.put(&mut out, |out, id| out.extend_from_slice(id.as_bytes()));
    authors.put(&mut out, |out, id| out.extend_from_slice(id.as_bytes()));
    let (mut seq_before, mut applied_before) = (0_u64, 0_u64);
    for AppliedOperation {
        operation,
        applied_at,
    } in operations
    {
        put_unsigned(&mut out, devices.index(&operation.device.0));
        put_unsigned(&mut out, authors.index(&operation.author.0));
        put_signed(&mut out, operation.seq.wrapping_sub(seq_before) as i64);
        put_signed(&mut out, applied_at.wrapping_sub(applied_before) as i64);
        (seq_before, applied_before) = (operation.seq, *applied_at);
    }
    encode_body(&mut out, operations.iter().map(|applied| &applied.operation));
    out
}

/// As [`encode_push`], in the [dense](self#dense) form.
pub fn encode_push_dense(operations: &[Operation]) -> Vec<u8> {
    let mut out = Vec::with_capacity(operations.len() * 256);
    put_unsigned(&mut out, operations.len() as u64);
    put_unsigned(&mut out, PUSH_DENSE);
    dense::encode_body(&mut out, operations.iter(), &[]);
    out
}

/// As [`encode_pull`], in the [dense](self#dense) form.
pub fn encode_pull_dense(operations: &[AppliedOperation]) -> Vec<u8> {
    encode_pull_knowing(operations, &[])
}

/// As [`encode_pull_dense`], for a reader that knows these ids: [`decode_pull_knowing`] with the same.
pub fn encode_pull_knowing(operations: &[AppliedOperation], known: &[Uuid]) -> Vec<u8> {
    let known = dense::distinct(known);
    let mut out = Vec::with_capacity(operations.len() * 256);
    put_unsigned(&mut out, operations.len() as u64);
    if known.is_empty() {
        put_unsigned(&mut out, PULL_DENSE);
    } else {
        put_unsigned(&mut out, PULL_KNOWING);
        put_unsigned(&mut out, known.len() as u64);
    }
    let each = operations.iter().map(|applied| &applied.operation);
    let devices = Dictionary::of(each.clone().map(|operation| operation.device.0));
    let authors = Dictionary::of(each.clone().map(|operation| operation.author.0));
    devices.put(&mut out, |out, id| out.extend_from_slice(id.as_bytes()));
    authors.put(&mut out, |out, id| out.extend_from_slice(id.as_bytes()));
    dense::put_column(
        &mut out,
        &mut each.clone().map(|operation| devices.index(&operation.device.0)),
    );
    dense::put_column(
        &mut out,
        &mut each.clone().map(|operation| authors.index(&operation.author.0)),
    );
    dense::put_column(&mut out, &mut each.clone().map(|operation| operation.seq));
    dense::put_column(&mut out, &mut operations.iter().map(|applied| applied.applied_at));
    dense::encode_body(&mut out, each, &known);
    out
}

/// A pushed page of either form, whose operations are decoded as they are asked for.
pub struct PushedPage<'a> {
    origin: PushOrigin,
    count: usize,
    read: usize,
    form: PushForm<'a>,
}

enum PushForm<'a> {
    /// In the plain form all are decoded at once.
    Plain(std::vec::IntoIter<Operation>),
    Dense(Box<dense::Body<'a, 'static>>),
}

impl<'a> PushedPage<'a> {
    /// Reads all but the operations themselves.
    ///
    /// # Errors
    /// [`DecodeError`] for what [`encode_push`] and [`encode_push_dense`] do not write.
    pub fn open(page: &'a [u8], origin: PushOrigin) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(page);
        let count = page_count(&mut reader)?;
        let form = match reader.unsigned("origin")? {
            PUSH_DENSE => PushForm::Dense(Box::new(dense::Body::open(&mut reader, count, &[])?)),
            PUSH => {
                let origins: Vec<_> = (0..count).map(|index| origin.at(index)).collect();
                PushForm::Plain(decode_body(&mut reader, &origins)?.into_iter())
            }
            _ => return Err(DecodeError("origin")),
        };
        Ok(Self {
            origin,
            count,
            read: 0,
            form,
        })
    }

    /// How many operations the page has.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The next at most `count_max` operations; none behind the last.
    ///
    /// # Errors
    /// [`DecodeError`] for what [`encode_push`] and [`encode_push_dense`] do not write; a page is whole when its last
    /// operation was read.
    pub fn take(&mut self, count_max: usize) -> Result<Vec<Operation>, DecodeError> {
        let count = count_max.min(self.count - self.read);
        let operations = match &mut self.form {
            PushForm::Plain(operations) => operations.take(count).collect(),
            PushForm::Dense(body) => {
                let mut operations = Vec::with_capacity(count);
                for index in self.read..self.read + count {
                    operations.push(body.next(self.origin.at(index))?);
                }
                if self.read + count == self.count {
                    body.end()?;
                }
                operations
            }
        };
        self.read += count;
        Ok(operations)
    }
}

/// Decodes a pushed page of either form.
///
/// # Errors
/// [`DecodeError`] for anything that [`encode_push`] and [`encode_push_dense`] do not write.
pub fn decode_push(page: &[u8], origin: PushOrigin) -> Result<Vec<Operation>, DecodeError> {
    PushedPage::open(page, origin)?.take(usize::MAX)
}

/// Bounded here; the plain form holds at least a byte for each.
fn page_count(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let count = usize::try_from(reader.unsigned("count")?).map_err(|_| DecodeError("count"))?;
    if count > OPERATIONS_PER_PAGE_MAX {
        return Err(DecodeError("count"));
    }
    Ok(count)
}

/// Decodes a pulled page of either form.
///
/// # Errors
/// [`DecodeError`] for anything that [`encode_pull`] and [`encode_pull_dense`] do not write.
pub fn decode_pull(page: &[u8]) -> Result<Vec<AppliedOperation>, DecodeError> {
    decode_pull_knowing(page, &[])
}

/// Decodes a pulled page of any form, whose writer knew these ids if it is one of [`encode_pull_knowing`].
///
/// # Errors
/// As [`decode_pull`]; also when the writer knew other ids.
pub fn decode_pull_knowing(page: &[u8], known: &[Uuid]) -> Result<Vec<AppliedOperation>, DecodeError> {
    let mut reader = Reader::new(page);
    let count = page_count(&mut reader)?;
    match reader.unsigned("origin")? {
        PULL_DENSE => decode_pull_dense(&mut reader, count, &[]),
        PULL_KNOWING if READS_KNOWN => {
            let known = dense::distinct(known);
            if reader.unsigned("known")? != known.len() as u64 {
                return Err(DecodeError("known"));
            }
            decode_pull_dense(&mut reader, count, &known)
        }
        // A browser has its app from its server: no server that it meets is older than the app.
        #[cfg(not(target_arch = "wasm32"))]
        PULL => decode_pull_plain(&mut reader, count),
        _ => Err(DecodeError("origin")),
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn decode_pull_plain(reader: &mut Reader<'_>, count: usize) -> Result<Vec<AppliedOperation>, DecodeError> {
    let devices = reader.uuids(count)?;
    let authors = reader.uuids(count)?;
    let mut origins = Vec::with_capacity(count);
    let mut applied = Vec::with_capacity(count);
    let (mut seq, mut applied_at) = (0_u64, 0_u64);
    for _ in 0..count {
        let device = reader.pick(&devices, "device")?;
        let author = reader.pick(&authors, "author")?;
        seq = seq.wrapping_add(reader.signed("seq")? as u64);
        applied_at = applied_at.wrapping_add(reader.signed("applied_at")? as u64);
        origins.push((DeviceId(device), WorkerId(author), seq));
        applied.push(applied_at);
    }
    Ok(with_times(decode_body(reader, &origins)?, applied))
}

fn decode_pull_dense(
    reader: &mut Reader<'_>,
    count: usize,
    known: &[Uuid],
) -> Result<Vec<AppliedOperation>, DecodeError> {
    let devices = reader.uuids(count)?;
    let authors = reader.uuids(count)?;
    let device_of = dense::column(reader, count, "device")?;
    let author_of = dense::column(reader, count, "author")?;
    let seq_of = dense::column(reader, count, "seq")?;
    let applied = dense::column(reader, count, "applied_at")?;
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
    Ok(with_times(dense::decode_body(reader, &origins, known)?, applied))
}

fn with_times(operations: Vec<Operation>, applied: Vec<u64>) -> Vec<AppliedOperation> {
    let operations = operations.into_iter().zip(applied);
    operations
        .map(|(operation, applied_at)| AppliedOperation {
            operation,
            applied_at,
        })
        .collect()
}

fn shape_of(change: &Change) -> Shape {
    let seen = change.writes.iter().any(|write| !write.seen.is_empty());
    Shape {
        fields: change
            .writes
            .iter()
            .map(|write| (write.field, write.value.shape()))
            .collect(),
        has_rest: seen || !change.members.is_empty() || change.event.is_some() || change.removal.is_some(),
    }
}

fn encode_body<'a>(out: &mut Vec<u8>, operations: impl Iterator<Item = &'a Operation> + Clone) {
    let areas = Dictionary::of(operations.clone().map(|operation| operation.area.clone()));
    areas.put(out, |out, area| put_bytes(out, area.as_str().as_bytes()));
    let shapes = Dictionary::of(operations.clone().map(|operation| shape_of(&operation.change)));
    shapes.put(out, |out, shape| {
        put_unsigned(out, shape.fields.len() as u64);
        for (field, value_shape) in &shape.fields {
            out.extend_from_slice(&[field.0, *value_shape as u8]);
        }
        out.push(u8::from(shape.has_rest));
    });
    let mut ids = Vec::new();
    let mut streams: BTreeMap<(u8, u8), Vec<u8>> = BTreeMap::new();
    let mut rest = Vec::new();
    let mut ms_before = 0_u64;
    for operation in operations {
        let shape = shape_of(&operation.change);
        put_signed(out, operation.stamp.ms.wrapping_sub(ms_before) as i64);
        ms_before = operation.stamp.ms;
        put_unsigned(out, u64::from(operation.stamp.counter));
        put_unsigned(out, areas.index(&operation.area));
        out.push(operation.record.kind.0);
        put_unsigned(out, shapes.index(&shape));
        ids.extend_from_slice(operation.record.id.as_bytes());
        for write in &operation.change.writes {
            let stream = streams
                .entry((operation.record.kind.0, write.field.0))
                .or_default();
            bytes::put_value(stream, &write.value);
        }
        if shape.has_rest {
            rest.extend(Rest::put(&operation.change));
        }
    }
    out.extend_from_slice(&ids);
    put_unsigned(out, streams.len() as u64);
    for ((kind, field), stream) in &streams {
        out.extend_from_slice(&[*kind, *field]);
        put_bytes(out, stream);
    }
    put_bytes(out, &rest);
}

struct Row {
    stamp: Stamp,
    area: AreaCode,
    kind: RecordKind,
    shape: usize,
}

fn decode_body(
    reader: &mut Reader<'_>,
    origins: &[(DeviceId, WorkerId, u64)],
) -> Result<Vec<Operation>, DecodeError> {
    let count = origins.len();
    let areas = reader.areas(count)?;
    let shapes = decode_shapes(reader, count)?;
    let mut rows = Vec::with_capacity(count);
    let mut ms = 0_u64;
    for _ in 0..count {
        ms = ms.wrapping_add(reader.signed("ms")? as u64);
        let counter = u32::try_from(reader.unsigned("counter")?).map_err(|_| DecodeError("counter"))?;
        let area = reader.pick(&areas, "area index")?;
        let kind = RecordKind(reader.byte("kind")?);
        let shape = reader.unsigned("shape index")? as usize;
        rows.push(Row {
            stamp: Stamp { ms, counter },
            area,
            kind,
            shape,
        });
    }
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        ids.push(reader.uuid("id")?);
    }
    let mut streams = BTreeMap::new();
    for _ in 0..reader.count(usize::from(u16::MAX), "streams")? {
        let key = (reader.byte("stream")?, reader.byte("stream")?);
        streams.insert(key, Reader::new(reader.bytes("stream")?));
    }
    let mut rest = reader.bytes("rest")?;
    if !reader.is_empty() {
        return Err(DecodeError("trailing bytes"));
    }
    let mut operations = Vec::with_capacity(count);
    let mut parts = PARTS_PER_PAGE_MAX;
    for ((row, id), (device, author, seq)) in rows.into_iter().zip(ids).zip(origins.iter().copied()) {
        let shape: &Shape = shapes.get(row.shape).ok_or(DecodeError("shape index"))?;
        let change = decode_change(shape, row.kind, &mut streams, &mut rest)?;
        take_parts(&mut parts, &change)?;
        let record = RecordRef { kind: row.kind, id };
        operations.push(Operation {
            device,
            seq,
            author,
            stamp: row.stamp,
            area: row.area,
            record,
            change,
        });
    }
    if !rest.is_empty() || streams.values().any(|stream| !stream.is_empty()) {
        return Err(DecodeError("unread values"));
    }
    Ok(operations)
}

/// Counts what an operation has made off what a page may make.
fn take_parts(left: &mut usize, change: &Change) -> Result<(), DecodeError> {
    let of_it = change.writes.len() + change.members.len();
    *left = left.checked_sub(of_it).ok_or(DecodeError("parts"))?;
    Ok(())
}

fn decode_shapes(reader: &mut Reader<'_>, count: usize) -> Result<Vec<Shape>, DecodeError> {
    let mut shapes = Vec::new();
    for _ in 0..reader.count(count, "shapes")? {
        let mut fields = Vec::new();
        for _ in 0..reader.count(PARTS_PER_OPERATION_MAX, "shape")? {
            let field = FieldId(reader.byte("shape field")?);
            fields.push((field, bytes::value_shape(reader.byte("shape value")?)?));
        }
        let has_rest = match reader.byte("shape rest")? {
            0 => false,
            1 => true,
            _ => return Err(DecodeError("shape rest")),
        };
        shapes.push(Shape { fields, has_rest });
    }
    Ok(shapes)
}

fn decode_change(
    shape: &Shape,
    kind: RecordKind,
    streams: &mut BTreeMap<(u8, u8), Reader<'_>>,
    rest: &mut &[u8],
) -> Result<Change, DecodeError> {
    let mut change = Change::default();
    for (field, value_shape) in &shape.fields {
        let stream = streams
            .get_mut(&(kind.0, field.0))
            .ok_or(DecodeError("stream missing"))?;
        let value = stream.value(*value_shape)?;
        change.writes.push(Write {
            field: *field,
            value,
            seen: Seen::default(),
        });
    }
    if shape.has_rest {
        Rest::take(rest, &mut change)?;
    }
    Ok(change)
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

    fn pick<T: Clone>(&mut self, from: &[T], what: &'static str) -> Result<T, DecodeError> {
        let index = usize::try_from(self.unsigned(what)?).map_err(|_| DecodeError(what))?;
        from.get(index).cloned().ok_or(DecodeError(what))
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
