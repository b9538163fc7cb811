//! A proxy that lets less through than a phone would send or ask for: less goes at a time, down to one operation, and
//! nothing is lost or stands still.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use replica::api::{self, DraftBody, DraftSeen, ErrorCode, OutboxPage, SyncPhase, VisitDraft};
use shared::domain::visit::{Outcome, Purpose};
use shared::domain::worker::Role;
use shared::ids::{DraftId, HouseholdId};
use shared::protocol::v1::{self, SEGMENT_OPERATIONS, SyncRequest};
use sync_server::chance::Chance;
use sync_server::testing::{SeededChance, TEST_START_MS, TestPhone, TestServer, a_request};
use tests::World;
use tests::driven::{Address, DrivenPhone};
use tokio::task::LocalSet;

const GRID: &str = "130803001001-01";

struct Street {
    address: Rc<Address>,
    now_ms: Rc<Cell<u64>>,
    household: HouseholdId,
    ids: SeededChance,
}

impl Street {
    /// A server with one household, which a colleague recorded.
    async fn new() -> Self {
        let server = TestServer::start().await;
        server.add_area(GRID, "第1网格").await;
        for name in ["zhao", "qian"] {
            server.add_worker(name, Role::Member, &[GRID]).await;
        }
        let qian = server.sign_in("qian").await;
        let mut colleague = TestPhone::of(&qian, GRID);
        let household = colleague.household("3-2-501");
        let push = colleague.push_from(1);
        server.sync(&qian.token, &a_request(Some(push))).await.unwrap();
        Self {
            address: Address::of(server).await,
            now_ms: Rc::new(Cell::new(TEST_START_MS)),
            household,
            ids: SeededChance::new(5),
        }
    }

    fn phone(&self, seed: u64) -> DrivenPhone {
        DrivenPhone::open(None, &self.address, &self.now_ms, seed)
    }

    /// Two phones that are signed in, of which the first holds what is there.
    async fn two_phones(&self) -> (DrivenPhone, DrivenPhone) {
        let (phone, other) = (self.phone(1), self.phone(2));
        phone.sign_in("zhao").await;
        other.sign_in("qian").await;
        phone.sync().await;
        (phone, other)
    }

    fn visit(&self, phone: &DrivenPhone, note: &str) {
        let id = DraftId(self.ids.uuid());
        let body = DraftBody::Visit(VisitDraft {
            household: self.household,
            outcome: Some(Outcome::Met),
            met: Vec::new(),
            purpose: Some(Purpose::Routine),
            phrases: Vec::new(),
            note: note.to_owned(),
            needs: Vec::new(),
            promise: String::new(),
            promise_due: None,
            started_at: self.now_ms.get(),
        });
        phone.call(api::SaveDraft {
            id,
            body,
            seen: DraftSeen::default(),
        });
        phone.call(api::FinishDraft { id });
    }

    fn lets_through(&self, request_bytes: usize, reply_bytes: usize) {
        self.address
            .way
            .request_bytes
            .store(request_bytes, Ordering::SeqCst);
        self.address.way.reply_bytes.store(reply_bytes, Ordering::SeqCst);
    }

    /// How many requests with a body of more than `bytes` were sent.
    fn larger_than(&self, bytes: usize) -> usize {
        let requests = self.address.way.requests.lock().unwrap();
        requests.iter().filter(|(_, length, _)| *length > bytes).count()
    }
}

/// A note of so many Han characters in an order that packs badly.
fn note(number: u64, chars: usize) -> String {
    let chance = SeededChance::new(1_000 + number);
    let han = |_| char::from_u32(0x4e00 + chance.below(20_000) as u32).unwrap();
    (0..chars).map(han).collect()
}

fn outbox(phone: &DrivenPhone) -> OutboxPage {
    phone.call(api::Outbox)
}

/// Synchronises until nothing waits, a bounded number of times.
async fn sync_out(phone: &DrivenPhone) {
    for _ in 0..60 {
        let state = phone.sync().await;
        if state.waiting_operations == 0 && state.phase == SyncPhase::UpToDate {
            return;
        }
    }
    panic!("it does not come to an end: {:?}", phone.state());
}

#[tokio::test]
async fn three_thousand_visits_go_through_a_proxy_that_lets_less_through_in_both_directions() {
    LocalSet::new()
        .run_until(async {
            let street = Street::new().await;
            let (phone, other) = street.two_phones().await;
            for number in 0..3_000 {
                street.visit(&phone, &note(number, 60));
            }
            street.lets_through(100_000, 60_000);
            sync_out(&phone).await;
            assert_eq!(phone.state().attention, 0);
            let tries = street.larger_than(100_000);
            assert!(
                (1..10).contains(&tries),
                "what does not fit is found out once: {tries}"
            );
            sync_out(&other).await;
            let visits = |phone: &DrivenPhone| phone.call(api::Storage).visits;
            assert_eq!((visits(&phone), visits(&other)), (3_000, 3_000));
        })
        .await;
}

#[tokio::test]
async fn what_is_too_large_alone_is_set_aside_in_words_and_the_rest_goes_on() {
    LocalSet::new()
        .run_until(async {
            let street = Street::new().await;
            let (phone, other) = (street.phone(1), street.phone(2));
            phone.sign_in("zhao").await;
            phone.sync().await;
            street.visit(&phone, "之前");
            street.visit(&phone, &note(7, 900));
            street.visit(&phone, "之后");
            street.lets_through(1_200, usize::MAX);
            other.sign_in("qian").await;
            sync_out(&phone).await;
            let attention = outbox(&phone).attention;
            assert_eq!(attention.len(), 1);
            let large = attention.first().unwrap();
            assert_eq!(large.code, "push.too_large");

            sync_out(&other).await;
            let visits = |phone: &DrivenPhone| phone.call(api::Storage).visits;
            assert_eq!(
                (visits(&phone), visits(&other)),
                (3, 2),
                "nothing of it is lost here"
            );

            // Elsewhere the way is wide: it goes as it was.
            street.lets_through(usize::MAX, usize::MAX);
            phone.call(api::RetryParked { seq: large.seq });
            sync_out(&phone).await;
            sync_out(&other).await;
            assert!(outbox(&phone).attention.is_empty());
            assert_eq!(visits(&other), 3);
        })
        .await;
}

/// What stands in for it is as small as an operation can be. Where even that does not go through nothing more is tried.
#[tokio::test]
async fn what_was_set_aside_for_its_size_is_still_there_when_nothing_goes_through_at_all() {
    LocalSet::new()
        .run_until(async {
            let street = Street::new().await;
            let (phone, other) = street.two_phones().await;
            let words = note(7, 900);
            street.visit(&phone, &words);
            street.lets_through(10, usize::MAX);
            for _ in 0..5 {
                phone.sync().await;
            }
            assert_eq!(phone.state().waiting_operations, 1);
            street.lets_through(usize::MAX, usize::MAX);
            sync_out(&phone).await;
            let seq = outbox(&phone).attention.first().unwrap().seq;
            phone.call(api::RetryParked { seq });
            sync_out(&phone).await;
            sync_out(&other).await;
            assert_eq!(other.log(), [words]);
        })
        .await;
}

#[tokio::test]
async fn what_only_this_phone_has_is_neither_signed_out_of_nor_left_to_the_supervisor() {
    LocalSet::new()
        .run_until(async {
            let street = Street::new().await;
            let phone = street.phone(1);
            phone.sign_in("zhao").await;
            phone.sync().await;
            street.visit(&phone, &note(7, 900));
            street.lets_through(1_200, usize::MAX);
            sync_out(&phone).await;
            let seq = outbox(&phone).attention.first().unwrap().seq;
            assert_eq!(phone.state().waiting_operations, 0);

            let forgotten = phone.replica().borrow_mut().forget_everything();
            assert_eq!(forgotten.map_err(|error| error.code), Err(ErrorCode::UnsentWork));
            let dismiss = api::DismissParked { seq, seen: true };
            let dismissed = phone.replica().borrow_mut().call(dismiss);
            assert_eq!(
                dismissed.map_err(|error| (error.code, error.detail)),
                Err((ErrorCode::Invalid, "push.too_large".to_owned()))
            );
            assert_eq!(outbox(&phone).attention.len(), 1);

            street.lets_through(usize::MAX, usize::MAX);
            phone.call(api::RetryParked { seq });
            sync_out(&phone).await;
            phone.replica().borrow_mut().forget_everything().unwrap();
        })
        .await;
}

/// A phone in a basement learns nothing about the way from what it did not hear.
#[tokio::test(flavor = "current_thread")]
async fn a_dead_zone_does_not_make_a_phone_ask_for_less() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    amina.add_household("3-2-501");
    for _ in 0..12 {
        amina.replica.sync_request(true).unwrap();
        amina.replica.send_less_after_silence().unwrap();
    }
    let request = amina.replica.sync_request(true).unwrap();
    let request: SyncRequest = v1::decode(&request).unwrap();
    assert_eq!(request.operations_max, SEGMENT_OPERATIONS);
    // A reply that began and broke off says something.
    amina.replica.ask_for_less().unwrap();
    let request = amina.replica.sync_request(true).unwrap();
    let request: SyncRequest = v1::decode(&request).unwrap();
    assert_eq!(request.operations_max, SEGMENT_OPERATIONS / 2);
}

#[tokio::test(flavor = "current_thread")]
async fn a_refusal_is_not_about_a_request_that_was_answered() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    amina.add_household("3-2-501");
    world.round(&mut amina).await.map(drop).unwrap();
    amina.add_household("3-2-502");
    amina.replica.send_less().unwrap();
    assert_eq!(amina.status().sync.attention, 0);
}
