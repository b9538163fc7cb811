//! The cells that say which door.

use shared::domain::door::{DoorError, DoorNumber};

use super::super::columns::Column;
use super::super::report::FindingCode;
use super::super::sheet::{Cell, Row};
use super::{Above, Reader};

/// A longer text in the door column of a row without a name is a note.
const DOOR_CHARS_USUAL: usize = 25;

impl Reader<'_> {
    pub(super) fn door(&mut self, row: &Row) -> Option<(String, DoorNumber)> {
        if self.is_door_unreadable(row) {
            // What follows without a door of its own belongs to this one, not to the household above.
            self.above = Above::Unreadable;
            self.note(row, FindingCode::DoorUnreadable);
            return None;
        }
        let Some(text) = self.door_text(row) else {
            return match &self.above {
                Above::Door(compound, door) => Some((compound.clone(), door.clone())),
                Above::Nothing => {
                    self.note(row, FindingCode::DoorMissing);
                    None
                }
                Above::Unreadable => {
                    self.note(row, FindingCode::DoorUnreadable);
                    None
                }
            };
        };
        let parsed = match (DoorNumber::parse_with_prefix(&text), &self.section) {
            (Err(DoorError::NoBuilding), Some(section)) => {
                DoorNumber::parse_with_prefix(&format!("{section}-{text}"))
            }
            (parsed, _) => parsed,
        };
        match parsed {
            Ok((prefix, door)) => {
                let column = self.text(row, Column::Compound);
                let compound = if column.is_empty() { prefix } else { column };
                self.above = Above::Door(compound.clone(), door.clone());
                Some((compound, door))
            }
            Err(_) if self.text(row, Column::Name).is_empty() && text.chars().count() > DOOR_CHARS_USUAL => {
                self.note(row, FindingCode::RowPassedOver);
                None
            }
            Err(_) => {
                self.above = Above::Unreadable;
                self.note(row, FindingCode::DoorUnreadable);
                None
            }
        }
    }

    /// Whether a part of the door is there and cannot be read, or has to be taken from a row where it could not.
    fn is_door_unreadable(&mut self, row: &Row) -> bool {
        let here = |kind| {
            self.header
                .all(kind)
                .any(|column| is_no_part(row.cells.get(&column)))
        };
        let (building, unit) = (here(Column::Building), here(Column::Unit));
        let others = [Column::Compound, Column::Door, Column::Floor, Column::Room];
        let unreadable = building || unit || others.into_iter().any(here);
        let names = |kind| !self.text(row, kind).is_empty();
        let (names_building, names_unit) = (names(Column::Building), names(Column::Unit));
        let names_room = names(Column::Room) || names(Column::Door);
        // A building that is read ends what was unknown about the one above.
        self.building_unread = building || (self.building_unread && !names_building);
        self.unit_unread = unit || (self.unit_unread && !names_building && !names_unit);
        let continues = names_room && (self.building_unread || self.unit_unread);
        unreadable || (continues && !self.is_whole_door(row))
    }

    /// Whether one cell of the row names the whole door.
    fn is_whole_door(&self, row: &Row) -> bool {
        [Column::Door, Column::Room]
            .into_iter()
            .any(|kind| DoorNumber::parse(&self.text(row, kind)).is_ok_and(|door| door.unit().is_some()))
    }

    /// The door number as one text; `None` when the row continues the household above.
    fn door_text(&mut self, row: &Row) -> Option<String> {
        let [door, building, unit, floor, room] = [
            Column::Door,
            Column::Building,
            Column::Unit,
            Column::Floor,
            Column::Room,
        ]
        .map(|kind| self.text(row, kind));
        if self.header.first(Column::Building).is_none() {
            let rest = joined(&["", &unit, "", &room]);
            return match (door.is_empty(), room.is_empty()) {
                (true, true) => None,
                (true, false) => Some(rest),
                (false, true) => Some(door),
                // 地址 says the building, 房号 the rest.
                (false, false) if DoorNumber::parse(&door).is_ok() => Some(door),
                (false, false) => Some(format!("{door}-{rest}")),
            };
        }
        let room = if room.is_empty() { door } else { room };
        if building.is_empty() && unit.is_empty() && room.is_empty() {
            return None;
        }
        let same_building = building.is_empty() || building == self.building;
        let same_unit = same_building && (unit.is_empty() || unit == self.unit);
        if room.is_empty() && same_unit {
            return None;
        }
        if !same_building {
            self.unit.clear();
            self.building = building;
        }
        if !unit.is_empty() {
            self.unit = unit;
        }
        // The room column may hold the whole number.
        if DoorNumber::parse(&room).is_ok_and(|door| door.unit().is_some()) {
            return Some(room);
        }
        Some(joined(&[&self.building, &self.unit, &floor, &room]))
    }
}

/// An error value, yes and no, or a date that a spreadsheet program made of a door.
fn is_no_part(cell: Option<&Cell>) -> bool {
    matches!(cell, Some(Cell::Unreadable | Cell::Bool(_) | Cell::Date(_)))
}

/// Building, unit, floor and room as one text; a bare number gets the word that its column means.
fn joined(parts: &[&str; 4]) -> String {
    let marks = ["栋", "单元", "层", ""];
    let room_has_its_floor = parts
        .last()
        .is_some_and(|room| room.chars().filter(|c| c.is_ascii_digit()).count() > 2);
    let mut joined = Vec::new();
    for (part, mark) in parts.iter().zip(marks) {
        let part = part.trim();
        let means_nothing = matches!(part, "" | "-" | "/" | "无" | "0" | "—");
        if means_nothing || (mark == "层" && room_has_its_floor) {
            continue;
        }
        let bare = part.chars().all(|c| c.is_ascii_alphanumeric());
        joined.push(if bare {
            format!("{part}{mark}")
        } else {
            part.to_owned()
        });
    }
    joined.join("-")
}
