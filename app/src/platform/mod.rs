//! What the app needs of its surroundings: time, chance, files, storage, notices of the browser.
//!
//! The only folder that names `web-sys`, and the only one where the target makes a difference. It compiles
//! on every target, so that everything else is tested natively; its calls work in a browser only.

mod day;
mod dom;
mod history;
mod page;
mod picture;
mod worker_link;

pub(crate) use day::{day_has_changed, next_look_ms, now_ms};
pub(crate) use dom::{Node, node_of};
pub(crate) use history::{
    Entry, Step, Watcher, entry, launch, on_touch, scroll_room, scroll_to, watch_history,
};
pub(crate) use page::{
    announce, blob_url, device_name, focus_element, is_page, local_get, local_set, mark, meta, on_wake,
    reload, revoke_url, set_root, set_title, sleep_ms, storage_estimate, storage_persist, storage_persisted,
    uuid_v7, value_of,
};
pub(crate) use picture::read_as_jpeg;
pub(crate) use worker_link::{WorkerLink, serve_replica};
