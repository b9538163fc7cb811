//! What lies wrongly on a phone is noticed by itself and taken anew from the server, and nothing that is still to be sent
//! is touched (D7, `docs/adr/0020`).
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::http::Method;
use replica::api;
use replica::storage::verify::VERIFY_EVERY_MS;
use replica::sync::engine::{Action, Event};
use replica::sync::upload::Outcome as Uploaded;
use rusqlite::Connection;
use shared::domain::household::{self, Tenure};
use shared::domain::resident;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit::{Outcome, Phrase, Purpose, Visit};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, HouseholdId, PhotoHash, ResidentId};
use shared::protocol::v1::{self, SyncReply, SyncRequest};
use shared::protocol::verify::{Verification, Verified};
use sync_server::testing::a_jpeg;
use tests::world::{COMMUNITY, GRID, OTHER_GRID};
use tests::{Phone, World};
use uuid::Uuid;

/// A phone, and a second way into its database: what damages it.
struct Open {
    phone: Phone,
    disk: Connection,
}

impl Open {
    async fn of(world: &World, name: &str) -> Self {
        static DISKS: AtomicU64 = AtomicU64::new(0);
        let uri = format!("file:/verify-{}?vfs=memdb", DISKS.fetch_add(1, Ordering::Relaxed));
        let disk = Connection::open(&uri).unwrap();
        let replica = Connection::open(&uri).unwrap();
        let phone = world.phone_on(replica, name, Role::Member, &[GRID]).await;
        Self { phone, disk }
    }

    fn damage(&self, sql: &str) {
        assert_eq!(self.disk.execute(sql, []).unwrap(), 1, "{sql}");
    }

    fn dump(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for table in [
            "household",
            "resident",
            "visit",
            "issue",
            "photo",
            "operation",
            "duplicate",
        ] {
            // The number of a row may be another one once it was made anew.
            let columns: Vec<String> = self
                .disk
                .prepare("SELECT name FROM pragma_table_info(?1) WHERE name <> 'row'")
                .unwrap()
                .query_map([table], |row| row.get(0))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let sql = format!("SELECT {} FROM {table} ORDER BY 1", columns.join(", "));
            let mut statement = self.disk.prepare(&sql).unwrap();
            let found = statement.query_map([], |row| {
                let cells = (0..columns.len()).map(|column| format!("{:?}", row.get_ref(column).unwrap()));
                Ok(format!("{table}: {}", cells.collect::<Vec<_>>().join(" ")))
            });
            rows.extend(found.unwrap().map(Result::unwrap));
        }
        rows
    }

    /// Synchronises, and verifies behind that; what the server said.
    async fn verify(&mut self, world: &World) -> Verified {
        self.phone.replica.verify_soon().unwrap();
        world.sync(&mut self.phone).await;
        let reply = world.round(&mut self.phone).await.unwrap();
        Verified::in_reply(&reply.extensions).expect("it is compared")
    }

    fn repaired(&self) -> u64 {
        self.phone.replica.verifications().unwrap().repaired
    }

    fn note(&mut self, household: HouseholdId, note: &str) {
        self.phone.call(api::SaveFields {
            record: RecordRef::new(RecordKind::HOUSEHOLD, household.0),
            fields: FieldMap::from_iter([(household::NOTE, Value::text(note))]),
        });
    }

    fn names(&mut self, text: &str) -> usize {
        let hits = self.phone.call(api::Search {
            text: text.to_owned(),
            limit: 20,
        });
        hits.len()
    }
}

/// Two phones with what two households hold: recorded by one, and changed since by the other.
async fn two_phones(world: &World) -> (Open, Open, HouseholdId, ResidentId) {
    let mut amina = Open::of(world, "amina").await;
    let mut joao = Open::of(world, "joao").await;
    let household = amina.phone.add_household("3-2-501");
    let resident = amina.phone.add_resident(household, "王秀兰", "12000000000");
    amina.phone.add_resident(household, "李建国", "12000000001");
    amina.phone.visit(household, "水管已修好");
    world.settle(&mut [&mut amina.phone, &mut joao.phone]).await;
    let second = joao.phone.add_household("3-2-502");
    joao.phone.visit(second, "不在家");
    joao.note(household, "有狗");
    world.settle(&mut [&mut amina.phone, &mut joao.phone]).await;
    (amina, joao, household, resident)
}

fn hex(id: Uuid) -> String {
    format!("x'{}'", id.simple())
}

/// What can become of a row, each as one statement, most on the resident with this id.
fn damages(resident: Uuid) -> [String; 6] {
    let id = hex(resident);
    let columns = "area, removed, conflicts, household, name, phones, clocks, made_in";
    [
        format!("UPDATE resident SET name = '别人' WHERE id = {id}"),
format!("UPDATE resident SET area = '{OTHER_GRID}' WHERE id = {id}"),
        format!("UPDATE resident SET clocks = x'ff' WHERE id = {id}"),
        format!("DELETE FROM resident WHERE id = {id}"),
        format!(
            "INSERT INTO resident (id, {columns}) SELECT x'000102030405060708090a0b0c0d0e0f', {columns} FROM resident
             WHERE id = {id}"
        ),
        // A field that was changed since has its value among the clocks, too: screens read the column.
        "UPDATE household SET note = '别的' WHERE note = '有狗'".to_owned(),
    ]
}

/// On the phone that recorded it, whose own operation is read off the row, and on another one.
#[tokio::test]
async fn a_wrong_a_missing_and_a_surplus_row_are_noticed_and_taken_anew() {
    for which in 0..damages(Uuid::nil()).len() {
        let world = World::new().await;
        let (amina, joao, _, resident) = two_phones(&world).await;
        for mut open in [amina, joao] {
            let (before, chain) = (open.dump(), open.phone.chain_at(2));
            let sql = damages(resident.0).into_iter().nth(which).unwrap();
            open.damage(&sql);
            assert_ne!(open.dump(), before, "{sql}");
            let verified = open.verify(&world).await;
            assert_eq!(verified.differing, 1, "{sql}");
            assert_eq!(open.repaired(), 1, "{sql}");
            assert_eq!(open.dump(), before, "{sql}");
            assert_eq!(open.phone.chain_at(2), chain);
            assert_eq!(open.names("王秀兰"), 1, "it is found, once");
            // And it is well from then on.
            assert_eq!(open.verify(&world).await, Verified::default());
            assert_eq!(open.repaired(), 1);
        }
    }
}

/// The controls: nothing differs where nothing was damaged, and what was damaged stays so without a verification.
#[tokio::test]
async fn without_a_verification_the_damage_stays_and_without_damage_nothing_differs() {
    let world = World::new().await;
    let (mut amina, mut joao, _, resident) = two_phones(&world).await;
    for open in [&mut amina, &mut joao] {
        let before = open.dump();
        assert_eq!(open.verify(&world).await, Verified::default());
        assert_eq!(open.dump(), before);
        open.damage(&damages(resident.0).into_iter().next().unwrap());
        let damaged = open.dump();
        for _ in 0..3 {
            world.sync(&mut open.phone).await;
        }
        assert_eq!((open.dump(), open.repaired()), (damaged, 0));
    }
}

/// It comes by itself, once in seven days, with the sync behind one that left nothing to do; all others are as small as
/// ever.
#[tokio::test]
async fn a_phone_verifies_by_itself_once_a_week() {
    let world = World::new().await;
    let (mut amina, ..) = two_phones(&world).await;
    let (mut sizes, mut verified) = (Vec::new(), Vec::new());
    for hour in 0..15 * 24 {
        let bytes = amina.phone.replica.sync_request(true).unwrap();
        let request: SyncRequest = v1::decode(&bytes).unwrap();
        let reply = world.server.sync(&amina.phone.token, &request).await.unwrap();
        amina.phone.replica.keep_reply(&reply).unwrap();
        match Verification::in_request(&request.extensions) {
            Some(_) => {
                verified.push(hour);
                println!("{} and {} bytes", bytes.len(), v1::encode(&reply).len());
            }
            None => sizes.push(bytes.len()),
        }
        amina.phone.advance(3_600_000);
    }
    println!(
        "verified in the hours {verified:?}; other requests have {:?} bytes",
        sizes.iter().max()
    );
    assert_eq!(verified.len(), 2);
    assert!(sizes.iter().all(|size| *size < 120));
    let at = amina.phone.replica.verifications().unwrap().verified_at;
    assert!(amina.phone.now_ms.get() - at <= VERIFY_EVERY_MS);
}

/// What waits is not compared, and what is recorded while the answer is on its way is not touched by it.
#[tokio::test]
async fn what_is_still_to_be_sent_stays() {
    let world = World::new().await;
    let (mut amina, mut joao, household, resident) = two_phones(&world).await;
    for damage in [
        format!(
            "UPDATE household SET door = '9-9-909' WHERE id = {}",
            hex(household.0)
        ),
        format!("UPDATE resident SET name = '别人' WHERE id = {}", hex(resident.0)),
    ] {
        joao.damage(&damage);
    }
    joao.phone.replica.verify_soon().unwrap();
    world.sync(&mut joao.phone).await;
    let request: SyncRequest = v1::decode(&joao.phone.replica.sync_request(true).unwrap()).unwrap();
    assert!(Verification::in_request(&request.extensions).is_some());
    let reply: SyncReply = world.server.sync(&joao.phone.token, &request).await.unwrap();
    assert_eq!(Verified::in_reply(&reply.extensions).unwrap().differing, 2);
    // Meanwhile he notes something else about the damaged household, and a new visit to it.
    joao.phone.call(api::SaveFields {
        record: RecordRef::new(RecordKind::HOUSEHOLD, household.0),
        fields: FieldMap::from_iter([(household::TENURE, Value::Int(2))]),
    });
    joao.phone.visit(household, "刚才");
    joao.phone.replica.keep_reply(&reply).unwrap();
    // The household is not let go of; reading its operations again puts the value right beside what waits.
    assert_eq!(joao.repaired(), 2);
    assert_eq!(joao.phone.status().sync.waiting_operations, 2);
    let tenure = joao.phone.household(household).household.tenure;
    assert_eq!(tenure, Tenure::from_number(2));
    assert!(joao.phone.log().contains(&"刚才".to_owned()));

    // Once it is sent nothing differs.
    assert_eq!(joao.verify(&world).await, Verified::default());
    world.settle(&mut [&mut amina.phone, &mut joao.phone]).await;
    for open in [&mut amina, &mut joao] {
        let page = open.phone.household(household);
        assert_eq!(page.household.door, "3-2-501");
        assert_eq!(page.household.tenure, tenure);
        assert!(open.phone.log().contains(&"刚才".to_owned()));
    }
}

/// What a phone heard from another one without a server is not taken from it before the server has it.
#[tokio::test]
async fn what_was_heard_from_a_phone_that_was_met_stays() {
    let world = World::new().await;
    let (mut amina, mut joao, household, _) = two_phones(&world).await;
    world.settle(&mut [&mut amina.phone, &mut joao.phone]).await;
    amina.phone.visit(household, "没有信号");
    let words = joao.phone.replica.bundle(None, 0).unwrap();
    amina.phone.replica.take_bundle(&words.bytes).unwrap();
    let device = joao.phone.status().session.unwrap().device;
    let words = amina.phone.replica.bundle(Some(device), 0).unwrap();
    joao.phone.replica.take_bundle(&words.bytes).unwrap();
    assert!(joao.phone.log().contains(&"没有信号".to_owned()));

    joao.phone.replica.verify_soon().unwrap();
    world.sync(&mut joao.phone).await;
    let reply = world.round(&mut joao.phone).await.unwrap();
    assert_eq!(Verified::in_reply(&reply.extensions), None);
    assert!(joao.phone.log().contains(&"没有信号".to_owned()));
    world.sync(&mut amina.phone).await;
    assert_eq!(joao.verify(&world).await, Verified::default());
}

/// Every row is wrong: what has no room in one reply comes with the next ones, at once. `KOUMEN_RECORDS=50000` for more of
/// them; prints what it takes.
#[tokio::test]
async fn what_has_no_room_in_one_reply_comes_with_the_next() {
    let records: u64 = std::env::var("KOUMEN_RECORDS").map_or(5_000, |count| count.parse().unwrap());
    let world = World::new().await;
    let (mut amina, mut joao, household, _) = two_phones(&world).await;
    let area = AreaCode::new(GRID).unwrap();
    for first in (0..records).step_by(1_000) {
        let visits = (first..records.min(first + 1_000)).map(|number| {
            // Ids as phones draw them: first the time, then chance.
            let id = Uuid::from_u128(
                u128::from(number) << 80 | u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            );
            let visit = Visit {
                household,
                outcome: Outcome::Met,
                met: Vec::new(),
                purpose: Purpose::Routine,
                phrases: vec![1, 4].into_iter().filter_map(Phrase::from_number).collect(),
                note: format!("第{number}次走访，居民反映楼道照明不亮，已联系物业，约定后天上午再来看一次"),
                needs: Vec::new(),
                promise: String::new(),
                promise_due: None,
                promise_kept_on: None,
                started_at: number,
            };
            (
                area.clone(),
                RecordRef::new(RecordKind::VISIT, id),
                visit.to_fields(),
            )
        });
        amina.phone.replica.record_all(visits).unwrap();
        world.sync(&mut amina.phone).await;
    }
    world.sync(&mut joao.phone).await;
    let before = joao.dump();
    let damaged = joao.disk.execute("UPDATE visit SET note = '别的'", []).unwrap() as u64;
    joao.phone.replica.verify_soon().unwrap();
    world.sync(&mut joao.phone).await;
    let mut rounds = 0;
    loop {
        let began = Instant::now();
        let request = joao.phone.replica.sync_request(true).unwrap();
        let said = began.elapsed();
        let request: SyncRequest = v1::decode(&request).unwrap();
        if Verification::in_request(&request.extensions).is_none() {
            break;
        }
        let began = Instant::now();
        let reply = world.server.sync(&joao.phone.token, &request).await.unwrap();
        let compared = began.elapsed();
        let began = Instant::now();
        joao.phone.replica.keep_reply(&reply).unwrap();
        println!(
            "{:?}: said in {said:?}, compared in {compared:?}, kept in {:?}",
            Verified::in_reply(&reply.extensions),
            began.elapsed()
        );
        rounds += 1;
        assert!(rounds <= damaged, "it comes to an end");
    }
    println!("{damaged} of {} records repaired in {rounds} rounds", records + 7);
    assert!(rounds > 1);
    assert_eq!(joao.repaired(), damaged);
    assert!(joao.dump() == before, "all is as it was");
    let began = Instant::now();
    assert_eq!(joao.verify(&world).await, Verified::default());
    println!(
        "nothing differs: {:?} for both sides, with two syncs",
        began.elapsed()
    );
}

/// A visit with a photo. Gives the photo's name.
fn visit_with_photo(phone: &mut Phone, household: HouseholdId) -> PhotoHash {
    let form = phone.begin_visit(household, "楼道灯不亮");
    let file = a_jpeg(32, 24, 7);
    let modified_at = phone.now_ms.get();
    let photo = phone.call(api::AddPhoto {
        draft: form,
        file,
        modified_at,
    });
    phone.call(api::FinishDraft { id: form });
    photo.hash
}

/// Seed 3141594725 of the simulation: the photo of a visit whose row was gone stayed behind when its household moved. The
/// server knows no such photo there, so it went without coming back, and with it the own operation that was read off its
/// row: no request could be made any more of what was recorded after it.
#[tokio::test]
async fn what_was_recorded_behind_a_row_that_did_not_come_back_is_sent() {
    let world = World::new().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut amina = Open::of(&world, "amina").await;
    let household = lin.add_household("3-2-501");
    world.settle(&mut [&mut lin, &mut amina.phone]).await;
    let photo = visit_with_photo(&mut amina.phone, household);
    world.settle(&mut [&mut amina.phone, &mut lin]).await;
    let replica = &mut amina.phone.replica;
    replica
        .keep_upload_answer(photo, Uploaded::Whole)
        .unwrap()
        .unwrap();
    amina.damage("DELETE FROM visit");
    let fields = FieldMap::from_iter([(household::MOVED_TO, Value::text(OTHER_GRID))]);
    let record = RecordRef::new(RecordKind::HOUSEHOLD, household.0);
    lin.call(api::SaveFields { record, fields });
    world.settle(&mut [&mut lin, &mut amina.phone]).await;
    let before = amina.phone.chain_at(2);
    assert_eq!(amina.verify(&world).await.differing, 1);

    amina.phone.add_household("3-2-502");
    world.settle(&mut [&mut amina.phone, &mut lin]).await;
    assert_eq!(amina.phone.status().sync.waiting_operations, 0);
    assert_eq!(amina.phone.chain_at(2), before, "what was sent is kept");
}

/// A row that went bad does not hold up what is behind it: it gives way to what comes, and is then taken anew.
#[tokio::test]
async fn a_row_that_cannot_be_read_gives_way_to_what_comes() {
    let world = World::new().await;
    let (mut amina, mut joao, household, resident) = two_phones(&world).await;
    for (table, id) in [("household", household.0), ("resident", resident.0)] {
        amina.damage(&format!(
            "UPDATE {table} SET clocks = x'ff' WHERE id = {}",
            hex(id)
        ));
    }
    joao.note(household, "门铃坏了");
    joao.phone.call(api::SaveFields {
        record: RecordRef::new(RecordKind::RESIDENT, resident.0),
        fields: FieldMap::from_iter([(resident::NAME, Value::text("王秀兰（奶奶）"))]),
    });
    world.settle(&mut [&mut joao.phone, &mut amina.phone]).await;
    // What was cut off from its beginning is whole again with the next request.
    world.sync(&mut amina.phone).await;
    let page = amina.phone.household(household);
    assert_eq!(page.household.door, "3-2-501");
    assert_eq!(page.household.note, "门铃坏了");
    assert_eq!(page.residents.len(), 2);
    assert_eq!(amina.names("奶奶"), 1);
    assert_eq!(amina.verify(&world).await, Verified::default());
}

/// Seed 174445037 of the simulation: under another identity a phone does not hear that what was set aside before was taken
/// up; the only copy of the photo stayed on it, in an area that it had lost.
#[tokio::test]
async fn a_photo_whose_record_came_without_a_word_is_sent_with_the_next_verification() {
    let mut world = World::in_a_file().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut amina = Open::of(&world, "amina").await;
    world.back_up();
    let household = lin.add_household("3-2-501");
    world.settle(&mut [&mut lin, &mut amina.phone]).await;
    world.restore().await;
    // The server has lost the household, and sets aside what names it.
    let hash = visit_with_photo(&mut amina.phone, household);
    world.sync(&mut amina.phone).await;
    let refused = Uploaded::Refused("photo.unknown".to_owned());
    assert!(
        amina
            .phone
            .replica
            .keep_upload_answer(hash, refused)
            .unwrap()
            .is_ok()
    );
    let outbox = amina.phone.call(api::Outbox);
    assert_eq!(outbox.attention.len(), 2);
    for entry in outbox.attention {
        amina.phone.call(api::DismissParked {
            seq: entry.seq,
            seen: true,
        });
    }
    let reply = world.server.sign_in("amina").await;
    amina.phone.token.clone_from(&reply.token);
    let replica = &mut amina.phone.replica;
    replica
        .keep_sign_in(String::new(), "amina".to_owned(), &reply)
        .unwrap();
    world.sync(&mut amina.phone).await;
    world.server.clock.set(amina.phone.now_ms.get() + 1_000);
    world.assign("amina", &[OTHER_GRID]).await;
    // Now the household comes, and with it what waited for it.
    world.settle(&mut [&mut lin, &mut amina.phone]).await;
    assert_eq!(lin.household(household).visits.len(), 1);

    // Behind a sync that has brought everything.
    let wants = |phone: &mut Phone| {
        phone.replica.decide().unwrap();
        phone.replica.engine_event(Event::Succeeded { more: false });
        phone.replica.decide().unwrap()
    };
    let nothing = matches!(wants(&mut amina.phone), Action::Wait(Some(_)));
    assert!(nothing, "the control");
    amina.phone.replica.verify_soon().unwrap();
    world.sync(&mut amina.phone).await;
    assert_eq!(wants(&mut amina.phone), Action::Upload(hash));
    let path = format!("/v1/photos/{hash}");
    let bytes = ("image/jpeg", a_kept(&amina.disk, hash));
    let token = Some(amina.phone.token.as_str());
    let sent = world.server.call(Method::PUT, &path, token, bytes).await;
    assert_eq!(sent.status, 201, "it is wanted");
    amina
        .phone
        .replica
        .keep_upload_answer(hash, Uploaded::Whole)
        .unwrap()
        .unwrap();
    world.sync(&mut amina.phone).await;
    let left: u64 = amina
        .disk
        .query_row("SELECT count(*) FROM photo", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0, "and goes with the area");
}

fn a_kept(disk: &Connection, hash: PhotoHash) -> Vec<u8> {
    disk.query_row("SELECT bytes FROM photo_bytes WHERE hash = ?1", [hash.0], |row| {
        row.get(0)
    })
    .unwrap()
}
