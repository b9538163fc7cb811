//! Photo bytes: what is accepted, and where they lie.

mod check;
mod store;

pub use check::{PhotoFault, check};
pub use store::{PhotoStore, PhotoStoreError};
