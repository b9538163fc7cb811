//! What screens may ask of the replica, and what it tells them unasked (D1).
//!
//! One request ([`Call`]) has one answer ([`Answer`] or [`ApiError`]); [`Notice`]s come by themselves. In a
//! browser these cross to a dedicated worker as bytes, natively to a thread, so every type here is plain data.
//!
//! Units: every `*_ms` and `*_at` is milliseconds since the Unix epoch.

mod generic;

use serde::{Deserialize, Serialize};
use shared::clock::TimestampMs;
use shared::domain::area::Area;
use shared::domain::household::DoorWarning;
use shared::domain::issue::{Category, Event, Step};
use shared::domain::visit::{Outcome, Phrase, Purpose};
use shared::domain::worker::Role;
use shared::domain::{
    CalendarDate, FieldId, FieldMap, Household, Issue, Need, RecordKind, RecordRef, Resident, Value, Visit,
    field_map,
};
use shared::ids::{
    AreaCode, DeviceId, DraftId, HouseholdId, IssueId, PhotoHash, ResidentId, VisitId, WorkerId,
};

pub use generic::{LIST_SEPARATOR, RECORDS_MAX, RecordDraft, RecordList, RecordPage, RecordSummary};

/// A request of a screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Call {
    /// Who is signed in, and how the sync stands. Answer: [`Answer::Status`].
    Status,
    /// Enrols this device for a worker; needs a connection. Answer: [`Answer::Status`].
    SignIn {
        /// Origin of the server, e.g. `https://koumen.example`; empty in a browser: where the app came from.
        server: String,
        /// Account name.
        username: String,
        /// Password. Never stored.
        password: String,
        /// How the device is called in lists, e.g. `Chrome, Android`.
        device_name: String,
    },
    /// Signs out and removes the replica; refused with [`ErrorCode::UnsentWork`] while work waits. Answer: [`Answer::Done`].
    SignOut,
    /// What waits for the worker today. Answer: [`Answer::Today`].
    Today,
    /// The areas on this device. Answer: [`Answer::Areas`].
    Areas,
    /// Buildings of an area (all areas when `None`). Answer: [`Answer::Buildings`].
    Buildings {
        /// A grid, community or anything above.
        area: Option<AreaCode>,
    },
    /// Households of one building by unit, floor and door. Answer: [`Answer::Households`].
    Doors {
        /// The grid.
        area: AreaCode,
        /// The building, as in [`BuildingSummary`].
        building: String,
    },
    /// Households and residents by name, pinyin, initials, door number or telephone. Answer: [`Answer::Hits`].
    Search {
        /// As typed.
        text: String,
        /// At most this many, at most 100.
        limit: u32,
    },
    /// Everything about one household. Answer: [`Answer::Household`].
    Household {
        /// Its id.
        id: HouseholdId,
    },
    /// Who lives at a door already, while it is typed. Answer: [`Answer::AtDoor`].
    AtDoor {
        /// The grid.
        area: AreaCode,
        /// As typed; nobody lives at what is no door.
        door: String,
        /// The household whose door is being changed.
        besides: Option<HouseholdId>,
    },
    /// A new household behind a door. Answer: [`Answer::Saved`].
    AddHousehold {
        /// The grid.
        area: AreaCode,
        /// Its fields; the door in any spelling.
        household: Household,
    },
    /// A new resident. Answer: [`Answer::Saved`].
    AddResident {
        /// With the household's id.
        resident: Resident,
    },
    /// Changes some fields of a record; the others stay as they are. Answer: [`Answer::Saved`].
    SaveFields {
        /// The record.
        record: RecordRef,
        /// Only the fields that changed. A set (needs) is given whole; what differs is added and removed.
        #[serde(with = "field_map")]
        fields: FieldMap,
    },
    /// Withdraws a record (a resident who moved away, a visit saved by mistake). Answer: [`Answer::Saved`].
    Remove {
        /// The record.
        record: RecordRef,
    },
    /// Which areas are and were assigned here, and what went with them. Answer: [`Answer::Holdings`].
    Holdings,
    /// Keeps a record although somebody removed it, or brings a removed one back. Answer: [`Answer::Saved`].
    Keep {
        /// The record.
        record: RecordRef,
    },
    /// Removed records: those that an edit kept, and those that can be brought back. Answer: [`Answer::Removals`].
    Removals,
    /// Households or residents that may be the same as this one, likeliest first. Answer: [`Answer::Alike`].
    Alike {
        /// A household or resident.
        record: RecordRef,
    },
    /// Says that a household or resident is the same as another one and is shown under it. Answer: [`Answer::Saved`].
    MergeInto {
        /// The one that disappears from lists.
        record: RecordRef,
        /// The one that stays, of the same kind and area.
        kept: uuid::Uuid,
    },
    /// Says that a merged household or resident is one of its own after all. Answer: [`Answer::Saved`].
    Separate {
        /// The one that comes back.
        record: RecordRef,
    },
    /// Keeps a half-filled form, at every change. What another form wrote under this id meanwhile stays: this one is
    /// then kept under another id. Answer: [`Answer::Kept`].
    SaveDraft {
        /// Chosen by the form when it opens.
        id: DraftId,
        /// What it holds.
        body: DraftBody,
        /// What the form knows of where it is kept.
        seen: DraftSeen,
    },
    /// What a form under this id shows: the draft that is open, or else the record that was saved, to be corrected.
    /// Answer: [`Answer::Draft`].
    Draft {
        /// Its id.
        id: DraftId,
    },
    /// Throws a draft away: it lies in the bin for 30 days. Answer: [`Answer::Done`].
    DiscardDraft {
        /// Its id.
        id: DraftId,
    },
    /// Takes a draft out of the bin, with its photos. Answer: [`Answer::Done`].
    TakeDraftBack {
        /// Its id.
        id: DraftId,
    },
    /// Prepares a photo (upright, 1600 px, metadata gone) and keeps it with a draft. Answer: [`Answer::Photo`].
    AddPhoto {
        /// The draft.
        draft: DraftId,
        /// The file as the camera made it: JPEG or PNG.
        file: Vec<u8>,
        /// When the file was last changed, used when the file itself does not say when it was taken.
        modified_at: TimestampMs,
    },
    /// Takes a photo out of a draft. Answer: [`Answer::Done`].
    RemovePhoto {
        /// The draft.
        draft: DraftId,
        /// The photo.
        hash: PhotoHash,
    },
    /// Puts a photo back that was taken out of a draft. Answer: [`Answer::Done`].
    PutPhotoBack {
        /// The draft.
        draft: DraftId,
        /// The photo.
        hash: PhotoHash,
    },
    /// Saves a form: makes the draft a record, whose id is the draft's, or corrects the record that it was opened for.
    /// Answer: [`Answer::Saved`].
    FinishDraft {
        /// The draft.
        id: DraftId,
    },
    /// A photo's bytes, from the device or else from the server. Answer: [`Answer::Bytes`].
    PhotoBytes {
        /// The photo.
        hash: PhotoHash,
    },
    /// The merged log of visits, latest first. Answer: [`Answer::Visits`].
    VisitLog {
        /// Which.
        filter: VisitFilter,
        /// Continue behind this entry of the page before.
        after: Option<LogCursor>,
        /// At most this many, at most 100.
        limit: u32,
    },
    /// Everything about one visit. Answer: [`Answer::Visit`].
    Visit {
        /// Its id.
        id: VisitId,
    },
    /// Issues, latest first. Answer: [`Answer::Issues`].
    Issues {
        /// Which.
        filter: IssueFilter,
        /// Continue behind this entry of the page before.
        after: Option<LogCursor>,
        /// At most this many, at most 100.
        limit: u32,
    },
    /// Everything about one issue. Answer: [`Answer::Issue`].
    Issue {
        /// Its id.
        id: IssueId,
    },
    /// The records of a kind that needs no screens of its own. Answer: [`Answer::Records`].
    Records {
        /// The kind.
        kind: RecordKind,
    },
    /// Everything about one record of such a kind. Answer: [`Answer::Record`].
    Record {
        /// The record.
        record: RecordRef,
    },
    /// Appends a step to an issue. Answer: [`Answer::Saved`].
    AddEvent {
        /// The issue.
        issue: IssueId,
        /// The step, its note, and whom it names.
        event: Event,
    },
    /// Every open conflict on this device. Answer: [`Answer::Conflicts`].
    Conflicts,
    /// Makes one of the values of a conflict the value; itself an edit. Answer: [`Answer::Saved`].
    Restore {
        /// The record.
        record: RecordRef,
        /// The field.
        field: FieldId,
        /// The value to have, exactly as listed in the conflict.
        value: Value,
    },
    /// Drafts, what waits, what was uploaded lately, what needs attention. Answer: [`Answer::Outbox`].
    Outbox,
    /// Sends a set-aside operation again, as a new one. Answer: [`Answer::Saved`].
    RetryParked {
        /// The own sequence number.
        seq: u64,
    },
    /// The worker has seen that a set-aside operation stays with the supervisor, or takes that back. Answer:
    /// [`Answer::Done`].
    DismissParked {
        /// The own sequence number.
        seq: u64,
        /// Whether it stays there.
        seen: bool,
    },
    /// What the server has set aside in the areas of a supervisor, newest first, a page at a time. Answer:
    /// [`Answer::ParkedAll`].
    ParkedAll {
        /// [`ParkedOfOthers::next`] of the last one of the page before; empty for the first page.
        after: String,
    },
    /// Makes the change of a parked operation again, as an own operation of the supervisor. Answer: [`Answer::Saved`].
    ApplyParked {
        /// As listed.
        parked: Box<ParkedOfOthers>,
    },
    /// A setting of this device (`language`, `type_size`, `theme`). Answer: [`Answer::Setting`].
    Setting {
        /// Its name.
        name: String,
    },
    /// Keeps a setting of this device. Answer: [`Answer::Done`].
    SetSetting {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// What the server knows that it lacks, in the areas of a supervisor. Answer: [`Answer::Gaps`].
    Gaps,
    /// How much room the replica takes. Answer: [`Answer::Storage`].
    Storage,
    /// Wakes the sync engine: the worker asked, or the network came back. Answer: [`Answer::Done`].
    SyncNow,
    /// Sends a photo again that the server would not take. Answer: [`Answer::Done`].
    RetryPhoto {
        /// The photo.
        hash: PhotoHash,
    },
    /// Deletes the bytes of a photo that the server would not take. Answer: [`Answer::Done`].
    DiscardPhoto {
        /// The photo.
        hash: PhotoHash,
    },
}

/// The answer to a [`Call`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done.
    Done,
    /// It is durable on this device.
    Saved(RecordRef),
    /// See [`Call::Status`].
    Status(Box<Status>),
    /// See [`Call::Today`].
    Today(Box<Today>),
    /// See [`Call::Areas`].
    Areas(Vec<Area>),
    /// See [`Call::Buildings`].
    Buildings(Vec<BuildingSummary>),
    /// See [`Call::Doors`].
    Households(Vec<HouseholdSummary>),
    /// See [`Call::AtDoor`].
    AtDoor(Vec<AtDoorEntry>),
    /// See [`Call::Search`].
    Hits(Vec<SearchHit>),
    /// See [`Call::Household`].
    Household(Box<HouseholdPage>),
    /// See [`Call::Holdings`].
    Holdings(Holdings),
    /// See [`Call::Removals`].
    Removals(Removals),
    /// See [`Call::Alike`].
    Alike(Vec<AlikeEntry>),
    /// See [`Call::Draft`]; `None` when there is neither draft nor record.
    Draft(Option<Box<Draft>>),
    /// See [`Call::SaveDraft`]: it is durable on this device.
    Kept {
        /// Under which id: another one when another form had written under the first.
        id: DraftId,
        /// To be handed back at the next save.
        revision: u64,
    },
    /// See [`Call::AddPhoto`].
    Photo(PhotoSummary),
    /// See [`Call::PhotoBytes`]: a JPEG.
    Bytes(Vec<u8>),
    /// See [`Call::VisitLog`].
    Visits(Vec<VisitSummary>),
    /// See [`Call::Visit`].
    Visit(Box<VisitPage>),
    /// See [`Call::Issues`].
    Issues(Vec<IssueSummary>),
    /// See [`Call::Issue`].
    Issue(Box<IssuePage>),
    /// See [`Call::Records`].
    Records(RecordList),
    /// See [`Call::Record`].
    Record(Box<RecordPage>),
    /// See [`Call::Conflicts`].
    Conflicts(Vec<Conflict>),
    /// See [`Call::Outbox`].
    Outbox(Box<Outbox>),
    /// See [`Call::ParkedAll`].
    ParkedAll(Vec<ParkedOfOthers>),
    /// See [`Call::Setting`].
    Setting(Option<String>),
    /// See [`Call::Gaps`].
    Gaps(Vec<Gap>),
    /// See [`Call::Storage`].
    Storage(StorageState),
}

/// Told without being asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Notice {
    /// Records changed: screens ask again for what they show.
    Changed,
    /// The sync stands differently.
    Sync(SyncState),
    /// Signed in, signed out, or other areas assigned.
    Session,
    /// This tab works through another one, which holds the database (D13).
    Following,
    /// The database cannot be opened here; nothing can be kept. The code says why.
    Unusable(String),
}

/// What went wrong, grouped by what the person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorCode {
    /// No connection: the call needs one. Try again later.
    Offline,
    /// Name or password is wrong.
    WrongCredentials,
    /// Nobody is signed in.
    SignedOut,
    /// The record or draft is not on this device.
    NotFound,
    /// What was entered cannot be saved; `detail` is the validation code, e.g. `visit.outcome_missing`.
    Invalid,
    /// The file is no photo that can be kept; `detail` says why, e.g. `photo.too_large`.
    BadPhoto,
    /// The device has no room left.
    StorageFull,
    /// Work waits that has not been uploaded.
    UnsentWork,
    /// The app is too old for the server.
    UpdateNeeded,
    /// The server answered with an error; `detail` is its code.
    Server,
    /// A bug of ours; `detail` is for the report.
    Internal,
    /// A photo's bytes are not on this device, and not on the server yet.
    PhotoNotHere,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code:?}: {detail}")]
pub struct ApiError {
    /// The kind.
    pub code: ErrorCode,
    /// A stable code or a technical detail, never personal data.
    pub detail: String,
    /// For [`ErrorCode::Invalid`]: the field that it concerns, when it concerns one.
    pub field: Option<FieldId>,
}

impl ApiError {
    /// The same of a field.
    #[must_use]
    pub fn at(self, field: FieldId) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }
}

/// Who is signed in and how the sync stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Nobody when `None`.
    pub session: Option<Session>,
    /// How the sync stands.
    pub sync: SyncState,
    /// What lies sealed on this device, until its worker signs in again.
    pub sealed: Option<Sealed>,
}

/// A revoked device: everything of its worker is encrypted, and comes back as it was when they sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The account name.
    pub username: String,
    /// The worker's name.
    pub name: String,
    /// Operations that were not uploaded.
    pub operations: u64,
    /// Photos that were not uploaded.
    pub photos: u64,
    /// Half-filled forms.
    pub drafts: u64,
}

/// The enrolment of this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The worker.
    pub worker: WorkerId,
    /// The worker's name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The areas assigned to them.
    pub areas: Vec<Area>,
    /// This device.
    pub device: DeviceId,
}

/// How the sync stands, for the chip that tells it in one look.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SyncState {
    /// What the engine does.
    pub phase: SyncPhase,
    /// Own operations that the server has not receipted.
    pub waiting_operations: u64,
    /// Photos whose bytes are not on the server.
    pub waiting_photos: u64,
    /// Operations set aside, and photos refused, that need the worker's attention.
    pub attention: u64,
    /// Operations of a running pull: done and total.
    pub pull_done: u64,
    /// See `pull_done`.
    pub pull_total: u64,
    /// When a sync last succeeded, ms; 0 for never.
    pub last_success_at: TimestampMs,
    /// Device clock minus server clock in ms, when it is more than 5 minutes off; else 0.
    pub clock_ahead_ms: i64,
    /// Whether the device has room.
    pub room: RoomState,
}

/// Whether the device has room for what is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RoomState {
    /// Yes, or nobody says.
    #[default]
    Enough,
    /// More than 80 % is used.
    Tight,
    /// What is left is kept for own work: nothing new is received.
    Full,
}

/// What the sync engine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SyncPhase {
    /// Nobody is signed in, or nothing was tried yet.
    #[default]
    Idle,
    /// Talking to the server.
    Working,
    /// Everything is up to date.
    UpToDate,
    /// No connection. Normal.
    Offline,
    /// The server answers, but not as it should; tried again by itself.
    Trouble,
    /// The session was closed or the device revoked: sign in again, work is kept.
    SignInAgain,
    /// The app must be updated.
    UpdateNeeded,
    /// The server has no room for what was recorded; it is kept here and tried again by itself. What others recorded comes.
    ServerFull,
}

/// What waits for the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Today {
    /// Half-filled forms.
    pub drafts: Vec<DraftSummary>,
    /// Promises not yet kept, by due day; overdue first.
    pub promises: Vec<PromiseDue>,
    /// Issues not yet finished, oldest first, at most 20.
    pub open_issues: Vec<IssueSummary>,
    /// Number of all open issues.
    pub open_issue_count: u64,
    /// Residents living alone or with chronic illness, not met for the longest time, at most 10.
    pub care: Vec<CareDue>,
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

/// Somebody who wants care and was not met for long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CareDue {
    /// The household.
    pub household: HouseholdId,
    /// Its door.
    pub door: String,
    /// Who.
    pub resident: ResidentId,
    /// Their name.
    pub name: String,
    /// Their needs.
    pub needs: Vec<Need>,
    /// When this person was last met; `None` for never. Meeting somebody else of the household does not count.
    pub last_met_at: Option<TimestampMs>,
}

/// A building with what is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildingSummary {
    /// The grid.
    pub area: AreaCode,
    /// The building as in door numbers, e.g. `3` or `A`.
    pub building: String,
    /// Households.
    pub households: u64,
    /// Vacant ones among them.
    pub vacant: u64,
    /// Residents.
    pub residents: u64,
}

/// A household in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HouseholdSummary {
    /// Its id.
    pub id: HouseholdId,
    /// Its grid.
    pub area: AreaCode,
    /// Canonical door number.
    pub door: String,
    /// Names of its people, head first.
    pub names: Vec<String>,
    /// Nobody lives there.
    pub vacant: bool,
    /// Needs of its people.
    pub needs: Vec<Need>,
    /// When somebody was last met there.
    pub last_met_at: Option<TimestampMs>,
    /// "Please do not visit before", when that day is still to come.
    pub no_visit_before: Option<CalendarDate>,
    /// "Not on my own".
    pub not_alone: bool,
    /// What one should know before knocking.
    pub warnings: Vec<DoorWarning>,
}

/// One find.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchHit {
    /// The household.
    pub household: HouseholdId,
    /// Its door.
    pub door: String,
    /// Its grid's name.
    pub area_name: String,
    /// The resident found, or `None` when the door was.
    pub resident: Option<ResidentId>,
    /// The resident's name, or the names behind the door.
    pub name: String,
}

/// A household at a door that is being typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AtDoorEntry {
    /// The household.
    pub household: HouseholdId,
    /// The door, canonical.
    pub door: String,
    /// Its grid's name with its community's.
    pub area_name: String,
    /// It lies in the grid that was asked about, not in another one of the community.
    pub same_grid: bool,
    /// Names of its people, head first.
    pub names: Vec<String>,
}

/// Needs that were found on a visit and are noted with nobody yet: nobody was ticked, or several were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The visit, the last one that found them.
    pub visit: VisitId,
    /// What was found and nobody there is known to need.
    pub needs: Vec<Need>,
    /// When the visit began.
    pub at: TimestampMs,
}

/// Everything about one household.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HouseholdPage {
    /// Its id.
    pub id: HouseholdId,
    /// Its grid.
    pub area: AreaCode,
    /// The grid's name with its community.
    pub area_name: String,
    /// The area that it is to be moved to, while that waits for the server.
    pub moving_to: Option<Area>,
    /// Its fields; warnings and limits are those of every record of it.
    pub household: Household,
    /// What records that are shown under it say besides: when to come, and notes.
    pub besides: Vec<String>,
    /// Promises made there that are not kept yet, by due day.
    pub promises: Vec<PromiseDue>,
    /// Needs found there that are noted with nobody yet, the last first.
    pub findings: Vec<Finding>,
    /// Its people.
    pub residents: Vec<ResidentEntry>,
    /// Its visits, latest first, at most 50.
    pub visits: Vec<VisitSummary>,
    /// Its issues, latest first, at most 50.
    pub issues: Vec<IssueSummary>,
    /// Drafts of visits to it.
    pub drafts: Vec<DraftSummary>,
    /// Conflicts of the household and its people.
    pub conflicts: Vec<Conflict>,
    /// Households that are shown under this one; their people, visits and issues are among the above.
    pub duplicates: Vec<DuplicateEntry>,
    /// Of all that belongs to it, what somebody removed and an edit kept.
    pub removals: Vec<RemovalEntry>,
    /// What its fields and those of all that belongs to it were before, the last replaced first, at most 50.
    pub earlier: Vec<EarlierValue>,
    /// Some of it is not uploaded yet.
    pub waiting: bool,
}

/// A resident with id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResidentEntry {
    /// The id.
    pub id: ResidentId,
    /// The fields; needs and telephone numbers are those of every record of the person.
    pub resident: Resident,
    /// When this person was last met, wherever; `None` for never.
    pub last_met_at: Option<TimestampMs>,
    /// Records of the same person that are shown under this one.
    pub duplicates: Vec<DuplicateEntry>,
}

/// A record that is shown under another one because somebody said that they are the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DuplicateEntry {
    /// The record.
    pub record: RecordRef,
    /// What it was called: a door or a name.
    pub title: String,
    /// What else it says: the names behind the door, or telephone numbers.
    pub detail: String,
    /// Who said so.
    pub author: String,
    /// When.
    pub at: TimestampMs,
}

/// A record that may be the same as another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlikeEntry {
    /// The record.
    pub record: RecordRef,
    /// What it is called: a door or a name.
    pub title: String,
    /// What else it says: the names behind the door, or the door.
    pub detail: String,
    /// It is called the same.
    pub same_title: bool,
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

/// What a form shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
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

/// A photo in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhotoSummary {
    /// Its name.
    pub hash: PhotoHash,
    /// A small JPEG.
    pub thumbnail: Vec<u8>,
    /// When it was taken.
    pub taken_at: TimestampMs,
    /// Bytes.
    pub size: u32,
    /// Its bytes are on the server.
    pub uploaded: bool,
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

/// Where a page of a log ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogCursor {
    /// The last entry's time.
    pub at: TimestampMs,
    /// The last entry's id.
    pub id: uuid::Uuid,
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
    pub visit: Visit,
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

/// An issue in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssueSummary {
    /// Its id.
    pub id: IssueId,
    /// Its grid.
    pub area: AreaCode,
    /// Its fields.
    pub issue: Issue,
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

/// A field of which several values were written at once, without knowing of each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// The record.
    pub record: RecordRef,
    /// What the record is called: a door, a name, a title.
    pub title: String,
    /// The household to open for it, if any.
    pub household: Option<HouseholdId>,
    /// The field.
    pub field: FieldId,
    /// The field's name as in the language files, e.g. `resident.phones`.
    pub field_name: String,
    /// The values, the shown one first.
    pub values: Vec<ConflictValue>,
}

/// One value of a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConflictValue {
    /// The value.
    pub value: Value,
    /// What the record is called that the value names, if it names one.
    pub names: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: TimestampMs,
}

/// Why a record is (not) here.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Holdings {
    /// Those assigned now first, then those that ended, the last first.
    pub areas: Vec<Holding>,
    /// Households that went because they were moved, the last first, at most 50.
    pub departed: Vec<DepartedHousehold>,
}

/// A household that went from this device because it was moved to an area that is not held here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DepartedHousehold {
    /// Its id.
    pub id: HouseholdId,
    /// Its door, canonical.
    pub door: String,
    /// When it went, ms of the device's clock.
    pub went_at: TimestampMs,
}

/// An area that is or was assigned to this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holding {
    /// The area.
    pub area: AreaCode,
    /// Its name with its community's.
    pub name: String,
    /// Since when it is held, if this device knows.
    pub since: Option<TimestampMs>,
    /// When the assignment ended; `None` while it lasts.
    pub ended_at: Option<TimestampMs>,
    /// Households that went from this device when it ended.
    pub removed: u64,
    /// Records that are still here until the own work about them, forms that are open too, is receipted.
    pub waiting: u64,
}

/// A value that another one has replaced, as this device saw it: an earlier version, or what lost a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlierValue {
    /// The record.
    pub record: RecordRef,
    /// What the record is called: a door, a name, a title.
    pub title: String,
    /// The field.
    pub field: FieldId,
    /// The field's name as in the language files.
    pub field_name: String,
    /// The value as it was.
    pub value: Value,
    /// What the record is called that the value names, if it names one.
    pub names: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: TimestampMs,
    /// Who replaced it.
    pub replaced_by: String,
    /// When.
    pub replaced_at: TimestampMs,
}

/// A record that somebody removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovalEntry {
    /// The record.
    pub record: RecordRef,
    /// What the record is called: a door, a name, a title.
    pub title: String,
    /// The household to open for it, if any.
    pub household: Option<HouseholdId>,
    /// Who removed it.
    pub removed_by: String,
    /// When.
    pub removed_at: TimestampMs,
    /// Who edited it without knowing; empty when nobody did or it cannot be told.
    pub edited_by: String,
    /// When.
    pub edited_at: Option<TimestampMs>,
}

/// Removed records, the last first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Removals {
    /// Somebody edited them without knowing, so they are still there; at most 200.
    pub kept: Vec<RemovalEntry>,
    /// Removed within 30 days; at most 200.
    pub removed: Vec<RemovalEntry>,
    /// Half-filled forms that were thrown away within 30 days, on this device; at most 100.
    pub drafts: Vec<DraftSummary>,
}

/// What goes out, and what went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outbox {
    /// 草稿
    pub drafts: Vec<DraftSummary>,
    /// 等待, in the order in which it was saved; at most 200.
    pub waiting: Vec<OutboxEntry>,
    /// 已上传, latest first; at most 100.
    pub uploaded: Vec<OutboxEntry>,
    /// 需处理
    pub attention: Vec<OutboxEntry>,
    /// Photos whose bytes wait.
    pub photos: Vec<PhotoSummary>,
    /// Photos that the server will not take.
    pub refused_photos: Vec<RefusedPhoto>,
}

/// A photo that the server will not take. Its record is there, and its bytes stay on this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefusedPhoto {
    /// The photo.
    pub photo: PhotoSummary,
    /// The visit or issue it belongs to.
    pub owner: RecordRef,
    /// The code of the reason, e.g. `photo.no_jpeg`.
    pub code: String,
}

/// One own operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// The own sequence number.
    pub seq: u64,
    /// The record.
    pub record: RecordRef,
    /// What the record is called: a door, a name, a title.
    pub title: String,
    /// What was done: `created`, `edited`, `step`, `removed`.
    pub action: String,
    /// When.
    pub at: TimestampMs,
    /// When the server said it is durable; 0 while waiting.
    pub receipted_at: TimestampMs,
    /// For 需处理: the code of the reason, e.g. `area.not_assigned`.
    pub code: String,
}

/// An operation of anybody that the server has set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParkedOfOthers {
    /// Whose.
    pub author: String,
    /// Which area it was for.
    pub area: AreaCode,
    /// The record.
    pub record: RecordRef,
    /// The reason's code.
    pub code: String,
    /// When it arrived.
    pub parked_at: TimestampMs,
    /// What was in it, field name and text.
    pub fields: Vec<(String, Value)>,
    /// All of it, to be made again.
    pub change: ParkedChange,
    /// The record holds all of it already: somebody made it again.
    pub mended: bool,
    /// Where the list goes on behind it; empty when it is the last.
    pub next: String,
}

/// What a parked operation would have changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ParkedChange {
    /// Values by field.
    #[serde(with = "field_map")]
    pub values: FieldMap,
    /// Members of sets: field, member, added or else taken out.
    pub members: Vec<(FieldId, u64, bool)>,
    /// A step of an issue.
    pub event: Option<Event>,
    /// The removal of the record.
    pub removes: bool,
}

/// Something that has not reached the server. No count and no time of any person (`docs/lines.md`, line 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Gap {
    /// A device has records that the server lacks: it was restored from a backup.
    Device {
        /// Its id: devices are often called the same.
        id: DeviceId,
        /// Whose; empty when the name is not known here.
        worker: String,
        /// How the device is called.
        device: String,
    },
    /// A device that went on from another one, with its session: a copied phone, or somebody who has its token.
    Copy {
        /// Its id: devices are often called the same.
        id: DeviceId,
        /// Whose; empty when the name is not known here.
        worker: String,
        /// How the device is called.
        device: String,
    },
    /// Photos of an area whose bytes have not arrived.
    Photos {
        /// The area's name, or its code.
        area: String,
        /// How many.
        lacking: u64,
    },
}

/// How much room the replica takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StorageState {
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Bytes of photos among them.
    pub photo_bytes: u64,
    /// Households on this device.
    pub households: u64,
    /// Residents on this device.
    pub residents: u64,
    /// Visits on this device.
    pub visits: u64,
}
