//! Forms: kept while they are filled, then made records.

use rusqlite::Transaction;
use shared::change::Change;
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::issue::{Event, Issue, Step};
use shared::domain::photo::PHOTOS_PER_RECORD_MAX;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value, field};
use shared::domain::visit::{Purpose, Visit};
use shared::domain::{Photo, resident};
use shared::ids::{AreaCode, DraftId, PhotoHash};

use super::edits::existing;
use crate::api::{Answer, ApiError, Draft, DraftBody, ErrorCode, IssueDraft, PhotoSummary, VisitDraft};
use crate::photos::{self, PreparedPhoto};
use crate::replica::{Replica, api_error};
use crate::storage::{StorageError, StorageResult, drafts, moves, records};

type Changes = Vec<(AreaCode, RecordRef, Change)>;

pub(super) fn save(replica: &mut Replica, id: DraftId, body: &DraftBody) -> Result<Answer, ApiError> {
    // A late keystroke must not bring back a draft that has just become a record.
    if is_saved(replica, id, body)? {
        return Ok(Answer::Done);
    }
    drafts::save(&replica.connection, id, body, replica.now_ms())?;
    Ok(Answer::Done)
}

fn record_of(id: DraftId, body: &DraftBody) -> RecordRef {
    let kind = match body {
        DraftBody::Visit(_) => RecordKind::VISIT,
        DraftBody::Issue(_) => RecordKind::ISSUE,
    };
    RecordRef::new(kind, id)
}

fn is_saved(replica: &Replica, id: DraftId, body: &DraftBody) -> Result<bool, ApiError> {
    Ok(records::load(&replica.connection, record_of(id, body))?.is_some())
}

pub(super) fn add_photo(
    replica: &mut Replica,
    draft: DraftId,
    file: &[u8],
    modified_at: TimestampMs,
) -> Result<Answer, ApiError> {
    let held = drafts::load(&replica.connection, draft)?.ok_or_else(|| api_error(ErrorCode::NotFound, ""))?;
    if held.photos.len() >= PHOTOS_PER_RECORD_MAX {
        return Err(api_error(ErrorCode::BadPhoto, "photo.too_many"));
    }
    let photo =
        photos::prepare(file, modified_at).map_err(|error| api_error(ErrorCode::BadPhoto, error.code()))?;
    // Said while the worker is still at the door; the text of the form is kept already.
    let no_room = || api_error(ErrorCode::BadPhoto, "photo.no_room");
    if !replica.make_room_for_own_photo(photo.bytes.len() as u64)? {
        return Err(no_room());
    }
    if let Err(error) = keep_photo(replica, draft, &photo) {
        let full = matches!(error, StorageError::Full);
        // The device is fuller than it said: let go of what the server has, and try once more.
        if !full || replica.evict_all()? == 0 {
            return Err(if full { no_room() } else { error.into() });
        }
        keep_photo(replica, draft, &photo).map_err(|error| match error {
            StorageError::Full => no_room(),
            other => other.into(),
        })?;
    }
    Ok(Answer::Photo(PhotoSummary {
        hash: photo.hash,
        size: u32::try_from(photo.bytes.len()).unwrap_or(u32::MAX),
        thumbnail: photo.thumbnail,
        taken_at: photo.taken_at,
        uploaded: false,
    }))
}

fn keep_photo(replica: &mut Replica, draft: DraftId, photo: &PreparedPhoto) -> StorageResult<()> {
    let now_ms = replica.now_ms();
    let transaction = replica.connection.transaction()?;
    drafts::add_photo(&transaction, draft, photo, now_ms)?;
    Ok(transaction.commit()?)
}

pub(super) fn remove_photo(
    replica: &mut Replica,
    draft: DraftId,
    hash: PhotoHash,
) -> Result<Answer, ApiError> {
    let transaction = replica.connection.transaction()?;
    drafts::remove_photo(&transaction, draft, hash)?;
    transaction.commit()?;
    Ok(Answer::Done)
}

pub(super) fn discard(replica: &mut Replica, id: DraftId) -> Result<Answer, ApiError> {
    let transaction = replica.connection.transaction()?;
    drafts::remove(&transaction, id)?;
    transaction.commit()?;
    Ok(Answer::Done)
}

/// Makes a draft a record: record, photos, needs and the end of the draft are one transaction.
pub(super) fn finish(replica: &mut Replica, id: DraftId) -> Result<Answer, ApiError> {
    let Some(draft) = drafts::load(&replica.connection, id)? else {
        // Saved already, by a tap that came twice.
        return [RecordKind::VISIT, RecordKind::ISSUE]
            .into_iter()
            .map(|kind| RecordRef::new(kind, id))
            .find(|record| matches!(records::load(&replica.connection, *record), Ok(Some(_))))
            .map(Answer::Saved)
            .ok_or_else(|| api_error(ErrorCode::NotFound, ""));
    };
    let record = record_of(id, &draft.body);
    let (area, mut changes) = match &draft.body {
        DraftBody::Visit(visit) => visit_changes(replica, record, visit)?,
        DraftBody::Issue(issue) => issue_changes(replica, record, issue)?,
    };
    changes.extend(photo_changes(replica, &area, record, &draft)?);
    replica.save(changes, |transaction| name_photos(transaction, id))?;
    Ok(Answer::Saved(record))
}

fn name_photos(transaction: &Transaction<'_>, id: DraftId) -> StorageResult<()> {
    transaction.execute(
        "UPDATE photo_bytes SET state = 1 WHERE state = 0 AND hash IN (SELECT hash FROM draft_photo WHERE draft = ?1)",
        [id.0],
    )?;
    drafts::remove(transaction, id)
}

fn visit_changes(
    replica: &Replica,
    record: RecordRef,
    draft: &VisitDraft,
) -> Result<(AreaCode, Changes), ApiError> {
    let outcome = draft
        .outcome
        .ok_or_else(|| api_error(ErrorCode::Invalid, "visit.outcome_missing"))?;
    let household = existing(replica, RecordRef::new(RecordKind::HOUSEHOLD, draft.household))?;
    let area = moves::recorded_in(&replica.connection, &household)?;
    let promise = draft.promise.trim().to_owned();
    let visit = Visit {
        household: draft.household,
        outcome,
        met: draft.met.clone(),
        purpose: draft.purpose.unwrap_or(Purpose::Routine),
        phrases: draft.phrases.clone(),
        note: draft.note.trim().to_owned(),
        needs: draft.needs.clone(),
        promise_due: draft.promise_due.filter(|_| !promise.is_empty()),
        promise,
        promise_kept_on: None,
        started_at: draft.started_at,
    };
    let change = RecordState::change_to(record.kind, None, visit.to_fields());
    let mut changes = vec![(area.clone(), record, change)];
    // Nothing is typed twice: needs found with the one person met become that person's needs.
    if let ([met], false) = (draft.met.as_slice(), draft.needs.is_empty()) {
        let person = RecordRef::new(RecordKind::RESIDENT, *met);
        if let Some(state) = records::load(&replica.connection, person)? {
            let mut needs: Vec<u64> = field(&state.values(), resident::NEEDS).as_numbers().to_vec();
            needs.extend(draft.needs.iter().map(|need| need.number()));
            needs.sort_unstable();
            needs.dedup();
            let wanted = FieldMap::from_iter([(resident::NEEDS, Value::numbers(needs))]);
            changes.push((
                area.clone(),
                person,
                RecordState::change_to(person.kind, Some(&state), wanted),
            ));
        }
    }
    Ok((area, changes))
}

fn issue_changes(
    replica: &Replica,
    record: RecordRef,
    draft: &IssueDraft,
) -> Result<(AreaCode, Changes), ApiError> {
    let category = draft
        .category
        .ok_or_else(|| api_error(ErrorCode::Invalid, "issue.category_missing"))?;
    let area = match draft.household {
        Some(household) => {
            let household = existing(replica, RecordRef::new(RecordKind::HOUSEHOLD, household))?;
            moves::recorded_in(&replica.connection, &household)?
        }
        None => draft
            .area
            .clone()
            .ok_or_else(|| api_error(ErrorCode::Invalid, "issue.area_missing"))?,
    };
    let issue = Issue {
        category,
        title: draft.title.trim().to_owned(),
        note: draft.note.trim().to_owned(),
        household: draft.household,
        place: draft.place.trim().to_owned(),
        visit: draft.visit,
        reported_at: draft.started_at,
    };
    let mut change = RecordState::change_to(record.kind, None, issue.to_fields());
    let step = if draft.handled_on_the_spot {
        Step::HandledOnTheSpot
    } else {
        Step::Reported
    };
    let first = RecordState::step(None, Event::of(step));
    change.writes.extend(first.writes);
    change.event = first.event;
    Ok((area.clone(), vec![(area, record, change)]))
}

fn photo_changes(
    replica: &Replica,
    area: &AreaCode,
    owner: RecordRef,
    draft: &Draft,
) -> Result<Changes, ApiError> {
    let photos = drafts::photos(&replica.connection, draft.id)?;
    let change = |photo: drafts::DraftPhoto| {
        let fields = Photo {
            owner,
            hash: photo.summary.hash,
            taken_at: photo.summary.taken_at,
            size: photo.summary.size,
            width: photo.width,
            height: photo.height,
            thumbnail: photo.summary.thumbnail,
        }
        .to_fields();
        let record = RecordRef::new(RecordKind::PHOTO, replica.new_id());
        (
            area.clone(),
            record,
            RecordState::change_to(record.kind, None, fields),
        )
    };
    Ok(photos.into_iter().map(change).collect())
}
