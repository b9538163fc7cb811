//! The key with which the server signs receipts. It lies in the database, so a restored backup has it, too, and
//! receipts of an earlier life can still be checked.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use shared::protocol::receipt::{SignedReceipt, Statement};

/// Bytes of the seed from which the key is made.
pub const SEED_BYTES: usize = 32;

/// The seed is not one.
#[derive(Debug, thiserror::Error)]
#[error("the key for receipts cannot be made from its seed")]
pub struct SeedError;

/// A key pair.
#[derive(Debug)]
pub struct ReceiptKey(Ed25519KeyPair);

impl ReceiptKey {
    /// The key of a seed.
    ///
    /// # Errors
    /// [`SeedError`] for a seed of another length.
    pub fn of_seed(seed: &[u8]) -> Result<Self, SeedError> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map(Self)
            .map_err(|_| SeedError)
    }

    /// Signs.
    pub fn sign(&self, statement: Statement) -> SignedReceipt {
        SignedReceipt {
            signature: self.0.sign(&statement.bytes()).as_ref().to_vec(),
            key: self.0.public_key().as_ref().to_vec(),
            statement,
        }
    }

    /// Whether this key signed it.
    pub fn has_signed(&self, receipt: &SignedReceipt) -> bool {
        let own = self.0.public_key().as_ref();
        let key = UnparsedPublicKey::new(&ED25519, own);
        let signed = key.verify(&receipt.statement.bytes(), &receipt.signature);
        receipt.key == own && signed.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use shared::change::hash::ChainHash;
    use shared::ids::{DeviceId, EpochId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_signed_is_known_again_and_nothing_else() {
        let key = ReceiptKey::of_seed(&[7; SEED_BYTES]).unwrap();
        let receipt = key.sign(Statement {
            epoch: EpochId(Uuid::from_bytes([1; 16])),
            device: DeviceId(Uuid::from_bytes([2; 16])),
            through_seq: 3,
            chain: ChainHash([4; 32]),
            signed_at: 5,
        });
        assert!(key.has_signed(&receipt));
        let mut more = receipt.clone();
        more.statement.through_seq = 4;
        assert!(!key.has_signed(&more));
        let other = ReceiptKey::of_seed(&[8; SEED_BYTES]).unwrap();
        assert!(!other.has_signed(&receipt));
        assert!(!key.has_signed(&other.sign(receipt.statement)));
        let mut cut = receipt;
        cut.signature.pop();
        assert!(!key.has_signed(&cut));
        assert!(ReceiptKey::of_seed(&[7; 31]).is_err());
    }
}
