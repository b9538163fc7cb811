//! Half-filled forms: kept at every change, with their photos; thrown away and taken back; saved.
//!
//! An answer means that it is written. Of two forms under one id neither overwrites the other: who had not seen what
//! stands there is kept under an id of its own. A form whose draft was saved meanwhile corrects the record.

use shared::clock::TimestampMs;
use shared::domain::photo::PHOTOS_PER_RECORD_MAX;
use shared::ids::{DraftId, PhotoHash};

use super::forms;
use crate::api::{Answer, ApiError, Draft, DraftBody, DraftSeen, ErrorCode, PhotoSummary};
use crate::photos::{self, PreparedPhoto};
use crate::queries::photos as saved;
use crate::replica::{Replica, api_error};
use crate::storage::drafts::{Base, State};
use crate::storage::{StorageError, StorageResult, drafts};

fn not_found() -> ApiError {
    api_error(ErrorCode::NotFound, "")
}

/// What a form under this id shows; `None` when there is neither draft nor record.
pub(crate) fn draft(replica: &Replica, id: DraftId) -> Result<Option<Draft>, ApiError> {
    let connection = &replica.connection;
    if let Some((kept, body)) = drafts::load(connection, id)? {
        let corrects = kept.record.filter(|_| !kept.base.is_empty());
        return Ok(Some(Draft {
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
    let record = saved_as.and_then(|kept| kept.record);
    let Some(shown) = forms::of_record(connection, record, id)? else {
        return Ok(None);
    };
    Ok(Some(Draft {
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
pub(super) fn save(
    replica: &mut Replica,
    id: DraftId,
    body: &DraftBody,
    seen: &DraftSeen,
) -> Result<Answer, ApiError> {
    let kept = drafts::row(&replica.connection, id)?;
    let mut base = seen.base.clone();
    let (id, revision) = match kept {
        // The same write once more: its answer was lost.
        Some(kept) if kept.state == State::Open && kept.json == drafts::json(body)? => {
            return Ok(Answer::Kept {
                id,
                revision: kept.revision,
            });
        }
        // The same step was taken before; it is taken once more.
        Some(kept) if kept.state == State::Saved && matches!(body, DraftBody::Step(_)) => {
            (id, kept.revision.saturating_add(1))
        }
        Some(kept) if kept.revision == seen.revision => {
            if kept.state == State::Saved && base.is_empty() {
                // What this form had seen of a new record is the record now.
                let record = forms::of_record(&replica.connection, kept.record, id)?;
                base = record
                    .map(|record| record.base.bytes())
                    .transpose()?
                    .unwrap_or_default();
            }
            (id, kept.revision.saturating_add(1))
        }
        // Another form wrote what this one has not seen.
        Some(_) => (DraftId(replica.new_id()), 1),
        None => {
            if base.is_empty()
                && let Some(record) = forms::of_record(&replica.connection, None, id)?
            {
                base = record.base.bytes()?;
            }
            (id, seen.revision.saturating_add(1))
        }
    };
    let record = Base::parse(&base)?.and_then(|base| base.record);
    let now_ms = replica.now_ms();
    drafts::save(&replica.connection, id, body, (revision, record, &base), now_ms)?;
    Ok(Answer::Kept { id, revision })
}

pub(super) fn add_photo(
    replica: &mut Replica,
    draft: DraftId,
    file: &[u8],
    modified_at: TimestampMs,
) -> Result<Answer, ApiError> {
    let (held, _) = drafts::load(&replica.connection, draft)?.ok_or_else(not_found)?;
    let mut count = drafts::photos(&replica.connection, draft)?.len();
    if let Some(record) = held.record {
        count += saved::of(&replica.connection, record.id)?.len();
    }
    if count >= PHOTOS_PER_RECORD_MAX {
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

/// Takes a photo out of a draft, or puts it back.
pub(super) fn set_photo_removed(
    replica: &mut Replica,
    draft: DraftId,
    hash: PhotoHash,
    removed: bool,
) -> Result<Answer, ApiError> {
    match drafts::set_photo_removed(&replica.connection, draft, hash, removed)? {
        true => Ok(Answer::Done),
        false => Err(not_found()),
    }
}

/// Into the bin. A draft that is not open is none: nothing to throw away.
pub(super) fn throw_away(replica: &mut Replica, id: DraftId) -> Result<Answer, ApiError> {
    let now_ms = replica.now_ms();
    let transaction = replica.connection.transaction()?;
    drafts::throw_away(&transaction, id, now_ms)?;
    drafts::empty_bin(&transaction, now_ms)?;
    transaction.commit()?;
    Ok(Answer::Done)
}

/// Out of the bin.
pub(super) fn take_back(replica: &mut Replica, id: DraftId) -> Result<Answer, ApiError> {
    match drafts::take_back(&replica.connection, id, replica.now_ms())? {
        true => Ok(Answer::Done),
        // Taken back already, by a tap that came twice.
        false if drafts::load(&replica.connection, id)?.is_some() => Ok(Answer::Done),
        false => Err(not_found()),
    }
}

/// Makes a draft a record or a correction: record, photos, needs and the end of the draft are one transaction.
pub(super) fn finish(replica: &mut Replica, id: DraftId) -> Result<Answer, ApiError> {
    let Some((kept, body)) = drafts::load(&replica.connection, id)? else {
        // Saved already, by a tap that came twice; what is typed after that is a draft again.
        let saved = drafts::row(&replica.connection, id)?.filter(|kept| kept.state == State::Saved);
        return saved
            .and_then(|kept| kept.record)
            .map(Answer::Saved)
            .ok_or_else(not_found);
    };
    let written = forms::write(replica, id, &kept, &body)?;
    let (record, now_ms) = (written.record, replica.now_ms());
    replica.save(written.changes, |transaction| {
        drafts::set_saved(transaction, id, record, now_ms)?;
        drafts::empty_bin(transaction, now_ms)
    })?;
    Ok(Answer::Saved(record))
}
