//! The state of a visit form, without anything drawn.

use replica::api::VisitDraft;
use shared::clock::TimestampMs;
use shared::domain::visit::{Outcome, Purpose};
use shared::ids::{HouseholdId, ResidentId};

/// What was touched on this page. What was not may still be filled from the kept draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Touched {
    /// Outcome, purpose, who was met, needs or phrases.
    pub(crate) choices: bool,
    /// The note.
    pub(crate) note: bool,
    /// The promise or its day.
    pub(crate) promise: bool,
}

impl Touched {
    /// Anything at all.
    pub(crate) fn any(self) -> bool {
        self.choices || self.note || self.promise
    }
}

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

/// Brings the kept draft together with what was typed while it was being read.
///
/// Nothing typed is lost: texts that both have are joined.
pub(crate) fn merged(kept: VisitDraft, typed: &VisitDraft, touched: Touched) -> VisitDraft {
    let mut form = kept;
    if touched.choices {
        form.outcome = typed.outcome;
        form.purpose = typed.purpose;
        form.met.clone_from(&typed.met);
        form.needs.clone_from(&typed.needs);
        form.phrases.clone_from(&typed.phrases);
    }
    if touched.note {
        form.note = joined(&form.note, &typed.note);
    }
    if touched.promise {
        form.promise = joined(&form.promise, &typed.promise);
        form.promise_due = typed.promise_due.or(form.promise_due);
    }
    form
}

fn joined(kept: &str, typed: &str) -> String {
    match (kept.is_empty(), typed.is_empty()) {
        (true, _) => typed.to_owned(),
        (_, true) => kept.to_owned(),
        _ => format!("{kept}\n{typed}"),
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

/// What will be saved: nobody is met at a closed door, a day without a promise is none.
pub(crate) fn settled(form: &VisitDraft) -> VisitDraft {
    let mut form = form.clone();
    if form.outcome != Some(Outcome::Met) {
        form.met.clear();
    }
    form.note = form.note.trim().to_owned();
    form.promise = form.promise.trim().to_owned();
    form
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::domain::CalendarDate;

    fn household() -> HouseholdId {
        "01930000-0000-7000-8000-000000000001".parse().unwrap()
    }

    #[test]
    fn what_was_typed_while_the_draft_was_read_is_not_lost() {
        let mut kept = fresh(household(), 1_000);
        kept.note = "楼道灯坏了".to_owned();
        kept.outcome = Some(Outcome::NotAtHome);
        let mut typed = fresh(household(), 2_000);
        typed.note = "三楼".to_owned();
        let form = merged(
            kept.clone(),
            &typed,
            Touched {
                note: true,
                ..Touched::default()
            },
        );
        assert_eq!(form.note, "楼道灯坏了\n三楼");
        assert_eq!(form.outcome, Some(Outcome::NotAtHome));
        assert_eq!(form.started_at, 1_000);
        assert_eq!(merged(kept.clone(), &typed, Touched::default()), kept);
    }

    #[test]
    fn nobody_is_met_at_a_closed_door() {
        let resident: ResidentId = "01930000-0000-7000-8000-000000000002".parse().unwrap();
        let mut form = fresh(household(), 1_000);
        form.met = obvious_met(&[resident]);
        assert_eq!(settled(&form).met, vec![resident]);
        form.outcome = Some(Outcome::NotAtHome);
        assert!(settled(&form).met.is_empty());
        assert!(obvious_met(&[resident, resident]).is_empty());
    }

    #[test]
    fn a_day_without_a_promise_is_refused_with_its_reason_not_dropped() {
        let mut form = fresh(household(), 1_000);
        form.promise_due = CalendarDate::parse("2026-11-24");
        assert_eq!(settled(&form).promise_due, form.promise_due);
    }
}
