//! What two phones do at the same time comes together the same way everywhere: issues, duplicates, removals.

use replica::api::{
    self, AlikeEntry, DraftBody, DraftSeen, EarlierValue, IssueDraft, IssuePage, RemovalsPage, SearchHit,
};
use shared::domain::issue::{Category, Event, Step};
use shared::domain::resident;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::ids::{HouseholdId, IssueId, ResidentId};
use tests::world::{COMMUNITY, GRID};
use tests::{Phone, World};

async fn three() -> (World, Phone, Phone, Phone) {
    let world = World::new().await;
    let amina = world.phone("amina", Role::Member, &[GRID]).await;
    let joao = world.phone("joao", Role::Member, &[GRID]).await;
    let lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    (world, amina, joao, lin)
}

fn report(phone: &mut Phone, title: &str) -> IssueId {
    let id = phone.draft_id();
    let body = DraftBody::Issue(IssueDraft {
        area: Some(shared::ids::AreaCode::new(GRID).expect("a grid")),
        category: Some(Category::Facilities),
        title: title.to_owned(),
        note: String::new(),
        household: None,
        place: String::new(),
        visit: None,
        handled_on_the_spot: false,
        started_at: phone.now_ms.get(),
    });
    phone.call(api::SaveDraft {
        id,
        body,
        seen: DraftSeen::default(),
    });
    phone.call(api::FinishDraft { id });
    IssueId(id.0)
}

fn step(phone: &mut Phone, issue: IssueId, step: Step, target: &str) {
    let event = Event {
        target: target.to_owned(),
        ..Event::of(step)
    };
    phone.call(api::AddEvent { issue, event });
}

fn issue(phone: &mut Phone, id: IssueId) -> IssuePage {
    phone.call(api::Issue { id })
}

fn reasons(page: &IssuePage) -> Vec<&str> {
    page.timeline.iter().map(|entry| entry.reason.as_str()).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn new_evidence_is_not_hidden_by_a_phone_that_was_in_a_basement() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let lamp = report(&mut amina, "三楼楼道灯不亮");
    world.settle(&mut [&mut amina, &mut lin, &mut joao]).await;
    step(&mut lin, lamp, Step::Accepted, "");
    world.settle(&mut [&mut lin, &mut amina, &mut joao]).await;
    // Joao goes down. Amina resolves, Lin reopens with evidence; an hour later Joao resolves as well.
    step(&mut amina, lamp, Step::Resolved, "");
    world.settle(&mut [&mut amina, &mut lin]).await;
    step(&mut lin, lamp, Step::Reopened, "");
    joao.advance(3_600_000);
    step(&mut joao, lamp, Step::Resolved, "");
    world.server.clock.advance(3_600_000);
    world.settle(&mut [&mut lin, &mut joao, &mut amina]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        let page = issue(phone, lamp);
        assert_eq!(page.summary.state, Step::Reopened);
        assert_eq!(reasons(&page), ["", "", "", "", "issue.reopened_meanwhile"]);
        assert!(page.conflicts.is_empty(), "steps are no conflict of fields");
    }
    // Who has seen the evidence may resolve it.
    step(&mut joao, lamp, Step::Resolved, "");
    world.settle(&mut [&mut joao, &mut lin]).await;
    assert_eq!(issue(&mut lin, lamp).summary.state, Step::Resolved);
}

#[tokio::test(flavor = "current_thread")]
async fn an_issue_sent_to_two_departments_shows_the_later_one_and_why() {
    let (world, mut amina, _, mut lin) = three().await;
    let mut wei = world.phone("wei", Role::Supervisor, &[COMMUNITY]).await;
    let bin = report(&mut amina, "垃圾没清");
    world.settle(&mut [&mut amina, &mut lin, &mut wei]).await;
    step(&mut lin, bin, Step::Assigned, "物业");
    wei.advance(60_000);
    step(&mut wei, bin, Step::Assigned, "环卫");
    world.settle(&mut [&mut wei, &mut lin, &mut amina]).await;
    for phone in [&mut amina, &mut lin, &mut wei] {
        let page = issue(phone, bin);
        assert_eq!(page.summary.state, Step::Assigned);
        assert_eq!(reasons(&page), ["", "issue.assigned_elsewhere", ""]);
        assert_eq!(page.timeline[2].event.target, "环卫");
    }
}

fn home(id: HouseholdId) -> RecordRef {
    RecordRef::new(RecordKind::HOUSEHOLD, id)
}

fn person(id: ResidentId) -> RecordRef {
    RecordRef::new(RecordKind::RESIDENT, id)
}

fn merge(phone: &mut Phone, record: RecordRef, kept: RecordRef) {
    phone.call(api::MergeInto {
        record,
        kept: kept.id,
    });
}

fn alike(phone: &mut Phone, record: RecordRef) -> Vec<AlikeEntry> {
    phone.call(api::Alike { record })
}

fn search(phone: &mut Phone, text: &str) -> Vec<SearchHit> {
    phone.call(api::Search {
        text: text.to_owned(),
        limit: 20,
    })
}

fn doors(phone: &mut Phone) -> Vec<HouseholdId> {
    let doors = phone.call(api::Doors {
        area: shared::ids::AreaCode::new(GRID).expect("a grid"),
        building: "3".to_owned(),
    });
    doors.into_iter().map(|household| household.id).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn one_household_recorded_twice_is_shown_once_with_all_that_belongs_to_it() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    // Both were at the door on the same day without signal.
    let first = amina.add_household("3-2-501");
    amina.add_resident(first, "王秀英", "12000000001");
    amina.visit(first, "阿米娜去的");
    let second = joao.add_household("3栋2单元501");
    joao.add_resident(second, "王建国", "12000000002");
    joao.visit(second, "若昂去的");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    assert_eq!(doors(&mut lin).len(), 2);
    let offered = alike(&mut lin, home(first));
    assert_eq!(offered.len(), 1);
    assert!(offered[0].same_title);
    assert_eq!(
        (offered[0].record, offered[0].detail.as_str()),
        (home(second), "王建国")
    );

    merge(&mut lin, home(second), home(first));
    world.settle(&mut [&mut lin, &mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        assert_eq!(doors(phone), [first]);
        for asked in [first, second] {
            let page = phone.household(asked);
            assert_eq!(page.id, first);
            assert_eq!(page.residents.len(), 2);
            assert_eq!(page.visits.len(), 2);
            assert_eq!(page.duplicates[0].author, "lin");
            assert_eq!(page.duplicates[0].record, home(second));
        }
        let hits = search(phone, "王建国");
        assert_eq!(hits.iter().map(|hit| hit.household).collect::<Vec<_>>(), [first]);
        assert_eq!(search(phone, "3-2-501").len(), 1, "found once, not twice");
    }
    // A visit recorded to the other one meanwhile is not lost.
    joao.visit(second, "还按原来的记");
    world.settle(&mut [&mut joao, &mut amina]).await;
    assert_eq!(amina.household(first).visits.len(), 3);

    amina.call(api::Separate { record: home(second) });
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        assert_eq!(doors(phone).len(), 2);
        assert_eq!(phone.household(second).visits.len(), 2);
        assert_eq!(phone.household(first).residents.len(), 1);
        assert!(phone.household(first).duplicates.is_empty());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn two_who_merge_each_into_the_other_come_to_one_answer_and_can_take_it_back() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let first = amina.add_household("3-2-501");
    let second = amina.add_household("3-2-501");
    let third = amina.add_household("3-2-502");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    merge(&mut amina, home(first), home(second));
    merge(&mut joao, home(second), home(first));
    merge(&mut lin, home(third), home(second));
    world.settle(&mut [&mut joao, &mut amina, &mut lin]).await;
    world.settle(&mut [&mut amina]).await;
    let kept = first.min(second);
    for phone in [&mut amina, &mut joao, &mut lin] {
        assert_eq!(doors(phone), [kept]);
        assert_eq!(phone.household(third).id, kept);
        assert_eq!(phone.household(kept).duplicates.len(), 2);
    }
    let other = if kept == first { second } else { first };
    lin.call(api::Separate { record: home(other) });
    world.settle(&mut [&mut lin, &mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        assert_eq!(
            doors(phone).len(),
            2,
            "the third one is still the same as the second"
        );
        assert_eq!(phone.household(first).id, first);
        assert_eq!(phone.household(second).id, second);
        assert_eq!(phone.household(third).id, second);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn one_person_recorded_twice_is_shown_once_and_removed_once() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let door = amina.add_household("3-2-501");
    let old = amina.add_resident(door, "单春", "12000000001");
    let new = amina.add_resident(door, "单春", "12000000002");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    assert_eq!(alike(&mut joao, person(old))[0].record, person(new));
    merge(&mut joao, person(new), person(old));
    world.settle(&mut [&mut joao, &mut amina, &mut lin]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        let page = phone.household(door);
        assert_eq!(page.residents.len(), 1);
        assert_eq!(page.residents[0].id, old);
        assert_eq!(page.residents[0].duplicates[0].record, person(new));
        let hits = search(phone, "单春");
        assert_eq!(
            hits.iter().filter_map(|hit| hit.resident).collect::<Vec<_>>(),
            [old]
        );
    }
    amina.call(api::Remove { record: person(old) });
    world.settle(&mut [&mut amina, &mut lin]).await;
    assert!(lin.household(door).residents.is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_merged_into_a_record_that_is_removed_stands_for_itself() {
    let (world, mut amina, mut joao, _) = three().await;
    let door = amina.add_household("3-2-501");
    let kept = amina.add_resident(door, "单春", "12000000001");
    let other = amina.add_resident(door, "单春", "12000000002");
    world.settle(&mut [&mut amina, &mut joao]).await;
    // Joao merges while Amina, who does not know, removes the one he keeps.
    merge(&mut joao, person(other), person(kept));
    amina.call(api::Remove { record: person(kept) });
    world.settle(&mut [&mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao] {
        let page = phone.household(door);
        assert_eq!(
            page.residents.iter().map(|entry| entry.id).collect::<Vec<_>>(),
            [other]
        );
    }
}

fn removals(phone: &mut Phone) -> RemovalsPage {
    phone.call(api::Removals)
}

fn call_number(phone: &mut Phone, resident: ResidentId, number: &str) {
    let fields = FieldMap::from_iter([(resident::PHONES, Value::Texts(vec![number.to_owned()]))]);
    phone.call(api::SaveFields {
        record: person(resident),
        fields,
    });
}

#[tokio::test(flavor = "current_thread")]
async fn a_removal_beside_an_edit_is_shown_with_both_names_until_somebody_decides() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let door = amina.add_household("3-2-501");
    let one = amina.add_resident(door, "单春", "12000000001");
    let other = amina.add_resident(door, "王芳", "12000000002");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    for resident in [one, other] {
        amina.call(api::Remove {
            record: person(resident),
        });
        call_number(&mut joao, resident, "12099999999");
    }
    // A third person adds a visit to the household meanwhile: nobody's text is lost (F36).
    lin.visit(door, "林记的");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        let page = phone.household(door);
        assert_eq!(page.residents.len(), 2);
        assert_eq!(page.visits.len(), 1);
        assert_eq!(page.residents[0].resident.phones, ["12099999999"]);
        assert_eq!(page.removals.len(), 2);
        assert_eq!(page.removals[0].removed_by, "amina");
        assert_eq!(page.removals[0].edited_by, "joao");
        assert_eq!(removals(phone).kept.len(), 2);
        assert!(removals(phone).removed.is_empty());
    }
    lin.call(api::Keep { record: person(one) });
    lin.call(api::Remove {
        record: person(other),
    });
    world.settle(&mut [&mut lin, &mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        let page = phone.household(door);
        assert!(page.removals.is_empty());
        assert_eq!(
            page.residents.iter().map(|entry| entry.id).collect::<Vec<_>>(),
            [one]
        );
        assert_eq!(removals(phone).removed.len(), 1);
        assert_eq!(removals(phone).removed[0].removed_by, "lin");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_was_removed_can_be_brought_back_for_thirty_days() {
    let (world, mut amina, mut joao, _) = three().await;
    let door = amina.add_household("3-2-501");
    let gone: Vec<ResidentId> = (0..5)
        .map(|number| amina.add_resident(door, "单春", &format!("1200000000{number}")))
        .collect();
    for resident in &gone {
        amina.call(api::Remove {
            record: person(*resident),
        });
    }
    world.settle(&mut [&mut amina, &mut joao]).await;
    assert_eq!(removals(&mut joao).removed.len(), 5);
    for resident in &gone {
        joao.call(api::Keep {
            record: person(*resident),
        });
    }
    world.settle(&mut [&mut joao, &mut amina]).await;
    for phone in [&mut amina, &mut joao] {
        assert_eq!(phone.household(door).residents.len(), 5);
        assert!(phone.household(door).removals.is_empty());
        assert!(removals(phone).removed.is_empty());
    }
    amina.call(api::Remove {
        record: person(gone[0]),
    });
    amina.advance(31 * 24 * 3600 * 1000);
    assert!(
        removals(&mut amina).removed.is_empty(),
        "after 30 days it is not offered"
    );
}

fn earlier(phone: &mut Phone, door: HouseholdId) -> Vec<EarlierValue> {
    phone.household(door).earlier
}

#[tokio::test(flavor = "current_thread")]
async fn the_value_that_lost_stays_readable_with_who_and_who_chose() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let door = amina.add_household("3-2-501");
    let resident = amina.add_resident(door, "单春", "12000000001");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    call_number(&mut amina, resident, "12011111111");
    joao.advance(60_000);
    call_number(&mut joao, resident, "12022222222");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    world.settle(&mut [&mut amina]).await;
    let both = ["12011111111", "12022222222"].map(|number| Value::Texts(vec![number.to_owned()]));
    assert!(
        earlier(&mut amina, door)
            .iter()
            .all(|before| !both.contains(&before.value)),
        "nothing is lost while both stand"
    );
    let conflict = lin.conflicts().remove(0);
    lin.call(api::Restore {
        record: conflict.record,
        field: conflict.field,
        value: conflict.values[1].value.clone(),
    });
    world.settle(&mut [&mut lin, &mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        let page = phone.household(door);
        assert_eq!(page.residents[0].resident.phones, ["12011111111"]);
        let mut lost = page.earlier.iter().filter(|before| both.contains(&before.value));
        let (Some(lost), None) = (lost.next(), lost.next()) else {
            panic!("one value lost: {:?}", page.earlier)
        };
        assert_eq!(lost.value, both[1]);
        assert_eq!((lost.author.as_str(), lost.replaced_by.as_str()), ("joao", "lin"));
        assert!(lost.replaced_at >= lost.at);
    }
    // An edit that replaces what it had seen is no conflict; what was there before is readable all the same.
    call_number(&mut amina, resident, "12033333333");
    let before = earlier(&mut amina, door);
    assert_eq!(
        (&before[0].value, before[0].replaced_by.as_str()),
        (&both[0], "amina")
    );
    // At most 40 values of one record are kept.
    for round in 0..25 {
        call_number(&mut amina, resident, &format!("120440000{round:02}"));
        joao.advance(60_000);
        call_number(&mut joao, resident, &format!("120550000{round:02}"));
        world.settle(&mut [&mut amina, &mut joao]).await;
        world.settle(&mut [&mut amina]).await;
        let conflict = amina.conflicts().remove(0);
        amina.call(api::Restore {
            record: conflict.record,
            field: conflict.field,
            value: conflict.values[0].value.clone(),
        });
        world.settle(&mut [&mut amina, &mut joao]).await;
    }
    assert_eq!(
        [&mut amina, &mut joao].map(|phone| earlier(phone, door).len()),
        [40, 40]
    );
}
