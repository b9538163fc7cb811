//! From rows to households: doubles go, rows of one door come together, contradictions are noted.

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::door::DoorNumber;
use shared::domain::household::{self, DoorWarning, Tenure};
use shared::domain::{FieldId, Household};

use super::lines::{GridCell, Line, Person};
use super::remarks::Meaning;
use super::report::{Finding, FindingCode, ImportReport, Mapping};
use super::{RegisterHousehold, RegisterResident};

/// The most text of a household's visiting preferences, as `shared` stores it.
const HOURS_BYTES_MAX: usize = 300;
/// The longest name of a compound that a door number can carry.
const COMPOUND_CHARS_MAX: usize = 7;

/// A household while its rows are read.
struct Building {
    row: u32,
    sheet: String,
    grid: Option<u8>,
    tenures: BTreeSet<Tenure>,
    tenure: Option<Tenure>,
    tenure_in_remarks: Option<Tenure>,
    hours: Vec<String>,
    not_alone: bool,
    warnings: BTreeSet<DoorWarning>,
    residents: Vec<RegisterResident>,
    unread: BTreeSet<FieldId>,
    contents: BTreeSet<Vec<String>>,
}

/// Brings the rows together.
pub(super) fn assemble(lines: Vec<Line>, report: &mut ImportReport) -> Vec<RegisterHousehold> {
    let lines = with_compounds(lines, report);
    let mut households: BTreeMap<DoorNumber, Building> = BTreeMap::new();
    let mut mapped: BTreeMap<(&'static str, Meaning), usize> = BTreeMap::new();
    let mut last_grid: Option<(DoorNumber, u8)> = None;
    for line in lines {
        let note = |code| Finding {
            code,
            sheet: line.sheet.clone(),
            row: line.row,
        };
        let is_new = !households.contains_key(&line.door);
        let household = households
            .entry(line.door.clone())
            .or_insert_with(|| Building::new(&line));
        if !household.contents.insert(line.content.clone()) {
            report.counts.exact_doubles += 1;
            // What was said about the dropped row was said about the row that stays.
            report
                .findings
                .retain(|finding| finding.row != line.row || finding.sheet != line.sheet);
            report.findings.push(note(FindingCode::ExactDouble));
            continue;
        }
        report.counts.impossible_phones += line.person.as_ref().map_or(0, |person| person.impossible_phones);
        report.counts.unmapped_remarks += usize::from(line.remark.unmapped);
        for meaning in line.remark.mapped.iter().collect::<BTreeSet<_>>() {
            *mapped.entry(*meaning).or_default() += 1;
        }
        if let Some(code) = household.take_grid(&line, is_new, &last_grid) {
            report.findings.push(note(code));
        }
        if let Some(grid) = household.grid {
            last_grid = Some((line.door.clone(), grid));
        }
        if let Some(code) = household.take_tenure(&line) {
            report.findings.push(note(code));
        }
        for hours in &line.remark.hours {
            if !household.hours.contains(hours) {
                household.hours.push(hours.clone());
            }
        }
        household.not_alone |= line.remark.not_alone;
        household.warnings.extend(&line.remark.warnings);
        household.unread.extend(&line.unread);
        if let Some(person) = line.person {
            if household.has(&person) {
                report.findings.push(Finding {
                    code: FindingCode::PossibleDouble,
                    sheet: line.sheet.clone(),
                    row: line.row,
                });
            }
            household.residents.push(resident(person, line.row));
        }
    }
    report.mappings = mapped
        .into_iter()
        .map(|((words, meaning), rows)| mapping(words, meaning, rows))
        .collect();
    let households: Vec<RegisterHousehold> = households
        .into_iter()
        .map(|(door, household)| household.finish(door, report))
        .collect();
    count(&households, report);
    households
}

impl Building {
    fn new(line: &Line) -> Self {
        Self {
            row: line.row,
            sheet: line.sheet.clone(),
            grid: None,
            tenures: BTreeSet::new(),
            tenure: None,
            tenure_in_remarks: None,
            hours: Vec::new(),
            not_alone: false,
            warnings: BTreeSet::new(),
            residents: Vec::new(),
            unread: BTreeSet::new(),
            contents: BTreeSet::new(),
        }
    }

    /// A household without a grid takes that of its neighbour above in the same building, because a
    /// building lies in one grid.
    fn take_grid(
        &mut self,
        line: &Line,
        is_new: bool,
        last: &Option<(DoorNumber, u8)>,
    ) -> Option<FindingCode> {
        match (line.grid, self.grid) {
            (GridCell::NoColumn, _) => None,
            (GridCell::Number(grid), Some(known)) => (grid != known).then_some(FindingCode::GridUnclear),
            (GridCell::Number(grid), None) => {
                self.grid = Some(grid);
                None
            }
            (GridCell::Blank, None) if is_new => {
                let neighbour = last.as_ref().filter(|(door, _)| {
                    door.place() == line.door.place() && door.building() == line.door.building()
                });
                self.grid = neighbour.map(|(_, grid)| *grid);
                self.grid.is_none().then_some(FindingCode::GridMissing)
            }
            (GridCell::Unreadable, None) => Some(FindingCode::GridMissing),
            (GridCell::Blank | GridCell::Unreadable, _) => None,
        }
    }

    fn take_tenure(&mut self, line: &Line) -> Option<FindingCode> {
        self.tenure_in_remarks = self.tenure_in_remarks.or(line.remark.tenure);
        self.tenure = self.tenure.or(line.tenure);
        self.tenures.extend(line.tenure);
        let contradicts = line.tenure.is_some() && line.tenure != self.tenure
            || line
                .remark
                .tenure
                .is_some_and(|remark| line.tenure.is_some_and(|tenure| tenure != remark));
        contradicts.then_some(FindingCode::TenureUnclear)
    }

    fn has(&self, person: &Person) -> bool {
        self.residents.iter().any(|resident| {
            resident.name == person.name
                && resident.birth_year == person.birth.year
                && (resident.birth_month == person.birth.month || person.birth.year.is_none())
        })
    }

    fn finish(mut self, door: DoorNumber, report: &mut ImportReport) -> RegisterHousehold {
        let mut tenure = self.tenure.or(self.tenure_in_remarks);
        if self.residents.is_empty() && self.tenure_in_remarks == Some(Tenure::Vacant) {
            tenure = Some(Tenure::Vacant);
        }
        if !self.residents.is_empty() && tenure == Some(Tenure::Vacant) {
            report.findings.push(Finding {
                code: FindingCode::TenureUnclear,
                sheet: self.sheet,
                row: self.row,
            });
            tenure = self
                .tenures
                .iter()
                .copied()
                .find(|tenure| *tenure != Tenure::Vacant);
        }
        let mut preferred_hours = String::new();
        for hours in &self.hours {
            let separator = if preferred_hours.is_empty() { "" } else { ";" };
            if preferred_hours.len() + separator.len() + hours.len() <= HOURS_BYTES_MAX {
                preferred_hours.push_str(separator);
                preferred_hours.push_str(hours);
            }
        }
        // Another row of the household says it.
        if tenure.is_some() {
            self.unread.remove(&household::TENURE);
        }
        if self.not_alone {
            self.unread.remove(&household::NOT_ALONE);
        }
        let household = Household {
            door: door.to_string(),
            tenure,
            preferred_hours,
            not_alone: self.not_alone,
            warnings: self.warnings.into_iter().collect(),
            ..Household::default()
        };
        RegisterHousehold {
            door,
            grid: self.grid,
            household,
            unread: self.unread,
            residents: self.residents,
            row: self.row,
        }
    }
}

fn resident(person: Person, row: u32) -> RegisterResident {
    RegisterResident {
        name: person.name,
        birth_year: person.birth.year,
        birth_month: person.birth.month,
        phones: person.phones,
        relation: person.relation,
        needs: person.needs,
        unread: person.unread,
        row,
    }
}

fn mapping(words: &str, meaning: Meaning, rows: usize) -> Mapping {
    let became = match meaning {
        Meaning::Need(need) => need.code().to_owned(),
        Meaning::Hours => "preferred_hours".to_owned(),
        Meaning::Tenure(tenure) => format!("tenure_{}", tenure.code()),
        Meaning::NotAlone => "not_alone".to_owned(),
        Meaning::Warning(warning) => format!("warning_{}", warning.code()),
        Meaning::Age => "age".to_owned(),
    };
    Mapping {
        words: words.to_owned(),
        became,
        rows,
    }
}

fn count(households: &[RegisterHousehold], report: &mut ImportReport) {
    let residents = || households.iter().flat_map(|household| &household.residents);
    let counts = &mut report.counts;
    counts.households = households.len();
    counts.vacant = households
        .iter()
        .filter(|household| household.residents.is_empty())
        .count();
    counts.residents = residents().count();
    counts.two_phones = residents().filter(|resident| resident.phones.len() > 1).count();
    counts.without_birth = residents()
        .filter(|resident| resident.birth_year.is_none())
        .count();
}

/// Keeps the compound in the door number where two compounds number a door alike, and only then.
fn with_compounds(lines: Vec<Line>, report: &mut ImportReport) -> Vec<Line> {
    let mut by_door: BTreeMap<&DoorNumber, BTreeSet<String>> = BTreeMap::new();
    for line in &lines {
        by_door
            .entry(&line.door)
            .or_default()
            .insert(short_compound(&line.compound));
    }
    let needed = by_door.values().any(|names| {
        let names: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
        names.iter().any(|a| {
            names
                .iter()
                .any(|b| !a.ends_with(b.as_str()) && !b.ends_with(a.as_str()))
        })
    });
    if !needed {
        return lines;
    }
    let mut kept = Vec::new();
    for mut line in lines {
        let compound = short_compound(&line.compound);
        let door = if compound.is_empty() {
            Some(line.door.clone())
        } else {
            line.door.in_place(&compound)
        };
        match door {
            Some(door) => {
                line.door = door;
                kept.push(line);
            }
            None => {
                report.findings.push(Finding {
                    code: FindingCode::DoorUnreadable,
                    sheet: line.sheet,
                    row: line.row,
                });
                report.counts.rows_not_read += 1;
            }
        }
    }
    kept
}

/// `双滦区元宝山街道富强新村社区幸福家园小区` is `幸福家园`.
fn short_compound(name: &str) -> String {
    let name = name.trim();
    let name = ["街道", "居委会", "社区"]
        .iter()
        .fold(name, |name, level| match name.rsplit_once(level) {
            Some((_, rest)) if !rest.is_empty() => rest,
            Some((before, _)) => before,
            None => name,
        });
    let name = name
        .strip_suffix("小区")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name);
    let chars = name.chars().count();
    name.chars()
        .skip(chars.saturating_sub(COMPOUND_CHARS_MAX))
        .collect()
}
