//! What a correction writes: what its form changed, and nothing that others wrote meanwhile.

use shared::domain::household::DoorWarning;
use shared::domain::visit::Outcome;
use shared::domain::{CalendarDate, Need, household, resident};
use shared::ids::ResidentId;

use super::*;

async fn two() -> (World, Phone, Phone) {
    let world = World::new().await;
    let amina = world.phone("amina", Role::Member, &[GRID]).await;
    let joao = world.phone("joao", Role::Member, &[GRID]).await;
    (world, amina, joao)
}

fn person(id: ResidentId) -> RecordRef {
    RecordRef::new(RecordKind::RESIDENT, id)
}

fn home(id: HouseholdId) -> RecordRef {
    RecordRef::new(RecordKind::HOUSEHOLD, id)
}

fn write(phone: &mut Phone, record: RecordRef, field: shared::domain::schema::FieldId, value: Value) {
    let fields = FieldMap::from_iter([(field, value)]);
    phone.call(api::SaveFields { record, fields });
}

fn needs(needs: &[Need]) -> Value {
    Value::numbers(needs.iter().map(|need| need.number()).collect())
}

fn resident_form(draft: &DraftPage) -> ResidentDraft {
    match &draft.body {
        DraftBody::Resident(form) => form.clone(),
        other => panic!("not a resident: {other:?}"),
    }
}

fn household_form(draft: &DraftPage) -> HouseholdDraft {
    match &draft.body {
        DraftBody::Household(form) => form.clone(),
        other => panic!("not a household: {other:?}"),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn correcting_somebody_recorded_twice_leaves_what_others_wrote_meanwhile() {
    let (world, mut amina, mut joao) = two().await;
    let door = amina.add_household("3-2-501");
    let kept = amina.add_resident(door, "王秀英", "12000000001");
    let other = amina.add_resident(door, "王秀英", "12000000002");
    write(
        &mut amina,
        person(kept),
        resident::NEEDS,
        needs(&[Need::LivesAlone]),
    );
    amina.call(api::MergeInto {
        record: person(other),
        kept: kept.0,
    });
    world.settle(&mut [&mut amina, &mut joao]).await;
    let draft = shown(&mut amina, DraftId(kept.0)).expect("the resident's form");
    let mut form = resident_form(&draft);
    assert_eq!(form.resident.phones, ["12000000001", "12000000002"]);
    // Joao meanwhile: a need of the shown record, one of the other, and a number of the other.
    write(
        &mut joao,
        person(kept),
        resident::NEEDS,
        needs(&[Need::LivesAlone, Need::HearingSight]),
    );
    write(
        &mut joao,
        person(other),
        resident::NEEDS,
        needs(&[Need::Mobility]),
    );
    write(
        &mut joao,
        person(other),
        resident::PHONES,
        Value::texts(&["12000000002".to_owned(), "12000000009".to_owned()]),
    );
    world.settle(&mut [&mut joao, &mut amina]).await;
    let known = amina.household(door).residents.remove(0).resident.phones;
    assert_eq!(known, ["12000000001", "12000000002", "12000000009"]);
    form.resident.needs = vec![Need::LanguageHelp];
    form.resident.phones = vec!["12000000001".to_owned(), "12000000003".to_owned()];
    let mut seen = draft.seen;
    keep(&mut amina, DraftId(kept.0), DraftBody::Resident(form), &mut seen);
    finish(&mut amina, DraftId(kept.0));
    world.settle(&mut [&mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao] {
        let resident = phone.household(door).residents.remove(0).resident;
        let mut expected = vec![Need::LanguageHelp, Need::HearingSight, Need::Mobility];
        expected.sort_unstable();
        assert_eq!(resident.needs, expected);
        assert_eq!(resident.phones, ["12000000001", "12000000003", "12000000009"]);
        assert_eq!(phone.conflicts(), []);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_number_that_was_written_meanwhile_over_the_one_that_a_form_replaces_stands_beside_it() {
    let (world, mut amina, mut joao) = two().await;
    let door = amina.add_household("3-2-501");
    let kept = amina.add_resident(door, "王秀英", "12000000001");
    let other = amina.add_resident(door, "王秀英", "12000000002");
    amina.call(api::MergeInto {
        record: person(other),
        kept: kept.0,
    });
    world.settle(&mut [&mut amina, &mut joao]).await;
    let draft = shown(&mut amina, DraftId(kept.0)).expect("the resident's form");
    let mut form = resident_form(&draft);
    let theirs = Value::texts(&["12000000008".to_owned(), "12000000002".to_owned()]);
    write(&mut joao, person(kept), resident::PHONES, theirs);
    world.settle(&mut [&mut joao, &mut amina]).await;
    form.resident.phones = vec!["12000000007".to_owned(), "12000000002".to_owned()];
    let mut seen = draft.seen;
    keep(&mut amina, DraftId(kept.0), DraftBody::Resident(form), &mut seen);
    finish(&mut amina, DraftId(kept.0));
    world.settle(&mut [&mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao] {
        let [conflict] = &phone.conflicts()[..] else {
            panic!("one conflict")
        };
        let values: Vec<&[String]> = conflict
            .values
            .iter()
            .map(|value| value.value.as_texts())
            .collect();
        for number in ["12000000007", "12000000008"] {
            let stands = values.iter().any(|texts| texts.iter().any(|text| text == number));
            assert!(stands, "{number} in {values:?}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn correcting_a_household_recorded_twice_leaves_warnings_and_limits_that_came_meanwhile() {
    let (world, mut amina, mut joao) = two().await;
    let kept = amina.add_household("3-2-501");
    let other = amina.add_household("3-2-501");
    let day = |day| CalendarDate::from_parts(2027, 3, day).expect("a day");
    let until = |phone: &mut Phone, id, limit: CalendarDate| {
        write(
            phone,
            home(id),
            household::NO_VISIT_BEFORE,
            Value::Int(limit.number()),
        );
    };
    until(&mut amina, other, day(1));
    amina.call(api::MergeInto {
        record: home(other),
        kept: kept.0,
    });
    world.settle(&mut [&mut amina, &mut joao]).await;
    let draft = shown(&mut amina, DraftId(kept.0)).expect("the household's form");
    let mut form = household_form(&draft);
    until(&mut joao, other, day(20));
    let warning = DoorWarning::ALL[0];
    write(
        &mut joao,
        home(kept),
        household::WARNINGS,
        Value::numbers(vec![warning.number()]),
    );
    world.settle(&mut [&mut joao, &mut amina]).await;
    form.household.no_visit_before = None;
    form.household.warnings = vec![DoorWarning::ALL[1]];
    let mut seen = draft.seen;
    keep(&mut amina, DraftId(kept.0), DraftBody::Household(form), &mut seen);
    finish(&mut amina, DraftId(kept.0));
    world.settle(&mut [&mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao] {
        let household = phone.household(kept).household;
        assert_eq!(
            household.no_visit_before,
            Some(day(20)),
            "nobody had seen that day"
        );
        assert_eq!(household.warnings.len(), 2, "{:?}", household.warnings);
        assert!(household.warnings.contains(&warning));
    }
}

fn found(phone: &mut Phone, door: HouseholdId) -> Vec<Need> {
    phone.household(door).residents.remove(0).resident.needs
}

#[tokio::test(flavor = "current_thread")]
async fn correcting_a_visit_gives_no_need_back_that_has_ended() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let one = amina.add_resident(door, "王秀英", "12000000001");
    let id = amina.begin_visit(door, "cough");
    let mut window = Window::open(&mut amina, id);
    window.form.met = vec![one];
    window.form.needs = vec![Need::HearingSight];
    window.type_note(&mut amina, "coughs");
    finish(&mut amina, id);
    assert_eq!(found(&mut amina, door), [Need::HearingSight]);
    // They have a hearing aid now.
    write(&mut amina, person(one), resident::NEEDS, needs(&[]));
    let mut window = Window::open(&mut amina, id);
    window.type_note(&mut amina, "coughs at night");
    finish(&mut amina, id);
    assert_eq!(found(&mut amina, door), []);
    // What the correction finds is theirs, and only that.
    let mut window = Window::open(&mut amina, id);
    window.form.needs.push(Need::LanguageHelp);
    window.type_note(&mut amina, "coughs at night, reads badly");
    finish(&mut amina, id);
    assert_eq!(found(&mut amina, door), [Need::LanguageHelp]);
    // Nobody was met after all: nobody needs anything more.
    write(&mut amina, person(one), resident::NEEDS, needs(&[]));
    let mut window = Window::open(&mut amina, id);
    window.form.outcome = Some(Outcome::NotAtHome);
    window.form.needs.push(Need::Mobility);
    window.type_note(&mut amina, "a neighbour said so");
    finish(&mut amina, id);
    assert_eq!(found(&mut amina, door), []);
    // Somebody else was met: all that was found is theirs.
    let other = amina.add_resident(door, "王建国", "12000000002");
    let mut window = Window::open(&mut amina, id);
    window.form.outcome = Some(Outcome::Met);
    window.form.met = vec![other];
    window.type_note(&mut amina, "it was the brother");
    finish(&mut amina, id);
    let entries = amina.household(door).residents;
    let theirs = entries
        .into_iter()
        .find(|entry| entry.id == other)
        .expect("there");
    assert_eq!(theirs.resident.needs.len(), 3);
}

#[tokio::test(flavor = "current_thread")]
async fn what_rules_of_before_have_kept_does_not_stand_in_the_way_of_a_correction() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.add_resident(door, "王秀英", "12000000001");
    let before = ["0314-4021234".to_owned(), "123456789012".to_owned()];
    let fields = FieldMap::from_iter([(resident::PHONES, Value::texts(&before))]);
    let area = AreaCode::new(GRID).expect("a grid");
    let written = amina.replica.record_all([(area, person(id), fields)]);
    written.expect("rules let it through");
    let correct = |phone: &mut Phone, change: &dyn Fn(&mut Resident)| {
        let draft = shown(phone, DraftId(id.0)).expect("the resident's form");
        let mut form = resident_form(&draft);
        change(&mut form.resident);
        let mut seen = draft.seen;
        keep(phone, DraftId(id.0), DraftBody::Resident(form), &mut seen);
        finish(phone, DraftId(id.0));
        phone.household(door).residents.remove(0).resident
    };
    let waiting = amina.status().sync.waiting_operations;
    let corrected = correct(&mut amina, &|resident| resident.name = "王秀兰".to_owned());
    assert_eq!(
        (corrected.name.as_str(), &corrected.phones[..]),
        ("王秀兰", &before[..])
    );
    let corrected = correct(&mut amina, &|resident| {
        resident.phones.push("120 0000 0033".to_owned())
    });
    let with_new = [&before[..], &["12000000033".to_owned()]].concat();
    assert_eq!(corrected.phones, with_new);
    assert_eq!(amina.status().sync.waiting_operations, waiting + 2);
    // What only looks different is not written.
    correct(&mut amina, &|resident| {
        resident.name.push(' ');
        resident.phones.push(" ".to_owned());
    });
    assert_eq!(amina.status().sync.waiting_operations, waiting + 2);
}

#[tokio::test(flavor = "current_thread")]
async fn a_need_goes_with_the_visit_that_found_it() {
    let (world, mut amina, mut joao) = two().await;
    let door = amina.add_household("3-2-501");
    let one = amina.add_resident(door, "王秀英", "12000000001");
    write(
        &mut amina,
        person(one),
        resident::NEEDS,
        needs(&[Need::LivesAlone]),
    );
    let visit = |phone: &mut Phone, found: &[Need]| {
        let id = phone.begin_visit(door, "去过");
        let mut window = Window::open(phone, id);
        window.form.met = vec![one];
        window.form.needs = found.to_vec();
        window.type_note(phone, "聊了聊");
        finish(phone, id);
        id
    };
    let id = visit(
        &mut amina,
        &[Need::LivesAlone, Need::HearingSight, Need::Mobility],
    );
    world.settle(&mut [&mut amina, &mut joao]).await;
    // A colleague finds one of them too, and another one.
    visit(&mut joao, &[Need::Mobility, Need::LanguageHelp]);
    world.settle(&mut [&mut amina, &mut joao]).await;
    assert_eq!(found(&mut joao, door).len(), 4);
    // It was a mistake. Joao may correct it as well.
    let correct = |phone: &mut Phone, change: &dyn Fn(&mut Vec<Need>)| {
        let mut window = Window::open(phone, id);
        change(&mut window.form.needs);
        window.type_note(phone, "听力没问题");
        finish(phone, id);
    };
    correct(&mut joao, &|needs| {
        needs.retain(|need| *need != Need::HearingSight)
    });
    world.settle(&mut [&mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao] {
        let mut left = found(phone, door);
        left.sort_by_key(|need| need.number());
        assert_eq!(left, [Need::LivesAlone, Need::Mobility, Need::LanguageHelp]);
    }
    // The whole visit was at the wrong door: what a colleague found stays, and what was known before.
    correct(&mut amina, &|needs| needs.push(Need::ChronicIllness));
    assert!(found(&mut amina, door).contains(&Need::ChronicIllness));
    let record = RecordRef::new(RecordKind::VISIT, id);
    amina.call(api::Remove { record });
    world.settle(&mut [&mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao] {
        let mut left = found(phone, door);
        left.sort_by_key(|need| need.number());
        assert_eq!(left, [Need::LivesAlone, Need::Mobility, Need::LanguageHelp]);
    }
    // Who took it back can undo that; nobody else knows which of them had not ended before.
    amina.call(api::Keep { record });
    assert!(found(&mut amina, door).contains(&Need::ChronicIllness));
    // And it goes again.
    amina.call(api::Remove { record });
    assert!(!found(&mut amina, door).contains(&Need::ChronicIllness));
}

#[tokio::test(flavor = "current_thread")]
async fn what_was_found_with_somebody_else_than_ticked_first_is_theirs_alone() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let [one, other] = ["王秀英", "王建国"].map(|name| amina.add_resident(door, name, "12000000001"));
    let id = amina.begin_visit(door, "去过");
    for met in [one, other] {
        let mut window = Window::open(&mut amina, id);
        window.form.met = vec![met];
        window.form.needs = vec![Need::HearingSight];
        window.type_note(&mut amina, "耳朵不好");
        finish(&mut amina, id);
    }
    let entries = amina.household(door).residents;
    let of = |id| {
        let entry = entries.iter().find(|entry| entry.id == id).expect("there");
        entry.resident.needs.clone()
    };
    assert_eq!((of(one), of(other)), (vec![], vec![Need::HearingSight]));
    // The whole visit was a mistake.
    amina.call(api::Remove {
        record: RecordRef::new(RecordKind::VISIT, id),
    });
    let entries = amina.household(door).residents;
    assert!(entries.iter().all(|entry| entry.resident.needs.is_empty()));
}

#[tokio::test(flavor = "current_thread")]
async fn what_somebody_wrote_down_themselves_stays_whatever_becomes_of_the_visit() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let one = amina.add_resident(door, "王秀英", "12000000001");
    let id = amina.begin_visit(door, "去过");
    let mut window = Window::open(&mut amina, id);
    window.form.met = vec![one];
    window.type_note(&mut amina, "聊了聊");
    finish(&mut amina, id);
    // In her own form, straight behind the visit; the visit says so later, and then not any more.
    write(&mut amina, person(one), resident::NEEDS, needs(&[Need::Mobility]));
    for found in [vec![Need::Mobility], vec![]] {
        let mut window = Window::open(&mut amina, id);
        window.form.needs = found;
        window.type_note(&mut amina, "腿脚不便");
        finish(&mut amina, id);
    }
    assert_eq!(found(&mut amina, door), [Need::Mobility]);
    amina.call(api::Remove {
        record: RecordRef::new(RecordKind::VISIT, id),
    });
    assert_eq!(found(&mut amina, door), [Need::Mobility]);
}

#[tokio::test(flavor = "current_thread")]
async fn taking_a_visit_back_and_undoing_it_leaves_everybody_as_they_were() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let one = amina.add_resident(door, "王秀英", "12000000001");
    let id = amina.begin_visit(door, "去过");
    let mut window = Window::open(&mut amina, id);
    window.form.met = vec![one];
    window.form.needs = vec![Need::HearingSight, Need::Mobility];
    window.type_note(&mut amina, "聊了聊");
    finish(&mut amina, id);
    let record = RecordRef::new(RecordKind::VISIT, id);
    // One of them has ended since: it does not come back.
    write(&mut amina, person(one), resident::NEEDS, needs(&[Need::Mobility]));
    amina.call(api::Remove { record });
    assert_eq!(found(&mut amina, door), []);
    amina.call(api::Keep { record });
    assert_eq!(found(&mut amina, door), [Need::Mobility]);
    // Nor is somebody brought back who is not there any more.
    amina.call(api::Remove { record: person(one) });
    amina.call(api::Remove { record });
    amina.call(api::Keep { record });
    assert!(amina.household(door).residents.is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn nobody_is_born_after_this_year() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.add_resident(door, "王秀英", "12000000001");
    let (year, ..) = CalendarDate::of_ms(amina.now_ms.get()).parts();
    let this_year = year.max(2026);
    let correct = |phone: &mut Phone, year: &str| {
        let draft = shown(phone, DraftId(id.0)).expect("the resident's form");
        let mut form = resident_form(&draft);
        form.birth_year = year.to_owned();
        let body = DraftBody::Resident(form);
        phone.call(api::SaveDraft {
            id: DraftId(id.0),
            body,
            seen: draft.seen,
        });
        phone.try_call(api::FinishDraft { id: DraftId(id.0) })
    };
    for (year, is_taken) in [
        (this_year + 1, false),
        (2062, false),
        (1802, false),
        (this_year, true),
        (1880, true),
    ] {
        let saved = correct(&mut amina, &year.to_string());
        match is_taken {
            true => assert!(saved.is_ok(), "{year}"),
            false => assert_eq!(
                saved.unwrap_err().detail,
                "resident.birth_year_impossible",
                "{year}"
            ),
        }
    }
    assert_eq!(amina.household(door).residents[0].resident.birth_year, Some(1880));
}
