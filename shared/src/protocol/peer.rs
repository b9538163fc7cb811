//! What two phones say to each other when there is no server (`docs/adr/0014`).
//!
//! Both say a [`Bundle`] at once, then listen; again until neither has more. Operations keep their identity
//! (device, sequence number), so what comes by this way and later from the server is one. Nobody carries another's
//! operations to the server: only their own device's credential can vouch for them.

use serde::{Deserialize, Serialize};

use super::v1::Push;
use crate::ids::{DeviceId, WorkerId};

/// The version of these messages.
pub const PEER_PROTOCOL: u16 = 1;

/// What one phone says in one round. It travels in the frame of a sync message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// [`PEER_PROTOCOL`].
    pub protocol: u16,
    /// The device that speaks.
    pub device: DeviceId,
    /// Its worker, who is the author of everything in `push`.
    pub author: WorkerId,
    /// Own operations in sequence, receipted by the server or not; `None` when the listener has them all.
    pub push: Option<Push>,
    /// Up to which operation of the listener's device this one has everything: the peer's receipt. `None` in the
    /// first round, when it is not known who listens.
    pub holds: Option<u64>,
}
