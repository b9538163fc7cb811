//! What a file says of itself, and whether that fits, before any memory is asked for.
//!
//! 65500 x 65500 pixels take 333 bytes to announce and 12 GB to decode.

use shared::domain::photo::PHOTO_SIDE_PX_MAX;

use super::PhotoError;

/// The largest file that is looked at: what a phone's camera writes of 200 megapixels, and some more.
pub const FILE_BYTES_MAX: usize = 96 * 1024 * 1024;
/// The most pixels that are decoded. It bounds the time; the largest sensors of phones have 200 megapixels.
pub const PIXELS_MAX: u64 = 256_000_000;
/// The most memory that decoding may need. A JPEG is made small while it is decoded, so an honest one of 200 megapixels
/// needs a tenth of it.
pub const DECODED_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The longest side that a JPEG can have; no camera needs more.
pub(super) const SIDE_PX_MAX: u32 = 65_535;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
}

/// Finds the format by content and refuses what is too large or cut off.
pub(super) fn check_header(file: &[u8]) -> Result<Format, PhotoError> {
    if file.is_empty() {
        return Err(PhotoError::Empty);
    }
    if file.len() > FILE_BYTES_MAX {
        return Err(PhotoError::TooLarge);
    }
    let format = format(file)?;
    let header = match format {
        Format::Jpeg => jpeg_header(file)?,
        Format::Png => png_header(file).ok_or(PhotoError::Damaged)?,
    };
    let pixels = u64::from(header.width) * u64::from(header.height);
    if pixels == 0 {
        return Err(PhotoError::Damaged);
    }
    let side_fits = header.width <= SIDE_PX_MAX && header.height <= SIDE_PX_MAX;
    let fits = side_fits && pixels <= PIXELS_MAX && header.bytes <= DECODED_BYTES_MAX;
    if fits {
        Ok(format)
    } else {
        Err(PhotoError::TooLarge)
    }
}

struct Header {
    width: u32,
    height: u32,
    /// That decoding needs.
    bytes: u64,
}

fn format(file: &[u8]) -> Result<Format, PhotoError> {
    let begins = |sign: &[u8]| file.starts_with(sign);
    let at = |offset: usize, sign: &[u8]| file.get(offset..).is_some_and(|rest| rest.starts_with(sign));
    if begins(&[0xff, 0xd8, 0xff]) {
        return Ok(Format::Jpeg);
    }
    if begins(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    let heif = [
        "heic", "heix", "hevc", "heim", "heis", "hevm", "mif1", "msf1", "avif", "avis",
    ];
    if at(4, b"ftyp") && heif.iter().any(|brand| at(8, brand.as_bytes())) {
        return Err(PhotoError::Heic);
    }
    let picture = begins(b"GIF8")
        || (begins(b"RIFF") && at(8, b"WEBP"))
        || (begins(b"BM") && at(6, &[0; 4]))
        || begins(b"II*\0")
        || begins(b"MM\0*")
        || begins(b"\xff\x0a")
        || at(4, b"JXL ")
        || is_svg(file);
    Err(if picture {
        PhotoError::Unsupported
    } else {
        PhotoError::NotAnImage
    })
}

fn is_svg(file: &[u8]) -> bool {
    let start = file.get(..file.len().min(1024)).unwrap_or_default();
    let start = String::from_utf8_lossy(start);
    let start = start.trim_start_matches('\u{feff}').trim_start();
    start.starts_with("<svg") || (start.starts_with("<?xml") && start.contains("<svg"))
}

/// Walks the segments up to the picture's data. A file without an end was cut off: its lower part would
/// come out grey, and nobody would notice before the lamp is looked for.
fn jpeg_header(file: &[u8]) -> Result<Header, PhotoError> {
    let mut rest = file.get(2..).unwrap_or_default();
    let mut header = None;
    loop {
        let (marker, after) = next_marker(rest).ok_or(PhotoError::Damaged)?;
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            rest = after;
            continue;
        }
        let length = after
            .first_chunk()
            .map(|bytes| usize::from(u16::from_be_bytes(*bytes)));
        let (segment, after) = length
            .and_then(|length| after.split_at_checked(length))
            .ok_or(PhotoError::Damaged)?;
        match marker {
            0xc0..=0xc2 => header = Some(frame(marker, segment).ok_or(PhotoError::Damaged)?),
            // Lossless, arithmetic and hierarchical coding.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return Err(PhotoError::Unsupported),
            0xd9 => return Err(PhotoError::Damaged),
            // Inside the data a byte 0xff is followed by 0, so this pair is the end.
            0xda => {
                let ends = after.windows(2).rev().any(|pair| pair == [0xff, 0xd9]);
                return header.filter(|_| ends).ok_or(PhotoError::Damaged);
            }
            _ => {}
        }
        rest = after;
    }
}

fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let start = bytes.iter().position(|byte| *byte == 0xff)?;
    let bytes = bytes.get(start..)?;
    let fill = bytes.iter().position(|byte| *byte != 0xff)?;
    let (marker, after) = bytes.get(fill..)?.split_first()?;
    Some((*marker, after))
}

fn frame(marker: u8, segment: &[u8]) -> Option<Header> {
    let [_, _, _, h0, h1, w0, w1, components, ..] = segment else {
        return None;
    };
    let (width, height) = (u16::from_be_bytes([*w0, *w1]), u16::from_be_bytes([*h0, *h1]));
    let components = u64::from((*components).max(3));
    let (small_width, small_height) = reduced(width, height);
    // The parts of the small picture, and the small picture; a progressive one keeps two bytes of every component of
    // the whole picture until its last scan.
    let small = u64::from(small_width) * u64::from(small_height) * components * 2;
    let whole = u64::from(width) * u64::from(height) * components * 2;
    Some(Header {
        width: u32::from(width),
        height: u32::from(height),
        bytes: if marker == 0xc2 { small + whole } else { small },
    })
}

/// The size in which a JPEG is decoded: an eighth, a quarter, a half or the whole, the smallest that is no smaller than
/// what is kept. The decoder chooses the same.
fn reduced(width: u16, height: u16) -> (u16, u16) {
    let eighths = |side: u16, count: u32| {
        let side = (u32::from(side) * count).div_ceil(8);
        u16::try_from(side).unwrap_or(u16::MAX)
    };
    let enough = |count: &u32| u32::from(eighths(width.max(height), *count)) >= PHOTO_SIDE_PX_MAX;
    let count = [1, 2, 4].into_iter().find(enough).unwrap_or(8);
    (eighths(width, count), eighths(height, count))
}

fn png_header(file: &[u8]) -> Option<Header> {
    let ihdr = file.get(12..)?.strip_prefix(b"IHDR")?;
    let [w0, w1, w2, w3, h0, h1, h2, h3, depth, ..] = ihdr else {
        return None;
    };
    let (width, height) = (
        u32::from_be_bytes([*w0, *w1, *w2, *w3]),
        u32::from_be_bytes([*h0, *h1, *h2, *h3]),
    );
    let pixels = u64::from(width) * u64::from(height);
    Some(Header {
        width,
        height,
        bytes: pixels.saturating_mul(if *depth == 16 { 8 } else { 4 }),
    })
}
