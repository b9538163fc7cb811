//! Two phones without a server: what this one says, and what it does with what the other one says.

use shared::change::encode::encode_push;
use shared::ids::DeviceId;
use shared::protocol::peer::{Bundle, PEER_PROTOCOL};
use shared::protocol::v1::{self, PUSH_OPERATIONS_MAX, Push};

use crate::api::{ApiError, ErrorCode, Notice, api_error};
use crate::replica::Replica;
use crate::storage::peers::{self, Met, PeerError};
use crate::storage::{StorageError, operations};

/// About how many bytes of operations one bundle carries.
const BUNDLE_BYTES_MAX: usize = 1024 * 1024;

/// What one phone says in one round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// A [`Bundle`] in the frame of a sync message.
    pub bytes: Vec<u8>,
    /// The last operation in it; `None` without any. When neither side has any, the meeting is over.
    pub through_seq: Option<u64>,
}

impl Replica {
    /// What to say next to `listener`; the first words when it is not known yet who listens. `said` is the last
    /// operation that was said in this meeting, 0 for none.
    ///
    /// # Errors
    /// A failing database, or nobody is signed in.
    pub fn bundle(&self, listener: Option<DeviceId>, said: u64) -> Result<Words, ApiError> {
        let own = self
            .enrolment()?
            .ok_or_else(|| api_error(ErrorCode::SignedOut, ""))?;
        let peer = match listener {
            Some(device) => peers::peer(&self.connection, device)?,
            None => None,
        };
        let next = match peer {
            Some(peer) => operations::from_seq(
                &self.connection,
                peer.holds_through.max(said).saturating_add(1),
                PUSH_OPERATIONS_MAX,
                BUNDLE_BYTES_MAX,
            )?,
            None => None,
        };
        let through_seq = next
            .as_ref()
            .and_then(|(_, operations, _)| operations.last().map(|operation| operation.seq));
        let push = next.map(|(chain_before, operations, chain_after)| Push {
            first_seq: operations.first().map_or(1, |operation| operation.seq),
            chain_before,
            chain_after,
            page: encode_push(&operations),
        });
        let bytes = v1::encode(&Bundle {
            protocol: PEER_PROTOCOL,
            device: own.device,
            author: own.worker.id,
            push,
            holds: peer.map(|peer| peer.through_seq),
        });
        Ok(Words { bytes, through_seq })
    }

    /// Merges what a peer said, in one transaction.
    ///
    /// # Errors
    /// [`PeerError`]; nothing has happened then.
    pub fn take_bundle(&mut self, bytes: &[u8]) -> Result<Met, PeerError> {
        if self.is_sealed() {
            return Err(PeerError::SignedOut);
        }
        let bundle: Bundle = v1::decode(bytes).map_err(|_| PeerError::Damaged)?;
        let now_ms = self.now_ms();
        let transaction = self.connection.transaction()?;
        let met = peers::take(&transaction, &bundle, now_ms)?;
        transaction.commit().map_err(StorageError::from)?;
        if met.merged > 0 {
            self.tell(Notice::Changed);
        }
        Ok(met)
    }

    /// Up to which own operation a device that was met has everything; `None` when it was not met.
    ///
    /// # Errors
    /// A failing database.
    pub fn held_by(&self, device: DeviceId) -> Result<Option<u64>, ApiError> {
        Ok(peers::peer(&self.connection, device)?.map(|peer| peer.holds_through))
    }
}
