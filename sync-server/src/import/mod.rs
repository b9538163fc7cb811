//! What a community already has: its register of residents (XLSX) and the table of areas (CSV).
//!
//! Reading is pure: bytes in, records and a report out. Nothing here knows the storage; the caller
//! compares the planned records ([`register_ids::plan`]) with what is stored and writes the difference.

pub mod areas;
pub mod error;
mod error_value;
pub mod register;
pub mod register_ids;
pub mod register_people;

pub use areas::read_areas;
pub use error::ImportError;
pub use register::{RegisterHousehold, RegisterReading, RegisterResident, read_register};
