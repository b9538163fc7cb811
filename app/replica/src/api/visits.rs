//! Visits.

use serde::{Deserialize, Serialize};
use shared::domain;
use shared::domain::CalendarDate;
use shared::domain::visit::{Outcome, Purpose};
use shared::ids::{AreaCode, VisitId};

use super::{Ask, Conflict, EarlierValue, IssueSummary, LogCursor, PhotoSummary};

/// The merged log of visits, latest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VisitLog {
    /// Which.
    pub filter: VisitFilter,
    /// Continue behind this entry of the page before.
    pub after: Option<LogCursor>,
    /// At most this many, at most 100.
    pub limit: u32,
}

impl Ask for VisitLog {
    type Reply = Vec<VisitSummary>;
}

/// Everything about one visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Its id.
    pub id: VisitId,
}

impl Ask for Visit {
    type Reply = VisitPage;
}

/// Which visits the log shows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VisitFilter {
    /// In this area.
    pub area: Option<AreaCode>,
    /// Begun on this day or later.
    pub from: Option<CalendarDate>,
    /// Begun on this day or earlier.
    pub to: Option<CalendarDate>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// With this purpose.
    pub purpose: Option<Purpose>,
}

/// A visit in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VisitSummary {
    /// Its id.
    pub id: VisitId,
    /// Its grid.
    pub area: AreaCode,
    /// The door.
    pub door: String,
    /// Its fields.
    pub visit: domain::Visit,
    /// Names of the residents met.
    pub met_names: Vec<String>,
    /// Who recorded it.
    pub author: String,
    /// Its photos.
    pub photos: Vec<PhotoSummary>,
    /// Fields with a conflict.
    pub conflict_count: u32,
    /// Not uploaded yet.
    pub waiting: bool,
}

/// Everything about one visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VisitPage {
    /// As in lists.
    pub summary: VisitSummary,
    /// Its conflicts.
    pub conflicts: Vec<Conflict>,
    /// What it said before it was corrected, the last replaced first.
    pub earlier: Vec<EarlierValue>,
    /// Issues reported during it.
    pub issues: Vec<IssueSummary>,
}
