//! The record that is measured: a visit of 12 fields.
//!
//! | field | holds |
//! |---|---|
//! | uuid | version 7, of the device |
//! | household | one of [`HOUSEHOLDS`] |
//! | worker | the author |
//! | time | when the visit began |
//! | outcome | one of five |
//! | note | 60 Chinese characters drawn from the 20,902 of the basic block |
//! | 3 needs | of ten |
//! | position | 8 bytes |
//! | 2 photo hashes | 32 bytes each |
//!
//! A visit of ours has no position ([line 1](../../../docs/lines.md)) and its photos are records of their own, so
//! position and hashes travel as fields that this version does not know: kept, merged and passed on.

use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::{FieldId, visit};
use uuid::Uuid;

/// The street that every community lies in.
pub const STREET: &str = "130803001";
/// The grid that everything lies in, but the work of a crowd.
pub const GRID: &str = "130803001001-01";
/// Households of the grid.
pub const HOUSEHOLDS: u64 = 500;
/// Households of each grid of a crowd.
pub const HOUSEHOLDS_OF_CROWD: u64 = 20;
/// Grids of one community: as many as its numbers allow.
const GRIDS_OF_COMMUNITY: u64 = 99;
/// When the first visit began, ms.
pub const START_MS: u64 = 1_795_000_000_000;

/// Fields of a later version: two photo hashes and a position.
pub const PHOTOS: [FieldId; 2] = [FieldId(200), FieldId(201)];
/// See [`PHOTOS`].
pub const POSITION: FieldId = FieldId(202);

/// A counter-based generator (SplitMix64): every run draws the same.
#[derive(Debug, Clone)]
pub struct Draw(u64);

impl Draw {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let drawn = self.number().to_le_bytes();
            let length = chunk.len();
            chunk.copy_from_slice(drawn.get(..length).unwrap_or_default());
        }
        bytes
    }

    fn han(&mut self) -> char {
        // U+4E00 to U+9FA5: all of these are characters.
        char::from_u32(0x4e00 + u32::try_from(self.below(20_902)).unwrap_or(0)).unwrap_or('户')
    }
}

/// One visit, in the order of its columns.
#[derive(Debug, Clone)]
pub struct VisitRow {
    /// Version 7.
    pub id: Uuid,
    /// One of [`HOUSEHOLDS`].
    pub household: Uuid,
    /// When it began, ms.
    pub started_at: u64,
    /// One of five.
    pub outcome: i64,
    /// 60 Chinese characters.
    pub note: String,
    /// Three different ones, ascending.
    pub needs: [u64; 3],
    /// 8 bytes.
    pub position: [u8; 8],
    /// 32 bytes each.
    pub photos: [[u8; 32]; 2],
}

/// The id of a household.
pub fn household(number: u64) -> Uuid {
    let mut draw = Draw::new(number + 1_000_003);
    uuid::Builder::from_random_bytes(draw.bytes()).into_uuid()
}

/// A worker: 0 is the one whose grid is [`GRID`], the others (1 and on) are a crowd, each with a grid of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worker(pub u64);

impl Worker {
    /// Account name.
    pub fn username(self) -> String {
        match self.0 {
            0 => "bench".to_owned(),
            number => format!("bench-{number}"),
        }
    }

    /// The community that the grid lies in: a code of 12 digits.
    pub fn community(self) -> String {
        let number = match self.0 {
            0 => 1,
            number => 2 + (number - 1) / GRIDS_OF_COMMUNITY,
        };
        format!("{STREET}{number:03}")
    }

    /// The grid.
    pub fn grid(self) -> String {
        let number = match self.0 {
            0 => 1,
            number => 1 + (number - 1) % GRIDS_OF_COMMUNITY,
        };
        format!("{}-{number:02}", self.community())
    }

    /// The households of the grid.
    pub fn households(self) -> impl Iterator<Item = Uuid> {
        let numbers = match self.0 {
            0 => 0..HOUSEHOLDS,
            number => {
                let first = HOUSEHOLDS + (number - 1) * HOUSEHOLDS_OF_CROWD;
                first..first + HOUSEHOLDS_OF_CROWD
            }
        };
        numbers.map(household)
    }

    /// The visits of a worker of a crowd, to the households of the grid in turn.
    pub fn visits(self, count: u64) -> Vec<VisitRow> {
        let households: Vec<Uuid> = self.households().collect();
        let mut rows = visits(self.0 + 1_000, count);
        for (row, household) in rows.iter_mut().zip(households.iter().cycle()) {
            row.household = *household;
        }
        rows
    }
}

/// The visits of one device.
pub fn visits(seed: u64, count: u64) -> Vec<VisitRow> {
    let mut draw = Draw::new(seed);
    (0..count).map(|number| visit(&mut draw, number)).collect()
}

fn visit(draw: &mut Draw, number: u64) -> VisitRow {
    let started_at = START_MS + number * 60_000 + draw.below(60_000);
    let first = 1 + draw.below(8);
    let second = first + 1 + draw.below(9 - first);
    let third = second + 1 + draw.below(10 - second);
    VisitRow {
        id: uuid::Builder::from_unix_timestamp_millis(started_at, &draw.bytes()).into_uuid(),
        household: household(draw.below(HOUSEHOLDS)),
        started_at,
        outcome: 1 + i64::try_from(draw.below(5)).unwrap_or(0),
        note: (0..60).map(|_| draw.han()).collect(),
        needs: [first, second, third],
        position: draw.bytes(),
        photos: [draw.bytes(), draw.bytes()],
    }
}

impl VisitRow {
    /// The record.
    pub fn record(&self) -> RecordRef {
        RecordRef::new(RecordKind::VISIT, self.id)
    }

    /// What is written.
    pub fn fields(&self) -> FieldMap {
        let time = i64::try_from(self.started_at).unwrap_or(0);
        let [first, second] = self.photos;
        FieldMap::from_iter([
            (visit::HOUSEHOLD, Value::Id(self.household)),
            (visit::OUTCOME, Value::Int(self.outcome)),
            (visit::PURPOSE, Value::Int(1)),
            (visit::NOTE, Value::Text(self.note.clone())),
            (visit::NEEDS, Value::Numbers(self.needs.to_vec())),
            (visit::STARTED_AT, Value::Int(time)),
            (PHOTOS[0], Value::Bytes(first.to_vec())),
            (PHOTOS[1], Value::Bytes(second.to_vec())),
            (POSITION, Value::Bytes(self.position.to_vec())),
        ])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_run_draws_the_same_and_needs_are_three() {
        let (one, other) = (visits(1, 50), visits(1, 50));
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one.id, other.id);
            assert_eq!(one.note, other.note);
            assert_eq!(one.note.chars().count(), 60);
            let [a, b, c] = one.needs;
            assert!(1 <= a && a < b && b < c && c <= 10, "{:?}", one.needs);
        }
        assert_ne!(visits(2, 1)[0].id, one[0].id);
    }

    #[test]
    fn every_worker_has_a_grid_and_households_of_their_own() {
        assert_eq!(Worker(0).grid(), GRID);
        let grids: BTreeSet<String> = (0..600).map(|number| Worker(number).grid()).collect();
        assert_eq!(grids.len(), 600);
        for grid in &grids {
            shared::ids::AreaCode::new(grid).expect("a grid has a code");
        }
        let households: Vec<Uuid> = (0..600).flat_map(|number| Worker(number).households()).collect();
        let different: BTreeSet<&Uuid> = households.iter().collect();
        assert_eq!(different.len(), households.len());
        assert!(
            Worker(7)
                .visits(50)
                .iter()
                .all(|row| Worker(7).households().any(|own| own == row.household))
        );
    }
}
