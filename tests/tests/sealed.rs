//! F18: a revoked phone. What it holds cannot be read any more; nothing of it is lost, and everything is there again as
//! it was when its worker signs in.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "upgrade/dump.rs"]
mod dump;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use replica::api::{self, DraftBody, DraftSeen, ErrorCode, Sealed, Status, SyncPhase, VisitDraft};
use replica::calls::Local;
use replica::storage::peers::PeerError;
use rusqlite::Connection;
use rusqlite::backup::Backup;
use shared::domain::Household;
use shared::domain::visit::Outcome;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DraftId, HouseholdId, PhotoHash};
use sync_server::storage::TokenHash;
use sync_server::testing::{SeededChance, TEST_PASSWORD, TEST_START_MS, TestServer, a_jpeg};
use tests::driven::{Address, DrivenPhone};
use tests::processes::holds;
use tests::world::{COMMUNITY, GRID};
use tests::{Phone, World};
use tokio::task::LocalSet;
use uuid::Uuid;

/// How often sealing and opening are killed in the ordinary run; `KOUMEN_TRIES` says otherwise.
const TRIES: u64 = 60;
const RECEIPTED: &str = "腿脚不便，下周再来";
const UNSENT: &str = "想要一部助听器";
const OPEN: &str = "写到一半的话";

/// A server, and a phone in a file that has work of every kind.
struct Scene {
    address: Rc<Address>,
    now_ms: Rc<Cell<u64>>,
    folder: tempfile::TempDir,
    home: HouseholdId,
    photo: Option<PhotoHash>,
}

impl Scene {
    async fn begin() -> (Self, DrivenPhone) {
        let server = TestServer::start().await;
        server.add_area(COMMUNITY, "元宝山社区").await;
        for name in ["zhao", "qian"] {
            server.add_worker(name, Role::Member, &[COMMUNITY]).await;
        }
        let mut scene = Self {
            address: Address::of(server).await,
            now_ms: Rc::new(Cell::new(TEST_START_MS)),
            folder: tempfile::tempdir().unwrap(),
            home: HouseholdId(Uuid::nil()),
            photo: None,
        };
        let phone = scene.open();
        phone.sign_in("zhao").await;
        let household = Household {
            door: "3-2-501".to_owned(),
            ..Household::default()
        };
        let area = AreaCode::new(COMMUNITY).unwrap();
        let record = phone.call(api::AddHousehold { area, household });
        scene.home = HouseholdId(record.id);
        scene.finish(&phone, 1, RECEIPTED);
        phone.sync().await;
        scene.write(&phone, 2, UNSENT);
        let photo = phone.call(api::AddPhoto {
            draft: DraftId(Uuid::from_u128(2)),
            file: a_jpeg(640, 480, 3),
            modified_at: TEST_START_MS,
        });
        scene.photo = Some(photo.hash);
        phone.call(api::FinishDraft {
            id: DraftId(Uuid::from_u128(2)),
        });
        scene.write(&phone, 3, OPEN);
        (scene, phone)
    }

    fn open(&self) -> DrivenPhone {
        let file = self.folder.path().join("replica.db");
        DrivenPhone::open(Some(&file), &self.address, &self.now_ms, 5)
    }

    fn visit(&self, note: &str) -> DraftBody {
        DraftBody::Visit(VisitDraft {
            household: self.home,
            outcome: Some(Outcome::Met),
            met: Vec::new(),
            purpose: None,
            phrases: Vec::new(),
            note: note.to_owned(),
            needs: Vec::new(),
            promise: String::new(),
            promise_due: None,
            started_at: self.now_ms.get(),
        })
    }

    fn write(&self, phone: &DrivenPhone, number: u128, note: &str) {
        let id = DraftId(Uuid::from_u128(number));
        let body = self.visit(note);
        phone.call(api::SaveDraft {
            id,
            body,
            seen: DraftSeen::default(),
        });
    }

    fn finish(&self, phone: &DrivenPhone, number: u128, note: &str) {
        self.write(phone, number, note);
        let id = DraftId(Uuid::from_u128(number));
        phone.call(api::FinishDraft { id });
    }

    async fn revoke(&self, phone: &DrivenPhone) {
        let server = self.address.server();
        let revoked = server
            .state
            .storage
            .revoke_device(phone.device(), self.now_ms.get());
        assert_eq!(revoked.await.unwrap(), [phone.device()]);
    }

    /// What another phone has from the server.
    async fn seen_by_another(&self) -> Vec<String> {
        let other = DrivenPhone::open(None, &self.address, &self.now_ms, 6);
        other.sign_in("qian").await;
        other.sync().await;
        other.log()
    }

    /// Which of the words the phone's files hold.
    fn readable(&self) -> Vec<&'static str> {
        let words = [RECEIPTED, UNSENT, OPEN, "3-2-501"];
        words
            .into_iter()
            .filter(|word| holds(self.folder.path(), word))
            .collect()
    }
}

fn status(phone: &DrivenPhone) -> Status {
    phone.call(api::CurrentStatus)
}

fn refused<A: Local>(phone: &DrivenPhone, ask: A) -> ErrorCode {
    let answer = phone.replica().borrow_mut().call(ask);
    answer.err().expect("it is refused").code
}

fn open_form(phone: &DrivenPhone) -> Option<String> {
    let id = DraftId(Uuid::from_u128(3));
    phone.call(api::Draft { id }).map(|draft| match draft.body {
        DraftBody::Visit(visit) => visit.note,
        _ => panic!("it was a visit"),
    })
}

fn sealed(operations: u64) -> Option<Sealed> {
    Some(Sealed {
        username: "zhao".to_owned(),
        name: "zhao".to_owned(),
        operations,
        photos: 1,
        drafts: 1,
    })
}

#[tokio::test(flavor = "current_thread")]
async fn a_revoked_phone_cannot_be_read_and_goes_on_when_its_worker_signs_in() {
    LocalSet::new()
        .run_until(async {
            let (scene, phone) = Scene::begin().await;
            assert_eq!(scene.readable().len(), 4);
            scene.revoke(&phone).await;
            let state = phone.sync().await;
            assert_eq!(state.phase, SyncPhase::SignInAgain);
            // The visit and its photo.
            assert_eq!(status(&phone).sealed, sealed(2));
            assert_eq!(status(&phone).session, None);
            assert_eq!(scene.readable(), Vec::<&str>::new());
            assert_eq!((phone.log(), open_form(&phone)), (Vec::new(), None));
            // Nothing is added to what is sealed, and nothing of it goes.
            let id = DraftId(Uuid::from_u128(3));
            let words = api::SaveDraft {
                id,
                body: scene.visit("写在封存以后"),
                seen: DraftSeen::default(),
            };
            let photo = api::AddPhoto {
                draft: id,
                file: a_jpeg(64, 48, 9),
                modified_at: TEST_START_MS,
            };
            let refused = [
                refused(&phone, words),
                refused(&phone, photo),
                refused(&phone, api::DiscardDraft { id }),
            ];
            assert_eq!(refused, [ErrorCode::SignedOut; 3]);
            let gone = phone.replica().borrow_mut().forget_everything();
            assert_eq!(gone.unwrap_err().code, ErrorCode::UnsentWork);
            // Also after the app was closed.
            drop(phone);
            let phone = scene.open();
            assert_eq!(status(&phone).sealed, sealed(2));
            phone.sync().await;
            let other = phone.try_sign_in("qian", TEST_PASSWORD).await.unwrap_err();
            assert_eq!(
                (other.code, other.detail.as_str()),
                (ErrorCode::UnsentWork, "other_worker")
            );
            let wrong = phone.try_sign_in("zhao", "not it").await.unwrap_err();
            assert_eq!(wrong.code, ErrorCode::WrongCredentials);
            assert_eq!(status(&phone).sealed, sealed(2));
            phone.sign_in("zhao").await;
            assert_eq!(status(&phone).sealed, None);
            assert_eq!(phone.log(), [UNSENT, RECEIPTED]);
            assert_eq!(open_form(&phone).as_deref(), Some(OPEN));
            let state = phone.sync().await;
            assert_eq!((state.waiting_operations, state.waiting_photos), (0, 0));
            let server = scene.address.server();
            let kept = server.state.photos.get(scene.photo.unwrap()).await;
            assert!(kept.unwrap().is_some());
            // Once on the server: another phone has it from there.
            assert_eq!(scene.seen_by_another().await, [UNSENT, RECEIPTED]);
        })
        .await;
}

/// The control: only revoking seals. Whoever was signed in elsewhere, or meets a restored server that does not know the
/// session, keeps what they see.
#[tokio::test(flavor = "current_thread")]
async fn a_session_that_was_only_closed_is_not_sealed() {
    LocalSet::new()
        .run_until(async {
            let (scene, phone) = Scene::begin().await;
            let token = phone.replica().borrow().credential().unwrap().unwrap().token;
            let token = TokenHash::of(&token.parse::<PhotoHash>().unwrap().0);
            let server = scene.address.server();
            assert!(server.state.storage.close_session(token).await.unwrap());
            assert_eq!(phone.sync().await.phase, SyncPhase::SignInAgain);
            let status = status(&phone);
            assert!(status.session.is_some() && status.sealed.is_none());
            assert_eq!(phone.log(), [UNSENT, RECEIPTED]);
            assert_eq!(scene.readable().len(), 4);
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn the_phone_of_a_worker_who_was_removed_is_sealed_and_opens_when_the_account_is_there_again() {
    LocalSet::new()
        .run_until(async {
            let (scene, phone) = Scene::begin().await;
            let server = scene.address.server();
            assert!(
                server
                    .state
                    .storage
                    .remove_account("zhao", TEST_START_MS)
                    .await
                    .unwrap()
            );
            phone.sync().await;
            assert_eq!(status(&phone).sealed, sealed(2));
            assert_eq!(scene.readable(), Vec::<&str>::new());
            // Another worker for the server, so another device; the work that waits goes out under it.
            server.add_worker("zhao", Role::Member, &[COMMUNITY]).await;
            phone.sign_in("zhao").await;
            assert_eq!(open_form(&phone).as_deref(), Some(OPEN));
            let state = phone.sync().await;
            assert_eq!((state.waiting_operations, state.waiting_photos), (0, 0));
            assert_eq!(scene.seen_by_another().await, [UNSENT, RECEIPTED]);
        })
        .await;
}

/// A server that gives no key seals nothing: the worker signs in again as ever.
#[tokio::test(flavor = "current_thread")]
async fn a_phone_without_a_key_keeps_everything_as_it_is() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let device = amina.status().session.unwrap().device;
    let mut reply = world.server.sign_in_on("amina", device).await;
    reply.seal_key = None;
    amina
        .replica
        .keep_sign_in(String::new(), "amina".to_owned(), &reply)
        .unwrap();
    amina.add_household("3-2-501");
    amina.replica.seal().unwrap();
    let status = amina.status();
    assert!(status.session.is_some() && status.sealed.is_none());
    assert_eq!(status.sync.waiting_operations, 1);
    assert_eq!(amina.replica.credential().unwrap(), None);
}

/// A server that was set up anew has other keys: what was sealed for the old one stays, and nothing is mixed up.
#[tokio::test(flavor = "current_thread")]
async fn another_server_does_not_open_it() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let device = amina.status().session.unwrap().device;
    amina.add_household("3-2-501");
    amina.replica.seal().unwrap();
    let mut reply = world.server.sign_in_on("amina", device).await;
    let key = reply.seal_key.take();
    let refused = amina
        .replica
        .keep_sign_in(String::new(), "amina".to_owned(), &reply);
    assert_eq!(refused.unwrap_err().detail, "sealed.other_key");
    assert!(amina.status().sealed.is_some());
    reply.seal_key = key;
    amina
        .replica
        .keep_sign_in(String::new(), "amina".to_owned(), &reply)
        .unwrap();
    assert_eq!(amina.status().sync.waiting_operations, 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_sealed_phone_neither_speaks_to_another_one_nor_listens() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut joao = world.phone("joao", Role::Member, &[GRID]).await;
    joao.add_household("3-2-501");
    let words = joao.replica.bundle(None, 0).unwrap();
    amina.replica.seal().unwrap();
    assert_eq!(
        amina.replica.bundle(None, 0).map(drop).unwrap_err().code,
        ErrorCode::SignedOut
    );
    let refused = amina.replica.take_bundle(&words.bytes).map(drop);
    assert!(matches!(refused, Err(PeerError::SignedOut)), "{refused:?}");
}

/// A database that can be cut off: from a step of SQLite's machine on nothing becomes durable.
#[derive(Clone)]
struct Cut {
    taken: Arc<AtomicU64>,
    last: Arc<AtomicU64>,
}

impl Cut {
    fn of(connection: &mut Connection) -> Self {
        let cut = Self {
            taken: Arc::default(),
            last: Arc::new(AtomicU64::new(u64::MAX)),
        };
        let step = cut.clone();
        connection
            .progress_handler(
                1,
                Some(move || step.taken.fetch_add(1, Ordering::Relaxed) >= step.last()),
            )
            .unwrap();
        let commit = cut.clone();
        connection
            .commit_hook(Some(move || commit.taken() > commit.last()))
            .unwrap();
        cut
    }

    fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// So many steps from now.
    fn after(&self, steps: u64) {
        self.last
            .store(self.taken().saturating_add(steps), Ordering::Relaxed);
    }
}

fn tries() -> u64 {
    let tries = std::env::var("KOUMEN_TRIES").ok();
    tries.and_then(|tries| tries.parse().ok()).unwrap_or(TRIES)
}

/// What must come back: everything but the session itself. Whether the table of found text was made last does not matter.
fn worth(connection: &Connection) -> BTreeSet<String> {
    let text = dump::dump(connection);
    let lines = text.lines().filter(|line| !line.starts_with("INSERT INTO meta"));
    lines.map(str::to_owned).collect()
}

/// Killed at any step, a phone is either as it was or sealed; and when it is opened again either sealed or as it was.
#[tokio::test(flavor = "current_thread")]
async fn killed_while_it_is_sealed_or_opened_it_is_one_or_the_other() {
    let world = World::new().await;
    let disk = |name: &str| Connection::open(format!("file:/{name}?vfs=memdb")).unwrap();
    let eyes = disk("sealed-whole");
    let mut amina = world
        .phone_on(disk("sealed-whole"), "amina", Role::Member, &[GRID])
        .await;
    let device = amina.status().session.unwrap().device;
    for number in 1..=12 {
        let home = amina.add_household(&format!("{number}-2-501"));
        amina.add_resident(home, "欧阳小燕", "13900001111");
        amina.visit(home, UNSENT);
        amina.begin_visit(home, OPEN);
    }
    drop(amina);
    let before = worth(&eyes);
    let reply = world.server.sign_in_on("amina", device).await;
    // How many steps each takes; the first try measures it and is not killed.
    let (mut sealing, mut opening) = (u64::MAX, u64::MAX);
    let chance = SeededChance::new(18);
    let (mut kept, mut was_sealed, mut was_opened) = (0, 0, 0);
    for try_number in 0..=tries() {
        let name = format!("sealed-{try_number}");
        let mut copy = disk(&name);
        copy_all(&eyes, &mut copy);
        let draw = |below: u64| match below {
            u64::MAX => u64::MAX,
            // Half of them live.
            below => chance.below(below * 2),
        };
        let open = || {
            let mut connection = disk(&name);
            let cut = Cut::of(&mut connection);
            (world.blank_phone(connection), cut)
        };
        let (mut phone, cut) = open();
        let before_it = cut.taken();
        cut.after(draw(sealing));
        let acknowledged = phone.replica.seal().is_ok();
        if try_number == 0 {
            sealing = cut.taken() - before_it;
        }
        drop(phone);
        let (mut phone, cut) = open();
        let Some(found) = phone.status().sealed else {
            assert!(!acknowledged, "acknowledged is durable");
            assert!(worth(&copy) == before, "whole or absent");
            kept += 1;
            continue;
        };
        was_sealed += 1;
        assert_eq!((found.operations, found.drafts), (36, 12));
        let before_it = cut.taken();
        cut.after(draw(opening));
        let sign_in = |phone: &mut Phone| {
            phone
                .replica
                .keep_sign_in(String::new(), "amina".to_owned(), &reply)
        };
        let acknowledged = sign_in(&mut phone).is_ok();
        if try_number == 0 {
            opening = cut.taken() - before_it;
        }
        drop(phone);
        let (mut phone, _) = open();
        if phone.status().sealed.is_some() {
            assert!(!acknowledged, "acknowledged is durable");
            sign_in(&mut phone).unwrap();
        } else {
            was_opened += 1;
        }
        let after = worth(&copy);
        assert!(after == before, "{:?}", after.symmetric_difference(&before));
    }
    assert!(kept > 0 && was_sealed > 1 && was_opened > 1);
    println!(
        "{} kills: {kept} kept, {was_sealed} sealed, {was_opened} of them opened, 0 lost",
        tries()
    );
}

fn copy_all(from: &Connection, to: &mut Connection) {
    let copied = Backup::new(from, to).unwrap();
    copied.run_to_completion(1_000, Duration::ZERO, None).unwrap();
}
