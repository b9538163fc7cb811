//! Operations of a phone that was met without a server: merged here, and left for their own device to deliver.
//!
//! What came from a peer is *seen*, not receipted: the server may still set it aside. When it hands the same
//! operation out, merging it again only gives it its date.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shared::change::Operation;
use shared::change::encode::{PushOrigin, decode_push};
use shared::change::hash::{CHAIN_START, ChainHash};
use shared::clock::TimestampMs;
use shared::domain::rights::Roles;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DeviceId, WorkerId};
use shared::protocol::peer::{Bundle, PEER_PROTOCOL};
use shared::protocol::v1::{PUSH_OPERATIONS_MAX, Push};
use shared::validation::{check_rights, validate};

use super::meta::{self, ChainEnd, Enrolment};
use super::{StorageError, StorageResult, assigned, lent, moves, records, verify};

/// Why a bundle was not taken. Nothing of it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// It is no bundle of this version, or it was cut or altered.
    #[error("this is no bundle of a koumen device")]
    Damaged,
    /// It comes from this very device, or from a copy of it.
    #[error("this comes from this device or a copy of it")]
    Own,
    /// Its worker is not among the colleagues whom the server has named.
    #[error("its worker is no colleague whom this device knows")]
    UnknownWorker,
    /// It is not what the same device said before: two copies of it are about.
    #[error("that device has said something else before")]
    Fork,
    /// Nobody is signed in here.
    #[error("nobody is signed in on this device")]
    SignedOut,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<rusqlite::Error> for PeerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}

/// What a bundle brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// Who spoke.
    pub device: DeviceId,
    /// Operations merged that had not come from this peer before.
    pub merged: u64,
    /// Operations for areas that are not on this device, or that break a rule: not merged.
    pub passed_over: u64,
    /// Whether it brought operations at all.
    pub had_push: bool,
}

/// What is known of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its operations up to here are merged here.
    pub through_seq: u64,
    /// Its hash chain there; `None` when nothing came.
    pub chain: Option<ChainHash>,
    /// Own operations up to here are merged there.
    pub holds_through: u64,
}

/// What is known of a device that was met.
///
/// # Errors
/// A failing database.
pub fn peer(connection: &Connection, device: DeviceId) -> StorageResult<Option<Peer>> {
    let mut statement =
        connection.prepare_cached("SELECT through_seq, chain, holds_through FROM peer WHERE device = ?1")?;
    let found = statement
        .query_row([device.0], |row| {
            let chain: Vec<u8> = row.get(1)?;
            Ok(Peer {
                through_seq: row.get(0)?,
                chain: chain.try_into().ok().map(ChainHash),
                holds_through: row.get(2)?,
            })
        })
        .optional()?;
    Ok(found)
}

/// Merges what a peer says, and notes what it has. `now_ms` is this device's time.
///
/// # Errors
/// [`PeerError`]; the caller then drops the transaction and nothing has happened.
pub fn take(transaction: &Transaction<'_>, bundle: &Bundle, now_ms: TimestampMs) -> Result<Met, PeerError> {
    let own: Enrolment = meta::get(transaction, meta::ENROLMENT)?.ok_or(PeerError::SignedOut)?;
    if bundle.protocol != PEER_PROTOCOL {
        return Err(PeerError::Damaged);
    }
    if bundle.device == own.device {
        return Err(PeerError::Own);
    }
    // What is here is shown to who works in areas, and to nobody else; and who does not has nothing to say to them.
    if !lent::units(transaction)?.is_empty() {
        return Err(PeerError::UnknownWorker);
    }
    if !role(transaction, bundle.author)?.is_some_and(|role| Roles::WORKERS.contains(role)) {
        return Err(PeerError::UnknownWorker);
    }
    let end: ChainEnd = meta::get(transaction, meta::CHAIN_END)?.unwrap_or_default();
    transaction.execute(
        "INSERT INTO peer (device, holds_through) VALUES (?1, ?2)
         ON CONFLICT (device) DO UPDATE SET holds_through = max(holds_through, excluded.holds_through)",
        params![bundle.device.0, bundle.holds.unwrap_or(0).min(end.seq)],
    )?;
    let mut met = Met {
        device: bundle.device,
        merged: 0,
        passed_over: 0,
        had_push: bundle.push.is_some(),
    };
    if let Some(push) = &bundle.push {
        let known = peer(transaction, bundle.device)?.ok_or(StorageError::Inconsistent { table: "peer" })?;
        let operations = continued(bundle, push, &known)?;
        let is_new = |operation: &&Operation| operation.seq > known.through_seq;
        merge(transaction, operations.iter().filter(is_new), now_ms, &mut met)?;
        let last = operations.last().map_or(0, |operation| operation.seq);
        transaction.execute(
            "UPDATE peer SET through_seq = ?2, chain = ?3 WHERE device = ?1 AND through_seq < ?2",
            params![bundle.device.0, last, push.chain_after.0],
        )?;
    }
    Ok(met)
}

/// The operations of a bundle, once their chain is whole and goes on from what the device has said before.
fn continued(bundle: &Bundle, push: &Push, known: &Peer) -> Result<Vec<Operation>, PeerError> {
    let origin = PushOrigin {
        device: bundle.device,
        author: bundle.author,
        first_seq: push.first_seq,
    };
    let operations = decode_push(&push.page, origin).map_err(|_| PeerError::Damaged)?;
    let last = push.first_seq.checked_add(operations.len() as u64);
    let fits = push.first_seq > 0 && last.is_some_and(|last| i64::try_from(last).is_ok());
    if !fits || operations.is_empty() || operations.len() > PUSH_OPERATIONS_MAX {
        return Err(PeerError::Damaged);
    }
    let mut chain = push.chain_before;
    let says = |seq: u64, chain: ChainHash| match known.chain {
        Some(before) if seq == known.through_seq && before != chain => Err(PeerError::Fork),
        _ if seq == 0 && chain != CHAIN_START => Err(PeerError::Damaged),
        _ => Ok(()),
    };
    says(push.first_seq - 1, chain)?;
    for operation in &operations {
        chain = chain.then(operation);
        says(operation.seq, chain)?;
    }
    if chain == push.chain_after {
        Ok(operations)
    } else {
        Err(PeerError::Damaged)
    }
}

/// What a colleague may do, as far as the directory says.
fn role(transaction: &Transaction<'_>, worker: WorkerId) -> StorageResult<Option<Role>> {
    let mut statement = transaction.prepare_cached("SELECT role FROM worker WHERE id = ?1")?;
    let number = statement.query_row([worker.0], |row| row.get(0)).optional()?;
    Ok(number.and_then(Role::from_number))
}

fn merge<'a>(
    transaction: &Transaction<'_>,
    operations: impl Iterator<Item = &'a Operation>,
    now_ms: TimestampMs,
    met: &mut Met,
) -> Result<(), PeerError> {
    let scope: Vec<AreaCode> = assigned::cursors(transaction)?.into_keys().collect();
    let mut end: ChainEnd = meta::get(transaction, meta::CHAIN_END)?.unwrap_or_default();
    let mut writer = records::Writer::new(transaction)?;
    for operation in operations {
        let is_elsewhere = moves::is_elsewhere(transaction, &scope, operation)?;
        let record = operation.record;
        let state = match records::load(transaction, record) {
            Ok(state) => state,
            // What can still be read of a row that went bad stays until the server's is here.
            Err(StorageError::Inconsistent { .. }) => {
                verify::want(transaction)?;
                met.passed_over += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let role = role(transaction, operation.author)?;
        let may = role.is_some_and(|role| {
            let kind = operation.record.kind;
            check_rights(kind, &operation.change, operation.author, role, state.as_ref()).is_ok()
        });
        if is_elsewhere || !may || validate(operation, state.as_ref()).is_err() {
            met.passed_over += 1;
            continue;
        }
        // Until the server has dated it: a peer's clock that runs ahead wins nothing here either.
        end.clock.observe(operation.stamp.clamped(Some(now_ms)));
        writer.merge_into(state, operation, Some(now_ms))?;
        met.merged += 1;
    }
    meta::set(transaction, meta::CHAIN_END, &end)?;
    Ok(())
}
