//! The hash chain of a device's operations: gaps, forks and rewriting show (D2).

use serde::{Deserialize, Serialize};

use super::Operation;
use crate::packed::packed;

/// The hash of an operation and of everything before it on the same device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChainHash(pub [u8; 32]);

/// The chain before the first operation.
pub const CHAIN_START: ChainHash = ChainHash([0; 32]);

impl ChainHash {
    /// The chain with `operation` appended: BLAKE3 of this hash and the operation's canonical bytes.
    #[must_use]
    pub fn then(&self, operation: &Operation) -> Self {
        self.then_bytes(&canonical_bytes(operation))
    }

    /// The chain with an operation appended whose [`canonical_bytes`] are at hand.
    #[must_use]
    pub fn then_bytes(&self, canonical: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0);
        hasher.update(canonical);
        Self(*hasher.finalize().as_bytes())
    }
}

/// The bytes that are hashed: postcard of the operation, frozen by `tests/fixtures/protocol/v1/`.
pub fn canonical_bytes(operation: &Operation) -> Vec<u8> {
    packed(operation, ROOM_BYTES)
}

/// Most operations have less.
const ROOM_BYTES: usize = 512;
