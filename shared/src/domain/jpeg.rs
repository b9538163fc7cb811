//! What a JPEG may hold (D9): a picture, and nothing that speaks about it or hides behind it.
//!
//! Every segment is one that a picture needs, once, with no table that its scans do not use, and is no longer than it says;
//! the bits of its scans are followed block by block to the last one, so a picture that was cut, or one with something
//! behind its end, is none. Nothing is unpacked, so this costs no memory: 300 bytes may declare 65,500 x 65,500 pixels.
//! Progressive pictures, whose scans cannot be followed like this, are refused: devices make none.

mod scan;

use scan::{Component, Huffman, Scan};

/// The most tables of one kind, as the format has it.
const TABLES_MAX: usize = 4;

/// Why bytes are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JpegFault {
    /// No JPEG, or a damaged one.
    #[error("the bytes are no whole JPEG")]
    NoJpeg,
    /// More pixels than devices send.
    #[error("the picture has more pixels than allowed")]
    TooManyPixels,
    /// Something beside the picture: position, serial number, comment, profile, a second picture.
    #[error("the picture carries metadata")]
    Metadata,
}

/// Checks a JPEG whose sides have at most `side_px_max` pixels.
///
/// # Errors
/// [`JpegFault`], the first that is found.
pub fn check(bytes: &[u8], side_px_max: u32) -> Result<(), JpegFault> {
    let mut at = match bytes {
        [0xff, 0xd8, ..] => 2,
        _ => return Err(JpegFault::NoJpeg),
    };
    let mut picture = Picture::default();
    loop {
        let marker = match bytes.get(at..at + 2) {
            Some([0xff, marker]) => *marker,
            _ => return Err(JpegFault::NoJpeg),
        };
        at += 2;
        match marker {
            0xd9 => return picture.end(bytes.len() - at),
            // Fill bytes: as many as one likes, so they can say something.
            0xff => return Err(JpegFault::Metadata),
            0x00 | 0x01 | 0xd0..=0xd8 => return Err(JpegFault::NoJpeg),
            _ => {}
        }
        let segment = segment(bytes, at)?;
        at += segment.len() + 2;
        match marker {
            0xe0 => picture.jfif(segment)?,
            0xee => picture.adobe(segment)?,
            0xe1..=0xef | 0xfe => return Err(JpegFault::Metadata),
            0xdb => picture.quantisation(segment)?,
            0xc4 => picture.huffman(segment)?,
            0xc0 | 0xc1 => picture.frame(segment, side_px_max)?,
            0xdd => picture.restart(segment)?,
            0xda => at = picture.scan(segment, bytes, at)?,
            _ => return Err(JpegFault::NoJpeg),
        }
    }
}

fn segment(bytes: &[u8], at: usize) -> Result<&[u8], JpegFault> {
    let length = match bytes.get(at..at + 2) {
        Some([high, low]) => usize::from(u16::from_be_bytes([*high, *low])),
        _ => return Err(JpegFault::NoJpeg),
    };
    bytes.get(at + 2..at + length).ok_or(JpegFault::NoJpeg)
}

/// A segment without a table in it is none that a picture needs.
fn not_empty(segment: &[u8]) -> Result<(), JpegFault> {
    match segment.is_empty() {
        true => Err(JpegFault::Metadata),
        false => Ok(()),
    }
}

/// What was read before.
#[derive(Default)]
struct Picture {
    has_jfif: bool,
    has_adobe: bool,
    /// Tables of quantisation that are there, and those that the components name.
    has_table: [bool; TABLES_MAX],
    names_table: [bool; TABLES_MAX],
    /// Of direct and of alternating coefficients.
    huffman: [[Option<Huffman>; TABLES_MAX]; 2],
    /// Those that a scan has used.
    used: [[bool; TABLES_MAX]; 2],
    frame: Option<Frame>,
    restart_every: Option<u32>,
    /// The components whose scan was read.
    scanned: Vec<u8>,
}

struct Frame {
    width: u32,
    height: u32,
    components: Vec<Component>,
}

impl Picture {
    fn end(&self, behind: usize) -> Result<(), JpegFault> {
        let frame = self.frame.as_ref().ok_or(JpegFault::NoJpeg)?;
        if self.scanned.len() != frame.components.len() {
            return Err(JpegFault::NoJpeg);
        }
        // Nobody looks at a table that nothing uses, so it can say anything.
        let defined = self
            .huffman
            .each_ref()
            .map(|tables| tables.each_ref().map(Option::is_some));
        match behind == 0 && self.has_table == self.names_table && defined == self.used {
            true => Ok(()),
            false => Err(JpegFault::Metadata),
        }
    }

    /// `JFIF`, its version, the density, and that there is no thumbnail.
    fn jfif(&mut self, segment: &[u8]) -> Result<(), JpegFault> {
        match segment {
            [b'J', b'F', b'I', b'F', 0, 1, 0..=2, 0..=2, _, _, _, _, 0, 0] if !self.has_jfif => {
                self.has_jfif = true;
                Ok(())
            }
            _ => Err(JpegFault::Metadata),
        }
    }

    /// `Adobe`, its version, flags, and the colour transform.
    fn adobe(&mut self, segment: &[u8]) -> Result<(), JpegFault> {
        match segment {
            [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, 0..=2] if !self.has_adobe => {
                self.has_adobe = true;
                Ok(())
            }
            _ => Err(JpegFault::Metadata),
        }
    }

    /// Tables that a picture defines twice without a use between are no part of it.
    fn quantisation(&mut self, mut rest: &[u8]) -> Result<(), JpegFault> {
        not_empty(rest)?;
        while let Some((form, behind)) = rest.split_first() {
            let size = match form >> 4 {
                0 => 64,
                1 => 128,
                _ => return Err(JpegFault::NoJpeg),
            };
            let has = self
                .has_table
                .get_mut(usize::from(form & 15))
                .ok_or(JpegFault::NoJpeg)?;
            if std::mem::replace(has, true) {
                return Err(JpegFault::Metadata);
            }
            rest = behind.get(size..).ok_or(JpegFault::NoJpeg)?;
        }
        Ok(())
    }

    fn huffman(&mut self, mut rest: &[u8]) -> Result<(), JpegFault> {
        not_empty(rest)?;
        while let Some((form, behind)) = rest.split_first() {
            let (counts, behind) = behind.split_first_chunk::<16>().ok_or(JpegFault::NoJpeg)?;
            let count = counts.iter().copied().map(usize::from).sum();
            let (symbols, behind) = behind.split_at_checked(count).ok_or(JpegFault::NoJpeg)?;
            rest = behind;
            let tables = self
                .huffman
                .get_mut(usize::from(form >> 4))
                .ok_or(JpegFault::NoJpeg)?;
            let table = tables.get_mut(usize::from(form & 15)).ok_or(JpegFault::NoJpeg)?;
            if table.is_some() {
                return Err(JpegFault::Metadata);
            }
            *table = Some(Huffman::of(counts, symbols).ok_or(JpegFault::NoJpeg)?);
        }
        Ok(())
    }

    fn frame(&mut self, segment: &[u8], side_px_max: u32) -> Result<(), JpegFault> {
        let (head, components) = segment.split_first_chunk::<6>().ok_or(JpegFault::NoJpeg)?;
        let [bits, h1, h0, w1, w0, count] = *head;
        let [height, width] = [u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0])].map(u32::from);
        if width > side_px_max || height > side_px_max {
            return Err(JpegFault::TooManyPixels);
        }
        let (components, tail) = components.as_chunks::<3>();
        let fits = bits == 8 && width > 0 && height > 0 && matches!(count, 1 | 3) && tail.is_empty();
        if !fits || components.len() != usize::from(count) || self.frame.is_some() {
            return Err(JpegFault::NoJpeg);
        }
        // Its tables may follow behind it.
        let mut names_table = [false; TABLES_MAX];
        let component = |[id, sampling, table]: &[u8; 3]| {
            let (across, down) = (u32::from(sampling >> 4), u32::from(sampling & 15));
            let can_be = (1..=4).contains(&across) && (1..=4).contains(&down);
            *names_table.get_mut(usize::from(*table))? = true;
            can_be.then_some(Component {
                id: *id,
                across,
                down,
            })
        };
        let components: Option<Vec<Component>> = components.iter().map(component).collect();
        self.names_table = names_table;
        self.frame = Some(Frame {
            width,
            height,
            components: components.ok_or(JpegFault::NoJpeg)?,
        });
        Ok(())
    }

    fn restart(&mut self, segment: &[u8]) -> Result<(), JpegFault> {
        let [high, low] = *segment else {
            return Err(JpegFault::NoJpeg);
        };
        // Said again and again it would say something else.
        let every = u32::from(u16::from_be_bytes([high, low]));
        match self.restart_every.replace(every) {
            None => Ok(()),
            Some(_) => Err(JpegFault::Metadata),
        }
    }

    /// Reads the bits behind a scan's header; the place behind them.
    fn scan(&mut self, segment: &[u8], bytes: &[u8], at: usize) -> Result<usize, JpegFault> {
        let frame = self.frame.as_ref().ok_or(JpegFault::NoJpeg)?;
        let (count, rest) = segment.split_first().ok_or(JpegFault::NoJpeg)?;
        let (chosen, tail) = rest.split_last_chunk::<3>().ok_or(JpegFault::NoJpeg)?;
        let (chosen, odd) = chosen.as_chunks::<2>();
        let fits = chosen.len() == usize::from(*count) && odd.is_empty() && !chosen.is_empty();
        if !fits || *tail != [0, 63, 0] {
            return Err(JpegFault::NoJpeg);
        }
        let mut parts = Vec::with_capacity(chosen.len());
        for [id, tables] in chosen {
            let component = frame.components.iter().find(|component| component.id == *id);
            let table = |class: usize, number: u8| {
                let tables = self.huffman.get(class)?;
                tables.get(usize::from(number))?.as_ref()
            };
            let part = component.zip(table(0, tables >> 4)).zip(table(1, tables & 15));
            let ((component, direct), alternating) = part.ok_or(JpegFault::NoJpeg)?;
            if self.scanned.contains(id) {
                return Err(JpegFault::Metadata);
            }
            self.scanned.push(*id);
            for (used, number) in self.used.iter_mut().zip([tables >> 4, tables & 15]) {
                if let Some(used) = used.get_mut(usize::from(number)) {
                    *used = true;
                }
            }
            parts.push(scan::Part {
                component,
                direct,
                alternating,
            });
        }
        let across_most = frame.components.iter().map(|component| component.across).max();
        let down_most = frame.components.iter().map(|component| component.down).max();
        let scan = Scan {
            width: frame.width,
            height: frame.height,
            across_most: across_most.unwrap_or(1),
            down_most: down_most.unwrap_or(1),
            restart_every: self.restart_every.unwrap_or(0),
            parts,
        };
        scan.follow(bytes, at).ok_or(JpegFault::NoJpeg)
    }
}

#[cfg(test)]
#[path = "jpeg_tests.rs"]
mod tests;
