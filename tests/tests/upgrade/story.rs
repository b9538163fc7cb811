//! What a phone and its server hold on the day of the upgrade: something of every kind that may be under way.
//!
//! ```sh
//! KOUMEN_FIXTURE=tests/fixtures/upgrade/1001 cargo test -p tests --test upgrade
//! ```
//! writes it down as SQL. Run it in each version that was released, before the first migration behind it; such fixtures are
//! never changed.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use replica::api::{self, DraftBody, DraftSeen, IssueDraft};
use rusqlite::Connection;
use shared::domain::household::{NOTE, PREFERRED_HOURS};
use shared::domain::issue::{Category, Event, Step};
use shared::domain::schema::{FieldId, RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::ids::{DraftId, HouseholdId, IssueId};
use sync_server::photos::PhotoStore;
use sync_server::storage::Storage;
use sync_server::testing::{SeededChance, TEST_START_MS, TestServer, a_jpeg};
use tests::world::{GRID, OTHER_GRID, Phone, World};

use super::dump::dump;

/// Where the phone's replica and the server's database are in a folder of the story, as SQL.
pub(crate) const DEVICE: &str = "device.sql";
pub(crate) const SERVER: &str = "server.sql";

fn edit(phone: &mut Phone, household: HouseholdId, field: FieldId, text: &str) {
    let record = RecordRef::new(RecordKind::HOUSEHOLD, household);
    let fields = FieldMap::from_iter([(field, Value::Text(text.to_owned()))]);
    phone.call(api::SaveFields { record, fields });
}

fn form_with_photo(phone: &mut Phone, household: HouseholdId, note: &str, seed: u64) -> DraftId {
    let draft = phone.begin_visit(household, note);
    let file = a_jpeg(24, 24, seed);
    let modified_at = TEST_START_MS;
    phone.call(api::AddPhoto {
        draft,
        file,
        modified_at,
    });
    draft
}

fn report(phone: &mut Phone, household: HouseholdId, title: &str) -> IssueId {
    let id = phone.draft_id();
    let body = DraftBody::Issue(IssueDraft {
        area: None,
        category: Category::from_number(1),
        title: title.to_owned(),
        note: String::new(),
        household: Some(household),
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

/// Lives through the story in this version and writes what is left into `folder`.
pub(crate) async fn live(folder: &Path) {
    let files = tempfile::tempdir().unwrap();
    let (device, server) = (files.path().join("device"), files.path().join("server"));
    let storage = Storage::open_file(&server, &SeededChance::new(7)).unwrap();
    let world = World::of(TestServer::with(Arc::new(storage), PhotoStore::in_memory(), None)).await;
    let replica = Connection::open(&device).unwrap();
    let mut amina = world.phone_on(replica, "amina", Role::Member, &[GRID]).await;
    let mut zhao = world.phone("zhao", Role::Member, &[GRID]).await;
    // Receipted; the bytes of a photo wait.
    let home = amina.add_household("3-2-501");
    amina.add_resident(home, "王秀兰", "13803140001");
    let leaves = amina.add_resident(home, "临时住户", "13803140002");
    amina.visit(home, "一切都好");
    let issue = report(&mut amina, home, "楼道灯不亮");
    let id = form_with_photo(&mut amina, home, "已收到，照片还没传", 11);
    amina.call(api::FinishDraft { id });
    world.settle(&mut [&mut amina, &mut zhao]).await;
    // A conflict, and a household that was set aside.
    zhao.visit(home, "赵来过");
    edit(&mut zhao, home, NOTE, "赵写的");
    edit(&mut amina, home, NOTE, "阿米娜写的");
    amina.add_household_in(OTHER_GRID, "9-9-909");
    world.settle(&mut [&mut amina, &mut zhao]).await;
    // Unsent.
    edit(&mut amina, home, PREFERRED_HOURS, "晚上七点以后");
    let new = amina.add_household("5-1-102");
    amina.add_resident(new, "李四", "13803140001");
    let id = form_with_photo(&mut amina, new, "还没有发出", 12);
    amina.call(api::FinishDraft { id });
    amina.visit(home, "也没有发出");
    let event = Event::of(Step::Accepted);
    amina.call(api::AddEvent { issue, event });
    let record = RecordRef::new(RecordKind::RESIDENT, leaves);
    amina.call(api::Remove { record });
    // Open.
    form_with_photo(&mut amina, home, "写到一半", 13);
    drop((amina, zhao, world));
    fs::create_dir_all(folder).unwrap();
    for (file, name) in [(device, DEVICE), (server, SERVER)] {
        fs::write(folder.join(name), dump(&Connection::open(file).unwrap())).unwrap();
    }
}
