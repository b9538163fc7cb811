//! Verification: now and then a device that holds everything says what its records look like, and the server says where
//! that differs from its own (D7). They travel in the `extensions` of version 1.
//!
//! ```text
//!   device                                  server
//!   256 fingerprints, cursors  ───────────► the same of the records of these areas, if nothing came behind the cursors
//!   takes these records anew   ◄─────────── buckets that differ; in the pages all operations of their records
//! ```

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::extension;
use crate::bounded;
use crate::ids::DeviceId;

/// The extension's number. In a request [`Verification`], in a reply [`Verified`]; in postcard.
pub const EXTENSION_VERIFY: u16 = 8;
/// The most devices that a device has met: the server looks for each.
const MET_MAX: usize = 2_000;
/// Into so many parts all records fall, by the last byte of their ids: the first ones are the time at which the id was
/// drawn.
pub const BUCKETS: usize = 256;

/// The bucket of a record.
pub fn bucket_of(record: Uuid) -> u8 {
    let [.., last] = *record.as_bytes();
    last
}

/// The fingerprints of all buckets.
///
/// Shape: of each the exclusive or of its records' [fingerprints](crate::crdt::RecordState::fingerprint), 0 for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprints([u64; BUCKETS]);

impl Default for Fingerprints {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Fingerprints {
    /// Counts a record in.
    pub fn add(&mut self, record: Uuid, fingerprint: u64) {
        if let Some(bucket) = self.0.get_mut(usize::from(bucket_of(record))) {
            *bucket ^= fingerprint;
        }
    }
}

/// What a device says of its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// [`Fingerprints`], each in eight bytes, little-endian.
    fingerprints: Vec<u8>,
    /// Buckets that are not compared: the device has said something about a record in them that the server has not
    /// applied.
    left_out: Vec<u8>,
    /// Devices that were met, and up to which of their operations: while the server does not hold these, nothing is
    /// compared.
    #[serde(deserialize_with = "bounded::list::<MET_MAX, _, _>")]
    pub met: Vec<(DeviceId, u64)>,
}

impl Verification {
    /// Says what a device holds.
    pub fn new(fingerprints: &Fingerprints, left_out: Vec<u8>, met: Vec<(DeviceId, u64)>) -> Self {
        Self {
            fingerprints: fingerprints.0.map(u64::to_le_bytes).as_flattened().to_vec(),
            left_out,
            met,
        }
    }

    /// The buckets that differ from `held`, ascending; `None` for a verification that has not the form.
    pub fn differing(&self, held: &Fingerprints) -> Option<Vec<u8>> {
        let (said, rest) = self.fingerprints.as_chunks();
        if said.len() != BUCKETS || !rest.is_empty() {
            return None;
        }
        let differing = (0..=u8::MAX)
            .zip(said.iter().zip(&held.0))
            .filter(|(bucket, (said, held))| {
                u64::from_le_bytes(**said) != **held && !self.left_out.contains(bucket)
            });
        Some(differing.map(|(bucket, _)| bucket).collect())
    }

    /// As an extension of a request.
    pub fn as_extension(&self) -> (u16, Vec<u8>) {
        packed(self)
    }

    /// In the extensions of a request.
    pub fn in_request(extensions: &[(u16, Vec<u8>)]) -> Option<Self> {
        extension(extensions, EXTENSION_VERIFY)
    }
}

/// What the server says to it. Left out when it did not compare.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Verified {
    /// How many buckets differ.
    pub differing: u16,
    /// Those of them whose operations the reply's pages bring: all of all their records, and no others.
    pub buckets: Vec<u8>,
}

impl Verified {
    /// As an extension of a reply.
    pub fn as_extension(&self) -> (u16, Vec<u8>) {
        packed(self)
    }

    /// In the extensions of a reply.
    pub fn in_reply(extensions: &[(u16, Vec<u8>)]) -> Option<Self> {
        extension(extensions, EXTENSION_VERIFY)
    }
}

fn packed<T: Serialize>(value: &T) -> (u16, Vec<u8>) {
    // Postcard into a growing vector fails only for maps of unknown length; here are none.
    (EXTENSION_VERIFY, postcard::to_stdvec(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(last: u8) -> Uuid {
        let mut bytes = [1; 16];
        bytes[15] = last;
        Uuid::from_bytes(bytes)
    }

    fn held(records: &[(u8, u64)]) -> Fingerprints {
        let mut held = Fingerprints::default();
        records
            .iter()
            .for_each(|(last, fingerprint)| held.add(id(*last), *fingerprint));
        held
    }

    #[test]
    fn a_bucket_that_differs_is_named_unless_it_is_left_out() {
        let ours = held(&[(0, 5), (7, 1), (7, 2), (255, 9)]);
        let said = |left_out: &[u8]| Verification::new(&ours, left_out.to_vec(), Vec::new());
        // In any order, the same.
        assert_eq!(
            said(&[]).differing(&held(&[(255, 9), (7, 2), (0, 5), (7, 1)])),
            Some(vec![])
        );
        let theirs = held(&[(7, 1), (255, 8), (3, 4)]);
        assert_eq!(said(&[]).differing(&theirs), Some(vec![0, 3, 7, 255]));
        assert_eq!(said(&[7, 3]).differing(&theirs), Some(vec![0, 255]));
    }

    #[test]
    fn it_comes_back_and_a_cut_one_is_none() {
        let said = Verification::new(&held(&[(7, 1)]), vec![3], vec![(DeviceId(id(1)), 400)]);
        let (number, bytes) = said.as_extension();
        assert_eq!(bytes.len(), 2 + BUCKETS * 8 + 2 + 1 + 17 + 2);
        for length in 0..bytes.len() {
            assert_eq!(
                Verification::in_request(&[(number, bytes[..length].to_vec())]),
                None
            );
        }
        assert_eq!(
            Verification::in_request(&[(9, vec![]), (number, bytes)]),
            Some(said.clone())
        );
        let short = Verification {
            fingerprints: vec![0; BUCKETS * 8 - 1],
            ..said
        };
        assert_eq!(short.differing(&Fingerprints::default()), None);
        let told = Verified {
            differing: 300,
            buckets: vec![0, 255],
        };
        assert_eq!(Verified::in_reply(&[told.as_extension()]), Some(told));
        assert_eq!(Verified::in_reply(&[(number, vec![])]), None);
    }
}
