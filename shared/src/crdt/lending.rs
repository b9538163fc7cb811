//! Lending: whose besides its area's a record is, as its life says.
//!
//! ```text
//!   dispatched to unit U ──► lent to U ──► returned, merged, dispatched elsewhere, removed: not any more
//!                                    └───► confirmed or rated: for 30 days more, unless it is opened again
//! ```
//!
//! Pure like the [life](super::life) that it follows from: server and devices come to the same from the same operations.

use uuid::Uuid;

use super::record::RecordState;
use crate::clock::TimestampMs;
use crate::domain::life_cycle::LENT_AFTER_CLOSING_MS;
use crate::domain::schema::RecordKind;
use crate::ids::AreaCode;

/// A record is lent to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lent {
    /// The unit, by the id of its record.
    pub to: Uuid,
    /// Until when, ms; `None` while it is open.
    pub until: Option<TimestampMs>,
}

impl Lent {
    /// The area of the unit.
    pub fn area(&self) -> AreaCode {
        AreaCode::of_unit(self.to)
    }

    /// Whether it is over at a time, ms.
    pub fn is_over(&self, now_ms: TimestampMs) -> bool {
        self.until.is_some_and(|until| until <= now_ms)
    }
}

impl RecordState {
    /// Whom the record is lent to; `None` also for a removed one, and for kinds that are lent to nobody.
    pub fn lent(&self, kind: RecordKind) -> Option<Lent> {
        let life = self.life(kind).filter(|_| !self.is_removed())?;
        Some(Lent {
            to: life.lent_to?,
            until: life
                .closed_at
                .map(|closed_at| closed_at.saturating_add(LENT_AFTER_CLOSING_MS)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Change, Operation};
    use crate::clock::Stamp;
    use crate::domain::RecordRef;
    use crate::domain::issue::{Event, Step};
    use crate::ids::{DeviceId, WorkerId};

    const UNIT: Uuid = Uuid::from_u128(0x11);
    const OTHER: Uuid = Uuid::from_u128(0x22);

    /// The steps of one device, a ms apart.
    fn state(steps: &[(Step, &str)]) -> RecordState {
        let mut state: Option<RecordState> = None;
        for ((step, target), seq) in steps.iter().zip(1..) {
            let event = Event {
                target: (*target).to_owned(),
                ..Event::of(*step)
            };
            let operation = Operation {
                device: DeviceId(Uuid::from_u128(1)),
                seq,
                author: WorkerId(Uuid::from_u128(seq.into())),
                stamp: Stamp { ms: seq, counter: 0 },
                area: AreaCode::new("130803001001-01").unwrap(),
                record: RecordRef::new(RecordKind::ISSUE, Uuid::from_u128(7)),
                change: RecordState::step(state.as_ref(), event),
            };
            match &mut state {
                Some(state) => state.apply(&operation, None),
                None => state = Some(RecordState::start(&operation, None)),
            }
        }
        state.unwrap()
    }

    fn lent(steps: &[(Step, &str)]) -> Option<(Uuid, Option<TimestampMs>)> {
        let lent = state(steps).lent(RecordKind::ISSUE);
        lent.map(|lent| (lent.to, lent.until))
    }

    #[test]
    fn it_is_lent_from_the_dispatch_to_what_ends_it() {
        use Step::*;
        let (unit, other) = (UNIT.to_string(), OTHER.to_string());
        let sent = [(Reported, ""), (Assigned, unit.as_str())];
        assert_eq!(lent(&sent[..1]), None);
        assert_eq!(lent(&sent), Some((UNIT, None)));
        assert_eq!(lent(&[sent[0], (Assigned, "物业")]), None, "in words");
        let and = |more: &[(Step, &'static str)]| lent(&[&sent, more].concat());
        let worked = and(&[(Accepted, ""), (InProgress, ""), (Resolved, "")]);
        assert_eq!(worked, Some((UNIT, None)));
        assert_eq!(and(&[(Returned, "")]), None);
        let into = "00000000-0000-0000-0000-000000000009";
        assert_eq!(and(&[(MergedInto, into)]), None);
        let elsewhere = lent(&[sent[0], sent[1], (Assigned, other.as_str())]);
        assert_eq!(elsewhere, Some((OTHER, None)));
        assert_eq!(and(&[(Assigned, "物业")]), None);
        // A step that does not count ends nothing.
        assert_eq!(and(&[(Resolved, ""), (Returned, "")]), Some((UNIT, None)));
    }

    #[test]
    fn it_ends_thirty_days_after_it_was_closed_first() {
        use Step::*;
        let unit = UNIT.to_string();
        let closed = [
            (Reported, ""),
            (Assigned, unit.as_str()),
            (Resolved, ""),
            (Confirmed, ""),
            (Closed, "5"),
            (Reopened, ""),
            (Resolved, ""),
            (Confirmed, ""),
        ];
        let until = |ms| Some((UNIT, Some(ms + LENT_AFTER_CLOSING_MS)));
        assert_eq!(lent(&closed[..3]), Some((UNIT, None)));
        assert_eq!(lent(&closed[..4]), until(4));
        assert_eq!(lent(&closed[..5]), until(4), "rated later");
        assert_eq!(lent(&closed[..6]), Some((UNIT, None)), "open again");
        assert_eq!(lent(&closed), until(8));
        let over = state(&closed[..4]).lent(RecordKind::ISSUE).unwrap();
        assert!(!over.is_over(3 + LENT_AFTER_CLOSING_MS) && over.is_over(4 + LENT_AFTER_CLOSING_MS));
    }

    #[test]
    fn what_was_removed_is_lent_to_nobody() {
        use Step::*;
        let unit = UNIT.to_string();
        let mut state = state(&[(Reported, ""), (Assigned, unit.as_str())]);
        let removal = |change: Change, seq| Operation {
            device: DeviceId(Uuid::from_u128(2)),
            seq,
            author: WorkerId(Uuid::from_u128(5)),
            stamp: Stamp {
                ms: 10 + seq,
                counter: 0,
            },
            area: AreaCode::new("130803001001-01").unwrap(),
            record: RecordRef::new(RecordKind::ISSUE, Uuid::from_u128(7)),
            change,
        };
        state.apply(&removal(state.removal(), 1), None);
        assert_eq!(state.lent(RecordKind::ISSUE), None);
        let kept = state.keep(RecordKind::ISSUE).unwrap();
        state.apply(&removal(kept, 2), None);
        assert_eq!(state.lent(RecordKind::ISSUE).map(|lent| lent.to), Some(UNIT));
    }
}
