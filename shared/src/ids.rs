//! Identifiers as types, so that a household's id cannot be passed where a visit's is meant.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use arrayvec::ArrayString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid {
                id.0
            }
        }
    };
}

uuid_id! {
    /// One installation of the app, enrolled for one worker. Operations are numbered per device.
    DeviceId
}
uuid_id! {
    /// A person with an account: grid member, supervisor or administrator.
    WorkerId
}
uuid_id! {
    /// A household behind one door.
    HouseholdId
}
uuid_id! {
    /// A resident.
    ResidentId
}
uuid_id! {
    /// A visit.
    VisitId
}
uuid_id! {
    /// A reported issue.
    IssueId
}
uuid_id! {
    /// The record that says a photo belongs to a visit or an issue. Its bytes are named by [`PhotoHash`].
    PhotoId
}
uuid_id! {
    /// A draft on this device. Becomes the record's id when it is saved, so that saving twice is one record.
    DraftId
}
uuid_id! {
    /// One life of a server's database; a restored backup has a new one.
    EpochId
}

/// BLAKE3 of a photo's prepared bytes; the photo's name everywhere.
///
/// Shape: 32 bytes, shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhotoHash(pub [u8; 32]);

impl PhotoHash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for PhotoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PhotoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhotoHash({self})")
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a photo is named by 64 hexadecimal digits")]
pub struct PhotoHashError;

impl FromStr for PhotoHash {
    type Err = PhotoHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: Vec<u8> = text
            .chars()
            .map(|c| c.to_digit(16).map(|d| d as u8))
            .collect::<Option<_>>()
            .ok_or(PhotoHashError)?;
        if digits.len() != 64 || text.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(PhotoHashError);
        }
        let mut bytes = [0_u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |value, digit| value << 4 | digit);
        }
        Ok(Self(bytes))
    }
}

/// The place of an area in the tree: province 2, city 4, district 6, street 9, community 12 digits
/// (NBS division codes), then a grid as `-NN`.
///
/// Containment is a prefix at one of these lengths, so the tree needs no look-up.
///
/// Outside the tree each unit 单位 has an area of its own: what is [lent](crate::crdt::Lent) to it is held there.
///
/// Shape: `130803`, `130803001`, `130803001001`, `130803001001-02`, or `u` and 14 lower-case hexadecimal digits; at most
/// 15 bytes, which stand in the value itself: every operation has one.
/// Source: National Bureau of Statistics division codes; `docs/data-model.md`, "Areas".
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AreaCode(ArrayString<15>);

/// The text is not an area code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an area code has 2, 4, 6, 9 or 12 digits, and a grid adds -NN; a unit's is u and 14 hexadecimal digits"
)]
pub struct AreaCodeError;

impl AreaCode {
    /// Checks and keeps a code.
    ///
    /// # Errors
    /// [`AreaCodeError`] when the text has another shape.
    pub fn new(text: &str) -> Result<Self, AreaCodeError> {
        match ArrayString::from(text) {
            Ok(code) if is_area_code(text) => Ok(Self(code)),
            _ => Err(AreaCodeError),
        }
    }

    /// The grid number `number` (1..=99) of this community.
    ///
    /// # Errors
    /// [`AreaCodeError`] when this is not a community or the number does not fit.
    pub fn grid(&self, number: u8) -> Result<Self, AreaCodeError> {
        Self::new(&format!("{}-{number:02}", self.0))
    }

    /// The common area of a community or street: what is decided there lies in it, and reaches everybody who works
    /// inside. `None` at other levels.
    ///
    /// Shape: the grid 00 of a community; for a street, of its community 000. No division and no grid has these numbers.
    pub fn common(&self) -> Option<Self> {
        let code = match self.level() {
            AreaLevel::Community => format!("{}-00", self.0),
            AreaLevel::Street => format!("{}000-00", self.0),
            _ => return None,
        };
        Self::new(&code).ok()
    }

    /// The area of a unit, by the id of its record: what is lent to the unit is held there. It lies in no other, and
    /// nothing reaches down to it.
    ///
    /// Shape: `u` and the last 14 hexadecimal digits of the id.
    pub fn of_unit(unit: Uuid) -> Self {
        let mut code = ArrayString::new();
        // It has room for exactly so much.
        let _ = write!(code, "u{:014x}", unit.as_u128() & ((1 << 56) - 1));
        Self(code)
    }

    /// Whether this is the [area of a unit](Self::of_unit).
    pub fn is_unit(&self) -> bool {
        self.0.starts_with('u')
    }

    /// Whether this is a [common area](Self::common).
    pub fn is_common(&self) -> bool {
        self.0.ends_with("-00")
    }

    /// The community or street whose [common area](Self::common) this is.
    pub fn decides_for(&self) -> Option<Self> {
        let community = self.parent().filter(|_| self.is_common())?;
        match community.as_str().ends_with("000") {
            true => community.parent(),
            false => Some(community),
        }
    }

    /// The common areas that reach down to this one, the nearest first.
    pub fn reached_from(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self.clone()), Self::parent).filter_map(|area| area.common())
    }

    /// The code's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The area one level up; `None` above a province, and for a unit's.
    pub fn parent(&self) -> Option<Self> {
        let length = match self.0.len() {
            _ if self.is_unit() => return None,
            15 => 12,
            12 => 9,
            9 => 6,
            6 => 4,
            4 => 2,
            _ => return None,
        };
        let text = self.0.get(..length)?;
        ArrayString::from(text).ok().map(Self)
    }

    /// Whether `self` is `other` or lies inside it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(other.as_str())
    }

    /// The level of this area.
    pub fn level(&self) -> AreaLevel {
        match self.0.len() {
            _ if self.is_unit() => AreaLevel::Unit,
            2 => AreaLevel::Province,
            4 => AreaLevel::City,
            6 => AreaLevel::District,
            9 => AreaLevel::Street,
            12 => AreaLevel::Community,
            _ => AreaLevel::Grid,
        }
    }
}

/// The levels of the area tree that a code can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AreaLevel {
    /// 省
    Province,
    /// 市
    City,
    /// 区
    District,
    /// 街道
    Street,
    /// 社区
    Community,
    /// 网格
    Grid,
    /// 单位, outside the tree
    Unit,
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AreaCode({})", self.0)
    }
}

impl FromStr for AreaCode {
    type Err = AreaCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

// The check holds for codes that arrive from outside too.
impl<'de> Deserialize<'de> for AreaCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = ArrayString::deserialize(deserializer)?;
        match is_area_code(&code) {
            true => Ok(Self(code)),
            false => Err(serde::de::Error::custom(AreaCodeError)),
        }
    }
}

fn is_area_code(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix('u') {
        return digits.len() == 14
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    }
    let (division, grid) = match text.split_once('-') {
        Some((division, grid)) => (division, Some(grid)),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let division_fits = digits(division) && matches!(division.len(), 2 | 4 | 6 | 9 | 12);
    let grid_fits = grid.is_none_or(|grid| grid.len() == 2 && digits(grid) && division.len() == 12);
    division_fits && grid_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_five_lengths_and_a_grid_are_area_codes() {
        for good in [
            "13",
            "1308",
            "130803",
            "130803001",
            "130803001001",
            "130803001001-02",
            "u0123456789abcd",
        ] {
            assert_eq!(AreaCode::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "1",
            "13080300",
            "13080300100a",
            "130803-01",
            "130803001001-2",
            "130803001001-022",
            "１３",
            "u",
            "u0123456789abc",
            "u0123456789abcde",
            "u0123456789ABCD",
            "v0123456789abcd",
        ] {
            assert_eq!(AreaCode::new(bad), Err(AreaCodeError), "{bad}");
        }
    }

    #[test]
    fn a_grid_lies_in_its_community_and_not_in_the_neighbour() {
        let grid = AreaCode::new("130803001001-02").unwrap();
        assert!(grid.is_within(&AreaCode::new("130803001001").unwrap()));
        assert!(grid.is_within(&AreaCode::new("130803").unwrap()));
        assert!(!grid.is_within(&AreaCode::new("130803001002").unwrap()));
        assert!(!AreaCode::new("130803001001").unwrap().is_within(&grid));
        assert_eq!(grid.parent().unwrap().as_str(), "130803001001");
    }

    #[test]
    fn a_common_area_knows_for_whom_it_is() {
        for code in ["130803001", "130803001001"] {
            let area = AreaCode::new(code).unwrap();
            assert_eq!(area.common().unwrap().decides_for(), Some(area));
        }
        assert_eq!(AreaCode::new("130803001001-01").unwrap().decides_for(), None);
    }

    #[test]
    fn the_area_of_a_unit_lies_nowhere_and_nothing_reaches_it() {
        let unit = Uuid::from_u128(0x0197_8a2e_55c1_7c4d_9aab_cdef_0123_4567);
        let area = AreaCode::of_unit(unit);
        assert_eq!(area.as_str(), "uabcdef01234567");
        assert_eq!(AreaCode::new(area.as_str()), Ok(area.clone()));
        assert!(area.is_unit() && !area.is_common());
        assert_eq!((area.parent(), area.common()), (None, None));
        assert_eq!(area.level(), AreaLevel::Unit);
        assert_eq!(area.reached_from().count(), 0);
        assert!(area.is_within(&area));
        assert!(!area.is_within(&AreaCode::new("130803").unwrap()));
    }

    #[test]
    fn a_photo_hash_reads_back_what_it_prints() {
        let hash = PhotoHash::of(b"lamp");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("../../etc/passwd".parse::<PhotoHash>(), Err(PhotoHashError));
        assert_eq!(
            hash.to_string().to_uppercase().parse::<PhotoHash>(),
            Err(PhotoHashError)
        );
    }
}
