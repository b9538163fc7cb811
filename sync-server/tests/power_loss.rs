//! Power loss: what the server wrote to its database and had not synced is dropped or kept by chance, and the last
//! write is torn in the middle of a sector (F3). Whatever was receipted before must be there.
//!
//! A phone pushes to the real storage while every write and sync of SQLite is recorded. Then the record is cut at
//! random points; at each the files are put together as the disk might hold them, opened and checked.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "power_loss/recorder.rs"]
mod recorder;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use recorder::Event;
use rusqlite::Connection;
use shared::domain::area::Area;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DeviceId, WorkerId};
use sync_server::chance::Chance;
use sync_server::passwords::Passwords;
use sync_server::storage::{NewAccount, NewSession, PushOutcome, Storage, TokenHash};
use sync_server::testing::{SeededChance, TEST_PASSWORD, TEST_START_MS, TestPhone};

const AREA: &str = "130803001001";
const PUSHES: u64 = 250;
/// After so many pushes the log is written into the file: by itself the server would do that once in all of this.
const CHECKPOINT_EVERY: u64 = 10;
/// How many cuts the ordinary run makes; `KOUMEN_TRIES` says otherwise.
const TRIES: u64 = 120;

/// A file as the disk holds it for certain, and what was written since the last sync.
#[derive(Debug, Clone, Default)]
struct DiskFile {
    durable: Vec<u8>,
    pending: Vec<Event>,
}

fn apply(bytes: &mut Vec<u8>, event: &Event, length_max: usize) {
    match event {
        Event::Write {
            offset, bytes: new, ..
        } => {
            let new = new.get(..length_max.min(new.len())).unwrap_or(new);
            if bytes.len() < offset + new.len() {
                bytes.resize(offset + new.len(), 0);
            }
            bytes.splice(*offset..offset + new.len(), new.iter().copied());
        }
        Event::Truncate { length, .. } => bytes.resize(*length, 0),
        Event::Sync { .. } | Event::Receipt(_) => {}
    }
}

impl DiskFile {
    fn sync(&mut self) {
        for event in self.pending.drain(..) {
            apply(&mut self.durable, &event, usize::MAX);
        }
    }

    /// What may be there after the power went: each unsynced write or not, the last one torn.
    fn after_power_loss(&self, chance: &SeededChance) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for (index, event) in self.pending.iter().enumerate() {
            let is_last = index + 1 == self.pending.len();
            if is_last {
                let length = chance.below(8_192);
                apply(&mut bytes, event, usize::try_from(length).unwrap());
            } else if chance.below(2) == 0 {
                apply(&mut bytes, event, usize::MAX);
            }
        }
        bytes
    }
}

async fn a_phone(storage: &Storage) -> TestPhone {
    let area = AreaCode::new(AREA).unwrap();
    let areas = [Area {
        code: area.clone(),
        name: "社区".to_owned(),
    }];
    storage.put_areas(&areas).await.unwrap();
    let chance = SeededChance::new(2);
    let worker = WorkerId(chance.uuid());
    let account = NewAccount {
        worker,
        username: "zhao".to_owned(),
        display: "zhao".to_owned(),
        role: Role::Member,
        areas: vec![area],
        password: Passwords::cheap().hash(TEST_PASSWORD, &chance).unwrap(),
    };
    storage.add_account(account).await.unwrap();
    let device = DeviceId(chance.uuid());
    let session = NewSession {
        worker,
        device: None,
        device_fresh: device,
        device_name: "test".to_owned(),
        token: TokenHash::of(b"token"),
        parent: None,
    };
    storage.open_session(session, 1).await.unwrap().opened().unwrap();
    TestPhone::new(device, worker, AREA)
}

/// A phone pushes until the end; everything that SQLite did meanwhile.
async fn recorded(folder: &Path) -> (TestPhone, Vec<Event>) {
    let file = folder.join("koumen.sqlite");
    let storage = Storage::open_file(&file, &SeededChance::new(1)).unwrap();
    let mut phone = a_phone(&storage).await;
    drop(storage);
    fs::copy(&file, folder.join("before.sqlite")).unwrap();
    recorder::begin();
    let storage = Storage::open_file(&file, &SeededChance::new(1)).unwrap();
    let beside = Connection::open(&file).unwrap();
    let mut receipted = 0;
    for push in 0..PUSHES {
        for _ in 0..=push % 7 {
            let number = phone.operations.len();
            let household = phone.household(&format!("1-1-{number}"));
            phone.visit(household, &"一切都好。".repeat(number % 40));
        }
        let prepared = phone.incoming(phone.push_from(receipted + 1));
        match storage.apply_push(prepared, TEST_START_MS).await.unwrap() {
            PushOutcome::Taken(taken) => receipted = taken.receipt.through_seq,
            refused => panic!("refused: {refused:?}"),
        }
        recorder::note(Event::Receipt(receipted));
        if push % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1 {
            beside
                .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
                .unwrap();
        }
    }
    let events = recorder::end();
    drop(storage);
    (phone, events)
}

/// Whether everything up to `receipted` is there and whole.
async fn is_kept(folder: &Path, phone: &TestPhone, receipted: u64) -> bool {
    let Ok(storage) = Storage::open_file(&folder.join("koumen.sqlite"), &SeededChance::new(1)) else {
        return false;
    };
    let Ok(report) = storage.check().await else {
        return false;
    };
    let held = storage.held(phone.device).await.unwrap().unwrap_or_default();
    let through = usize::try_from(held.through_seq).unwrap();
    report.faults.is_empty() && held.through_seq >= receipted && held.chain == phone.chain_at(through)
}

/// Cuts the record at random points; how many of the cuts lost something. Without `syncs_count` a sync is worth
/// nothing, as on a disk that lies.
async fn lost(
    folder: &Path,
    phone: &TestPhone,
    events: &[Event],
    tries: u64,
    syncs_count: bool,
) -> (u64, u64) {
    let chance = SeededChance::new(3);
    let mut cuts: BTreeMap<usize, u64> = BTreeMap::new();
    for _ in 0..tries {
        let end = u64::try_from(events.len()).unwrap();
        *cuts
            .entry(usize::try_from(chance.below(end)).unwrap())
            .or_default() += 1;
    }
    let before = DiskFile {
        durable: fs::read(folder.join("before.sqlite")).unwrap(),
        pending: Vec::new(),
    };
    let mut files = BTreeMap::from([("koumen.sqlite".to_owned(), before)]);
    let (mut receipted, mut lost, mut dropped) = (0, 0, 0);
    for (index, event) in events.iter().enumerate() {
        for _ in 0..cuts.get(&index).copied().unwrap_or(0) {
            let place = tempfile::tempdir().unwrap();
            for (name, file) in &files {
                dropped += u64::from(!file.pending.is_empty());
                fs::write(place.path().join(name), file.after_power_loss(&chance)).unwrap();
            }
            lost += u64::from(!is_kept(place.path(), phone, receipted).await);
        }
        match event {
            Event::Receipt(through_seq) => receipted = *through_seq,
            Event::Sync { file } if syncs_count => files.entry(name(file)).or_default().sync(),
            Event::Sync { .. } => {}
            Event::Write { file, .. } | Event::Truncate { file, .. } => {
                files.entry(name(file)).or_default().pending.push(event.clone());
            }
        }
    }
    (lost, dropped)
}

fn name(path: &str) -> String {
    let name = Path::new(path).file_name().unwrap();
    name.to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_receipted_survives_a_power_loss_at_any_point() {
    let folder = tempfile::tempdir().unwrap();
    let (phone, events) = recorded(folder.path()).await;
    let tries = std::env::var("KOUMEN_TRIES")
        .ok()
        .and_then(|tries| tries.parse().ok());
    let tries = tries.unwrap_or(TRIES);
    let checkpoints = events
        .iter()
        .filter(|event| matches!(event, Event::Sync { file } if name(file) == "koumen.sqlite"));
    let (checkpoints, writes) = (checkpoints.count(), events.len());
    let (lost_count, dropped) = lost(folder.path(), &phone, &events, tries, true).await;
    println!(
        "power loss (F3): {tries} tries / {lost_count} lost; {writes} events, {checkpoints} checkpoints, \
         {dropped} files with unsynced writes"
    );
    assert!(
        checkpoints > 0 && dropped > tries / 4,
        "the cuts came where it matters"
    );
    assert_eq!(lost_count, 0);
    // The control: on a disk whose syncs are worth nothing, receipted work is lost, and this check sees it.
    let (lost_count, _) = lost(folder.path(), &phone, &events, 20, false).await;
    assert!(lost_count > 0);
}
