//! Passwords: argon2id, on threads of their own.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};

use crate::callers::Caller;
use crate::chance::Chance;
use crate::hashers::{Crowded, Hashers};

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
    /// Started at the first sign-in; `None` where hashing costs nothing.
    hashers: Option<Arc<OnceLock<Hashers>>>,
    nobody: Arc<OnceLock<String>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            params: Params::default(),
            hashers: Some(Arc::default()),
            nobody: Arc::default(),
        }
    }
}

impl Passwords {
    /// So cheap that tests can sign in hundreds of times. Never for a real account.
    #[cfg(any(test, feature = "testing"))]
    pub fn cheap() -> Self {
        Self {
            params: Params::new(8, 1, 1, None).unwrap_or_default(),
            hashers: None,
            nobody: Arc::default(),
        }
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
    ///
    /// # Errors
    /// [`Crowded`] when too many wait for that.
    pub async fn verify(
        &self,
        password: String,
        phc: Option<String>,
        caller: Option<Caller>,
    ) -> Result<bool, Crowded> {
        let known = phc.is_some();
        let phc = phc.unwrap_or_else(|| self.nobody().to_owned());
        let fits = match &self.hashers {
            Some(hashers) => {
                let hashers = hashers.get_or_init(|| Hashers::start(self.nobody()));
                hashers.verify(password, phc, caller).await?
            }
            None => crate::hashers::verify(&password, &phc, &mut []),
        };
        Ok(fits && known)
    }

    /// Starts the threads and takes their memory, so that the first sign-in takes no more than any other.
    pub fn get_ready(&self) {
        let nobody = self.nobody();
        if let Some(hashers) = &self.hashers {
            hashers.get_or_init(|| Hashers::start(nobody));
        }
    }

    /// Whether nobody else can sign in just now.
    pub fn are_crowded(&self) -> bool {
        let hashers = self.hashers.as_ref().and_then(|hashers| hashers.get());
        hashers.is_some_and(Hashers::are_full)
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
        let verify = async |password: &str, phc| passwords.verify(password.to_owned(), phc, None).await;
        assert_eq!(verify("knock knock", Some(phc.clone())).await, Ok(true));
        assert_eq!(verify("knock", Some(phc)).await, Ok(false));
        assert_eq!(verify("nobody", None).await, Ok(false));
        assert_eq!(verify("x", Some(String::new())).await, Ok(false));
    }

    #[tokio::test]
    async fn a_thread_for_passwords_says_the_same_and_its_memory_serves_again() {
        let passwords = Passwords::default();
        let phc = passwords.hash("knock knock", &SeededChance::new(1)).unwrap();
        for (password, fits) in [("knock knock", true), ("knock", false), ("knock knock", true)] {
            let verified = passwords.verify(password.to_owned(), Some(phc.clone()), None);
            assert_eq!(verified.await, Ok(fits));
        }
        assert!(!passwords.are_crowded());
    }
}
