//! A phone is killed at every point of what it does with a form: the form is as it was, or as it was to be, and no text is
//! lost.

use std::cell::{Cell, RefCell};
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use replica::Replica;
use replica::api::ApiError;
use replica::calls::Local;
use replica::platform::Platform;
use replica::storage::Home;
use rusqlite::Connection;
use sync_server::chance::Chance;
use sync_server::testing::{SeededChance, TEST_START_MS};

use super::*;

/// At so many points of each call, and at each of the last ones before it is durable.
const KILLS: u64 = 40;
const LAST: u64 = 10;

struct Hand {
    now_ms: Cell<u64>,
    chance: RefCell<SeededChance>,
}

impl Platform for Hand {
    fn now_ms(&self) -> u64 {
        self.now_ms.set(self.now_ms.get() + 1);
        self.now_ms.get()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.chance.borrow().fill(bytes);
    }

    fn sleep(&self, _ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(std::future::ready(()))
    }
}

/// A phone on a file that its process can be cut off from: after so many looks nothing that it does succeeds any more.
struct Mortal {
    replica: Replica,
    looks: Arc<AtomicU64>,
}

impl Mortal {
    fn open(file: &Path) -> Self {
        let mut connection = Connection::open(file).expect("the file opens");
        let looks = Arc::new(AtomicU64::new(u64::MAX));
        let burning = Arc::clone(&looks);
        let burn = move || {
            let left = burning.load(Ordering::Relaxed);
            burning.store(left.saturating_sub(1), Ordering::Relaxed);
            left == 0
        };
        connection.progress_handler(1, Some(burn)).expect("it is watched");
        let left = Arc::clone(&looks);
        let is_burnt = move || left.load(Ordering::Relaxed) == 0;
        connection.commit_hook(Some(is_burnt)).expect("it is watched");
        let platform = Hand {
            now_ms: Cell::new(TEST_START_MS),
            chance: RefCell::new(SeededChance::new(9)),
        };
        let replica = Replica::open(connection, Home::File, Rc::new(platform)).expect("it opens");
        Self { replica, looks }
    }

    fn call<A: Local>(&mut self, ask: A) -> A::Reply {
        self.replica.call(ask).expect("the call is answered")
    }

    /// What a person finds on the phone, without ids and times.
    fn found(&mut self) -> String {
        let outbox = self.call(api::Outbox);
        let removals = self.call(api::Removals);
        let visits = self.call(api::VisitLog {
            filter: Default::default(),
            after: None,
            limit: 100,
        });
        let texts = |drafts: &[DraftSummary]| {
            let mut texts: Vec<_> = drafts
                .iter()
                .map(|draft| (draft.text.clone(), draft.photo_count, draft.corrects))
                .collect();
            texts.sort();
            texts
        };
        let mut notes: Vec<_> = visits
            .iter()
            .map(|visit| (visit.visit.note.clone(), visit.photos.len()))
            .collect();
        notes.sort();
        format!(
            "open {:?}\nbin {:?}\nlog {notes:?}\n{} wait",
            texts(&outbox.drafts),
            texts(&removals.drafts),
            outbox.waiting.len()
        )
    }
}

/// A copy of the database and its log as they lie on the disk.
fn left_behind(file: &Path, copy: &Path) {
    for end in ["", "-wal"] {
        let (from, to) = (with_end(file, end), with_end(copy, end));
        let _ = fs::remove_file(&to);
        if from.is_file() {
            fs::copy(from, to).expect("there is room for a copy");
        }
    }
    let _ = fs::remove_file(with_end(copy, "-shm"));
}

fn with_end(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// What is done to a phone with an open form, one in the bin and a correction, all with photos.
struct Act {
    name: &'static str,
    perform: Box<Perform>,
}

type Perform = dyn Fn(&mut Replica) -> Result<(), ApiError>;

fn act(name: &'static str, ask: impl Local + Clone + 'static) -> Act {
    let perform = move |replica: &mut Replica| replica.call(ask.clone()).map(drop);
    Act {
        name,
        perform: Box::new(perform),
    }
}

fn keep_form(phone: &mut Mortal, id: u128, form: &VisitDraft, note: &str, seen: DraftSeen) -> DraftSeen {
    let mut form = form.clone();
    form.note = note.to_owned();
    let kept = phone.call(api::SaveDraft {
        id: DraftId(uuid::Uuid::from_u128(id)),
        body: DraftBody::Visit(form),
        seen: seen.clone(),
    });
    DraftSeen {
        revision: kept.revision,
        ..seen
    }
}

fn photo(phone: &mut Mortal, draft: DraftId, seed: u64) {
    phone.call(api::AddPhoto {
        draft,
        file: a_jpeg(64, 48, seed),
        modified_at: 1,
    });
}

fn prepare(phone: &mut Mortal) -> Vec<Act> {
    let household = Household {
        door: "3-2-501".to_owned(),
        ..Household::default()
    };
    let area = AreaCode::new(GRID).expect("a grid");
    let home = phone.call(api::AddHousehold { area, household });
    let form = VisitDraft {
        household: HouseholdId(home.id),
        outcome: Some(visit::Outcome::Met),
        met: Vec::new(),
        purpose: Some(visit::Purpose::Routine),
        phrases: Vec::new(),
        note: String::new(),
        needs: Vec::new(),
        promise: String::new(),
        promise_due: None,
        started_at: TEST_START_MS,
    };
    let ids = [1, 2, 3_u128];
    let [open, thrown, saved] = ids.map(|id| DraftId(uuid::Uuid::from_u128(id)));
    let open_seen = keep_form(phone, 1, &form, "open", DraftSeen::default());
    keep_form(phone, 2, &form, "thrown away", DraftSeen::default());
    keep_form(phone, 3, &form, "saved", DraftSeen::default());
    for (seed, id) in [(1, open), (2, thrown), (3, saved)] {
        photo(phone, id, seed);
    }
    phone.call(api::DiscardDraft { id: thrown });
    phone.call(api::FinishDraft { id: saved });
    let Some(draft) = phone.call(api::Draft { id: saved }) else {
        panic!("the record has a form")
    };
    keep_form(phone, 3, &form, "corrected", draft.seen);
    photo(phone, saved, 4);
    let typed = |id, note: &str, revision: u64| api::SaveDraft {
        id,
        body: DraftBody::Visit(VisitDraft {
            note: note.to_owned(),
            ..form.clone()
        }),
        seen: DraftSeen {
            revision,
            ..DraftSeen::default()
        },
    };
    vec![
        act("typing on", typed(open, "open, and more", open_seen.revision)),
        act("typing beside", typed(open, "beside", open_seen.revision + 7)),
        act("typing over the bin", typed(thrown, "typed anew", 0)),
        act("throwing away", api::DiscardDraft { id: open }),
        act("taking back", api::TakeDraftBack { id: thrown }),
        act("saving", api::FinishDraft { id: open }),
        act("correcting", api::FinishDraft { id: saved }),
    ]
}

#[tokio::test(flavor = "current_thread")]
async fn a_form_whose_phone_is_killed_anywhere_is_as_it_was_or_as_it_was_to_be() {
    let world = World::new().await;
    world.server.add_worker("amina", Role::Member, &[GRID]).await;
    let reply = world.server.sign_in("amina").await;
    let place = tempfile::tempdir().expect("there is room");
    let [made, file, copy] = ["made", "now", "copy"].map(|name| place.path().join(name));
    let mut phone = Mortal::open(&made);
    let signed_in = phone
        .replica
        .keep_sign_in(String::new(), "amina".to_owned(), &reply);
    signed_in.expect("the enrolment is kept");
    let acts = prepare(&mut phone);
    let before = phone.found();
    drop(phone);

    let (mut killed, mut kept) = (0, 0);
    for Act { name, perform } in acts {
        let fresh = || {
            left_behind(&made, &file);
            Mortal::open(&file)
        };
        let mut undisturbed = fresh();
        perform(&mut undisturbed.replica).expect("it is done");
        let spent = u64::MAX - undisturbed.looks.load(Ordering::Relaxed);
        let after = undisturbed.found();
        drop(undisturbed);
        assert_ne!(before, after, "{name}");
        let opening = {
            let idle = fresh();
            u64::MAX - idle.looks.load(Ordering::Relaxed)
        };
        let looks = spent - opening;
        let points = (0..KILLS).map(|kill| looks * kill / KILLS);
        for point in points.chain(looks.saturating_sub(LAST)..=looks + 1) {
            let mut phone = fresh();
            phone.looks.store(point, Ordering::Relaxed);
            let answered = perform(&mut phone.replica);
            left_behind(&file, &copy);
            drop(phone);
            let found = Mortal::open(&copy).found();
            match answered {
                // An answer means that it is written.
                Ok(()) => assert_eq!(found, after, "{name}, {point} of {looks}"),
                Err(_) => assert!(
                    found == before || found == after,
                    "{name}, {point} of {looks}: {found}"
                ),
            }
            killed += u64::from(found == before);
            kept += u64::from(found == after);
        }
    }
    println!("forms killed (F1): {killed} left as they were, {kept} as they were to be / 0 lost");
    assert!(killed > 0 && kept > 0, "the kills came where it matters");
}
