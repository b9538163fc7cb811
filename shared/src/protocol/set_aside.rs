//! What becomes of operations that were parked: a device asks for those that it shows as set aside, and hears which
//! of them were applied since. They travel in the `extensions` of version 1.

use serde::Deserialize;

use super::extension;
use crate::bounded;

/// The extension's number. In a request the set-aside operations' numbers, in a reply those that were applied; in
/// postcard.
pub const EXTENSION_SET_ASIDE: u16 = 5;
/// The most that are asked for at once.
pub const SET_ASIDE_ASKED_MAX: usize = 1_000;

/// Numbers of operations.
#[derive(Debug, Deserialize)]
pub(crate) struct Seqs(#[serde(deserialize_with = "bounded::list::<SET_ASIDE_ASKED_MAX, _, _>")] Vec<u64>);

/// These numbers as an extension; nothing for none.
pub fn as_extension(seqs: &[u64]) -> Option<(u16, Vec<u8>)> {
    // Postcard into a growing vector fails only for maps of unknown length; here are none.
    let bytes = || postcard::to_stdvec(seqs).unwrap_or_default();
    (!seqs.is_empty()).then(|| (EXTENSION_SET_ASIDE, bytes()))
}

/// The numbers in the extensions of a request or a reply; none when there are more than may be.
pub fn in_extensions(extensions: &[(u16, Vec<u8>)]) -> Vec<u64> {
    extension::<Seqs>(extensions, EXTENSION_SET_ASIDE)
        .map(|Seqs(seqs)| seqs)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_nothing_travels_for_none() {
        assert_eq!(as_extension(&[]), None);
        let there = as_extension(&[3, 500]).unwrap();
        assert_eq!(in_extensions(&[(4, vec![9]), there.clone()]), [3, 500]);
        assert_eq!(in_extensions(&[(EXTENSION_SET_ASIDE, vec![9])]), [0_u64; 0]);
        let too_many = as_extension(&vec![1; SET_ASIDE_ASKED_MAX + 1]).unwrap();
        assert_eq!(in_extensions(&[too_many]), [0_u64; 0]);
    }
}
