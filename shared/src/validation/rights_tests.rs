//! The rights as they are meant, written by hand: every role, every kind, every action.

use uuid::Uuid;

use super::*;
use crate::change::{MemberEdit, Write};
use crate::domain::issue::{self, Event, LIFE_CYCLE, Step};
use crate::domain::rights::Rights;
use crate::domain::schema::{FieldMerge, RecordRef, kinds};
use crate::domain::value::Value;
use crate::testing::FakeDevice;

/// `h`old, `c`reate, `e`dit, `r`emove; `-` for not.
const MEANT: &[(&str, &[&str; 6])] = &[
    //            member  superv. admin.  resp.   volunt. auditor
    ("household", &["hcer", "hcer", "hcer", "----", "----", "----"]),
    ("resident", &["hcer", "hcer", "hcer", "----", "----", "----"]),
    ("visit", &["hcer", "hcer", "hcer", "----", "----", "----"]),
    ("issue", &["hcer", "hcer", "hcer", "h---", "----", "----"]),
    ("photo", &["hcer", "hcer", "hcer", "hc--", "----", "----"]),
    ("unit", &["h---", "hcer", "hcer", "----", "----", "----"]),
    ("category", &["h---", "hcer", "hcer", "----", "----", "----"]),
    ("care_rule", &["h---", "hcer", "hcer", "----", "----", "----"]),
];

/// Who takes a step of an issue that somebody else made: `m`ember, `s`upervisor, `a`dministrator, `r`esponder.
const STEPS: &[(&str, &str)] = &[
    ("reported", "msa"),
    ("handled_on_the_spot", "msa"),
    ("accepted", "msar"),
    ("assigned", "sa"),
    ("in_progress", "msar"),
    ("resolved", "msar"),
    ("confirmed", "sa"),
    ("closed", "sa"),
    ("returned", "sar"),
    ("reopened", "msa"),
    ("merged_into", "sa"),
];

fn role_of(letter: char) -> Role {
    match letter {
        'm' => Role::Member,
        's' => Role::Supervisor,
        'a' => Role::Administrator,
        'r' => Role::Responder,
        other => panic!("no role: {other}"),
    }
}

/// A record of the kind that somebody made.
fn made(kind: RecordKind) -> RecordState {
    let record = RecordRef::new(kind, Uuid::from_bytes([9; 16]));
    let mut amina = FakeDevice::numbered(1);
    RecordState::start(&amina.operation(1, record, a_write(kind)), None)
}

fn a_write(kind: RecordKind) -> Change {
    let field = kind.never_without().unwrap();
    Change {
        writes: vec![Write {
            field,
            value: Value::Int(1),
            seen: Default::default(),
        }],
        ..Change::default()
    }
}

fn may(kind: RecordKind, change: &Change, role: Role, state: Option<&RecordState>) -> bool {
    check_rights(kind, change, FakeDevice::numbered(2).worker, role, state).is_ok()
}

#[test]
fn every_role_may_do_with_every_kind_what_is_meant_and_nothing_else() {
    let meant: Vec<&str> = MEANT.iter().map(|(kind, _)| *kind).collect();
    let described: Vec<&str> = kinds().map(|spec| spec.name).collect();
    assert_eq!(meant, described, "each kind has a line");
    assert_eq!(Role::ALL.len(), 6, "each role has a column");
    for (spec, (_, cells)) in kinds().zip(MEANT) {
        let state = made(spec.kind);
        for (role, cell) in Role::ALL.iter().zip(cells.iter()) {
            let letter = |letter: char, is: bool| if is { letter } else { '-' };
            let mut found = String::new();
            found.push(letter('h', spec.rights.hold.contains(*role)));
            found.push(letter('c', may(spec.kind, &a_write(spec.kind), *role, None)));
            let edits = spec
                .fields
                .iter()
                .filter(|field| Some(field.id) != spec.kept_after_removal);
            let edited: Vec<bool> = edits
                .map(|field| {
                    let mut change = Change::default();
                    match field.merge {
                        FieldMerge::Register => change.writes.push(Write {
                            field: field.id,
                            value: Value::Null,
                            seen: Default::default(),
                        }),
                        FieldMerge::Set => change.members.push(MemberEdit {
                            field: field.id,
                            member: 1,
                            removes: None,
                        }),
                    }
                    may(spec.kind, &change, *role, Some(&state))
                })
                .collect();
            assert!(
                edited.iter().all(|may| Some(may) == edited.first()),
                "no field is an exception yet"
            );
            found.push(letter('e', edited.first() == Some(&true)));
            let removed = may(spec.kind, &state.removal(), *role, Some(&state));
            let kept = state.keep(spec.kind);
            assert!(kept.is_none_or(|kept| may(spec.kind, &kept, *role, Some(&state)) == removed));
            found.push(letter('r', removed));
            assert_eq!(found, *cell, "{} {}", spec.name, role.code());
        }
    }
}

#[test]
fn every_step_is_taken_by_whom_it_is_meant_for() {
    let meant: Vec<&str> = STEPS.iter().map(|(step, _)| *step).collect();
    let listed: Vec<&str> = Step::ALL.iter().map(|step| step.code()).collect();
    assert_eq!(meant, listed, "each step has a line");
    let state = made(RecordKind::ISSUE);
    for (step, (_, letters)) in Step::ALL.iter().zip(STEPS) {
        let change = RecordState::step(Some(&state), Event::of(*step));
        for role in Role::ALL {
            let is_meant = letters.chars().any(|letter| role_of(letter) == *role);
            let found = may(RecordKind::ISSUE, &change, *role, Some(&state));
            assert_eq!(found, is_meant, "{} {}", step.code(), role.code());
        }
    }
    // Who reported it says that it was put right, also as a member.
    let confirmed = RecordState::step(Some(&state), Event::of(Step::Confirmed));
    let amina = FakeDevice::numbered(1).worker;
    let by_maker = |role| check_rights(RecordKind::ISSUE, &confirmed, amina, role, Some(&state));
    assert_eq!(by_maker(Role::Member), Ok(()));
    assert_eq!(by_maker(Role::Volunteer).unwrap_err().code, "right.none");
    assert_eq!(LIFE_CYCLE.steps.members.len(), STEPS.len());
}

/// Without a step the mark that goes with it is an edit like any other.
#[test]
fn the_mark_of_a_step_alone_is_an_edit() {
    let state = made(RecordKind::ISSUE);
    let mut alone = RecordState::step(Some(&state), Event::of(Step::Accepted));
    alone.event = None;
    assert_eq!(alone.writes[0].field, issue::STEPS_SEEN);
    assert!(!may(RecordKind::ISSUE, &alone, Role::Responder, Some(&state)));
}

#[test]
fn of_a_kind_of_a_later_version_who_works_in_the_area_decides() {
    let kind = RecordKind(99);
    let change = Change {
        removal: Some(Default::default()),
        ..Change::default()
    };
    assert!(may(kind, &change, Role::Member, None));
    assert!(!may(kind, &change, Role::Responder, None));
}

/// What is another role's is not written by whoever makes the record either.
#[test]
fn a_field_that_is_another_roles_is_so_from_the_first_operation_on() {
    static RIGHTS: Rights = Rights {
        fields: &[(issue::NOTE, Roles::SUPERVISORS)],
        ..Rights::OF_WORKERS
    };
    let spec = KindSpec {
        rights: &RIGHTS,
        fields: &[],
        ..*RecordKind::ISSUE.spec().unwrap()
    };
    let writes = |field| Change {
        writes: vec![Write {
            field,
            value: Value::text("x"),
            seen: Default::default(),
        }],
        ..Change::default()
    };
    for is_new in [true, false] {
        let code = |field, role| {
            check_parts(&spec, &writes(field), role, is_new)
                .err()
                .map(|refused| refused.code)
        };
        assert_eq!(code(issue::NOTE, Role::Member), Some("right.edit"), "{is_new}");
        assert_eq!(code(issue::NOTE, Role::Supervisor), None);
        assert_eq!(code(issue::TITLE, Role::Member), None);
    }
}

/// A record begins with a step that makes it, and nobody is the maker of one that was never reported.
#[test]
fn no_record_begins_with_a_step_that_only_goes_on() {
    for step in Step::ALL {
        let change = RecordState::step(None, Event::of(*step));
        let begins = matches!(step, Step::Reported | Step::HandledOnTheSpot);
        assert_eq!(
            may(RecordKind::ISSUE, &change, Role::Supervisor, None),
            begins,
            "{}",
            step.code()
        );
    }
}
