//! Records that both sides know by name: those of the device's own operations. A page may name them by a step back
//! instead of 16 bytes each. They travel in the `extensions` of version 1.
//!
//! The device says from which own operation on it keeps all of them. When a reply brings many operations, the server
//! says of which own operations the records stand before the pages' own ids, in order.

use serde::{Deserialize, Serialize};

use super::extension;

/// Whether this program reads pages that make use of it. An app in a browser does not: each user would download how.
pub const READS_KNOWN: bool = cfg!(not(target_arch = "wasm32"));
/// The extension's number.
pub const EXTENSION_KNOWN: u16 = 7;
/// The most own operations whose records stand before the ids of a page.
pub const KNOWN_MAX: u64 = 2_000;
/// Where fewer operations are handed out nothing would be saved by it.
pub const KNOWN_WORTH_FROM: usize = 32;

/// From which own operation on a device keeps all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptFrom(u64);

/// Own operations by their numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRange {
    /// The first one.
    pub first_seq: u64,
    /// The last one.
    pub last_seq: u64,
}

impl OwnRange {
    /// The last operations of a device that keeps all from `kept_from` on and of which the server holds all up to
    /// `through_seq`; `None` when there are none.
    pub fn of(kept_from: u64, through_seq: u64) -> Option<Self> {
        let first_seq = kept_from.max(through_seq.saturating_sub(KNOWN_MAX - 1)).max(1);
        (first_seq <= through_seq).then_some(Self {
            first_seq,
            last_seq: through_seq,
        })
    }

    /// How many there are.
    pub fn count(self) -> u64 {
        (self.last_seq + 1).saturating_sub(self.first_seq)
    }

    /// As an extension of a reply.
    pub fn as_extension(self) -> (u16, Vec<u8>) {
        (EXTENSION_KNOWN, packed(&self))
    }

    /// In the extensions of a reply; `None` also for more than may be.
    pub fn in_reply(extensions: &[(u16, Vec<u8>)]) -> Option<Self> {
        let range: Self = extension(extensions, EXTENSION_KNOWN)?;
        let fits = range.last_seq < u64::MAX && (1..=KNOWN_MAX).contains(&range.count());
        fits.then_some(range)
    }
}

/// From which own operation on the device keeps all, as an extension of a request.
pub fn kept_from(first_seq: u64) -> (u16, Vec<u8>) {
    (EXTENSION_KNOWN, packed(&KeptFrom(first_seq)))
}

/// From which operation on the device keeps all; `None` when it does not say so.
pub fn kept_from_in(extensions: &[(u16, Vec<u8>)]) -> Option<u64> {
    extension::<KeptFrom>(extensions, EXTENSION_KNOWN).map(|KeptFrom(first_seq)| first_seq)
}

fn packed<T: Serialize>(value: &T) -> Vec<u8> {
    // Postcard into a growing vector fails only for maps of unknown length; here are none.
    postcard::to_stdvec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_operations_that_both_sides_have() {
        let range = |first_seq, last_seq| Some(OwnRange { first_seq, last_seq });
        assert_eq!(OwnRange::of(1, 0), None);
        assert_eq!(OwnRange::of(0, 1), range(1, 1));
        assert_eq!(OwnRange::of(8, 7), None);
        assert_eq!(OwnRange::of(3, 7), range(3, 7));
        assert_eq!(OwnRange::of(1, 5_000), range(3_001, 5_000));
        assert_eq!(OwnRange::of(1, 5_000).map(OwnRange::count), Some(KNOWN_MAX));
        assert_eq!(kept_from_in(&[(6, vec![1]), kept_from(300)]), Some(300));
        assert_eq!(kept_from_in(&[(6, vec![1])]), None);
    }

    #[test]
    fn a_reply_that_says_more_than_may_be_says_nothing() {
        let said = |first_seq, last_seq| {
            let range = OwnRange { first_seq, last_seq };
            OwnRange::in_reply(&[range.as_extension()]).is_some()
        };
        assert!(said(1, 1) && said(5, 5 + KNOWN_MAX - 1));
        assert!(!said(5, 5 + KNOWN_MAX) && !said(2, 1) && !said(0, u64::MAX) && !said(u64::MAX, u64::MAX));
        assert_eq!(OwnRange::in_reply(&[(EXTENSION_KNOWN, vec![0xff])]), None);
    }
}
