//! Slows down guessing of passwords. Nobody is locked out: the longest wait is a minute, the first try from an address
//! is always free, and a right password that is tried is taken. A device that its account has signed in on before is
//! counted apart: whoever tries a colleague's name all day from the same office does not keep the colleague's phone out.
//!
//! What is counted is bounded and forgets the oldest first. Names that are no account are counted apart, so that a
//! stranger who makes some up pushes out nothing but those.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use shared::clock::TimestampMs;
use shared::ids::{DeviceId, WorkerId};

use crate::callers::Caller;

/// Wrong passwords that cost nothing: people mistype.
const FREE_TRIES: u32 = 5;
/// The same where the address or the account has spent its budget.
const FREE_TRIES_SPENT: u32 = 1;
/// The budget of an address, for all accounts: a community behind one address mistypes less.
const OF_ADDRESS: u32 = 100;
/// The budget of an account, from all addresses.
const OF_ACCOUNT: u32 = 50;
/// The longest wait between two tries.
const WAIT_MS_MAX: u64 = 60_000;
/// Tries are forgotten after this.
const FORGOTTEN_AFTER_MS: u64 = 15 * 60_000;
/// The most entries of each kind.
const ENTRIES_MAX: usize = 10_000;

/// Whose password is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tried {
    /// An account's, perhaps on a device that is enrolled for it.
    Account(WorkerId, Option<DeviceId>),
    /// A name's that is no account; only its hash is kept.
    Nobody(u64),
}

#[derive(Debug, Clone, Copy, Default)]
struct Tries {
    count: u32,
    last_ms: TimestampMs,
}

/// Tries by what they have in common.
#[derive(Debug)]
struct Ledger<K>(HashMap<K, Tries>);

impl<K> Default for Ledger<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash> Ledger<K> {
    fn known(&self, key: &K, now_ms: TimestampMs) -> Tries {
        let known = self.0.get(key).copied();
        known
            .filter(|known| now_ms < known.last_ms.saturating_add(FORGOTTEN_AFTER_MS))
            .unwrap_or_default()
    }

    /// What was noted before the clock was set back counts from now on, or the wait would last as long as it was set back.
    fn set_back(&mut self, key: &K, now_ms: TimestampMs) {
        if let Some(tries) = self.0.get_mut(key) {
            tries.last_ms = tries.last_ms.min(now_ms);
        }
    }

    fn note(&mut self, key: K, now_ms: TimestampMs) {
        let count = self.known(&key, now_ms).count.saturating_add(1);
        if self.0.len() >= ENTRIES_MAX && !self.0.contains_key(&key) {
            let oldest = self.0.iter().min_by_key(|(_, tries)| tries.last_ms);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(
            key,
            Tries {
                count,
                last_ms: now_ms,
            },
        );
    }

    fn take_back(&mut self, key: &K) {
        if let Some(tries) = self.0.get_mut(key) {
            tries.count = tries.count.saturating_sub(1);
        }
    }
}

#[derive(Debug, Default)]
struct Noted {
    accounts_here: Ledger<(WorkerId, Option<DeviceId>, Option<Caller>)>,
    nobodies_here: Ledger<(u64, Option<Caller>)>,
    accounts: Ledger<WorkerId>,
    callers: Ledger<Caller>,
}

/// Remembers wrong passwords for a while.
#[derive(Debug, Default)]
pub struct Throttle {
    noted: Mutex<Noted>,
    names: RandomState,
}

impl Throttle {
    /// Whose password is tried: by the account's name as typed, the account, if there is one, and the device that it
    /// comes from, if it is enrolled for the account.
    pub fn tried(&self, username: &str, account: Option<WorkerId>, device: Option<DeviceId>) -> Tried {
        match account {
            Some(account) => Tried::Account(account, device),
            None => Tried::Nobody(self.names.hash_one(username)),
        }
    }

    /// Notes a try before its password is looked at, so that tries side by side count too. What comes too soon is
    /// answered the same whether there is such an account or not.
    ///
    /// # Errors
    /// The milliseconds to wait, when it comes too soon; it is not counted then.
    pub fn begin(&self, tried: Tried, caller: Option<Caller>, now_ms: TimestampMs) -> Result<(), u64> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let (here, of_account) = match tried {
            Tried::Account(account, device) => {
                let key = (account, device, caller);
                noted.accounts_here.set_back(&key, now_ms);
                (
                    noted.accounts_here.known(&key, now_ms),
                    noted.accounts.known(&account, now_ms).count,
                )
            }
            Tried::Nobody(name) => {
                noted.nobodies_here.set_back(&(name, caller), now_ms);
                (noted.nobodies_here.known(&(name, caller), now_ms), 0)
            }
        };
        let of_caller = caller.map_or(0, |caller| noted.callers.known(&caller, now_ms).count);
        let free = match of_caller >= OF_ADDRESS || of_account >= OF_ACCOUNT {
            true => FREE_TRIES_SPENT,
            false => FREE_TRIES,
        };
        let free_at = here.last_ms.saturating_add(wait_ms(here.count, free));
        if now_ms < free_at {
            return Err(free_at - now_ms);
        }
        match tried {
            Tried::Account(account, device) => {
                noted.accounts_here.note((account, device, caller), now_ms);
                noted.accounts.note(account, now_ms);
            }
            Tried::Nobody(name) => noted.nobodies_here.note((name, caller), now_ms),
        }
        if let Some(caller) = caller {
            noted.callers.note(caller, now_ms);
        }
        Ok(())
    }

    /// The password was right, or was not looked at after all: the try is not counted.
    pub fn take_back(&self, tried: Tried, caller: Option<Caller>) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        match tried {
            Tried::Account(account, device) => {
                noted.accounts_here.take_back(&(account, device, caller));
                noted.accounts.take_back(&account);
            }
            Tried::Nobody(name) => noted.nobodies_here.take_back(&(name, caller)),
        }
        if let Some(caller) = caller {
            noted.callers.take_back(&caller);
        }
    }

    /// The password was right.
    pub fn succeeded(&self, tried: Tried, caller: Option<Caller>) {
        self.take_back(tried, caller);
        if let Tried::Account(account, device) = tried {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.accounts_here.0.remove(&(account, device, caller));
        }
    }
}

fn wait_ms(count: u32, free: u32) -> u64 {
    match count.checked_sub(free) {
        None => 0,
        Some(beyond) => 1_000_u64
            .checked_shl(beyond)
            .unwrap_or(WAIT_MS_MAX)
            .clamp(1_000, WAIT_MS_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZHAO: WorkerId = WorkerId(uuid::Uuid::from_u128(1));
    const QIAN: WorkerId = WorkerId(uuid::Uuid::from_u128(2));
    const ON_ZHAO: Tried = Tried::Account(ZHAO, None);
    const ON_QIAN: Tried = Tried::Account(QIAN, None);

    fn at(last: u8) -> Option<Caller> {
        Some(Caller::at([192, 0, 2, last].into()))
    }

    fn throttle_that_knows(tries: u32, account: WorkerId, caller: Option<Caller>) -> Throttle {
        let throttle = Throttle::default();
        for _ in 0..tries {
            assert_eq!(
                throttle.begin(Tried::Account(account, None), caller, 1_000),
                Ok(())
            );
        }
        throttle
    }

    #[test]
    fn the_wait_grows_to_a_minute_and_is_forgotten() {
        let throttle = throttle_that_knows(FREE_TRIES, ZHAO, at(1));
        let begin = |now_ms| throttle.begin(ON_ZHAO, at(1), now_ms);
        assert_eq!(begin(1_000), Err(1_000));
        assert_eq!(begin(2_000), Ok(()));
        assert_eq!(begin(2_000), Err(2_000));
        let mut now_ms = 2_000;
        for _ in 0..100 {
            now_ms += begin(now_ms).err().unwrap_or(0);
        }
        assert!(begin(now_ms).err().is_none_or(|wait| wait <= WAIT_MS_MAX));
        assert_eq!(begin(now_ms + FORGOTTEN_AFTER_MS), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_wait_longer() {
        const DAY_MS: u64 = 24 * 3_600 * 1_000;
        let throttle = Throttle::default();
        for tried in [ON_ZHAO, throttle.tried("nobody", None, None)] {
            for _ in 0..FREE_TRIES {
                assert_eq!(throttle.begin(tried, at(1), 2 * DAY_MS), Ok(()));
            }
            assert_eq!(throttle.begin(tried, at(1), DAY_MS), Err(1_000));
            assert_eq!(throttle.begin(tried, at(1), DAY_MS + 1_000), Ok(()));
        }
    }

    #[test]
    fn somebody_who_tries_a_name_all_day_does_not_keep_its_phone_out() {
        let throttle = Throttle::default();
        let phone = Tried::Account(ZHAO, Some(DeviceId(uuid::Uuid::from_u128(9))));
        for second in 1..600 {
            let _ = throttle.begin(ON_ZHAO, at(1), second * 1_000);
        }
        assert!(throttle.begin(ON_ZHAO, at(1), 600_000).is_err());
        assert_eq!(throttle.begin(phone, at(1), 600_000), Ok(()));
        // It does not guess without a wait either.
        let tries = (0..9).filter(|_| throttle.begin(phone, at(1), 600_000).is_ok());
        assert!(tries.count() < FREE_TRIES as usize);
    }

    #[test]
    fn a_right_password_forgives() {
        let throttle = throttle_that_knows(FREE_TRIES, ZHAO, at(1));
        throttle.succeeded(ON_ZHAO, at(1));
        assert_eq!(throttle.begin(ON_ZHAO, at(1), 1_000), Ok(()));
    }

    #[test]
    fn made_up_names_push_no_account_out() {
        let throttle = throttle_that_knows(FREE_TRIES, ZHAO, at(1));
        for number in 0..2 * ENTRIES_MAX as u64 {
            let made_up = throttle.tried(&number.to_string(), None, None);
            let _ = throttle.begin(made_up, at(2), 1_000);
        }
        assert_eq!(throttle.begin(ON_ZHAO, at(1), 1_000), Err(1_000));
        let noted = throttle.noted.lock().unwrap();
        assert_eq!(noted.nobodies_here.0.len(), ENTRIES_MAX);
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut ledger = Ledger::default();
        for key in 0..=ENTRIES_MAX as u64 {
            ledger.note(key, 1_000 + key);
        }
        let count = |key| ledger.known(&key, 2_000).count;
        assert_eq!((count(0), count(1), count(ENTRIES_MAX as u64)), (0, 1, 1));
    }

    #[test]
    fn colleagues_behind_one_address_are_not_locked_out_by_one_of_them() {
        let throttle = Throttle::default();
        let mut now_ms = 1_000;
        for number in 0..2 * OF_ADDRESS {
            now_ms += 1;
            let _ = throttle.begin(throttle.tried(&number.to_string(), None, None), at(1), now_ms);
            let _ = throttle.begin(ON_QIAN, at(1), now_ms);
        }
        assert!(throttle.begin(ON_QIAN, at(1), now_ms).is_err());
        assert_eq!(throttle.begin(ON_ZHAO, at(1), now_ms), Ok(()));
        assert!(
            throttle.begin(ON_ZHAO, at(1), now_ms).is_err(),
            "this address has spent its budget: one try is free"
        );
        assert_eq!(throttle.begin(ON_QIAN, at(2), now_ms), Ok(()));
    }

    #[test]
    fn an_account_that_is_tried_from_everywhere_gives_each_address_one_free_try() {
        let throttle = Throttle::default();
        for last in 0..OF_ACCOUNT {
            assert_eq!(throttle.begin(ON_ZHAO, at(last as u8), 1_000), Ok(()));
        }
        assert_eq!(throttle.begin(ON_ZHAO, at(200), 1_000), Ok(()));
        assert_eq!(throttle.begin(ON_ZHAO, at(200), 1_000), Err(1_000));
    }

    #[test]
    fn a_name_that_is_no_account_waits_like_one_that_is() {
        let throttle = Throttle::default();
        let nobody = throttle.tried("nobody", None, None);
        for tried in [nobody, ON_ZHAO] {
            let answers: Vec<_> = (0..9).map(|_| throttle.begin(tried, at(1), 1_000)).collect();
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
        }
    }
}
