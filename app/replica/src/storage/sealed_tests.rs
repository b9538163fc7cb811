use std::collections::BTreeMap;
use std::path::Path;

use shared::domain::household::NOTE;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::FieldMap;
use shared::domain::worker::Role;
use shared::domain::{Household, Resident};
use shared::ids::{AreaCode, DeviceId, DraftId, HouseholdId, WorkerId};
use uuid::Uuid;

use super::*;
use crate::api::{DraftBody, VisitDraft};
use crate::search::fts_query;
use crate::storage::next::NextVersion;
use crate::storage::recorder::Author;
use crate::storage::recorder::record;
use crate::storage::{Home, drafts, prepare};

const KEY: SealKey = SealKey([7; 32]);
/// Some of them, as they lie in a file.
const KEY_BYTES: &str = "\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}";
const OTHER_KEY: SealKey = SealKey([8; 32]);
const NONCE: [u8; 16] = [3; 16];
/// Words of records, of found text and of a form.
const WORDS: [&str; 4] = ["门铃坏了从后门进", "欧阳小燕", "13900001111", "想要一部助听器"];

fn in_memory() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    prepare(&mut connection, Home::Memory).unwrap();
    fill(&mut connection);
    connection
}

/// Records of many blocks, an edit, a half-filled form, a photo that waits, a setting and the key.
fn fill(connection: &mut Connection) {
    let author = Author {
        device: DeviceId(Uuid::from_u128(1)),
        worker: WorkerId(Uuid::from_u128(2)),
        role: Role::Member,
        now_ms: 1_800_000_000_000,
    };
    let here = AreaCode::new("130803001001-01").unwrap();
    let transaction = connection.transaction().unwrap();
    record(&transaction, author, |recorder| {
        for number in 1..=400_u128 {
            let household = RecordRef::new(RecordKind::HOUSEHOLD, Uuid::from_u128(number));
            let fields = Household {
                door: format!("{number}-2-501"),
                note: "二楼东户的老人耳背，敲门要用力，等一会儿再敲第二遍。".repeat(6),
                ..Household::default()
            };
            recorder.bring_to(&here, household, fields.to_fields())?;
            let mut resident = Resident::named(HouseholdId(household.id), WORDS[1]);
            resident.phones = vec![WORDS[2].to_owned()];
            let resident_ref = RecordRef::new(RecordKind::RESIDENT, Uuid::from_u128(1_000 + number));
            recorder.bring_to(&here, resident_ref, resident.to_fields())?;
        }
        let first = RecordRef::new(RecordKind::HOUSEHOLD, Uuid::from_u128(1));
        recorder.bring_to(&here, first, FieldMap::from_iter([(NOTE, Value::text(WORDS[0]))]))
    })
    .unwrap();
    let body = DraftBody::Visit(VisitDraft {
        household: HouseholdId(Uuid::from_u128(1)),
        outcome: None,
        met: Vec::new(),
        purpose: None,
        phrases: Vec::new(),
        note: WORDS[3].to_owned(),
        needs: Vec::new(),
        promise: String::new(),
        promise_due: None,
        started_at: 5,
    });
    drafts::save(
        &transaction,
        DraftId(Uuid::from_u128(9)),
        &body,
        (1, None, &[]),
        5,
    )
    .unwrap();
    transaction
        .execute(
            "INSERT INTO draft_photo (draft, position, hash, taken_at, width, height, size, thumbnail)
             VALUES (?1, 0, x'01', 1, 2, 3, 4, x'0506')",
            [Uuid::from_u128(9)],
        )
        .unwrap();
    transaction
        .execute(
            "INSERT INTO photo_bytes (hash, bytes, state, kept_at) VALUES (x'01', ?1, 1, 5)",
            [vec![0xab_u8; 3 * BLOCK_BYTES]],
        )
        .unwrap();
    meta::set_setting(&transaction, "language", "en").unwrap();
    keep_key(&transaction, Some(KEY)).unwrap();
    transaction.commit().unwrap();
}

/// Every row of every table, as SQLite shows it.
fn dump(connection: &Connection) -> BTreeMap<String, Vec<String>> {
    let mut dumped = BTreeMap::new();
    for Table { name, .. } in tables(connection).unwrap() {
        let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..columns).map(|column| Ok(format!("{:?}", row.get_ref(column)?)));
            cells
                .collect::<rusqlite::Result<Vec<_>>>()
                .map(|cells| cells.join("|"))
        });
        let mut rows: Vec<String> = rows.unwrap().collect::<Result<_, _>>().unwrap();
        let key = format!("{:?}", ValueRef::Text(SEAL_KEY.as_bytes()));
        rows.retain(|row| !row.contains(&key));
        dumped.insert(name, rows);
    }
    dumped
}

fn seal_it(connection: &mut Connection, nonce: [u8; 16]) -> Sealed {
    let transaction = connection.transaction().unwrap();
    let sealed = seal(&transaction, &KEY, nonce).unwrap();
    transaction.commit().unwrap();
    sealed
}

fn unseal_it(connection: &mut Connection, key: &SealKey) -> bool {
    let transaction = connection.transaction().unwrap();
    let opened = unseal(&transaction, key).unwrap();
    if opened {
        transaction.commit().unwrap();
    }
    opened
}

fn found(connection: &Connection, text: &str) -> u64 {
    let query = fts_query(text).unwrap();
    let sql = "SELECT count(*) FROM search WHERE search MATCH ?1";
    connection.query_row(sql, [query], |row| row.get(0)).unwrap()
}

fn blocks(connection: &Connection) -> Vec<Vec<u8>> {
    let mut statement = connection
        .prepare("SELECT bytes FROM sealed ORDER BY number")
        .unwrap();
    let blocks = statement.query_map([], |row| row.get(0)).unwrap();
    blocks.collect::<Result<_, _>>().unwrap()
}

#[test]
fn everything_comes_back_as_it_was() {
    let mut connection = in_memory();
    let before = dump(&connection);
    assert_eq!(found(&connection, "欧阳"), 400);
    let sealed = seal_it(&mut connection, NONCE);
    assert_eq!((sealed.operations, sealed.photos, sealed.drafts), (801, 1, 1));
    assert!(blocks(&connection).len() > 5, "{}", blocks(&connection).len());
    assert_eq!(standing(&connection).unwrap(), Some(sealed));
    assert_eq!(key(&connection).unwrap(), None);
    let rows = dump(&connection);
    let left: Vec<&String> = rows
        .iter()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(left, ["meta"]);
    assert_eq!(found(&connection, "欧阳"), 0);
    assert!(unseal_it(&mut connection, &KEY));
    assert_eq!(dump(&connection), before);
    assert_eq!(found(&connection, "欧阳"), 400);
    assert_eq!(
        meta::setting(&connection, "language").unwrap().as_deref(),
        Some("en")
    );
    assert_eq!(standing(&connection).unwrap(), None);
    // And again.
    assert_eq!(seal_it(&mut connection, [4; 16]).operations, 801);
    assert!(unseal_it(&mut connection, &KEY));
    assert_eq!(dump(&connection), before);
}

/// Whether the files of a database hold a text.
fn can_be_read(folder: &Path, word: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(word.len()).any(|window| window == word.as_bytes())
    })
}

/// Also not what was removed long before.
#[test]
fn nothing_can_be_read_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = Connection::open(folder.path().join("replica.db")).unwrap();
    prepare(&mut connection, Home::File).unwrap();
    fill(&mut connection);
    connection
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    assert!(WORDS.iter().all(|word| can_be_read(folder.path(), word)));
    assert!(can_be_read(folder.path(), KEY_BYTES));
    connection.execute("DELETE FROM draft", []).unwrap();
    seal_it(&mut connection, NONCE);
    connection
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let read: Vec<&str> = WORDS
        .into_iter()
        .filter(|word| can_be_read(folder.path(), word))
        .collect();
    assert!(read.is_empty(), "{read:?}");
    assert!(!can_be_read(folder.path(), KEY_BYTES));
    assert!(unseal_it(&mut connection, &KEY));
    assert!(can_be_read(folder.path(), WORDS[0]));
}

#[test]
fn another_key_opens_nothing_and_changes_nothing() {
    let mut connection = in_memory();
    seal_it(&mut connection, NONCE);
    let sealed = blocks(&connection);
    assert!(!unseal_it(&mut connection, &OTHER_KEY));
    assert_eq!(blocks(&connection), sealed);
    assert!(unseal_it(&mut connection, &KEY));
}

#[test]
fn what_was_altered_or_is_missing_opens_nothing() {
    let spoils = [
        "UPDATE sealed SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE number = 2",
        "UPDATE sealed SET bytes = CAST(x'00' || substr(bytes, 2) AS BLOB) WHERE number = 1",
        "UPDATE sealed SET bytes = (SELECT bytes FROM sealed WHERE number = 3) WHERE number = 2",
        "DELETE FROM sealed WHERE number = (SELECT max(number) FROM sealed)",
        "DELETE FROM sealed",
    ];
    for spoil in spoils {
        let mut connection = in_memory();
        seal_it(&mut connection, NONCE);
        connection.execute(spoil, []).unwrap();
        assert!(!unseal_it(&mut connection, &KEY), "{spoil}");
    }
}

/// The nonce is drawn anew each time, so two sealings of the same rows have nothing in common.
#[test]
fn two_sealings_do_not_look_alike() {
    let mut connection = in_memory();
    seal_it(&mut connection, NONCE);
    let first = blocks(&connection);
    assert!(unseal_it(&mut connection, &KEY));
    seal_it(&mut connection, [4; 16]);
    let second = blocks(&connection);
    assert_eq!(first.len(), second.len());
    for (first, second) in first.iter().zip(&second) {
        let same = first.iter().zip(second).filter(|(a, b)| a == b).count();
        assert!(same <= 2 + first.len() / 64, "{same} of {}", first.len());
    }
}

/// A device as this app has it, before an update.
fn earlier() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    let transaction = connection.transaction().unwrap();
    migrate::make(&transaction, 1_001).unwrap();
    transaction
        .execute_batch(
            "INSERT INTO household (id, area, door, clocks) VALUES (x'01', '130803001001-01', '1-2-501', x'00');
             INSERT INTO operation (seq, kind, record, at, body, chain) VALUES (1, 1, x'01', 5, x'02', x'03');
             INSERT INTO search (rowid, chars, latin, digits) VALUES (2, 'a', 'b', '501');
             INSERT INTO setting (name, value) VALUES ('language', 'en')",
        )
        .unwrap();
    transaction.commit().unwrap();
    connection
}

/// F20 for what is sealed: the app was updated before the worker signed in again.
#[test]
fn what_an_earlier_app_sealed_comes_back_in_the_present_schema() {
    let mut updated = earlier();
    let mut connection = earlier();
    let sealed = Sealed {
        operations: 1,
        photos: 0,
        drafts: 0,
        schema: 1_001,
        nonce: NONCE,
    };
    let transaction = connection.transaction().unwrap();
    seal_as(&transaction, &KEY, sealed).unwrap();
    transaction.commit().unwrap();
    let _updated = NextVersion::begin();
    migrate::migrate(&mut updated).unwrap();
    migrate::migrate(&mut connection).unwrap();
    assert!(unseal_it(&mut connection, &KEY));
    assert_eq!(dump(&connection), dump(&updated));
    assert_eq!(
        migrate::version(&connection).unwrap(),
        migrate::version(&updated).unwrap()
    );
    assert_eq!(
        meta::setting(&connection, "language").unwrap().as_deref(),
        Some("en")
    );
}
