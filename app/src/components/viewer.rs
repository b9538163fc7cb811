//! A photo over the whole screen.

use std::cell::RefCell;
use std::rc::Rc;

use dioxus::prelude::*;
use replica::api::{self, PhotoSummary};

use super::{ErrorNote, Icon, IconName, Loading, Sheet};
use crate::format;
use crate::i18n::{t, t_args};
use crate::platform;
use crate::store::use_query;

/// Shows photos one at a time, beginning with `first`.
#[component]
pub(crate) fn PhotoViewer(photos: Vec<PhotoSummary>, first: usize, onclose: EventHandler<()>) -> Element {
    let mut index = use_signal(|| first);
    let total = photos.len();
    let Some(photo) = photos.get(index().min(total.saturating_sub(1))) else {
        return rsx! {};
    };
    let title = t_args(
        "photo-number",
        &[("number", (index() + 1).into()), ("total", total.into())],
    );
    let taken = format::moment(photo.taken_at, platform::now_ms());
    rsx! {
        Sheet { title: "{title}", testid: "photo-viewer", full: true, onclose,
            FullPhoto { key: "{photo.hash}", photo: photo.clone() }
            div { class: "viewer-foot",
                button {
                    class: "icon-button", r#type: "button", "data-testid": "photo-previous",
                    "aria-label": t("photo-previous"), disabled: index() == 0,
                    onclick: move |_| index.with_mut(|index| *index = index.saturating_sub(1)),
                    Icon { name: IconName::Back }
                }
                p {
                    {t_args("photo-taken", &[("moment", taken.into())])}
                    if !photo.uploaded {
                        span { class: "tag waiting", {t("photo-not-uploaded")} }
                    }
                }
                button {
                    class: "icon-button", r#type: "button", "data-testid": "photo-next",
                    "aria-label": t("photo-next"), disabled: index() + 1 >= total,
                    onclick: move |_| index.with_mut(|index| *index = (*index + 1).min(total.saturating_sub(1))),
                    Icon { name: IconName::Forward }
                }
            }
        }
    }
}

/// The URL of a photo in memory, given back when nobody shows it any more.
struct PhotoUrl(RefCell<Option<String>>);

impl Drop for PhotoUrl {
    fn drop(&mut self) {
        if let Some(url) = self.0.take() {
            platform::revoke_url(&url);
        }
    }
}

#[component]
fn FullPhoto(photo: PhotoSummary) -> Element {
    let loaded = use_query(api::PhotoBytes { hash: photo.hash });
    let url = use_hook(|| Rc::new(PhotoUrl(RefCell::new(None))));
    match loaded {
        None => rsx! { Loading {} },
        Some(Err(error)) => rsx! { ErrorNote { error } },
        Some(Ok(bytes)) => {
            // A photo is named by its content: once made, the URL stays right.
            let src = url
                .0
                .borrow_mut()
                .get_or_insert_with(|| platform::blob_url(&bytes, "image/jpeg").unwrap_or_default())
                .clone();
            rsx! { img { class: "full-photo", src, alt: t("photo-alt"), "data-testid": "photo-full" } }
        }
    }
}
