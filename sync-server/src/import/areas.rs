//! The table of areas: one line per community, with its street and district.

use std::collections::BTreeMap;

use shared::domain::area::Area;
use shared::ids::{AreaCode, AreaLevel};

use super::ImportError;
use super::error_value::is_error_value;
use crate::names;

/// The largest table that is read; the six demonstration districts have 80 KB.
pub const AREAS_BYTES_MAX: u64 = 16 << 20;
const NAME_BYTES_MAX: usize = 120;

/// The columns of code and name, from the community upwards, and the level that the code must have.
const LEVELS: [(&str, &str, AreaLevel); 3] = [
    ("community_code", "community", AreaLevel::Community),
    ("street_code", "street", AreaLevel::Street),
    ("district_code", "district", AreaLevel::District),
];

/// Reads districts, streets and communities from CSV (UTF-8, with or without byte order mark). Further
/// columns are passed over. Each area is given once, a district before its streets, a street before its
/// communities; grids are made by the register import or by command.
///
/// # Errors
/// [`ImportError`]; nothing is given when any line is wrong.
pub fn read_areas(bytes: &[u8]) -> Result<Vec<Area>, ImportError> {
    if bytes.is_empty() {
        return Err(ImportError::Empty);
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > AREAS_BYTES_MAX {
        return Err(ImportError::TooLarge { max: AREAS_BYTES_MAX });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ImportError::NotUtf8)?;
    let mut table = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let names = table
        .headers()
        .map_err(|_| ImportError::BadLine {
            line: 1,
            reason: "not csv",
        })?
        .clone();
    let column = |name: &'static str| {
        names
            .iter()
            .position(|other| other.trim() == name)
            .ok_or(ImportError::MissingColumn(name))
    };
    let mut columns = Vec::new();
    for (code, name, level) in LEVELS {
        columns.push((column(code)?, column(name)?, level));
    }
    let mut areas: BTreeMap<AreaCode, String> = BTreeMap::new();
    for (index, record) in table.records().enumerate() {
        let line = u64::try_from(index).unwrap_or(u64::MAX - 2) + 2;
        let bad = |reason| ImportError::BadLine { line, reason };
        let record = record.map_err(|_| bad("not as many values as column names"))?;
        let mut below: Option<AreaCode> = None;
        for (code, name, level) in &columns {
            let text = |column: &usize| record.get(*column).unwrap_or_default().trim();
            let code = AreaCode::new(text(code)).map_err(|_| bad("not a division code"))?;
            let name = text(name);
            if is_error_value(name) {
                return Err(bad("an error value in the place of a name"));
            }
            let shown = names::shown(name, NAME_BYTES_MAX);
            let name = shown.map_err(|_| bad("no name, or one that is too long or cannot be shown"))?;
            if code.level() != *level {
                return Err(bad("a code of another level"));
            }
            if code.level() == AreaLevel::Community && code.as_str().ends_with("000") {
                return Err(bad("the code of a street in the place of a community's"));
            }
            if below.as_ref().is_some_and(|below| !below.is_within(&code)) {
                return Err(bad("a code that does not lie within the one above"));
            }
            match areas.get(&code) {
                Some(known) if *known != name => return Err(bad("a second name for the same code")),
                Some(_) => {}
                None => {
                    areas.insert(code.clone(), name);
                }
            }
            below = Some(code);
        }
    }
    // A code sorts directly behind the code that it lies within.
    Ok(areas
        .into_iter()
        .map(|(code, name)| Area { code, name })
        .collect())
}
