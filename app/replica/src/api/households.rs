//! Households and their people.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain;
use shared::domain::area::Area;
use shared::domain::door::{DoorState, PassedBy};
use shared::domain::household::DoorWarning;
use shared::domain::{CalendarDate, Need, RecordRef, Resident};
use shared::ids::{AreaCode, HouseholdId, ResidentId, VisitId};

use super::{
    Ask, Care, Conflict, DraftSummary, DuplicateEntry, EarlierValue, IssueSummary, PromiseDue, RemovalEntry,
    VisitSummary,
};

/// Households and residents by name, pinyin, initials, door number or telephone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// As typed.
    pub text: String,
    /// At most this many, at most 100.
    pub limit: u32,
}

impl Ask for Search {
    type Reply = Vec<SearchHit>;
}

/// Households of one building by unit, floor and door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Doors {
    /// The grid.
    pub area: AreaCode,
    /// The building, as in [`BuildingSummary`](super::BuildingSummary).
    pub building: String,
}

impl Ask for Doors {
    type Reply = Vec<HouseholdSummary>;
}

/// The doors of one building as they stand, in no order that matters: who draws them or walks along them orders them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Building {
    /// The grid.
    pub area: AreaCode,
    /// The building, as in [`BuildingSummary`](super::BuildingSummary).
    pub building: String,
}

impl Ask for Building {
    type Reply = Vec<DoorCell>;
}

/// The next door of the walk through a building.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextDoor {
    /// The grid.
    pub area: AreaCode,
    /// The building, as in [`BuildingSummary`](super::BuildingSummary).
    pub building: String,
    /// Where one stands; `None` before the first door.
    pub after: Option<HouseholdId>,
}

impl Ask for NextDoor {
    type Reply = WalkOn;
}

/// Everything about one household.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Household {
    /// Its id.
    pub id: HouseholdId,
}

impl Ask for Household {
    type Reply = HouseholdPage;
}

/// Who lives at a door already, while it is typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AtDoor {
    /// The grid.
    pub area: AreaCode,
    /// As typed; nobody lives at what is no door.
    pub door: String,
    /// The household whose door is being changed.
    pub besides: Option<HouseholdId>,
}

impl Ask for AtDoor {
    type Reply = Vec<AtDoorEntry>;
}

/// A new household behind a door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddHousehold {
    /// The grid.
    pub area: AreaCode,
    /// Its fields; the door in any spelling.
    pub household: domain::Household,
}

impl Ask for AddHousehold {
    type Reply = RecordRef;
}

/// A new resident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddResident {
    /// With the household's id.
    pub resident: Resident,
}

impl Ask for AddResident {
    type Reply = RecordRef;
}

/// One find.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchHit {
    /// The household.
    pub household: HouseholdId,
    /// Its door.
    pub door: String,
    /// Its grid's name.
    pub area_name: String,
    /// The resident found, or `None` when the door was.
    pub resident: Option<ResidentId>,
    /// The resident's name, or the names behind the door.
    pub name: String,
}

/// A household in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HouseholdSummary {
    /// Its id.
    pub id: HouseholdId,
    /// Its grid.
    pub area: AreaCode,
    /// Canonical door number.
    pub door: String,
    /// Names of its people, head first.
    pub names: Vec<String>,
    /// Nobody lives there.
    pub vacant: bool,
    /// Needs of its people.
    pub needs: Vec<Need>,
    /// When somebody was last met there.
    pub last_met_at: Option<TimestampMs>,
    /// "Please do not visit before", when that day is still to come.
    pub no_visit_before: Option<CalendarDate>,
    /// "Not on my own".
    pub not_alone: bool,
    /// What one should know before knocking.
    pub warnings: Vec<DoorWarning>,
}

/// A door in the drawing of its building.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DoorCell {
    /// The household behind it.
    pub household: HouseholdId,
    /// Canonical door number.
    pub door: String,
    /// Names of its people, head first.
    pub names: Vec<String>,
    /// How it stands.
    pub state: DoorState,
    /// The day that belongs to the state: of the last visit, of the promise, until which nobody is to come.
    pub day: Option<CalendarDate>,
    /// "Not on my own".
    pub not_alone: bool,
    /// What one should know before knocking.
    pub warnings: Vec<DoorWarning>,
    /// Why the walk passes it by today.
    pub passed_by: Option<PassedBy>,
}

/// How the walk through a building goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WalkOn {
    /// The next door to knock at; `None` when the building is done for today.
    pub next: Option<DoorCell>,
    /// The doors on the way there whose people asked not to be visited yet, or where nobody lives.
    pub passed: Vec<DoorCell>,
}

/// Everything about one household.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HouseholdPage {
    /// Its id.
    pub id: HouseholdId,
    /// Its grid.
    pub area: AreaCode,
    /// The grid's name with its community.
    pub area_name: String,
    /// The area that it is to be moved to, while that waits for the server.
    pub moving_to: Option<Area>,
    /// Its fields; warnings and limits are those of every record of it.
    pub household: domain::Household,
    /// What records that are shown under it say besides: when to come, and notes.
    pub besides: Vec<String>,
    /// Promises made there that are not kept yet, by due day.
    pub promises: Vec<PromiseDue>,
    /// Needs found there that are noted with nobody yet, the last first.
    pub findings: Vec<Finding>,
    /// Its people.
    pub residents: Vec<ResidentEntry>,
    /// Its visits, latest first, at most 50.
    pub visits: Vec<VisitSummary>,
    /// Its issues, latest first, at most 50.
    pub issues: Vec<IssueSummary>,
    /// Drafts of visits to it.
    pub drafts: Vec<DraftSummary>,
    /// Conflicts of the household and its people.
    pub conflicts: Vec<Conflict>,
    /// Households that are shown under this one; their people, visits and issues are among the above.
    pub duplicates: Vec<DuplicateEntry>,
    /// Of all that belongs to it, what somebody removed and an edit kept.
    pub removals: Vec<RemovalEntry>,
    /// What its fields and those of all that belongs to it were before, the last replaced first, at most 50.
    pub earlier: Vec<EarlierValue>,
    /// Some of it is not uploaded yet.
    pub waiting: bool,
}

/// Needs that were found on a visit and are noted with nobody yet: nobody was ticked, or several were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The visit, the last one that found them.
    pub visit: VisitId,
    /// What was found and nobody there is known to need.
    pub needs: Vec<Need>,
    /// When the visit began.
    pub at: TimestampMs,
}

/// A resident with id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResidentEntry {
    /// The id.
    pub id: ResidentId,
    /// The fields; needs and telephone numbers are those of every record of the person.
    pub resident: Resident,
    /// When this person was last met, wherever; `None` for never.
    pub last_met_at: Option<TimestampMs>,
    /// When the next visit is due, and whether one today would be too soon.
    pub care: Care,
    /// Records of the same person that are shown under this one.
    pub duplicates: Vec<DuplicateEntry>,
}

/// A household at a door that is being typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AtDoorEntry {
    /// The household.
    pub household: HouseholdId,
    /// The door, canonical.
    pub door: String,
    /// Its grid's name with its community's.
    pub area_name: String,
    /// It lies in the grid that was asked about, not in another one of the community.
    pub same_grid: bool,
    /// Names of its people, head first.
    pub names: Vec<String>,
}
