//! The merge of concurrent edits (D3), on the types of the crate `crdts`.
//!
//! ```text
//!        phone A            phone B
//!   phones = 120...1    phones = 120...2      written without knowing of each other
//!            \             /
//!             v           v
//!        MVReg keeps both; the later (time, counter, device) is shown,
//!        the other stays visible as a conflict until somebody chooses
//! ```
//!
//! The result depends on the set of operations only: not on order, repetition or route.

pub mod duplicates;
pub mod life;
pub mod record;

mod created;
mod fingerprint;
mod lending;
mod pack;
mod register;

pub use created::{Created, creation, is_in_order};
pub use lending::Lent;
pub use pack::{PackError, clocks_of_origin, untouched_origin};

pub use life::{LifeState, TakenStep, TimelineStep, fold};
pub use record::{FieldConflict, Origin, RecordEvent, RecordState, Written, origin_of};
