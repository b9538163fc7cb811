//! How a door stands, in one word: the rule by which a building is drawn.

use serde::{Deserialize, Serialize};

use crate::clock::TimestampMs;
use crate::domain::date::CalendarDate;
use crate::domain::visit::Outcome;

/// How a door stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DoorState {
    /// 别去: the people there asked not to be visited yet.
    NoVisit,
    /// 到期: the day of a promise has come.
    Due,
    /// 承诺: something was promised and is not kept yet.
    Promised,
    /// 空户: nobody lives there.
    Vacant,
    /// How the last visit went.
    Last(Outcome),
    /// 未访: nobody has recorded a visit.
    NotVisited,
}

/// What is known of a door.
#[derive(Debug, Clone, Copy, Default)]
pub struct DoorFacts {
    /// "Please do not visit before".
    pub no_visit_before: Option<CalendarDate>,
    /// Nobody lives there.
    pub vacant: bool,
    /// The day of the promise that is due first, among those that are not kept; the inner `None` has no day.
    pub promise: Option<Option<CalendarDate>>,
    /// The last visit: how it went, and when it began.
    pub last: Option<(Outcome, TimestampMs)>,
}

impl DoorState {
    /// The state and the day that belongs to it. What forbids stands before what asks for a visit, and that before what
    /// has been.
    pub fn of(facts: &DoorFacts, today: CalendarDate) -> (Self, Option<CalendarDate>) {
        let limit = facts.no_visit_before.filter(|day| *day > today);
        match (facts.promise, facts.last) {
            _ if limit.is_some() => (Self::NoVisit, limit),
            (Some(Some(day)), _) if day <= today => (Self::Due, Some(day)),
            (Some(day), _) => (Self::Promised, day),
            _ if facts.vacant => (Self::Vacant, None),
            (None, Some((outcome, at))) => (Self::Last(outcome), Some(CalendarDate::of_ms(at))),
            (None, None) => (Self::NotVisited, None),
        }
    }

    /// The code in language files and styles.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoVisit => "no_visit",
            Self::Due => "due",
            Self::Promised => "promised",
            Self::Vacant => "vacant",
            Self::Last(outcome) => outcome.code(),
            Self::NotVisited => "not_visited",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forbids_stands_before_what_asks_and_that_before_what_has_been() {
        let today = CalendarDate::parse("2026-11-30").unwrap();
        let tomorrow = today.plus_days(1);
        let met = Some((Outcome::Met, today.start_ms()));
        let nothing = DoorFacts::default();
        let everything = DoorFacts {
            no_visit_before: Some(tomorrow),
            vacant: true,
            promise: Some(Some(today)),
            last: met,
        };
        let no_limit = DoorFacts {
            no_visit_before: Some(today),
            ..everything
        };
        let later = DoorFacts {
            promise: Some(Some(tomorrow)),
            ..no_limit
        };
        let some_day = DoorFacts {
            promise: Some(None),
            ..no_limit
        };
        let vacant = DoorFacts {
            promise: None,
            ..no_limit
        };
        let lived_in = DoorFacts {
            vacant: false,
            ..vacant
        };
        for (facts, state, day) in [
            (everything, "no_visit", Some(tomorrow)),
            (no_limit, "due", Some(today)),
            (later, "promised", Some(tomorrow)),
            (some_day, "promised", None),
            (vacant, "vacant", None),
            (lived_in, "met", Some(today)),
            (nothing, "not_visited", None),
        ] {
            let (found, of_day) = DoorState::of(&facts, today);
            assert_eq!((found.code(), of_day), (state, day), "{facts:?}");
        }
    }
}
