//! Widgets that two or more screens use.

mod answer;
mod button;
mod chips;
mod conflict;
mod door_warnings;
mod duplicates;
mod form;
mod grids;
mod icon;
mod list;
mod photos;
mod removals;
mod room;
mod screen;
mod sheet;
mod sync_chip;
mod tabs;
mod take_back;
mod text_field;
mod toast;
mod told;
mod viewer;

#[cfg(test)]
pub(crate) use answer::error_code;
pub(crate) use answer::{EmptyState, ErrorNote, Loading, parked_text, with_answer};
pub(crate) use button::{Button, ButtonKind, LinkButton};
pub(crate) use chips::{ChoiceChips, MultiChips, NeedChips, Select, choices};
pub(crate) use conflict::{ConflictMarks, EarlierList};
pub(crate) use door_warnings::DoorWarnings;
pub(crate) use duplicates::SameTwice;
pub(crate) use form::{Checking, Discard, Form, FormNotes, SaveBar, begin, use_form};
pub(crate) use grids::{grid_choices, use_grids};
pub(crate) use icon::{Icon, IconName};
pub(crate) use list::{DraftRow, IssueRow, Marks, PromiseTag, VisitRow, draft_title};
pub(crate) use photos::{DraftPhotos, PhotoStrip, thumbnail_url};
pub(crate) use removals::{RemovalMarks, removed_title};
pub(crate) use room::RoomNote;
pub(crate) use screen::{Screen, Section, go_back, replace};
pub(crate) use sheet::Sheet;
pub(crate) use sync_chip::SyncChip;
pub(crate) use tabs::{Entry, TabBar};
pub(crate) use take_back::TakeBack;
pub(crate) use text_field::{FieldKind, TextField};
pub(crate) use toast::{ToastRegion, offer_undo, toast, undone};
pub(crate) use told::{Told, ToldOnce};
pub(crate) use viewer::PhotoViewer;
