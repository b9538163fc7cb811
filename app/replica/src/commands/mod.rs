//! What screens do: every command is one transaction.

mod drafts;
mod edits;
mod forms;
mod generic;
mod merge;
mod outbox;
pub(crate) mod parked;
mod together;

use crate::api::{Answer, ApiError, Call, ErrorCode};
use crate::replica::{Replica, api_error};
use crate::storage::meta;

pub(crate) use drafts::draft;
pub(crate) use edits::texts_as_kept;

/// Whether a call keeps something of a form that is open.
pub(crate) fn keeps_form(call: &Call) -> bool {
    matches!(
        call,
        Call::SaveDraft { .. } | Call::AddPhoto { .. } | Call::RemovePhoto { .. } | Call::PutPhotoBack { .. }
    )
}

/// Whether a call changes records, so that screens ask again and the engine looks for work.
pub(crate) fn is_command(call: &Call) -> bool {
    matches!(
        call,
        Call::AddHousehold { .. }
            | Call::AddResident { .. }
            | Call::SaveFields { .. }
            | Call::Remove { .. }
            | Call::Keep { .. }
            | Call::MergeInto { .. }
            | Call::Separate { .. }
            | Call::FinishDraft { .. }
            | Call::DiscardDraft { .. }
            | Call::TakeDraftBack { .. }
            | Call::AddEvent { .. }
            | Call::Restore { .. }
            | Call::RetryParked { .. }
            | Call::ApplyParked { .. }
            | Call::DismissParked { .. }
            | Call::RetryPhoto { .. }
            | Call::DiscardPhoto { .. }
    )
}

/// Performs a command.
pub(crate) fn perform(replica: &mut Replica, call: Call) -> Result<Answer, ApiError> {
    match call {
        Call::AddHousehold { area, household } => edits::add_household(replica, area, &household),
        Call::AddResident { resident } => edits::add_resident(replica, &resident),
        Call::SaveFields { record, fields } => edits::save_fields(replica, record, fields),
        Call::Remove { record } => edits::remove(replica, record),
        Call::Keep { record } => edits::keep(replica, record),
        Call::MergeInto { record, kept } => merge::merge_into(replica, record, kept),
        Call::Separate { record } => merge::separate(replica, record),
        Call::AddEvent { issue, event } => edits::add_event(replica, issue, event),
        Call::Restore { record, field, value } => edits::restore(replica, record, field, value),
        Call::FinishDraft { id } => drafts::finish(replica, id),
        Call::DiscardDraft { id } => drafts::throw_away(replica, id),
        Call::TakeDraftBack { id } => drafts::take_back(replica, id),
        Call::ApplyParked { parked } => parked::apply(replica, &parked),
        Call::RetryParked { seq } => outbox::retry(replica, seq),
        Call::DismissParked { seq, seen } => outbox::dismiss(replica, seq, seen),
        Call::RetryPhoto { hash } => outbox::retry_photo(replica, hash),
        Call::DiscardPhoto { hash } => outbox::discard_photo(replica, hash),
        _ => Err(api_error(ErrorCode::Internal, "not a command")),
    }
}

/// What changes only this device: no operation, nothing to tell other screens.
pub(crate) fn keep_locally(replica: &mut Replica, call: Call) -> Result<Answer, ApiError> {
    match call {
        Call::SaveDraft { id, body, seen } => drafts::save(replica, id, &body, &seen),
        Call::AddPhoto {
            draft,
            file,
            modified_at,
        } => drafts::add_photo(replica, draft, &file, modified_at),
        Call::RemovePhoto { draft, hash } => drafts::set_photo_removed(replica, draft, hash, true),
        Call::PutPhotoBack { draft, hash } => drafts::set_photo_removed(replica, draft, hash, false),
        Call::SetSetting { name, value } => {
            meta::set_setting(&replica.connection, &name, &value)?;
            Ok(Answer::Done)
        }
        _ => Err(api_error(ErrorCode::Internal, "not kept locally")),
    }
}
