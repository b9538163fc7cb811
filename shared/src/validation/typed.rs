//! What somebody typed, as it is kept.

use crate::change::Change;
use crate::domain::name::person_name;
use crate::domain::resident;
use crate::domain::schema::{FieldId, RecordKind};
use crate::domain::spelling::visible;
use crate::domain::value::Value;

/// Brings every text of a change into the form in which it is kept: without what nobody sees, line ends of one kind, no
/// blanks around it, a name in its one spelling. Devices do this before they check and save, whichever form or field the
/// text comes from.
pub fn as_kept(kind: RecordKind, change: &mut Change) {
    for write in &mut change.writes {
        if let Value::Text(text) = &write.value {
            write.value = Value::text(&text_as_kept(kind, write.field, text));
        }
    }
    if let Some(event) = &mut change.event {
        for text in [&mut event.note, &mut event.target] {
            *text = visible(text).trim().to_owned();
        }
    }
}

/// A text of a field in the form in which it is kept.
pub fn text_as_kept(kind: RecordKind, field: FieldId, text: &str) -> String {
    match (kind, field) {
        (RecordKind::RESIDENT, resident::NAME) => person_name(text),
        // It has one line on every screen.
        _ if kind.spec().and_then(|spec| spec.title) == Some(field) => {
            visible(text).trim().replace('\n', " ")
        }
        _ => visible(text).trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::change::Operation;
    use crate::crdt::RecordState;
    use crate::domain::issue::{Event, Step};
    use crate::domain::schema::RecordRef;
    use crate::domain::value::FieldMap;
    use crate::domain::{issue, visit};
    use crate::testing::FakeDevice;
    use crate::validation::validate;

    fn kept(kind: RecordKind, field: FieldId, typed: &str) -> String {
        let fields = FieldMap::from_iter([(field, Value::text(typed))]);
        let mut change = RecordState::change_to(kind, None, fields);
        as_kept(kind, &mut change);
        change
            .writes
            .first()
            .map(|write| write.value.as_text().to_owned())
            .unwrap_or_default()
    }

    #[test]
    fn a_pasted_vertical_tab_becomes_a_line_end_and_the_note_is_accepted() {
        assert_eq!(
            kept(RecordKind::VISIT, visit::NOTE, " 灯坏了\u{b}二楼\u{feff} "),
            "灯坏了\n二楼"
        );
        assert_eq!(
            kept(RecordKind::ISSUE, issue::TITLE, "灯坏了\u{2028}二楼"),
            "灯坏了 二楼"
        );
        assert_eq!(kept(RecordKind::RESIDENT, resident::NAME, "⽅ 远\u{7f}"), "方远");
        let visit = visit::Visit {
            household: crate::ids::HouseholdId(Uuid::from_bytes([1; 16])),
            outcome: visit::Outcome::Met,
            met: Vec::new(),
            purpose: visit::Purpose::Routine,
            phrases: Vec::new(),
            note: "灯坏了\u{b}二楼\u{7f}".into(),
            needs: Vec::new(),
            promise: String::new(),
            promise_due: None,
            promise_kept_on: None,
            started_at: 1_790_000_000_000,
        };
        let mut change = RecordState::change_to(RecordKind::VISIT, None, visit.to_fields());
        let record = RecordRef::new(RecordKind::VISIT, Uuid::from_bytes([2; 16]));
        let made = |change: Change| -> Operation {
            FakeDevice::numbered(1).operation(1_790_000_000_000, record, change)
        };
        // As it was typed the server refuses it, and so would the device.
        assert!(validate(&made(change.clone()), None).is_err());
        as_kept(RecordKind::VISIT, &mut change);
        assert_eq!(validate(&made(change), None), Ok(()));
    }

    #[test]
    fn the_words_of_a_step_are_kept_the_same_way() {
        let mut event = Event::of(Step::Reported);
        event.note = " 已报\u{b}物业\u{200b}".to_owned();
        let mut change = RecordState::step(None, event);
        as_kept(RecordKind::ISSUE, &mut change);
        assert_eq!(
            change.event.map(|event| event.note).as_deref(),
            Some("已报\n物业")
        );
    }
}
