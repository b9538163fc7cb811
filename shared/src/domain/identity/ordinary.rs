//! What else has many digits in a note: telephone numbers, doors and days. They are known by themselves, so that they do
//! not join what stands beside them to something that looks like an identity number.

use super::Group;

/// The groups that are none of these, as neighbours: what stands on either side of a telephone number is not joined.
pub(super) fn others(groups: &[Group]) -> Vec<&[Group]> {
    let mut rests = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < groups.len() {
        let here = groups.get(at..).unwrap_or_default();
        match known(here) {
            0 => at += 1,
            count => {
                rests.push(groups.get(start..at).unwrap_or_default());
                at += count;
                start = at;
            }
        }
    }
    rests.push(groups.get(start..).unwrap_or_default());
    rests
}

/// Whether nothing is left of a run but local telephone numbers beside others.
pub(super) fn explain(others: &[&[Group]]) -> bool {
    others
        .iter()
        .all(|rest| matches!(rest, [] | [_]) && rest.iter().all(|group| is_local(&group.text)))
}

/// How many groups at the beginning are one of these; 0 when they are not.
fn known(groups: &[Group]) -> usize {
    let [first, ..] = groups else {
        return 0;
    };
    if is_mobile(&first.text) || is_landline(&first.text) {
        return 1;
    }
    if let [area, local, ..] = groups
        && is_area(&area.text)
        && is_local(&local.text)
    {
        return 2;
    }
    if let Some(count) = spaced_mobile(groups) {
        return count;
    }
    let count = with_one_sign(groups);
    let parts = groups.get(..count).unwrap_or_default();
    if is_door(parts) || is_day(parts) { count } else { 0 }
}

/// How many groups from the first on have one and the same sign between them that is no space, and another one, or
/// nothing, on either side.
fn with_one_sign(groups: &[Group]) -> usize {
    let Some(sign) = groups
        .get(1)
        .map(|group| group.sign)
        .filter(|sign| !sign.is_whitespace())
    else {
        return 1;
    };
    if groups.first().is_some_and(|group| group.sign == sign) {
        return 1;
    }
    1 + groups
        .iter()
        .skip(1)
        .take_while(|group| group.sign == sign)
        .count()
}

fn lengths(groups: &[Group]) -> Vec<usize> {
    groups.iter().map(|group| group.text.len()).collect()
}

/// 138..., or 86138... as one.
fn is_mobile(text: &str) -> bool {
    let national = ["0086", "86"]
        .iter()
        .find_map(|code| text.strip_prefix(code))
        .unwrap_or(text);
    national.len() == 11 && national.starts_with('1') && !text.contains('X')
}

fn is_landline(text: &str) -> bool {
    (10..=12).contains(&text.len()) && text.starts_with('0') && !text.contains('X')
}

fn is_area(text: &str) -> bool {
    matches!(
        text.as_bytes(),
        [b'0', b'1' | b'2', _] | [b'0', b'3'..=b'9', _, _]
    )
}

fn is_local(text: &str) -> bool {
    matches!(text.len(), 7 | 8) && text.starts_with(|c: char| matches!(c, '2'..='9')) && !text.contains('X')
}

/// `138 0112 1234`, when another telephone number follows or nothing does: four groups more would be an identity number
/// in groups of four.
fn spaced_mobile(groups: &[Group]) -> Option<usize> {
    let first = groups.first()?;
    let lengths = lengths(groups.get(..3)?);
    let begins = first.text.starts_with('1')
        && matches!(lengths.as_slice(), [3, 4, 4] | [3, 3, 5] | [4, 3, 4] | [4, 4, 3]);
    let ends = match groups.get(3..)? {
        [] => true,
        [next, ..] => is_local(&next.text) || is_mobile(&next.text) || is_area(&next.text),
    };
    (begins && ends).then_some(3)
}

/// `3-2-501`, `12-501`, `3/2/5/501`: with one sign between the parts.
fn is_door(parts: &[Group]) -> bool {
    let lengths = lengths(parts);
    let [building, middle @ .., room] = lengths.as_slice() else {
        return false;
    };
    (1..=3).contains(building)
        && middle.len() <= 2
        && middle.iter().all(|part| *part <= 2)
        && (1..=5).contains(room)
        && parts.len() > 1
}

/// `2026-11-21`, `21.11.2026`.
fn is_day(parts: &[Group]) -> bool {
    let number = |group: &Group| group.text.parse::<u32>().unwrap_or(u32::MAX);
    let year = |group: &Group| group.text.len() == 4 && (1850..2100).contains(&number(group));
    let small = |group: &Group, most: u32| group.text.len() <= 2 && (1..=most).contains(&number(group));
    match parts {
        [y, m, d] => (year(y) && small(m, 12) && small(d, 31)) || (year(d) && small(y, 31) && small(m, 31)),
        [y, m] => year(y) && small(m, 12),
        _ => false,
    }
}
