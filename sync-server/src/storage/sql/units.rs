//! Units as the storage sees them: each has an area of its own, which is made when somebody works for it or something is
//! sent to it.

use shared::change::Operation;
use shared::domain::unit;
use shared::domain::value::field;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::AreaCode;
use uuid::Uuid;

use super::tx::Tx;
use super::value::values;
use super::{columns, records};
use crate::apply::Batch;
use crate::storage::{Storage, StorageResult, Unit};

impl Storage {
    /// Every unit that was entered and not removed, by the area for which that was, and by name.
    pub async fn units(&self) -> StorageResult<Vec<Unit>> {
        self.read(listed).await
    }
}

fn listed(tx: Tx<'_>) -> StorageResult<Vec<Unit>> {
    let ids = tx
        .prepare_cached("SELECT id FROM record WHERE kind = ?1")?
        .query_map(values![RecordKind::UNIT.0], |row| columns::uuid(row, 0))?;
    let ids = ids.into_iter().map(|id| RecordRef::new(RecordKind::UNIT, id));
    let mut units = Vec::new();
    for (record, loaded) in records::load(tx, ids)? {
        if let Some(decided_for) = loaded
            .state
            .area()
            .decides_for()
            .filter(|_| !loaded.state.is_removed())
        {
            let name = field(&loaded.state.values(), unit::NAME).as_text().to_owned();
            units.push(Unit {
                decided_for,
                name,
                id: record.id,
            });
        }
    }
    units.sort();
    Ok(units)
}

/// Whether what lies in `home` may be sent to a unit: the unit is there and no other has its area, and whoever decided
/// on it decides for this place. Else whoever alters an app would show a stranger what is not theirs.
pub(super) fn reaches(tx: Tx<'_>, unit: Uuid, home: &AreaCode) -> StorageResult<bool> {
    let record = RecordRef::new(RecordKind::UNIT, unit);
    let Some((_, loaded)) = records::load(tx, [record])?.pop() else {
        return Ok(false);
    };
    let reaches = home.reached_from().any(|common| common == *loaded.state.area());
    Ok(reaches && !loaded.state.is_removed() && only_unit(tx, &AreaCode::of_unit(unit))? == Some(unit))
}

/// The areas of all units, and the common areas in which these were decided on.
pub(super) fn areas(tx: Tx<'_>) -> StorageResult<Vec<(AreaCode, AreaCode)>> {
    tx.prepare_cached("SELECT id, area FROM record WHERE kind = ?1 ORDER BY id")?
        .query_map(values![RecordKind::UNIT.0], |row| {
            Ok((AreaCode::of_unit(columns::uuid(row, 0)?), columns::area(row, 1)?))
        })
}

/// Whose supervisors see an operation that is parked. Nobody supervises a unit's area, but where the unit was decided on.
pub(super) fn shown_in(
    tx: Tx<'_>,
    batch: &Batch<'_>,
    operation: &Operation,
) -> StorageResult<Option<AreaCode>> {
    match batch.shown_in(operation) {
        Some(area) if area.is_unit() => decided_in(tx, &area),
        area => Ok(area),
    }
}

/// The common area in which the unit with this area was decided on.
fn decided_in(tx: Tx<'_>, area: &AreaCode) -> StorageResult<Option<AreaCode>> {
    let mut units = areas(tx)?.into_iter();
    Ok(units
        .find(|(unit, _)| unit == area)
        .map(|(_, decided_in)| decided_in))
}

/// The unit whose area this is, unless several are made to look as if it was theirs.
fn only_unit(tx: Tx<'_>, area: &AreaCode) -> StorageResult<Option<Uuid>> {
    let mut units = tx
        .prepare_cached("SELECT id FROM record WHERE kind = ?1")?
        .query_map(values![RecordKind::UNIT.0], |row| columns::uuid(row, 0))?;
    units.retain(|unit| AreaCode::of_unit(*unit) == *area);
    Ok(match units.as_slice() {
        [unit] => Some(*unit),
        _ => None,
    })
}

/// Makes the area of a unit, unless it is there; whether it is there then.
pub(super) fn open_area(tx: Tx<'_>, area: &AreaCode) -> StorageResult<bool> {
    if columns::area_exists(tx, area)? {
        return Ok(true);
    }
    let Some(unit) = only_unit(tx, area)? else {
        return Ok(false);
    };
    let Some((_, loaded)) = records::load(tx, [RecordRef::new(RecordKind::UNIT, unit)])?.pop() else {
        return Ok(false);
    };
    let values = loaded.state.values();
    tx.prepare_cached("INSERT INTO area (code, name) VALUES (?1, ?2)")?
        .execute(values![area.as_str(), field(&values, unit::NAME).as_text()])?;
    Ok(true)
}
