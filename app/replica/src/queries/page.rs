//! The page of one household.

use rusqlite::Connection;
use shared::domain::area::Area;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::{Household, Resident, household};
use shared::ids::{HouseholdId, ResidentId};
use uuid::Uuid;

use super::{areas, conflicts, duplicates, issues, log, removals, settled, today};
use crate::api::{ApiError, ErrorCode, HouseholdPage, ResidentEntry};
use crate::replica::api_error;
use crate::storage::StorageResult;
use crate::storage::duplicates::{GROUP, kept};
use crate::storage::own;
use crate::storage::records::{field_columns, fields_from_row, load};

/// Everything about one household; of one that is shown under another, that one's page.
pub(super) fn household(connection: &Connection, id: HouseholdId) -> Result<HouseholdPage, ApiError> {
    let id = HouseholdId(kept(connection, id.0)?);
    let record = RecordRef::new(RecordKind::HOUSEHOLD, id);
    let state = load(connection, record)?.filter(|state| !state.is_removed());
    let state = state.ok_or_else(|| api_error(ErrorCode::NotFound, ""))?;
    let residents = residents(connection, id)?;
    let own_waits = own::is_waiting(connection, id.0)?;
    let mut waiting = own_waits;
    for resident in &residents {
        waiting |= own::is_waiting(connection, resident.id.0)?;
    }
    let values = state.values();
    let moving_to = household::moved_to(&values).filter(|to| to != state.area() && own_waits);
    let moving_to = moving_to.map(|code| -> StorageResult<_> {
        let name = areas::full_name(connection, &code)?;
        Ok(Area { code, name })
    });
    Ok(HouseholdPage {
        id,
        moving_to: moving_to.transpose()?,
        area_name: areas::full_name(connection, state.area())?,
        area: state.area().clone(),
        household: Household::from_fields(&values),
        residents,
        visits: log::of_household(connection, id)?,
        issues: issues::of_household(connection, id)?,
        drafts: today::drafts(connection, Some(id))?,
        conflicts: conflicts::of_household(connection, id)?,
        duplicates: duplicates::of(connection, record)?,
        removals: removals::of_household(connection, id)?,
        settled: settled::of_household(connection, id)?,
        waiting,
    })
}

fn residents(connection: &Connection, household: HouseholdId) -> StorageResult<Vec<ResidentEntry>> {
    let Some(spec) = RecordKind::RESIDENT.spec() else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT id, {} FROM resident WHERE household IN {GROUP} AND removed = 0 AND {}
         ORDER BY coalesce(relation, 99), row",
        field_columns(RecordKind::RESIDENT, ""),
        duplicates::shown("resident")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([household.0], |row| {
        Ok((row.get::<_, Uuid>(0)?, fields_from_row(spec, row, 1)?))
    })?;
    let mut residents = Vec::new();
    for row in rows {
        let (id, fields) = row?;
        let record = RecordRef::new(RecordKind::RESIDENT, id);
        if let Some(resident) = Resident::from_fields(&fields) {
            residents.push(ResidentEntry {
                id: ResidentId(id),
                resident,
                duplicates: duplicates::of(connection, record)?,
            });
        }
    }
    Ok(residents)
}
