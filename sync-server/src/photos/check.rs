//! Whether bytes are a photo as devices prepare it (D9): a JPEG, small enough, whole, without metadata.
//!
//! [`shared::domain::jpeg`] goes through its segments and to the end of its scans before anything is decoded: 300 bytes
//! that declare 65500 x 65500 pixels would otherwise cost 12 GB.

use shared::domain::jpeg;
use shared::domain::photo::PHOTO_SIDE_PX_MAX;
use zune_core::bytestream::ZCursor;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

pub use shared::domain::jpeg::JpegFault as PhotoFault;

/// Checks a photo. Takes the processor for some ms; call it on a thread that may block.
///
/// # Errors
/// [`PhotoFault`]; metadata is refused and not removed, since the bytes are named by their hash.
pub fn check(bytes: &[u8]) -> Result<(), PhotoFault> {
    let side = PHOTO_SIDE_PX_MAX as usize;
    jpeg::check(bytes, PHOTO_SIDE_PX_MAX)?;
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(side)
        .set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode().map(drop).map_err(|_| PhotoFault::NoJpeg)
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

    /// Devices make none, and whether one is whole cannot be told: decoders fill in what was cut.
    #[test]
    fn a_progressive_photo_is_refused() {
        let mut whole = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut whole, 80);
        encoder.set_progressive(true);
        let pixels: Vec<u8> = (0..96_u32 * 64 * 3)
            .map(|place| (place * place / 77) as u8)
            .collect();
        encoder
            .encode(&pixels, 96, 64, jpeg_encoder::ColorType::Rgb)
            .unwrap();
        assert_eq!(check(&whole), Err(PhotoFault::NoJpeg));
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
            (0xe2, b"ICC_PROFILE\0\x01\x01"),
            (0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0tail"),
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
        assert_eq!(check(&bytes), Err(PhotoFault::TooManyPixels));
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
