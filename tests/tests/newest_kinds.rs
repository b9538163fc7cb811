//! A phone whose program does not know the newest kinds holds what it receives of them, and shows it at the first start of
//! a program that does.
//!
//! Apart from other tests, because a guard is taken away from the whole process.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::atomic::{AtomicU64, Ordering};

use replica::api::{self, ErrorCode, RecordPage};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use shared::domain::issue::Category;
use shared::domain::need::Need;
use shared::domain::schema::{FieldId, RecordKind, RecordRef};
use shared::domain::unit::UnitSort;
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit::Purpose;
use shared::domain::worker::Role;
use shared::domain::{care_rule, category, unit};
use shared::guards::{Guard, only_without};
use shared::ids::AreaCode;
use shared::protocol::v1::{self, Push, SyncReply, SyncRequest};
use shared::protocol::verify::Verified;
use tests::world::{COMMUNITY, GRID, meet};
use tests::{Phone, World};
use uuid::Uuid;

const NEWEST: [RecordKind; 3] = [RecordKind::UNIT, RecordKind::CATEGORY, RecordKind::CARE_RULE];

/// What runs on a phone.
#[derive(Clone, Copy)]
enum Program {
    /// It knows every kind.
    Newer,
    /// It does not know the newest ones.
    Earlier,
    /// It knows them, and does not take up what the earlier one could only keep: the control.
    NotLearning,
}

impl Program {
    fn run<T>(self, act: impl FnOnce() -> T) -> T {
        only_without(match self {
            Self::Newer => None,
            Self::Earlier => Some(Guard::NewestKinds),
            Self::NotLearning => Some(Guard::Learning),
        });
        let done = act();
        only_without(None);
        done
    }
}

/// A phone whose database is there when its program has ended.
struct Open {
    phone: Phone,
    program: Program,
    disk: Connection,
    uri: String,
}

impl Open {
    async fn of(world: &World, name: &str, role: Role, area: &str) -> Self {
        static DISKS: AtomicU64 = AtomicU64::new(0);
        let uri = format!("file:/newest-{}?vfs=memdb", DISKS.fetch_add(1, Ordering::Relaxed));
        let disk = Connection::open(&uri).unwrap();
        let replica = Connection::open(&uri).unwrap();
        let phone = world.phone_on(replica, name, role, &[area]).await;
        Self {
            phone,
            program: Program::Newer,
            disk,
            uri,
        }
    }

    /// Another program opens the same database.
    fn becomes(&mut self, world: &World, program: Program) {
        let connection = Connection::open(&self.uri).unwrap();
        let mut phone = program.run(|| world.blank_phone(connection));
        phone.token.clone_from(&self.phone.token);
        phone.now_ms.set(self.phone.now_ms.get());
        (self.phone, self.program) = (phone, program);
    }

    fn run<T>(&mut self, act: impl FnOnce(&mut Phone) -> T) -> T {
        self.program.run(|| act(&mut self.phone))
    }

    fn waiting(&mut self) -> u64 {
        self.run(|phone| phone.status().sync.waiting_operations)
    }

    /// Sends and reads everything; how many operations it read, and what the server said first.
    async fn sync(&mut self, world: &World) -> (u64, SyncReply) {
        let (mut pulled, mut first) = (0, None);
        loop {
            let request = self.run(|phone| phone.replica.sync_request(true)).unwrap();
            let request: SyncRequest = v1::decode(&request).unwrap();
            let reply = world.server.sync(&self.phone.token, &request).await.unwrap();
            let kept = self.run(|phone| phone.replica.keep_reply(&reply)).unwrap();
            pulled += kept.pulled;
            let first = first.get_or_insert(reply);
            if self.waiting() == 0 && kept.remaining == 0 {
                return (pulled, first.clone());
            }
        }
    }

    /// How many parts of what lies here are something else than on the server.
    async fn differing(&mut self, world: &World) -> u16 {
        self.phone.replica.verify_soon().unwrap();
        self.sync(world).await;
        let (_, reply) = self.sync(world).await;
        let verified = Verified::in_reply(&reply.extensions).expect("it is compared");
        verified.differing
    }

    /// Every record without a table of its own, as it lies there.
    fn rows(&self) -> Vec<Vec<Cell>> {
        let columns = "kind, id, area, removed, conflicts, removed_at, removal_open, author, beside, moment, title, step,
                       finished, state";
        let sql = format!("SELECT {columns} FROM record ORDER BY kind, id");
        let mut statement = self.disk.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| (0..14).map(|column| row.get(column)).collect());
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// What its screens show of the newest kinds; `None` where they know nothing of one.
    fn shown(&mut self) -> Vec<Option<Vec<RecordPage>>> {
        let of_kind = |kind| {
            self.run(|phone| match phone.try_call(api::Records { kind }) {
                Ok(list) => {
                    let records = list.records.into_iter().map(|shown| shown.record);
                    Some(records.map(|record| phone.call(api::Record { record })).collect())
                }
                Err(error) => {
                    assert_eq!(error.code, ErrorCode::NotFound);
                    None
                }
            })
        };
        NEWEST.map(of_kind).into()
    }

    /// What the next request brings to the server.
    fn unsent(&mut self) -> Option<Push> {
        let request = self.run(|phone| phone.replica.sync_request(true)).unwrap();
        let request: SyncRequest = v1::decode(&request).unwrap();
        request.push
    }

    /// Writes a record that is decided for the community.
    fn decides<const N: usize>(&mut self, kind: RecordKind, id: u128, fields: [(FieldId, Value); N]) {
        let area = AreaCode::new(COMMUNITY).ok().and_then(|area| area.common());
        let record = RecordRef::new(kind, Uuid::from_u128(id));
        self.phone.advance(1);
        let wanted = [(area.unwrap(), record, FieldMap::from_iter(fields))];
        self.run(|phone| phone.replica.record_all(wanted)).unwrap();
    }

    fn decides_unit(&mut self, id: u128, name: &str) {
        let fields = [
            (unit::NAME, Value::text(name)),
            (unit::SORT, Value::Int(UnitSort::PropertyCompany.number() as i64)),
            (unit::HANDLES, Value::numbers(vec![Category::Facilities.number()])),
        ];
        self.decides(RecordKind::UNIT, id, fields);
    }
}

/// What is to be seen of a phone that was updated.
#[derive(Debug, PartialEq)]
struct Updated {
    /// Before any sync it shows of the newest kinds what a phone shows that knew them from the first.
    shows_all_at_once: bool,
    /// Parts of what lies there that are something else than on the server, once everything is sent and read.
    differing: u16,
    /// In the end every record of the newest kinds lies there bit for bit as on a phone that knew them from the first.
    ends_the_same: bool,
}

/// A supervisor decides. A member's phone of the earlier program reads it, hears more of it from the supervisor's phone
/// without a server, and has work to send when another program takes its place.
async fn story(updated: Program) -> Updated {
    let world = World::new().await;
    let mut lin = Open::of(&world, "lin", Role::Supervisor, COMMUNITY).await;
    let mut joao = Open::of(&world, "joao", Role::Member, GRID).await;
    let mut amina = Open::of(&world, "amina", Role::Member, GRID).await;
    amina.becomes(&world, Program::Earlier);

    let home = lin.phone.add_household("3-2-501");
    lin.decides_unit(1, "惠民物业");
    lin.decides_unit(2, "元宝山物业");
    let fields = [
        (category::NAME, Value::text("路灯不亮")),
        (category::BASE, Value::Int(Category::Facilities.number() as i64)),
        (category::UNIT, Value::Id(Uuid::from_u128(1))),
        (category::ACCEPT_DAYS, Value::Int(2)),
    ];
    lin.decides(RecordKind::CATEGORY, 3, fields);
    let fields = [
        (care_rule::NEED, Value::Int(Need::LivesAlone.number() as i64)),
        (care_rule::AT_LEAST_DAYS, Value::Int(7)),
        (
            care_rule::PURPOSES,
            Value::numbers(vec![Purpose::Routine.number()]),
        ),
    ];
    lin.decides(RecordKind::CARE_RULE, 4, fields);
    let fields = [(unit::NOTE, Value::text("抢修二十四小时"))];
    lin.decides(RecordKind::UNIT, 2, fields);
    lin.sync(&world).await;
    joao.sync(&world).await;

    // It counts and holds what it shows nowhere, and finds that nothing is missing.
    let (pulled, _) = amina.sync(&world).await;
    assert_eq!(
        pulled, 6,
        "a household, four records of the newest kinds, an edit"
    );
    assert_eq!(amina.rows().len(), 4);
    assert_eq!(amina.shown(), [None, None, None]);
    let counted = joao
        .shown()
        .into_iter()
        .map(|pages| pages.map_or(0, |pages| pages.len()));
    assert_eq!(
        counted.collect::<Vec<_>>(),
        [2, 1, 1],
        "the control: who knows them shows them"
    );
    assert_eq!(amina.differing(&world).await, 0);

    // The supervisor's program is put back by one while a unit is still to be sent: it goes on bit for bit as it was
    // written, to who is met and to the server.
    lin.decides_unit(5, "城管所");
    let written = lin.unsent();
    lin.becomes(&world, Program::Earlier);
    assert!(written.is_some() && lin.unsent() == written);
    lin.program
        .run(|| meet(&mut lin.phone.replica, &mut amina.phone.replica));
    assert_eq!(amina.rows().len(), 5);
    lin.sync(&world).await;
    joao.sync(&world).await;

    // Work that the server does not have yet, and a form that is open.
    amina.run(|phone| phone.visit(home, "水管已修好"));
    let form = amina.run(|phone| phone.begin_visit(home, "写到一半"));
    let written = amina.unsent();
    assert_eq!(amina.waiting(), 1);

    amina.becomes(&world, updated);
    let shows_all_at_once = amina.shown() == joao.shown();
    assert!(written.is_some() && amina.unsent() == written);
    assert!(amina.phone.call(api::Draft { id: form }).is_some());
    assert_eq!(amina.phone.log(), ["水管已修好"]);

    let differing = amina.differing(&world).await;
    assert_eq!(amina.waiting(), 0);
    amina.phone.call(api::FinishDraft { id: form });
    for phone in [&mut amina, &mut joao] {
        phone.sync(&world).await;
    }
    assert_eq!(joao.phone.log(), ["写到一半", "水管已修好"]);
    let checked = world.server.state.storage.check().await.unwrap();
    assert_eq!(checked.faults, [""; 0]);
    assert_eq!((checked.operations, checked.parked), (9, 0));
    Updated {
        shows_all_at_once,
        differing,
        ends_the_same: amina.rows() == joao.rows(),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_phone_without_the_newest_kinds_loses_nothing_of_them_and_shows_them_at_once_after_the_update() {
    let updated = story(Program::Newer).await;
    let whole = Updated {
        shows_all_at_once: true,
        differing: 0,
        ends_the_same: true,
    };
    assert_eq!(updated, whole);
    let control = story(Program::NotLearning).await;
    let is_noticed = !control.shows_all_at_once && control.differing > 0 && !control.ends_the_same;
    assert!(is_noticed, "{control:?}");
}
