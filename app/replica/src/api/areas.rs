//! The areas on this device, and why they are here.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::area::Area;
use shared::ids::{AreaCode, HouseholdId};

use super::Ask;

/// The areas on this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Areas;

impl Ask for Areas {
    type Reply = Vec<Area>;
}

/// Buildings of an area (all areas when `None`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Buildings {
    /// A grid, community or anything above.
    pub area: Option<AreaCode>,
}

impl Ask for Buildings {
    type Reply = Vec<BuildingSummary>;
}

/// Which areas are and were assigned here, and what went with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holdings;

impl Ask for Holdings {
    type Reply = HoldingsPage;
}

/// A building with what is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildingSummary {
    /// The grid.
    pub area: AreaCode,
    /// The building as in door numbers, e.g. `3` or `A`.
    pub building: String,
    /// Households.
    pub households: u64,
    /// Vacant ones among them.
    pub vacant: u64,
    /// Residents.
    pub residents: u64,
}

/// Why a record is (not) here.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HoldingsPage {
    /// Those assigned now first, then those that ended, the last first.
    pub areas: Vec<Holding>,
    /// Households that went because they were moved, the last first, at most 50.
    pub departed: Vec<DepartedHousehold>,
}

/// An area that is or was assigned to this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holding {
    /// The area.
    pub area: AreaCode,
    /// Its name with its community's.
    pub name: String,
    /// Since when it is held, if this device knows.
    pub since: Option<TimestampMs>,
    /// When the assignment ended; `None` while it lasts.
    pub ended_at: Option<TimestampMs>,
    /// Households that went from this device when it ended.
    pub removed: u64,
    /// Records that are still here until the own work about them, forms that are open too, is receipted.
    pub waiting: u64,
}

/// A household that went from this device because it was moved to an area that is not held here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DepartedHousehold {
    /// Its id.
    pub id: HouseholdId,
    /// Its door, canonical.
    pub door: String,
    /// When it went, ms of the device's clock.
    pub went_at: TimestampMs,
}
