//! Where each door of a building is drawn, as one stands in front of it: floors from top to bottom, units side by side,
//! doors of the same place on their floor above each other. A register with gaps leaves empty places. Pure.

use std::collections::BTreeMap;

use shared::domain::door::DoorNumber;

/// So many missing floors are drawn as empty places; a longer gap is a register that is wrong, or a mistyped number.
const EMPTY_FLOORS_MAX: u16 = 2;

/// A building as it is drawn. Doors are indexes into what it was made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Plan {
    /// Units from left to right.
    pub(super) units: Vec<Unit>,
    /// Floors from top to bottom.
    pub(super) floors: Vec<Floor>,
    /// Doors whose number cannot be read.
    pub(super) others: Vec<usize>,
}

/// A unit (staircase).
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Unit {
    /// Its name, if the building has units.
    pub(super) name: Option<String>,
    /// Doors side by side.
    pub(super) width: usize,
    /// Doors that lie on no floor: houses of a row, shops.
    pub(super) ground: Vec<usize>,
}

/// A floor through all units.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Floor {
    /// The places of each unit.
    Doors {
        /// Its number.
        number: u16,
        /// For each unit as many places as the unit is wide; empty where the unit does not reach.
        places: Vec<Vec<Place>>,
    },
    /// Floors of which the register knows nothing.
    Break {
        /// The next one below them.
        above: u16,
    },
}

impl Unit {
    /// What it is known by in a list.
    pub(super) fn key(&self) -> String {
        self.name.clone().unwrap_or_default()
    }
}

impl Floor {
    /// What it is known by in a list.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Doors { number, .. } => number.to_string(),
            Self::Break { above } => format!("above {above}"),
        }
    }
}

/// Where a door is drawn: usually one household, more where they share a door, none where the register has a gap.
pub(super) type Place = Vec<usize>;

/// Left to right along a floor. Sides as from the south: west is to the left.
type Column = (u8, u32, String);

/// Lays out the doors of one building, given by their numbers.
pub(super) fn plan(doors: &[&str]) -> Plan {
    let mut others = Vec::new();
    let mut read: Vec<(DoorNumber, usize)> = Vec::new();
    for (index, text) in doors.iter().enumerate() {
        match DoorNumber::parse(text) {
            Ok(number) => read.push((number, index)),
            Err(_) => others.push(index),
        }
    }
    // The order of door numbers is that of units, floors and rooms.
    read.sort();
    let mut units: Vec<Stairs> = Vec::new();
    for (number, index) in read {
        let name = number.unit().map(str::to_owned);
        if units.last().is_none_or(|unit| unit.name != name) {
            let name = name.clone();
            units.push(Stairs {
                name,
                ..Stairs::default()
            });
        }
        let Some(unit) = units.last_mut() else { continue };
        match number.floor() {
            Some(floor) => {
                let doors = unit.doors.entry(floor).or_default();
                doors.entry(column(&number, floor)).or_default().push(index);
            }
            None => unit.ground.push(index),
        }
    }
    Plan {
        floors: floors(&units),
        units: units.into_iter().map(Stairs::drawn).collect(),
        others,
    }
}

/// A unit while it is laid out.
#[derive(Default)]
struct Stairs {
    name: Option<String>,
    doors: BTreeMap<u16, BTreeMap<Column, Place>>,
    ground: Vec<usize>,
}

impl Stairs {
    fn columns(&self) -> Vec<&Column> {
        let mut columns: Vec<&Column> = self.doors.values().flat_map(BTreeMap::keys).collect();
        columns.sort();
        columns.dedup();
        columns
    }

    fn reaches(&self, floor: u16) -> bool {
        let lowest = self.doors.keys().next();
        let highest = self.doors.keys().next_back();
        lowest.is_some_and(|lowest| *lowest <= floor) && highest.is_some_and(|highest| floor <= *highest)
    }

    fn places(&self, floor: u16) -> Vec<Place> {
        if !self.reaches(floor) {
            return Vec::new();
        }
        let doors = self.doors.get(&floor);
        let place = |column: &Column| doors.and_then(|doors| doors.get(column)).cloned();
        self.columns()
            .into_iter()
            .map(|column| place(column).unwrap_or_default())
            .collect()
    }

    fn drawn(self) -> Unit {
        Unit {
            width: self.columns().len(),
            name: self.name,
            ground: self.ground,
        }
    }
}

fn floors(units: &[Stairs]) -> Vec<Floor> {
    let mut numbers: Vec<u16> = units.iter().flat_map(|unit| unit.doors.keys().copied()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let row = |number| Floor::Doors {
        number,
        places: units.iter().map(|unit| unit.places(number)).collect(),
    };
    let mut floors = Vec::new();
    let mut above: Option<u16> = None;
    for number in numbers.into_iter().rev() {
        let missing = above.map_or(0, |above| above - number - 1);
        if missing > EMPTY_FLOORS_MAX {
            floors.push(Floor::Break { above: number });
        } else {
            floors.extend((number + 1..number + 1 + missing).rev().map(row));
        }
        floors.push(row(number));
        above = Some(number);
    }
    floors
}

/// Where on its floor the door lies: what the room number says besides the floor.
fn column(number: &DoorNumber, floor: u16) -> Column {
    let room = number.room();
    let rest = room.strip_prefix(&floor.to_string()).unwrap_or(room);
    let letters = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = rest.get(..rest.len() - letters.len()).unwrap_or_default();
    let side = match letters {
        "" => 0,
        "西" | "左" => 1,
        "中" => 2,
        "东" | "右" => 3,
        _ => 4,
    };
    let number = digits.parse().unwrap_or(0);
    // 501, 501A, 502: a letter follows its number. 5东 has no number: sides are compared with each other.
    match digits.is_empty() {
        true => (side, 0, letters.to_owned()),
        false => (0, number, letters.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each floor as one line: doors by their room, `_` for an empty place, `/` between units, `…` for a break.
    fn drawing(doors: &[&str]) -> Vec<String> {
        let room = |index: &usize| DoorNumber::parse(doors[*index]).unwrap().room().to_owned();
        let place = |place: &Place| match place.is_empty() {
            true => "_".to_owned(),
            false => place.iter().map(room).collect::<Vec<_>>().join("+"),
        };
        let unit = |places: &Vec<Place>| places.iter().map(place).collect::<Vec<_>>().join(" ");
        let line = |floor: &Floor| match floor {
            Floor::Break { .. } => "…".to_owned(),
            Floor::Doors { number, places } => {
                let units: Vec<String> = places.iter().map(unit).collect();
                format!("{number}: {}", units.join(" / "))
            }
        };
        plan(doors).floors.iter().map(line).collect()
    }

    fn check(doors: &[&str], expect: &[&str]) {
        assert_eq!(drawing(doors), expect, "{doors:?}");
    }

    #[test]
    fn floors_are_drawn_from_the_top_and_units_side_by_side() {
        let doors = [
            "3-2-101", "3-1-101", "3-1-102", "3-1-201", "3-1-202", "3-2-201", "3-2-1001",
        ];
        let expect = ["10:  / 1001", "…", "2: 201 202 / 201", "1: 101 102 / 101"];
        check(&doors, &expect);
        let names: Vec<_> = plan(&doors)
            .units
            .into_iter()
            .map(|unit| (unit.name, unit.width))
            .collect();
        assert_eq!(names, [(Some("1".to_owned()), 2), (Some("2".to_owned()), 1)]);
    }

    #[test]
    fn what_the_register_does_not_have_is_an_empty_place() {
        check(
            &["3-101", "3-103", "3-302", "3-402"],
            &["4: _ 402 _", "3: _ 302 _", "2: _ _ _", "1: 101 _ 103"],
        );
        // One mistyped number does not draw eighty floors.
        check(&["3-1-101", "3-1-9901"], &["99: 9901", "…", "1: 101"]);
    }

    #[test]
    fn letters_and_sides_have_their_place_and_two_households_share_a_door() {
        check(&["3-101B", "3-102", "3-101A", "3-101"], &["1: 101 101A 101B 102"]);
        check(&["3-2-5东", "3-2-5西", "3-2-5中"], &["5: 5西 5中 5东"]);
        check(&["3-1-101", "3-1-102", "3-1-101"], &["1: 101+101 102"]);
    }

    #[test]
    fn houses_and_shops_lie_on_the_ground_and_what_cannot_be_read_beside() {
        let row = plan(&["3组·12号", "3组·9号"]);
        assert_eq!((row.floors.len(), row.units.len()), (0, 1));
        assert_eq!(row.units[0].ground, [1, 0]);
        let shop = plan(&["3-1-101", "3-1-底商5", "村口小卖部", "3-8"]);
        let ground: Vec<_> = shop.units.iter().map(|unit| unit.ground.clone()).collect();
        assert_eq!(ground, [vec![3], vec![1]]);
        assert_eq!(shop.others, [2]);
        assert_eq!(plan(&[]), Plan::default());
    }
}
