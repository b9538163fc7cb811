//! Lists and pages of kinds that need none of their own: made from the kind's description.

use rusqlite::Connection;
use shared::domain::area::Area;
use shared::domain::rights::Roles;
use shared::domain::schema::{KindSpec, Meaning, Reach, RecordKind, RecordRef};
use shared::domain::value::{Value, field};
use shared::domain::worker::Worker;

use super::{areas, conflicts, earlier, names, removals};
use crate::api::{ApiError, ErrorCode, RECORDS_MAX, RecordList, RecordPage, RecordSummary, api_error};
use crate::storage::{StorageResult, assigned, own_operations, record_table, records};

/// The description of a kind whose records lie in the table of all others and may be held by who looks.
fn described(kind: RecordKind, viewer: Option<&Worker>) -> Result<&'static KindSpec, ApiError> {
    let spec = kind.spec().filter(|spec| !spec.has_table);
    let spec = spec.filter(|spec| viewer.is_some_and(|viewer| spec.rights.hold.contains(viewer.role)));
    spec.ok_or_else(|| api_error(ErrorCode::NotFound, ""))
}

/// The records of a kind, by title.
pub(crate) fn list(
    connection: &Connection,
    kind: RecordKind,
    viewer: Option<&Worker>,
) -> Result<RecordList, ApiError> {
    let spec = described(kind, viewer)?;
    let mut records = Vec::new();
    for record in record_table::listed(connection, kind, RECORDS_MAX)? {
        records.extend(summary(connection, spec, record)?);
    }
    Ok(RecordList {
        records,
        places: places(connection, spec, viewer)?,
    })
}

/// Everything about one record.
pub(crate) fn page(
    connection: &Connection,
    record: RecordRef,
    viewer: Option<&Worker>,
) -> Result<RecordPage, ApiError> {
    let spec = described(record.kind, viewer)?;
    let summary = summary(connection, spec, record)?.ok_or_else(|| api_error(ErrorCode::NotFound, ""))?;
    let mut named = Vec::new();
    for spec in spec.entered() {
        if let Meaning::Names { kinds, kind_in: None } = spec.meaning {
            let names = names_in(connection, kinds, field(&summary.fields, spec.id))?;
            let is_empty = *field(&summary.fields, spec.id) == Value::Null;
            named.extend((!is_empty).then_some((spec.id, names)));
        }
    }
    let is_theirs = assigned::works_in(connection, &summary.area)?;
    let may = |roles: Roles| is_theirs && viewer.is_some_and(|viewer| roles.contains(viewer.role));
    let (may_edit, may_remove) = (may(spec.rights.edit), may(spec.rights.remove));
    Ok(RecordPage {
        names: named,
        // Shown to whoever can end them.
        conflicts: match may_edit {
            true => conflicts::of(connection, record)?,
            false => Vec::new(),
        },
        removals: match may_remove {
            true => removals::kept_of(connection, record)?,
            false => Vec::new(),
        },
        earlier: earlier::of(connection, record.id)?,
        may_edit,
        may_remove,
        summary,
    })
}

fn summary(
    connection: &Connection,
    spec: &KindSpec,
    record: RecordRef,
) -> StorageResult<Option<RecordSummary>> {
    let state = records::load(connection, record)?.filter(|state| !state.is_removed());
    let Some(state) = state else { return Ok(None) };
    let fields = state.values();
    let title = spec.title.map(|title| field(&fields, title).as_text().to_owned());
    Ok(Some(RecordSummary {
        record,
        area: state.area().clone(),
        area_name: names::area(connection, state.area())?,
        title: title.unwrap_or_default(),
        fields,
        conflict_count: u32::try_from(state.conflicts().len()).unwrap_or(u32::MAX),
        waiting: own_operations::is_waiting(connection, record.id)?,
    }))
}

/// What the records are called that a value names, but for those that are not here or were removed.
fn names_in(connection: &Connection, kinds: &[RecordKind], value: &Value) -> StorageResult<Vec<String>> {
    let Some(kind) = kinds.first() else {
        return Ok(Vec::new());
    };
    let ids = value.as_id().into_iter().chain(value.as_ids().iter().copied());
    let mut titles = Vec::new();
    for id in ids {
        let record = RecordRef::new(*kind, id);
        let state = records::load(connection, record)?;
        if state.is_some_and(|state| !state.is_removed()) {
            titles.push(names::title(connection, record)?.0);
        }
    }
    Ok(titles)
}

/// The areas for which somebody may add a record of a kind.
fn places(connection: &Connection, spec: &KindSpec, viewer: Option<&Worker>) -> StorageResult<Vec<Area>> {
    let may_create = viewer.is_some_and(|viewer| spec.rights.create.contains(viewer.role));
    // What lies beside something is added there.
    if !may_create || !spec.beside.is_empty() {
        return Ok(Vec::new());
    }
    let mut places = Vec::new();
    for area in areas::all(connection)? {
        let code = match spec.reach {
            Reach::Down => area.code.common(),
            Reach::Own => Some(area.code),
        };
        if let Some(code) = code
            && assigned::works_in(connection, &code)?
        {
            places.push(Area {
                code,
                name: area.name,
            });
        }
    }
    Ok(places)
}
