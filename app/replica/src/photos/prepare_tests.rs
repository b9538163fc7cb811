use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, Rgb, RgbImage};
use shared::domain::photo::{
    PHOTO_SIDE_PX_MAX, PHOTO_SIZE_BYTES_MAX, THUMBNAIL_SIDE_PX_MAX, THUMBNAIL_SIZE_BYTES_MAX,
};

use super::prepare::{TARGET_SIZE_BYTES, TARGET_THUMBNAIL_SIZE_BYTES};
use super::*;

pub(super) const CORRIDOR: &[u8] =
    include_bytes!("../../../../tests/fixtures/photos/corridor-12mp-rotated-gps.jpg");
const YARD: &[u8] = include_bytes!("../../../../tests/fixtures/photos/yard-2mp.jpg");
pub(super) const MODIFIED_AT: u64 = 1_790_000_000_000;

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

pub(super) fn decoded(bytes: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(bytes, ImageFormat::Jpeg)
        .unwrap()
        .to_rgb8()
}

/// The mean difference of two pictures of one size, per byte.
fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a
        .as_raw()
        .iter()
        .zip(b.as_raw())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / a.as_raw().len() as f64
}

pub(super) fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture
        .into()
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .unwrap();
    bytes
}

/// A JPEG with this EXIF orientation, whose four corners are red, green, blue and white.
pub(super) fn corners(orientation: u8) -> Vec<u8> {
    let picture = RgbImage::from_fn(64, 48, |x, y| match (x < 32, y < 24) {
        (true, true) => Rgb([255, 0, 0]),
        (false, true) => Rgb([0, 255, 0]),
        (true, false) => Rgb([0, 0, 255]),
        (false, false) => Rgb([255, 255, 255]),
    });
    let mut bytes = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg)
        .unwrap();
    let tiff = [
        b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(),
        &[orientation],
        &[0; 6],
    ]
    .concat();
    let exif = [b"Exif\0\0".as_slice(), &tiff].concat();
    let segment = [
        &[0xff, 0xe1],
        (exif.len() as u16 + 2).to_be_bytes().as_slice(),
        &exif,
    ]
    .concat();
    bytes.splice(2..2, segment);
    bytes
}

#[test]
fn the_corridor_stands_upright_and_small() {
    let photo = prepare(CORRIDOR, MODIFIED_AT).unwrap();
    assert_eq!((photo.width, photo.height), (1200, 1600));
    assert_eq!(photo.hash, PhotoHash::of(&photo.bytes));
    assert!(
        photo.bytes.len() <= TARGET_SIZE_BYTES,
        "{} bytes",
        photo.bytes.len()
    );
    assert_eq!(photo.taken_at, 1_788_222_600_000, "2026-09-01 08:30 in China");

    let picture = decoded(&photo.bytes);
    assert_eq!(picture.dimensions(), (1200, 1600));
    let file = image::load_from_memory(CORRIDOR)
        .unwrap()
        .thumbnail_exact(1600, 1200)
        .to_rgb8();
    let right = difference(&picture, &image::imageops::rotate90(&file));
    let upside_down = difference(&picture, &image::imageops::rotate270(&file));
    assert!(right < 6.0 && upside_down > 4.0 * right, "{right} {upside_down}");
}

#[test]
fn the_yard_fits_and_keeps_its_way_up() {
    let photo = prepare(YARD, MODIFIED_AT).unwrap();
    assert_eq!((photo.width, photo.height), (1600, 1200));
    assert!(
        photo.bytes.len() <= TARGET_SIZE_BYTES,
        "{} bytes",
        photo.bytes.len()
    );
    let file = image::load_from_memory(YARD)
        .unwrap()
        .thumbnail_exact(1600, 1200)
        .to_rgb8();
    assert!(difference(&decoded(&photo.bytes), &file) < 6.0);
}

#[test]
fn thumbnails_are_small_and_show_the_same() {
    for file in [CORRIDOR, YARD] {
        let photo = prepare(file, MODIFIED_AT).unwrap();
        let thumbnail = decoded(&photo.thumbnail);
        assert_eq!(thumbnail.width().max(thumbnail.height()), THUMBNAIL_SIDE_PX_MAX);
        assert!(
            photo.thumbnail.len() <= TARGET_THUMBNAIL_SIZE_BYTES,
            "{} bytes",
            photo.thumbnail.len()
        );
        let (width, height) = thumbnail.dimensions();
        let expect = DynamicImage::ImageRgb8(decoded(&photo.bytes))
            .thumbnail_exact(width, height)
            .to_rgb8();
        assert!(difference(&thumbnail, &expect) < 12.0);
    }
}

#[test]
fn nothing_of_the_cameras_metadata_is_left() {
    for file in [CORRIDOR, YARD] {
        let photo = prepare(file, MODIFIED_AT).unwrap();
        for private in PRIVATE {
            assert!(contains(file, private), "the file has {private:?} to begin with");
            assert!(
                !contains(&photo.bytes, private) && !contains(&photo.thumbnail, private),
                "{private:?}"
            );
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
    for (marker, text) in [
        (0xe2, "ICC_PROFILE\0\x01\x01secret"),
        (0xfe, "secret"),
        (0xe1, "http://ns.adobe.com/xap/1.0/\0secret"),
    ] {
        let length = (text.len() as u16 + 2).to_be_bytes();
        file.splice(
            2..2,
            [&[0xff, marker], length.as_slice(), text.as_bytes()].concat(),
        );
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
        let size = if (5..=8).contains(&orientation) {
            (48, 64)
        } else {
            (64, 48)
        };
        assert_eq!((photo.width, photo.height), size, "{orientation}");
        let picture = decoded(&photo.bytes);
        let near = |x: u32, y: u32, colour: [u8; 3]| {
            let Rgb(pixel) = *picture.get_pixel(x, y);
            pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 40)
        };
        let (right, bottom) = (size.0 - 4, size.1 - 4);
        let places = [(4, 4), (right, 4), (4, bottom), (right, bottom)];
        for ((x, y), colour) in places.into_iter().zip(expect) {
            assert!(
                near(x, y, colour),
                "orientation {orientation} at {x}, {y}: {:?}",
                picture.get_pixel(x, y)
            );
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
    let picture = image::RgbaImage::from_fn(2000, 1000, |x, _| {
        image::Rgba([200, 0, 0, if x < 1000 { 0 } else { 255 }])
    });
    let photo = prepare(&png(picture), MODIFIED_AT).unwrap();
    assert_eq!(
        (photo.width, photo.height, photo.taken_at),
        (1600, 800, MODIFIED_AT)
    );
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
    assert!(
        photo.thumbnail.len() <= THUMBNAIL_SIZE_BYTES_MAX,
        "{}",
        photo.thumbnail.len()
    );
}

#[test]
fn the_fixtures_are_what_the_tests_think() {
    let mut decoder = image::codecs::jpeg::JpegDecoder::new(Cursor::new(CORRIDOR)).unwrap();
    assert_eq!(decoder.dimensions(), (4032, 3024));
    assert_eq!(
        decoder.orientation().unwrap(),
        image::metadata::Orientation::Rotate90
    );
}

/// A JPEG of many pixels as a camera writes it, made row by row: red, green, blue and white quarters.
struct Quarters {
    width: u16,
    height: u16,
}

impl jpeg_encoder::ImageBuffer for Quarters {
    fn get_jpeg_color_type(&self) -> jpeg_encoder::JpegColorType {
        jpeg_encoder::JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        for x in 0..self.width {
            let (l, b, r) = match (x < self.width / 2, y < self.height / 2) {
                (true, true) => (76, 85, 255),
                (false, true) => (150, 44, 21),
                (true, false) => (29, 255, 107),
                (false, false) => (255, 128, 128),
            };
            buffers[0].push(l);
            buffers[1].push(b);
            buffers[2].push(r);
        }
    }
}

fn quarters(width: u16, height: u16, progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.set_progressive(progressive);
    encoder.encode_image(Quarters { width, height }).unwrap();
    bytes
}

#[test]
fn photos_of_64_108_and_200_megapixels_are_kept() {
    for (width, height) in [(9_248, 6_936), (12_000, 9_000), (16_320, 12_240)] {
        let photo = prepare(&quarters(width, height, false), MODIFIED_AT).unwrap();
        assert_eq!((photo.width, photo.height), (1600, 1200), "{width}");
        let picture = decoded(&photo.bytes);
        for ((x, y), colour) in [
            ((40, 40), [255, 0, 0]),
            ((1500, 40), [0, 255, 0]),
            ((40, 1100), [0, 0, 255]),
            ((1500, 1100), [255, 255, 255]),
        ] {
            let Rgb(pixel) = *picture.get_pixel(x, y);
            assert!(
                pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12),
                "{width} {pixel:?}"
            );
        }
    }
}

#[test]
fn a_progressive_photo_of_an_ordinary_size_is_kept() {
    let photo = prepare(&quarters(4_000, 3_000, true), MODIFIED_AT).unwrap();
    assert_eq!((photo.width, photo.height), (1600, 1200));
}
