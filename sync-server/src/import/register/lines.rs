//! One row of a register: which door, which person, and what is wrong with it.

use shared::domain::CalendarDate;
use shared::domain::Need;
use shared::domain::door::{DoorError, DoorNumber};
use shared::domain::household::Tenure;
use shared::domain::identity::looks_like_identity_number;
use shared::domain::phone::parse_phones;
use shared::domain::resident::Relation;

use super::birth::{Birth, read_birth};
use super::header::{Column, Header, classify};
use super::remarks::{Meaning, Remark, read_remark};
use super::report::{Finding, FindingCode, ImportReport};
use super::sheet::{Cell, Row, Sheet};
use super::words;

/// A longer text is no name of a person.
const NAME_CHARS_MAX: usize = 30;
/// A longer text in the door column of a row without a name is a note.
const DOOR_CHARS_USUAL: usize = 25;
/// The most numbers of a resident, as `shared` stores them.
const PHONES_MAX: usize = 5;
/// Rows that begin like this are totals, notes and examples.
const NOTICES: &[&str] = &[
    "合计",
    "总计",
    "小计",
    "共计",
    "总人数",
    "填表",
    "制表",
    "审核",
    "负责人",
    "示例",
    "样例",
    "例:",
    "例如",
    "注:",
    "注意",
    "说明:",
    "填写说明",
    "备注:",
    "※",
];

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
    /// The building that a section title or the sheet's name gives.
    section: Option<String>,
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
        section,
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

    fn line(&mut self, row: &Row) -> Option<Line> {
        if self.is_blank(row) {
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
            (_, "") => GridCell::Blank,
            (_, text) => words::grid(text).map_or(GridCell::Unreadable, GridCell::Number),
        };
        let content = self.content(row);
        Some(Line {
            sheet: self.sheet.to_owned(),
            row: row.number,
            compound,
            door,
            grid,
            tenure,
            remark,
            person,
            content,
        })
    }

    /// Only the running number or the grid: rows that were prepared and not filled in.
    fn is_blank(&self, row: &Row) -> bool {
        row.cells.keys().all(|column| {
            let kind = self.header.columns.get(column).map(|(_, kind)| *kind);
            matches!(kind, Some(Column::Serial | Column::Grid))
                && !matches!(row.cells.get(column), Some(Cell::Text(text)) if text.chars().count() > 8)
        })
    }

    fn is_passed_over(&mut self, row: &Row) -> bool {
        let first = row.cells.values().find_map(|cell| match cell {
            Cell::Text(text) => Some(text.trim_start_matches(['(', ' ']).to_owned()),
            _ => None,
        });
        let first = first.unwrap_or_default();
        if NOTICES.iter().any(|word| first.starts_with(word)) {
            return true;
        }
        let name = self.text(row, Column::Name);
        let door = self.text(row, Column::Door);
        let repeats_the_header = |text: &str, kind: Column| !text.is_empty() && classify(text) == kind;
        if repeats_the_header(&name, Column::Name) && (door.is_empty() || DoorNumber::parse(&door).is_err()) {
            return true;
        }
        let mut columns = row.cells.keys();
        let (Some(only), None) = (columns.next(), columns.next()) else {
            return false;
        };
        let kind = self
            .header
            .columns
            .get(only)
            .map_or(Column::Unused, |(_, kind)| *kind);
        if names_a_building(&first) && kind != Column::Building {
            self.section = Some(first);
            return true;
        }
        !matches!(
            kind,
            Column::Door | Column::Room | Column::Name | Column::HeadName
        )
    }

    fn door(&mut self, row: &Row) -> Option<(String, DoorNumber)> {
        let Some(text) = self.door_text(row) else {
            return match &self.above {
                Above::Door(compound, door) => Some((compound.clone(), door.clone())),
                Above::Nothing => {
                    self.note(row, FindingCode::DoorMissing);
                    None
                }
                Above::Unreadable => {
                    self.note(row, FindingCode::DoorUnreadable);
                    None
                }
            };
        };
        let parsed = match (DoorNumber::parse_with_prefix(&text), &self.section) {
            (Err(DoorError::NoBuilding), Some(section)) => {
                DoorNumber::parse_with_prefix(&format!("{section}-{text}"))
            }
            (parsed, _) => parsed,
        };
        match parsed {
            Ok((prefix, door)) => {
                let column = self.text(row, Column::Compound);
                let compound = if column.is_empty() { prefix } else { column };
                self.above = Above::Door(compound.clone(), door.clone());
                Some((compound, door))
            }
            Err(_) if self.text(row, Column::Name).is_empty() && text.chars().count() > DOOR_CHARS_USUAL => {
                self.note(row, FindingCode::RowPassedOver);
                None
            }
            Err(_) => {
                self.above = Above::Unreadable;
                self.note(row, FindingCode::DoorUnreadable);
                None
            }
        }
    }

    /// The door number as one text; `None` when the row continues the household above.
    fn door_text(&mut self, row: &Row) -> Option<String> {
        let [door, building, unit, floor, room] = [
            Column::Door,
            Column::Building,
            Column::Unit,
            Column::Floor,
            Column::Room,
        ]
        .map(|kind| self.text(row, kind));
        if self.header.first(Column::Building).is_none() {
            let rest = joined(&["", &unit, "", &room]);
            return match (door.is_empty(), room.is_empty()) {
                (true, true) => None,
                (true, false) => Some(rest),
                (false, true) => Some(door),
                // 地址 says the building, 房号 the rest.
                (false, false) if DoorNumber::parse(&door).is_ok() => Some(door),
                (false, false) => Some(format!("{door}-{rest}")),
            };
        }
        let room = if room.is_empty() { door } else { room };
        if building.is_empty() && unit.is_empty() && room.is_empty() {
            return None;
        }
        let same_building = building.is_empty() || building == self.building;
        let same_unit = same_building && (unit.is_empty() || unit == self.unit);
        if room.is_empty() && same_unit {
            return None;
        }
        if !same_building {
            self.unit.clear();
            self.building = building;
        }
        if !unit.is_empty() {
            self.unit = unit;
        }
        // The room column may hold the whole number.
        if DoorNumber::parse(&room).is_ok_and(|door| door.unit().is_some()) {
            return Some(room);
        }
        Some(joined(&[&self.building, &self.unit, &floor, &room]))
    }

    fn remark(&mut self, row: &Row) -> Remark {
        let mut merged = Remark::default();
        let texts: Vec<String> = self
            .header
            .all(Column::Remark)
            .map(|column| row.text(column))
            .collect();
        for text in texts {
            merge(&mut merged, read_remark(&text));
        }
        for (column, (_, kind)) in &self.header.columns {
            if let Column::Flag(need) = kind
                && words::says_yes(&row.text(*column))
            {
                merged.needs.insert(*need);
                merged.mapped.push(("勾选", Meaning::Need(*need)));
            }
        }
        merged
    }

    fn tenure(&mut self, row: &Row, mut remark: Remark) -> (Option<Tenure>, Remark) {
        let text = self.text(row, Column::Tenure);
        let tenure = words::tenure(&text);
        if tenure.is_none() && !matches!(text.as_str(), "" | "-" | "/" | "无") {
            // 居住情况 may say 独居.
            let other = read_remark(&text);
            if other.unmapped {
                self.note(row, FindingCode::TenureUnknown);
            }
            merge(
                &mut remark,
                Remark {
                    unmapped: false,
                    ..other
                },
            );
        }
        for (code, found) in [
            (FindingCode::RemarkUnmapped, remark.unmapped),
            (FindingCode::RemarkForbidden, remark.forbidden),
            (FindingCode::IdentityNumber, remark.identity),
            (FindingCode::MaybeGone, remark.gone),
        ] {
            if found {
                self.note(row, code);
            }
        }
        (tenure, remark)
    }

    fn person(&mut self, row: &Row, remark: &Remark) -> Result<Option<Person>, FindingCode> {
        let head = self.text(row, Column::HeadName);
        let named = self.header.first(Column::Name).is_some();
        let written = if named {
            self.text(row, Column::Name)
        } else {
            head.clone()
        };
        let (name, hint) = words::name(&written);
        if words::says_nobody(&name) {
            return Ok(None);
        }
        let digits = name.chars().filter(|c| c.is_ascii_digit()).count();
        if looks_like_identity_number(&written) {
            self.note(row, FindingCode::IdentityNumber);
            return Err(FindingCode::NameUnreadable);
        }
        if name.chars().count() > NAME_CHARS_MAX || digits > 4 {
            return Err(FindingCode::NameUnreadable);
        }
        if digits > 0 || name.contains(['、', ',', ';', '/', '\n']) {
            self.note(row, FindingCode::NameUnclear);
        }
        let is_head = !named || words::name(&head).0 == name;
        let relation = words::relation(&self.text(row, Column::Relation)).or(hint);
        let relation = relation.or(is_head.then_some(Relation::Head));
        let birth = read_birth(
            self.header
                .first(Column::Birth)
                .and_then(|column| row.cells.get(&column)),
            self.today,
        );
        if let Some(code) = birth.finding {
            self.note(row, code);
        }
        let (phones, impossible_phones) = self.phones(row);
        let needs = remark.needs.iter().copied().collect();
        Ok(Some(Person {
            name,
            relation,
            birth,
            phones,
            impossible_phones,
            needs,
        }))
    }

    fn phones(&mut self, row: &Row) -> (Vec<String>, usize) {
        let texts: Vec<String> = self
            .header
            .all(Column::Phone)
            .map(|column| row.text(column))
            .collect();
        let (mut numbers, mut impossible) = (Vec::<String>::new(), 0);
        for text in texts {
            let parsed = parse_phones(&text);
            for number in parsed.numbers {
                if !numbers.contains(&number) && numbers.len() < PHONES_MAX {
                    numbers.push(number);
                }
            }
            if looks_like_identity_number(&text) {
                self.note(row, FindingCode::IdentityNumber);
            } else if parsed
                .impossible
                .iter()
                .any(|piece| piece.chars().any(|c| c.is_ascii_digit()))
            {
                impossible += 1;
                self.note(row, FindingCode::PhoneImpossible);
            } else if !parsed.impossible.is_empty() {
                self.note(row, FindingCode::PhoneWords);
            }
        }
        (numbers, impossible)
    }

    fn content(&self, row: &Row) -> Vec<String> {
        let compared = self.header.columns.iter().filter(|(_, (_, kind))| {
            use Column::*;
            !matches!(
                kind,
                Serial | Door | Building | Unit | Floor | Room | Compound | Forbidden(_)
            )
        });
        compared.map(|(column, _)| row.text(*column)).collect()
    }
}

fn merge(into: &mut Remark, other: Remark) {
    into.needs.extend(other.needs);
    into.hours.extend(other.hours);
    into.tenure = into.tenure.or(other.tenure);
    into.mapped.extend(other.mapped);
    into.not_alone |= other.not_alone;
    into.unmapped |= other.unmapped;
    into.forbidden |= other.forbidden;
    into.identity |= other.identity;
    into.gone |= other.gone;
}

/// Building, unit, floor and room as one text; a bare number gets the word that its column means.
fn joined(parts: &[&str; 4]) -> String {
    let marks = ["栋", "单元", "层", ""];
    let room_has_its_floor = parts
        .last()
        .is_some_and(|room| room.chars().filter(|c| c.is_ascii_digit()).count() > 2);
    let mut joined = Vec::new();
    for (part, mark) in parts.iter().zip(marks) {
        let part = part.trim();
        let means_nothing = matches!(part, "" | "-" | "/" | "无" | "0" | "—");
        if means_nothing || (mark == "层" && room_has_its_floor) {
            continue;
        }
        let bare = part.chars().all(|c| c.is_ascii_alphanumeric());
        joined.push(if bare {
            format!("{part}{mark}")
        } else {
            part.to_owned()
        });
    }
    joined.join("-")
}
