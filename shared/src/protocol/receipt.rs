//! Signed receipts: proof that a server had a device's operations, also after it lost them (D8).
//!
//! They travel in the `extensions` of version 1, so peers that do not know them ignore them. This module only says
//! what is signed; signing and checking need cryptography, which this crate does not have.

use serde::{Deserialize, Serialize};

use super::v1::{Receipt, SyncReply};
use crate::change::hash::ChainHash;
use crate::clock::TimestampMs;
use crate::ids::{DeviceId, EpochId};

/// The extension's number. In a reply: [`KEY_BYTES`] of the server's key, then [`SIGNATURE_BYTES`]. In a request:
/// a [`SignedReceipt`] of an earlier life of the server, in postcard.
pub const EXTENSION_SIGNED_RECEIPT: u16 = 4;
/// Bytes of an Ed25519 public key.
pub const KEY_BYTES: usize = 32;
/// Bytes of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;

/// What every signature begins with, so that no other signed bytes can be taken for a receipt.
const PURPOSE: &[u8] = b"koumen receipt 1\n";

/// What the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The life of its database.
    pub epoch: EpochId,
    /// The device.
    pub device: DeviceId,
    /// Everything up to this operation of the device was durable.
    pub through_seq: u64,
    /// The hash chain at it.
    pub chain: ChainHash,
    /// When it said so, server time, ms.
    pub signed_at: TimestampMs,
}

impl Statement {
    /// What a reply says about a device.
    pub fn of(reply: &SyncReply, device: DeviceId) -> Self {
        Self::new(reply.epoch, device, &reply.receipt, reply.now_ms)
    }

    /// A receipt as a statement.
    pub fn new(epoch: EpochId, device: DeviceId, receipt: &Receipt, signed_at: TimestampMs) -> Self {
        Self {
            epoch,
            device,
            through_seq: receipt.through_seq,
            chain: receipt.chain,
            signed_at,
        }
    }

    /// The bytes that are signed: the purpose, then fields of fixed length, numbers in little-endian.
    pub fn bytes(&self) -> Vec<u8> {
        [
            PURPOSE,
            self.epoch.0.as_bytes(),
            self.device.0.as_bytes(),
            &self.through_seq.to_le_bytes(),
            &self.chain.0,
            &self.signed_at.to_le_bytes(),
        ]
        .concat()
    }
}

/// A statement with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReceipt {
    /// What was said.
    pub statement: Statement,
    /// Who said it: an Ed25519 public key.
    pub key: Vec<u8>,
    /// Ed25519 over [`Statement::bytes`].
    pub signature: Vec<u8>,
}

impl SignedReceipt {
    /// The signed receipt of a reply, not checked; `None` when the reply has none of this form.
    pub fn in_reply(reply: &SyncReply, device: DeviceId) -> Option<Self> {
        let bytes = extension(&reply.extensions)?;
        let (key, signature) = bytes.split_at_checked(KEY_BYTES)?;
        (signature.len() == SIGNATURE_BYTES).then(|| Self {
            statement: Statement::of(reply, device),
            key: key.to_vec(),
            signature: signature.to_vec(),
        })
    }

    /// The signed receipt in a request's extensions, not checked.
    pub fn in_request(extensions: &[(u16, Vec<u8>)]) -> Option<Self> {
        let signed: Self = super::extension(extensions, EXTENSION_SIGNED_RECEIPT)?;
        let fits = signed.key.len() == KEY_BYTES && signed.signature.len() == SIGNATURE_BYTES;
        fits.then_some(signed)
    }

    /// As an extension of a request.
    pub fn for_request(&self) -> (u16, Vec<u8>) {
        // Postcard into a growing vector fails only for maps of unknown length; here are none.
        (
            EXTENSION_SIGNED_RECEIPT,
            postcard::to_stdvec(self).unwrap_or_default(),
        )
    }
}

fn extension(extensions: &[(u16, Vec<u8>)]) -> Option<&[u8]> {
    extensions
        .iter()
        .find(|(number, _)| *number == EXTENSION_SIGNED_RECEIPT)
        .map(|(_, bytes)| bytes.as_slice())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn a_signed_receipt() -> SignedReceipt {
        SignedReceipt {
            statement: Statement {
                epoch: EpochId(Uuid::from_bytes([1; 16])),
                device: DeviceId(Uuid::from_bytes([2; 16])),
                through_seq: 3,
                chain: ChainHash([4; 32]),
                signed_at: 5,
            },
            key: vec![6; KEY_BYTES],
            signature: vec![7; SIGNATURE_BYTES],
        }
    }

    #[test]
    fn a_request_carries_it_and_a_cut_one_is_none() {
        let signed = a_signed_receipt();
        let (number, bytes) = signed.for_request();
        let others = (9, vec![1]);
        assert_eq!(
            SignedReceipt::in_request(&[others.clone(), (number, bytes.clone())]),
            Some(signed)
        );
        for length in 0..bytes.len() {
            assert_eq!(
                SignedReceipt::in_request(&[(number, bytes[..length].to_vec())]),
                None
            );
        }
        assert_eq!(SignedReceipt::in_request(&[others]), None);
    }

    #[test]
    fn every_part_of_a_statement_is_in_the_signed_bytes() {
        let statement = a_signed_receipt().statement;
        let changed = [
            Statement {
                epoch: EpochId(Uuid::nil()),
                ..statement
            },
            Statement {
                device: DeviceId(Uuid::nil()),
                ..statement
            },
            Statement {
                through_seq: 4,
                ..statement
            },
            Statement {
                chain: ChainHash([5; 32]),
                ..statement
            },
            Statement {
                signed_at: 6,
                ..statement
            },
        ];
        for other in changed {
            assert_ne!(other.bytes(), statement.bytes());
        }
        assert_eq!(statement.bytes().len(), PURPOSE.len() + 16 + 16 + 8 + 32 + 8);
    }
}
