use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, Rgb, RgbImage};
use shared::domain::photo::{
    PHOTO_SIDE_PX_MAX, PHOTO_SIZE_BYTES_MAX, THUMBNAIL_SIDE_PX_MAX, THUMBNAIL_SIZE_BYTES_MAX,
};

use super::prepare::{TARGET_SIZE_BYTES, TARGET_THUMBNAIL_SIZE_BYTES};
use super::*;

const CORRIDOR: &[u8] = include_bytes!("../../../../tests/fixtures/photos/corridor-12mp-rotated-gps.jpg");
const YARD: &[u8] = include_bytes!("../../../../tests/fixtures/photos/yard-2mp.jpg");
const MODIFIED_AT: u64 = 1_790_000_000_000;

/// What the two files hold and no prepared photo may: maker, serial number, time, maker's note, position.
const PRIVATE: [&[u8]; 6] = [
    b"Exif\0\0",
    b"TestPhone",
    b"SN-0042-PRIVATE",
    b"2026:09:01",
    b"maker-note-private",
    // 31 degrees, 46 minutes of latitude as fractions.
    &[0, 0, 0, 31, 0, 0, 0, 1, 0, 0, 0, 46, 0, 0, 0, 1],
];

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn decoded(bytes: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(bytes, ImageFormat::Jpeg).unwrap().to_rgb8()
}

/// The mean difference of two pictures of one size, per byte.
fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.as_raw().len() as f64
}

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.into().write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

/// A JPEG with this EXIF orientation, whose four corners are red, green, blue and white.
fn corners(orientation: u8) -> Vec<u8> {
    let picture = RgbImage::from_fn(64, 48, |x, y| match (x < 32, y < 24) {
        (true, true) => Rgb([255, 0, 0]),
        (false, true) => Rgb([0, 255, 0]),
        (true, false) => Rgb([0, 0, 255]),
        (false, false) => Rgb([255, 255, 255]),
    });
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
    let tiff = [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation], &[0; 6]].concat();
    let exif = [b"Exif\0\0".as_slice(), &tiff].concat();
    let segment = [&[0xff, 0xe1], (exif.len() as u16 + 2).to_be_bytes().as_slice(), &exif].concat();
    bytes.splice(2..2, segment);
    bytes
}

#[test]
fn the_corridor_stands_upright_and_small() {
    let photo = prepare(CORRIDOR, MODIFIED_AT).unwrap();
    assert_eq!((photo.width, photo.height), (1200, 1600));
    assert_eq!(photo.hash, PhotoHash::of(&photo.bytes));
    assert!(photo.bytes.len() <= TARGET_SIZE_BYTES, "{} bytes", photo.bytes.len());
    assert_eq!(photo.taken_at, 1_788_222_600_000, "2026-09-01 08:30 in China");

    let picture = decoded(&photo.bytes);
    assert_eq!(picture.dimensions(), (1200, 1600));
    let file = image::load_from_memory(CORRIDOR).unwrap().thumbnail_exact(1600, 1200).to_rgb8();
    let right = difference(&picture, &image::imageops::rotate90(&file));
    let upside_down = difference(&picture, &image::imageops::rotate270(&file));
    assert!(right < 6.0 && upside_down > 4.0 * right, "{right} {upside_down}");
}

#[test]
fn the_yard_fits_and_keeps_its_way_up() {
    let photo = prepare(YARD, MODIFIED_AT).unwrap();
    assert_eq!((photo.width, photo.height), (1600, 1200));
    assert!(photo.bytes.len() <= TARGET_SIZE_BYTES, "{} bytes", photo.bytes.len());
    let file = image::load_from_memory(YARD).unwrap().thumbnail_exact(1600, 1200).to_rgb8();
    assert!(difference(&decoded(&photo.bytes), &file) < 6.0);
}

#[test]
fn thumbnails_are_small_and_show_the_same() {
    for file in [CORRIDOR, YARD] {
        let photo = prepare(file, MODIFIED_AT).unwrap();
        let thumbnail = decoded(&photo.thumbnail);
        assert_eq!(thumbnail.width().max(thumbnail.height()), THUMBNAIL_SIDE_PX_MAX);
        assert!(photo.thumbnail.len() <= TARGET_THUMBNAIL_SIZE_BYTES, "{} bytes", photo.thumbnail.len());
        let (width, height) = thumbnail.dimensions();
        let expect = DynamicImage::ImageRgb8(decoded(&photo.bytes)).thumbnail_exact(width, height).to_rgb8();
        assert!(difference(&thumbnail, &expect) < 12.0);
    }
}

#[test]
fn nothing_of_the_cameras_metadata_is_left() {
    for file in [CORRIDOR, YARD] {
        let photo = prepare(file, MODIFIED_AT).unwrap();
        for private in PRIVATE {
            assert!(contains(file, private), "the file has {private:?} to begin with");
            assert!(!contains(&photo.bytes, private) && !contains(&photo.thumbnail, private), "{private:?}");
        }
        for bytes in [&photo.bytes, &photo.thumbnail] {
            assert_eq!(segments(bytes), [0xe0], "only the JFIF mark");
        }
    }
}

/// The application and comment segments of a JPEG.
fn segments(jpeg: &[u8]) -> Vec<u8> {
    let (mut at, mut found) = (2, Vec::new());
    while jpeg[at + 1] != 0xda {
        assert_eq!(jpeg[at], 0xff);
        if matches!(jpeg[at + 1], 0xe0..=0xef | 0xfe) {
            found.push(jpeg[at + 1]);
        }
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    found
}

#[test]
fn a_profile_and_comments_are_left_behind() {
    let mut file = corners(1);
    for (marker, text) in [(0xe2, "ICC_PROFILE\0\x01\x01secret"), (0xfe, "secret"), (0xe1, "http://ns.adobe.com/xap/1.0/\0secret")] {
        let length = (text.len() as u16 + 2).to_be_bytes();
        file.splice(2..2, [&[0xff, marker], length.as_slice(), text.as_bytes()].concat());
    }
    let photo = prepare(&file, MODIFIED_AT).unwrap();
    assert!(contains(&file, b"secret") && !contains(&photo.bytes, b"secret"));
    assert_eq!(segments(&photo.bytes), [0xe0]);
}

#[test]
fn every_orientation_comes_out_upright() {
    // Which colour is top left, top right, bottom left, bottom right once the phone's turn is undone.
    let (red, green, blue, white) = ([255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]);
    for (orientation, expect) in [
        (0, [red, green, blue, white]),
        (1, [red, green, blue, white]),
        (2, [green, red, white, blue]),
        (3, [white, blue, green, red]),
        (4, [blue, white, red, green]),
        (5, [red, blue, green, white]),
        (6, [blue, red, white, green]),
        (7, [white, green, blue, red]),
        (8, [green, white, red, blue]),
        (9, [red, green, blue, white]),
    ] {
        let photo = prepare(&corners(orientation), MODIFIED_AT).unwrap();
        let size = if (5..=8).contains(&orientation) { (48, 64) } else { (64, 48) };
        assert_eq!((photo.width, photo.height), size, "{orientation}");
        let picture = decoded(&photo.bytes);
        let near = |x: u32, y: u32, colour: [u8; 3]| {
            let Rgb(pixel) = *picture.get_pixel(x, y);
            pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 40)
        };
        let (right, bottom) = (size.0 - 4, size.1 - 4);
        let places = [(4, 4), (right, 4), (4, bottom), (right, bottom)];
        for ((x, y), colour) in places.into_iter().zip(expect) {
            assert!(near(x, y, colour), "orientation {orientation} at {x}, {y}: {:?}", picture.get_pixel(x, y));
        }
    }
}

#[test]
fn the_same_file_gives_the_same_bytes() {
    assert_eq!(prepare(YARD, MODIFIED_AT), prepare(YARD, MODIFIED_AT));
}

#[test]
fn a_file_without_a_time_takes_the_one_of_the_file() {
    assert_eq!(prepare(&corners(1), MODIFIED_AT).unwrap().taken_at, MODIFIED_AT);
}

#[test]
fn a_png_is_a_photo_too_and_its_transparent_parts_are_white() {
    let picture = image::RgbaImage::from_fn(2000, 1000, |x, _| image::Rgba([200, 0, 0, if x < 1000 { 0 } else { 255 }]));
    let photo = prepare(&png(picture), MODIFIED_AT).unwrap();
    assert_eq!((photo.width, photo.height, photo.taken_at), (1600, 800, MODIFIED_AT));
    let picture = decoded(&photo.bytes);
    assert!(picture.get_pixel(100, 400).0.iter().all(|value| *value > 250));
    assert!(picture.get_pixel(1500, 400).0[0] > 190 && picture.get_pixel(1500, 400).0[1] < 10);
}

#[test]
fn pictures_of_every_depth_are_read() {
    for picture in [
        DynamicImage::new_luma8(5, 3),
        DynamicImage::new_luma_a8(5, 3),
        DynamicImage::new_rgb16(5, 3),
        DynamicImage::new_rgba16(5, 3),
        DynamicImage::new_luma16(1, 1),
    ] {
        let photo = prepare(&png(picture.clone()), MODIFIED_AT).unwrap();
        assert_eq!((photo.width, photo.height), (picture.width(), picture.height()));
    }
}

#[test]
fn even_noise_stays_below_the_maximum() {
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(1700, 1700, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, a, b, c] = state.to_le_bytes();
        Rgb([a, b, c])
    });
    let photo = prepare(&png(noise), MODIFIED_AT).unwrap();
    assert_eq!(photo.width.max(photo.height), PHOTO_SIDE_PX_MAX);
    assert!(photo.bytes.len() <= PHOTO_SIZE_BYTES_MAX, "{}", photo.bytes.len());
    assert!(photo.thumbnail.len() <= THUMBNAIL_SIZE_BYTES_MAX, "{}", photo.thumbnail.len());
}

#[test]
fn other_files_are_refused_by_what_they_are() {
    let check = |file: &[u8], expect: &str| {
        assert_eq!(prepare(file, MODIFIED_AT).map_err(PhotoError::code).err(), Some(expect), "{file:?}");
    };
    check(b"", "photo.empty");
    check(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "photo.heic");
    check(b"\0\0\0\x20ftypavif\0\0\0\0", "photo.heic");
    check(b"GIF89a\x01\0\x01\0", "photo.format_unsupported");
    check(b"RIFF\x24\0\0\0WEBPVP8 ", "photo.format_unsupported");
    check(b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", "photo.format_unsupported");
    check(b"II*\0\x08\0\0\0", "photo.format_unsupported");
    check(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "photo.format_unsupported");
    check("\u{feff}<?xml version='1.0'?>\n<svg/>".as_bytes(), "photo.format_unsupported");
    check(b"\0\0\0\x18ftypmp42\0\0\0\0", "photo.not_an_image");
    check(b"%PDF-1.7", "photo.not_an_image");
    check(b"PK\x03\x04", "photo.not_an_image");
    check(b"<html><svg></svg></html>", "photo.not_an_image");
    check(b"Dear residents, the lamp is broken.", "photo.not_an_image");
    check(&[0xff, 0xd8, 0xff], "photo.damaged");
    check(b"\x89PNG\r\n\x1a\n", "photo.damaged");
    // Arithmetic coding.
    check(&[&[0xff, 0xd8, 0xff, 0xc9, 0, 17], [8; 15].as_slice()].concat(), "photo.format_unsupported");
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
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
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
            let expect = if length < 8 { PhotoError::NotAnImage } else { PhotoError::Damaged };
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

#[test]
fn the_fixtures_are_what_the_tests_think() {
    let mut decoder = image::codecs::jpeg::JpegDecoder::new(Cursor::new(CORRIDOR)).unwrap();
    assert_eq!(decoder.dimensions(), (4032, 3024));
    assert_eq!(decoder.orientation().unwrap(), image::metadata::Orientation::Rotate90);
}
