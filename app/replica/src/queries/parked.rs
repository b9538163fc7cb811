//! Operations of others that the server has set aside, as a supervisor's screen shows them (D5).

use rusqlite::Connection;
use shared::domain::value::Value;
use shared::domain::{FieldId, RecordKind, RecordRef, photo};
use shared::ids::PhotoHash;
use shared::protocol::v1::{ParkedMember, ParkedOperation};

use super::{conflicts, names};
use crate::api::{ApiError, ParkedField, ParkedOfOthers, PhotoSummary};
use crate::replica::Replica;
use crate::storage::StorageResult;

impl Replica {
    /// Parked operations with the names that are known here.
    ///
    /// # Errors
    /// A failing database.
    pub fn show_parked(&self, parked: Vec<ParkedOperation>) -> Result<Vec<ParkedOfOthers>, ApiError> {
        let shown = parked.into_iter().map(|parked| shown(&self.connection, parked));
        Ok(shown.collect::<StorageResult<_>>()?)
    }
}

fn shown(connection: &Connection, parked: ParkedOperation) -> StorageResult<ParkedOfOthers> {
    let kind = parked.record.kind;
    let mut values: Vec<(FieldId, Value)> = parked.fields.into_iter().collect();
    let (added, taken_out) = parked.members.iter().partition::<Vec<_>, _>(|edit| edit.adds);
    put_together(&mut values, &added);
    let mut out = Vec::new();
    put_together(&mut out, &taken_out);
    let title = title(connection, parked.record, &values)?;
    let photo = (kind == RecordKind::PHOTO).then(|| photo_in(&values)).flatten();
    let mut fields = Vec::with_capacity(values.len());
    let values = values.into_iter().map(|value| (value, false));
    for ((field, value), is_taken_out) in values.chain(out.into_iter().map(|value| (value, true))) {
        let names = conflicts::named(connection, kind, field, &value)?;
        // Of a photo the picture is enough, and what is the title is not said again.
        let is_said = photo.is_some() || names == [title.as_str()];
        if !is_said {
            fields.push(ParkedField {
                field,
                name: names::field(kind, field),
                value,
                names,
                is_taken_out,
            });
        }
    }
    Ok(ParkedOfOthers {
        author: names::worker(connection, parked.author)?,
        area: parked.area,
        record: parked.record,
        code: parked.code,
        parked_at: parked.parked_at,
        title,
        fields,
        photo,
        event: parked.event,
        removes: parked.removes,
        place: parked.place,
        is_last: parked.is_last,
    })
}

/// Members of sets as values of their fields.
fn put_together(values: &mut Vec<(FieldId, Value)>, members: &[&ParkedMember]) {
    for edit in members {
        match values.iter_mut().find(|(field, _)| *field == edit.field) {
            Some((_, Value::Numbers(numbers))) => numbers.push(edit.member),
            _ => values.push((edit.field, Value::Numbers(vec![edit.member]))),
        }
    }
}

/// What is there already has a name; what is new has one of its own or that of what it lies beside.
fn title(connection: &Connection, record: RecordRef, values: &[(FieldId, Value)]) -> StorageResult<String> {
    let known = names::title(connection, record)?.0;
    if !known.is_empty() {
        return Ok(known);
    }
    let spec = record.kind.spec();
    let own = spec.and_then(|spec| spec.title).and_then(|title| {
        let mut values = values.iter();
        values.find_map(|(field, value)| (*field == title).then(|| value.as_text().to_owned()))
    });
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return Ok(own);
    }
    for (field, value) in values {
        let named = conflicts::named(connection, record.kind, *field, value)?;
        if let Some(first) = named.into_iter().next() {
            return Ok(first);
        }
    }
    Ok(String::new())
}

fn photo_in(values: &[(FieldId, Value)]) -> Option<PhotoSummary> {
    let found = |id| {
        values
            .iter()
            .find_map(|(field, value)| (*field == id).then_some(value))
    };
    let number = |id| found(id).and_then(Value::as_int).unwrap_or_default();
    Some(PhotoSummary {
        hash: PhotoHash(found(photo::HASH)?.as_bytes().try_into().ok()?),
        thumbnail: found(photo::THUMBNAIL)?.as_bytes().to_vec(),
        taken_at: number(photo::TAKEN_AT).try_into().unwrap_or_default(),
        size: number(photo::SIZE).try_into().unwrap_or_default(),
        uploaded: false,
    })
}
