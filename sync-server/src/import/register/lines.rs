//! One row of a register: which door, which person, and what is wrong with it.

mod door_cells;
mod person_cells;

use std::collections::BTreeSet;

use shared::domain::door::{DoorError, DoorNumber};
use shared::domain::household::Tenure;
use shared::domain::resident::Relation;
use shared::domain::{CalendarDate, FieldId, Need};

use super::birth::Birth;
use super::cells;
use super::columns::{Column, classify};
use super::header::Header;
use super::remarks::Remark;
use super::report::{Finding, FindingCode, ImportReport};
use super::sheet::{Cell, Row, Sheet};

/// Rows that begin like this are totals, notes and examples.
const NOTICES: &str =
    "合计 总计 小计 共计 总人数 填表 制表 审核 负责人 示例 样例 例: 例如 注: 注意 说明: 填写说明 备注: ※";

/// A row that belongs to a door.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) sheet: String,
    pub(super) row: u32,
    /// The compound's name, as a column or the door number gives it.
    pub(super) compound: String,
    pub(super) door: DoorNumber,
    pub(super) grid: GridCell,
    pub(super) tenure: Option<Tenure>,
    pub(super) remark: Remark,
    /// `None` for a row that names nobody.
    pub(super) person: Option<Person>,
    /// The fields of the household whose cells are there and cannot be read.
    pub(super) unread: BTreeSet<FieldId>,
    /// Everything but the running number and the door, to notice rows that are the same.
    pub(super) content: Vec<String>,
}

/// What the grid cell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GridCell {
    NoColumn,
    Blank,
    Unreadable,
    Number(u8),
}

/// The person of a row.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) relation: Option<Relation>,
    pub(super) birth: Birth,
    pub(super) phones: Vec<String>,
    /// Cells with a number that cannot be one.
    pub(super) impossible_phones: usize,
    pub(super) needs: Vec<Need>,
    /// The fields of which nobody knows what the register says: their cells cannot be read, or there is no such column.
    pub(super) unread: BTreeSet<FieldId>,
}

/// Where the next row without a door number belongs.
#[derive(Debug, Clone)]
enum Above {
    Nothing,
    Door(String, DoorNumber),
    Unreadable,
}

struct Reader<'a> {
    sheet: &'a str,
    header: &'a Header,
    today: CalendarDate,
    report: &'a mut ImportReport,
    above: Above,
    building: String,
    unit: String,
    /// The last building, or unit, could not be read: rows that leave it out belong to nobody knows which.
    building_unread: bool,
    unit_unread: bool,
    epoch_days: f64,
    /// The building that a section title or the sheet's name gives.
    section: Option<String>,
    /// A title gave it, not the sheet's name.
    section_has_title: bool,
}

/// Reads the rows below the column names.
pub(super) fn read_lines(
    sheet: &Sheet,
    header: &Header,
    today: CalendarDate,
    report: &mut ImportReport,
) -> Vec<Line> {
    let section = names_a_building(&sheet.name).then(|| sheet.name.clone());
    let mut reader = Reader {
        sheet: &sheet.name,
        header,
        today,
        report,
        above: Above::Nothing,
        building: String::new(),
        unit: String::new(),
        building_unread: false,
        unit_unread: false,
        epoch_days: sheet.epoch_days,
        section,
        section_has_title: false,
    };
    sheet
        .rows
        .iter()
        .skip(header.index + 1)
        .filter_map(|row| reader.line(row))
        .collect()
}

fn names_a_building(text: &str) -> bool {
    DoorNumber::parse(text) == Err(DoorError::NoRoom)
}

impl Reader<'_> {
    fn note(&mut self, row: &Row, code: FindingCode) {
        self.report.findings.push(Finding {
            code,
            sheet: self.sheet.to_owned(),
            row: row.number,
        });
    }

    /// The text of the first cell of this kind that is not blank.
    fn text(&self, row: &Row, kind: Column) -> String {
        self.header
            .all(kind)
            .map(|column| row.text(column))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    /// Whether something stands in a column of this kind and cannot be read.
    fn is_unread(&self, row: &Row, kind: Column) -> bool {
        self.header.all(kind).any(|column| row.is_unreadable(column))
    }

    fn line(&mut self, row: &Row) -> Option<Line> {
        if self.is_blank(row) {
            self.end_unread_section(row);
            return None;
        }
        if self.is_passed_over(row) {
            self.note(row, FindingCode::RowPassedOver);
            return None;
        }
        self.report.counts.rows += 1;
        let Some((compound, door)) = self.door(row) else {
            self.report.counts.rows_not_read += 1;
            return None;
        };
        let remark = self.remark(row);
        let (tenure, remark) = self.tenure(row, remark);
        let person = match self.person(row, &remark) {
            Ok(person) => person,
            Err(code) => {
                self.note(row, code);
                self.report.counts.rows_not_read += 1;
                return None;
            }
        };
        let grid = match (
            self.header.first(Column::Grid),
            self.text(row, Column::Grid).as_str(),
        ) {
            (None, _) => GridCell::NoColumn,
            _ if self.is_unread(row, Column::Grid) => GridCell::Unreadable,
            (_, "") => GridCell::Blank,
            (_, text) => cells::grid(text).map_or(GridCell::Unreadable, GridCell::Number),
        };
        let left_out = self.header.columns.iter().any(|(column, (_, kind))| {
            let said_already = matches!(kind, Column::Serial | Column::Birth | Column::Unused);
            !said_already && row.is_unreadable(*column)
        });
        if left_out {
            self.note(row, FindingCode::CellUnreadable);
        }
        let (unread, content) = (self.unread_of_household(row), self.content(row));
        Some(Line {
            sheet: self.sheet.to_owned(),
            row: row.number,
            compound,
            door,
            grid,
            tenure,
            remark,
            person,
            unread,
            content,
        })
    }

    /// Only the running number or the grid: rows that were prepared and not filled in.
    fn is_blank(&self, row: &Row) -> bool {
        row.cells.keys().all(|column| {
            let kind = self.header.columns.get(column).map(|(_, kind)| *kind);
            matches!(kind, Some(Column::Serial | Column::Grid))
                && !matches!(row.cells.get(column), Some(Cell::Text(text)) if text.chars().count() > 8 || names_a_building(text))
        })
    }

    /// A title between the rows may name the building below it. One that cannot be read ends the building above.
    fn end_unread_section(&mut self, row: &Row) {
        let unread = row.cells.values().any(|cell| *cell == Cell::Unreadable);
        if unread && self.section_has_title {
            self.section = None;
            self.section_has_title = false;
            self.above = Above::Unreadable;
            self.note(row, FindingCode::CellUnreadable);
        }
    }

    fn is_passed_over(&mut self, row: &Row) -> bool {
        let first = row.cells.values().find_map(|cell| match cell {
            Cell::Text(text) => Some(text.trim_start_matches(['(', ' ']).to_owned()),
            _ => None,
        });
        let first = first.unwrap_or_default();
        if NOTICES.split_whitespace().any(|word| first.starts_with(word)) {
            return true;
        }
        let name = self.text(row, Column::Name);
        let door = self.text(row, Column::Door);
        let repeats_the_header = |text: &str, kind: Column| !text.is_empty() && classify(text) == kind;
        if repeats_the_header(&name, Column::Name) && (door.is_empty() || DoorNumber::parse(&door).is_err()) {
            return true;
        }
        let mut cells = row.cells.iter();
        let (Some((only, cell)), None) = (cells.next(), cells.next()) else {
            return false;
        };
        let kind = self
            .header
            .columns
            .get(only)
            .map_or(Column::Unused, |(_, kind)| *kind);
        if *cell == Cell::Unreadable {
            self.end_unread_section(row);
            return kind == Column::Unused;
        }
        if names_a_building(&first) && kind != Column::Building {
            self.section = Some(first);
            self.section_has_title = true;
            self.above = Above::Nothing;
            return true;
        }
        !matches!(
            kind,
            Column::Door | Column::Room | Column::Name | Column::HeadName
        )
    }

    fn content(&self, row: &Row) -> Vec<String> {
        let compared = self.header.columns.iter().filter(|(_, (_, kind))| {
            use Column::*;
            !matches!(
                kind,
                Serial | Door | Building | Unit | Floor | Room | Compound | Forbidden(_)
            )
        });
        compared.map(|(column, _)| row.compared(*column)).collect()
    }
}
