//! The key under which a worker's device seals its replica when it is revoked, and which opens it when the worker signs
//! in again. It is derived, so that every life of the database that knows the worker gives the same one.

use shared::ids::WorkerId;
use shared::protocol::v1::SealKey;

/// What BLAKE3 calls the context: it keeps this use of the seed apart from every other.
const CONTEXT: &str = "koumen sync-server 2026-11-27 seal key of a worker";

/// The key of a worker, from the seed that lies in the database.
pub(crate) fn of_worker(seed: &[u8], worker: WorkerId) -> SealKey {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(seed);
    hasher.update(worker.0.as_bytes());
    SealKey(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_worker_has_one_key_and_nobody_else_has_it() {
        let worker = WorkerId(Uuid::from_bytes([1; 16]));
        let key = of_worker(&[7; 32], worker);
        assert_eq!(key, of_worker(&[7; 32], worker));
        assert_ne!(key, of_worker(&[7; 32], WorkerId(Uuid::from_bytes([2; 16]))));
        assert_ne!(key, of_worker(&[8; 32], worker));
        assert_ne!(key.0, [7; 32]);
    }
}
