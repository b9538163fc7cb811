//! What holds of every kind of record. Each test goes through the table of kinds, so that one for which somebody forgot a
//! line, where the line is written by hand, fails here.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::atomic::{AtomicU64, Ordering};

use replica::api;
use rusqlite::Connection;
use shared::domain::household;
use shared::domain::schema::{FieldSpec, KindSpec, Meaning, Reach, RecordKind, RecordRef, kinds};
use shared::domain::value::{FieldMap, Value, ValueShape};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DraftId};
use sync_server::testing::TEST_START_MS;
use tests::world::{COMMUNITY, GRID, OTHER_GRID};
use tests::{Phone, World};
use uuid::Uuid;

/// The record of a kind.
fn one(kind: RecordKind) -> RecordRef {
    RecordRef::new(kind, Uuid::from_u128(kind.0.into()))
}

/// Something that may stand in a field; nothing in one that names records or areas.
fn something(spec: &FieldSpec) -> Option<Value> {
    Some(match spec.meaning {
        Meaning::Names { .. } | Meaning::Area { .. } => return None,
        Meaning::Member { list, .. } => {
            let (number, _) = *list.members.first()?;
            match spec.shape {
                ValueShape::Int => Value::Int(number as i64),
                _ => Value::numbers(vec![number]),
            }
        }
        Meaning::Day => Value::Int(20_261_130),
        Meaning::Moment => Value::Int(TEST_START_MS as i64),
        Meaning::Flag => Value::Int(1),
        Meaning::Number { from, .. } => Value::Int(from),
        Meaning::Phones { .. } => Value::texts(&["12345".to_owned()]),
        Meaning::Plain => match spec.shape {
            ValueShape::Text => Value::text("3-2-501"),
            ValueShape::Texts => Value::texts(&["3-2-501".to_owned()]),
            // A hash; a picture is more than any bytes.
            ValueShape::Bytes if spec.missing.is_none() => return None,
            ValueShape::Bytes => Value::Bytes(vec![7; 32]),
            _ => Value::Int(1),
        },
    })
}

/// A record of a kind with all that people fill in, beside the first thing beside which it may lie.
fn filled(spec: &KindSpec) -> FieldMap {
    let mut fields: FieldMap = spec
        .entered()
        .filter_map(|field| Some((field.id, something(field)?)))
        .collect();
    let beside = spec.beside.first().and_then(|id| spec.field(*id));
    if let Some(FieldSpec {
        id,
        meaning: Meaning::Names { kinds, kind_in },
        ..
    }) = beside
    {
        let owner = one(*kinds.first().unwrap());
        fields.insert(*id, Value::Id(owner.id));
        let kind_in = kind_in.map(|kind_in| (kind_in, Value::Int(owner.kind.0.into())));
        fields.extend(kind_in);
    }
    fields
}

fn area_of(spec: &KindSpec) -> AreaCode {
    match spec.reach {
        Reach::Own => AreaCode::new(GRID).unwrap(),
        Reach::Down => AreaCode::new(COMMUNITY).unwrap().common().unwrap(),
    }
}

fn record(phone: &mut Phone, spec: &KindSpec, record: RecordRef) {
    phone.advance(1);
    phone
        .replica
        .record_all([(area_of(spec), record, filled(spec))])
        .unwrap_or_else(|error| panic!("{}: {error:?}", spec.name));
}

/// A phone and a second way into its database.
async fn a_phone(world: &World, name: &str) -> (Phone, Connection) {
    static DISKS: AtomicU64 = AtomicU64::new(0);
    let uri = format!("file:/every-{}?vfs=memdb", DISKS.fetch_add(1, Ordering::Relaxed));
    let disk = Connection::open(&uri).unwrap();
    let replica = Connection::open(&uri).unwrap();
    let phone = world.phone_on(replica, name, Role::Supervisor, &[COMMUNITY]);
    (phone.await, disk)
}

/// Where the record of a kind lies.
fn lies_in(disk: &Connection, spec: &KindSpec) -> String {
    let table = if spec.has_table { spec.name } else { "record" };
    let sql = format!("SELECT area FROM {table} WHERE id = ?1");
    disk.query_row(&sql, [one(spec.kind).id], |row| row.get(0))
        .unwrap_or_else(|error| panic!("{}: {error}", spec.name))
}

/// In the outbox, in conflicts and in the bin a record is called something, and what was set aside is corrected in its form.
#[tokio::test(flavor = "current_thread")]
async fn a_record_is_called_something_and_has_a_form() {
    let world = World::new().await;
    let (mut lin, _) = a_phone(&world, "lin").await;
    for spec in kinds() {
        record(&mut lin, spec, one(spec.kind));
    }
    let waiting = lin.call(api::Outbox).waiting;
    for spec in kinds() {
        let entry = waiting
            .iter()
            .find(|entry| entry.record == one(spec.kind))
            .unwrap();
        // A rule is called by what it says.
        let has_none = spec.title.is_none() && !spec.has_table;
        assert_eq!(entry.title.is_empty(), has_none, "{}", spec.name);
        let form = lin.call(api::Draft {
            id: DraftId(one(spec.kind).id),
        });
        // A photo has none.
        let has_none = spec.kind == RecordKind::PHOTO;
        assert_eq!(form.is_none(), has_none, "{}", spec.name);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_can_be_shown_under_another_is_offered_one_that_is_alike() {
    let world = World::new().await;
    let (mut lin, _) = a_phone(&world, "lin").await;
    for spec in kinds() {
        record(&mut lin, spec, one(spec.kind));
    }
    for spec in kinds().filter(|spec| spec.merged_into.is_some()) {
        let other = RecordRef::new(spec.kind, Uuid::from_u128(1_000 + u128::from(spec.kind.0)));
        record(&mut lin, spec, other);
        let alike = lin.call(api::Alike {
            record: one(spec.kind),
        });
        assert!(alike.iter().any(|entry| entry.record == other), "{}", spec.name);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_household_on_which_something_hangs_is_not_taken_back() {
    for spec in kinds().filter(|spec| spec.beside_one_of(RecordKind::HOUSEHOLD).next().is_some()) {
        let world = World::new().await;
        let (mut lin, _) = a_phone(&world, "lin").await;
        let household = one(RecordKind::HOUSEHOLD);
        record(&mut lin, RecordKind::HOUSEHOLD.spec().unwrap(), household);
        record(&mut lin, spec, one(spec.kind));
        let refused = lin.try_call(api::Remove { record: household }).unwrap_err();
        assert_eq!(refused.detail, format!("household.has_{}s", spec.name));
        lin.call(api::Remove {
            record: one(spec.kind),
        });
        lin.call(api::Remove { record: household });
    }
}

/// On the phone that moves it, on one that hears of it, and on the server.
#[tokio::test(flavor = "current_thread")]
async fn what_lies_beside_something_is_moved_along() {
    let world = World::new().await;
    let (mut lin, of_lin) = a_phone(&world, "lin").await;
    let (mut joao, of_joao) = a_phone(&world, "joao").await;
    for spec in kinds() {
        record(&mut lin, spec, one(spec.kind));
    }
    world.settle(&mut [&mut lin, &mut joao]).await;
    let moved = [(household::MOVED_TO, Value::text(OTHER_GRID))];
    lin.call(api::SaveFields {
        record: one(RecordKind::HOUSEHOLD),
        fields: FieldMap::from_iter(moved),
    });
    world.settle(&mut [&mut lin, &mut joao]).await;
    for spec in kinds() {
        let moves = spec.kind == RecordKind::HOUSEHOLD || !spec.beside.is_empty();
        let expected = match moves {
            true => OTHER_GRID.to_owned(),
            false => area_of(spec).to_string(),
        };
        for disk in [&of_lin, &of_joao] {
            assert_eq!(lies_in(disk, spec), expected, "{}", spec.name);
        }
    }
    let checked = world.server.state.storage.check().await.unwrap();
    assert_eq!((checked.faults, checked.parked), (Vec::new(), 0));
}
