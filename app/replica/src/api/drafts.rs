//! Half-filled forms.

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::issue::{Category, Event, Step};
use shared::domain::visit::{Outcome, Phrase, Purpose};
use shared::domain::{CalendarDate, FieldMap, Household, Need, RecordKind, RecordRef, Resident, field_map};
use shared::ids::{AreaCode, DraftId, HouseholdId, IssueId, ResidentId, VisitId};

use super::{Ask, PhotoSummary};

/// Keeps a half-filled form, at every change. What another form wrote under this id meanwhile stays: this one is then
/// kept under another id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SaveDraft {
    /// Chosen by the form when it opens.
    pub id: DraftId,
    /// What it holds.
    pub body: DraftBody,
    /// What the form knows of where it is kept.
    pub seen: DraftSeen,
}

impl Ask for SaveDraft {
    type Reply = KeptDraft;
}

/// What a form under this id shows: the draft that is open, or else the record that was saved, to be corrected;
/// `None` when there is neither.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Its id.
    pub id: DraftId,
}

impl Ask for Draft {
    type Reply = Option<DraftPage>;
}

/// Saves a form: makes the draft a record, whose id is the draft's, or corrects the record that it was opened for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinishDraft {
    /// The draft.
    pub id: DraftId,
}

impl Ask for FinishDraft {
    type Reply = RecordRef;
}

/// Throws a draft away: it lies in the bin for 30 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiscardDraft {
    /// Its id.
    pub id: DraftId,
}

impl Ask for DiscardDraft {
    type Reply = ();
}

/// Takes a draft out of the bin, with its photos.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TakeDraftBack {
    /// Its id.
    pub id: DraftId,
}

impl Ask for TakeDraftBack {
    type Reply = ();
}

/// Where a form is kept now. It is durable on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptDraft {
    /// Under which id: another one when another form had written under the first.
    pub id: DraftId,
    /// To be handed back at the next save.
    pub revision: u64,
}

/// What a form shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DraftPage {
    /// Its id.
    pub id: DraftId,
    /// It is kept as a draft; else it is a saved record as it is, to be corrected.
    pub is_open: bool,
    /// The saved record that it corrects.
    pub corrects: Option<RecordRef>,
    /// What it holds.
    pub body: DraftBody,
    /// Its photos in order.
    pub photos: Vec<PhotoSummary>,
    /// Those that the record has already.
    pub saved_photos: Vec<PhotoSummary>,
    /// To be handed back at every save.
    pub seen: DraftSeen,
}

/// What a form knows of where it is kept. A new form knows nothing: the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DraftSeen {
    /// The draft as it stood; 0 when there was none.
    pub revision: u64,
    /// The record as it stood when the form was opened, in a form of the replica's own; empty for a new one.
    pub base: Vec<u8>,
}

/// What a draft holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DraftBody {
    /// A visit form.
    Visit(VisitDraft),
    /// An issue form.
    Issue(IssueDraft),
    /// A household's form.
    Household(HouseholdDraft),
    /// A resident's form.
    Resident(ResidentDraft),
    /// A step of an issue.
    Step(StepDraft),
    /// The form of a kind that needs none of its own.
    Record(RecordDraft),
}

/// A visit form, every field of which may still be open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VisitDraft {
    /// The household.
    pub household: HouseholdId,
    /// How it went.
    pub outcome: Option<Outcome>,
    /// Who was met.
    pub met: Vec<ResidentId>,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Phrases tapped.
    pub phrases: Vec<Phrase>,
    /// Note.
    pub note: String,
    /// Needs found.
    pub needs: Vec<Need>,
    /// What was promised.
    pub promise: String,
    /// For which day.
    pub promise_due: Option<CalendarDate>,
    /// When the form was opened.
    pub started_at: TimestampMs,
}

/// An issue form, every field of which may still be open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssueDraft {
    /// The grid; taken from the household when there is one.
    pub area: Option<AreaCode>,
    /// What it is about.
    pub category: Option<Category>,
    /// Title.
    pub title: String,
    /// Note.
    pub note: String,
    /// The household it was found at.
    pub household: Option<HouseholdId>,
    /// The place in words.
    pub place: String,
    /// The visit it came up in.
    pub visit: Option<VisitId>,
    /// Done at once 当场已解决.
    pub handled_on_the_spot: bool,
    /// When the form was opened.
    pub started_at: TimestampMs,
}

/// A household's form, as it was typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HouseholdDraft {
    /// The grid that it lies in or is to lie in.
    pub area: Option<AreaCode>,
    /// The household that is there already; `None` for a new one.
    pub corrects: Option<HouseholdId>,
    /// Its fields; the door in any spelling.
    pub household: Household,
}

/// A resident's form, as it was typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResidentDraft {
    /// Its fields but for the two below; telephone numbers in any spelling.
    pub resident: Resident,
    /// Year of birth.
    pub birth_year: String,
    /// Month of birth.
    pub birth_month: String,
}

/// A step of an issue that is being described.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepDraft {
    /// The issue.
    pub issue: IssueId,
    /// The household that the issue was found at, if any.
    pub household: Option<HouseholdId>,
    /// Which step, what was noted, whom it names.
    pub event: Event,
}

impl StepDraft {
    /// The draft of a step: one for each step of an issue, so that it is found again.
    pub fn id(issue: IssueId, step: u64) -> DraftId {
        DraftId(uuid::Uuid::from_u128(issue.0.as_u128() ^ u128::from(step)))
    }
}

/// A half-filled form in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DraftSummary {
    /// Its id.
    pub id: DraftId,
    /// What it is about.
    pub kind: DraftKind,
    /// It corrects what is saved already.
    pub corrects: bool,
    /// The household it is about, if there is one.
    pub household: Option<HouseholdId>,
    /// The issue whose step it describes.
    pub step_of: Option<IssueId>,
    /// The step that it describes.
    pub step: Option<Step>,
    /// The door it is about, if any; else the issue whose step it describes.
    pub door: String,
    /// The first words of it.
    pub text: String,
    /// Photos kept with it.
    pub photo_count: u32,
    /// When it was last touched; of one in the bin, when it was thrown away.
    pub changed_at: TimestampMs,
}

/// What a half-filled form is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DraftKind {
    /// A visit.
    Visit,
    /// An issue.
    Issue,
    /// A household.
    Household,
    /// A resident.
    Resident,
    /// A step of an issue.
    Step,
    /// A record of a kind that needs no form of its own.
    Record(RecordKind),
}

impl DraftKind {
    /// Its code in the language files.
    pub fn code(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Issue => "issue",
            Self::Household => "household",
            Self::Resident => "resident",
            Self::Step => "step",
            Self::Record(kind) => kind.spec().map_or("unknown", |spec| spec.name),
        }
    }
}

/// A record's form, as it was typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordDraft {
    /// What it is.
    pub kind: RecordKind,
    /// Where it lies or is to lie.
    pub area: Option<AreaCode>,
    /// Its fields. Numbers, telephone numbers and lists of texts ([`LIST_SEPARATOR`]) are texts, as they are typed.
    #[serde(with = "field_map")]
    pub fields: FieldMap,
}

/// Stands between the texts of a list, in a form.
pub const LIST_SEPARATOR: char = '、';
