//! The operations of a page.
//!
//! ```text
//! areas   {n, (length, text) each}
//! shapes  {n, each: kind, n fields (field, value shape), n added members (field), rest 0|1}
//! columns: shape index, area index, ms, counter, record
//! ids     {n, 16 bytes each}
//! streams {n, each: kind, field, length, values one after the other}
//! rest    {length, postcard of seen, members, event, removal where a shape says so}
//! ```
//!
//! A *column* is its first number, then 0 and one difference when all differences are the same, or else 1 and each.
//! An *id* is 0 for the next one of `ids`, or how many back it stands among those that came up already. A number in a
//! stream is the difference to the one before it there. A *text* has one byte for an ASCII character, two for those
//! that Chinese is written with ([`text`]).

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::bytes::{MEMBERS_MAX, Reader, put_bytes, put_signed, put_unsigned};
use super::{
    Change, DecodeError, Dictionary, MemberEdit, Operation, PARTS_PER_OPERATION_MAX, PARTS_PER_PAGE_MAX,
    Rest, Seen, bytes, take_parts, text,
};
use crate::change::Write;
use crate::clock::Stamp;
use crate::domain::schema::{FieldId, RecordKind, RecordRef};
use crate::domain::value::{Value, ValueShape};
use crate::ids::{AreaCode, DeviceId, WorkerId};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    kind: RecordKind,
    fields: Vec<(FieldId, ValueShape)>,
    added: Vec<FieldId>,
    has_rest: bool,
}

impl Shape {
    fn of(operation: &Operation) -> Self {
        let Change {
            writes,
            members,
            event,
            removal,
        } = &operation.change;
        let has_rest = event.is_some()
            || removal.is_some()
            || writes.iter().any(|write| !write.seen.is_empty())
            || members.iter().any(|edit| edit.removes.is_some());
        let added = match has_rest {
            true => Vec::new(),
            false => members.iter().map(|edit| edit.field).collect(),
        };
        Self {
            kind: operation.record.kind,
            fields: writes
                .iter()
                .map(|write| (write.field, write.value.shape()))
                .collect(),
            added,
            has_rest,
        }
    }
}

/// One function for all columns: in a browser each copy of it would be downloaded.
pub(super) fn put_column(out: &mut Vec<u8>, numbers: &mut dyn Iterator<Item = u64>) {
    let numbers: Vec<u64> = numbers.collect();
    let Some(first) = numbers.first() else { return };
    put_unsigned(out, *first);
    let difference = |pair: &[u64]| match pair {
        [before, number] => number.wrapping_sub(*before) as i64,
        _ => 0,
    };
    let steady = numbers.get(..2).map_or(0, difference);
    if numbers.windows(2).all(|pair| difference(pair) == steady) {
        out.push(0);
        put_signed(out, steady);
    } else {
        out.push(1);
        numbers
            .windows(2)
            .for_each(|pair| put_signed(out, difference(pair)));
    }
}

/// Ids in the order in which they come up, and how far back one stands that came up already.
#[derive(Default)]
struct Ids {
    at: HashMap<Uuid, u64>,
    bytes: Vec<u8>,
}

impl Ids {
    fn back(&mut self, id: Uuid) -> u64 {
        let count = self.at.len() as u64;
        match self.at.get(&id) {
            Some(at) => count - at,
            None => {
                self.at.insert(id, count);
                self.bytes.extend_from_slice(id.as_bytes());
                0
            }
        }
    }
}

#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    before: u64,
}

impl Stream {
    fn put_number(&mut self, number: u64) {
        put_signed(&mut self.bytes, number.wrapping_sub(self.before) as i64);
        self.before = number;
    }

    fn put(&mut self, value: &Value, ids: &mut Ids) {
        match value {
            Value::Null => {}
            Value::Int(number) => self.put_number(*number as u64),
            Value::Text(text) => text::put(&mut self.bytes, text),
            Value::Id(id) => put_unsigned(&mut self.bytes, ids.back(*id)),
            Value::Bytes(bytes) => put_bytes(&mut self.bytes, bytes),
            Value::Numbers(numbers) => {
                put_unsigned(&mut self.bytes, numbers.len() as u64);
                numbers.iter().for_each(|number| self.put_number(*number));
            }
            Value::Texts(texts) => {
                put_unsigned(&mut self.bytes, texts.len() as u64);
                texts.iter().for_each(|text| text::put(&mut self.bytes, text));
            }
            Value::Ids(of) => {
                put_unsigned(&mut self.bytes, of.len() as u64);
                of.iter()
                    .for_each(|id| put_unsigned(&mut self.bytes, ids.back(*id)));
            }
        }
    }
}

pub(super) fn encode<'a>(out: &mut Vec<u8>, operations: impl Iterator<Item = &'a Operation> + Clone) {
    let areas = Dictionary::of(operations.clone().map(|operation| &operation.area));
    areas.put(out, |out, area| put_bytes(out, area.as_str().as_bytes()));
    let shapes_of: Vec<Shape> = operations.clone().map(Shape::of).collect();
    let shapes = Dictionary::of(shapes_of.iter());
    shapes.put(out, |out, shape| {
        out.push(shape.kind.0);
        put_unsigned(out, shape.fields.len() as u64);
        for (field, value_shape) in &shape.fields {
            out.extend_from_slice(&[field.0, *value_shape as u8]);
        }
        put_unsigned(out, shape.added.len() as u64);
        out.extend(shape.added.iter().map(|field| field.0));
        out.push(u8::from(shape.has_rest));
    });
    let mut ids = Ids::default();
    let records: Vec<u64> = operations
        .clone()
        .map(|operation| ids.back(operation.record.id))
        .collect();
    put_column(out, &mut shapes_of.iter().map(|shape| shapes.index(&shape)));
    put_column(
        out,
        &mut operations.clone().map(|operation| areas.index(&&operation.area)),
    );
    put_column(out, &mut operations.clone().map(|operation| operation.stamp.ms));
    put_column(
        out,
        &mut operations.clone().map(|operation| operation.stamp.counter.into()),
    );
    put_column(out, &mut records.into_iter());
    let mut streams: BTreeMap<(u8, u8), Stream> = BTreeMap::new();
    let mut rest = Vec::new();
    for (operation, shape) in operations.zip(&shapes_of) {
        let kind = operation.record.kind.0;
        let change = &operation.change;
        for write in &change.writes {
            let stream = streams.entry((kind, write.field.0)).or_default();
            stream.put(&write.value, &mut ids);
        }
        if shape.has_rest {
            rest.extend(Rest::put(change));
        } else {
            for edit in &change.members {
                let stream = streams.entry((kind, edit.field.0)).or_default();
                stream.put_number(edit.member);
            }
        }
    }
    put_unsigned(out, ids.at.len() as u64);
    out.extend_from_slice(&ids.bytes);
    put_unsigned(out, streams.len() as u64);
    for ((kind, field), stream) in &streams {
        out.extend_from_slice(&[*kind, *field]);
        put_bytes(out, &stream.bytes);
    }
    put_bytes(out, &rest);
}

/// A column of `count` numbers.
pub(super) fn column(
    reader: &mut Reader<'_>,
    count: usize,
    what: &'static str,
) -> Result<Vec<u64>, DecodeError> {
    let mut numbers = Vec::with_capacity(count);
    if count == 0 {
        return Ok(numbers);
    }
    let mut number = reader.unsigned(what)?;
    numbers.push(number);
    let steady = match reader.byte(what)? {
        0 => Some(reader.signed(what)?),
        1 => None,
        _ => return Err(DecodeError(what)),
    };
    // What stands behind a number that is alone says nothing, and nobody writes anything there.
    if count == 1 && steady != Some(0) {
        return Err(DecodeError(what));
    }
    for _ in 1..count {
        let difference = match steady {
            Some(steady) => steady,
            None => reader.signed(what)?,
        };
        number = number.wrapping_add(difference as u64);
        numbers.push(number);
    }
    Ok(numbers)
}

/// Ids as they come up.
struct IdsRead<'a> {
    bytes: &'a [u8],
    came_up: u64,
}

impl IdsRead<'_> {
    fn at(&mut self, back: u64) -> Result<Uuid, DecodeError> {
        let at = match back {
            0 => {
                self.came_up += 1;
                self.came_up - 1
            }
            back => self.came_up.checked_sub(back).ok_or(DecodeError("id"))?,
        };
        let at = usize::try_from(at).map_err(|_| DecodeError("id"))?;
        at.checked_mul(16)
            .and_then(|begin| self.bytes.get(begin..begin.checked_add(16)?))
            .and_then(|bytes| Uuid::from_slice(bytes).ok())
            .ok_or(DecodeError("id"))
    }
}

struct StreamRead<'a> {
    kind: u8,
    field: u8,
    reader: Reader<'a>,
    before: u64,
}

impl StreamRead<'_> {
    fn number(&mut self) -> Result<u64, DecodeError> {
        self.before = self.before.wrapping_add(self.reader.signed("number")? as u64);
        Ok(self.before)
    }

    fn value(&mut self, shape: ValueShape, ids: &mut IdsRead<'_>) -> Result<Value, DecodeError> {
        let reader = &mut self.reader;
        Ok(match shape {
            ValueShape::Null => Value::Null,
            ValueShape::Int => Value::Int(self.number()? as i64),
            ValueShape::Text => Value::Text(text::take(reader)?),
            ValueShape::Id => Value::Id(ids.at(reader.unsigned("id")?)?),
            ValueShape::Bytes => Value::Bytes(reader.bytes("bytes")?.to_vec()),
            ValueShape::Numbers => {
                let count = reader.count(MEMBERS_MAX, "numbers")?;
                Value::Numbers((0..count).map(|_| self.number()).collect::<Result<_, _>>()?)
            }
            ValueShape::Texts => {
                let count = reader.count(MEMBERS_MAX, "texts")?;
                Value::Texts((0..count).map(|_| text::take(reader)).collect::<Result<_, _>>()?)
            }
            ValueShape::Ids => {
                let count = reader.count(MEMBERS_MAX, "ids")?;
                let one = |_| ids.at(reader.unsigned("id")?);
                Value::Ids((0..count).map(one).collect::<Result<_, _>>()?)
            }
        })
    }
}

/// Where an operation comes from.
pub(super) type Origin = (DeviceId, WorkerId, u64);

/// Operations read from a page one after the other.
pub(super) struct Body<'a> {
    areas: Vec<AreaCode>,
    shapes: Vec<Shape>,
    shape_of: Column,
    area_of: Column,
    ms_of: Column,
    counter_of: Column,
    records: std::vec::IntoIter<Uuid>,
    values: Values<'a>,
    rest: &'a [u8],
    /// How many ids the page has.
    ids_count: u64,
}

type Column = std::vec::IntoIter<u64>;

impl<'a> Body<'a> {
    /// Reads all but the operations themselves.
    pub(super) fn open(reader: &mut Reader<'a>, count: usize) -> Result<Self, DecodeError> {
        let areas = reader.areas(count)?;
        let mut shapes = Vec::new();
        for _ in 0..reader.count(count, "shapes")? {
            shapes.push(decode_shape(reader)?);
        }
        let shape_of = column(reader, count, "shape index")?;
        let area_of = column(reader, count, "area index")?;
        let ms_of = column(reader, count, "ms")?;
        let counter_of = column(reader, count, "counter")?;
        let record_of = column(reader, count, "record")?;
        let id_bytes = reader.bytes_of(16, "ids")?;
        let mut ids = IdsRead {
            bytes: id_bytes,
            came_up: 0,
        };
        let records = record_of
            .into_iter()
            .map(|back| ids.at(back))
            .collect::<Result<Vec<_>, _>>()?;
        let mut streams: Vec<StreamRead<'_>> = Vec::new();
        for _ in 0..reader.count(usize::from(u16::MAX), "streams")? {
            streams.push(StreamRead {
                kind: reader.byte("stream")?,
                field: reader.byte("stream")?,
                reader: Reader::new(reader.bytes("stream")?),
                before: 0,
            });
        }
        // Of two with one name the first counts.
        let mut place_of: BTreeMap<(u8, u8), u32> = BTreeMap::new();
        for (stream, place) in streams.iter().zip(0..) {
            place_of.entry((stream.kind, stream.field)).or_insert(place);
        }
        let rest = reader.bytes("rest")?;
        if !reader.is_empty() {
            return Err(DecodeError("trailing bytes"));
        }
        Ok(Self {
            areas,
            values: Values {
                places: shapes.iter().map(|shape| places(shape, &place_of)).collect(),
                streams,
                ids,
            },
            shapes,
            shape_of: shape_of.into_iter(),
            area_of: area_of.into_iter(),
            ms_of: ms_of.into_iter(),
            counter_of: counter_of.into_iter(),
            records: records.into_iter(),
            rest,
            ids_count: (id_bytes.len() / 16) as u64,
        })
    }

    /// The next operation.
    pub(super) fn next(&mut self, (device, author, seq): Origin) -> Result<Operation, DecodeError> {
        let next = |column: &mut Column, what| column.next().ok_or(DecodeError(what));
        let shape_at = usize::try_from(next(&mut self.shape_of, "shape index")?)
            .map_err(|_| DecodeError("shape index"))?;
        let shape = self.shapes.get(shape_at).ok_or(DecodeError("shape index"))?;
        let area = usize::try_from(next(&mut self.area_of, "area index")?).ok();
        let area = area
            .and_then(|at| self.areas.get(at))
            .ok_or(DecodeError("area index"))?;
        let counter = next(&mut self.counter_of, "counter")?;
        Ok(Operation {
            device,
            seq,
            author,
            stamp: Stamp {
                ms: next(&mut self.ms_of, "ms")?,
                counter: u32::try_from(counter).map_err(|_| DecodeError("counter"))?,
            },
            area: area.clone(),
            record: RecordRef {
                kind: shape.kind,
                id: self.records.next().ok_or(DecodeError("record"))?,
            },
            change: self.values.change(shape, shape_at, &mut self.rest)?,
        })
    }

    /// Behind the last operation: nothing may be left over.
    pub(super) fn end(&self) -> Result<(), DecodeError> {
        let Values { streams, ids, .. } = &self.values;
        let is_read = self.rest.is_empty()
            && ids.came_up == self.ids_count
            && streams.iter().all(|stream| stream.reader.is_empty());
        is_read.then_some(()).ok_or(DecodeError("unread values"))
    }
}

pub(super) fn decode(reader: &mut Reader<'_>, origins: &[Origin]) -> Result<Vec<Operation>, DecodeError> {
    let mut body = Body::open(reader, origins.len())?;
    let mut operations = Vec::with_capacity(origins.len());
    let mut parts = PARTS_PER_PAGE_MAX;
    for origin in origins {
        let operation = body.next(*origin)?;
        take_parts(&mut parts, &operation.change)?;
        operations.push(operation);
    }
    body.end()?;
    Ok(operations)
}

fn decode_shape(reader: &mut Reader<'_>) -> Result<Shape, DecodeError> {
    let kind = RecordKind(reader.byte("shape kind")?);
    let mut fields = Vec::new();
    for _ in 0..reader.count(PARTS_PER_OPERATION_MAX, "shape")? {
        let field = FieldId(reader.byte("shape field")?);
        fields.push((field, bytes::value_shape(reader.byte("shape value")?)?));
    }
    let mut added = Vec::new();
    for _ in 0..reader.count(PARTS_PER_OPERATION_MAX, "shape")? {
        added.push(FieldId(reader.byte("shape member")?));
    }
    let has_rest = match reader.byte("shape rest")? {
        0 => false,
        1 if added.is_empty() => true,
        _ => return Err(DecodeError("shape rest")),
    };
    Ok(Shape {
        kind,
        fields,
        added,
        has_rest,
    })
}

/// Which stream each field of a shape, then each added member, reads from. There may be thousands of both.
fn places(shape: &Shape, streams: &BTreeMap<(u8, u8), u32>) -> Vec<Option<u32>> {
    let fields = shape.fields.iter().map(|(field, _)| field);
    let place = |field: &FieldId| streams.get(&(shape.kind.0, field.0)).copied();
    fields.chain(&shape.added).map(place).collect()
}

struct Values<'a> {
    /// Per shape; see [`places`].
    places: Vec<Vec<Option<u32>>>,
    streams: Vec<StreamRead<'a>>,
    ids: IdsRead<'a>,
}

impl Values<'_> {
    fn change(&mut self, shape: &Shape, shape_at: usize, rest: &mut &[u8]) -> Result<Change, DecodeError> {
        let mut change = Change::default();
        change.writes.reserve_exact(shape.fields.len());
        change.members.reserve_exact(shape.added.len());
        let mut places = self.places.get(shape_at).into_iter().flatten();
        let missing = DecodeError("stream missing");
        for (field, value_shape) in &shape.fields {
            let place = places.next().copied().flatten().ok_or(missing)?;
            let stream = self.streams.get_mut(place as usize).ok_or(missing)?;
            change.writes.push(Write {
                field: *field,
                value: stream.value(*value_shape, &mut self.ids)?,
                seen: Seen::default(),
            });
        }
        for field in &shape.added {
            let place = places.next().copied().flatten().ok_or(missing)?;
            let stream = self.streams.get_mut(place as usize).ok_or(missing)?;
            change.members.push(MemberEdit {
                field: *field,
                member: stream.number()?,
                removes: None,
            });
        }
        if shape.has_rest {
            Rest::take(rest, &mut change)?;
        }
        Ok(change)
    }
}
