//! A smaller picture by averaging areas, and turning it upright.
//!
//! Every input pixel counts in proportion to the part of it that an output pixel covers, so thin lines
//! (a crack, a wire) fade instead of breaking up. One pass over the input in whole numbers: the result is
//! the same on every device, and a browser without vector instructions is quick enough.

use std::ops::Range;

use image::ColorType;

/// Pixels as red, green, blue bytes, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rgb: Vec<u8>,
}

/// The size with the longest side at most `side_max`; never larger than before, never nothing.
pub(super) fn fitted(width: u32, height: u32, side_max: u32) -> (u32, u32) {
    let longest = u64::from(width.max(height));
    if longest <= u64::from(side_max) {
        return (width, height);
    }
    let scale = |side: u32| {
        let scaled = (u64::from(side) * u64::from(side_max) * 2 + longest) / (longest * 2);
        u32::try_from(scaled).unwrap_or(side_max).clamp(1, side_max)
    };
    (scale(width), scale(height))
}

/// Makes decoded pixels of any layout a [`Picture`] that fits `side_max`. Transparent parts become white.
pub(super) fn shrink(pixels: &[u8], layout: ColorType, width: u32, height: u32, side_max: u32) -> Picture {
    let (out_width, out_height) = fitted(width, height, side_max);
    let row_bytes = width as usize * usize::from(layout.bytes_per_pixel());
    let mut sums = vec![0_u32; width as usize * 3];
    let mut row_buffer = Vec::new();
    let mut rgb = vec![0; out_width as usize * out_height as usize * 3];
    let mut out_rows = rgb.chunks_exact_mut((out_width as usize * 3).max(1));
    let columns = Columns::new(width, out_width);
    let scale = 1.0 / (f64::from(width) * f64::from(height));

    // Positions are in units of 1 / (height * out_height) of the picture, so that all are whole numbers.
    let (mut out_end, out_step, in_step) = (u64::from(height), u64::from(height), u64::from(out_height));
    let mut position = 0_u64;
    for row in pixels.chunks_exact(row_bytes.max(1)) {
        let row = rgb_row(row, layout, &mut row_buffer);
        let row_end = position + in_step;
        let inside = row_end.min(out_end) - position;
        add_row(&mut sums, row, inside);
        if row_end >= out_end {
            columns.write(&sums, scale, out_rows.next().unwrap_or_default());
            sums.fill(0);
            add_row(&mut sums, row, row_end - out_end);
            out_end += out_step;
        }
        position = row_end;
    }
    Picture {
        width: out_width,
        height: out_height,
        rgb,
    }
}

/// Turns a picture as its EXIF orientation (1 to 8) says; any other number leaves it as it is.
pub(super) fn upright(picture: Picture, orientation: u8) -> Picture {
    let Picture { width, height, rgb } = picture;
    let (swap, flip_x, flip_y) = match orientation {
        2 => (false, true, false),
        3 => (false, true, true),
        4 => (false, false, true),
        5 => (true, false, false),
        6 => (true, false, true),
        7 => (true, true, true),
        8 => (true, true, false),
        _ => return Picture { width, height, rgb },
    };
    let (out_width, out_height) = if swap { (height, width) } else { (width, height) };
    let mut out = Vec::with_capacity(rgb.len());
    for y in 0..out_height {
        for x in 0..out_width {
            let (x, y) = if swap { (y, x) } else { (x, y) };
            let x = if flip_x { width - 1 - x } else { x };
            let y = if flip_y { height - 1 - y } else { y };
            let at = (y as usize * width as usize + x as usize) * 3;
            out.extend_from_slice(rgb.get(at..at + 3).unwrap_or(&[0; 3]));
        }
    }
    Picture {
        width: out_width,
        height: out_height,
        rgb: out,
    }
}

fn add_row(sums: &mut [u32], row: &[u8], weight: u64) {
    // At most 255 times the greatest height, 65,535.
    let weight = u32::try_from(weight).unwrap_or(u32::MAX);
    if weight > 0 {
        for (sum, byte) in sums.iter_mut().zip(row) {
            *sum += u32::from(*byte) * weight;
        }
    }
}

/// The input columns of each output pixel.
struct Columns {
    spans: Vec<Span>,
    whole: u64,
}

/// The columns of one output pixel: the first and the last one count in part.
struct Span {
    /// In the row's values, three per column.
    values: Range<usize>,
    first_weight: u64,
    last_weight: u64,
}

impl Columns {
    fn new(width: u32, out_width: u32) -> Self {
        let (width, whole) = (u64::from(width), u64::from(out_width));
        let spans = (0..whole)
            .map(|x| {
                let (start, end) = (x * width, (x + 1) * width);
                let (first, last) = (start / whole, (end - 1) / whole);
                let end_of_first = (first + 1) * whole;
                Span {
                    values: first as usize * 3..(last as usize + 1) * 3,
                    first_weight: end_of_first.min(end) - start,
                    last_weight: end - last * whole,
                }
            })
            .collect();
        Self { spans, whole }
    }

    /// Written for a compiler that is told to make it small: one plain loop, no growing vector.
    fn write(&self, sums: &[u32], scale: f64, out: &mut [u8]) {
        for (span, out) in self.spans.iter().zip(out.chunks_exact_mut(3)) {
            let columns = sums.get(span.values.clone()).unwrap_or_default();
            let (mut red, mut green, mut blue) = (0_u64, 0_u64, 0_u64);
            let mut weight = span.first_weight;
            let mut left = columns.len();
            for column in columns.chunks_exact(3) {
                if let [r, g, b] = column {
                    red += u64::from(*r) * weight;
                    green += u64::from(*g) * weight;
                    blue += u64::from(*b) * weight;
                }
                left -= 3;
                weight = if left == 3 { span.last_weight } else { self.whole };
            }
            if let [r, g, b] = out {
                // The sums are below 2^53.
                let byte = |sum: u64| (sum as f64 * scale + 0.5) as u32 as u8;
                (*r, *g, *b) = (byte(red), byte(green), byte(blue));
            }
        }
    }
}

fn rgb_row<'a>(row: &'a [u8], layout: ColorType, buffer: &'a mut Vec<u8>) -> &'a [u8] {
    buffer.clear();
    // Sixteen bits come in the machine's byte order.
    let high = |pair: &[u8]| {
        pair.first_chunk()
            .map_or(0, |pair| (u16::from_ne_bytes(*pair) >> 8) as u8)
    };
    match layout {
        ColorType::Rgb8 => return row,
        ColorType::L8 => buffer.extend(row.iter().flat_map(|l| [*l; 3])),
        ColorType::La8 => row
            .chunks_exact(2)
            .for_each(|pixel| push_over_white(buffer, pixel)),
        ColorType::Rgba8 => row
            .chunks_exact(4)
            .for_each(|pixel| push_over_white(buffer, pixel)),
        _ => {
            let bytes: Vec<u8> = row.chunks_exact(2).map(high).collect();
            let channels = usize::from(layout.channel_count());
            bytes
                .chunks_exact(channels)
                .for_each(|pixel| push_over_white(buffer, pixel));
        }
    }
    buffer
}

fn push_over_white(out: &mut Vec<u8>, pixel: &[u8]) {
    let over_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    match *pixel {
        [l] => out.extend([l; 3]),
        [l, alpha] => out.extend([over_white(l, alpha); 3]),
        [r, g, b] => out.extend([r, g, b]),
        [r, g, b, alpha] => out.extend([r, g, b].map(|value| over_white(value, alpha))),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use image::DynamicImage;
    use proptest::prelude::*;

    use super::*;

    fn numbered(width: u32, height: u32) -> Picture {
        let rgb = (0..width * height * 3).map(|i| (i * 37 % 251) as u8).collect();
        Picture { width, height, rgb }
    }

    #[test]
    fn all_eight_orientations_agree_with_the_crate_image() {
        let picture = numbered(3, 2);
        for orientation in 0..=9 {
            let mut expect =
                DynamicImage::ImageRgb8(image::RgbImage::from_raw(3, 2, picture.rgb.clone()).unwrap());
            if let Some(known) = image::metadata::Orientation::from_exif(orientation) {
                expect.apply_orientation(known);
            }
            let turned = upright(picture.clone(), orientation);
            assert_eq!(
                (turned.width, turned.height),
                (expect.width(), expect.height()),
                "{orientation}"
            );
            assert_eq!(turned.rgb, expect.to_rgb8().into_raw(), "{orientation}");
        }
    }

    #[test]
    fn each_pixel_counts_by_the_area_it_covers() {
        // Three columns become two: the middle one counts half on either side.
        let small = shrink(&[0, 90, 240], ColorType::L8, 3, 1, 2);
        assert_eq!(
            small,
            Picture {
                width: 2,
                height: 1,
                rgb: vec![30, 30, 30, 190, 190, 190]
            }
        );
        let small = shrink(&[0, 90, 240], ColorType::L8, 1, 3, 2);
        assert_eq!(
            (small.width, small.height, small.rgb),
            (1, 2, vec![30, 30, 30, 190, 190, 190])
        );
    }

    #[test]
    fn every_layout_becomes_red_green_blue_on_white() {
        let wide = |values: &[u16]| values.iter().flat_map(|v| v.to_ne_bytes()).collect::<Vec<u8>>();
        for (pixel, layout, expect) in [
            (vec![7], ColorType::L8, [7, 7, 7]),
            (vec![7, 0], ColorType::La8, [255, 255, 255]),
            (vec![1, 2, 3], ColorType::Rgb8, [1, 2, 3]),
            (vec![1, 2, 3, 255], ColorType::Rgba8, [1, 2, 3]),
            (vec![0, 0, 0, 128], ColorType::Rgba8, [127, 127, 127]),
            (wide(&[0x0712]), ColorType::L16, [7, 7, 7]),
            (wide(&[0x0712, 0xffff]), ColorType::La16, [7, 7, 7]),
            (wide(&[0x0112, 0x0299, 0x03ff]), ColorType::Rgb16, [1, 2, 3]),
            (wide(&[0, 0, 0, 0]), ColorType::Rgba16, [255, 255, 255]),
        ] {
            assert_eq!(shrink(&pixel, layout, 1, 1, 10).rgb, expect, "{layout:?}");
        }
    }

    #[test]
    fn the_longest_side_fits_and_the_proportions_stay() {
        for (size, expect) in [
            ((4032, 3024), (1600, 1200)),
            ((3024, 4032), (1200, 1600)),
            ((1632, 1224), (1600, 1200)),
            ((1600, 1600), (1600, 1600)),
            ((640, 480), (640, 480)),
            ((65_535, 1), (1600, 1)),
            ((1, 1), (1, 1)),
        ] {
            assert_eq!(fitted(size.0, size.1, 1600), expect);
        }
    }

    proptest! {
        #[test]
        fn a_plain_picture_stays_plain(width in 1_u32..90, height in 1_u32..90, side in 1_u32..40, value: u8) {
            let pixels = vec![value; (width * height) as usize];
            let small = shrink(&pixels, ColorType::L8, width, height, side);
            let (out_width, out_height) = fitted(width, height, side);
            prop_assert_eq!((small.width, small.height), (out_width, out_height));
            prop_assert_eq!(small.rgb, vec![value; (out_width * out_height * 3) as usize]);
        }
    }
}
