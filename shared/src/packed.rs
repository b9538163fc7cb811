//! Postcard without moving what is written already.

use serde::Serialize;

/// A value in postcard. `room_bytes` is what most values of its kind need: with less the bytes move when they grow.
///
/// Nothing for a map whose length is not known beforehand, which postcard cannot write; ours know theirs.
pub fn packed<T: Serialize + ?Sized>(value: &T, room_bytes: usize) -> Vec<u8> {
    // Postcard's own vector begins empty and moves with each doubling. In a browser, where another kind of vector would
    // be downloaded, that does not matter.
    #[cfg(not(target_arch = "wasm32"))]
    return postcard::to_extend(value, Vec::with_capacity(room_bytes)).unwrap_or_default();
    #[cfg(target_arch = "wasm32")]
    {
        let _ = room_bytes;
        postcard::to_stdvec(value).unwrap_or_default()
    }
}
