//! What somebody has typed so far of a door number.

use super::super::spelling::plain;
use super::parse::{kept_place, may_begin, parts, zone};
use super::roles::{Part, on_floor};
use super::tokens::{Mark, Token, tokens};
use super::{DOOR_TEXT_CHARS_MAX, PLACE_SIGN};

/// The beginnings to look for among [`super::DoorNumber::search_keys`], best first: a door is found when
/// one of its keys begins with one of these.
///
/// `3栋2` is `3-2`, `3栋` is `3-` (not building 31), `3 2 501` is `3-2-501`, `501` is `501`. Empty when
/// the text does not look like a door number, a name for instance.
pub fn parse_query(text: &str) -> Vec<String> {
    if text.chars().count() > DOOR_TEXT_CHARS_MAX {
        return Vec::new();
    }
    let text = plain(text);
    let (place, text) = match kept_place(&text) {
        Some((place, rest)) => (Some(place), rest.to_owned()),
        None => (None, text),
    };
    let tokens = tokens(&text);
    (0..tokens.len())
        .find_map(|start| beginning(&tokens, start, place.as_deref()))
        .unwrap_or_default()
}

fn beginning(tokens: &[Token], start: usize, place: Option<&str>) -> Option<Vec<String>> {
    let (before, from) = tokens.split_at_checked(start)?;
    if !may_begin(before, from) {
        return None;
    }
    let (zone, used) = zone(from);
    let place = match (place, zone) {
        (Some(place), _) => format!("{place}{PLACE_SIGN}"),
        (None, Some(zone)) => format!("{zone}{PLACE_SIGN}"),
        (None, None) => String::new(),
    };
    let rest = from.get(used..)?;
    if rest.is_empty() {
        return (used > 0).then(|| vec![place]);
    }
    let more_follows = rest.last() == Some(&Token::Separator);
    let parts = parts(rest).ok()?;
    Some(
        keys(&parts, more_follows)?
            .into_iter()
            .map(|key| format!("{place}{key}"))
            .collect(),
    )
}

fn keys(parts: &[Part], more_follows: bool) -> Option<Vec<String>> {
    // 2单元501: without the building only the room can be looked for.
    let parts = match parts {
        [unit, rest @ ..] if unit.mark == Some(Mark::Unit) => rest,
        all => all,
    };
    let (last, text) = match parts {
        [] => return None,
        [building, unit, floor, room] => (room, {
            let room = on_floor(floor, &room.text).ok()?;
            format!("{}-{}-{room}", building.text, unit.text)
        }),
        all => (
            all.last()?,
            all.iter()
                .map(|part| part.text.as_str())
                .collect::<Vec<_>>()
                .join("-"),
        ),
    };
    let closed = more_follows
        || matches!(
            last.mark,
            Some(Mark::Building | Mark::Sharp | Mark::Lou | Mark::Unit)
        );
    let floor_follows = parts.len() > 2 && matches!(last.mark, Some(Mark::Lou | Mark::Floor));
    if parts.len() == 1 && last.mark == Some(Mark::Hao) {
        return Some(vec![format!("{text}-"), format!("{text}号")]);
    }
    Some(vec![if closed && !floor_follows {
        format!("{text}-")
    } else {
        text
    }])
}
