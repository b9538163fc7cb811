//! A photo: the record that says which visit or issue it belongs to. Its bytes travel apart (D9).

use serde::{Deserialize, Serialize};

use super::issue::Event;
use super::jpeg;
use super::rights::{Rights, Roles};
use super::schema::{FieldId, FieldSpec, KindSpec, Meaning, Reach, RecordKind, RecordRef};
use super::value::{FieldMap, Fields, Value, field};
use super::worker::Role;
use crate::clock::TimestampMs;
use crate::ids::PhotoHash;
use crate::rejection::{Rejection, refuse};

/// The owner's kind: visit or issue.
pub const OWNER_KIND: FieldId = FieldId(1);
/// The owner's id.
pub const OWNER: FieldId = FieldId(2);
/// BLAKE3 of the prepared bytes.
pub const HASH: FieldId = FieldId(3);
/// When it was taken.
pub const TAKEN_AT: FieldId = FieldId(4);
/// Size of the prepared bytes.
pub const SIZE: FieldId = FieldId(5);
/// Width in pixels.
pub const WIDTH: FieldId = FieldId(6);
/// Height in pixels.
pub const HEIGHT: FieldId = FieldId(7);
/// A small JPEG that travels with the record.
pub const THUMBNAIL: FieldId = FieldId(8);

/// The longest side of a prepared photo.
pub const PHOTO_SIDE_PX_MAX: u32 = 1600;
/// The longest side of a thumbnail.
pub const THUMBNAIL_SIDE_PX_MAX: u32 = 160;
/// The most bytes of a prepared photo.
pub const PHOTO_SIZE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The most bytes of a thumbnail.
pub const THUMBNAIL_SIZE_BYTES_MAX: usize = 16 * 1024;
/// The most photos of one visit or issue.
pub const PHOTOS_PER_RECORD_MAX: usize = 9;

/// The kinds that photos may lie beside.
const OWNERS: &[RecordKind] = &[RecordKind::VISIT, RecordKind::ISSUE];

/// As of what they lie beside: a responder's are of what was done.
const RIGHTS: Rights = Rights {
    hold: Roles::WORKERS.and(Role::Responder),
    create: Roles::WORKERS.and(Role::Responder),
    ..Rights::OF_WORKERS
};

pub(super) static SPEC: KindSpec = KindSpec {
    kind: RecordKind::PHOTO,
    name: "photo",
    fields: &[
        FieldSpec::any_number(OWNER_KIND, "owner_kind"),
        FieldSpec::names(OWNER, "owner", OWNERS)
            .meaning(Meaning::Names {
                kinds: OWNERS,
                kind_in: Some(OWNER_KIND),
            })
            .required("photo.owner_missing"),
        FieldSpec::bytes(HASH, "hash", 32).required("photo.hash_missing"),
        FieldSpec::moment(TAKEN_AT, "taken_at").required("time.out_of_range"),
        FieldSpec::any_number(SIZE, "size"),
        FieldSpec::any_number(WIDTH, "width"),
        FieldSpec::any_number(HEIGHT, "height"),
        FieldSpec::bytes(THUMBNAIL, "thumbnail", THUMBNAIL_SIZE_BYTES_MAX),
    ],
    never_without: OWNER,
    title: None,
    sorted_by: None,
    beside: &[OWNER],
    life_cycle: None,
    merged_into: None,
    shown_as_one: &[],
    kept_after_removal: None,
    rules: Some(rules),
    reach: Reach::Own,
    rights: &RIGHTS,
    has_table: true,
    has_photos: false,
};

/// What the meanings of the fields do not say.
fn rules(fields: &dyn Fields, _: Option<&Event>) -> Result<(), Rejection> {
    let int = |id| field(fields, id).as_int().unwrap_or(0);
    let owner_kind = int(OWNER_KIND);
    if !OWNERS.iter().any(|kind| i64::from(kind.0) == owner_kind) {
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
    match thumbnail.is_empty() || is_thumbnail(thumbnail) {
        true => Ok(()),
        false => refuse("photo.thumbnail_no_jpeg"),
    }
}

/// Whether bytes are a small picture as devices make it: whole, and with nothing beside it. Nobody decodes it before it is
/// shown.
pub fn is_thumbnail(bytes: &[u8]) -> bool {
    jpeg::check(bytes, THUMBNAIL_SIDE_PX_MAX).is_ok()
}

/// A photo's fields.
///
/// Units: `taken_at` in ms since the Unix epoch, device clock, may be wrong by hours; `size` in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// The visit or issue it belongs to.
    pub owner: RecordRef,
    /// The name of its bytes.
    pub hash: PhotoHash,
    /// When it was taken.
    pub taken_at: TimestampMs,
    /// Bytes of the prepared JPEG.
    pub size: u32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// A JPEG of at most [`THUMBNAIL_SIDE_PX_MAX`].
    pub thumbnail: Vec<u8>,
}

impl Photo {
    /// The fields to write.
    pub fn to_fields(&self) -> FieldMap {
        FieldMap::from_iter([
            (OWNER_KIND, Value::Int(i64::from(self.owner.kind.0))),
            (OWNER, Value::Id(self.owner.id)),
            (HASH, Value::Bytes(self.hash.0.to_vec())),
            (
                TAKEN_AT,
                Value::Int(i64::try_from(self.taken_at).unwrap_or(i64::MAX)),
            ),
            (SIZE, Value::Int(i64::from(self.size))),
            (WIDTH, Value::Int(i64::from(self.width))),
            (HEIGHT, Value::Int(i64::from(self.height))),
            (
                THUMBNAIL,
                if self.thumbnail.is_empty() {
                    Value::Null
                } else {
                    Value::Bytes(self.thumbnail.clone())
                },
            ),
        ])
    }

    /// The fields as read; `None` when owner or hash are missing.
    pub fn from_fields(fields: &FieldMap) -> Option<Self> {
        let int = |id| field(fields, id).as_int();
        let pixels = |id| int(id).and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        Some(Self {
            owner: RecordRef {
                kind: RecordKind(u8::try_from(int(OWNER_KIND)?).ok()?),
                id: field(fields, OWNER).as_id()?,
            },
            hash: PhotoHash(field(fields, HASH).as_bytes().try_into().ok()?),
            taken_at: int(TAKEN_AT).and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0),
            size: pixels(SIZE),
            width: pixels(WIDTH),
            height: pixels(HEIGHT),
            thumbnail: field(fields, THUMBNAIL).as_bytes().to_vec(),
        })
    }
}
