//! The server's source of chance: tokens, salts, new ids. An argument everywhere else.

use uuid::Uuid;

/// Where random bytes come from.
pub trait Chance: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// A random id.
    fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsChance;

impl Chance for OsChance {
    /// # Panics
    /// When the operating system has no random numbers: without them no token is safe.
    fn fill(&self, bytes: &mut [u8]) {
        assert!(
            getrandom::fill(bytes).is_ok(),
            "the operating system has no random numbers"
        );
    }
}
