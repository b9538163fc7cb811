//! Rules of a photo.

use super::{Rejection, check_time, refuse};
use crate::domain::jpeg;
use crate::domain::photo::{
    HASH, HEIGHT, OWNER, OWNER_KIND, PHOTO_SIDE_PX_MAX, PHOTO_SIZE_BYTES_MAX, SIZE, TAKEN_AT, THUMBNAIL,
    THUMBNAIL_SIDE_PX_MAX, WIDTH,
};
use crate::domain::schema::RecordKind;
use crate::domain::value::{Fields, field};

pub(super) fn check(fields: &dyn Fields) -> Result<(), Rejection> {
    let int = |id| field(fields, id).as_int().unwrap_or(0);
    let owner_kind = int(OWNER_KIND);
    let owned = [RecordKind::VISIT, RecordKind::ISSUE]
        .iter()
        .any(|kind| i64::from(kind.0) == owner_kind);
    if !owned || field(fields, OWNER).as_id().is_none() {
        return refuse("photo.owner_missing");
    }
    if field(fields, HASH).as_bytes().len() != 32 {
        return refuse("photo.hash_missing");
    }
    let side_fits = |side: i64| (1..=i64::from(PHOTO_SIDE_PX_MAX)).contains(&side);
    if !side_fits(int(WIDTH))
        || !side_fits(int(HEIGHT))
        || !(1..=PHOTO_SIZE_BYTES_MAX as i64).contains(&int(SIZE))
    {
        return refuse("photo.size_impossible");
    }
    let thumbnail = field(fields, THUMBNAIL).as_bytes();
    if !thumbnail.is_empty() && !is_thumbnail(thumbnail) {
        return refuse("photo.thumbnail_no_jpeg");
    }
    check_time(field(fields, TAKEN_AT))
}

/// Whether bytes are a small picture as devices make it: whole, and with nothing beside it. Nobody decodes it before it is
/// shown.
pub fn is_thumbnail(bytes: &[u8]) -> bool {
    jpeg::check(bytes, THUMBNAIL_SIDE_PX_MAX).is_ok()
}
