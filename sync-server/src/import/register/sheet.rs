//! The cells of a workbook, with limits: no sheet is ever laid out as a dense table, because two cells at
//! opposite corners would ask for more memory than there is.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use shared::domain::CalendarDate;
use shared::domain::spelling::plain;

use super::container;
use crate::import::ImportError;
use crate::import::error_value::is_error_value;

/// The most rows of a sheet.
pub const ROWS_MAX: usize = 200_000;
/// Columns past this one are not read.
const COLUMNS_MAX: u32 = 200;
/// The most text of one cell; the rest is cut.
const CELL_CHARS_MAX: usize = 2_000;
/// The most text of a workbook: a cell may point to a shared text again and again.
const TEXT_BYTES_MAX: usize = 128 << 20;
/// From 1899-12-30 to 1904-01-01, where workbooks of old Macintoshes begin to count.
const EPOCH_1904_DAYS: f64 = 1462.0;
/// About what a cell takes in memory besides its text.
const CELL_BYTES: usize = 64;
/// The most sheets.
const SHEETS_MAX: usize = 200;

/// What the text of a cell that cannot be read stands as among compared rows: like no other text, and not like a blank.
const UNREADABLE: &str = "\u{fffd}";

/// One cell that is not empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Something stands there and nobody knows what: an error value (`#N/A`), a formula whose result was not stored, a
    /// date that does not exist. Never to be taken for a blank.
    Unreadable,
    /// Yes or no.
    Bool(bool),
    /// Text, half width, without invisible characters, trimmed, never empty.
    Text(String),
    /// A number.
    Number(f64),
    /// A number that the sheet shows as a date: days since 1899-12-30.
    Date(f64),
}

/// A row of a sheet.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// As the spreadsheet program shows it, from 1.
    pub(super) number: u32,
    /// By column from 0.
    pub(super) cells: BTreeMap<u32, Cell>,
}

/// A sheet that can be seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Sheet {
    pub(super) name: String,
    /// Rows that are not blank, in order.
    pub(super) rows: Vec<Row>,
    /// How many days later the workbook begins to count than the 1900 system: a number that lost its date format is
    /// counted so, too.
    pub(super) epoch_days: f64,
}

/// The sheets of a workbook and the names of those that are hidden.
#[derive(Debug, Clone, Default)]
pub(super) struct Workbook {
    pub(super) sheets: Vec<Sheet>,
    pub(super) hidden: Vec<String>,
}

impl Cell {
    /// The cell as text: whole numbers without a fraction, dates as `#yyyymmdd`; empty when it cannot be read.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Unreadable => String::new(),
            Self::Bool(yes) => String::from(if *yes { "是" } else { "否" }),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Date(serial) => match serial_day(*serial) {
                Some(day) => format!("#{}", day.number()),
                None => serial.to_string(),
            },
        }
    }
}

/// The day of a spreadsheet's serial number (1900 system).
pub(super) fn serial_day(serial: f64) -> Option<CalendarDate> {
    if !(1.0..2_958_466.0).contains(&serial) {
        return None;
    }
    // The system counts a 29 February 1900 that never was.
    let days = serial.floor() as i64;
    let days = if days < 61 { days + 1 } else { days };
    CalendarDate::from_parts(1899, 12, 30).map(|origin| origin.plus_days(days))
}

impl Row {
    /// The cell's text, empty if there is none.
    pub(super) fn text(&self, column: u32) -> String {
        self.cells.get(&column).map(Cell::text).unwrap_or_default()
    }

    /// Whether something stands there that nobody can read.
    pub(super) fn is_unreadable(&self, column: u32) -> bool {
        self.cells.get(&column) == Some(&Cell::Unreadable)
    }

    /// What is compared to find rows that are the same.
    pub(super) fn compared(&self, column: u32) -> String {
        if self.is_unreadable(column) {
            UNREADABLE.to_owned()
        } else {
            self.text(column)
        }
    }
}

/// Reads every visible sheet.
pub(super) fn read_workbook(bytes: &[u8]) -> Result<Workbook, ImportError> {
    container::check(bytes)?;
    let mut xlsx = Xlsx::new(Cursor::new(bytes)).map_err(|_| ImportError::Damaged)?;
    let mut workbook = Workbook::default();
    let epoch_days = if xlsx.has_1904_epoch() {
        EPOCH_1904_DAYS
    } else {
        0.0
    };
    let mut text_bytes_left = TEXT_BYTES_MAX;
    for sheet in xlsx.sheets_metadata().to_vec().into_iter().take(SHEETS_MAX) {
        if sheet.typ != SheetType::WorkSheet {
            continue;
        }
        if sheet.visible != SheetVisible::Visible {
            workbook.hidden.push(sheet.name);
            continue;
        }
        let merged = xlsx
            .merge_cells_by_sheet_name(&sheet.name)
            .map_err(|_| ImportError::Damaged)?;
        let mut rows = read_rows(&mut xlsx, &sheet.name, &mut text_bytes_left)?;
        let columns = merged
            .iter()
            .filter(|area| area.start.1 == area.end.1 && area.start.0 < area.end.0)
            .map(|area| (area.start.1, area.start.0, area.end.0));
        for (column, first, last) in columns {
            fill_down(&mut rows, column, first, last);
        }
        let rows = rows
            .into_iter()
            .filter(|(_, cells)| !cells.is_empty())
            .map(|(row, cells)| Row {
                number: row.saturating_add(1),
                cells,
            })
            .collect();
        workbook.sheets.push(Sheet {
            name: sheet.name,
            rows,
            epoch_days,
        });
    }
    Ok(workbook)
}

type Rows = BTreeMap<u32, BTreeMap<u32, Cell>>;

fn read_rows(
    xlsx: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    text_bytes_left: &mut usize,
) -> Result<Rows, ImportError> {
    let mut reader = xlsx
        .worksheet_cells_reader(name)
        .map_err(|_| ImportError::Damaged)?;
    let too_large = ImportError::UnpacksTooLarge {
        max: container::UNPACKED_BYTES_MAX,
    };
    let mut rows = Rows::new();
    let mut last = (0, 0);
    // Error values that the reader does not know: where they stand is known when the next cell comes.
    let mut unknown = 0;
    loop {
        let cell = match reader.next_cell_with_formula_metadata() {
            Ok(Some(cell)) => cell,
            Ok(None) => break,
            Err(XlsxError::CellError(_)) => {
                unknown += 1;
                continue;
            }
            Err(_) => return Err(ImportError::Damaged),
        };
        let (row, column) = cell.pos;
        let marked = mark_unknown(&mut rows, last, (row, column), std::mem::take(&mut unknown));
        *text_bytes_left = text_bytes_left
            .checked_sub(marked * CELL_BYTES)
            .ok_or(too_large.clone())?;
        last = (row, column + 1);
        let Some(value) = (column < COLUMNS_MAX)
            .then(|| value(&cell.value, cell.formula.is_some()))
            .flatten()
        else {
            continue;
        };
        if let Cell::Text(text) = &value {
            *text_bytes_left = text_bytes_left.checked_sub(text.len()).ok_or(too_large.clone())?;
        }
        rows.entry(row).or_default().insert(column, value);
        if rows.len() > ROWS_MAX {
            return Err(ImportError::TooManyRows { max: ROWS_MAX });
        }
    }
    mark_unknown(&mut rows, last, (last.0, COLUMNS_MAX), unknown);
    Ok(rows)
}

/// Marks what may hold the cells that the reader gave up on: every place between the cell before them and the one behind,
/// in as many rows as there were such cells. Gives how many it marked.
fn mark_unknown(rows: &mut Rows, from: (u32, u32), until: (u32, u32), cells: u32) -> usize {
    let mut count = 0;
    if cells == 0 {
        return count;
    }
    for row in (from.0..=from.0.saturating_add(cells)).take_while(|row| *row <= until.0) {
        let first = if row == from.0 { from.1 } else { 0 };
        let end = if row == until.0 { until.1 } else { COLUMNS_MAX };
        let marked = rows.entry(row).or_default();
        for column in first..end.min(COLUMNS_MAX) {
            marked.insert(column, Cell::Unreadable);
            count += 1;
        }
    }
    count
}

/// What a cell holds; `None` for a blank one. A formula may give a blank, but then it was stored that it does.
fn value(data: &DataRef<'_>, is_formula: bool) -> Option<Cell> {
    let text = |text: &str| {
        let short: String = text.chars().take(CELL_CHARS_MAX).collect();
        let trimmed = plain(&short).trim().to_owned();
        match trimmed.as_str() {
            "" => None,
            trimmed if is_error_value(trimmed) => Some(Cell::Unreadable),
            _ => Some(Cell::Text(trimmed)),
        }
    };
    match data {
        DataRef::String(value) => text(value),
        DataRef::SharedString(value) => text(value),
        DataRef::DateTimeIso(value) => text(value),
        DataRef::Int(number) => Some(Cell::Number(*number as f64)),
        DataRef::Float(number) if number.is_finite() => Some(Cell::Number(*number)),
        DataRef::DateTime(date) if date.is_datetime() && date.as_f64().is_finite() => {
            let (year, month, day, ..) = date.to_ymd_hms_milli();
            // Counted from one origin, whichever of the two the workbook uses.
            let day = CalendarDate::from_parts(year.into(), month.into(), day.into());
            let origin = CalendarDate::from_parts(1899, 12, 30);
            let days = day.zip(origin).map(|(day, origin)| day.days_since(origin) as f64);
            Some(days.map_or(Cell::Unreadable, Cell::Date))
        }
        DataRef::DateTime(number) if number.as_f64().is_finite() => Some(Cell::Number(number.as_f64())),
        DataRef::Bool(yes) => Some(Cell::Bool(*yes)),
        DataRef::Empty if !is_formula => None,
        _ => Some(Cell::Unreadable),
    }
}

/// A cell merged over several rows counts for each of them. Cells merged over columns are titles and stay
/// where they are.
fn fill_down(rows: &mut Rows, column: u32, first: u32, last: u32) {
    let Some(value) = rows.get(&first).and_then(|cells| cells.get(&column)).cloned() else {
        return;
    };
    for (_, cells) in rows.range_mut(first.saturating_add(1)..=last) {
        cells.entry(column).or_insert_with(|| value.clone());
    }
}
