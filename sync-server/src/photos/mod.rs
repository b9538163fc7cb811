//! Photo bytes: what is accepted, and where they lie.

mod accept;
mod bucket;
mod check;
mod store;
mod verify;

pub use accept::{AcceptError, accept, stored_for_all};
pub use bucket::{BUCKET_SECONDS_MAX, BucketError, BucketKeys, BucketPlace};
pub use check::{PhotoFault, check};
pub use store::{PhotoStore, PhotoStoreError};
pub use verify::{PhotoReport, VerifyError, verify};
