//! F6: room that runs out. Text is saved or it is said that it is not; unsent photos stay; nothing is silent.

use replica::api::{self, ErrorCode, RoomState};
use replica::platform::Room;
use replica::storage::room;
use shared::ids::PhotoHash;

use crate::site::{Phone, Site, picture};

const MIB: u64 = 1024 * 1024;
const TRIES: u64 = 200;

fn room_with(free: u64) -> Option<Room> {
    let allowed_bytes = 1_000 * MIB;
    Some(Room {
        used_bytes: allowed_bytes - free,
        allowed_bytes,
    })
}

/// What a camera might give: a picture of noise.
fn camera_file(seed: u64) -> Vec<u8> {
    picture(160, seed)
}

#[tokio::test]
async fn a_device_that_fills_up_while_a_visit_is_saved_never_loses_silently() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    let mut lies = 0;
    let (mut silent, mut whole, mut without_photo, mut as_draft, mut not_at_all) = (0, 0, 0, 0, 0);
    let page_bytes: u64 = query(&phone, "PRAGMA page_size");
    for number in 0..TRIES {
        // The database may grow by so much and not by one page more.
        let pages: u64 = query(&phone, "PRAGMA page_count");
        limit_pages(&phone, pages + number % 25 * 4_096 / page_bytes);
        let note = format!("第{number}次走访");
        let draft = phone.try_draft(household, &note).await;
        let file = camera_file(number);
        let added = phone
            .driver
            .call(api::AddPhoto {
                draft,
                file,
                modified_at: 0,
            })
            .await;
        let photo = match &added {
            Ok(photo) => Some(photo.hash),
            Err(error) => {
                let said = matches!(error.code, ErrorCode::BadPhoto | ErrorCode::NotFound);
                assert!(said, "{error:?}");
                None
            }
        };
        let finished = phone.driver.call(api::FinishDraft { id: draft }).await;
        limit_pages(&phone, u64::from(u32::MAX) - 1);
        // What the screen said is what is there.
        phone.restart();
        let visits: u64 = query(
            &phone,
            &format!("SELECT count(*) FROM visit WHERE note = '{note}'"),
        );
        let drafts: u64 = query(
            &phone,
            &format!("SELECT count(*) FROM draft WHERE body LIKE '%{note}%'"),
        );
        let kept = photo.is_none_or(|hash| photo_state(&phone, hash).is_some());
        lies += usize::from(visits == 0 || photo.is_none() || !kept);
        match (finished.is_ok(), visits, drafts) {
            (true, 1, 0) if kept && photo.is_some() => whole += 1,
            (true, 1, 0) if kept => without_photo += 1,
            (false, 0, 1) if kept => as_draft += 1,
            // Not even the form could be kept, and the worker was told at the first letter.
            (false, 0, 0) if photo.is_none() => not_at_all += 1,
            _ => silent += 1,
        }
    }
    println!(
        "F6: {TRIES} tries, {silent} lost silently ({whole} whole, {without_photo} with the photo refused, \
         {as_draft} kept as a draft, {not_at_all} refused at the first letter)"
    );
    assert_eq!(silent, 0);
    // The control: a screen that says "saved" whatever happened would have been caught this often.
    assert!(lies > 50, "{lies}");
    assert!(
        whole > 0 && without_photo + as_draft + not_at_all > 0,
        "the limit was met"
    );
}

fn query(phone: &Phone, sql: &str) -> u64 {
    phone.inside().query_row(sql, [], |row| row.get(0)).unwrap()
}

fn photo_state(phone: &Phone, hash: PhotoHash) -> Option<u64> {
    let inside = phone.inside();
    let mut rows = inside
        .prepare("SELECT state FROM photo_bytes WHERE hash = ?1")
        .unwrap();
    rows.query_map([hash.0], |row| row.get(0))
        .unwrap()
        .next()
        .map(Result::unwrap)
}

fn limit_pages(phone: &Phone, pages: u64) {
    phone.driver.replica().borrow().limit_pages(pages).unwrap();
}

#[tokio::test]
async fn a_photo_without_room_is_refused_while_the_text_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    phone.settings.room.set(room_with(3 * MIB));
    let draft = phone.draft(household, "楼道灯坏了").await;
    let add = |seed| api::AddPhoto {
        draft,
        file: camera_file(seed),
        modified_at: 0,
    };
    let refused = phone.driver.call(add(1)).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.detail.as_str()),
        (ErrorCode::BadPhoto, "photo.no_room")
    );
    phone.settings.room.set(room_with(6 * MIB));
    assert!(phone.driver.call(add(1)).await.is_ok());
    phone.settings.room.set(room_with(3 * MIB));
    phone.call(api::FinishDraft { id: draft }).await;
}

#[tokio::test]
async fn uploaded_photos_make_place_and_unsent_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let mut phone = Phone::signed_in(&site, "amina", folder.path()).await;
    let household = phone.household("1-1-101").await;
    let sent: Vec<Vec<u8>> = (0..4).map(|seed| picture(400, seed)).collect();
    phone.visit_with(household, &sent).await;
    phone.settle(100).await;
    site.line.break_after_up(0);
    let unsent = picture(400, 9);
    phone.visit_with(household, std::slice::from_ref(&unsent)).await;
    let here = |phone: &Phone| {
        let state = |bytes: &Vec<u8>| photo_state(phone, PhotoHash::of(bytes)).is_some();
        (sent.iter().filter(|bytes| state(bytes)).count(), state(&unsent))
    };
    assert_eq!(here(&phone), (4, true));
    // A pull wants a little more than there is: one photo goes, no more.
    phone.settings.room.set(room_with(60 * MIB - 1));
    for _ in 0..2 {
        phone.step().await;
    }
    assert_eq!(here(&phone), (3, true));
    phone.settings.room.set(room_with(0));
    for _ in 0..2 {
        phone.step().await;
    }
    assert_eq!(
        here(&phone),
        (0, true),
        "what is not sent stays, however little room there is"
    );
    site.line.mend();
    phone.settle(100).await;
    assert!(site.has(&unsent).await, "and it goes out");
}

#[tokio::test]
async fn without_room_nothing_is_received_but_work_goes_out() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open().await;
    let amina = Phone::signed_in(&site, "amina", folder.path()).await;
    let joao = Phone::signed_in(&site, "joao", folder.path()).await;
    amina.household("1-1-101").await;
    amina.settle(100).await;
    joao.settings.room.set(room_with(room::RESERVE_BYTES_MAX));
    joao.household("1-1-102").await;
    joao.settle(100).await;
    let state = joao.sync_state().await;
    assert_eq!((state.room, state.waiting_operations), (RoomState::Full, 0));
    let households = "SELECT count(*) FROM household";
    assert_eq!(query(&joao, households), 1, "the own one only");
    joao.settings.room.set(room_with(150 * MIB));
    joao.driver.replica().borrow_mut().wake();
    joao.step().await;
    let state = joao.sync_state().await;
    assert_eq!(state.room, RoomState::Tight, "from 80 % on the worker is warned");
    joao.driver.replica().borrow_mut().wake();
    joao.step().await;
    assert_eq!(query(&joao, households), 2);
    joao.settings.room.set(room_with(900 * MIB));
    joao.driver.replica().borrow_mut().wake();
    joao.step().await;
    assert_eq!(joao.sync_state().await.room, RoomState::Enough);
}
