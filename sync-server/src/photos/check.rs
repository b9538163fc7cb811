//! Whether bytes are a photo as devices prepare it (D9): a JPEG, small enough, whole, without metadata.
//!
//! The header is walked before anything is decoded: 300 bytes that declare 65500 x 65500 pixels would
//! otherwise cost 12 GB.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};
use shared::domain::photo::PHOTO_SIDE_PX_MAX;

/// The most memory that decoding may take: four bytes for each of 1600 x 1600 pixels, and as much for work.
const DECODE_BYTES_MAX: u64 = 2 * 4 * (PHOTO_SIDE_PX_MAX as u64) * (PHOTO_SIDE_PX_MAX as u64);

/// Why bytes are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhotoFault {
    /// No JPEG, or a damaged one.
    #[error("the bytes are no whole JPEG")]
    NoJpeg,
    /// More pixels than devices send.
    #[error("the picture has more pixels than allowed")]
    TooManyPixels,
    /// Something beside the picture: position, serial number, comment, a second picture.
    #[error("the picture carries metadata")]
    Metadata,
}

/// Checks a photo. Takes the processor for some ms; call it on a thread that may block.
///
/// # Errors
/// [`PhotoFault`]; metadata is refused and not removed, since the bytes are named by their hash.
pub fn check(bytes: &[u8]) -> Result<(), PhotoFault> {
    walk(bytes)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_image_width = Some(PHOTO_SIDE_PX_MAX);
    limits.max_image_height = Some(PHOTO_SIDE_PX_MAX);
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    reader.decode().map(drop).map_err(|_| PhotoFault::NoJpeg)
}

/// Walks all segments from the first marker to the last byte.
fn walk(bytes: &[u8]) -> Result<(), PhotoFault> {
    let mut at = match bytes {
        [0xff, 0xd8, ..] => 2,
        _ => return Err(PhotoFault::NoJpeg),
    };
    let mut framed = false;
    loop {
        let (marker, behind) = marker(bytes, at)?;
        at = behind;
        match marker {
            0xd9 if at == bytes.len() && framed => return Ok(()),
            0xd9 if framed => return Err(PhotoFault::Metadata),
            0x01 | 0xd0..=0xd9 => return Err(PhotoFault::NoJpeg),
            _ => {}
        }
        let segment = segment(bytes, at)?;
        at += segment.len() + 2;
        match marker {
            // JFIF, colour profile and Adobe's colour transform belong to the picture; the rest speaks about it.
            0xe0 if segment.starts_with(b"JFIF\0") => {}
            0xe2 if segment.starts_with(b"ICC_PROFILE\0") => {}
            0xee if segment.starts_with(b"Adobe") => {}
            0xe0..=0xef | 0xfe => return Err(PhotoFault::Metadata),
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                check_frame(segment)?;
                framed = true;
            }
            0xda => at = behind_scan(bytes, at)?,
            _ => {}
        }
    }
}

/// The marker at `at`, and the place behind it. Fill bytes may stand before it.
fn marker(bytes: &[u8], mut at: usize) -> Result<(u8, usize), PhotoFault> {
    if bytes.get(at) != Some(&0xff) {
        return Err(PhotoFault::NoJpeg);
    }
    while bytes.get(at) == Some(&0xff) {
        at += 1;
    }
    match bytes.get(at) {
        Some(0) | None => Err(PhotoFault::NoJpeg),
        Some(marker) => Ok((*marker, at + 1)),
    }
}

fn segment(bytes: &[u8], at: usize) -> Result<&[u8], PhotoFault> {
    let length = match bytes.get(at..at + 2) {
        Some([high, low]) => usize::from(u16::from_be_bytes([*high, *low])),
        _ => return Err(PhotoFault::NoJpeg),
    };
    bytes.get(at + 2..at + length).ok_or(PhotoFault::NoJpeg)
}

fn check_frame(segment: &[u8]) -> Result<(), PhotoFault> {
    let [_, h1, h0, w1, w0, ..] = segment else {
        return Err(PhotoFault::NoJpeg);
    };
    let sides = [u16::from_be_bytes([*h1, *h0]), u16::from_be_bytes([*w1, *w0])].map(u32::from);
    if sides.contains(&0) {
        return Err(PhotoFault::NoJpeg);
    }
    if sides.iter().any(|side| *side > PHOTO_SIDE_PX_MAX) {
        return Err(PhotoFault::TooManyPixels);
    }
    Ok(())
}

/// The place of the marker that ends a scan: neither a stuffed zero nor a restart.
fn behind_scan(bytes: &[u8], mut at: usize) -> Result<usize, PhotoFault> {
    loop {
        match bytes.get(at..at + 2) {
            Some([0xff, 0x00 | 0xd0..=0xd7]) => at += 2,
            Some([0xff, 0xff]) => at += 1,
            Some([0xff, _]) => return Ok(at),
            Some(_) => at += 1,
            None => return Err(PhotoFault::NoJpeg),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::a_jpeg;

    /// The picture with a segment put behind its first marker.
    fn with_segment(marker: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = a_jpeg(8, 8, 1);
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        bytes.splice(2..2, [&[0xff, marker], &length[..], content].concat());
        bytes
    }

    #[test]
    fn a_prepared_photo_passes() {
        assert_eq!(check(&a_jpeg(64, 48, 1)), Ok(()));
        assert_eq!(check(&a_jpeg(1600, 1200, 2)), Ok(()));
    }

    #[test]
    fn metadata_of_every_kind_is_refused() {
        for (marker, content) in [
            (0xe1, &b"Exif\0\0MM\0*"[..]),
            (0xe1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
            (0xed, b"Photoshop 3.0\0"),
            (0xfe, b"serial 4711"),
            (0xe2, b"MPF\0"),
            (0xe0, b"JFXX\0"),
        ] {
            assert_eq!(
                check(&with_segment(marker, content)),
                Err(PhotoFault::Metadata),
                "{marker:x}"
            );
        }
        let trailer = [a_jpeg(8, 8, 1), b"hidden".to_vec()].concat();
        assert_eq!(check(&trailer), Err(PhotoFault::Metadata));
    }

    #[test]
    fn a_header_that_declares_a_huge_picture_is_refused_before_decoding() {
        let mut bytes = a_jpeg(8, 8, 1);
        let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        bytes[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        assert_eq!(walk(&bytes), Err(PhotoFault::TooManyPixels));
        assert_eq!(check(&a_jpeg(1601, 8, 1)), Err(PhotoFault::TooManyPixels));
    }

    #[test]
    fn a_cut_photo_is_refused_at_every_byte() {
        let bytes = a_jpeg(16, 16, 1);
        for length in 0..bytes.len() {
            assert!(check(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn other_bytes_are_no_jpeg() {
        for bytes in [
            &b""[..],
            b"\x89PNG\r\n\x1a\n",
            b"<svg onload=alert(1)>",
            b"\xff\xd8\xff\xd9",
            b"\xff\xd8\xff\xe0\x00\x01",
        ] {
            assert_eq!(check(bytes), Err(PhotoFault::NoJpeg));
        }
    }
}
