//! The way from a camera's file to a [`PreparedPhoto`].

use image::ColorType;
use image::metadata::Orientation;
use jpeg_decoder::{Decoder as JpegDecoder, Error as JpegError, PixelFormat};
use jpeg_encoder::{Encoder, SamplingFactor};
use shared::clock::TimestampMs;
use shared::domain::photo::{
    PHOTO_SIDE_PX_MAX, PHOTO_SIZE_BYTES_MAX, THUMBNAIL_SIDE_PX_MAX, THUMBNAIL_SIZE_BYTES_MAX,
};
use shared::ids::PhotoHash;

use super::decoded::{Decoded, room_for};
use super::limits::{DECODED_BYTES_MAX, Format, PIXELS_MAX, check_header};
#[cfg(feature = "png")]
use super::png;
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
        Format::Jpeg => decode_jpeg(file)?,
        #[cfg(feature = "png")]
        Format::Png => png::decode(file)?,
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

/// Decodes a JPEG into the smallest picture that is no smaller than what is kept: each block of 8 by 8 pixels becomes one
/// of 4, 2 or 1, before it takes any room. So a photo of 200 megapixels needs no more memory than one of 12.
fn decode_jpeg(file: &[u8]) -> Result<Decoded, PhotoError> {
    let mut decoder = JpegDecoder::new(file);
    decoder.set_max_decoding_buffer_size(usize::try_from(DECODED_BYTES_MAX).unwrap_or(usize::MAX));
    decoder.read_info().map_err(reason)?;
    let info = decoder.info().ok_or(PhotoError::Damaged)?;
    let (layout, channels) = match info.pixel_format {
        PixelFormat::L8 => (ColorType::L8, 1),
        PixelFormat::RGB24 => (ColorType::Rgb8, 3),
        // No camera writes these; the browser may read them.
        PixelFormat::L16 | PixelFormat::CMYK32 => return Err(PhotoError::Unsupported),
    };
    // The decoder's own reading of the header counts, not only ours.
    if u64::from(info.width) * u64::from(info.height) > PIXELS_MAX {
        return Err(PhotoError::TooLarge);
    }
    let exif = decoder.exif_data().map(<[u8]>::to_vec);
    let side = u16::try_from(PHOTO_SIDE_PX_MAX).unwrap_or(u16::MAX);
    let (width, height) = decoder.scale(side, side).map_err(reason)?;
    let bytes = u64::from(width) * u64::from(height) * channels;
    // Its parts and the picture itself, asked for and given back.
    room_for(bytes * 2)?;
    let pixels = decoder.decode().map_err(reason)?;
    if pixels.len() as u64 != bytes {
        return Err(PhotoError::Damaged);
    }
    Ok(Decoded {
        pixels,
        layout,
        width: u32::from(width),
        height: u32::from(height),
        exif,
    })
}

fn reason(error: JpegError) -> PhotoError {
    match error {
        JpegError::Unsupported(_) => PhotoError::Unsupported,
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
