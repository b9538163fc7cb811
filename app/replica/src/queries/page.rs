//! The page of one household.

use std::collections::BTreeSet;

use rusqlite::Connection;
use shared::clock::TimestampMs;
use shared::domain::area::Area;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::{Resident, household};
use shared::ids::{HouseholdId, ResidentId};
use uuid::Uuid;

use super::households::{last_met_person, parse_needs};
use super::{
    areas, care, conflicts, drafts, duplicates, earlier, findings, issues, log, removals, shown, today,
    wishes,
};
use crate::api::{ApiError, Care, ErrorCode, HouseholdPage, ResidentEntry, api_error};
use crate::storage::StorageResult;
use crate::storage::duplicates::{GROUP, kept};
use crate::storage::own_operations;
use crate::storage::records::{field_columns, fields_from_row, load, texts};

/// Everything about one household; of one that is shown under another, that one's page.
pub(crate) fn household(
    connection: &Connection,
    id: HouseholdId,
    now_ms: TimestampMs,
) -> Result<HouseholdPage, ApiError> {
    let id = HouseholdId(kept(connection, id.0)?);
    let record = RecordRef::new(RecordKind::HOUSEHOLD, id);
    let state = load(connection, record)?.filter(|state| !state.is_removed());
    let state = state.ok_or_else(|| api_error(ErrorCode::NotFound, ""))?;
    let mut residents = residents(connection, id)?;
    care::of_household(connection, (id, state.area()), &mut residents, now_ms)?;
    let own_waits = own_operations::is_waiting(connection, id.0)?;
    let mut waiting = own_waits;
    for resident in &residents {
        waiting |= own_operations::is_waiting(connection, resident.id.0)?;
    }
    let values = state.values();
    let moving_to = household::moved_to(&values).filter(|to| to != state.area() && own_waits);
    let moving_to = moving_to.map(|code| -> StorageResult<_> {
        let name = areas::full_name(connection, &code)?;
        Ok(Area { code, name })
    });
    let (household, besides) = wishes::of(connection, id.0)?;
    Ok(HouseholdPage {
        id,
        moving_to: moving_to.transpose()?,
        area_name: areas::full_name(connection, state.area())?,
        area: state.area().clone(),
        household,
        besides,
        promises: today::promises(connection, Some(id))?,
        findings: findings::of_household(connection, id, &residents, now_ms)?,
        residents,
        visits: log::of_household(connection, id)?,
        issues: issues::of_household(connection, id)?,
        drafts: drafts::open(connection, Some(id))?,
        conflicts: conflicts::of_household(connection, id)?,
        duplicates: duplicates::of(connection, record)?,
        removals: removals::of_household(connection, id)?,
        earlier: earlier::of_household(connection, id)?,
        waiting,
    })
}

fn residents(connection: &Connection, household: HouseholdId) -> StorageResult<Vec<ResidentEntry>> {
    let Some(spec) = RecordKind::RESIDENT.spec() else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT resident.id, {}, {} FROM resident JOIN household ON household.id = ?1
         WHERE resident.household IN {GROUP} AND resident.removed = 0 AND {}
         ORDER BY coalesce(resident.relation, 99), resident.row",
        last_met_person(&BTreeSet::new()),
        field_columns(RecordKind::RESIDENT, "resident."),
        shown("resident")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([household.0], |row| {
        Ok((
            row.get::<_, Uuid>(0)?,
            row.get(1)?,
            fields_from_row(spec, row, 2)?,
        ))
    })?;
    let mut residents = Vec::new();
    for row in rows {
        let (id, last_met_at, fields) = row?;
        let record = RecordRef::new(RecordKind::RESIDENT, id);
        if let Some(mut resident) = Resident::from_fields(&fields) {
            take_from_duplicates(connection, id, &mut resident)?;
            residents.push(ResidentEntry {
                id: ResidentId(id),
                resident,
                last_met_at,
                care: Care::default(),
                duplicates: duplicates::of(connection, record)?,
            });
        }
    }
    Ok(residents)
}

/// What the records that are shown under a resident know: merging hides no need and no telephone number.
pub(crate) fn take_from_duplicates(
    connection: &Connection,
    id: Uuid,
    resident: &mut Resident,
) -> StorageResult<()> {
    let mut statement = connection.prepare_cached(
        "SELECT resident.needs, resident.phones FROM duplicate JOIN resident ON resident.id = duplicate.id
         WHERE duplicate.kept = ?1 AND resident.removed = 0 ORDER BY resident.id",
    )?;
    let rows = statement.query_map([id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    for row in rows {
        let (needs, phones) = row?;
        resident.needs.extend(parse_needs(&needs));
        for phone in texts(&phones) {
            if !resident.phones.contains(&phone) {
                resident.phones.push(phone);
            }
        }
    }
    resident.needs.sort_unstable();
    resident.needs.dedup();
    Ok(())
}
