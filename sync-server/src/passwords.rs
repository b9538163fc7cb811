//! Passwords: argon2id, on a thread that may block, a few at a time.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::chance::Chance;

/// The most passwords hashed at once: each takes 19 MiB and a processor.
const AT_ONCE_MAX: usize = 2;
/// The most bytes of a password.
pub const PASSWORD_BYTES_MAX: usize = 512;
/// The fewest characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 8;
const SALT_BYTES: usize = 16;

/// The password cannot be hashed with these parameters.
#[derive(Debug, thiserror::Error)]
#[error("the password cannot be hashed")]
pub struct PasswordError;

/// Hashes and verifies passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    params: Params,
    at_once: Arc<Semaphore>,
    nobody: Arc<OnceLock<String>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::with(Params::default())
    }
}

impl Passwords {
    fn with(params: Params) -> Self {
        Self {
            params,
            at_once: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            nobody: Arc::default(),
        }
    }

    /// So cheap that tests can sign in hundreds of times. Never for a real account.
    #[cfg(any(test, feature = "testing"))]
    pub fn cheap() -> Self {
        Self::with(Params::new(8, 1, 1, None).unwrap_or_default())
    }

    /// Hashes a password to PHC form.
    ///
    /// # Errors
    /// [`PasswordError`] when argon2 refuses.
    pub fn hash(&self, password: &str, chance: &dyn Chance) -> Result<String, PasswordError> {
        let mut salt = [0; SALT_BYTES];
        chance.fill(&mut salt);
        hash(&self.params, password, &salt)
    }

    /// Whether `password` is the one behind `phc`. Takes as long when there is no account (`None`).
    pub async fn verify(&self, password: String, phc: Option<String>) -> bool {
        let known = phc.is_some();
        let phc = phc.unwrap_or_else(|| self.nobody().to_owned());
        let Ok(_permit) = self.at_once.acquire().await else {
            return false;
        };
        let verified = crate::blocking::apart(move || {
            let parsed = PasswordHash::new(&phc);
            parsed.is_ok_and(|parsed| {
                Argon2::default()
                    .verify_password(password.as_bytes(), &parsed)
                    .is_ok()
            })
        });
        verified.await.unwrap_or(false) && known
    }

    /// The hash of no account's password.
    fn nobody(&self) -> &str {
        self.nobody
            .get_or_init(|| hash(&self.params, "nobody", &[0; SALT_BYTES]).unwrap_or_default())
    }
}

fn hash(params: &Params, password: &str, salt: &[u8]) -> Result<String, PasswordError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let hash = argon2
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|_| PasswordError)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededChance;

    #[tokio::test]
    async fn only_the_right_password_of_a_real_account_opens() {
        let passwords = Passwords::cheap();
        let phc = passwords.hash("knock knock", &SeededChance::new(1)).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$"));
        assert!(
            passwords
                .verify("knock knock".to_owned(), Some(phc.clone()))
                .await
        );
        assert!(!passwords.verify("knock".to_owned(), Some(phc)).await);
        assert!(!passwords.verify("nobody".to_owned(), None).await);
        assert!(!passwords.verify("x".to_owned(), Some(String::new())).await);
    }
}
