//! The way from a camera's file to a [`PreparedPhoto`].

use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
#[cfg(feature = "png")]
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageError, ImageResult, Limits};
use jpeg_encoder::{Encoder, SamplingFactor};
use shared::clock::TimestampMs;
use shared::domain::photo::{
    PHOTO_SIDE_PX_MAX, PHOTO_SIZE_BYTES_MAX, THUMBNAIL_SIDE_PX_MAX, THUMBNAIL_SIZE_BYTES_MAX,
};
use shared::ids::PhotoHash;

use super::limits::{DECODED_BYTES_MAX, Format, PIXELS_MAX, SIDE_PX_MAX, check_header};
use super::shrink::{Picture, shrink, upright};
use super::{PhotoError, PreparedPhoto, exif};

/// What a photo should not exceed; it gets a lower quality, down to a limit, to stay below.
pub const TARGET_SIZE_BYTES: usize = 300 * 1000;
/// What a thumbnail should not exceed.
pub const TARGET_THUMBNAIL_SIZE_BYTES: usize = 6 * 1024;

/// Qualities to try in turn. Below the second to last the picture would suffer more than the network.
const QUALITIES: [u8; 5] = [85, 80, 75, 68, 60];
/// For a picture that is larger than allowed even so: noise.
const LAST_QUALITY: u8 = 25;
const THUMBNAIL_QUALITIES: [u8; 5] = [75, 65, 55, 45, 35];

/// Prepares a camera's file: upright, at most 1600 pixels, JPEG, without any metadata.
///
/// The same file gives the same bytes. A colour profile is dropped too: the rare wide-gamut JPEG comes out
/// a little paler, which does not matter for a broken lamp. `modified_at` is used when the file does not
/// say when it was taken.
///
/// # Errors
/// [`PhotoError`]; nothing large was allocated for a header that promises too much.
pub fn prepare(file: &[u8], modified_at: TimestampMs) -> Result<PreparedPhoto, PhotoError> {
    let decoded = match check_header(file)? {
        Format::Jpeg => decode(JpegDecoder::new(Cursor::new(file)))?,
        #[cfg(feature = "png")]
        Format::Png => decode(PngDecoder::with_limits(Cursor::new(file), limits()))?,
        #[cfg(not(feature = "png"))]
        Format::Png => return Err(PhotoError::Unsupported),
    };
    let taken_at = decoded
        .exif
        .as_deref()
        .and_then(exif::taken_at)
        .unwrap_or(modified_at);
    let orientation = decoded
        .exif
        .as_deref()
        .and_then(Orientation::from_exif_chunk)
        .map_or(1, Orientation::to_exif);
    let picture = shrink(
        &decoded.pixels,
        decoded.layout,
        decoded.width,
        decoded.height,
        PHOTO_SIDE_PX_MAX,
    );
    drop(decoded);
    let picture = upright(picture, orientation);
    let small = shrink(
        &picture.rgb,
        ColorType::Rgb8,
        picture.width,
        picture.height,
        THUMBNAIL_SIDE_PX_MAX,
    );
    let bytes = encode(&picture, &QUALITIES, TARGET_SIZE_BYTES, PHOTO_SIZE_BYTES_MAX)?;
    let thumbnail = encode(
        &small,
        &THUMBNAIL_QUALITIES,
        TARGET_THUMBNAIL_SIZE_BYTES,
        THUMBNAIL_SIZE_BYTES_MAX,
    )?;
    Ok(PreparedPhoto {
        hash: PhotoHash::of(&bytes),
        bytes,
        taken_at,
        width: picture.width,
        height: picture.height,
        thumbnail,
    })
}

struct Decoded {
    pixels: Vec<u8>,
    layout: ColorType,
    width: u32,
    height: u32,
    exif: Option<Vec<u8>>,
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PX_MAX);
    limits.max_image_height = Some(SIDE_PX_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    limits
}

fn decode(decoder: ImageResult<impl ImageDecoder>) -> Result<Decoded, PhotoError> {
    let mut decoder = decoder.map_err(reason)?;
    decoder.set_limits(limits()).map_err(reason)?;
    // The decoder's own reading of the header counts, not only ours.
    let ((width, height), bytes) = (decoder.dimensions(), decoder.total_bytes());
    if u64::from(width) * u64::from(height) > PIXELS_MAX || bytes > DECODED_BYTES_MAX {
        return Err(PhotoError::TooLarge);
    }
    let exif = decoder.exif_metadata().ok().flatten();
    let layout = decoder.color_type();
    let pixels = room_for(bytes)?;
    let mut decoded = Decoded {
        pixels,
        layout,
        width,
        height,
        exif,
    };
    decoder.read_image(&mut decoded.pixels).map_err(reason)?;
    Ok(decoded)
}

/// A phone without that much memory says so instead of ending the app.
fn room_for(bytes: u64) -> Result<Vec<u8>, PhotoError> {
    let bytes = usize::try_from(bytes).map_err(|_| PhotoError::TooLarge)?;
    // Asked for first, because `vec!` ends the app when there is none, and zeroed by `vec!`, which is quicker.
    Vec::<u8>::new()
        .try_reserve_exact(bytes)
        .map_err(|_| PhotoError::TooLarge)?;
    Ok(vec![0; bytes])
}

fn reason(error: ImageError) -> PhotoError {
    match error {
        ImageError::Limits(_) => PhotoError::TooLarge,
        ImageError::Unsupported(_) => PhotoError::Unsupported,
        _ => PhotoError::Damaged,
    }
}

/// The best of `qualities` that stays below `target`, else the last; beyond `size_max` one more try.
fn encode(
    picture: &Picture,
    qualities: &[u8],
    target: usize,
    size_max: usize,
) -> Result<Vec<u8>, PhotoError> {
    let mut bytes = Vec::new();
    for quality in qualities {
        bytes = jpeg(picture, *quality)?;
        if bytes.len() <= target {
            return Ok(bytes);
        }
    }
    if bytes.len() > size_max {
        bytes = jpeg(picture, LAST_QUALITY)?;
    }
    if bytes.len() <= size_max {
        Ok(bytes)
    } else {
        Err(PhotoError::TooLarge)
    }
}

/// Colour at half the resolution, as cameras do it: a fifth smaller than full colour, and no eye sees it.
fn jpeg(picture: &Picture, quality: u8) -> Result<Vec<u8>, PhotoError> {
    let side = |side: u32| u16::try_from(side).map_err(|_| PhotoError::TooLarge);
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    let mut bytes = Vec::with_capacity(TARGET_SIZE_BYTES);
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
        .encode(&picture.rgb, width, height, jpeg_encoder::ColorType::Rgb)
        .map_err(|_| PhotoError::Damaged)?;
    Ok(bytes)
}
