//! Care 关怀: by which rule somebody is visited, when the next visit is due, and until when another one would be too soon.
//!
//! Pure: the day is an argument, and the order of what is given never matters. What a need asks for is a [`Pace`]: a
//! floor (at least one visit in so many days) and a ceiling (at most one). The community decides it by a
//! [care rule](super::care_rule), else its street, else what is [`shipped`]. A visit counts for a person when that
//! person was met, and its purpose counts by the rule; meeting somebody else of the household does not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::care_rule::{AT_LEAST_DAYS, AT_MOST_DAYS, NEED, PURPOSES};
use super::date::CalendarDate;
use super::need::Need;
use super::value::{Fields, field};
use super::visit::{Outcome, Purpose, Visit};
use crate::ids::{AreaCode, AreaLevel, ResidentId};

/// How often people with a need are visited. Empty bounds ask for nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Pace {
    /// The floor: at least one visit in so many days.
    pub at_least_days: Option<u16>,
    /// The ceiling: at most one visit in so many days, no more than the floor.
    pub at_most_days: Option<u16>,
    /// Purposes of the visits that count; all when empty.
    pub purposes: BTreeSet<Purpose>,
}

/// What applies when neither community nor street has decided. **These figures are ours**, not those of a regulation:
/// often enough that nobody is forgotten, seldom enough that nobody is bothered, and every community sets its own.
pub fn shipped(need: Need) -> Pace {
    let (at_least_days, at_most_days) = match need {
        // A fall in an empty flat must not go unnoticed for longer than a week.
        Need::LivesAlone => (Some(7), Some(3)),
        // Shopping and medicine last about two weeks.
        Need::Mobility => (Some(14), Some(5)),
        // Medicine is prescribed for a month.
        Need::ChronicIllness => (Some(30), Some(7)),
        Need::HearingSight => (Some(30), Some(7)),
        Need::DisabilityService => (Some(30), Some(7)),
        // A child tells little on one visit, and more to a face that it knows.
        Need::ChildLeftBehind => (Some(14), Some(5)),
        // Somebody with a newborn wants to be asked, and to sleep.
        Need::NewMother => (Some(30), Some(14)),
        // What is granted changes by the quarter.
        Need::LowIncomeSupport => (Some(90), Some(30)),
        // Once to say hello, then like everybody else.
        Need::NewInArea => (Some(90), Some(30)),
        // Says how to speak with somebody, and is no reason to come.
        Need::LanguageHelp => (None, None),
    };
    Pace {
        at_least_days,
        at_most_days,
        purposes: BTreeSet::new(),
    }
}

/// Who decided a pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DecidedBy {
    /// Nobody yet: what is shipped.
    Shipped,
    /// The street.
    Street,
    /// The community.
    Community,
}

/// A care rule as it is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CareRule {
    /// Its id.
    pub id: Uuid,
    /// The common area of the community or street that decided it.
    pub area: AreaCode,
    /// The need.
    pub need: Need,
    /// How often.
    pub pace: Pace,
}

impl CareRule {
    /// The rule in a record's fields; `None` when its need is none that this version knows.
    pub fn from_fields(id: Uuid, area: AreaCode, fields: &dyn Fields) -> Option<Self> {
        let number = |id| field(fields, id).as_int();
        let days = |id| number(id).and_then(|days| u16::try_from(days).ok());
        let purposes = field(fields, PURPOSES).as_numbers().iter();
        Some(Self {
            id,
            area,
            need: Need::from_number(u64::try_from(number(NEED)?).ok()?)?,
            pace: Pace {
                at_least_days: days(AT_LEAST_DAYS),
                at_most_days: days(AT_MOST_DAYS),
                purposes: purposes
                    .filter_map(|number| Purpose::from_number(*number))
                    .collect(),
            },
        })
    }
}

/// The pace of a need where a household lies: the community's rule, else the street's, else what is shipped. A rule
/// without days says that this need asks for no visits. Of several rules of one place the one that was made last holds.
pub fn pace(need: Need, area: &AreaCode, rules: &[CareRule]) -> (DecidedBy, Pace) {
    for place in area.reached_from() {
        let here = rules
            .iter()
            .filter(|rule| rule.need == need && rule.area == place);
        // Ids are drawn in the order of time.
        if let Some(rule) = here.max_by_key(|rule| rule.id) {
            let decided_by = match place.decides_for().map(|area| area.level()) {
                Some(AreaLevel::Community) => DecidedBy::Community,
                _ => DecidedBy::Street,
            };
            return (decided_by, rule.pace.clone());
        }
    }
    (DecidedBy::Shipped, shipped(need))
}

/// A visit on which somebody was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meeting {
    /// The day.
    pub on: CalendarDate,
    /// Why the visit was made.
    pub purpose: Purpose,
}

/// The meeting with somebody, who may be recorded under several ids; `None` for a visit on which they were not met.
pub fn meeting(visit: &Visit, person: &[ResidentId]) -> Option<Meeting> {
    let was_met = visit.outcome == Outcome::Met && visit.met.iter().any(|met| person.contains(met));
    was_met.then(|| Meeting {
        on: CalendarDate::of_ms(visit.started_at),
        purpose: visit.purpose,
    })
}

impl Pace {
    /// Whether a visit of this purpose counts.
    pub fn counts(&self, purpose: Purpose) -> bool {
        self.purposes.is_empty() || self.purposes.contains(&purpose)
    }

    /// The last of these meetings that counts.
    pub fn last(&self, meetings: &[Meeting]) -> Option<CalendarDate> {
        let counting = meetings.iter().filter(|meeting| self.counts(meeting.purpose));
        counting.map(|meeting| meeting.on).max()
    }
}

/// What a need of somebody asks for, and when it was last answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The need.
    pub need: Need,
    /// Who decided the pace.
    pub decided_by: DecidedBy,
    /// How often.
    pub pace: Pace,
    /// The last visit that counted; `None` for never.
    pub last: Option<CalendarDate>,
}

/// The next visit that somebody is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The day. Who was never met is due today.
    pub on: CalendarDate,
    /// The need that asks for it.
    pub need: Need,
    /// At least one visit in so many days.
    pub every_days: u16,
    /// Who decided that.
    pub decided_by: DecidedBy,
    /// The last visit that counted.
    pub last: Option<CalendarDate>,
}

/// Another visit so early is more than was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TooSoon {
    /// The first day that is not too soon.
    pub until: CalendarDate,
    /// The need whose ceiling it is.
    pub need: Need,
    /// At most one visit in so many days.
    pub within_days: u16,
    /// The visit that there was already.
    pub last: CalendarDate,
}

/// How it stands with the visits to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Standing {
    /// The next visit, of all needs the earliest; `None` when nothing asks for one.
    pub due: Option<Due>,
    /// Today would be too soon, by the strictest ceiling. Never while a visit is due.
    pub too_soon: Option<TooSoon>,
}

impl Standing {
    /// How it stands on a day.
    pub fn of(claims: &[Claim], today: CalendarDate) -> Self {
        let due = claims
            .iter()
            .filter_map(|claim| claim.due(today))
            .min_by_key(|due| (due.on, due.every_days, due.need));
        let is_due = due.is_some_and(|due| due.on <= today);
        let too_soon = claims
            .iter()
            .filter_map(Claim::too_soon)
            .filter(|too_soon| !is_due && today < too_soon.until)
            .max_by_key(|too_soon| (too_soon.until, too_soon.within_days, too_soon.need));
        Self { due, too_soon }
    }

    /// The visit that is due on this day or was due before.
    pub fn due_by(&self, today: CalendarDate) -> Option<Due> {
        self.due.filter(|due| due.on <= today)
    }
}

impl Claim {
    fn due(&self, today: CalendarDate) -> Option<Due> {
        let every_days = self.pace.at_least_days?;
        let on = self
            .last
            .map_or(today, |last| last.plus_days(i64::from(every_days)));
        Some(Due {
            on,
            need: self.need,
            every_days,
            decided_by: self.decided_by,
            last: self.last,
        })
    }

    fn too_soon(&self) -> Option<TooSoon> {
        let (within_days, last) = (self.pace.at_most_days?, self.last?);
        Some(TooSoon {
            until: last.plus_days(i64::from(within_days)),
            need: self.need,
            within_days,
            last,
        })
    }
}

#[cfg(test)]
#[path = "care_tests.rs"]
mod tests;
