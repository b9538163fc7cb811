//! Of whom a row of a register speaks: somebody of an earlier import, or somebody new.
//!
//! The [computed id](super::register_ids) has the name and the year of birth in it. Where somebody was imported with it,
//! that one is meant. Otherwise it is somebody of the same household whose name has the same one spelling
//! ([`person_name`]) and of whom no other row speaks:
//!
//! 1. with the same year of birth: only the spelling of the name has changed;
//! 2. the only one whose year was not known, when the row knows one: it is filled in;
//! 3. the only one, when the year of the row cannot be read. Where it may be several, nobody is written: either would
//!    be a guess, and somebody new would be there twice.

use std::collections::BTreeSet;

use shared::domain::name::person_name;
use shared::domain::resident;
use shared::ids::ResidentId;

use super::register_ids::PlannedResident;

/// A resident as earlier imports left them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierResident {
    /// Their id.
    pub id: ResidentId,
    /// Their name.
    pub name: String,
    /// Their year of birth.
    pub birth_year: Option<u16>,
}

/// The ids of a household's residents, in their order; `None` where it may be several.
///
/// `earlier` are the residents of that household in the order in which they were first imported.
pub fn ids_of(planned: &[PlannedResident], earlier: &[EarlierResident]) -> Vec<Option<ResidentId>> {
    let known: BTreeSet<ResidentId> = earlier.iter().map(|resident| resident.id).collect();
    let mut found: Vec<Option<ResidentId>> = planned
        .iter()
        .map(|row| known.contains(&row.id).then_some(row.id))
        .collect();
    let mut free: Vec<(ResidentId, String, Option<u16>)> = earlier
        .iter()
        .filter(|resident| !found.contains(&Some(resident.id)))
        .map(|resident| (resident.id, person_name(&resident.name), resident.birth_year))
        .collect();
    let mut unclear = BTreeSet::new();
    for step in [Step::SameYear, Step::YearFilledIn, Step::YearUnread] {
        for (place, row) in planned.iter().enumerate() {
            if found.get(place).is_none_or(Option::is_some) || !step.is_for(row) {
                continue;
            }
            let name = person_name(&row.resident.name);
            let mut fitting = free
                .iter()
                .enumerate()
                .filter(|(_, (_, other, year))| *other == name && step.fits(row.resident.birth_year, *year));
            let (first, more) = (fitting.next().map(|(at, _)| at), fitting.next().is_some());
            match first {
                Some(at) if !more || step == Step::SameYear => {
                    let id = free.remove(at).0;
                    found.get_mut(place).map(|found| found.replace(id));
                }
                Some(_) if step == Step::YearUnread => {
                    unclear.insert(place);
                }
                _ => {}
            }
        }
    }
    let new = planned.iter().map(|row| row.id);
    let all = found.into_iter().zip(new).enumerate();
    all.map(|(place, (found, new))| found.or((!unclear.contains(&place)).then_some(new)))
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    SameYear,
    YearFilledIn,
    YearUnread,
}

impl Step {
    fn is_for(self, row: &PlannedResident) -> bool {
        let is_unread = row.unread.contains(&resident::BIRTH_YEAR);
        match self {
            Self::SameYear => !is_unread,
            Self::YearFilledIn => row.resident.birth_year.is_some(),
            Self::YearUnread => is_unread,
        }
    }

    fn fits(self, of_row: Option<u16>, of_earlier: Option<u16>) -> bool {
        match self {
            Self::SameYear => of_row == of_earlier,
            Self::YearFilledIn => of_earlier.is_none(),
            Self::YearUnread => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::Resident;
    use shared::ids::HouseholdId;
    use uuid::Uuid;

    use super::*;

    fn id(number: u8) -> ResidentId {
        ResidentId(Uuid::from_bytes([number; 16]))
    }

    fn row(number: u8, name: &str, birth_year: Option<u16>) -> PlannedResident {
        let resident = Resident {
            birth_year,
            ..Resident::named(HouseholdId(Uuid::nil()), name)
        };
        PlannedResident {
            id: id(number),
            resident,
            unread: BTreeSet::new(),
        }
    }

    fn unread(number: u8, name: &str) -> PlannedResident {
        PlannedResident {
            unread: [resident::BIRTH_YEAR, resident::BIRTH_MONTH].into(),
            ..row(number, name, None)
        }
    }

    fn before(number: u8, name: &str, birth_year: Option<u16>) -> EarlierResident {
        EarlierResident {
            id: id(number),
            name: name.to_owned(),
            birth_year,
        }
    }

    #[test]
    fn a_name_that_is_spelled_otherwise_now_is_still_the_same_persons() {
        let earlier = [
            before(1, "阿卜杜拉•买买提", Some(1960)),
            before(2, "王⼩明", None),
            before(3, "李明", Some(1950)),
        ];
        let rows = [
            row(11, "王小明", None),
            row(12, "阿卜杜拉·买买提", Some(1960)),
            row(13, "李明", Some(1951)),
        ];
        assert_eq!(ids_of(&rows, &earlier), [Some(id(2)), Some(id(1)), Some(id(13))]);
        // Twice the same name and year: in the order of the rows.
        let twins = [before(1, "古丽•买", Some(1990)), before(2, "古丽•买", Some(1990))];
        let rows = [row(11, "古丽·买", Some(1990)), row(12, "古丽·买", Some(1990))];
        assert_eq!(ids_of(&rows, &twins), [Some(id(1)), Some(id(2))]);
    }

    #[test]
    fn a_year_that_cannot_be_read_is_that_of_the_only_one_of_that_name() {
        let earlier = [before(1, "张伟", Some(1960)), before(2, "李娜", Some(1962))];
        let rows = [unread(11, "张伟"), row(2, "李娜", Some(1962)), unread(13, "王芳")];
        assert_eq!(ids_of(&rows, &earlier), [Some(id(1)), Some(id(2)), Some(id(13))]);
        // Father and son.
        let earlier = [before(1, "张伟", Some(1935)), before(2, "张伟", Some(1960))];
        assert_eq!(ids_of(&[unread(11, "张伟")], &earlier), [None]);
        let rows = [unread(11, "张伟"), row(2, "张伟", Some(1960))];
        assert_eq!(ids_of(&rows, &earlier), [Some(id(1)), Some(id(2))]);
        assert_eq!(
            ids_of(&[unread(11, "张伟"), unread(12, "张伟")], &earlier),
            [None, None]
        );
    }

    #[test]
    fn a_year_that_was_not_known_is_filled_in() {
        let earlier = [before(1, "张伟", None)];
        assert_eq!(ids_of(&[row(11, "张伟", Some(1960))], &earlier), [Some(id(1))]);
        // The other row is that of the one whose year is not known.
        let rows = [row(11, "张伟", Some(1960)), row(1, "张伟", None)];
        assert_eq!(ids_of(&rows, &earlier), [Some(id(11)), Some(id(1))]);
    }
}
