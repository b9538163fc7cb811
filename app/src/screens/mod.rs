//! The screens: one feature, one module. The list of them with their addresses is `routes.rs`.

pub(crate) mod sign_in;

pub(crate) mod today;

pub(crate) mod households;

pub(crate) mod household;

pub(crate) mod visit;

pub(crate) mod issue;

pub(crate) mod outbox;

pub(crate) mod settings;

pub(crate) mod log;

pub(crate) mod conflicts;

pub(crate) mod parked;

pub(crate) mod record;

pub(crate) mod removed;

pub(crate) mod why;

pub(crate) mod not_found;
