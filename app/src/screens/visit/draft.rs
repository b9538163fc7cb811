//! The state of a visit form, without anything drawn.

use replica::api::VisitDraft;
use shared::clock::TimestampMs;
use shared::domain::visit::{Outcome, Purpose};
use shared::ids::{HouseholdId, ResidentId};

/// A fresh form. How it went is said by nobody yet: a form that nobody touched is no visit.
pub(crate) fn fresh(household: HouseholdId, now: TimestampMs) -> VisitDraft {
    VisitDraft {
        household,
        outcome: None,
        met: Vec::new(),
        purpose: Some(Purpose::Routine),
        phrases: Vec::new(),
        note: String::new(),
        needs: Vec::new(),
        promise: String::new(),
        promise_due: None,
        started_at: now,
    }
}

/// Whoever says more than how it went was there: it stands as met from the first word or tap on, where everybody sees it
/// and can change it.
pub(crate) fn imply_met(visit: &mut VisitDraft) {
    let says_something = !visit.met.is_empty()
        || !visit.phrases.is_empty()
        || !visit.needs.is_empty()
        || !visit.note.trim().is_empty()
        || !visit.promise.trim().is_empty();
    if visit.outcome.is_none() && says_something {
        visit.outcome = Some(Outcome::Met);
    }
}

/// Who was met, when there is no question: the only resident.
pub(crate) fn obvious_met(residents: &[ResidentId]) -> Vec<ResidentId> {
    if let [only] = residents {
        vec![*only]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_nobody_touched_says_nothing_and_the_first_word_says_met() {
        let household = "01930000-0000-7000-8000-000000000001".parse().unwrap();
        let mut visit = fresh(household, 1);
        imply_met(&mut visit);
        assert_eq!(visit.outcome, None);
        visit.note = " ".to_owned();
        imply_met(&mut visit);
        assert_eq!(visit.outcome, None);
        let mut declined = fresh(household, 1);
        declined.outcome = Some(Outcome::Declined);
        for visit in [&mut visit, &mut declined] {
            visit.note = "门口聊了几句".to_owned();
            imply_met(visit);
        }
        assert_eq!(
            [visit.outcome, declined.outcome],
            [Some(Outcome::Met), Some(Outcome::Declined)]
        );
    }

    #[test]
    fn only_who_lives_there_alone_is_met_without_a_tap() {
        let resident: ResidentId = "01930000-0000-7000-8000-000000000002".parse().unwrap();
        assert_eq!(obvious_met(&[resident]), [resident]);
        assert!(obvious_met(&[resident, resident]).is_empty());
    }
}
