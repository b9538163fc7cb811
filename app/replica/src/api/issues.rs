//! Issues.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain;
use shared::domain::RecordRef;
use shared::domain::issue::{Category, Event, Step};
use shared::ids::{AreaCode, IssueId};

use super::{Ask, Conflict, EarlierValue, LogCursor, PhotoSummary};

/// Issues, latest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issues {
    /// Which.
    pub filter: IssueFilter,
    /// Continue behind this entry of the page before.
    pub after: Option<LogCursor>,
    /// At most this many, at most 100.
    pub limit: u32,
}

impl Ask for Issues {
    type Reply = Vec<IssueSummary>;
}

/// Everything about one issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// Its id.
    pub id: IssueId,
}

impl Ask for Issue {
    type Reply = IssuePage;
}

/// Appends a step to an issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddEvent {
    /// The issue.
    pub issue: IssueId,
    /// The step, its note, and whom it names.
    pub event: Event,
}

impl Ask for AddEvent {
    type Reply = RecordRef;
}

/// Which issues are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IssueFilter {
    /// In this area.
    pub area: Option<AreaCode>,
    /// Of this category.
    pub category: Option<Category>,
    /// In this state.
    pub state: Option<Step>,
    /// Only those not finished.
    pub open_only: bool,
}

/// An issue in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssueSummary {
    /// Its id.
    pub id: IssueId,
    /// Its grid.
    pub area: AreaCode,
    /// Its fields.
    pub issue: domain::Issue,
    /// The door, if it was found at one.
    pub door: String,
    /// Where it stands.
    pub state: Step,
    /// Who reported it.
    pub author: String,
    /// Its photos.
    pub photos: Vec<PhotoSummary>,
    /// Not uploaded yet.
    pub waiting: bool,
}

/// Everything about one issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuePage {
    /// As in lists.
    pub summary: IssueSummary,
    /// Its events in order.
    pub timeline: Vec<TimelineEntry>,
    /// The steps that this worker may take now.
    pub next_steps: Vec<Step>,
    /// Conflicts of its fields.
    pub conflicts: Vec<Conflict>,
    /// What it said before it was corrected, the last replaced first.
    pub earlier: Vec<EarlierValue>,
}

/// One event of an issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// The event.
    pub event: Event,
    /// The step, when this version knows it.
    pub step: Option<Step>,
    /// Whom or what it names, in words: a unit, another issue; empty when it names nothing or nothing that is here.
    pub names: String,
    /// When.
    pub at: TimestampMs,
    /// Who.
    pub author: String,
    /// Whether it changed the state; if not, `reason` says why.
    pub applied: bool,
    /// A code such as `issue.already_closed`; empty when applied.
    pub reason: String,
}
