//! DEFLATE by two libraries: the fastest that there is natively, the one that is there anyway in a browser, where
//! each user would download another. Either reads what the other wrote.

#[cfg(not(target_arch = "wasm32"))]
pub(super) use native::{pack, pack_tight, unpack};
#[cfg(target_arch = "wasm32")]
pub(super) use small::{pack, pack as pack_tight, unpack};

/// DEFLATE that packs nothing: blocks as they are.
pub(super) fn store(message: &[u8]) -> Vec<u8> {
    const BLOCK_BYTES: usize = 0xffff;
    let mut stored = Vec::with_capacity(message.len() + message.len() / 8192 + 16);
    let mut blocks = message.chunks(BLOCK_BYTES).peekable();
    if message.is_empty() {
        stored.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stored.push(u8::from(blocks.peek().is_none()));
        stored.extend_from_slice(&length.to_le_bytes());
        stored.extend_from_slice(&(!length).to_le_bytes());
        stored.extend_from_slice(block);
    }
    stored
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::cell::RefCell;

    use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

    /// Notes and hashes are close to random: a longer search for repetition costs much and finds next to nothing.
    const LEVEL: u32 = 2;
    const LEVEL_TIGHT: u32 = 9;

    thread_local! {
        /// A new encoder clears 384 KiB first: for most messages that takes longer than packing them.
        static ENCODER: RefCell<Compress> = RefCell::new(encoder(LEVEL));
    }

    pub(crate) fn pack(message: &[u8]) -> Vec<u8> {
        ENCODER.with_borrow_mut(|encoder| {
            encoder.reset();
            pack_by(encoder, message)
        })
    }

    pub(crate) fn pack_tight(message: &[u8]) -> Vec<u8> {
        pack_by(&mut encoder(LEVEL_TIGHT), message)
    }

    fn encoder(level: u32) -> Compress {
        Compress::new(Compression::new(level), false)
    }

    fn pack_by(encoder: &mut Compress, message: &[u8]) -> Vec<u8> {
        // Stored blocks are the worst case: five bytes for each 16 KiB, and one block more.
        let mut packed = Vec::with_capacity(message.len() + message.len() / 1024 + 64);
        loop {
            let done = usize::try_from(encoder.total_in()).unwrap_or(usize::MAX);
            let rest = message.get(done..).unwrap_or_default();
            match encoder.compress_vec(rest, &mut packed, FlushCompress::Finish) {
                Ok(Status::StreamEnd) | Err(_) => return packed,
                Ok(Status::Ok | Status::BufError) => packed.reserve(4096),
            }
        }
    }

    /// `None` for what is no whole stream of exactly `length` bytes.
    pub(crate) fn unpack(packed: &[u8], length: usize) -> Option<Vec<u8>> {
        let mut decoder = Decompress::new(false);
        // One byte of room for what would be too much.
        let mut message = Vec::with_capacity(length + 1);
        let status = decoder
            .decompress_vec(packed, &mut message, FlushDecompress::Finish)
            .ok()?;
        (status == Status::StreamEnd && message.len() == length).then_some(message)
    }
}

#[cfg(any(target_arch = "wasm32", test))]
mod small {
    const LEVEL: u8 = 6;

    pub(crate) fn pack(message: &[u8]) -> Vec<u8> {
        miniz_oxide::deflate::compress_to_vec(message, LEVEL)
    }

    /// `None` for what is no whole stream of exactly `length` bytes.
    pub(crate) fn unpack(packed: &[u8], length: usize) -> Option<Vec<u8>> {
        let message = miniz_oxide::inflate::decompress_to_vec_with_limit(packed, length).ok()?;
        (message.len() == length).then_some(message)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{native, small};

    fn messages() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40_000),
            proptest::collection::vec(0..4_u8, 0..40_000),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn either_library_reads_what_the_other_wrote(message in messages()) {
            prop_assert_eq!(small::unpack(&native::pack(&message), message.len()), Some(message.clone()));
            prop_assert_eq!(native::unpack(&small::pack(&message), message.len()), Some(message.clone()));
            prop_assert_eq!(native::unpack(&super::store(&message), message.len()), Some(message.clone()));
            prop_assert_eq!(small::unpack(&super::store(&message), message.len()), Some(message));
        }

        #[test]
        fn what_was_packed_before_leaves_no_trace(before in messages(), message in messages()) {
            let alone = {
                let message = message.clone();
                std::thread::spawn(move || native::pack(&message)).join().unwrap()
            };
            native::pack(&before);
            prop_assert_eq!(native::pack(&message), alone);
        }

        #[test]
        fn both_refuse_what_is_cut_or_of_another_length(message in messages(), cut in any::<prop::sample::Index>()) {
            let packed = native::pack(&message);
            let cut = packed.get(..cut.index(packed.len())).unwrap_or_default();
            for unpack in [native::unpack, small::unpack] {
                prop_assert_eq!(unpack(cut, message.len()), None);
                prop_assert_eq!(unpack(&packed, message.len() + 1), None);
                if let Some(shorter) = message.len().checked_sub(1) {
                    prop_assert_eq!(unpack(&packed, shorter), None);
                }
            }
        }
    }
}
