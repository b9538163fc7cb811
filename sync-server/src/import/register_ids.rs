//! The ids of imported records: the same register gives the same ids each time, so that importing it
//! twice changes nothing.
//!
//! The rule, which must never change once records are stored with it:
//!
//! - household: UUID version 5 in [`NAMESPACE`] of `household`, the community's code, the canonical door;
//! - resident: UUID version 5 in [`NAMESPACE`] of `resident`, the household's id, the name, the year of
//!   birth (empty when unknown), and the occurrence among residents of that household with the same name
//!   and year, from 0 in the order of the rows;
//!
//! the parts joined by a line feed, which occurs in none of them.
//!
//! The grid is no part of it: a household that moves to another grid stays the same household. A name or a
//! year of birth that is corrected in the register makes another resident; the caller sees the old one in
//! storage and not in the plan, and reports it instead of erasing it.
//!
//! The computed id is that of somebody *new*. Who was imported before keeps the id of then, also where the
//! spelling of names has changed since, or the year cannot be read or was not known: whom a row speaks of is
//! looked up first among the household's imported residents ([`super::register_people`]).

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::door::DoorNumber;
use shared::domain::{FieldId, Household, Resident};
use shared::ids::{AreaCode, HouseholdId, ResidentId};
use uuid::Uuid;

use super::register::{RegisterHousehold, RegisterReading};

/// The namespace of imported ids.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x6b6f_756d_656e_5265_8769_7374_6572_0001);

/// A household with its id and area, ready to be compared with what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedHousehold {
    /// Its id.
    pub id: HouseholdId,
    /// Its grid, or the community when the register names none.
    pub area: AreaCode,
    /// Its fields.
    pub household: Household,
    /// Its fields that could not be read.
    pub unread: BTreeSet<FieldId>,
    /// Its residents.
    pub residents: Vec<PlannedResident>,
}

/// A resident with the id of somebody new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedResident {
    /// The id, unless it is somebody of an earlier import.
    pub id: ResidentId,
    /// The fields.
    pub resident: Resident,
    /// Those of them that could not be read.
    pub unread: BTreeSet<FieldId>,
}

/// The id of the household behind a door of a community.
pub fn household_id(community: &AreaCode, door: &DoorNumber) -> HouseholdId {
    HouseholdId(named(&["household", community.as_str(), &door.to_string()]))
}

/// The id of a resident; `occurrence` counts residents of the household with this name and year from 0.
pub fn resident_id(
    household: HouseholdId,
    name: &str,
    birth_year: Option<u16>,
    occurrence: usize,
) -> ResidentId {
    let year = birth_year.map(|year| year.to_string()).unwrap_or_default();
    ResidentId(named(&[
        "resident",
        &household.to_string(),
        name,
        &year,
        &occurrence.to_string(),
    ]))
}

/// The records of a reading, in its order.
pub fn plan(reading: &RegisterReading, community: &AreaCode) -> Vec<PlannedHousehold> {
    reading
        .households
        .iter()
        .map(|household| plan_household(household, community))
        .collect()
}

fn plan_household(read: &RegisterHousehold, community: &AreaCode) -> PlannedHousehold {
    let id = household_id(community, &read.door);
    let mut seen: BTreeMap<(&str, Option<u16>), usize> = BTreeMap::new();
    let residents = read
        .residents
        .iter()
        .map(|resident| {
            let occurrence = seen.entry((&resident.name, resident.birth_year)).or_default();
            let resident_id = resident_id(id, &resident.name, resident.birth_year, *occurrence);
            *occurrence += 1;
            let record = Resident {
                birth_year: resident.birth_year,
                birth_month: resident.birth_month,
                phones: resident.phones.clone(),
                relation: resident.relation,
                needs: resident.needs.clone(),
                ..Resident::named(id, &resident.name)
            };
            PlannedResident {
                id: resident_id,
                resident: record,
                unread: resident.unread.clone(),
            }
        })
        .collect();
    let area = read
        .grid
        .and_then(|grid| community.grid(grid).ok())
        .unwrap_or_else(|| community.clone());
    PlannedHousehold {
        id,
        area,
        household: read.household.clone(),
        unread: read.unread.clone(),
        residents,
    }
}

fn named(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, parts.join("\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_ids_never_changes() {
        let community = AreaCode::new("130803001001").unwrap();
        let household = household_id(&community, &DoorNumber::parse("3-2-501").unwrap());
        assert_eq!(
            household,
            household_id(&community, &DoorNumber::parse("3栋2单元501室").unwrap())
        );
        assert_eq!(household.to_string(), "5d98434f-b764-5aec-bbc9-946f4fd977ac");
        assert_eq!(
            resident_id(household, "赵涵", Some(1960), 0).to_string(),
            "b319f845-42ca-5de5-8a7b-d9b41e687191"
        );
        assert_ne!(
            resident_id(household, "赵涵", Some(1960), 1),
            resident_id(household, "赵涵", Some(1960), 0)
        );
        assert_ne!(
            resident_id(household, "赵涵", None, 0),
            resident_id(household, "赵涵", Some(1960), 0)
        );
    }
}
