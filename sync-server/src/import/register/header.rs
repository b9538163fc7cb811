//! Which row holds the column names.

use std::collections::BTreeMap;

use super::columns::{Column, classify};
use super::sheet::{Cell, Row};

/// Rows that are searched for the column names.
const HEADER_ROWS_SEARCHED: usize = 40;
/// A longer text is a sentence, not a column name.
const HEADER_CHARS_MAX: usize = 30;
/// The fewest columns that must be known.
const KNOWN_COLUMNS_MIN: usize = 3;

/// What a column is called whose name cannot be read; it is left out, and said to be.
const NAME_UNREAD: &str = "列名读不出";

/// A row of column names.
#[derive(Debug, Clone, Default)]
pub(super) struct Header {
    /// Its place among the sheet's rows; the place of the lower row where there are two.
    pub(super) index: usize,
    /// The place of the upper row; titles stand above it.
    pub(super) top: usize,
    /// By column from 0: the name as written and what it is.
    pub(super) columns: BTreeMap<u32, (String, Column)>,
}

impl Header {
    fn of(row: &Row) -> Self {
        let mut header = Self::default();
        for (column, cell) in &row.cells {
            if *cell == Cell::Unreadable {
                header
                    .columns
                    .insert(*column, (NAME_UNREAD.to_owned(), Column::Unused));
            }
            if let Cell::Text(text) = cell {
                let kind = if text.chars().count() > HEADER_CHARS_MAX {
                    Column::Unused
                } else {
                    classify(text)
                };
                header.columns.insert(*column, (text.clone(), kind));
            }
        }
        header
    }

    /// The first column of this kind.
    pub(super) fn first(&self, kind: Column) -> Option<u32> {
        self.all(kind).next()
    }

    /// Every column of this kind.
    pub(super) fn all(&self, kind: Column) -> impl Iterator<Item = u32> {
        self.columns
            .iter()
            .filter(move |(_, (_, column))| *column == kind)
            .map(|(index, _)| *index)
    }

    fn names_people_and_doors(&self) -> bool {
        let has = |kinds: &[Column]| kinds.iter().any(|kind| self.first(*kind).is_some());
        has(&[Column::Name, Column::HeadName]) && has(&[Column::Door, Column::Room, Column::Building])
    }

    /// How many kinds of columns are known.
    fn known(&self) -> usize {
        let mut kinds: Vec<Column> = self.columns.values().map(|(_, kind)| *kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.iter().filter(|kind| **kind != Column::Unused).count()
    }

    fn rename(&mut self, rule: impl Fn(&str, Column) -> Column) {
        for (name, kind) in self.columns.values_mut() {
            *kind = rule(name, *kind);
        }
    }

    /// Settles what a name means by the columns beside it.
    fn settle(&mut self) {
        let has = |header: &Self, kind| header.first(kind).is_some();
        let rooms = self.all(Column::Room).count();
        let building = has(self, Column::Building);
        // 户号 is a room behind 楼号 and 单元, and a running number elsewhere.
        self.rename(|name, kind| {
            if name.contains("户号") && kind == Column::Room && (rooms > 1 || !building) {
                Column::Unused
            } else {
                kind
            }
        });
        // With separate columns for the building, 门牌号 means the room; without one, 房号 means the door.
        let (from, to) = if building {
            (Column::Door, Column::Room)
        } else {
            (Column::Room, Column::Door)
        };
        if !has(self, to) {
            self.rename(|_, kind| if kind == from { to } else { kind });
        }
        // Where no other column has telephone numbers, the household's contact is the one to call.
        if !has(self, Column::Phone) {
            let contact = |name: &str| name.contains("联系人") && !name.contains("紧急");
            let number = |name: &str| ["电话", "手机", "方式"].iter().any(|word| name.contains(word));
            self.rename(|name, kind| {
                if kind == Column::Unused && contact(name) && number(name) {
                    Column::Phone
                } else {
                    kind
                }
            });
        }
    }

    /// The lower of two rows of names, below merged groups: 住址 over 楼栋, 单元 and 房号.
    fn is_completed_by(&self, row: &Row) -> Option<Self> {
        let lower = Self::of(row);
        let all_names = lower.columns.len() == row.cells.len()
            && lower.columns.values().all(|(_, kind)| *kind != Column::Unused);
        let parts = [Column::Building, Column::Unit, Column::Room];
        let is_lower = all_names && parts.iter().filter(|part| lower.first(**part).is_some()).count() > 1;
        is_lower.then(|| {
            let mut both = self.clone();
            both.columns.extend(lower.columns);
            both.index = self.index + 1;
            both
        })
    }
}

/// Finds the row of column names: the one with the most names that are known.
pub(super) fn find(rows: &[Row]) -> Option<Header> {
    let mut best: Option<Header> = None;
    for (index, row) in rows.iter().enumerate().take(HEADER_ROWS_SEARCHED) {
        let upper = Header {
            index,
            top: index,
            ..Header::of(row)
        };
        let lower = rows.get(index + 1).and_then(|row| upper.is_completed_by(row));
        for mut header in [Some(upper), lower].into_iter().flatten() {
            header.settle();
            let good = header.names_people_and_doors() && header.known() >= KNOWN_COLUMNS_MIN;
            if good && best.as_ref().is_none_or(|best| header.known() > best.known()) {
                best = Some(header);
            }
        }
    }
    best
}
