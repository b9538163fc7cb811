//! What is recorded: one record per file, and the closed lists that they use.
//!
//! Every record is a set of numbered fields (see [`schema`]); the typed structs are views of them.

pub mod life_cycle;
pub mod list;

pub mod field_map;
mod look_alikes;
pub mod name;
pub mod schema;
pub mod spelling;
pub mod value;

pub mod area;
pub mod care;
pub mod care_rule;
pub mod category;
pub mod date;
pub mod door;
pub mod household;
pub mod identity;
pub mod issue;
pub mod jpeg;
pub mod need;
pub mod phone;
pub mod photo;
pub mod resident;
pub mod rights;
pub mod unit;
pub mod visit;
pub mod worker;

pub use date::CalendarDate;
pub use household::Household;
pub use issue::Issue;
pub use need::Need;
pub use photo::Photo;
pub use resident::Resident;
pub use schema::{FieldId, RecordKind, RecordRef};
pub use value::{FieldMap, Value};
pub use visit::Visit;
