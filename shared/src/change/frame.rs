//! The frame around a message: `KMN`, the version, the unpacked length, then DEFLATE.

use thiserror::Error;

mod deflate;

/// The wire version that this code writes.
pub const FRAME_VERSION: u8 = 1;
const MAGIC: [u8; 3] = *b"KMN";
const HEADER_BYTES: usize = 8;

/// The most bytes that a message may have when unpacked.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The bytes are no frame.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FrameError {
    /// Something else, e.g. the page of a captive portal.
    #[error("these bytes are no koumen message")]
    Foreign,
    /// Written by a later version.
    #[error("message version {0} is not known here")]
    Version(u8),
    /// Announces or holds more than [`MESSAGE_BYTES_MAX`].
    #[error("the message is larger than allowed")]
    TooLarge,
    /// Cut or altered.
    #[error("the message is damaged")]
    Damaged,
}

/// Shorter messages stay as they are: packing them saves a few bytes, and the encoder clears 384 KiB before each.
const PACKED_FROM_BYTES: usize = 128;
/// Messages from this length on are packed only when it is worth the work.
const TRIED_FROM_BYTES: usize = 32 * 1024;
/// So much of one is packed to find out.
const TRIAL_BYTES: usize = 8 * 1024;

/// Packs a message.
pub fn seal(message: &[u8]) -> Vec<u8> {
    framed(message, deflate::pack)
}

/// Packs a message that is sent often: as small as it gets.
pub fn seal_tight(message: &[u8]) -> Vec<u8> {
    framed(message, deflate::pack_tight)
}

/// Whether packing makes a message smaller by more than it costs. A long one should become an eighth smaller, judged by
/// a piece in its middle: hashes, thumbnails and what is dense already stay as they are, and packing them would take
/// longer than everything else.
fn is_worth_packing(message: &[u8]) -> bool {
    if message.len() < TRIED_FROM_BYTES {
        return message.len() >= PACKED_FROM_BYTES;
    }
    let begin = (message.len() - TRIAL_BYTES) / 2;
    let trial = message.get(begin..begin + TRIAL_BYTES).unwrap_or_default();
    deflate::pack(trial).len() < TRIAL_BYTES - TRIAL_BYTES / 8
}

fn framed(message: &[u8], pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let packed = match is_worth_packing(message) {
        true => pack(message),
        false => deflate::store(message),
    };
    let mut frame = Vec::with_capacity(HEADER_BYTES + packed.len());
    frame.extend_from_slice(&MAGIC);
    frame.push(FRAME_VERSION);
    frame.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_le_bytes());
    frame.extend_from_slice(&packed);
    frame
}

/// Unpacks a message; never allocates more than it announces, and never more than [`MESSAGE_BYTES_MAX`].
///
/// # Errors
/// [`FrameError`], by what the bytes are instead.
pub fn open(frame: &[u8]) -> Result<Vec<u8>, FrameError> {
    let header: &[u8; HEADER_BYTES] = frame
        .get(..HEADER_BYTES)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(FrameError::Foreign)?;
    let [m0, m1, m2, version, l0, l1, l2, l3] = *header;
    if [m0, m1, m2] != MAGIC {
        return Err(FrameError::Foreign);
    }
    if version != FRAME_VERSION {
        return Err(FrameError::Version(version));
    }
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if length > MESSAGE_BYTES_MAX {
        return Err(FrameError::TooLarge);
    }
    let packed = frame.get(HEADER_BYTES..).unwrap_or_default();
    deflate::unpack(packed, length).ok_or(FrameError::Damaged)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn opens_what_it_sealed(message in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            prop_assert_eq!(open(&seal(&message)), Ok(message));
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut framed = b"KMN\x01\x10\0\0\0".to_vec();
            framed.extend_from_slice(&bytes);
            let _ = open(&bytes);
            let _ = open(&framed);
        }
    }

    #[test]
    fn a_cut_frame_is_damaged_at_every_byte() {
        let frame = seal(&[7; 5_000]);
        for length in 0..frame.len() {
            assert!(open(&frame[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_frame_that_unpacks_to_more_than_it_says_is_refused() {
        let mut bomb = seal(&vec![0; 1_000_000]);
        bomb[4..8].copy_from_slice(&100_u32.to_le_bytes());
        assert_eq!(open(&bomb), Err(FrameError::Damaged));
        bomb[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(open(&bomb), Err(FrameError::TooLarge));
    }

    #[test]
    fn what_packing_would_not_make_smaller_is_stored_and_what_it_would_is_packed() {
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        let noise: Vec<u8> = (0..200_000).map(|_| random()).collect();
        let frame = seal(&noise);
        assert!(frame.len() <= noise.len() + 64, "{}", frame.len());
        assert_eq!(open(&frame), Ok(noise));
        let text = "楼道灯坏了".repeat(20_000).into_bytes();
        let frame = seal(&text);
        assert!(frame.len() < text.len() / 20, "{}", frame.len());
        assert_eq!(open(&frame), Ok(text));
    }

    #[test]
    fn a_short_message_stays_as_it_is_and_the_next_longer_one_is_packed() {
        let short = [7; PACKED_FROM_BYTES - 1];
        let frame = seal(&short);
        assert!(frame.ends_with(&short));
        assert_eq!(open(&frame), Ok(short.to_vec()));
        let longer = [7; PACKED_FROM_BYTES];
        let frame = seal(&longer);
        assert!(frame.len() < PACKED_FROM_BYTES / 2, "{}", frame.len());
        assert_eq!(open(&frame), Ok(longer.to_vec()));
    }

    #[test]
    fn a_portal_page_is_foreign() {
        assert_eq!(
            open(b"<!doctype html><title>Sign in to Wi-Fi</title>"),
            Err(FrameError::Foreign)
        );
    }
}
