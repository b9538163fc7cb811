//! The key under which a worker's device seals its replica when it is revoked, and which opens it when the worker signs
//! in again. It is derived, so that every life of the database gives the same one; and from the account's name, so that
//! an account that was removed and added again opens what it has sealed.

use shared::protocol::v1::SealKey;

/// What BLAKE3 calls the context: it keeps this use of the seed apart from every other.
const CONTEXT: &str = "koumen sync-server 2026-11-27 seal key of an account";

/// The key of an account, from the seed that lies in the database.
pub(crate) fn of_account(seed: &[u8], username: &str) -> SealKey {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    // The seed has one length, so no two pairs are the same bytes.
    hasher.update(seed);
    hasher.update(username.as_bytes());
    SealKey(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_key_and_no_other_has_it() {
        let key = of_account(&[7; 32], "zhao");
        assert_eq!(key, of_account(&[7; 32], "zhao"));
        assert_ne!(key, of_account(&[7; 32], "qian"));
        assert_ne!(key, of_account(&[8; 32], "zhao"));
        assert_ne!(key.0, [7; 32]);
    }
}
