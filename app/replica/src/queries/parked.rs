//! Operations of others that the server has set aside, as a supervisor's screen shows them (D5).

use rusqlite::Connection;
use shared::domain::value::{FieldMap, Value, field};
use shared::domain::{Photo, RecordKind, RecordRef};
use shared::protocol::v1::{ParkedMember, ParkedOperation};

use super::{conflicts, names};
use crate::api::{ApiError, ParkedField, ParkedOfOthers, PhotoSummary};
use crate::replica::Replica;
use crate::storage::StorageResult;
use crate::storage::earlier::says_nothing;

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
    let photo = match kind {
        RecordKind::PHOTO => Photo::from_fields(&parked.fields),
        _ => None,
    };
    let title = title(connection, parked.record, &parked.fields)?;
    let (added, taken_out) = parked.members.iter().partition::<Vec<_>, _>(|edit| edit.adds);
    let mut written = parked.fields;
    put_together(&mut written, &added);
    let mut out = FieldMap::new();
    put_together(&mut out, &taken_out);
    let mut fields = Vec::new();
    let written = written.into_iter().map(|written| (written, false));
    for ((field, value), is_taken_out) in written.chain(out.into_iter().map(|out| (out, true))) {
        let names = conflicts::named(connection, kind, field, &value)?;
        // Of a photo the picture is enough, and what is the title is not said again.
        let is_said = photo.is_some() || names == [title.as_str()] || says_nothing(kind, field);
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
        record: parked.record,
        code: parked.code,
        parked_at: parked.parked_at,
        title,
        fields,
        photo: photo.map(summary),
        event: parked.event,
        removes: parked.removes,
        place: parked.place,
        is_last: parked.is_last,
    })
}

/// Members of sets as values of their fields.
fn put_together(values: &mut FieldMap, members: &[&ParkedMember]) {
    for edit in members {
        let mut numbers = field(values, edit.field).as_numbers().to_vec();
        numbers.push(edit.member);
        values.insert(edit.field, Value::Numbers(numbers));
    }
}

/// What is there already has a name; what is new has one of its own or that of what it lies beside.
fn title(connection: &Connection, record: RecordRef, fields: &FieldMap) -> StorageResult<String> {
    let known = names::title(connection, record)?.0;
    let own = record.kind.spec().and_then(|spec| spec.title);
    let own = own.map_or("", |title| field(fields, title).as_text());
    match record.kind.lies_beside(fields) {
        _ if !known.is_empty() => Ok(known),
        _ if !own.is_empty() => Ok(own.to_owned()),
        Some(other) => Ok(names::title(connection, other)?.0),
        None => Ok(String::new()),
    }
}

fn summary(photo: Photo) -> PhotoSummary {
    PhotoSummary {
        hash: photo.hash,
        thumbnail: photo.thumbnail,
        taken_at: photo.taken_at,
        size: photo.size,
        uploaded: false,
    }
}
