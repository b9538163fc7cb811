//! Says when the device has little room left, before that stops anybody.

use dioxus::prelude::*;
use replica::api::RoomState;

use super::{Icon, IconName};
use crate::i18n::t;
use crate::store::use_live;

/// A sentence about room; nothing while there is enough.
#[component]
pub(crate) fn RoomNote() -> Element {
    let live = use_live();
    let room = live
        .sync
        .read()
        .as_ref()
        .map(|sync| sync.room)
        .unwrap_or_default();
    let text = match room {
        RoomState::Enough => return rsx! {},
        RoomState::Tight => t("room-tight"),
        RoomState::Full => t("room-full"),
    };
    rsx! {
        div { class: "note warning", role: "status", "data-testid": "room-note",
            Icon { name: IconName::Warning }
            p { "{text}" }
        }
    }
}
