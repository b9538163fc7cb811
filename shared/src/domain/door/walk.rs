//! The walk through a building: which door comes next.
//!
//! One climbs the stairs of one unit, floor by floor, and then goes to the next unit; shops and houses without a floor
//! come before the stairs. That is the order of [`DoorNumber`]s. Doors that cannot be read come last.

use serde::{Deserialize, Serialize};

use super::DoorNumber;

/// Why the walk passes a door by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PassedBy {
    /// The people there asked not to be visited yet.
    NoVisit,
    /// Nobody lives there.
    Vacant,
    /// Somebody knocked there today already.
    KnockedToday,
}

/// A door on the walk.
#[derive(Debug, Clone, Copy)]
pub struct Stop<'a> {
    /// Its canonical number.
    pub door: &'a str,
    /// Why it is passed by; `None` when it is knocked at.
    pub passed_by: Option<PassedBy>,
}

/// How the walk goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextOnWalk {
    /// The next door to knock at, as an index into the stops; `None` when the building is done.
    pub next: Option<usize>,
    /// Doors that are passed by on the way there, in the order of the walk.
    pub passed: Vec<usize>,
}

/// The next door after the one where one stands, or the first one. Behind the last door the walk goes on at the first,
/// so that who began in the middle also comes to what lies before.
pub fn next_on_walk(stops: &[Stop<'_>], here: Option<usize>) -> NextOnWalk {
    let order = walk_order(stops);
    let begin = here.and_then(|here| order.iter().position(|index| *index == here));
    let (before, after) = match begin {
        Some(begin) => (order.get(..begin), order.get(begin + 1..)),
        None => (None, Some(order.as_slice())),
    };
    let mut passed = Vec::new();
    for index in [after, before].into_iter().flatten().flatten().copied() {
        if stops.get(index).is_some_and(|stop| stop.passed_by.is_none()) {
            let next = Some(index);
            return NextOnWalk { next, passed };
        }
        passed.push(index);
    }
    NextOnWalk { next: None, passed }
}

/// The stops as one comes to them.
fn walk_order(stops: &[Stop<'_>]) -> Vec<usize> {
    let mut order: Vec<_> = stops
        .iter()
        .enumerate()
        .map(|(index, stop)| {
            let number = DoorNumber::parse(stop.door).ok();
            (number.is_none(), number, stop.door, index)
        })
        .collect();
    order.sort();
    order.into_iter().map(|(.., index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `x` in front: asked not to be visited; `-`: vacant; `.`: knocked at today.
    fn stops<'a>(doors: &[&'a str]) -> Vec<Stop<'a>> {
        let passed = |sign| match sign {
            'x' => Some(PassedBy::NoVisit),
            '-' => Some(PassedBy::Vacant),
            '.' => Some(PassedBy::KnockedToday),
            _ => None,
        };
        let stop = |text: &&'a str| {
            let passed_by = text.chars().next().and_then(passed);
            let door = if passed_by.is_some() { &text[1..] } else { text };
            Stop { door, passed_by }
        };
        doors.iter().map(stop).collect()
    }

    fn check(doors: &[&str], here: Option<&str>, next: Option<&str>, passed: &[&str]) {
        let stops = stops(doors);
        let here = here.map(|here| stops.iter().position(|stop| stop.door == here).unwrap());
        let found = next_on_walk(&stops, here);
        assert_eq!(found.next.map(|index| stops[index].door), next, "{doors:?}");
        let on_the_way: Vec<&str> = found.passed.iter().map(|index| stops[*index].door).collect();
        assert_eq!(on_the_way, passed, "{doors:?}");
    }

    #[test]
    fn one_climbs_a_unit_floor_by_floor_and_then_goes_to_the_next() {
        let doors = ["3-2-101", "3-1-1001", "3-1-102", "3-1-201", "3-1-101", "3-2-102"];
        let walk = ["3-1-101", "3-1-102", "3-1-201", "3-1-1001", "3-2-101", "3-2-102"];
        check(&doors, None, Some(walk[0]), &[]);
        for pair in walk.windows(2) {
            check(&doors, Some(pair[0]), Some(pair[1]), &[]);
        }
    }

    #[test]
    fn behind_the_last_door_come_those_before_the_first() {
        check(&["3-1-101", "3-1-201"], Some("3-1-201"), Some("3-1-101"), &[]);
        let begun_in_the_middle = ["3-1-101", ".3-1-201", ".3-1-301"];
        check(&begun_in_the_middle, Some("3-1-301"), Some("3-1-101"), &[]);
    }

    #[test]
    fn who_asked_not_to_be_visited_is_passed_by_and_so_is_what_stands_empty_or_was_knocked_at() {
        let doors = ["3-1-101", "x3-1-102", "-3-1-201", ".3-1-202", "3-1-301"];
        let between = ["3-1-102", "3-1-201", "3-1-202"];
        check(&doors, Some("3-1-101"), Some("3-1-301"), &between);
        check(&["x3-1-101", "3-1-102"], None, Some("3-1-102"), &["3-1-101"]);
    }

    #[test]
    fn a_building_without_another_door_to_knock_at_is_done() {
        check(&[".3-1-101", "x3-1-102"], Some("3-1-101"), None, &["3-1-102"]);
        check(&["3-1-101"], Some("3-1-101"), None, &[]);
        check(&[], None, None, &[]);
        check(&[".3-1-101", "x3-1-102"], None, None, &["3-1-101", "3-1-102"]);
    }

    #[test]
    fn houses_shops_and_what_cannot_be_read_have_their_place_on_the_walk() {
        let houses = ["12号", "9号", "10号"];
        check(&houses, Some("9号"), Some("10号"), &[]);
        check(&houses, Some("10号"), Some("12号"), &[]);
        let mixed = ["3-1-101", "村口小卖部", "3-底商5"];
        check(&mixed, None, Some("3-底商5"), &[]);
        check(&mixed, Some("3-1-101"), Some("村口小卖部"), &[]);
        // Two households behind one door are two stops.
        let stops = stops(&["3-1-101", "3-1-101"]);
        assert_eq!(next_on_walk(&stops, Some(0)).next, Some(1));
        assert_eq!(next_on_walk(&stops, Some(1)).next, Some(0));
    }
}
