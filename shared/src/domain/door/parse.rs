//! From pieces to a door: find where the number begins and read its parts.

use super::super::spelling::plain;
use super::roles::{BUILDING_NAME_CHARS_MAX, Part, house, is_number, roles};
use super::tokens::{Mark, Token, tokens};
use super::{DOOR_TEXT_CHARS_MAX, DoorError, DoorNumber, PLACE_CHARS_MAX, PLACE_SIGN};

/// What tells buildings of one number apart: `甲3号楼` is not `3号楼`.
const STEMS: [char; 4] = ['甲', '乙', '丙', '丁'];

pub(super) fn door(text: &str) -> Result<(String, DoorNumber), DoorError> {
    if text.chars().count() > DOOR_TEXT_CHARS_MAX {
        return Err(DoorError::TooLong);
    }
    let text = without_remark(&plain(text));
    if let Some((place, rest)) = kept_place(&text) {
        let tokens = tokens(rest);
        let (zone, door) =
            read(&tokens).or_else(|error| Ok((None, named_building(&tokens).ok_or(error)?)))?;
        return if zone.is_some() {
            Err(DoorError::Ambiguous)
        } else {
            Ok((
                String::new(),
                DoorNumber {
                    place: Some(place),
                    ..door
                },
            ))
        };
    }
    let tokens = tokens(&text);
    if tokens.is_empty() {
        return Err(DoorError::Empty);
    }
    let mut error = DoorError::NotADoor;
    for (start, _) in tokens.iter().enumerate() {
        let (before, from) = tokens.split_at(start);
        if !may_begin(before, from) {
            continue;
        }
        match read(from) {
            Ok((place, door)) => {
                // Building 甲3 stands beside building 3.
                let (before, stem) = match (before, &place) {
                    ([name @ .., Token::Side(stem)], None) if STEMS.contains(stem) => (name, Some(*stem)),
                    _ => (before, None),
                };
                let building = stem.into_iter().chain(door.building.chars()).collect();
                let door = DoorNumber {
                    place,
                    building,
                    ..door
                };
                return Ok((prefix_text(before), door));
            }
            Err(reason) if error == DoorError::NotADoor => error = reason,
            Err(_) => {}
        }
    }
    match named_building(&tokens) {
        Some(door) => Ok((String::new(), door)),
        None => Err(error),
    }
}

/// Drops a remark in brackets at the end, `3-2-501(租)`; one with a digit may be part of the number, and
/// `(东户)` is one.
fn without_remark(text: &str) -> String {
    let trimmed = text.trim().trim_end_matches([')', ']', '】', '〕']);
    if trimmed.len() == text.trim().len() {
        return text.to_owned();
    }
    let parts = trimmed
        .rfind(['(', '[', '【', '〔'])
        .and_then(|open| trimmed.split_at_checked(open));
    match parts {
        Some((door, remark)) if !door.is_empty() && !remark.contains(|c: char| c.is_ascii_digit()) => {
            let side = remark
                .trim_start_matches(['(', '[', '【', '〔'])
                .trim()
                .trim_end_matches('户');
            let room = door.trim().trim_end_matches(['室', '房', '号', '户']);
            if is_side_word(side) {
                format!("{room}{side}")
            } else {
                door.to_owned()
            }
        }
        _ => text.to_owned(),
    }
}

fn is_side_word(text: &str) -> bool {
    matches!(tokens(text).as_slice(), [Token::Side(_)])
}

/// The place of `东区·3-2-501`; `None` for `3·2·501`, where the sign separates numbers.
pub(super) fn kept_place(text: &str) -> Option<(String, &str)> {
    let (left, rest) = text.split_once(PLACE_SIGN)?;
    let pieces = tokens(left);
    let place = match zone(&pieces) {
        (Some(place), used) if used == pieces.len() => place,
        _ => left.trim().to_uppercase(),
    };
    let ends_as_a_name = matches!(
        pieces.last(),
        Some(Token::Other(_) | Token::Zone(_) | Token::Side(_))
    );
    let fits = place.chars().count() <= PLACE_CHARS_MAX && !pieces.contains(&Token::Separator);
    (ends_as_a_name && fits).then_some((place, rest))
}

/// Whether a door number may begin between these pieces. The numeral that ends a person's name (`张三`)
/// is none.
pub(super) fn may_begin(before: &[Token], from: &[Token]) -> bool {
    may_be_a_prefix(before) && (before.is_empty() || !matches!(from, [Token::Id { han: true, .. }]))
}

/// Not inside a number, not after half a door.
fn may_be_a_prefix(before: &[Token]) -> bool {
    let named = match before {
        [named @ .., Token::Separator] => named,
        named => named,
    };
    let ends_well = match named {
        [] => before.is_empty(),
        [.., Token::Other(_) | Token::Side(_) | Token::Zone(_)] => true,
        // A street number, 富强路12号3栋...
        [.., Token::Other(_), Token::Id { .. }, Token::Mark(Mark::Hao)] => true,
        // A name that ends like a word of ours, 厦门3栋...
        [.., Token::Other(_), Token::Mark(Mark::Unit | Mark::Room)] => true,
        _ => false,
    };
    let numbers_belong_to_names = named.iter().enumerate().all(|(at, token)| match token {
        Token::Id { han: false, .. } => {
            matches!(
                named.get(at + 1),
                Some(Token::Mark(Mark::Hao) | Token::Zone(_) | Token::Other(_))
            )
        }
        Token::Mark(mark) => *mark == Mark::Hao || !follows_a_number(named, at),
        _ => true,
    });
    ends_well && numbers_belong_to_names
}

fn follows_a_number(tokens: &[Token], at: usize) -> bool {
    at.checked_sub(1)
        .is_some_and(|before| matches!(tokens.get(before), Some(Token::Id { .. })))
}

fn prefix_text(before: &[Token]) -> String {
    let mut name = String::new();
    for token in before {
        match token {
            Token::Other(c) | Token::Side(c) => name.push(*c),
            Token::Id { text, .. } => name.push_str(text),
            Token::Zone(zone) => name.push_str(zone),
            Token::Mark(Mark::Hao) => name.push('号'),
            Token::RoomName(_) | Token::Mark(_) | Token::Separator => {}
        }
    }
    name
}

/// Zones at the beginning, `东区2期`, and how many pieces they take.
pub(super) fn zone(tokens: &[Token]) -> (Option<String>, usize) {
    let (mut place, mut used) = (String::new(), 0);
    loop {
        match tokens.get(used..) {
            Some([Token::Id { text, .. }, Token::Zone(zone), ..]) => {
                place.push_str(text);
                place.push_str(zone);
            }
            Some([Token::Side(side), Token::Zone(zone), ..]) => {
                place.push(*side);
                place.push_str(zone);
            }
            _ => break,
        }
        used += 2;
    }
    ((!place.is_empty()).then_some(place), used)
}

/// A door that begins with the first piece.
fn read(tokens: &[Token]) -> Result<(Option<String>, DoorNumber), DoorError> {
    let (place, used) = zone(tokens);
    if place
        .as_ref()
        .is_some_and(|place| place.chars().count() > PLACE_CHARS_MAX)
    {
        return Err(DoorError::TooLong);
    }
    let parts = parts(tokens.get(used..).unwrap_or_default())?;
    if let [only] = parts.as_slice() {
        return house(only, used.checked_sub(1).and_then(|last| tokens.get(last))).map(|door| (place, door));
    }
    roles(&parts).map(|door| (place, door))
}

/// `综合楼301`: a building with a name, and nothing in front of it that could be told apart.
fn named_building(tokens: &[Token]) -> Option<DoorNumber> {
    let after_separators = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| **token == Token::Separator);
    let mut starts = std::iter::once(0).chain(after_separators.map(|(at, _)| at + 1));
    starts.find_map(|start| {
        let from = tokens.get(start..)?;
        let end = from.iter().position(|token| matches!(token, Token::Mark(_)))?;
        let name: Option<String> = from
            .get(..end)?
            .iter()
            .map(|token| match token {
                Token::Other(c) | Token::Side(c) if !c.is_ascii() && c.is_alphabetic() => Some(*c),
                _ => None,
            })
            .collect();
        let name = name.filter(|name| !name.is_empty())?;
        let ends_as_a_building = matches!(from.get(end)?, Token::Mark(Mark::Lou | Mark::Building));
        let building = format!("{name}楼");
        if !ends_as_a_building || building.chars().count() > BUILDING_NAME_CHARS_MAX {
            return None;
        }
        let mut all = vec![Part {
            text: building,
            mark: Some(Mark::Building),
        }];
        all.extend(parts(from.get(end + 1..)?).ok()?);
        roles(&all).ok()
    })
}

/// Numbers and what was said of each.
pub(super) fn parts(tokens: &[Token]) -> Result<Vec<Part>, DoorError> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = match tokens {
        [Token::Separator, rest @ ..] => rest,
        rest => rest,
    };
    while !rest.is_empty() {
        let (mut text, after) = part_text(rest, parts.is_empty())?;
        rest = after;
        let mut mark = None;
        if let Some(floor) = text
            .strip_suffix('F')
            .filter(|floor| is_number(floor) && !rest.is_empty())
        {
            text = floor.to_owned();
            mark = Some(Mark::Floor);
        }
        while let [Token::Mark(next), after @ ..] = rest {
            match (mark, next) {
                (None, next) => mark = Some(*next),
                // 5F楼, 501号 户
                (Some(Mark::Floor), Mark::Lou | Mark::Floor) | (Some(Mark::Hao), Mark::Room) => {}
                _ => return Err(DoorError::NotADoor),
            }
            rest = after;
        }
        match rest {
            [Token::Separator, after @ ..] => rest = after,
            [] => {}
            _ if mark.is_some() => {}
            _ => return Err(DoorError::NotADoor),
        }
        parts.push(Part { text, mark });
        if parts.len() > 4 {
            return Err(DoorError::Ambiguous);
        }
    }
    if parts.is_empty() {
        Err(DoorError::NotADoor)
    } else {
        Ok(parts)
    }
}

fn part_text(tokens: &[Token], first: bool) -> Result<(String, &[Token]), DoorError> {
    let closes = |rest: &[Token]| {
        matches!(
            rest,
            [] | [
                Token::Separator | Token::Mark(Mark::Room | Mark::Hao | Mark::Building | Mark::Sharp),
                ..
            ]
        )
    };
    match tokens {
        [Token::Id { text, .. }, Token::Side(side), rest @ ..] if closes(rest) => {
            Ok((format!("{text}{side}"), rest))
        }
        [Token::Id { text, .. }, rest @ ..] => Ok((text.clone(), rest)),
        [Token::Side(side), rest @ ..] if !first => Ok((side.to_string(), rest)),
        [Token::RoomName(name), Token::Id { text, .. }, rest @ ..]
            if !first && is_number(text) && text.len() <= 3 =>
        {
            Ok((format!("{name}{text}"), rest))
        }
        [Token::RoomName(name), rest @ ..] if !first => Ok(((*name).to_owned(), rest)),
        _ => Err(DoorError::NotADoor),
    }
}
