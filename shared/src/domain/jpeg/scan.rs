//! The bits of a scan. They are followed, not decoded: how many blocks there are, and where each one ends.

/// One colour of a picture.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks of it in one unit, across and down.
    pub(super) across: u32,
    pub(super) down: u32,
}

/// A table of codes. Short ones are looked up by the next eight bits, longer ones by the range of their length.
pub(super) struct Huffman {
    short: Vec<(u8, u8)>,
    long: Vec<Codes>,
    symbols: Vec<u8>,
}

/// The codes of one length.
struct Codes {
    length: u8,
    first: usize,
    count: usize,
    /// Of the first one, among all symbols.
    symbol: usize,
}

impl Huffman {
    /// Of the counts of codes of 1 to 16 bits and their symbols; `None` for counts that no codes have.
    pub(super) fn of(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            short: vec![(0, 0); 256],
            long: Vec::new(),
            symbols: symbols.to_vec(),
        };
        let (mut code, mut symbol) = (0_usize, 0);
        for (length, count) in (1_u8..).zip(counts) {
            let count = usize::from(*count);
            if code + count > 1 << length {
                return None;
            }
            if length <= 8 {
                let each = 1 << (8 - length);
                let own = symbols.get(symbol..symbol + count)?.iter().zip(code..);
                for (symbol, code) in own {
                    table
                        .short
                        .get_mut(code * each..(code + 1) * each)?
                        .fill((length, *symbol));
                }
            } else if count > 0 {
                table.long.push(Codes {
                    length,
                    first: code,
                    count,
                    symbol,
                });
            }
            symbol += count;
            code = (code + count) << 1;
        }
        Some(table)
    }

    /// Length and symbol of the code that the next sixteen bits begin with.
    fn find(&self, next: usize) -> Option<(u8, u8)> {
        match self.short.get(next >> 8)? {
            (0, _) => self.long.iter().find_map(|codes| {
                let place = (next >> (16 - codes.length)).checked_sub(codes.first)?;
                let symbol = (place < codes.count).then(|| self.symbols.get(codes.symbol + place))??;
                Some((codes.length, *symbol))
            }),
            (length, symbol) => Some((*length, *symbol)),
        }
    }
}

/// A component in a scan with its tables.
pub(super) struct Part<'a> {
    pub(super) component: &'a Component,
    pub(super) direct: &'a Huffman,
    pub(super) alternating: &'a Huffman,
}

/// A scan of a sequential picture.
pub(super) struct Scan<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) across_most: u32,
    pub(super) down_most: u32,
    pub(super) restart_every: u32,
    pub(super) parts: Vec<Part<'a>>,
}

impl Scan<'_> {
    /// Follows every block; the place behind the last one. `None` when one cannot be read or something stands behind it.
    pub(super) fn follow(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let (units, blocks) = self.units()?;
        let mut bits = Bits {
            bytes,
            at,
            held: 0,
            count: 0,
        };
        let mut restarts = 0_u8;
        for unit in 0..units {
            if self.restart_every > 0 && unit > 0 && unit % u64::from(self.restart_every) == 0 {
                bits.restart(restarts)?;
                restarts = (restarts + 1) % 8;
            }
            for (part, count) in self.parts.iter().zip(&blocks) {
                for _ in 0..*count {
                    bits.block(part)?;
                }
            }
        }
        bits.end()
    }

    /// How many units there are, and of how many blocks of each part one consists.
    fn units(&self) -> Option<(u64, Vec<u32>)> {
        let many = |across: u32, down: u32| u64::from(across) * u64::from(down);
        match self.parts.as_slice() {
            [] => None,
            // Alone, a component has as many blocks as cover it.
            [part] => {
                let across = (self.width * part.component.across)
                    .div_ceil(self.across_most)
                    .div_ceil(8);
                let down = (self.height * part.component.down)
                    .div_ceil(self.down_most)
                    .div_ceil(8);
                Some((many(across, down), vec![1]))
            }
            parts => {
                let across = self.width.div_ceil(8 * self.across_most);
                let down = self.height.div_ceil(8 * self.down_most);
                let blocks = parts
                    .iter()
                    .map(|part| part.component.across * part.component.down);
                Some((many(across, down), blocks.collect()))
            }
        }
    }
}

/// Reads bits up to the next marker.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl Bits<'_> {
    fn fill(&mut self) {
        while self.count <= 48 {
            let byte = match self.bytes.get(self.at) {
                Some(0xff) if self.bytes.get(self.at + 1) != Some(&0) => return,
                Some(0xff) => {
                    self.at += 2;
                    0xff
                }
                Some(byte) => {
                    self.at += 1;
                    *byte
                }
                None => return,
            };
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        if self.count < count {
            self.fill();
        }
        self.count = self.count.checked_sub(count)?;
        Some(())
    }

    fn symbol(&mut self, table: &Huffman) -> Option<u8> {
        if self.count < 16 {
            self.fill();
        }
        let next = match self.count.checked_sub(16) {
            Some(behind) => self.held >> behind,
            // Behind the end stand ones, which begin no code.
            None => self.held << (16 - self.count) | ((1 << (16 - self.count)) - 1),
        };
        let (length, symbol) = table.find((next & 0xffff) as usize)?;
        self.skip(length.into())?;
        Some(symbol)
    }

    fn block(&mut self, part: &Part<'_>) -> Option<()> {
        let size = self.symbol(part.direct)?;
        (size <= 11).then_some(())?;
        self.skip(size.into())?;
        let mut coefficient = 1_u32;
        while coefficient < 64 {
            let symbol = self.symbol(part.alternating)?;
            let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            match (zeros, size) {
                (0, 0) => return Some(()),
                (15, 0) => coefficient += 16,
                (_, 0) => return None,
                _ => {
                    coefficient += zeros + 1;
                    (coefficient <= 64).then_some(())?;
                    self.skip(size)?;
                }
            }
        }
        Some(())
    }

    /// Behind the last block stand less than eight bits, and a marker.
    fn end(&mut self) -> Option<usize> {
        self.fill();
        (self.count < 8).then_some(self.at)
    }

    fn restart(&mut self, number: u8) -> Option<()> {
        let at = self.end()?;
        let is_next = self.bytes.get(at..at + 2)? == [0xff, 0xd0 + number];
        (self.held, self.count, self.at) = (0, 0, at + 2);
        is_next.then_some(())
    }
}
