//! Photos: small pictures in a row, and the two ways to add one.

use std::cell::RefCell;
use std::collections::VecDeque;

use dioxus::html::FileData;
use dioxus::prelude::*;
use replica::api::{self, ApiError, ErrorCode, PhotoSummary};
use shared::domain::photo::PHOTOS_PER_RECORD_MAX;
use shared::domain::photo::is_thumbnail;
use shared::ids::{DraftId, PhotoHash};

use super::{ErrorNote, Form, Icon, IconName, PhotoViewer, offer_undo, undone};
use crate::i18n::{t, t_args};
use crate::platform::{self, Node, node_of};
use crate::store::{Store, use_store};

/// How many small pictures keep their URL.
const THUMBNAILS_KEPT_MAX: usize = 600;

/// The codes of files whose size is allowed and whose format only the browser may know.
const READ_BY_BROWSER: [&str; 2] = ["photo.heic", "photo.format_unsupported"];
/// The file could not be read at all: taken away meanwhile, or kept in a cloud that is out of reach.
const UNREADABLE: &str = "photo.unreadable";

thread_local! {
    static THUMBNAILS: RefCell<VecDeque<(PhotoHash, String)>> = const { RefCell::new(VecDeque::new()) };
}

/// The URL of a small picture. Kept, so that lists do not make new ones whenever they are drawn.
pub(crate) fn thumbnail_url(photo: &PhotoSummary) -> String {
    THUMBNAILS.with_borrow_mut(|kept| {
        if let Some((_, url)) = kept.iter().find(|(hash, _)| *hash == photo.hash) {
            return url.clone();
        }
        // A server or a colleague's phone of another version may let other bytes through.
        if !is_thumbnail(&photo.thumbnail) {
            return String::new();
        }
        let Some(url) = platform::blob_url(&photo.thumbnail, "image/jpeg") else {
            return String::new();
        };
        if kept.len() >= THUMBNAILS_KEPT_MAX
            && let Some((_, oldest)) = kept.pop_front()
        {
            platform::revoke_url(&oldest);
        }
        kept.push_back((photo.hash, url.clone()));
        url
    })
}

/// Small pictures; each opens large. With `onremove` each can be taken away.
#[component]
pub(crate) fn PhotoStrip(photos: Vec<PhotoSummary>, onremove: Option<EventHandler<PhotoHash>>) -> Element {
    let mut open = use_signal(|| None::<usize>);
    if photos.is_empty() {
        return rsx! {};
    }
    let total = photos.len();
    rsx! {
        ul { class: "photos", "data-testid": "photos",
            for (index , photo) in photos.iter().enumerate() {
                li { key: "{photo.hash}", class: "photo",
                    button {
                        class: "photo-open", r#type: "button", "data-testid": "photo",
                        "aria-label": t_args("photo-open", &[("number", (index + 1).into()), ("total", total.into())]),
                        onclick: move |_| open.set(Some(index)),
                        img { src: thumbnail_url(photo), alt: "" }
                    }
                    if let Some(onremove) = onremove {
                        button {
                            class: "photo-remove", r#type: "button", "data-testid": "photo-remove",
                            "aria-label": t_args("photo-remove", &[("number", (index + 1).into())]),
                            onclick: { let hash = photo.hash; move |_| onremove.call(hash) },
                            Icon { name: IconName::Close }
                        }
                    }
                }
            }
        }
        if let Some(index) = open() {
            PhotoViewer { photos: photos.clone(), first: index, onclose: move |()| open.set(None) }
        }
    }
}

/// The photos of a form: those it has, and the ways to add one. Photos are always optional.
#[component]
pub(crate) fn DraftPhotos(form: Form) -> Element {
    let store = use_store();
    let Form {
        mut photos,
        saved_photos,
        ..
    } = form;
    let mut failed = use_signal(|| None::<ApiError>);
    let removing = store.clone();
    let remove = use_callback(move |hash: PhotoHash| {
        let store = removing.clone();
        failed.set(None);
        spawn(async move {
            let draft = form.id();
            match store.call(api::RemovePhoto { draft, hash }).await {
                Ok(_) => {
                    photos.write().retain(|photo| photo.hash != hash);
                    let again = api::PutPhotoBack { draft, hash };
                    offer_undo(t("photo-taken-out"), again, None);
                }
                Err(error) => failed.set(Some(error)),
            }
        });
    });
    // One that is put back by the bar is there again at once.
    let (before, undone) = (use_hook(undone), undone());
    use_effect(use_reactive((&undone,), move |(undone,)| {
        let store = store.clone();
        if undone == before {
            return;
        }
        spawn(async move {
            if let Ok(Some(draft)) = store.call(api::Draft { id: form.id() }).await {
                photos.set(draft.photos);
            }
        });
    }));
    rsx! {
        section { class: "field", "aria-label": t("photos"),
            h2 { class: "label", {t("photos-optional")} }
            PhotoStrip { photos: saved_photos() }
            PhotoStrip { photos: photos(), onremove: remove }
            PhotoInput { form, failed }
            if let Some(error) = failed() {
                ErrorNote { error }
            }
        }
    }
}

/// Keeps a file as a photo of the draft. What the replica cannot read, the browser may.
async fn add_photo(store: &Store, draft: DraftId, file: &FileData) -> Result<PhotoSummary, ApiError> {
    let modified_at = file.last_modified();
    let unreadable = || ApiError {
        code: ErrorCode::BadPhoto,
        detail: UNREADABLE.to_owned(),
        field: None,
    };
    let bytes = file.read_bytes().await.map_err(|_| unreadable())?.to_vec();
    let add = async |file: Vec<u8>| {
        let add = api::AddPhoto {
            draft,
            file,
            modified_at,
        };
        store.call(add).await
    };
    match add(bytes.clone()).await {
        Err(error) if READ_BY_BROWSER.contains(&error.detail.as_str()) => {
            match platform::read_as_jpeg(&bytes).await {
                Some(jpeg) => add(jpeg).await,
                None => Err(error),
            }
        }
        answer => answer,
    }
}

/// Empties the field, so that the same file can be chosen again after it was taken out.
fn forget(field: CopyValue<Option<Node>>) {
    if let Some(node) = field.read().as_ref() {
        node.set_value("");
    }
}

/// Camera and files. Each photo is prepared and kept with the draft before it shows; while one is on its way the form is
/// not saved without it.
#[component]
fn PhotoInput(form: Form, mut failed: Signal<Option<ApiError>>) -> Element {
    let store = use_store();
    let Form {
        mut photos,
        saved_photos,
        mut running,
        ..
    } = form;
    let count = photos.read().len() + saved_photos.read().len();
    let add = use_callback(move |event: Event<FormData>| {
        let store = store.clone();
        let free = PHOTOS_PER_RECORD_MAX.saturating_sub(count);
        let files: Vec<_> = event.files().into_iter().take(free).collect();
        if files.is_empty() {
            return;
        }
        // The draft is there before its photos.
        form.keep.call(());
        failed.set(None);
        running.with_mut(|running| *running += files.len());
        spawn(async move {
            for file in files {
                let added = match form.written().await {
                    Ok(draft) => add_photo(&store, draft, &file).await,
                    Err(error) => Err(error),
                };
                match added {
                    Ok(photo) if photos.peek().iter().any(|known| known.hash == photo.hash) => {}
                    Ok(photo) => photos.write().push(photo),
                    Err(error) => failed.set(Some(error)),
                }
                running.with_mut(|running| *running = running.saturating_sub(1));
            }
        });
    });
    let full = count >= PHOTOS_PER_RECORD_MAX;
    let camera = use_hook(|| CopyValue::new(None::<Node>));
    let files = use_hook(|| CopyValue::new(None::<Node>));
    rsx! {
        if full {
            p { class: "hint", {t_args("photo-enough", &[("count", PHOTOS_PER_RECORD_MAX.into())])} }
        } else {
            div { class: "photo-inputs",
                label { class: "button",
                    input {
                        r#type: "file", accept: "image/*", capture: "environment", class: "cover",
                        "data-testid": "photo-camera", "aria-label": t("photo-camera"),
                        onmounted: move |event| { let mut camera = camera; camera.set(node_of(&event)); },
                        onchange: move |event| { add.call(event); forget(camera); },
                    }
                    Icon { name: IconName::Camera }
                    span { "aria-hidden": "true", {t("photo-camera")} }
                }
                label { class: "button",
                    input {
                        r#type: "file", accept: "image/*", multiple: true, class: "cover",
                        "data-testid": "photo-files", "aria-label": t("photo-files"),
                        onmounted: move |event| { let mut files = files; files.set(node_of(&event)); },
                        onchange: move |event| { add.call(event); forget(files); },
                    }
                    Icon { name: IconName::Picture }
                    span { "aria-hidden": "true", {t("photo-files")} }
                }
            }
        }
        div { role: "status",
            if running() > 0 {
                p { class: "hint", "data-testid": "photo-busy", {t("photo-busy")} }
            }
        }
    }
}
