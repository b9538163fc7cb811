//! Whatever went bad on a phone's disk, it goes on sending and reading: no wait without an end (D4).
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use replica::api::{self, DraftBody, SyncPhase, VisitDraft};
use replica::replica::LOST_HERE;
use rusqlite::Connection;
use shared::domain::Household;
use shared::domain::visit::{Outcome, Purpose};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DraftId, HouseholdId};
use sync_server::testing::{TEST_START_MS, TestServer};
use tempfile::TempDir;
use tests::driven::{Address, DrivenPhone};
use tests::processes::COMMUNITY;
use tokio::task::LocalSet;
use uuid::Uuid;

/// One server, a phone whose file can be damaged, and a second one that shows what arrived.
struct Scene {
    folder: TempDir,
    now_ms: Rc<Cell<u64>>,
    phone: DrivenPhone,
    office: DrivenPhone,
    forms: Cell<u128>,
}

impl Scene {
    async fn new() -> Self {
        let server = TestServer::start().await;
        server.add_area(COMMUNITY, "社区").await;
        server.add_worker("zhao", Role::Member, &[COMMUNITY]).await;
        server.add_worker("qian", Role::Supervisor, &[COMMUNITY]).await;
        let address = Address::of(server).await;
        let folder = tempfile::tempdir().unwrap();
        let now_ms = Rc::new(Cell::new(TEST_START_MS));
        let file = folder.path().join("zhao.sqlite");
        let scene = Self {
            phone: DrivenPhone::open(Some(&file), &address, &now_ms, 1),
            office: DrivenPhone::open(None, &address, &now_ms, 2),
            folder,
            now_ms,
            forms: Cell::new(0),
        };
        scene.phone.sign_in("zhao").await;
        scene.office.sign_in("qian").await;
        scene
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("zhao.sqlite")
    }

    fn household(&self) -> HouseholdId {
        let household = Household {
            door: "3-2-501".to_owned(),
            ..Household::default()
        };
        let area = AreaCode::new(COMMUNITY).unwrap();
        HouseholdId(self.phone.call(api::AddHousehold { area, household }).id)
    }

    fn visit(&self, household: HouseholdId, note: &str) {
        self.now_ms.set(self.now_ms.get() + 1);
        self.forms.set(self.forms.get() + 1);
        let id = DraftId(Uuid::from_u128(self.forms.get()));
        let body = DraftBody::Visit(VisitDraft {
            household,
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
        self.phone.call(api::SaveDraft {
            id,
            body,
            seen: api::DraftSeen::default(),
        });
        self.phone.call(api::FinishDraft { id });
    }

    fn damage(&self, sql: &str) {
        let disk = Connection::open(self.file()).unwrap();
        assert_eq!(disk.execute(sql, []).unwrap(), 1, "{sql}");
    }

    /// Everything goes out, and the office has these notes, the first one first.
    async fn ends_with(&self, notes: &[&str]) {
        let state = self.phone.sync().await;
        assert_eq!((state.phase, state.waiting_operations), (SyncPhase::UpToDate, 0));
        self.office.sync().await;
        let visits = self.office.call(api::VisitLog {
            filter: Default::default(),
            after: None,
            limit: 100,
        });
        let there: Vec<&str> = visits
            .iter()
            .rev()
            .map(|visit| visit.visit.note.as_str())
            .collect();
        assert_eq!(there, notes);
    }

    fn lost(&self) -> Option<String> {
        self.phone.call(api::Setting {
            name: LOST_HERE.to_owned(),
        })
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_sent_does_not_hold_up_what_waits() {
    LocalSet::new()
        .run_until(async {
            let scene = Scene::new().await;
            let household = scene.household();
            scene.visit(household, "第一次");
            scene.visit(household, "第二次");
            scene.ends_with(&["第一次", "第二次"]).await;
            for bad in [
                "UPDATE visit SET clocks = x'ff' WHERE note = '第一次'",
                "DELETE FROM visit WHERE note = '第二次'",
            ] {
                scene.damage(bad);
            }
            scene.visit(household, "第三次");
            scene.ends_with(&["第一次", "第二次", "第三次"]).await;
            assert_eq!(scene.lost(), None);
        })
        .await;
}

/// The row of what waits went: that is lost. Its text became another one: that is what goes out. In either case the rest
/// goes, too.
#[tokio::test(flavor = "current_thread")]
async fn work_that_cannot_be_read_does_not_hold_up_the_rest() {
    for (bad, second, lost) in [
        ("DELETE FROM visit WHERE note = '第二次'", None, Some("1")),
        (
            "UPDATE visit SET clocks = x'ff' WHERE note = '第二次'",
            None,
            Some("1"),
        ),
        (
            "UPDATE visit SET note = '第2次' WHERE note = '第二次'",
            Some("第2次"),
            None,
        ),
    ] {
        LocalSet::new()
            .run_until(async {
                let scene = Scene::new().await;
                let household = scene.household();
                scene.ends_with(&[]).await;
                for note in ["第一次", "第二次", "第三次"] {
                    scene.visit(household, note);
                }
                scene.damage(bad);
                let there: Vec<&str> = [Some("第一次"), second, Some("第三次")]
                    .into_iter()
                    .flatten()
                    .collect();
                scene.ends_with(&there).await;
                assert_eq!(scene.lost().as_deref(), lost, "{bad}");
                scene.visit(household, "第四次");
                let there: Vec<&str> = there.into_iter().chain(["第四次"]).collect();
                scene.ends_with(&there).await;
            })
            .await;
    }
}
