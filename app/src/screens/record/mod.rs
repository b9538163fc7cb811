//! Kinds that need no screens of their own: list, page and form made from the kind's description.

mod fields;
mod form;
mod list;
mod page;

use std::fmt;
use std::str::FromStr;

use replica::api::RecordSummary;
use shared::domain::RecordKind;
use shared::domain::schema::{FieldSpec, KindSpec, Meaning, kinds};
use shared::domain::worker::Role;

use crate::describe::describe_value;
use crate::i18n::{capitalised, t_code};

pub(crate) use form::{RecordForm, RecordNew};
pub(crate) use list::Records;
pub(crate) use page::RecordPage;

/// Such a kind, by its name in addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GenericKind(RecordKind);

impl GenericKind {
    /// Those whose records lie on their own and may be held by a role, in the order of their numbers.
    pub(crate) fn held_by(role: Role) -> impl Iterator<Item = Self> {
        let held = move |spec: &&KindSpec| spec.beside.is_empty() && spec.rights.hold.contains(role);
        generic().filter(held).map(|spec| Self(spec.kind))
    }

    /// What one of them is called.
    pub(crate) fn one(self) -> String {
        t_code("kind", self.name())
    }

    /// The same as a heading.
    pub(crate) fn heading(self) -> String {
        capitalised(&self.one())
    }

    /// What all of them are called.
    pub(crate) fn all(self) -> String {
        t_code("kinds", self.name())
    }

    fn name(self) -> &'static str {
        self.0.spec().map_or("unknown", |spec| spec.name)
    }
}

fn generic() -> impl Iterator<Item = &'static KindSpec> {
    kinds().filter(|spec| !spec.has_table)
}

impl From<RecordKind> for GenericKind {
    fn from(kind: RecordKind) -> Self {
        Self(kind)
    }
}

impl fmt::Display for GenericKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for GenericKind {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let spec = generic().find(|spec| spec.name == name);
        spec.map(|spec| Self(spec.kind)).ok_or("no such kind")
    }
}

/// What a record is called: its title, or else its first choice of a closed list.
fn title(summary: &RecordSummary) -> String {
    if !summary.title.is_empty() {
        return summary.title.clone();
    }
    words(summary).into_iter().next().unwrap_or_default()
}

/// What stands in a record's closed lists, in words.
fn words(summary: &RecordSummary) -> Vec<String> {
    let kind = summary.record.kind;
    let fields = kind.spec().into_iter().flat_map(KindSpec::entered);
    let members = fields.filter(|field| matches!(field.meaning, Meaning::Member { .. }));
    members
        .filter_map(|field| summary.fields.get(&field.id).map(|value| (field.id, value)))
        .map(|(field, value)| describe_value(kind, field, value))
        .collect()
}

/// The numbers of a record, each with what it is.
fn numbers(summary: &RecordSummary) -> Vec<String> {
    let Some(kind) = summary.record.kind.spec() else {
        return Vec::new();
    };
    let numbers = kind
        .entered()
        .filter(|field| matches!(field.meaning, Meaning::Number { .. }));
    let shown = |field: &FieldSpec| {
        let number = summary.fields.get(&field.id)?.as_int()?;
        let label = t_code("field", &format!("{}.{}", kind.name, field.name));
        Some(format!("{label} {number}"))
    };
    numbers.filter_map(shown).collect()
}
