//! Door numbers: one canonical form, found again from every spelling.
//!
//! `3-2-501` is building 3, unit 2, room 501. Registers, letters and people write it as `3栋2单元501室`,
//! `3幢2-501`, `3#2单元501`, `3号楼2门501`, `３－２－５０１`, `三栋二单元五零一` or `3栋2单元5层01`.
//!
//! ```text
//! [place·]building[-unit]-room      东区·3-2-501   3-2-501   5-301   A-2-1201   综合楼-301
//! [place·]number号                  12号   3组·12号            a house with one door
//! ```
//!
//! A zone (`东区`, `2期`, `3号院`, `12弄`, `2排`) belongs to the door, because building 3 of the eastern
//! zone is another building. The name of a compound or community in front (`富强新村3栋...`) does not;
//! [`DoorNumber::parse_with_prefix`] gives it back to a caller that has to tell two compounds apart.

mod parse;
mod query;
mod roles;
mod state;
mod tokens;
mod walk;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use query::parse_query;
pub use state::{DoorFacts, DoorState};
pub use walk::{NextOnWalk, PassedBy, Stop, next_on_walk};

/// A text longer than this is no door number.
pub const DOOR_TEXT_CHARS_MAX: usize = 120;
/// The sign between a place and the rest.
const PLACE_SIGN: char = '·';
/// Where houses with one door are listed that belong to no place; see [`DoorNumber::listed_in`].
pub const HOUSES: &str = "号";
/// The longest place that is kept; with it a door number stays within 60 bytes.
const PLACE_CHARS_MAX: usize = 7;

/// The number of a door.
///
/// Shape: digits without leading zeros, capital letters, or a short Chinese name in each part.
/// Orders as one walks: by place, building, unit, floor, door; numbers as numbers.
/// Source: `docs/data-model.md`, "Doors".
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DoorNumber {
    place: Option<String>,
    building: String,
    unit: Option<String>,
    /// `None` for a house with one door.
    room: Option<String>,
}

/// Why a text is not a door number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DoorError {
    /// Nothing was written.
    #[error("the door number is empty")]
    Empty,
    /// Longer than [`DOOR_TEXT_CHARS_MAX`].
    #[error("the text is too long for a door number")]
    TooLong,
    /// `501`, `2单元501`.
    #[error("the building is missing")]
    NoBuilding,
    /// `3栋`, `3栋2单元`.
    #[error("the room is missing")]
    NoRoom,
    /// `3-2-501-502`: more than one reading.
    #[error("the text may name more than one door")]
    Ambiguous,
    /// Anything else.
    #[error("the text is not a door number")]
    NotADoor,
}

impl DoorError {
    /// The code in reports and language files.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "door_empty",
            Self::TooLong => "door_too_long",
            Self::NoBuilding => "door_no_building",
            Self::NoRoom => "door_no_room",
            Self::Ambiguous => "door_ambiguous",
            Self::NotADoor => "door_unreadable",
        }
    }
}

impl DoorNumber {
    /// Reads a door number in any spelling.
    ///
    /// # Errors
    /// [`DoorError`] when the text names no door, or not exactly one.
    pub fn parse(text: &str) -> Result<Self, DoorError> {
        Self::parse_with_prefix(text).map(|(_, door)| door)
    }

    /// Reads a door number and the name in front of it: `富强新村3栋501` is `富强新村` and `3-501`.
    ///
    /// # Errors
    /// [`DoorError`] when the text names no door, or not exactly one.
    pub fn parse_with_prefix(text: &str) -> Result<(String, Self), DoorError> {
        parse::door(text)
    }

    /// The same door in this place, for a community whose compounds number their buildings alike.
    /// A place that cannot be written (too long, a door number itself) is refused with `None`.
    #[must_use]
    pub fn in_place(&self, place: &str) -> Option<Self> {
        let joined = format!("{place}{}", self.place.as_deref().unwrap_or_default());
        let door = Self {
            place: Some(joined),
            ..self.clone()
        };
        (Self::parse(&door.to_string()).as_ref() == Ok(&door)).then_some(door)
    }

    /// The zone or compound, if it belongs to the number.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// The building, or the house.
    pub fn building(&self) -> &str {
        &self.building
    }

    /// The unit (staircase), if the building has any.
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The room; empty for a house with one door.
    pub fn room(&self) -> &str {
        self.room.as_deref().unwrap_or_default()
    }

    /// Where the door is listed and drawn: in its building, `3` or `东区·3`. A house with one door stands in the row of
    /// its place, `3组`, or in that of all houses without a place, `号`.
    pub fn listed_in(&self) -> String {
        match (&self.place, &self.room) {
            (Some(place), Some(_)) => format!("{place}{PLACE_SIGN}{}", self.building),
            (None, Some(_)) => self.building.clone(),
            (Some(place), None) => place.clone(),
            (None, None) => HOUSES.to_owned(),
        }
    }

    /// The floor, as the room number tells it: 5 of `501`, 12 of `1203`.
    pub fn floor(&self) -> Option<u16> {
        let room = self.room();
        let digits = room.len() - room.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let rest = room.get(digits..)?;
        let floor = if digits >= 3 {
            room.get(..digits - 2)?
        } else if !rest.is_empty() {
            room.get(..digits)?
        } else {
            return None;
        };
        floor.parse().ok()
    }

    /// What a search may begin with to find this door; see [`parse_query`].
    ///
    /// Shape: the canonical number first, then without its place, without its unit, the room alone.
    pub fn search_keys(&self) -> Vec<String> {
        let bare = Self {
            place: None,
            ..self.clone()
        };
        let mut keys = vec![self.to_string(), bare.to_string()];
        if self.unit.is_some() {
            keys.push(Self { unit: None, ..bare }.to_string());
        }
        keys.extend(self.room.clone());
        keys.dedup();
        keys
    }
}

impl fmt::Display for DoorNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}{PLACE_SIGN}")?;
        }
        f.write_str(&self.building)?;
        if let Some(unit) = &self.unit {
            write!(f, "-{unit}")?;
        }
        match &self.room {
            Some(room) => write!(f, "-{room}"),
            None => f.write_str("号"),
        }
    }
}

impl FromStr for DoorNumber {
    type Err = DoorError;

    fn from_str(text: &str) -> Result<Self, DoorError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for DoorNumber {
    type Error = DoorError;

    fn try_from(text: String) -> Result<Self, DoorError> {
        Self::parse(&text)
    }
}

impl From<DoorNumber> for String {
    fn from(door: DoorNumber) -> String {
        door.to_string()
    }
}

impl Ord for DoorNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let part = |a: &Option<String>, b: &Option<String>| {
            natural(a.as_deref().unwrap_or_default(), b.as_deref().unwrap_or_default())
        };
        part(&self.place, &other.place)
            .then_with(|| natural(&self.building, &other.building))
            .then_with(|| part(&self.unit, &other.unit))
            .then_with(|| self.floor().cmp(&other.floor()))
            .then_with(|| part(&self.room, &other.room))
            .then_with(|| {
                (&self.place, &self.unit, &self.room).cmp(&(&other.place, &other.unit, &other.room))
            })
    }
}

impl PartialOrd for DoorNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares texts with their leading digits as a number: `9` before `10`, `10` before `10A`.
/// The parts have no leading zeros, so equal means the same text.
fn natural(a: &str, b: &str) -> Ordering {
    let split = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (a_digits, b_digits) = (split(a), split(b));
    // A part without leading digits comes after all numbers, nothing before everything.
    let rank = |text: &str, digits: usize| match (text.is_empty(), digits) {
        (true, _) => 0,
        (false, 0) => 2,
        (false, _) => 1,
    };
    rank(a, a_digits)
        .cmp(&rank(b, b_digits))
        .then_with(|| a_digits.cmp(&b_digits))
        .then_with(|| a.cmp(b))
}
