//! Half-filled forms: kept at every change, with their photos; thrown away and taken back; saved.
//!
//! An answer means that it is written. Of two forms under one id neither overwrites the other: who had not seen what
//! stands there is kept under an id of its own. What was thrown away gives its id up to what is typed anew. A form whose
//! draft was saved meanwhile corrects the record.

use rusqlite::Transaction;
use shared::clock::TimestampMs;
use shared::domain::photo::PHOTOS_PER_RECORD_MAX;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::ids::{DraftId, PhotoHash};

use super::forms;
use crate::api::{
    ApiError, DraftBody, DraftPage, DraftSeen, ErrorCode, KeptDraft, PhotoSummary, StepDraft, api_error,
};
use crate::photos::{self, PreparedPhoto};
use crate::queries::photos as saved;
use crate::replica::Replica;
use crate::storage::drafts::{Base, State};
use crate::storage::{StorageError, StorageResult, drafts};

fn not_found() -> ApiError {
    api_error(ErrorCode::NotFound, "")
}

/// What a form under this id shows; `None` when there is neither draft nor record.
pub(crate) fn draft(replica: &Replica, id: DraftId) -> Result<Option<DraftPage>, ApiError> {
    let connection = &replica.connection;
    if let Some((kept, body)) = drafts::load(connection, id)? {
        let corrects = kept.record.filter(|_| !kept.base.is_empty());
        return Ok(Some(DraftPage {
            id,
            is_open: true,
            corrects,
            body,
            photos: drafts::photos(connection, id)?
                .into_iter()
                .map(|photo| photo.summary)
                .collect(),
            saved_photos: match corrects {
                Some(record) => saved::of(connection, record.id)?,
                None => Vec::new(),
            },
            seen: DraftSeen {
                revision: kept.revision,
                base: kept.base,
            },
        }));
    }
    let kept = drafts::row(connection, id)?;
    let saved_as = kept.as_ref().filter(|kept| kept.state == State::Saved);
    if saved_as.is_some_and(|kept| kept.was_step()) {
        // A step that was taken is not taken anew.
        return Ok(None);
    }
    let record = saved_as.and_then(|kept| kept.record);
    let Some(shown) = forms::of_record(connection, record, id)? else {
        return Ok(None);
    };
    Ok(Some(DraftPage {
        id,
        is_open: false,
        corrects: shown.base.record,
        body: shown.body,
        photos: Vec::new(),
        saved_photos: match shown.base.record {
            Some(record) => saved::of(connection, record.id)?,
            None => Vec::new(),
        },
        seen: DraftSeen {
            revision: saved_as.map_or(0, |kept| kept.revision),
            base: shown.base.bytes()?,
        },
    }))
}

/// Keeps what a form holds. Durable when it returns.
pub(crate) fn save(
    replica: &mut Replica,
    id: DraftId,
    body: &DraftBody,
    seen: &DraftSeen,
) -> Result<KeptDraft, ApiError> {
    let asked = id;
    let kept = drafts::row(&replica.connection, id)?;
    let json = drafts::json(body)?;
    let revision = kept.as_ref().map_or(0, |kept| kept.revision);
    let place = match kept {
        // The same write once more: its answer was lost.
        Some(kept) if kept.state == State::Open && kept.json == json => {
            return Ok(KeptDraft { id, revision });
        }
        // The same step was taken before; it is taken once more.
        Some(kept) if kept.state == State::Saved && matches!(body, DraftBody::Step(_)) => Place::Here,
        Some(kept) if kept.revision == seen.revision => Place::Here,
        Some(kept) if kept.state == State::Bin => Place::InsteadOfThrownAway,
        // Another form wrote what this one has not seen; and it may have been kept before, without an answer.
        Some(_) => match drafts::same(&replica.connection, &json, &seen.base)? {
            Some((id, revision)) => return Ok(KeptDraft { id, revision }),
            None => Place::Beside,
        },
        None => Place::Here,
    };
    let base = match place {
        Place::Beside => seen.base.clone(),
        Place::Here | Place::InsteadOfThrownAway => base_of(replica, id, body, seen)?,
    };
    let record = match body {
        DraftBody::Step(step) => Some(RecordRef::new(RecordKind::ISSUE, step.issue)),
        _ => Base::parse(&base)?.and_then(|base| base.record),
    };
    let (now_ms, new_id) = (replica.now_ms(), DraftId(replica.new_id()));
    let transaction = replica.connection.transaction()?;
    let (id, revision) = match place {
        Place::Here => (id, revision.max(seen.revision).saturating_add(1)),
        Place::InsteadOfThrownAway => {
            drafts::rename(&transaction, id, new_id)?;
            (id, revision.max(seen.revision).saturating_add(1))
        }
        Place::Beside => (new_id, 1),
    };
    drafts::save(&transaction, id, body, (revision, record, &base), now_ms)?;
    if place == Place::Beside && seen.revision > 0 {
        // It had shown the photos of the one that it goes on from.
        drafts::copy_photos(&transaction, asked, id)?;
    }
    transaction.commit()?;
    Ok(KeptDraft { id, revision })
}

/// Where what a form holds is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Under the id that the form has.
    Here,
    /// The same; what was thrown away under it lies in the bin under another one.
    InsteadOfThrownAway,
    /// Under an id of its own: another form's text stands under this one.
    Beside,
}

/// What the form had shown of a record. What one of a new record had seen is the record now, if that was saved meanwhile.
fn base_of(replica: &Replica, id: DraftId, body: &DraftBody, seen: &DraftSeen) -> StorageResult<Vec<u8>> {
    if !seen.base.is_empty() || matches!(body, DraftBody::Step(_)) {
        return Ok(seen.base.clone());
    }
    let kept = drafts::row(&replica.connection, id)?;
    if kept.as_ref().is_some_and(|kept| kept.state == State::Open) {
        return Ok(Vec::new());
    }
    let record = kept
        .filter(|kept| kept.state == State::Saved)
        .and_then(|kept| kept.record);
    match forms::of_record(&replica.connection, record, id)? {
        Some(shown) => shown.base.bytes(),
        None => Ok(Vec::new()),
    }
}

pub(crate) fn add_photo(
    replica: &mut Replica,
    draft: DraftId,
    file: &[u8],
    modified_at: TimestampMs,
) -> Result<PhotoSummary, ApiError> {
    check_place_for_photo(replica, draft)?;
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
    Ok(PhotoSummary {
        hash: photo.hash,
        size: u32::try_from(photo.bytes.len()).unwrap_or(u32::MAX),
        thumbnail: photo.thumbnail,
        taken_at: photo.taken_at,
        uploaded: false,
    })
}

/// Whether one more photo fits: with those that the record has that is corrected.
fn check_place_for_photo(replica: &Replica, draft: DraftId) -> Result<(), ApiError> {
    let (held, _) = drafts::load(&replica.connection, draft)?.ok_or_else(not_found)?;
    let mut count = drafts::photos(&replica.connection, draft)?.len();
    if let Some(record) = held.record.filter(|_| !held.base.is_empty()) {
        count += saved::of(&replica.connection, record.id)?.len();
    }
    match count < PHOTOS_PER_RECORD_MAX {
        true => Ok(()),
        false => Err(api_error(ErrorCode::BadPhoto, "photo.too_many")),
    }
}

fn keep_photo(replica: &mut Replica, draft: DraftId, photo: &PreparedPhoto) -> StorageResult<()> {
    let now_ms = replica.now_ms();
    let transaction = replica.connection.transaction()?;
    drafts::add_photo(&transaction, draft, photo, now_ms)?;
    Ok(transaction.commit()?)
}

/// Takes a photo out of a draft, or puts it back.
pub(crate) fn set_photo_removed(
    replica: &mut Replica,
    draft: DraftId,
    hash: PhotoHash,
    removed: bool,
) -> Result<(), ApiError> {
    let photos = drafts::photos(&replica.connection, draft)?;
    let is_out = photos.iter().all(|photo| photo.summary.hash != hash);
    if is_out && !removed {
        check_place_for_photo(replica, draft)?;
    }
    match drafts::set_photo_removed(&replica.connection, draft, hash, removed)? {
        true => Ok(()),
        false => Err(not_found()),
    }
}

/// Into the bin. A draft that is not open is none: nothing to throw away.
pub(crate) fn throw_away(replica: &mut Replica, id: DraftId) -> Result<(), ApiError> {
    let now_ms = replica.now_ms();
    let transaction = replica.connection.transaction()?;
    drafts::throw_away(&transaction, id, now_ms)?;
    drafts::empty_bin(&transaction, now_ms)?;
    transaction.commit()?;
    Ok(())
}

/// Out of the bin.
pub(crate) fn take_back(replica: &mut Replica, id: DraftId) -> Result<(), ApiError> {
    let (now_ms, new_id) = (replica.now_ms(), DraftId(replica.new_id()));
    let transaction = replica.connection.transaction()?;
    let is_back = drafts::take_back(&transaction, id, now_ms)?;
    let Some((_, body)) = drafts::load(&transaction, id)? else {
        return Err(not_found());
    };
    // Else it was taken back already, by a tap that came twice.
    if is_back && let DraftBody::Step(step) = body {
        take_home(
            &transaction,
            id,
            StepDraft::id(step.issue, step.event.step),
            new_id,
        )?;
    }
    transaction.commit()?;
    Ok(())
}

/// The words of a step are looked for under one id: there they go, unless others are being written under it.
fn take_home(
    transaction: &Transaction<'_>,
    id: DraftId,
    home: DraftId,
    new_id: DraftId,
) -> StorageResult<()> {
    let there = drafts::row(transaction, home)?.map(|kept| kept.state);
    if id == home || there == Some(State::Open) {
        return Ok(());
    }
    if there == Some(State::Bin) {
        drafts::rename(transaction, home, new_id)?;
    }
    drafts::rename(transaction, id, home)
}

/// Makes a draft a record or a correction: record, photos, needs and the end of the draft are one transaction.
pub(crate) fn finish(replica: &mut Replica, id: DraftId) -> Result<RecordRef, ApiError> {
    let Some((kept, body)) = drafts::load(&replica.connection, id)? else {
        // Saved already, by a tap that came twice; what is typed after that is a draft again.
        let saved = drafts::row(&replica.connection, id)?.filter(|kept| kept.state == State::Saved);
        return saved.and_then(|kept| kept.record).ok_or_else(not_found);
    };
    let written = forms::write(replica, id, &kept, &body)?;
    let (record, now_ms) = (written.record, replica.now_ms());
    let is_step = matches!(body, DraftBody::Step(_));
    replica.save(written.changes, |transaction| {
        drafts::set_saved(transaction, id, (record, is_step), now_ms)?;
        drafts::empty_bin(transaction, now_ms)
    })?;
    Ok(record)
}
