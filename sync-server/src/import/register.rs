//! Reads a community's register of residents as communities keep it.
//!
//! ```text
//! bytes ─ container (sizes first) ─ sheet (cells, merged ones too) ─ header (which column is what)
//!       ─ lines (one row: door, person, findings) ─ assemble (households, doubles) ─ RegisterReading
//! ```
//!
//! Columns that product rules forbid (identity numbers, ethnicity, political status, religion, sex, labels)
//! are dropped before any row is looked at, and named in the report. Remarks become needs of the closed
//! list, visiting preferences and tenure; nothing else of them is kept.

mod assemble;
mod birth;
mod cells;
mod columns;
pub mod container;
mod header;
mod lines;
mod remark_words;
mod remarks;
pub mod report;
pub mod sheet;

use std::collections::BTreeSet;

use serde::Serialize;
use shared::domain::door::DoorNumber;
use shared::domain::identity::without_identity_numbers;
use shared::domain::resident::Relation;
use shared::domain::{CalendarDate, FieldId, Household, Need};

pub use columns::Forbidden;
pub use report::{Counts, Finding, FindingCode, ImportReport, LeftOutColumn, Mapping, SheetRead};

use self::columns::Column;
use self::header::Header;
use self::lines::{Line, read_lines};
use self::sheet::{Row, Sheet};
use super::ImportError;

/// What a register says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterReading {
    /// The title above the table.
    pub title: String,
    /// Households as one walks: by building, unit, floor, door.
    pub households: Vec<RegisterHousehold>,
    /// What to tell the person who imports.
    pub report: ImportReport,
}

/// A household of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterHousehold {
    /// Its door.
    pub door: DoorNumber,
    /// The number of its grid, 1..=99.
    pub grid: Option<u8>,
    /// Its fields; `door` is the canonical form of the above.
    pub household: Household,
    /// Its fields of which a cell is there and cannot be read. What was imported of them before stays.
    pub unread: BTreeSet<FieldId>,
    /// Its residents in the order of the rows.
    pub residents: Vec<RegisterResident>,
    /// The first row that names it.
    pub row: u32,
}

/// A resident of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterResident {
    /// Name.
    pub name: String,
    /// Year of birth.
    pub birth_year: Option<u16>,
    /// Month of birth, 1..=12.
    pub birth_month: Option<u8>,
    /// Telephone numbers, digits only.
    pub phones: Vec<String>,
    /// Relation to the head of household.
    pub relation: Option<Relation>,
    /// Needs, each once, in the order of the closed list.
    pub needs: Vec<Need>,
    /// The fields of which nobody knows what the register says: a cell cannot be read, or there is no such column. What
    /// was imported of them before stays.
    pub unread: BTreeSet<FieldId>,
    /// The row.
    pub row: u32,
}

/// Reads a register.
///
/// Pure: the same bytes and the same `today` give the same reading. `today` is needed because nobody is
/// born after it (`59年7月` is 1959, `15年5月` is 2015).
///
/// # Errors
/// [`ImportError`] when the file is no workbook, is damaged, would unpack to too much, or holds no sheet
/// with a row of column names. Faults of single rows are findings in the report.
pub fn read_register(bytes: &[u8], today: CalendarDate) -> Result<RegisterReading, ImportError> {
    let workbook = sheet::read_workbook(bytes)?;
    let mut report = ImportReport {
        sheets_not_read: workbook.hidden,
        ..ImportReport::default()
    };
    let mut lines: Vec<Line> = Vec::new();
    for mut sheet in workbook.sheets {
        let Some(header) = header::find(&sheet.rows) else {
            report.sheets_not_read.push(sheet.name);
            continue;
        };
        let header_row = sheet
            .rows
            .get(header.index)
            .map(|row| row.number)
            .unwrap_or_default();
        if report.title.is_empty() {
            report.title = title(&sheet.rows, &header);
        }
        leave_out_columns(&mut sheet, &header, &mut report);
        lines.extend(read_lines(&sheet, &header, today, &mut report));
        report.sheets.push(SheetRead {
            name: sheet.name,
            header_row,
        });
    }
    if report.sheets.is_empty() {
        return Err(ImportError::NoRegister);
    }
    let households = assemble::assemble(lines, &mut report);
    report.findings.sort();
    report.findings.dedup();
    Ok(RegisterReading {
        title: report.title.clone(),
        households,
        report,
    })
}

/// The first text above the column names.
fn title(rows: &[Row], header: &Header) -> String {
    let above = rows.iter().take(header.top);
    let first = above
        .flat_map(|row| row.cells.values())
        .find_map(|cell| match cell {
            sheet::Cell::Text(text) => Some(text.as_str()),
            _ => None,
        });
    without_identity_numbers(first.unwrap_or_default())
}

/// Forgets the columns that must not be read, and notes those and the ones that nobody needs.
fn leave_out_columns(sheet: &mut Sheet, header: &Header, report: &mut ImportReport) {
    for (column, (name, kind)) in &header.columns {
        let forbidden = match kind {
            Column::Forbidden(reason) => Some(*reason),
            Column::Unused => None,
            _ => continue,
        };
        report.columns_left_out.push(LeftOutColumn {
            sheet: sheet.name.clone(),
            column: column_letters(*column),
            header: without_identity_numbers(name),
            forbidden,
        });
    }
    for row in &mut sheet.rows {
        // Columns without a name are forgotten too: nobody said what they hold.
        row.cells.retain(|column, _| {
            header
                .columns
                .get(column)
                .is_some_and(|(_, kind)| !matches!(kind, Column::Forbidden(_)))
        });
    }
}

/// `A`, `B` ... `Z`, `AA` ...
fn column_letters(column: u32) -> String {
    let mut letters = String::new();
    let mut rest = column + 1;
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.insert(0, char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    letters
}
