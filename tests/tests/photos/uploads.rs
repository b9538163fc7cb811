//! F25: the line breaks anywhere, the phone is switched off anywhere, and at most one chunk goes twice. F26.

use replica::api::{self, ErrorCode};
use replica::sync::driver::Stepped;
use replica::sync::upload::CHUNK_BYTES;
use shared::domain::worker::Role;
use shared::ids::PhotoHash;
use sync_server::testing::{TEST_PASSWORD, TEST_START_MS};
use tests::world::{COMMUNITY, GRID, OTHER_GRID};

use crate::site::{Phone, Site, picture};

/// A photo of three chunks.
const SIDE: u32 = 1_350;
/// Headers of the three requests, and something around them.
const HEADERS_BYTES_MAX: u64 = 4 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    /// What goes to the server is cut.
    Up(u64),
    /// What arrives is cut: the server has it, the phone does not know.
    Down(u64),
}

struct Tries {
    tries: u64,
    broken: u64,
    lost: u64,
    again_max: u64,
}

/// One photo per break: sent, cut, the phone switched off and on, and sent to the end.
async fn try_breaks(breaks: impl IntoIterator<Item = Break>, restart: bool) -> Tries {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    let mut tries = Tries {
        tries: 0,
        broken: 0,
        lost: 0,
        again_max: 0,
    };
    for (number, cut) in breaks.into_iter().enumerate() {
        let bytes = picture(SIDE, number as u64);
        assert!(bytes.len() as u64 > 2 * CHUNK_BYTES, "{}", bytes.len());
        phone.visit_with(household, std::slice::from_ref(&bytes)).await;
        while phone.sync_state().await.waiting_operations > 0 {
            phone.step().await;
        }
        phone.settings.chunk_bytes.set(0);
        match cut {
            Break::Up(bytes) => site.line.break_after_up(bytes),
            Break::Down(bytes) => site.line.break_after_down(bytes),
        }
        for _ in 0..8 {
            phone.step().await;
        }
        tries.broken += u64::from(site.line.mend());
        if restart {
            phone.restart();
        }
        phone.settle(100).await;
        tries.tries += 1;
        tries.lost += u64::from(!site.has(&bytes).await);
        let sent = phone.settings.chunk_bytes.get();
        tries.again_max = tries.again_max.max(sent.saturating_sub(bytes.len() as u64));
    }
    tries
}

fn report(name: &str, tries: &Tries) {
    let Tries {
        tries,
        broken,
        lost,
        again_max,
    } = tries;
    println!("F25 {name}: {tries} tries, {broken} broken, {lost} lost, at most {again_max} bytes sent again");
}

#[tokio::test]
async fn a_broken_line_costs_at_most_one_chunk() {
    let length = picture(SIDE, 0).len() as u64 + HEADERS_BYTES_MAX;
    for restart in [false, true] {
        let breaks = (0..length).step_by(16 * 1024 + 7).map(Break::Up);
        let tries = try_breaks(breaks, restart).await;
        report(
            if restart {
                "device restarted"
            } else {
                "line broken"
            },
            &tries,
        );
        assert!(
            tries.broken * 10 > tries.tries * 8,
            "the breaks came while it was sent"
        );
        assert_eq!(tries.lost, 0);
        assert!(tries.again_max <= CHUNK_BYTES, "{}", tries.again_max);
    }
}

#[tokio::test]
async fn a_lost_answer_costs_no_byte() {
    // Within the answer to the creation, and to each chunk.
    let breaks = (0..1_500).step_by(60).map(Break::Down);
    let tries = try_breaks(breaks, true).await;
    report("answer lost", &tries);
    assert!(tries.broken > tries.tries / 2);
    assert_eq!((tries.lost, tries.again_max), (0, 0));
}

/// The control: a phone that forgets where its upload stood, and a server that forgets it too, start from zero.
#[tokio::test]
async fn without_what_is_kept_more_than_a_chunk_goes_twice() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    let bytes = picture(1_600, 7);
    phone.visit_with(household, std::slice::from_ref(&bytes)).await;
    while phone.sync_state().await.waiting_operations > 0 {
        phone.step().await;
    }
    phone.settings.chunk_bytes.set(0);
    while phone.settings.chunk_bytes.get() <= CHUNK_BYTES {
        phone.step().await;
    }
    phone.inside().execute("DELETE FROM photo_upload", []).unwrap();
    site.server.clock.advance(30 * 24 * 3_600 * 1_000);
    sync_server::jobs::sweep(&site.server.state).await;
    phone.settle(100).await;
    let again = phone.settings.chunk_bytes.get() - bytes.len() as u64;
    assert!(again > CHUNK_BYTES, "{again}");
    assert!(site.has(&bytes).await);
}

#[tokio::test]
async fn a_record_saved_meanwhile_goes_before_the_next_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    let bytes = picture(SIDE, 1);
    phone.visit_with(household, std::slice::from_ref(&bytes)).await;
    while phone.settings.chunk_bytes.get() == 0 {
        phone.step().await;
    }
    assert!(!site.has(&bytes).await);
    phone.household("1-1-102").await;
    while phone.sync_state().await.waiting_operations > 0 {
        phone.step().await;
    }
    assert!(!site.has(&bytes).await, "the record did not wait for the photo");
    phone.settle(100).await;
    assert!(site.has(&bytes).await);
}

#[tokio::test]
async fn a_refused_photo_is_passed_over_and_shown_until_it_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    let (bad, good) = (b"no picture".to_vec(), picture(64, 1));
    phone.visit_with(household, std::slice::from_ref(&bad)).await;
    phone.visit_with(household, std::slice::from_ref(&good)).await;
    phone.settle(100).await;
    assert!(site.has(&good).await, "the rest flows");
    for _ in 0..2 {
        let outbox = phone.outbox().await;
        assert_eq!(outbox.photos, []);
        assert_eq!(outbox.refused_photos.len(), 1);
        let refused = &outbox.refused_photos[0];
        assert_eq!(
            (refused.photo.hash, refused.code.as_str()),
            (PhotoHash::of(&bad), "photo.no_jpeg")
        );
        assert_eq!(phone.sync_state().await.attention, 1);
        // Also after the phone was switched off and on; and nothing is sent for nothing.
        phone.restart();
        let sent = phone.settings.chunk_bytes.get();
        for _ in 0..5 {
            phone.step().await;
        }
        assert_eq!(phone.settings.chunk_bytes.get(), sent);
    }
    let hash = PhotoHash::of(&bad);
    let sent = phone.settings.chunk_bytes.get();
    phone.call(api::RetryPhoto { hash }).await;
    phone.settle(100).await;
    assert_eq!(phone.settings.chunk_bytes.get(), sent + bad.len() as u64);
    assert_eq!(phone.outbox().await.refused_photos.len(), 1);
}

#[tokio::test]
async fn a_refused_photo_holds_up_signing_out_until_it_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    let (bad, good) = (b"no picture".to_vec(), picture(64, 1));
    phone.visit_with(household, &[bad.clone(), good.clone()]).await;
    phone.settle(100).await;
    assert_eq!(phone.try_call(api::SignOut).await, Err(ErrorCode::UnsentWork));
    let discard = |bytes: &[u8]| api::DiscardPhoto {
        hash: PhotoHash::of(bytes),
    };
    let uploaded = phone.try_call(discard(&good)).await;
    assert_eq!(
        uploaded,
        Err(ErrorCode::NotFound),
        "only what the server would not take"
    );
    phone.call(discard(&bad)).await;
    phone.restart();
    assert_eq!(phone.outbox().await.refused_photos, []);
    let state = phone.sync_state().await;
    assert_eq!((state.waiting_photos, state.attention), (0, 0));
    assert_eq!(phone.try_call(api::SignOut).await, Ok(()));
}

#[tokio::test]
async fn a_photo_that_is_given_up_stays_in_an_open_form() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    let bad = b"no picture".to_vec();
    phone.visit_with(household, std::slice::from_ref(&bad)).await;
    phone.settle(100).await;
    let form = phone.draft_with(household, std::slice::from_ref(&bad)).await;
    let hash = PhotoHash::of(&bad);
    phone.call(api::DiscardPhoto { hash }).await;
    let held = |phone: &Phone| -> u64 {
        let count = "SELECT count(*) FROM photo_bytes";
        phone.inside().query_row(count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!((phone.sync_state().await.waiting_photos, held(&phone)), (0, 1));
    phone.call(api::DiscardDraft { id: form }).await;
    assert_eq!(held(&phone), 1, "in the bin it is still whole");
}

/// A visit with a photo, recorded when the grid was another's already: both are set aside. Gives their numbers, the
/// visit's first.
async fn set_aside(site: &Site, phone: &mut Phone, photo: &[u8]) -> Vec<u64> {
    let household = phone.household("1-1-101").await;
    phone.settle(100).await;
    phone.assign(site, "amina", OTHER_GRID, TEST_START_MS).await;
    phone.visit_with(household, &[photo.to_vec()]).await;
    phone.rest().await;
    let outbox = phone.outbox().await;
    assert_eq!(
        (outbox.attention.len(), phone.sync_state().await.attention),
        (2, 2)
    );
    let shown = (outbox.photos.len(), outbox.refused_photos.len());
    assert_eq!(shown, (0, 0), "once is enough: it stands with its record");
    outbox.attention.iter().map(|entry| entry.seq).collect()
}

/// As [`set_aside`], and the worker leaves both to the supervisor.
async fn left_to_the_supervisor(site: &Site, phone: &mut Phone, photo: &[u8]) {
    for seq in set_aside(site, phone, photo).await {
        phone.call(api::DismissParked { seq, seen: true }).await;
    }
    let refused = phone.outbox().await.refused_photos;
    let codes: Vec<&str> = refused.iter().map(|refused| refused.code.as_str()).collect();
    assert_eq!(
        (codes, phone.sync_state().await.attention),
        (vec!["photo.unknown"], 1)
    );
    assert_eq!(phone.try_call(api::SignOut).await, Err(ErrorCode::UnsentWork));
}

#[tokio::test]
async fn the_photo_of_what_was_set_aside_says_so_and_can_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let photo = picture(64, 1);
    left_to_the_supervisor(&site, &mut phone, &photo).await;
    let hash = PhotoHash::of(&photo);
    phone.call(api::DiscardPhoto { hash }).await;
    assert_eq!(phone.sync_state().await.attention, 0);
    assert_eq!(phone.try_call(api::SignOut).await, Ok(()));
}

#[tokio::test]
async fn the_photo_of_what_was_set_aside_goes_when_the_worker_tries_again() {
    // The visit alone, or the photo's record, too.
    for retried in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::open().await;
        let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
        let photo = picture(64, 1);
        let seqs = set_aside(&site, &mut phone, &photo).await;
        phone.assign(&site, "amina", GRID, u64::MAX / 4).await;
        phone.rest().await;
        assert!(!site.has(&photo).await);
        for seq in seqs.into_iter().take(retried) {
            phone.call(api::RetryParked { seq }).await;
        }
        phone.rest().await;
        // What was taken up is asked for at the next sync.
        phone.rest().await;
        assert!(site.has(&photo).await, "{retried}");
        assert_eq!(phone.sync_state().await.attention, 0);
    }
}

#[tokio::test]
async fn the_photo_of_what_was_set_aside_goes_when_the_supervisor_has_taken_it_up() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    site.server
        .add_worker("lin", Role::Supervisor, &[COMMUNITY])
        .await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let lin = Phone::signed_in(&site, "lin", folder.path()).await;
    let photo = picture(64, 1);
    left_to_the_supervisor(&site, &mut phone, &photo).await;
    lin.rest().await;
    let parked = lin.call(api::ParkedAll { after: String::new() }).await;
    // A visit goes before its photo.
    for parked in parked.into_iter().rev() {
        lin.call(api::TakeUpParked { place: parked.place }).await;
    }
    lin.rest().await;
    assert!(!site.has(&photo).await);
    // Nobody tries again and nobody gives the grid back: the phone hears that the record is there, and sends.
    phone.rest().await;
    phone.rest().await;
    assert!(site.has(&photo).await);
    assert_eq!(phone.sync_state().await.attention, 0);
    assert_eq!(phone.try_call(api::SignOut).await, Ok(()));
}

#[tokio::test]
async fn a_photo_that_is_there_already_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut amina = Phone::signed_in(&site, "amina", folder.path()).await;
    let mut joao = Phone::signed_in(&site, "joao", folder.path()).await;
    let bytes = picture(SIDE, 1);
    for (phone, door) in [(&mut amina, "1-1-101"), (&mut joao, "1-1-102")] {
        let household = phone.household(door).await;
        phone.visit_with(household, std::slice::from_ref(&bytes)).await;
        phone.settle(100).await;
    }
    assert_eq!(amina.settings.chunk_bytes.get(), bytes.len() as u64);
    assert_eq!(joao.settings.chunk_bytes.get(), 0);
}

/// F26: the record is there before its bytes, and says so; then they come.
#[tokio::test]
async fn a_record_without_its_photo_says_so_and_fetches_it_later() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut amina = Phone::signed_in(&site, "amina", folder.path()).await;
    let joao = Phone::signed_in(&site, "joao", folder.path()).await;
    let household = amina.household("1-1-101").await;
    let bytes = picture(64, 1);
    amina.visit_with(household, std::slice::from_ref(&bytes)).await;
    while amina.sync_state().await.waiting_operations > 0 {
        amina.step().await;
    }
    while joao.step().await != Stepped::Synced {}
    let look = api::PhotoBytes {
        hash: PhotoHash::of(&bytes),
    };
    let missing = joao.driver.call(look.clone()).await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::PhotoNotHere);
    amina.settle(100).await;
    assert_eq!(joao.call(look.clone()).await, bytes);
    // It is kept: without a line it is still there. One that was never fetched says that it needs one.
    site.line.break_after_up(0);
    assert_eq!(joao.call(look).await, bytes);
    let other = api::PhotoBytes {
        hash: PhotoHash::of(b"other"),
    };
    assert_eq!(
        joao.driver.call(other).await.unwrap_err().code,
        ErrorCode::Offline
    );
}

/// F4: bytes that went bad on the phone are never shown; they are fetched again, and those of a photo that was not sent
/// are refused by their hash.
#[tokio::test]
async fn a_photo_that_went_bad_on_the_phone_is_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    let (sent, unsent) = (picture(64, 1), picture(64, 2));
    let go_bad = |phone: &Phone, bytes: &[u8]| {
        let mut bad = bytes.to_vec();
        bad[bytes.len() / 2] ^= 1;
        let update = "UPDATE photo_bytes SET bytes = ?2 WHERE hash = ?1";
        let hash = PhotoHash::of(bytes);
        assert_eq!(phone.inside().execute(update, (hash.0, bad)), Ok(1));
    };
    let look = |bytes: &[u8]| api::PhotoBytes {
        hash: PhotoHash::of(bytes),
    };
    phone.visit_with(household, std::slice::from_ref(&sent)).await;
    phone.settle(100).await;
    go_bad(&phone, &sent);
    site.line.break_after_up(0);
    assert_eq!(phone.try_call(look(&sent)).await, Err(ErrorCode::Offline));
    site.line.mend();
    assert_eq!(phone.call(look(&sent)).await, sent);
    site.line.break_after_up(0);
    assert_eq!(phone.call(look(&sent)).await, sent, "it is whole again");
    site.line.mend();

    phone.visit_with(household, std::slice::from_ref(&unsent)).await;
    go_bad(&phone, &unsent);
    phone.settle(100).await;
    assert_eq!(phone.try_call(look(&unsent)).await, Err(ErrorCode::PhotoNotHere));
    assert_eq!(phone.outbox().await.refused_photos[0].code, "photo.hash");
}

/// D5: what was photographed while the area was assigned still arrives, although the phone lets go of the area.
#[tokio::test]
async fn a_reassignment_between_record_and_photo_loses_neither() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    let bytes = picture(SIDE, 1);
    phone.visit_with(household, std::slice::from_ref(&bytes)).await;
    while phone.settings.chunk_bytes.get() == 0 {
        phone.step().await;
    }
    // Later than what was recorded: the phone's clock runs.
    phone.assign(&site, "amina", OTHER_GRID, u64::MAX / 4).await;
    while phone.step().await != Stepped::Synced {}
    phone.settle(100).await;
    assert!(site.has(&bytes).await);
    // And now the phone holds nothing of the area any more.
    phone.driver.replica().borrow_mut().wake();
    while phone.step().await != Stepped::Synced {}
    let left: u64 = phone
        .inside()
        .query_row(
            "SELECT (SELECT count(*) FROM photo) + (SELECT count(*) FROM photo_bytes)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
}

/// F18: the phone asks where its upload stands, and the answer has no body that could say why not.
#[tokio::test(flavor = "current_thread")]
async fn a_phone_that_is_revoked_in_the_middle_of_an_upload_is_sealed_and_goes_on() {
    let site = Site::open().await;
    let folder = tempfile::tempdir().unwrap();
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let home = phone.household("3-2-501").await;
    let photo = picture(900, 7);
    phone.visit_with(home, std::slice::from_ref(&photo)).await;
    while phone.settings.chunk_bytes.get() == 0 {
        phone.step().await;
    }
    assert!(!site.has(&photo).await);
    let session = phone.call(api::CurrentStatus).await.session.unwrap();
    let storage = &site.server.state.storage;
    let revoked = storage.revoke_device(session.device, TEST_START_MS).await;
    assert_eq!(revoked.unwrap(), [session.device]);
    phone.restart();
    for _ in 0..4 {
        phone.step().await;
    }
    let sealed = phone.call(api::CurrentStatus).await.sealed.unwrap();
    assert_eq!((sealed.operations, sealed.photos), (0, 1));
    let sign_in = api::SignIn {
        server: site.line.address.clone(),
        username: "amina".to_owned(),
        password: TEST_PASSWORD.to_owned(),
        device_name: "test".to_owned(),
    };
    phone.call(sign_in).await;
    phone.settle(100).await;
    assert!(site.has(&photo).await);
}
