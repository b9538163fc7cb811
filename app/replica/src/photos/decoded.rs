//! A decoded picture, and room for it.

use image::ColorType;

use super::PhotoError;

/// A picture's pixels, whole or already smaller.
pub(super) struct Decoded {
    pub(super) pixels: Vec<u8>,
    pub(super) layout: ColorType,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) exif: Option<Vec<u8>>,
}

/// A phone without that much memory says so instead of ending the app.
pub(super) fn room_for(bytes: u64) -> Result<Vec<u8>, PhotoError> {
    let bytes = usize::try_from(bytes).map_err(|_| PhotoError::TooLarge)?;
    // Asked for first, because `vec!` ends the app when there is none, and zeroed by `vec!`, which is quicker.
    Vec::<u8>::new()
        .try_reserve_exact(bytes)
        .map_err(|_| PhotoError::TooLarge)?;
    Ok(vec![0; bytes])
}
