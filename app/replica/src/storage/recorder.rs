//! Recording own operations: each is numbered, chained and merged in the transaction that asks for it (D2).

use rusqlite::{CachedStatement, Transaction, params};
use shared::change::hash::canonical_bytes;
use shared::change::{Change, Operation};
use shared::clock::TimestampMs;
use shared::crdt::{Created, RecordState};
use shared::domain::schema::{FieldId, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DeviceId, WorkerId};
use shared::validation::{Rejection, check_rights, validate, validate_new};

use super::meta::{self, ChainEnd};
use super::own_operations::CHAIN_EVERY;
use super::{StorageError, StorageResult, assigned, records};

/// Why an operation was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// It breaks a rule.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<rusqlite::Error> for SaveError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}

/// Who does something, where and when.
#[derive(Debug, Clone, Copy)]
pub struct Author {
    /// The device.
    pub device: DeviceId,
    /// The worker.
    pub worker: WorkerId,
    /// What they may do.
    pub role: Role,
    /// Device time, ms.
    pub now_ms: TimestampMs,
}

/// Writes own operations into a transaction: the end of the chain is read once and written once.
pub struct Recorder<'t> {
    transaction: &'t Transaction<'t>,
    reader: records::Reader<'t>,
    writer: records::Writer<'t>,
    insert: CachedStatement<'t>,
    author: Author,
    end: ChainEnd,
    /// Where it wrote last.
    area: Option<AreaCode>,
}

impl Recorder<'_> {
    /// Checks, numbers, chains and stores one operation and its effect. Durable when the caller commits.
    ///
    /// Returns `None` when the change is empty: nothing to do.
    ///
    /// # Errors
    /// A rule that it breaks, or a failing database. The caller then drops the transaction.
    pub fn perform(
        &mut self,
        area: &AreaCode,
        record: RecordRef,
        change: Change,
    ) -> Result<Option<u64>, SaveError> {
        if change.is_empty() {
            return Ok(None);
        }
        let operation = self.next(area, record, change);
        if !self.make(&operation)? {
            let state = self.reader.load(record)?;
            self.merge(state, &operation)?;
        }
        Ok(Some(operation.seq))
    }

    /// Brings a record to the given values.
    ///
    /// # Errors
    /// As [`perform`](Self::perform).
    pub fn bring_to(
        &mut self,
        area: &AreaCode,
        record: RecordRef,
        fields: FieldMap,
    ) -> Result<Option<u64>, SaveError> {
        let emptied: Vec<FieldId> = fields
            .iter()
            .filter(|(_, value)| **value == Value::Null)
            .map(|(field, _)| *field)
            .collect();
        let operation = self.next(area, record, RecordState::change_to(record.kind, None, fields));
        if self.make(&operation)? {
            return Ok(Some(operation.seq));
        }
        let mut fields = operation.change.said();
        fields.extend(emptied.into_iter().map(|field| (field, Value::Null)));
        let state = self.reader.load(record)?;
        let change = RecordState::change_to(record.kind, state.as_ref(), fields);
        if change.is_empty() {
            return Ok(None);
        }
        let operation = self.next(area, record, change);
        self.merge(state, &operation)?;
        Ok(Some(operation.seq))
    }

    /// The next own operation; whoever stores it makes it one.
    fn next(&self, area: &AreaCode, record: RecordRef, change: Change) -> Operation {
        let mut clock = self.end.clock;
        Operation {
            device: self.author.device,
            seq: self.end.seq + 1,
            author: self.author.worker,
            stamp: clock.tick(self.author.now_ms),
            area: area.clone(),
            record,
            change,
        }
    }

    /// Stores a plain operation and the record that it makes. Returns whether it did: not when it may not make one, or
    /// the record is here already. Writing a row asks that, so most new records need not be looked for before.
    fn make(&mut self, operation: &Operation) -> StorageResult<bool> {
        let Ok(Some(values)) = validate_new(operation) else {
            return Ok(false);
        };
        if self.check_rights(operation, None).is_err() {
            return Ok(false);
        }
        let Some(is_in_row) = self.writer.make(operation, &values, None)? else {
            return Ok(false);
        };
        self.store(operation, is_in_row)?;
        Ok(true)
    }

    /// Does again, under this identity, what was done under another: it was valid then.
    pub(super) fn again(&mut self, old: &Operation, change: Change) -> StorageResult<()> {
        let operation = Operation {
            device: self.author.device,
            seq: self.end.seq + 1,
            author: self.author.worker,
            change,
            ..old.clone()
        };
        let record = operation.record;
        let state = records::whole(self.transaction, record, self.reader.load(record))?;
        let is_in_row = match state {
            None => self.writer.create(&operation, Created::by(&operation), None)?,
            state => {
                self.writer.merge_into(state, &operation, None)?;
                false
            }
        };
        self.store(&operation, is_in_row)
    }

    /// Checks an operation against its record, and stores both.
    fn merge(&mut self, state: Option<RecordState>, operation: &Operation) -> Result<(), SaveError> {
        self.check_rights(operation, state.as_ref())?;
        let is_in_row = match state {
            None => {
                let values = validate_new(operation)?;
                self.writer.create(operation, values, None)?
            }
            state => {
                validate(operation, state.as_ref())?;
                self.writer.merge_into(state, operation, None)?;
                false
            }
        };
        self.store(operation, is_in_row)?;
        Ok(())
    }

    /// What the server would set aside is not done here either.
    fn check_rights(&self, operation: &Operation, state: Option<&RecordState>) -> Result<(), SaveError> {
        let Author { worker, role, .. } = self.author;
        check_rights(operation.record.kind, &operation.change, worker, role, state)?;
        if operation.area.is_common() && !assigned::works_in(self.transaction, &operation.area)? {
            return Err(Rejection::of("right.edit").into());
        }
        Ok(())
    }

    fn store(&mut self, operation: &Operation, is_in_row: bool) -> StorageResult<()> {
        if self.area.as_ref() != Some(&operation.area) {
            assigned::note_area(self.transaction, &operation.area)?;
            self.area = Some(operation.area.clone());
        }
        let body = canonical_bytes(operation);
        self.end.seq = operation.seq;
        self.end.clock.observe(operation.stamp);
        self.end.chain = self.end.chain.then_bytes(&body);
        self.insert.execute(params![
            operation.seq,
            operation.record.kind.0,
            operation.record.id,
            if is_in_row { 0 } else { self.author.now_ms },
            if is_in_row { &[] } else { body.as_slice() },
            if operation.seq.is_multiple_of(CHAIN_EVERY) {
                self.end.chain.0.as_slice()
            } else {
                &[]
            }
        ])?;
        Ok(())
    }
}

/// Lets `write` write own operations, and keeps the end of the chain behind them.
///
/// # Errors
/// What `write` returns, or a failing database. The caller then drops the transaction.
pub fn record<T>(
    transaction: &Transaction<'_>,
    author: Author,
    write: impl FnOnce(&mut Recorder<'_>) -> Result<T, SaveError>,
) -> Result<T, SaveError> {
    let mut recorder = Recorder {
        transaction,
        reader: records::Reader::new(transaction),
        writer: records::Writer::new(transaction)?,
        insert: transaction.prepare_cached(
            "INSERT INTO operation (seq, kind, record, at, body, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?,
        author,
        end: meta::get(transaction, meta::CHAIN_END)?.unwrap_or_default(),
        area: None,
    };
    let before = recorder.end;
    let written = write(&mut recorder)?;
    if recorder.end != before {
        meta::set(transaction, meta::CHAIN_END, &recorder.end)?;
    }
    Ok(written)
}

/// One own operation; see [`Recorder::perform`].
///
/// # Errors
/// As [`Recorder::perform`].
pub fn perform(
    transaction: &Transaction<'_>,
    author: Author,
    area: &AreaCode,
    record: RecordRef,
    change: Change,
) -> Result<Option<u64>, SaveError> {
    self::record(transaction, author, |recorder| {
        recorder.perform(area, record, change)
    })
}
