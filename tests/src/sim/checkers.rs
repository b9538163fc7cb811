//! What must hold: while the world runs, and when it has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use replica::api;
use replica::storage::records;
use shared::change::{AppliedOperation, Operation};
use shared::crdt::RecordState;
use shared::domain::life_cycle::LENT_AFTER_CLOSING_MS;
use shared::domain::value::Value;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::{AreaCode, DeviceId, WorkerId};
use shared::protocol::v1::ParkedOperation;
use sync_server::storage::PullRequest;
use uuid::Uuid;

use super::model::{self, Expected};
use super::world::{DISTRICT, World};

/// What the server has in the end.
struct Final {
    /// What its log still has.
    log: Vec<AppliedOperation>,
    /// All that it has applied, also what later operations have replaced and what has left the log for that.
    applied: Vec<AppliedOperation>,
    parked: Vec<ParkedOperation>,
    /// The numbers of those that are parked.
    parked_names: BTreeSet<(DeviceId, u64)>,
}

impl World {
    /// Notes what a phone has accepted, and looks at what it shows.
    pub(super) fn take_stock(&mut self, phone: usize) {
        let unsent = self.device(phone).unsent();
        if let Some(Err(sentence)) = unsent.map(|unsent| self.ledger.accept(phone, unsent)) {
            self.fail(sentence);
        }
        let Some(status) = self.device(phone).status() else {
            return;
        };
        let sync = status.sync;
        if sync.pull_done > sync.pull_total {
            self.fail(format!(
                "phone {phone} has read {} of {}",
                sync.pull_done, sync.pull_total
            ));
        }
        let Some(device) = status.session.map(|session| session.device) else {
            if status.sealed.is_some() && self.device(phone).holds_records() {
                self.fail(format!("phone {phone} is sealed and can be read"));
            }
            return;
        };
        // What is shown as uploaded, or set aside, waits no more. When as many wait as at the last look, or more, because
        // a person has saved something since, nothing new is shown so. After a restore what was receipted waits again.
        let shown = (device, sync.waiting_operations, sync.attention);
        let before = self.device(phone).shown.replace(shown);
        if before.is_some_and(|before| {
            (before.0, before.2) == (device, sync.attention) && before.1 <= sync.waiting_operations
        }) {
            return;
        }
        let Some(Ok(outbox)) = self.device(phone).call(api::Outbox) else {
            return;
        };
        for entry in outbox.uploaded.iter().chain(&outbox.attention) {
            if !self.ledger.was_durable(phone, device, entry.seq) {
                self.fail(format!(
                    "phone {phone} shows operation {} as uploaded, which the server never held",
                    entry.seq
                ));
            }
        }
    }

    /// Everything that must hold when nothing is on its way any more.
    pub(super) fn check(&mut self) {
        self.compact(u64::MAX);
        let report = self.server.stored(async |state| state.storage.check().await);
        match report {
            Ok(report) => {
                for fault in report.faults {
                    self.fail(format!("damaged: {fault}"));
                }
            }
            Err(error) => self.fail(format!("damaged: {error}")),
        }
        let ended = self.ended();
        for ParkedOperation { record, code, .. } in &ended.parked {
            self.note(|| format!("still parked: {code} on {record:?}"));
        }
        self.check_nothing_lost(&ended);
        self.check_nothing_doubled(&ended);
        let expected = model::records(&ended.applied);
        self.check_log(&ended.log, &expected);
        let haunted = self.haunted(&ended);
        for phone in 0..self.devices.len() {
            let mut left_out = self.set_aside_on(phone, &ended.parked_names);
            left_out.extend(&haunted);
            left_out.extend(self.left_damaged(phone));
            self.check_phone(phone, &expected, &ended.parked_names, &left_out);
        }
    }

    /// What the server's log has.
    pub(super) fn log(&self) -> Vec<AppliedOperation> {
        let request = PullRequest {
            worker: self.auditor,
            device: DeviceId(Uuid::nil()),
            own_from_seq: u64::MAX,
            epoch: None,
            cursors: BTreeMap::new(),
            operations_max: u32::MAX,
            bytes_max: usize::MAX,
        };
        let pulled = self
            .server
            .stored(async |state| state.storage.pull(request).await);
        let areas = pulled.expect("the server answers").areas;
        areas.into_iter().flat_map(|area| area.operations).collect()
    }

    /// The server's log, and all that it has applied.
    pub(super) fn applied(&self) -> (Vec<AppliedOperation>, Vec<AppliedOperation>) {
        let log = self.log();
        let compacted = self
            .server
            .stored(async |state| self.ledger.compacted(state, &log).await);
        let compacted = compacted.expect("the server answers");
        let applied = log.iter().cloned().chain(compacted).collect();
        (log, applied)
    }

    fn ended(&mut self) -> Final {
        let areas = [AreaCode::new(DISTRICT).expect("a code")];
        let devices: BTreeSet<DeviceId> = self
            .ledger
            .accepted()
            .keys()
            .map(|(_, device, _)| *device)
            .collect();
        let (log, applied) = self.applied();
        let ended = self.server.stored(async |state| {
            let mut parked_names = BTreeSet::new();
            for device in devices {
                let parked = state.storage.parked_of(device, 1, u32::MAX).await?;
                parked_names.extend(parked.into_iter().map(|notice| (device, notice.seq)));
            }
            Ok::<_, sync_server::storage::StorageError>(Final {
                applied,
                log,
                parked: state.storage.parked_in(&areas, 10_000).await?,
                parked_names,
            })
        });
        ended.expect("the server answers")
    }

    /// Who reads the log from its beginning has every record as the model has it.
    fn check_log(&mut self, log: &[AppliedOperation], expected: &BTreeMap<RecordRef, Expected>) {
        let mut read: BTreeMap<RecordRef, RecordState> = BTreeMap::new();
        for AppliedOperation {
            operation,
            applied_at,
        } in log
        {
            match read.get_mut(&operation.record) {
                Some(state) => state.apply(operation, Some(*applied_at)),
                None => {
                    let state = RecordState::start(operation, Some(*applied_at));
                    read.insert(operation.record, state);
                }
            }
        }
        let mut sentences = Vec::new();
        for (record, expected) in expected {
            let told = read.get_mut(record).map(|state| {
                state.bring_to(expected.area.clone());
                seen_in(record.kind, state)
            });
            if told.as_ref() != Some(expected) {
                sentences.push(format!(
                    "DIVERGED: the log tells of {record:?}\n  {told:?}\n  expected {expected:?}"
                ));
            }
        }
        for sentence in sentences {
            self.fail(sentence);
        }
    }

    /// Every accepted operation is on the server in value: applied, or parked.
    fn check_nothing_lost(&mut self, ended: &Final) {
        let mut applied: BTreeMap<RecordRef, Vec<&Operation>> = BTreeMap::new();
        for operation in &ended.applied {
            applied
                .entry(operation.operation.record)
                .or_default()
                .push(&operation.operation);
        }
        let lost: Vec<String> = self
            .ledger
            .accepted()
            .iter()
            .filter(|(_, operation)| {
                let there = applied.get(&operation.record).into_iter().flatten();
                !there.into_iter().any(|other| says_the_same(operation, other))
                    && !ended.parked.iter().any(|parked| is_parked(operation, parked))
            })
            .map(|((phone, ..), operation)| format!("LOST: of phone {phone}: {operation:?}"))
            .collect();
        for sentence in lost {
            self.fail(sentence);
        }
    }

    /// No step stands twice, under an earlier and a later identity of its device. Copies of a phone may both send what
    /// they have in common.
    fn check_nothing_doubled(&mut self, ended: &Final) {
        if self.devices.iter().any(|device| device.has_copy) {
            return;
        }
        let accepted = self.ledger.accepted().keys();
        let phones: BTreeMap<(DeviceId, u64), usize> = accepted
            .map(|(phone, device, seq)| ((*device, *seq), *phone))
            .collect();
        let mut steps = BTreeMap::new();
        let mut sentences = Vec::new();
        for Operation {
            device,
            seq,
            author,
            stamp,
            record,
            change,
            ..
        } in ended.applied.iter().map(|applied| &applied.operation)
        {
            // Two phones of one worker may give the same time to two steps: when both have seen a later one, of a phone
            // whose clock runs ahead.
            let phone = phones.get(&(*device, *seq));
            if change.event.is_some()
                && let Some(before) = steps.insert((record, phone, author, stamp), (device, seq))
            {
                sentences.push(format!(
                    "DOUBLED: {before:?} and {:?} on {record:?}",
                    (device, seq)
                ));
            }
        }
        for sentence in sentences {
            self.fail(sentence);
        }
    }

    /// A phone holds the records of its areas as the model has them, and no others.
    fn check_phone(
        &mut self,
        phone: usize,
        expected: &BTreeMap<RecordRef, Expected>,
        parked: &BTreeSet<(DeviceId, u64)>,
        left_out: &BTreeSet<RecordRef>,
    ) {
        let username = self.device(phone).username.clone();
        let areas = self.people.get(&username).map(|person| person.areas.clone());
        let is_of = |unit: &AreaCode| areas.iter().flatten().any(|area| area == unit);
        let works_for_unit = areas.iter().flatten().any(AreaCode::is_unit);
        let lent = match works_for_unit {
            true => self.lent(expected),
            false => BTreeMap::new(),
        };
        // Where an issue is lent or not by a step that was set aside, its photos are too.
        let is_left_out = |record: &RecordRef, expected: &Expected| {
            let beside = record.kind.lies_beside(&expected.values);
            left_out.contains(record)
                || works_for_unit && beside.is_some_and(|issue| left_out.contains(&issue))
        };
        let mut sentences = self.attention_without_cause(phone, parked);
        for (record, expected) in expected {
            let eyes = &self.device(phone).disk.eyes;
            let held = match records::load(eyes, *record) {
                Ok(held) => held,
                Err(error) => {
                    sentences.push(format!("phone {phone} cannot read {record:?}: {error}"));
                    continue;
                }
            };
            if is_left_out(record, expected) {
                continue;
            }
            let mut here = expected.clone();
            let assigned = match lent.get(record) {
                Some(Lent::Unsure) => continue,
                Some(Lent::To(unit)) if is_of(unit) => {
                    here.area.clone_from(unit);
                    true
                }
                _ => {
                    let mut held_by = areas.iter().flatten();
                    held_by.any(|area| expected.area.is_within(area) || reaches(&expected.area, area))
                }
            };
            let expected = &here;
            match held {
                None if assigned => sentences.push(format!(
                    "DIVERGED: phone {phone} lacks {record:?}, expected {expected:?}"
                )),
                None => {}
                // A form about it is open.
                Some(_) if !assigned && has_form(eyes, *record) => {}
                Some(_) if !assigned => {
                    sentences.push(format!("phone {phone} still holds {record:?} of another area"));
                }
                Some(held) => {
                    sentences.extend(listed_otherwise(eyes, *record, expected).map(|title| {
                        format!("phone {phone} lists {record:?} as {title}, expected {expected:?}")
                    }));
                    let held = seen_in(record.kind, &held);
                    if held != *expected {
                        sentences.push(format!(
                            "DIVERGED: phone {phone}, {record:?}\n  has      {held:?}\n  expected {expected:?}"
                        ));
                    }
                }
            }
        }
        for sentence in sentences {
            self.fail(sentence);
        }
    }

    /// What is lent to units in the end, by the model alone: to a unit that is there and reaches where it lies.
    fn lent(&self, expected: &BTreeMap<RecordRef, Expected>) -> BTreeMap<RecordRef, Lent> {
        let now_ms = self.timeline.now_ms();
        let lent = expected.keys().filter_map(|record| {
            let (unit, until) = model::lent(*record, expected)?;
            let lies_in = &expected.get(record)?.area;
            let unit = RecordRef::new(RecordKind::UNIT, unit);
            let there = expected.get(&unit);
            // It is lent by a unit that was there then, and goes on when that is given up or the household moves.
            let reaches = there.is_some_and(|unit| reaches(&unit.area, lies_in));
            let is_kept = there.is_some_and(|unit| !unit.removed);
            // Two sides look at two instants.
            let is_near = until.is_some_and(|until| until.abs_diff(now_ms) < 4 * 86_400_000);
            Some((
                *record,
                match (reaches, is_near) {
                    _ if until.is_some_and(|until| until <= now_ms) && !is_near => return None,
                    (false, _) => return None,
                    (true, false) if is_kept => Lent::To(AreaCode::of_unit(unit.id)),
                    _ => Lent::Unsure,
                },
            ))
        });
        lent.collect()
    }

    /// What a phone shows as needing attention is parked on the server; what was taken up since is shown no more.
    fn attention_without_cause(&mut self, phone: usize, parked: &BTreeSet<(DeviceId, u64)>) -> Vec<String> {
        let session = self.device(phone).status().and_then(|status| status.session);
        let outbox = self.device(phone).call(api::Outbox);
        let (Some(session), Some(Ok(outbox))) = (session, outbox) else {
            return Vec::new();
        };
        let attention = outbox.attention.into_iter().map(|entry| entry.seq);
        attention
            .filter(|seq| !parked.contains(&(session.device, *seq)))
            .map(|seq| {
                format!("phone {phone} shows operation {seq} as set aside, which the server has applied")
            })
            .collect()
    }

    /// Records of which somebody may show what only a lost life of the server had applied. There may be such only where
    /// two copies of a phone gave one number to different work, each in another life, and where the operation is parked
    /// now: its phone's clock ran ahead, and its area has gone to somebody else since.
    fn haunted(&mut self, ended: &Final) -> BTreeSet<RecordRef> {
        let is_copied = |device: &DeviceId| {
            let copies: BTreeSet<usize> = self
                .devices
                .iter()
                .filter(|phone| phone.has_copy)
                .map(|phone| phone.index)
                .collect();
            let mut names = self.ledger.accepted().keys();
            names.any(|(phone, of, _)| of == device && copies.contains(phone))
        };
        let mut sentences = Vec::new();
        let mut records = BTreeSet::new();
        for (device, seq, record) in self.ledger.ghosts(&ended.applied) {
            records.insert(record);
            if !ended.parked_names.contains(&(device, seq)) && !is_copied(&device) {
                sentences.push(format!(
                    "LOST: {device:?} {seq} on {record:?} was applied once and is not there"
                ));
            }
        }
        for sentence in sentences {
            self.fail(sentence);
        }
        records
    }

    /// Records on which this phone has an operation that is parked: it alone shows them so.
    fn set_aside_on(&self, phone: usize, parked: &BTreeSet<(DeviceId, u64)>) -> BTreeSet<RecordRef> {
        self.ledger
            .accepted()
            .iter()
            .filter(|((of, device, seq), _)| *of == phone && parked.contains(&(*device, *seq)))
            .map(|(_, operation)| operation.record)
            .collect()
    }
}

/// Whom a record is lent to in the end.
enum Lent {
    /// A unit, by its area.
    To(AreaCode),
    /// A unit that was given up since, or until about now.
    Unsure,
}

/// Whether `other` says about the same record everything that `operation` says.
fn says_the_same(operation: &Operation, other: &Operation) -> bool {
    let (ours, theirs) = (&operation.change, &other.change);
    let written = |write: &shared::change::Write| {
        theirs
            .writes
            .iter()
            .any(|other| (other.field, &other.value) == (write.field, &write.value))
    };
    let edited = |edit: &shared::change::MemberEdit| {
        theirs.members.iter().any(|other| {
            let same = (other.field, other.member) == (edit.field, edit.member);
            same && other.removes.is_some() == edit.removes.is_some()
        })
    };
    ours.writes.iter().all(written)
        && ours.members.iter().all(edited)
        && ours.event == theirs.event
        && ours.removal.is_some() == theirs.removal.is_some()
}

fn is_parked(operation: &Operation, parked: &ParkedOperation) -> bool {
    let same: (WorkerId, RecordRef) = (operation.author, operation.record);
    same == (parked.author, parked.record)
        && operation
            .change
            .writes
            .iter()
            .all(|write| parked.fields.get(&write.field) == Some(&write.value))
}

/// The title under which a list shows a record without a table of its own, when it is another one than the record's.
fn listed_otherwise(eyes: &rusqlite::Connection, record: RecordRef, expected: &Expected) -> Option<String> {
    let spec = record.kind.spec().filter(|spec| !spec.has_table);
    let named = spec.and_then(|spec| spec.title)?;
    let title = eyes
        .prepare_cached("SELECT title FROM record WHERE id = ?1")
        .and_then(|mut titles| titles.query_row([record.id], |row| row.get::<_, String>(0)))
        .unwrap_or_default();
    let name = expected.values.get(&named).map_or("", Value::as_text);
    (title != name).then_some(title)
}

/// Whether what is decided for `common` reaches who works in `area`: it lies inside that community or street.
fn reaches(common: &AreaCode, area: &AreaCode) -> bool {
    let Some(decided_for) = common.as_str().strip_suffix("-00") else {
        return false;
    };
    let street = decided_for.strip_suffix("000").filter(|street| street.len() == 9);
    area.as_str().starts_with(street.unwrap_or(decided_for))
}

/// Whether a form about a household or that of a resident, or one that corrects a record or takes a step of it, is open on a phone's disk.
fn has_form(eyes: &rusqlite::Connection, record: RecordRef) -> bool {
    let sql = "SELECT 1 FROM draft WHERE state = 0 AND (household = ?1 OR record = ?1
               OR household = (SELECT household FROM resident WHERE id = ?1))";
    eyes.prepare_cached(sql)
        .and_then(|mut forms| forms.exists([record.id]))
        .unwrap_or(false)
}

/// A record of the real merge in the model's words.
pub(super) fn seen_in(kind: RecordKind, state: &RecordState) -> Expected {
    let conflicts = state.conflicts().into_iter().map(|conflict| {
        let values = conflict.values.into_iter().map(|written| written.value);
        (conflict.field, values.collect())
    });
    let events = state.events();
    Expected {
        area: state.area().clone(),
        values: state.values(),
        conflicts: conflicts.collect(),
        step: state.life(kind).map_or(1, |life| life.step),
        lent: state
            .life(kind)
            .and_then(|life| Some((life.lent_to?, life.closed_at.map(|at| at + LENT_AFTER_CLOSING_MS)))),
        events: events.into_iter().map(|event| event.event.clone()).collect(),
        removed: state.is_removed(),
        kept_by_edit: state.is_kept_by_edit(kind),
    }
}
