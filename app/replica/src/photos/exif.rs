//! When a photo was taken, as its EXIF block tells it. Nothing else is read from there.
//!
//! Two tags of twelve bytes each; the crate `kamadak-exif` knows every tag there is, which the first
//! download would have to carry.

use shared::clock::TimestampMs;
use shared::domain::CalendarDate;

const EXIF_IFD: u16 = 0x8769;
/// `DateTimeOriginal` and `DateTimeDigitized`, each with its time zone.
const TIMES: [(u16, u16); 2] = [(0x9003, 0x9011), (0x9004, 0x9012)];
const CHINA_OFFSET_MINUTES: i64 = 8 * 60;
/// Cameras whose clock was never set begin in 1970 or 2000.
const YEAR_MIN: i32 = 2001;
const YEAR_MAX: i32 = 2099;
/// More entries than any camera writes.
const ENTRIES_MAX: usize = 512;

/// The time in an EXIF block (a TIFF file); China's time zone unless it names another.
pub(super) fn taken_at(exif: &[u8]) -> Option<TimestampMs> {
    let tiff = Tiff::new(exif)?;
    let ifd = tiff.entry(tiff.u32(4)?, EXIF_IFD)?.offset;
    TIMES.iter().find_map(|(time, zone)| {
        let local = parts(tiff.text(ifd, *time)?)?;
        let zone = tiff
            .text(ifd, *zone)
            .and_then(offset_minutes)
            .unwrap_or(CHINA_OFFSET_MINUTES);
        instant(local, zone)
    })
}

/// `2026:09:01 08:30:00`
fn parts(text: &[u8]) -> Option<[u32; 6]> {
    let text = text.get(..19)?;
    let mut parts = text.split(|byte| matches!(byte, b':' | b' ')).map(number);
    let all = [(); 6].map(|()| parts.next().flatten());
    let [
        Some(year),
        Some(month),
        Some(day),
        Some(hour),
        Some(minute),
        Some(second),
    ] = all
    else {
        return None;
    };
    (hour < 24 && minute < 60 && second <= 60).then_some([year, month, day, hour, minute, second])
}

/// `+08:00`
fn offset_minutes(text: &[u8]) -> Option<i64> {
    let [sign, h0, h1, b':', m0, m1, ..] = text else {
        return None;
    };
    let minutes = i64::from(number(&[*h0, *h1])?) * 60 + i64::from(number(&[*m0, *m1])?);
    match sign {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
    .filter(|minutes| minutes.abs() <= 14 * 60)
}

fn instant([year, month, day, hour, minute, second]: [u32; 6], zone_minutes: i64) -> Option<TimestampMs> {
    let year = i32::try_from(year)
        .ok()
        .filter(|year| (YEAR_MIN..=YEAR_MAX).contains(year))?;
    let midnight_in_china = CalendarDate::from_parts(year, month, day)?.start_ms();
    let seconds = u64::from(hour * 3600 + minute * 60 + second);
    let shift_ms = (CHINA_OFFSET_MINUTES - zone_minutes) * 60_000;
    (midnight_in_china + seconds * 1000).checked_add_signed(shift_ms)
}

fn number(digits: &[u8]) -> Option<u32> {
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if all_digits {
        std::str::from_utf8(digits).ok()?.parse().ok()
    } else {
        None
    }
}

struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

struct Entry {
    count: u32,
    offset: u32,
}

impl<'a> Tiff<'a> {
    fn new(exif: &'a [u8]) -> Option<Self> {
        let bytes = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
        let big_endian = match bytes.first_chunk()? {
            b"MM\0*" => true,
            b"II*\0" => false,
            _ => return None,
        };
        Some(Self { bytes, big_endian })
    }

    fn read<const N: usize>(&self, offset: u32) -> Option<[u8; N]> {
        let mut bytes = *self
            .bytes
            .get(usize::try_from(offset).ok()?..)?
            .first_chunk::<N>()?;
        if self.big_endian {
            bytes.reverse();
        }
        Some(bytes)
    }

    fn u16(&self, offset: u32) -> Option<u16> {
        self.read(offset).map(u16::from_le_bytes)
    }

    fn u32(&self, offset: u32) -> Option<u32> {
        self.read(offset).map(u32::from_le_bytes)
    }

    fn entry(&self, ifd: u32, tag: u16) -> Option<Entry> {
        let count = usize::from(self.u16(ifd)?).min(ENTRIES_MAX);
        let mut entries = (ifd.checked_add(2)?..).step_by(12).take(count);
        let at = entries.find(|at| self.u16(*at) == Some(tag))?;
        Some(Entry {
            count: self.u32(at.checked_add(4)?)?,
            offset: self.u32(at.checked_add(8)?)?,
        })
    }

    /// A text of more than four bytes, which lies elsewhere in the block.
    fn text(&self, ifd: u32, tag: u16) -> Option<&'a [u8]> {
        let entry = self.entry(ifd, tag).filter(|entry| entry.count > 4)?;
        let start = usize::try_from(entry.offset).ok()?;
        self.bytes
            .get(start..start.checked_add(usize::try_from(entry.count).ok()?)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A block with these texts as `DateTimeOriginal` and `OffsetTimeOriginal`.
    fn block(big_endian: bool, time: &str, zone: Option<&str>) -> Vec<u8> {
        let mut bytes = if big_endian {
            b"MM\0*".to_vec()
        } else {
            b"II*\0".to_vec()
        };
        let short = |n: u16| {
            if big_endian {
                n.to_be_bytes()
            } else {
                n.to_le_bytes()
            }
        };
        let long = |n: u32| {
            if big_endian {
                n.to_be_bytes()
            } else {
                n.to_le_bytes()
            }
        };
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            [
                short(tag).to_vec(),
                short(kind).to_vec(),
                long(count).to_vec(),
                long(value).to_vec(),
            ]
            .concat()
        };
        bytes.extend(long(8));
        bytes.extend([short(1).to_vec(), entry(EXIF_IFD, 4, 1, 26), long(0).to_vec()].concat());
        let text_at = 26 + 2 + 24 + 4;
        let zone_text = zone.unwrap_or_default();
        bytes.extend(short(if zone.is_some() { 2 } else { 1 }));
        bytes.extend(entry(0x9003, 2, time.len() as u32 + 1, text_at));
        bytes.extend(entry(
            0x9011,
            2,
            zone_text.len() as u32 + 1,
            text_at + time.len() as u32 + 1,
        ));
        bytes.extend([long(0).to_vec(), time.as_bytes().to_vec(), vec![0]].concat());
        bytes.extend([zone_text.as_bytes(), &[0]].concat());
        bytes
    }

    #[test]
    fn a_time_is_read_in_its_zone_and_else_in_chinas() {
        // 2026-09-01T00:30:00Z
        let instant = 1_788_222_600_000;
        for big_endian in [true, false] {
            let check =
                |time, zone, expect| assert_eq!(taken_at(&block(big_endian, time, zone)), expect, "{time}");
            check("2026:09:01 08:30:00", None, Some(instant));
            check("2026:09:01 08:30:00", Some("+08:00"), Some(instant));
            check("2026:09:01 06:00:00", Some("+05:30"), Some(instant));
            check("2026:08:31 20:30:00", Some("-04:00"), Some(instant));
            check("2026:09:01 08:30:00", Some("+99:00"), Some(instant));
            check("0000:00:00 00:00:00", None, None);
            check("2000:01:01 00:00:00", None, None);
            check("2026:02:30 08:30:00", None, None);
            check("2026:09:01 24:30:00", None, None);
            check("    :  :     :  :  ", None, None);
            check("yesterday", None, None);
        }
    }

    #[test]
    fn a_block_that_points_outside_itself_has_no_time() {
        let good = block(true, "2026:09:01 08:30:00", None);
        for length in 0..good.len() - 20 {
            assert_eq!(taken_at(&good[..length.min(56)]), None);
        }
        let mut far = good.clone();
        far[18..22].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(taken_at(&far), None);
    }

    proptest! {
        #[test]
        fn any_block_never_panics(big_endian: bool, rest in prop::collection::vec(any::<u8>(), 0..300)) {
            let sign: &[u8] = if big_endian { b"MM\0*" } else { b"II*\0" };
            let _ = taken_at(&[sign, &rest].concat());
        }
    }
}
