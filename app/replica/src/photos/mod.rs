//! Photos: from the camera's file to what is kept and sent (D9). Pure: bytes in, bytes out.
//!
//! [`prepare()`] looks at the header before it decodes anything, turns the picture upright, makes it small,
//! and writes a new JPEG that holds pixels and nothing else: no position, no serial number, no maker's notes.

mod limits;

mod exif;

mod shrink;

mod decoded;
mod prepare;

#[cfg(feature = "png")]
mod png;

#[cfg(test)]
mod prepare_tests;

#[cfg(test)]
mod refusal_tests;

use shared::clock::TimestampMs;
use shared::ids::PhotoHash;

pub use limits::{DECODED_BYTES_MAX, FILE_BYTES_MAX, PIXELS_MAX};
pub use prepare::{TARGET_SIZE_BYTES, TARGET_THUMBNAIL_SIZE_BYTES, prepare};

/// A photo ready to be kept and uploaded.
///
/// Shape: `bytes` is a JPEG, upright, longest side at most `PHOTO_SIDE_PX_MAX`, without metadata; `thumbnail`
/// the same at `THUMBNAIL_SIDE_PX_MAX`.
/// Units: `taken_at` in ms since the Unix epoch, the camera's clock, may be wrong by hours.
/// Source: `docs/data-model.md`, "Photos".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedPhoto {
    /// The picture.
    pub bytes: Vec<u8>,
    /// The name of `bytes`.
    pub hash: PhotoHash,
    /// When it was taken.
    pub taken_at: TimestampMs,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// A small picture for lists.
    pub thumbnail: Vec<u8>,
}

/// Why a file cannot become a photo. Nothing was kept; the person may choose another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// More than [`FILE_BYTES_MAX`], [`PIXELS_MAX`] or [`DECODED_BYTES_MAX`].
    #[error("the picture is too large")]
    TooLarge,
    /// HEIC or AVIF, which many phones write unless they are set to "most compatible".
    #[error("the picture is in the HEIC or AVIF format")]
    Heic,
    /// A picture in a format that cameras do not write: GIF, WebP, BMP, TIFF, SVG, or an unusual JPEG.
    #[error("pictures in this format cannot be read")]
    Unsupported,
    /// No picture, whatever its name says.
    #[error("the file is not a picture")]
    NotAnImage,
    /// The file is cut off or broken.
    #[error("the picture is damaged")]
    Damaged,
}

impl PhotoError {
    /// A stable code, a key of the language files.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "photo.empty",
            Self::TooLarge => "photo.too_large",
            Self::Heic => "photo.heic",
            Self::Unsupported => "photo.format_unsupported",
            Self::NotAnImage => "photo.not_an_image",
            Self::Damaged => "photo.damaged",
        }
    }
}
