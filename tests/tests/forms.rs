//! Forms: what was typed is in the record, in a draft, or in the bin, never nowhere (D18).

#[path = "forms/corrections.rs"]
mod corrections;
#[path = "forms/killed.rs"]
mod killed;
#[path = "forms/places.rs"]
mod places;

use replica::api::{
    self, DraftBody, DraftKind, DraftPage, DraftSeen, DraftSummary, ErrorCode, HouseholdDraft, OutboxPage,
    RemovalsPage, ResidentDraft, StepDraft, VisitDraft, VisitPage,
};
use shared::domain::issue::{Event, Step};
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::Value;
use shared::domain::worker::Role;
use shared::domain::{FieldId, FieldMap, Household, Resident, household, resident, visit};
use shared::ids::{AreaCode, DraftId, HouseholdId, PhotoHash, VisitId};
use sync_server::testing::a_jpeg;
use tests::world::{GRID, OTHER_GRID};
use tests::{Phone, World};

const DAY_MS: u64 = 24 * 3600 * 1000;

async fn one() -> (World, Phone) {
    let world = World::new().await;
    let amina = world.phone("amina", Role::Member, &[GRID]).await;
    (world, amina)
}

fn shown(phone: &mut Phone, id: DraftId) -> Option<DraftPage> {
    phone.call(api::Draft { id })
}

fn visit_form(draft: &DraftPage) -> VisitDraft {
    match &draft.body {
        DraftBody::Visit(form) => form.clone(),
        other => panic!("not a visit: {other:?}"),
    }
}

/// A form in a window: what it shows, and where it is kept.
struct Window {
    id: DraftId,
    seen: DraftSeen,
    form: VisitDraft,
}

impl Window {
    fn open(phone: &mut Phone, id: DraftId) -> Self {
        let draft = shown(phone, id).expect("something to show");
        Self {
            id,
            form: visit_form(&draft),
            seen: draft.seen,
        }
    }

    fn type_note(&mut self, phone: &mut Phone, note: &str) {
        self.form.note = note.to_owned();
        let body = DraftBody::Visit(self.form.clone());
        self.id = keep(phone, self.id, body, &mut self.seen);
    }
}

/// Two windows on one half-filled visit, of which the first has typed on.
async fn two_windows() -> (Phone, DraftId, Window, Window) {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "both");
    let mut here = Window::open(&mut amina, id);
    let there = Window::open(&mut amina, id);
    here.type_note(&mut amina, "both, and here");
    (amina, id, here, there)
}

fn keep(phone: &mut Phone, id: DraftId, body: DraftBody, seen: &mut DraftSeen) -> DraftId {
    let kept = phone.call(api::SaveDraft {
        id,
        body,
        seen: seen.clone(),
    });
    seen.revision = kept.revision;
    kept.id
}

fn new_form(phone: &mut Phone, body: DraftBody) -> DraftId {
    let id = phone.draft_id();
    keep(phone, id, body, &mut DraftSeen::default())
}

fn finish(phone: &mut Phone, id: DraftId) -> RecordRef {
    phone.call(api::FinishDraft { id })
}

fn outbox(phone: &mut Phone) -> OutboxPage {
    phone.call(api::Outbox)
}

fn drafts(phone: &mut Phone) -> Vec<DraftSummary> {
    outbox(phone).drafts
}

fn removals(phone: &mut Phone) -> RemovalsPage {
    phone.call(api::Removals)
}

fn visit_page(phone: &mut Phone, id: DraftId) -> VisitPage {
    phone.call(api::Visit { id: VisitId(id.0) })
}

fn add_photo(phone: &mut Phone, draft: DraftId, seed: u64) -> PhotoHash {
    let call = api::AddPhoto {
        draft,
        file: a_jpeg(64, 48, seed),
        modified_at: 1,
    };
    phone.call(call).hash
}

/// The smallest input of the loss: save a visit, open its form's address again, type, save.
#[tokio::test(flavor = "current_thread")]
async fn what_is_typed_into_a_form_that_is_saved_already_corrects_the_record() {
    let (world, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    world.settle(&mut [&mut amina]).await;
    let id = amina.begin_visit(door, "first");
    finish(&mut amina, id);
    let mut window = Window::open(&mut amina, id);
    assert_eq!(window.form.note, "first");
    window.type_note(&mut amina, "first, and more");
    let [draft] = &drafts(&mut amina)[..] else {
        panic!("one draft")
    };
    assert!(draft.corrects);
    finish(&mut amina, id);
    finish(&mut amina, id);
    assert_eq!(amina.log(), ["first, and more"]);
    let [before] = &visit_page(&mut amina, id).earlier[..] else {
        panic!("one earlier value")
    };
    assert_eq!(
        (&before.value, before.author.as_str()),
        (&Value::text("first"), "amina")
    );
    assert!(drafts(&mut amina).is_empty());
}

/// The other window had the form open before it was saved here.
#[tokio::test(flavor = "current_thread")]
async fn a_window_that_was_open_before_the_visit_was_saved_goes_on_as_its_correction() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "first");
    let mut window = Window::open(&mut amina, id);
    finish(&mut amina, id);
    window.type_note(&mut amina, "first, from the other window");
    assert_eq!(window.id, id);
    finish(&mut amina, window.id);
    assert_eq!(amina.log(), ["first, from the other window"]);
}

#[tokio::test(flavor = "current_thread")]
async fn of_two_windows_on_one_draft_neither_overwrites_the_other() {
    let (mut amina, id, mut here, mut there) = two_windows().await;
    there.type_note(&mut amina, "both, and there");
    assert_ne!(there.id, id);
    // Each goes on where it is kept, and the one that is saved first leaves the other alone.
    there.type_note(&mut amina, "both, and there too");
    here.type_note(&mut amina, "both, and here too");
    finish(&mut amina, here.id);
    let [other] = &drafts(&mut amina)[..] else {
        panic!("one draft")
    };
    assert_eq!((other.id, other.text.as_str()), (there.id, "both, and there too"));
    assert_eq!(amina.log(), ["both, and here too"]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_write_whose_answer_was_lost_is_the_same_write() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "once");
    let window = Window::open(&mut amina, id);
    let mut before = DraftSeen::default();
    assert_eq!(
        keep(&mut amina, id, DraftBody::Visit(window.form), &mut before),
        id
    );
    assert_eq!(drafts(&mut amina).len(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_correction_keeps_what_a_colleague_wrote_meanwhile_as_a_conflict() {
    let (world, mut amina) = one().await;
    let mut joao = world.phone("joao", Role::Member, &[GRID]).await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "cough");
    finish(&mut amina, id);
    world.settle(&mut [&mut amina, &mut joao]).await;
    let mut window = Window::open(&mut amina, id);
    let record = RecordRef::new(RecordKind::VISIT, id);
    let fields = FieldMap::from_iter([(visit::NOTE, Value::text("cough at night"))]);
    joao.call(api::SaveFields { record, fields });
    world.settle(&mut [&mut joao, &mut amina]).await;
    window.type_note(&mut amina, "cough, doctor on Wednesday");
    finish(&mut amina, id);
    world.settle(&mut [&mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao] {
        let conflicts = phone.conflicts();
        let [conflict] = &conflicts[..] else {
            panic!("one conflict: {conflicts:?} {:?}", visit_page(phone, id))
        };
        let values: Vec<&Value> = conflict.values.iter().map(|value| &value.value).collect();
        assert_eq!(values.len(), 2);
        assert!(values.contains(&&Value::text("cough at night")));
        assert!(values.contains(&&Value::text("cough, doctor on Wednesday")));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn everybody_sees_what_a_visit_said_before_it_was_corrected() {
    let (world, mut amina) = one().await;
    let mut joao = world.phone("joao", Role::Member, &[GRID]).await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "first");
    finish(&mut amina, id);
    world.settle(&mut [&mut amina, &mut joao]).await;
    let mut window = Window::open(&mut joao, id);
    window.type_note(&mut joao, "second");
    finish(&mut joao, id);
    world.settle(&mut [&mut joao, &mut amina]).await;
    for phone in [&mut amina, &mut joao] {
        let page = visit_page(phone, id);
        assert_eq!(page.summary.visit.note, "second");
        let [before] = &page.earlier[..] else {
            panic!("one earlier value")
        };
        assert_eq!(before.value, Value::text("first"));
        assert_eq!(
            (before.author.as_str(), before.replaced_by.as_str()),
            ("amina", "joao")
        );
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_visit_that_was_taken_back_comes_back_also_by_saving_its_form() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "a mistake");
    let record = finish(&mut amina, id);
    amina.call(api::Remove { record });
    assert!(amina.log().is_empty());
    assert_eq!(removals(&mut amina).removed.len(), 1);
    amina.call(api::Keep { record });
    assert_eq!(amina.log(), ["a mistake"]);
    let mut window = Window::open(&mut amina, id);
    amina.call(api::Remove { record });
    window.type_note(&mut amina, "no mistake");
    finish(&mut amina, id);
    assert_eq!(amina.log(), ["no mistake"]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_draft_that_was_thrown_away_comes_back_whole_for_thirty_days() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "with a photo");
    add_photo(&mut amina, id, 1);
    amina.call(api::DiscardDraft { id });
    assert!(drafts(&mut amina).is_empty());
    let [thrown] = &removals(&mut amina).drafts[..] else {
        panic!("one in the bin")
    };
    assert_eq!((thrown.text.as_str(), thrown.photo_count), ("with a photo", 1));
    assert_eq!(thrown.door, "3-2-501");
    amina.advance(29 * DAY_MS);
    amina.call(api::TakeDraftBack { id });
    let draft = shown(&mut amina, id).expect("it is back");
    assert_eq!(
        (visit_form(&draft).note.as_str(), draft.photos.len()),
        ("with a photo", 1)
    );
    finish(&mut amina, id);
    assert_eq!(amina.status().sync.waiting_photos, 1, "its bytes are there");

    let id = amina.begin_visit(door, "for good");
    amina.call(api::DiscardDraft { id });
    amina.advance(31 * DAY_MS);
    assert!(removals(&mut amina).drafts.is_empty());
    // Swept when the next one is thrown away.
    let other = amina.begin_visit(door, "another");
    amina.call(api::DiscardDraft { id: other });
    let gone = amina.try_call(api::TakeDraftBack { id });
    assert_eq!(gone.map_err(|error| error.code), Err(ErrorCode::NotFound));
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_typed_on_in_another_window_is_not_thrown_away_with_the_draft() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "half");
    let mut window = Window::open(&mut amina, id);
    amina.call(api::DiscardDraft { id });
    window.type_note(&mut amina, "half, and more");
    let [draft] = &drafts(&mut amina)[..] else {
        panic!("one draft")
    };
    assert_eq!(draft.text, "half, and more");
}

#[tokio::test(flavor = "current_thread")]
async fn a_photo_that_was_taken_out_can_be_put_back() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "with photos");
    let (stays, goes) = (add_photo(&mut amina, id, 1), add_photo(&mut amina, id, 2));
    let photos = |phone: &mut Phone| -> Vec<PhotoHash> {
        let draft = shown(phone, id).expect("a draft");
        draft.photos.into_iter().map(|photo| photo.hash).collect()
    };
    amina.call(api::RemovePhoto {
        draft: id,
        hash: goes,
    });
    assert_eq!(photos(&mut amina), [stays]);
    amina.call(api::PutPhotoBack {
        draft: id,
        hash: goes,
    });
    assert_eq!(photos(&mut amina), [stays, goes]);
    amina.call(api::RemovePhoto {
        draft: id,
        hash: goes,
    });
    finish(&mut amina, id);
    assert_eq!(visit_page(&mut amina, id).summary.photos.len(), 1);
    // A photo is added to a saved visit by correcting it; the same one twice is once there.
    let window = Window::open(&mut amina, id);
    let mut seen = window.seen;
    keep(&mut amina, id, DraftBody::Visit(window.form), &mut seen);
    add_photo(&mut amina, id, 1);
    add_photo(&mut amina, id, 2);
    finish(&mut amina, id);
    assert_eq!(visit_page(&mut amina, id).summary.photos.len(), 2);
}

#[tokio::test(flavor = "current_thread")]
async fn households_residents_and_steps_are_drafts_like_visits() {
    let (_, mut amina) = one().await;
    let area = AreaCode::new(GRID).expect("a grid");
    let household = Household {
        door: "3栋2单元501".to_owned(),
        note: "ring twice".to_owned(),
        ..Household::default()
    };
    let home = new_form(
        &mut amina,
        DraftBody::Household(HouseholdDraft {
            area: Some(area),
            corrects: None,
            household,
        }),
    );
    assert_eq!(drafts(&mut amina)[0].kind, DraftKind::Household);
    let door = HouseholdId(finish(&mut amina, home).id);
    assert_eq!(amina.household(door).household.door, "3-2-501");

    let mut resident = Resident::named(door, " 王秀英 ");
    resident.phones = vec!["120 0000 ００33".to_owned(), String::new()];
    let mut form = ResidentDraft {
        resident,
        birth_year: "1948".to_owned(),
        birth_month: "四".to_owned(),
    };
    let person = new_form(&mut amina, DraftBody::Resident(form.clone()));
    let refused = amina.try_call(api::FinishDraft { id: person });
    assert_eq!(refused.map_err(|error| error.code), Err(ErrorCode::Invalid));
    let draft = shown(&mut amina, person).expect("the text is still there");
    form.birth_month = "4".to_owned();
    keep(
        &mut amina,
        person,
        DraftBody::Resident(form),
        &mut draft.seen.clone(),
    );
    finish(&mut amina, person);
    let page = amina.household(door);
    assert_eq!(page.residents[0].resident.name, "王秀英");
    assert_eq!(page.residents[0].resident.phones, ["12000000033"]);

    // A correction writes only what was changed, also where the household lies.
    let draft = shown(&mut amina, DraftId(door.0)).expect("the household's form");
    let DraftBody::Household(mut form) = draft.body else {
        panic!("a household")
    };
    form.household.note = "ring three times".to_owned();
    keep(
        &mut amina,
        DraftId(door.0),
        DraftBody::Household(form),
        &mut draft.seen.clone(),
    );
    assert_eq!(amina.household(door).drafts.len(), 1);
    let waiting = |phone: &mut Phone| outbox(phone).waiting.len();
    let before = waiting(&mut amina);
    finish(&mut amina, DraftId(door.0));
    assert_eq!(waiting(&mut amina), before + 1);
    assert_eq!(amina.household(door).household.note, "ring three times");
}

#[tokio::test(flavor = "current_thread")]
async fn a_household_is_moved_by_its_form() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID, OTHER_GRID]).await;
    let door = amina.add_household("3-2-501");
    let draft = shown(&mut amina, DraftId(door.0)).expect("the household's form");
    let DraftBody::Household(mut form) = draft.body else {
        panic!("a household")
    };
    form.area = AreaCode::new(OTHER_GRID).ok();
    form.household.note = "moved".to_owned();
    keep(
        &mut amina,
        DraftId(door.0),
        DraftBody::Household(form),
        &mut draft.seen.clone(),
    );
    finish(&mut amina, DraftId(door.0));
    world.settle(&mut [&mut amina]).await;
    let page = amina.household(door);
    assert_eq!(
        (page.area.as_str(), page.household.note.as_str()),
        (OTHER_GRID, "moved")
    );
}

#[tokio::test(flavor = "current_thread")]
async fn the_words_of_a_step_are_kept_and_the_step_is_taken_once() {
    let (_, mut amina) = one().await;
    let area = AreaCode::new(GRID).expect("a grid");
    let now_ms = amina.now_ms.get();
    let issue = new_form(
        &mut amina,
        DraftBody::Issue(api::IssueDraft {
            area: Some(area),
            category: Some(shared::domain::issue::Category::Facilities),
            title: "lamp".to_owned(),
            note: String::new(),
            household: None,
            place: String::new(),
            visit: None,
            handled_on_the_spot: false,
            started_at: now_ms,
        }),
    );
    let issue = shared::ids::IssueId(finish(&mut amina, issue).id);
    let step = Step::InProgress.number();
    let id = StepDraft::id(issue, step);
    for note in ["the electrician comes", "he came again"] {
        assert!(
            shown(&mut amina, id).is_none(),
            "a step that was taken is not shown"
        );
        let event = Event {
            note: note.to_owned(),
            ..Event::of(Step::InProgress)
        };
        let body = DraftBody::Step(StepDraft {
            issue,
            household: None,
            event,
        });
        assert_eq!(keep(&mut amina, id, body, &mut DraftSeen::default()), id);
        let [draft] = &drafts(&mut amina)[..] else {
            panic!("one draft")
        };
        assert_eq!((draft.kind, draft.text.as_str()), (DraftKind::Step, note));
        finish(&mut amina, id);
        finish(&mut amina, id);
    }
    let page = amina.call(api::Issue { id: issue });
    assert_eq!(page.timeline.len(), 3);
}

/// What is refused, and the field that it is about.
fn refusal(phone: &mut Phone, body: DraftBody) -> (String, Option<FieldId>) {
    let id = new_form(phone, body);
    match phone.try_call(api::FinishDraft { id }) {
        Err(error) if error.code == ErrorCode::Invalid => (error.detail, error.field),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_refused_names_the_field_that_it_is_about() {
    let (_, mut amina) = one().await;
    let home = amina.add_household("3-2-501");
    let resident = |change: &dyn Fn(&mut ResidentDraft)| {
        let mut form = ResidentDraft {
            resident: Resident::named(home, "王秀英"),
            birth_year: String::new(),
            birth_month: String::new(),
        };
        change(&mut form);
        DraftBody::Resident(form)
    };
    let cases = [
        (resident(&|form| form.resident.name.clear()), resident::NAME),
        (
            resident(&|form| form.birth_year = "四八年".to_owned()),
            resident::BIRTH_YEAR,
        ),
        (
            resident(&|form| form.birth_month = "13".to_owned()),
            resident::BIRTH_MONTH,
        ),
        (
            resident(&|form| form.resident.phones = vec!["138".to_owned()]),
            resident::PHONES,
        ),
    ];
    for (body, field) in cases {
        let (code, about) = refusal(&mut amina, body);
        assert_eq!(about, Some(field), "{code}");
    }
    let household = |door: &str, note: &str| {
        DraftBody::Household(HouseholdDraft {
            area: AreaCode::new(GRID).ok(),
            corrects: None,
            household: Household {
                door: door.to_owned(),
                note: note.to_owned(),
                ..Household::default()
            },
        })
    };
    let of = |code: &str, field| (code.to_owned(), Some(field));
    assert_eq!(
        refusal(&mut amina, household("", "")),
        of("household.door_missing", household::DOOR)
    );
    assert_eq!(
        refusal(&mut amina, household("somewhere", "")),
        of("household.door_unreadable", household::DOOR)
    );
    assert_eq!(
        refusal(&mut amina, household("3-2-502", "110101199003078515")),
        of("text.identity_number", household::NOTE)
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_household_is_taken_back_only_when_nothing_hangs_on_it() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let record = RecordRef::new(RecordKind::HOUSEHOLD, door);
    let refusal = |phone: &mut Phone| match phone.try_call(api::Remove { record }) {
        Err(error) if error.code == ErrorCode::Invalid => error.detail,
        other => panic!("not refused: {other:?}"),
    };
    let person = amina.add_resident(door, "王秀英", "12000000001");
    assert_eq!(refusal(&mut amina), "household.has_residents");
    let person = RecordRef::new(RecordKind::RESIDENT, person);
    amina.call(api::Remove { record: person });
    let id = amina.begin_visit(door, "half");
    assert_eq!(refusal(&mut amina), "household.has_drafts");
    let visit = finish(&mut amina, id);
    assert_eq!(refusal(&mut amina), "household.has_visits");
    amina.call(api::Remove { record: visit });
    amina.call(api::Remove { record });
    assert!(amina.try_call(api::Household { id: door }).is_err());
    amina.call(api::Keep { record });
    assert_eq!(amina.household(door).household.door, "3-2-501");
}

#[tokio::test(flavor = "current_thread")]
async fn bringing_a_record_back_brings_back_what_was_shown_under_it() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let kept = amina.add_resident(door, "王秀英", "12000000001");
    let other = amina.add_resident(door, "王秀英", "12000000002");
    let record = |id| RecordRef::new(RecordKind::RESIDENT, id);
    amina.call(api::MergeInto {
        record: record(other),
        kept: kept.0,
    });
    amina.call(api::Remove { record: record(kept) });
    assert!(amina.household(door).residents.is_empty());
    amina.call(api::Keep { record: record(kept) });
    let [entry] = &amina.household(door).residents[..] else {
        panic!("one resident")
    };
    assert_eq!((entry.id, entry.duplicates.len()), (kept, 1));
}
