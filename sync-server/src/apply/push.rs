//! A push as a whole: its hash chain, and where it stands to what the server holds (D2, D8).

use shared::change::Operation;
use shared::change::encode::{PushOrigin, decode_push};
use shared::change::hash::{ChainHash, canonical_bytes};
use shared::clock::TimestampMs;
use shared::guards::{self, Guard};
use shared::ids::{DeviceId, WorkerId};
use shared::protocol::v1::{PUSH_OPERATIONS_MAX, Push};

/// Why a push is refused as a whole. Nothing of it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushRefusal {
    /// The page or its numbers cannot be read.
    #[error("the push cannot be read")]
    Damaged,
    /// The chain does not lead from its beginning to its end: altered, or recorded under another name.
    #[error("the operations do not match their hash chain")]
    Chain,
    /// Operations before the first one are missing here.
    #[error("operations before this push are missing")]
    Gap {
        /// What the server holds.
        held: HeldChain,
    },
    /// The server holds other operations under these numbers: two devices share one identity.
    #[error("the server holds other operations under these numbers")]
    Fork {
        /// What the server holds.
        held: HeldChain,
    },
    /// The device may not send any more.
    #[error("the device was revoked")]
    Revoked,
}

/// Up to where the server holds a device's operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeldChain {
    /// The last operation; 0 for none.
    pub through_seq: u64,
    /// The chain at that operation.
    pub chain: ChainHash,
    /// When the last push that brought something new was applied, ms.
    pub applied_at: TimestampMs,
    /// The first operation of that push.
    pub applied_from_seq: u64,
}

/// A push that was decoded and whose chain is whole in itself.
#[derive(Debug, Clone)]
pub struct PreparedPush {
    device: DeviceId,
    author: WorkerId,
    chain_before: ChainHash,
    operations: Vec<Prepared>,
}

/// One operation, the bytes that were hashed, and the chain after it.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The operation.
    pub operation: Operation,
    /// [`canonical_bytes`].
    pub body: Vec<u8>,
    /// The chain after it.
    pub chain: ChainHash,
}

impl PreparedPush {
    /// Decodes a push of `device`; device and author come from the credential, never from the body.
    ///
    /// # Errors
    /// [`PushRefusal::Damaged`] or [`PushRefusal::Chain`].
    pub fn new(device: DeviceId, author: WorkerId, push: &Push) -> Result<Self, PushRefusal> {
        let origin = PushOrigin {
            device,
            author,
            first_seq: push.first_seq,
        };
        let operations = decode_push(&push.page, origin).map_err(|_| PushRefusal::Damaged)?;
        Self::of(push.chain_before, push.chain_after, operations)
    }

    /// Checks operations that are decoded already: in sequence, of one device and author.
    ///
    /// # Errors
    /// [`PushRefusal::Damaged`] or [`PushRefusal::Chain`].
    pub fn of(
        chain_before: ChainHash,
        chain_after: ChainHash,
        operations: Vec<Operation>,
    ) -> Result<Self, PushRefusal> {
        let Some(first) = operations.first() else {
            return Err(PushRefusal::Damaged);
        };
        let (device, author, first_seq) = (first.device, first.author, first.seq);
        let last_seq = first_seq
            .checked_add(operations.len() as u64)
            .filter(|last| i64::try_from(*last).is_ok());
        if first_seq == 0 || last_seq.is_none() || operations.len() > PUSH_OPERATIONS_MAX {
            return Err(PushRefusal::Damaged);
        }
        let mut chain = chain_before;
        let mut prepared = Vec::with_capacity(operations.len());
        for (operation, seq) in operations.into_iter().zip(first_seq..) {
            if (operation.device, operation.author, operation.seq) != (device, author, seq) {
                return Err(PushRefusal::Damaged);
            }
            let body = canonical_bytes(&operation);
            chain = chain.then_bytes(&body);
            prepared.push(Prepared {
                operation,
                body,
                chain,
            });
        }
        if chain != chain_after && guards::holds(Guard::HashCheck) {
            return Err(PushRefusal::Chain);
        }
        Ok(Self {
            device,
            author,
            chain_before,
            operations: prepared,
        })
    }

    /// The device.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The author.
    pub fn author(&self) -> WorkerId {
        self.author
    }

    /// The operations in sequence; never empty.
    pub fn operations(&self) -> &[Prepared] {
        &self.operations
    }

    /// The first operation's number.
    pub fn first_seq(&self) -> u64 {
        self.operations
            .first()
            .map_or(0, |prepared| prepared.operation.seq)
    }

    /// The last operation's number.
    pub fn last_seq(&self) -> u64 {
        self.operations
            .last()
            .map_or(0, |prepared| prepared.operation.seq)
    }

    /// The chain after the last operation.
    pub fn chain_after(&self) -> ChainHash {
        self.operations
            .last()
            .map_or(self.chain_before, |prepared| prepared.chain)
    }
}

/// Where a push stands to what the server holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Continues it: the first `held` operations are there already, byte for byte.
    Continues {
        /// How many are held.
        held: usize,
    },
    /// Lies wholly before the end of what is held: the storage compares the bytes.
    Earlier,
}

/// Finds a push's place; the chain proves that what overlaps is the same.
///
/// A push whose beginning is held (its reply was lost) and whose held part has a stamp that the server
/// clamped is taken only as far as it is held: the device must learn those operations' own time before
/// a receipt with a later time covers them.
///
/// # Errors
/// [`PushRefusal::Gap`] and [`PushRefusal::Fork`].
pub fn place(push: &PreparedPush, held: &HeldChain) -> Result<Placement, PushRefusal> {
    let Some(gap) = push.first_seq().checked_sub(1) else {
        return Err(PushRefusal::Damaged);
    };
    if gap > held.through_seq {
        return Err(PushRefusal::Gap { held: *held });
    }
    let overlap = usize::try_from(held.through_seq - gap).unwrap_or(usize::MAX);
    if overlap > push.operations.len() {
        return Ok(Placement::Earlier);
    }
    let here = match overlap.checked_sub(1) {
        None => Some(push.chain_before),
        Some(last) => push.operations.get(last).map(|prepared| prepared.chain),
    };
    if here == Some(held.chain) || !guards::holds(Guard::HashCheck) {
        Ok(Placement::Continues { held: overlap })
    } else {
        Err(PushRefusal::Fork { held: *held })
    }
}

/// Whether a receipt with a later time may cover these operations, which are held already.
pub fn times_are_plain(held_part: &[Prepared], held: &HeldChain) -> bool {
    held_part
        .iter()
        .filter(|prepared| prepared.operation.seq >= held.applied_from_seq)
        .all(|prepared| prepared.operation.stamp.clamped(Some(held.applied_at)) == prepared.operation.stamp)
}
