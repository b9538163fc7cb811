//! Pictures in the format PNG, where the browser does not read them.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::{ImageDecoder, ImageError, Limits};

use super::PhotoError;
use super::decoded::{Decoded, room_for};
use super::limits::{DECODED_BYTES_MAX, PIXELS_MAX, SIDE_PX_MAX};

pub(super) fn decode(file: &[u8]) -> Result<Decoded, PhotoError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PX_MAX);
    limits.max_image_height = Some(SIDE_PX_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut decoder = PngDecoder::with_limits(Cursor::new(file), limits).map_err(reason)?;
    // The decoder's own reading of the header counts, not only ours.
    let ((width, height), bytes) = (decoder.dimensions(), decoder.total_bytes());
    if u64::from(width) * u64::from(height) > PIXELS_MAX || bytes > DECODED_BYTES_MAX {
        return Err(PhotoError::TooLarge);
    }
    let exif = decoder.exif_metadata().ok().flatten();
    let layout = decoder.color_type();
    let mut decoded = Decoded {
        pixels: room_for(bytes)?,
        layout,
        width,
        height,
        exif,
    };
    decoder.read_image(&mut decoded.pixels).map_err(reason)?;
    Ok(decoded)
}

fn reason(error: ImageError) -> PhotoError {
    match error {
        ImageError::Limits(_) => PhotoError::TooLarge,
        ImageError::Unsupported(_) => PhotoError::Unsupported,
        _ => PhotoError::Damaged,
    }
}
