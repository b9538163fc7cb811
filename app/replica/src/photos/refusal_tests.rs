use image::DynamicImage;

use super::prepare_tests::{CORRIDOR, MODIFIED_AT, corners, decoded, png};
use super::*;

#[test]
fn other_files_are_refused_by_what_they_are() {
    let check = |file: &[u8], expect: &str| {
        assert_eq!(
            prepare(file, MODIFIED_AT).map_err(PhotoError::code).err(),
            Some(expect),
            "{file:?}"
        );
    };
    check(b"", "photo.empty");
    check(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "photo.heic");
    check(b"\0\0\0\x20ftypavif\0\0\0\0", "photo.heic");
    check(b"GIF89a\x01\0\x01\0", "photo.format_unsupported");
    check(b"RIFF\x24\0\0\0WEBPVP8 ", "photo.format_unsupported");
    check(b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", "photo.format_unsupported");
    check(b"II*\0\x08\0\0\0", "photo.format_unsupported");
    check(
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "photo.format_unsupported",
    );
    check(
        "\u{feff}<?xml version='1.0'?>\n<svg/>".as_bytes(),
        "photo.format_unsupported",
    );
    check(b"\0\0\0\x18ftypmp42\0\0\0\0", "photo.not_an_image");
    check(b"%PDF-1.7", "photo.not_an_image");
    check(b"PK\x03\x04", "photo.not_an_image");
    check(b"<html><svg></svg></html>", "photo.not_an_image");
    check(b"Dear residents, the lamp is broken.", "photo.not_an_image");
    check(&[0xff, 0xd8, 0xff], "photo.damaged");
    check(b"\x89PNG\r\n\x1a\n", "photo.damaged");
    // Arithmetic coding.
    check(
        &[&[0xff, 0xd8, 0xff, 0xc9, 0, 17], [8; 15].as_slice()].concat(),
        "photo.format_unsupported",
    );
}

/// A JPEG that is whole but for its size: quantisation and code tables, and data for one block.
fn promising(width: u16, height: u16, frame: u8) -> Vec<u8> {
    let mut file = corners(1);
    let at = file.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    file[at + 1] = frame;
    file[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    file[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    file
}

fn promising_png(width: u32, height: u32) -> Vec<u8> {
    let mut file = png(DynamicImage::new_rgba8(1, 1));
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&file[12..29]);
    file[29..33].copy_from_slice(&sum.to_be_bytes());
    file
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

#[test]
fn headers_that_promise_too_much_are_refused_before_decoding() {
    let check = |file: &[u8], expect| {
        assert_eq!(prepare(file, MODIFIED_AT).err(), expect);
    };
    check(&promising(65_500, 65_500, 0xc0), Some(PhotoError::TooLarge));
    check(&promising(65_500, 65_500, 0xc2), Some(PhotoError::TooLarge));
    // 49 megapixels: decoded in rows, but not kept twice for a progressive picture.
    check(&promising(7_000, 7_000, 0xc2), Some(PhotoError::TooLarge));
    check(&promising(0, 100, 0xc0), Some(PhotoError::Damaged));
    check(&promising(100, 0, 0xc0), Some(PhotoError::Damaged));
    check(&promising_png(65_500, 65_500), Some(PhotoError::TooLarge));
    check(&promising_png(100_000, 100), Some(PhotoError::TooLarge));
    check(&promising_png(u32::MAX, u32::MAX), Some(PhotoError::TooLarge));
    check(&promising_png(0, 9), Some(PhotoError::Damaged));
    check(&promising_png(9, 9), Some(PhotoError::Damaged));
    check(&promising_png(1, 1), None);
    check(&vec![0xff; FILE_BYTES_MAX + 1], Some(PhotoError::TooLarge));
}

#[test]
fn a_file_cut_off_anywhere_is_damaged() {
    let small = corners(6);
    let small_png = png(DynamicImage::new_rgb8(20, 20));
    for file in [&small, &small_png] {
        for length in 1..file.len() {
            let error = prepare(&file[..length], MODIFIED_AT).err();
            let expect = if length < 8 {
                PhotoError::NotAnImage
            } else {
                PhotoError::Damaged
            };
            // The last bytes of a PNG only say that it ends.
            let complete = file == &small_png && length >= file.len() - 12;
            let known = error == Some(expect) || error == Some(PhotoError::Damaged) || complete;
            assert!(known, "{length} of {}: {error:?}", file.len());
        }
    }
    for length in (1..CORRIDOR.len()).step_by(CORRIDOR.len() / 40) {
        assert!(prepare(&CORRIDOR[..length], MODIFIED_AT).is_err(), "{length}");
    }
}

#[test]
fn flipped_bits_never_panic() {
    let good = corners(6);
    let mut state = 7_u32;
    for _ in 0..3_000 {
        let mut file = good.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = state as usize / 8 % file.len();
            file[at] ^= 1 << (state >> 29);
        }
        if let Ok(photo) = prepare(&file, MODIFIED_AT) {
            assert!(decoded(&photo.bytes).width() == photo.width);
        }
    }
}
