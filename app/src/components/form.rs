//! What all forms share: kept as a draft at every change, found again by its address, saved, thrown away.
//!
//! Test ids: `draft-kept`, `form-correction`, `form-elsewhere`, `form-read-again`, `*-save`, `*-discard`, `error`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::pin::Pin;

use dioxus::prelude::*;
use replica::api::{
    self, ApiError, DraftBody, ErrorCode, HouseholdDraft, IssueDraft, PhotoSummary, RecordDraft,
    ResidentDraft, StepDraft, VisitDraft,
};
use shared::domain::{FieldId, RecordRef};
use shared::ids::DraftId;

use super::answer::error_text;
use super::toast::clear_toast;
use super::{Button, ButtonKind, ErrorNote, Icon, IconName, offer_undo, replace};
use crate::i18n::t;
use crate::routes::Route;
use crate::store::{DraftKeeper, Store, Written, use_store};

thread_local! {
    // What a new form begins with, handed over to the form behind the address of its draft.
    static BEGUN: RefCell<Option<(DraftId, DraftBody)>> = const { RefCell::new(None) };
}

/// Begins a form: `body` is what it holds first, `route` its address.
pub(crate) fn begin(draft: DraftId, body: impl FormBody, route: Route) {
    BEGUN.set(Some((draft, body.into_body())));
    replace(route);
}

/// What one kind of form holds.
pub(crate) trait FormBody: Clone + 'static {
    /// As it is kept.
    fn into_body(self) -> DraftBody;
    /// From what was kept; `None` for another kind of form.
    fn from_body(body: DraftBody) -> Option<Self>;
    /// An address under which nothing is kept begins one: its id says what it is about.
    const BEGINS_HERE: bool;
}

macro_rules! form_body {
    ($($kind:ident $form:ty, $begins_here:literal;)+) => {$(
        impl FormBody for $form {
            fn into_body(self) -> DraftBody {
                DraftBody::$kind(self)
            }
            fn from_body(body: DraftBody) -> Option<Self> {
                match body {
                    DraftBody::$kind(form) => Some(form),
                    _ => None,
                }
            }
            const BEGINS_HERE: bool = $begins_here;
        }
    )+};
}
form_body! {
    Visit VisitDraft, false;
    Issue IssueDraft, false;
    Household HouseholdDraft, false;
    Resident ResidentDraft, false;
    Step StepDraft, true;
    Record RecordDraft, false;
}

/// What is asked before a form is saved.
pub(crate) type Checking = Pin<Box<dyn Future<Output = Result<(), ApiError>>>>;

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// A field of the record.
    Field(FieldId),
    /// What this code alone says.
    Code(&'static str),
}

impl From<FieldId> for About {
    fn from(field: FieldId) -> Self {
        Self::Field(field)
    }
}

impl From<&'static str> for About {
    fn from(code: &'static str) -> Self {
        Self::Code(code)
    }
}

impl About {
    fn is_of(self, error: &ApiError) -> bool {
        match self {
            Self::Field(field) => error.field == Some(field),
            Self::Code(code) => error.code == ErrorCode::Invalid && error.detail == code,
        }
    }
}

/// A form, but for what it holds. Cheap to hand to its parts.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Form {
    /// What is kept is read: the form can be shown, saved and thrown away.
    pub(crate) ready: Signal<bool>,
    /// There is neither draft nor record under this address.
    pub(crate) missing: Signal<bool>,
    /// What is written of it.
    pub(crate) written: Signal<Written>,
    /// It corrects what is saved already.
    pub(crate) corrects: Signal<bool>,
    /// Keeps what it holds; called after every change.
    pub(crate) keep: Callback<()>,
    /// Its photos.
    pub(crate) photos: Signal<Vec<PhotoSummary>>,
    /// Those that the record has already.
    pub(crate) saved_photos: Signal<Vec<PhotoSummary>>,
    /// Photos on their way into the draft.
    pub(crate) running: Signal<usize>,
    draft: DraftId,
    read: Callback<()>,
    unread: Signal<Option<ApiError>>,
    busy: Signal<bool>,
    failed: Signal<Option<ApiError>>,
    keeper: CopyValue<DraftKeeper>,
    /// What stands on the form with a place for its refusals.
    places: CopyValue<BTreeSet<About>>,
}

/// A form behind the address of `draft`. `fresh` is what it shows when nothing is kept there.
pub(crate) fn use_form<T: FormBody>(draft: DraftId, fresh: impl FnOnce() -> T) -> (Form, Signal<T>) {
    let store = use_store();
    let begun = use_hook(|| BEGUN.take().filter(|(id, _)| *id == draft).map(|(_, body)| body));
    let is_new = begun.is_some();
    let mut body = use_signal(|| begun.and_then(T::from_body).unwrap_or_else(fresh));
    let written = use_signal(Written::default);
    let keeper = use_hook(|| CopyValue::new(DraftKeeper::new(store.clone(), draft, written)));
    let failed = use_signal(|| None::<ApiError>);
    let keep = use_callback(move |()| {
        clear_refusal(failed);
        keeper.read().keep(body.peek().clone().into_body());
    });
    let (mut ready, mut missing) = (use_signal(|| is_new), use_signal(|| false));
    let mut unread = use_signal(|| None::<ApiError>);
    let mut corrects = use_signal(|| false);
    let (mut photos, mut saved_photos) = (use_signal(Vec::new), use_signal(Vec::new));
    let read = use_callback(move |()| {
        let store = store.clone();
        unread.set(None);
        spawn(async move {
            let found = match store.call(api::Draft { id: draft }).await {
                Ok(found) => found,
                Err(error) => return unread.set(Some(error)),
            };
            let begins_here = found.is_none() && T::BEGINS_HERE;
            let shown = found.and_then(|found| Some((T::from_body(found.body.clone())?, found)));
            match shown {
                Some((shown, found)) => {
                    body.set(shown);
                    keeper.read().has_seen(found.seen, found.is_open);
                    photos.set(found.photos);
                    saved_photos.set(found.saved_photos);
                    corrects.set(found.corrects.is_some());
                    ready.set(true);
                }
                None if begins_here => ready.set(true),
                None => missing.set(true),
            }
        });
    });
    use_hook(|| {
        if !is_new {
            read.call(());
        }
    });
    let form = Form {
        ready,
        missing,
        written,
        corrects,
        keep,
        photos,
        saved_photos,
        running: use_signal(|| 0),
        draft,
        read,
        unread,
        busy: use_signal(|| false),
        failed,
        keeper,
        places: use_hook(|| CopyValue::new(BTreeSet::new())),
    };
    (form, body)
}

fn clear_refusal(mut failed: Signal<Option<ApiError>>) {
    let refused = |error: &ApiError| error.code == ErrorCode::Invalid;
    if failed.peek().as_ref().is_some_and(refused) {
        failed.set(None);
    }
}

impl Form {
    /// It is a draft: there is something to throw away.
    pub(crate) fn is_kept(&self) -> bool {
        self.written.read().id.is_some()
    }

    /// Another window had written under its id: it is kept under one of its own.
    fn is_elsewhere(&self) -> bool {
        self.written.read().id.is_some_and(|id| id != self.draft)
    }

    /// Why saving was refused, in a sentence, when it was about this; empty otherwise. Whoever asks shows it there.
    pub(crate) fn error_at(&self, about: impl Into<About>) -> String {
        let about = about.into();
        let mut places = self.places;
        places.write().insert(about);
        let failed = self.failed.read();
        let failed = failed.as_ref().filter(|error| about.is_of(error));
        failed.map(error_text).unwrap_or_default()
    }

    /// Whether saving was refused with this code.
    pub(crate) fn was_refused(&self, code: &str) -> bool {
        let failed = self.failed.read();
        failed.as_ref().is_some_and(|error| error.detail == code)
    }

    /// What was refused is being put right.
    pub(crate) fn clear_refusal(&self) {
        clear_refusal(self.failed);
    }

    /// What the bar says: what has no place of its own on the form, and that what was typed is not written.
    fn error_in_bar(&self) -> Option<ApiError> {
        let places = self.places.peek();
        let has_place = |error: &ApiError| places.iter().any(|about| about.is_of(error));
        let failed = self.failed.read().clone();
        let failed = failed.filter(|error| !has_place(error));
        failed.or_else(|| self.written.read().failed.clone())
    }

    /// The id under which everything up to now is kept: its photos go there.
    ///
    /// # Errors
    /// What the last write came back with.
    pub(crate) async fn written(&self) -> Result<DraftId, ApiError> {
        let keeper = self.keeper.read().clone();
        keeper.written().await
    }

    /// Where it is kept now.
    pub(crate) fn id(&self) -> DraftId {
        self.keeper.read().id()
    }

    /// Saves it: what was typed until now becomes its record, or a correction.
    fn save(self, store: Store, check: Option<Callback<(), Checking>>, onsaved: EventHandler<RecordRef>) {
        let Self {
            mut busy, mut failed, ..
        } = self;
        if !*self.ready.peek() || *busy.peek() || *self.running.peek() > 0 {
            return;
        }
        busy.set(true);
        failed.set(None);
        // "Saved" of the form before does not stand beside what becomes of this one.
        clear_toast();
        self.keep.call(());
        spawn(async move {
            let keeper = self.keeper.read().clone();
            let ready = match (self.written().await, check) {
                (Ok(id), Some(check)) => check.call(()).await.map(|()| id),
                (ready, _) => ready,
            };
            let saved = match ready {
                Ok(id) => {
                    keeper.hold();
                    store.call(api::FinishDraft { id }).await
                }
                Err(error) => Err(error),
            };
            busy.set(false);
            match saved {
                Ok(record) => onsaved.call(record),
                Err(error) => failed.set(Some(error)),
            }
            keeper.release();
        });
    }

    /// Throws it away: it lies in the bin, and can be taken back at once. `again` is where it is gone on with.
    fn discard(self, store: Store, again: Callback<DraftId, Route>, ondone: EventHandler<()>) {
        let Self {
            mut busy, mut failed, ..
        } = self;
        if !*self.ready.peek() || *busy.peek() {
            return;
        }
        busy.set(true);
        spawn(async move {
            let keeper = self.keeper.read().clone();
            // What could not be written is thrown away, too.
            let id = keeper.settled().await;
            keeper.hold();
            let done = store.call(api::DiscardDraft { id }).await;
            busy.set(false);
            match done {
                Ok(()) => {
                    let text = if *self.corrects.peek() {
                        t("correction-thrown-away")
                    } else {
                        t("draft-thrown-away")
                    };
                    offer_undo(text, api::TakeDraftBack { id }, Some(again.call(id)));
                    ondone.call(());
                }
                Err(error) => failed.set(Some(error)),
            }
            keeper.release();
        });
    }
}

/// What is special about this form: that it could not be read, that it corrects, or that another window has another one.
#[component]
pub(crate) fn FormNotes(form: Form) -> Element {
    rsx! {
        if let Some(error) = (form.unread)() {
            ErrorNote { error }
            Button { label: t("form-read-again"), testid: "form-read-again", onclick: move |()| form.read.call(()) }
        }
        if (form.corrects)() {
            div { class: "note slim", role: "note", "data-testid": "form-correction",
                Icon { name: IconName::Edit }
                span { {t("form-correction")} }
            }
        }
        if form.is_elsewhere() {
            div { class: "note slim", role: "status", "data-testid": "form-elsewhere", span { {t("form-elsewhere")} } }
        }
    }
}

/// The end of a form, away from the thumb: throw it away. Only what is kept can be. `again` is where a draft is gone on
/// with.
#[component]
pub(crate) fn Discard(
    form: Form,
    testid: String,
    again: Callback<DraftId, Route>,
    ondone: EventHandler<()>,
) -> Element {
    let store = use_store();
    rsx! {
        if form.is_kept() {
            div { class: "form-end",
                Button {
                    label: if (form.corrects)() { t("correction-discard") } else { t("visit-discard") },
                    testid, kind: ButtonKind::Quiet, icon: IconName::Close,
                    onclick: move |()| form.discard(store.clone(), again, ondone),
                }
            }
        }
    }
}

/// The bar in reach of the thumb: save. What `check` refuses stays a draft. It waits until the form is read.
#[component]
pub(crate) fn SaveBar(
    form: Form,
    label: String,
    testid: String,
    check: Option<Callback<(), Checking>>,
    onsaved: EventHandler<RecordRef>,
) -> Element {
    let store = use_store();
    if (form.unread)().is_some() {
        return rsx! {};
    }
    let waiting = !(form.ready)() || (form.busy)() || (form.running)() > 0;
    let unwritten = form.written.read().failed.is_some();
    rsx! {
        div { class: "save-bar",
            if let Some(error) = form.error_in_bar() {
                ErrorNote { error }
            }
            div { class: "save-row",
                Button {
                    label: if (form.corrects)() { t("save-correction") } else { label },
                    testid, kind: ButtonKind::Primary, icon: IconName::Check, busy: waiting,
                    onclick: move |()| form.save(store.clone(), check, onsaved),
                }
            }
            if !unwritten {
                p { class: "hint", "data-testid": "draft-kept",
                    if form.is_kept() { {t("draft-kept")} } else { {t("draft-will-be-kept")} }
                }
            }
        }
    }
}
