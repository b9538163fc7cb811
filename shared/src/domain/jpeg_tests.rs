use super::*;

fn segment_of(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], content].concat()
}

/// A table with one code, of one bit, for 0.
fn codes(form: u8) -> Vec<u8> {
    let mut counts = [0; 16];
    counts[0] = 1;
    [&[form][..], &counts, &[0]].concat()
}

/// The parts of a grey picture; each block is two bits.
fn parts(width: u16, height: u16) -> Vec<Vec<u8>> {
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    let mut bits = vec![0; (blocks * 2).div_ceil(8)];
    let spare = bits.len() * 8 - blocks * 2;
    if let Some(last) = bits.last_mut() {
        *last |= (1_u16 << spare).wrapping_sub(1) as u8;
    }
    let size = [
        &[8][..],
        &height.to_be_bytes(),
        &width.to_be_bytes(),
        &[1, 1, 0x11, 0],
    ]
    .concat();
    vec![
        vec![0xff, 0xd8],
        segment_of(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
        segment_of(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment_of(0xc0, &size),
        segment_of(0xc4, &codes(0x00)),
        segment_of(0xc4, &codes(0x10)),
        segment_of(0xda, &[1, 1, 0, 0, 63, 0]),
        bits,
        vec![0xff, 0xd9],
    ]
}

fn refused(parts: &[Vec<u8>]) -> Option<JpegFault> {
    check(&parts.concat(), 1600).err()
}

#[test]
fn a_picture_and_nothing_else_passes() {
    for (width, height) in [(8, 8), (1, 1), (160, 120), (1600, 1600)] {
        assert_eq!(check(&parts(width, height).concat(), 1600), Ok(()));
    }
    let mut bare = parts(16, 16);
    bare.remove(1);
    assert_eq!(refused(&bare), None);
    bare.insert(1, segment_of(0xee, b"Adobe\0\x64\0\0\0\0\x01"));
    assert_eq!(refused(&bare), None);
}

#[test]
fn what_no_picture_needs_is_refused_wherever_it_stands() {
    let jfif = b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0";
    let whole = [
        (0xe0, [&jfif[..], b"position"].concat()),
        (0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01rgb".to_vec()),
        (0xe0, b"JFXX\0\x10".to_vec()),
        (0xe0, jfif.to_vec()),
        (0xe1, b"Exif\0\0MM\0*".to_vec()),
        (0xe2, [&b"ICC_PROFILE\0\x01\x01"[..], &[0; 60_000]].concat()),
        (0xe5, b"maker".to_vec()),
        (0xed, b"Photoshop 3.0\0".to_vec()),
        (0xee, b"Adobe\0\x64\0\0\0\0\x01 serial 4711".to_vec()),
        (0xfe, b"serial 4711".to_vec()),
        (0xdb, [&[0][..], &[7; 64]].concat()),
        (0xc4, codes(0x00)),
    ];
    for (marker, content) in whole {
        // A table before the first of its number is that one, and the first one then is too many.
        is_metadata_wherever_it_stands(marker, &content);
    }
    let mut fill = parts(16, 16);
    fill.insert(3, vec![0xff; 20]);
    assert_eq!(refused(&fill), Some(JpegFault::Metadata));
    for behind in [&b"hidden"[..], b"\xff\xd8\xff\xd9", b"\0"] {
        let mut picture = parts(16, 16);
        picture.push(behind.to_vec());
        assert_eq!(refused(&picture), Some(JpegFault::Metadata));
    }
}

fn is_metadata_wherever_it_stands(marker: u8, content: &[u8]) {
    for place in 2..7 {
        let mut picture = parts(16, 16);
        picture.insert(place, segment_of(marker, content));
        assert_eq!(
            refused(&picture),
            Some(JpegFault::Metadata),
            "{marker:x} at {place}"
        );
    }
}

#[test]
fn tables_that_nothing_uses_and_what_is_said_twice_are_refused() {
    let unused = [
        (
            0xdb,
            [
                &[1][..],
                b"Zhao lives at 3-2-501, alone; her key is under the mat, 13900001",
            ]
            .concat(),
        ),
        (0xc4, codes(0x01)),
        (0xc4, codes(0x11)),
        (0xdb, Vec::new()),
        (0xc4, Vec::new()),
    ];
    for (marker, content) in unused {
        is_metadata_wherever_it_stands(marker, &content);
    }
    let mut restarts = parts(16, 16);
    restarts.insert(3, segment_of(0xdd, &[0, 0]));
    assert_eq!(refused(&restarts), None);
    restarts.insert(3, segment_of(0xdd, b"Zh"));
    assert_eq!(refused(&restarts), Some(JpegFault::Metadata));
}

#[test]
fn a_scan_has_all_its_blocks_and_not_a_byte_more() {
    for (width, height) in [(16, 16), (160, 120)] {
        let picture = parts(width, height);
        let bits = picture[7].len();
        for length in 0..bits {
            let mut cut = picture.clone();
            cut[7].truncate(length);
            assert_eq!(refused(&cut), Some(JpegFault::NoJpeg), "{length} of {bits}");
        }
        for more in [&[0][..], &[0x3f; 9], b"\xff\0hidden"] {
            let mut longer = picture.clone();
            longer[7].extend_from_slice(more);
            assert_eq!(refused(&longer), Some(JpegFault::NoJpeg));
        }
    }
    let mut twice = parts(16, 16);
    let scan = [twice[6].clone(), twice[7].clone()].concat();
    twice.insert(8, scan);
    assert_eq!(refused(&twice), Some(JpegFault::Metadata));
}

#[test]
fn restarts_come_where_they_are_announced() {
    let picture = |bits: &[u8]| {
        let mut picture = parts(16, 16);
        picture.insert(3, segment_of(0xdd, &[0, 2]));
        picture[8] = bits.to_vec();
        refused(&picture)
    };
    // Two blocks each: four bits.
    assert_eq!(picture(&[0x0f, 0xff, 0xd0, 0x0f]), None);
    assert_eq!(picture(&[0x0f, 0xff, 0xd1, 0x0f]), Some(JpegFault::NoJpeg));
    assert_eq!(picture(&[0x00, 0x0f]), Some(JpegFault::NoJpeg));
}

#[test]
fn a_header_that_declares_a_huge_picture_is_refused_before_anything_else() {
    assert_eq!(refused(&parts(1601, 8)), Some(JpegFault::TooManyPixels));
    let huge = [8, 0xff, 0xdc, 0xff, 0xdc, 1, 1, 0x11, 0];
    let mut picture = parts(8, 8);
    picture[3] = segment_of(0xc0, &huge);
    assert_eq!(refused(&picture), Some(JpegFault::TooManyPixels));
}

#[test]
fn cut_and_altered_ones_are_refused_without_a_panic() {
    let bytes = parts(40, 24).concat();
    for length in 0..bytes.len() {
        assert!(check(&bytes[..length], 1600).is_err(), "{length}");
    }
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0xff, bytes[at] ^ 0x10] {
            let mut altered = bytes.clone();
            altered[at] = value;
            let _ = check(&altered, 1600);
        }
    }
    for page in [
        &b"\xff\xd8\xff<html><script>"[..],
        b"<svg onload=alert(1)>",
        b"\xff\xd8\xff\xd9",
        b"",
    ] {
        assert_eq!(check(page, 1600), Err(JpegFault::NoJpeg));
    }
}
