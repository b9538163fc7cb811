//! Who is to be looked in on, and why.

use serde::{Deserialize, Serialize};
use shared::domain::Need;
use shared::domain::care::{Due, Standing};
use shared::ids::{AreaCode, HouseholdId, ResidentId};

use super::Ask;

/// Everybody who is to be looked in on today, building by building as one walks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CareToday {
    /// So many people are listed; how many there are is said.
    pub shown: u32,
}

impl Ask for CareToday {
    type Reply = CareList;
}

/// Everybody who is to be looked in on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CareList {
    /// So many people are due today, or were before.
    pub total: u32,
    /// Of these so many were due before today.
    pub overdue: u32,
    /// So many more would be due, whose household asked not to be visited yet.
    pub held_back: u32,
    /// Those who are listed, in the order of the walk.
    pub buildings: Vec<CareBuilding>,
}

/// The people of one building who are to be looked in on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CareBuilding {
    /// The grid.
    pub area: AreaCode,
    /// What it is called.
    pub area_name: String,
    /// The building, as in [`BuildingSummary`](super::BuildingSummary).
    pub building: String,
    /// So many of its people are due, also when not all are listed.
    pub count: u32,
    /// Those who are listed, by door.
    pub people: Vec<CareDue>,
}

/// Somebody who is to be looked in on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CareDue {
    /// The household.
    pub household: HouseholdId,
    /// Its door.
    pub door: String,
    /// Who.
    pub resident: ResidentId,
    /// Their name.
    pub name: String,
    /// Their needs.
    pub needs: Vec<Need>,
    /// Why. Meeting somebody else of the household does not count.
    pub due: Due,
    /// When the people there wish to be visited; empty when they did not say.
    pub hours: String,
    /// "Not on my own".
    pub not_alone: bool,
}

/// How it stands with the visits to one person.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Care {
    /// By rules.
    pub standing: Standing,
    /// Who made the visit after which another one would be too soon.
    pub met_by: Option<MetBy>,
}

/// Who met somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MetBy {
    /// The worker whose device this is.
    Oneself,
    /// A colleague; empty when the name is not known here.
    Colleague(String),
}
