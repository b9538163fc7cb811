//! A push as a whole: its hash chain, and where it stands to what the server holds (D2, D8).

use shared::change::Operation;
use shared::change::encode::{PushOrigin, PushedPage, encode_push};
use shared::change::hash::{ChainHash, canonical_bytes};
use shared::clock::TimestampMs;
use shared::guards::{self, Guard};
use shared::ids::{DeviceId, WorkerId};
use shared::protocol::v1::{PUSH_OPERATIONS_MAX, Push};

/// So many operations of a push are decoded and merged at once: more would take memory that the processor has to fetch
/// anew for each.
pub const AT_ONCE: usize = 512;

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

/// A push as it came: its operations are decoded as they are asked for, so that a long one takes no more memory than a
/// part of it.
#[derive(Debug, Clone)]
pub struct IncomingPush {
    origin: PushOrigin,
    chain_before: ChainHash,
    chain_after: ChainHash,
    page: Vec<u8>,
}

/// The operations of a push, read one part after the other.
pub struct Operations<'a> {
    page: PushedPage<'a>,
    chain: ChainHash,
    chain_after: ChainHash,
    left: usize,
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

impl IncomingPush {
    /// A push of `device`; device and author come from the credential, never from the body.
    pub fn new(device: DeviceId, author: WorkerId, push: Push) -> Self {
        Self {
            origin: PushOrigin {
                device,
                author,
                first_seq: push.first_seq,
            },
            chain_before: push.chain_before,
            chain_after: push.chain_after,
            page: push.page,
        }
    }

    /// A push of these operations: in sequence, of one device and author.
    ///
    /// # Errors
    /// [`PushRefusal::Damaged`] when they are not.
    pub fn of(
        chain_before: ChainHash,
        chain_after: ChainHash,
        operations: &[Operation],
    ) -> Result<Self, PushRefusal> {
        let first = operations.first().ok_or(PushRefusal::Damaged)?;
        let in_sequence = operations.iter().enumerate().all(|(index, operation)| {
            let seq = first.seq.saturating_add(index as u64);
            (operation.device, operation.author, operation.seq) == (first.device, first.author, seq)
        });
        let push = Push {
            first_seq: first.seq,
            chain_before,
            chain_after,
            page: encode_push(operations),
        };
        match in_sequence {
            true => Ok(Self::new(first.device, first.author, push)),
            false => Err(PushRefusal::Damaged),
        }
    }

    /// The device.
    pub fn device(&self) -> DeviceId {
        self.origin.device
    }

    /// The author.
    pub fn author(&self) -> WorkerId {
        self.origin.author
    }

    /// The first operation's number.
    pub fn first_seq(&self) -> u64 {
        self.origin.first_seq
    }

    /// The operations in sequence, from the first.
    ///
    /// # Errors
    /// [`PushRefusal::Damaged`] when there are none or too many, or their numbers cannot be.
    pub fn operations(&self) -> Result<Operations<'_>, PushRefusal> {
        let page = PushedPage::open(&self.page, self.origin).map_err(|_| PushRefusal::Damaged)?;
        let last_seq = self.origin.first_seq.checked_add(page.count() as u64);
        let can_be = self.origin.first_seq > 0 && last_seq.is_some_and(|last| i64::try_from(last).is_ok());
        if !can_be || !(1..=PUSH_OPERATIONS_MAX).contains(&page.count()) {
            return Err(PushRefusal::Damaged);
        }
        Ok(Operations {
            left: page.count(),
            page,
            chain: self.chain_before,
            chain_after: self.chain_after,
        })
    }
}

impl Operations<'_> {
    /// How many are left.
    pub fn left(&self) -> usize {
        self.left
    }

    /// The chain after what was read.
    pub fn chain(&self) -> ChainHash {
        self.chain
    }

    /// The next at most `count_max` operations; none behind the last. Who has read all knows that the chain leads from
    /// its beginning to its end.
    ///
    /// # Errors
    /// [`PushRefusal::Damaged`] or [`PushRefusal::Chain`].
    pub fn take(&mut self, count_max: usize) -> Result<Vec<Prepared>, PushRefusal> {
        let operations = self.page.take(count_max).map_err(|_| PushRefusal::Damaged)?;
        self.left = self.left.saturating_sub(operations.len());
        let mut prepared = Vec::with_capacity(operations.len());
        for operation in operations {
            let body = canonical_bytes(&operation);
            self.chain = self.chain.then_bytes(&body);
            prepared.push(Prepared {
                operation,
                body,
                chain: self.chain,
            });
        }
        if self.left == 0 && self.chain != self.chain_after && guards::holds(Guard::HashCheck) {
            return Err(PushRefusal::Chain);
        }
        Ok(prepared)
    }

    /// Reads what is left, a part at a time, to know that it is whole.
    ///
    /// # Errors
    /// As [`Operations::take`].
    pub fn check_rest(&mut self) -> Result<(), PushRefusal> {
        while !self.take(AT_ONCE)?.is_empty() {}
        Ok(())
    }
}

/// How many operations of a push are held already, by their numbers; `None` for one that ends before the end of what
/// is held: the storage compares its bytes.
///
/// # Errors
/// [`PushRefusal::Gap`].
pub fn overlap(first_seq: u64, count: usize, held: &HeldChain) -> Result<Option<usize>, PushRefusal> {
    let gap = first_seq.saturating_sub(1);
    if gap > held.through_seq {
        return Err(PushRefusal::Gap { held: *held });
    }
    let overlap = usize::try_from(held.through_seq - gap).unwrap_or(usize::MAX);
    Ok((overlap <= count).then_some(overlap))
}

/// Whether a receipt with a later time may cover these operations, which are held already.
///
/// A push whose beginning is held (its reply was lost) and whose held part has a stamp that the server
/// clamped is taken only as far as it is held: the device must learn those operations' own time before
/// a receipt with a later time covers them.
pub fn times_are_plain(held_part: &[Prepared], held: &HeldChain) -> bool {
    held_part
        .iter()
        .filter(|prepared| prepared.operation.seq >= held.applied_from_seq)
        .all(|prepared| prepared.operation.stamp.clamped(Some(held.applied_at)) == prepared.operation.stamp)
}
