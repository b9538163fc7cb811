//! Guards that tests can switch off, one at a time, to show that they notice when one is missing.
//!
//! Without the feature `testing` there is no switch: [`holds`] is a constant, and programs that are shipped are
//! built without it.

/// A check without which work would be lost, doubled or mixed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The device shows as uploaded only what a receipt names, once its own hash chain agrees with it.
    ReceiptCheck,
    /// The device compares the receipt's chain with its own.
    ReceiptChain,
    /// The server takes what it holds already only once.
    Idempotency,
    /// The server computes the hash chain of a push.
    HashCheck,
    /// The server ignores cursors that belong to another life of its database.
    Epoch,
    /// The device takes anew what differs from the server's records.
    Repair,
    /// The server hands out what reaches down from a community or street.
    ReachDown,
    /// The device lets go of what lies in areas that are not assigned any more.
    Forgetting,
    /// The server hands out to a unit what was sent to it.
    Lend,
    /// The device lets go of what is not lent to its unit any more.
    TakeBack,
    /// The app knows the newest kinds: those whose records have no table of their own.
    NewestKinds,
    /// An updated device takes up what its earlier app could only keep.
    Learning,
}

/// Whether a guard is there.
#[cfg(not(any(test, feature = "testing")))]
pub const fn holds(_guard: Guard) -> bool {
    true
}

#[cfg(any(test, feature = "testing"))]
pub use switch::{holds, only_without};

#[cfg(any(test, feature = "testing"))]
mod switch {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Guard;

    /// One more than the number of the guard that is missing; 0: all are there.
    static MISSING: AtomicU8 = AtomicU8::new(0);

    /// Whether a guard is there.
    pub fn holds(guard: Guard) -> bool {
        MISSING.load(Ordering::Relaxed) != guard as u8 + 1
    }

    /// Takes one guard away, in the whole process, until it is called again; `None` puts all back.
    pub fn only_without(guard: Option<Guard>) {
        MISSING.store(guard.map_or(0, |guard| guard as u8 + 1), Ordering::Relaxed);
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn one_guard_is_missing_at_a_time() {
            assert!(holds(Guard::Epoch) && holds(Guard::ReceiptCheck));
            only_without(Some(Guard::Epoch));
            assert!(!holds(Guard::Epoch) && holds(Guard::ReceiptCheck));
            only_without(None);
            assert!(holds(Guard::Epoch) && holds(Guard::ReceiptCheck));
        }
    }
}
