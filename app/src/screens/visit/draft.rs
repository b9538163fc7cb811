//! The state of a visit form, without anything drawn.

use replica::api::VisitDraft;
use shared::clock::TimestampMs;
use shared::domain::visit::{Outcome, Purpose};
use shared::ids::{HouseholdId, ResidentId};

/// A fresh form: what is most often right is chosen already.
pub(crate) fn fresh(household: HouseholdId, now: TimestampMs) -> VisitDraft {
    VisitDraft {
        household,
        outcome: Some(Outcome::Met),
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
    fn only_who_lives_there_alone_is_met_without_a_tap() {
        let resident: ResidentId = "01930000-0000-7000-8000-000000000002".parse().unwrap();
        assert_eq!(obvious_met(&[resident]), [resident]);
        assert!(obvious_met(&[resident, resident]).is_empty());
    }
}
