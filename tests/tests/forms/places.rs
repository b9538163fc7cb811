//! Where drafts are kept: who is typed over, who is found again, and how many photos there are.

use super::*;

fn a_lamp(phone: &mut Phone) -> shared::ids::IssueId {
    let started_at = phone.now_ms.get();
    let issue = new_form(
        phone,
        DraftBody::Issue(api::IssueDraft {
            area: AreaCode::new(GRID).ok(),
            category: Some(shared::domain::issue::Category::Facilities),
            title: "lamp".to_owned(),
            note: String::new(),
            household: None,
            place: String::new(),
            visit: None,
            handled_on_the_spot: false,
            started_at,
        }),
    );
    shared::ids::IssueId(finish(phone, issue).id)
}

fn step_words(issue: shared::ids::IssueId, note: &str) -> DraftBody {
    DraftBody::Step(StepDraft {
        issue,
        household: None,
        event: Event {
            note: note.to_owned(),
            ..Event::of(Step::InProgress)
        },
    })
}

fn step_note(draft: &DraftPage) -> String {
    match &draft.body {
        DraftBody::Step(step) => step.event.note.clone(),
        other => panic!("not a step: {other:?}"),
    }
}

fn thrown_away(phone: &mut Phone) -> Vec<DraftSummary> {
    removals(phone).drafts
}

#[tokio::test(flavor = "current_thread")]
async fn the_words_of_a_step_are_found_again_after_others_were_thrown_away() {
    let (_, mut amina) = one().await;
    let issue = a_lamp(&mut amina);
    let id = StepDraft::id(issue, Step::InProgress.number());
    for note in ["first thought", "second thought"] {
        let mut seen = DraftSeen::default();
        for words in [note.to_owned(), format!("{note}, and more")] {
            assert_eq!(keep(&mut amina, id, step_words(issue, &words), &mut seen), id);
        }
        let draft = shown(&mut amina, id).expect("it is found where the step is described");
        assert_eq!(step_note(&draft), format!("{note}, and more"));
        add_photo(&mut amina, id, note.len() as u64);
        amina.call(api::DiscardDraft { id });
        assert!(shown(&mut amina, id).is_none());
    }
    let bin = thrown_away(&mut amina);
    let texts: Vec<_> = bin
        .iter()
        .map(|draft| (draft.text.as_str(), draft.photo_count))
        .collect();
    assert_eq!(
        texts,
        [("second thought, and more", 1), ("first thought, and more", 1)]
    );
    // What is taken back goes where the step is described, and the other one stays in the bin.
    for draft in bin {
        amina.call(api::TakeDraftBack { id: draft.id });
        assert_eq!(step_note(&shown(&mut amina, id).expect("it is back")), draft.text);
        assert_eq!(thrown_away(&mut amina).len(), 1);
        amina.call(api::DiscardDraft { id });
    }
    // Nobody is typed over: the words that are open there stay, also when others are taken back.
    keep(
        &mut amina,
        id,
        step_words(issue, "third thought"),
        &mut DraftSeen::default(),
    );
    let bin = thrown_away(&mut amina);
    assert_eq!(bin.len(), 2);
    amina.call(api::TakeDraftBack { id: bin[0].id });
    assert_eq!(step_note(&shown(&mut amina, id).expect("open")), "third thought");
    assert_eq!(drafts(&mut amina).len(), 2);
}

#[tokio::test(flavor = "current_thread")]
async fn a_form_that_is_opened_anew_is_found_where_it_was_thrown_away() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "as it is");
    finish(&mut amina, id);
    for note in ["a correction", "another one"] {
        let mut window = Window::open(&mut amina, id);
        window.type_note(&mut amina, note);
        window.type_note(&mut amina, &format!("{note}, at length"));
        assert_eq!(window.id, id);
        amina.call(api::DiscardDraft { id });
        assert_eq!(Window::open(&mut amina, id).form.note, "as it is");
    }
    assert_eq!(thrown_away(&mut amina).len(), 2);
}

/// A window of before must not take a new text for its own because both were written equally often.
#[tokio::test(flavor = "current_thread")]
async fn who_had_seen_what_was_thrown_away_does_not_type_over_what_came_after() {
    let (_, mut amina) = one().await;
    let issue = a_lamp(&mut amina);
    let id = StepDraft::id(issue, Step::InProgress.number());
    let mut old = DraftSeen::default();
    keep(&mut amina, id, step_words(issue, "old"), &mut old);
    amina.call(api::DiscardDraft { id });
    keep(
        &mut amina,
        id,
        step_words(issue, "new"),
        &mut DraftSeen::default(),
    );
    let beside = keep(&mut amina, id, step_words(issue, "old, and more"), &mut old);
    assert_ne!(beside, id);
    assert_eq!(step_note(&shown(&mut amina, id).expect("open")), "new");
}

#[tokio::test(flavor = "current_thread")]
async fn a_step_that_was_taken_from_another_window_is_not_shown_as_its_issue() {
    let (_, mut amina) = one().await;
    let issue = a_lamp(&mut amina);
    let id = StepDraft::id(issue, Step::InProgress.number());
    keep(
        &mut amina,
        id,
        step_words(issue, "here"),
        &mut DraftSeen::default(),
    );
    let there = keep(
        &mut amina,
        id,
        step_words(issue, "there"),
        &mut DraftSeen::default(),
    );
    assert_ne!(there, id);
    finish(&mut amina, there);
    assert!(shown(&mut amina, there).is_none());
    assert_eq!(step_note(&shown(&mut amina, id).expect("open")), "here");
}

#[tokio::test(flavor = "current_thread")]
async fn a_write_beside_another_window_whose_answer_was_lost_is_the_same_write() {
    let (mut amina, id, _, mut there) = two_windows().await;
    there.form.note = "both, and there".to_owned();
    let body = DraftBody::Visit(there.form.clone());
    let first = keep(&mut amina, id, body.clone(), &mut there.seen.clone());
    let again = keep(&mut amina, id, body, &mut there.seen);
    assert_eq!(first, again);
    assert_eq!(drafts(&mut amina).len(), 2);
    // It goes on where it was told that it is kept.
    there.id = again;
    there.type_note(&mut amina, "both, and there too");
    assert_eq!(there.id, first);
}

#[tokio::test(flavor = "current_thread")]
async fn a_window_that_is_kept_beside_another_one_keeps_the_photos_that_it_shows() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "both");
    let hash = add_photo(&mut amina, id, 1);
    let mut here = Window::open(&mut amina, id);
    let mut there = Window::open(&mut amina, id);
    here.type_note(&mut amina, "both, and here");
    there.type_note(&mut amina, "both, and there");
    for id in [here.id, there.id] {
        let draft = shown(&mut amina, id).expect("a draft");
        let hashes: Vec<PhotoHash> = draft.photos.iter().map(|photo| photo.hash).collect();
        assert_eq!(hashes, [hash]);
    }
    // What one throws away the other one still has.
    amina.call(api::DiscardDraft { id: here.id });
    amina.advance(31 * DAY_MS);
    let other = amina.begin_visit(door, "another");
    amina.call(api::DiscardDraft { id: other });
    finish(&mut amina, there.id);
    assert_eq!(amina.status().sync.waiting_photos, 1);
}

#[tokio::test(flavor = "current_thread")]
async fn putting_a_photo_back_does_not_make_more_than_a_record_holds() {
    let (_, mut amina) = one().await;
    let door = amina.add_household("3-2-501");
    let id = amina.begin_visit(door, "many");
    let first = add_photo(&mut amina, id, 1);
    for seed in 2..=9 {
        add_photo(&mut amina, id, seed);
    }
    let put_back = api::PutPhotoBack {
        draft: id,
        hash: first,
    };
    amina.call(put_back.clone());
    amina.call(api::RemovePhoto {
        draft: id,
        hash: first,
    });
    add_photo(&mut amina, id, 10);
    let refused = amina.try_call(put_back.clone());
    assert_eq!(
        refused.map_err(|error| (error.code, error.detail)),
        Err((ErrorCode::BadPhoto, "photo.too_many".to_owned()))
    );
    let tenth = PhotoHash(shown(&mut amina, id).expect("open").photos[8].hash.0);
    amina.call(api::RemovePhoto {
        draft: id,
        hash: tenth,
    });
    amina.call(put_back);
    assert_eq!(shown(&mut amina, id).expect("open").photos.len(), 9);
}

/// Emptying the bin is housekeeping: it waits.
#[tokio::test(flavor = "current_thread")]
async fn a_phone_that_can_write_nothing_opens_all_the_same() {
    let world = World::new().await;
    let mut connection = rusqlite::Connection::open_in_memory().expect("memory");
    replica::storage::prepare(&mut connection, replica::storage::Home::Memory).expect("prepared");
    let thrown_away = "INSERT INTO draft (id, body, changed_at, state) VALUES (x'01', '', 1, 1)";
    connection.execute(thrown_away, []).expect("written");
    connection
        .pragma_update(None, "query_only", true)
        .expect("closed");
    let mut phone = world.blank_phone(connection);
    assert_eq!(phone.status().sync.waiting_operations, 0);
}
