//! Which part is the building, the unit, the floor, the room.

use super::tokens::{Mark, Token};
use super::{DoorError, DoorNumber};

/// The longest name of a building, `楼` included.
pub(super) const BUILDING_NAME_CHARS_MAX: usize = 6;

/// A number or name and what was said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) mark: Option<Mark>,
}

/// A house with one door.
pub(super) fn house(part: &Part, zone: Option<&Token>) -> Result<DoorNumber, DoorError> {
    let row = matches!(zone, Some(Token::Zone("排" | "巷" | "组" | "队")));
    if !fits(&part.text, 5) {
        return Err(DoorError::NotADoor);
    }
    match part.mark {
        Some(Mark::Hao) => {}
        None | Some(Mark::Room) if row => {}
        Some(Mark::Building | Mark::Lou | Mark::Sharp) => return Err(DoorError::NoRoom),
        _ => return Err(DoorError::NoBuilding),
    }
    if !fits(&part.text, 4) {
        return Err(DoorError::NotADoor);
    }
    Ok(DoorNumber {
        place: None,
        building: part.text.clone(),
        unit: None,
        room: None,
    })
}

/// Gives two to four parts their roles.
pub(super) fn roles(parts: &[Part]) -> Result<DoorNumber, DoorError> {
    let [building, middle @ .., room] = parts else {
        return Err(DoorError::NotADoor);
    };
    if matches!(building.mark, Some(Mark::Unit | Mark::Floor | Mark::Room)) {
        return Err(DoorError::NoBuilding);
    }
    match room.mark {
        None | Some(Mark::Room | Mark::Hao | Mark::Sharp) => {}
        Some(Mark::Building) => return Err(DoorError::NotADoor),
        Some(_) => return Err(DoorError::NoRoom),
    }
    let (unit, floor) = match middle {
        [] => (None, None),
        [one] if matches!(one.mark, Some(Mark::Floor | Mark::Lou)) => (None, Some(one)),
        [one] => (Some(one), None),
        [unit, floor] if matches!(floor.mark, None | Some(Mark::Floor | Mark::Lou)) => {
            (Some(unit), Some(floor))
        }
        _ => return Err(DoorError::Ambiguous),
    };
    if unit.is_some_and(|unit| !matches!(unit.mark, None | Some(Mark::Unit | Mark::Hao | Mark::Sharp))) {
        return Err(DoorError::NotADoor);
    }
    let room = match floor {
        Some(floor) => on_floor(floor, &room.text)?,
        None => room.text.clone(),
    };
    let named = |text: &str| text.ends_with('楼') && text.chars().count() <= BUILDING_NAME_CHARS_MAX;
    let good = (fits(&building.text, 4) || named(&building.text))
        && unit.is_none_or(|unit| fits(&unit.text, 2) || is_side(&unit.text))
        && (fits(&room, 5) || is_side(&room) || room_name(&room));
    if !good {
        return Err(DoorError::NotADoor);
    }
    let unit = unit.map(|unit| unit.text.clone());
    Ok(DoorNumber {
        place: None,
        building: building.text.clone(),
        unit,
        room: Some(room),
    })
}

/// Room 1 on floor 5 is 501; room 501 on floor 5 is 501; room 502 on floor 4 is nobody's guess.
pub(super) fn on_floor(floor: &Part, room: &str) -> Result<String, DoorError> {
    let digits = room.trim_end_matches(|c: char| !c.is_ascii_digit());
    if !is_number(&floor.text) || floor.text.len() > 2 {
        return Err(DoorError::Ambiguous);
    }
    if room.starts_with(&floor.text) && digits.len() >= floor.text.len() + 2 {
        return Ok(room.to_owned());
    }
    let letter = room.len() == 1 && room.chars().all(|c| c.is_ascii_uppercase());
    if floor.mark.is_some() && (is_side(room) || letter) {
        return Ok(format!("{}{room}", floor.text));
    }
    if is_number(room) && room.len() <= 2 && room != "0" {
        return Ok(format!("{}{room:0>2}", floor.text));
    }
    Err(DoorError::Ambiguous)
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_side(text: &str) -> bool {
    let mut chars = text.chars();
    matches!((chars.next(), chars.next()), (Some(c), None) if !c.is_ascii())
}

fn room_name(text: &str) -> bool {
    text.chars().next().is_some_and(|c| !c.is_ascii()) && text.chars().count() <= 6
}

/// Digits with at most two letters and a side after them (`12`, `501A`, `5东`), or a letter with digits.
fn fits(text: &str, digits_max: usize) -> bool {
    let stem = text.trim_end_matches(|c: char| !c.is_ascii());
    let side = text.chars().count() - stem.chars().count();
    let letters_first = stem.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let digits_first = stem.trim_start_matches(|c: char| c.is_ascii_digit());
    let shaped = if letters_first.len() < stem.len() {
        stem.len() - letters_first.len() <= 2
            && letters_first.len() <= digits_max
            && letters_first.bytes().all(|b| b.is_ascii_digit())
    } else {
        let digits = stem.len() - digits_first.len();
        (1..=digits_max).contains(&digits)
            && digits_first.len() <= 2
            && digits_first.bytes().all(|b| b.is_ascii_uppercase())
    };
    shaped && side <= 1 && !stem.starts_with('0')
}
