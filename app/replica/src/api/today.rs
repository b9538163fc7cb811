//! What waits for the worker today.

use serde::{Deserialize, Serialize};
use shared::domain::CalendarDate;
use shared::ids::{HouseholdId, VisitId};

use super::{Ask, DraftSummary, IssueSummary};

/// What waits for the worker today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Today;

impl Ask for Today {
    type Reply = TodayPage;
}

/// What waits for the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TodayPage {
    /// Half-filled forms.
    pub drafts: Vec<DraftSummary>,
    /// Promises not yet kept, by due day; overdue first.
    pub promises: Vec<PromiseDue>,
    /// Issues not yet finished, oldest first, at most 20.
    pub open_issues: Vec<IssueSummary>,
    /// Number of all open issues.
    pub open_issue_count: u64,
    /// Conflicts, and removals beside edits, that can be looked at.
    pub conflict_count: u64,
    /// Households on this device.
    pub household_count: u64,
}

/// A promise made at a door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromiseDue {
    /// The visit during which it was made.
    pub visit: VisitId,
    /// The household.
    pub household: HouseholdId,
    /// Its door.
    pub door: String,
    /// What was promised.
    pub promise: String,
    /// For which day.
    pub due: Option<CalendarDate>,
}
