//! What all forms share: kept as a draft at every change, found again by its address, saved, thrown away.
//!
//! Test ids: `draft-kept`, `form-correction`, `form-elsewhere`, `*-save`, `*-discard`, `error`.

use std::cell::RefCell;
use std::pin::Pin;

use dioxus::prelude::*;
use replica::api::{
    Answer, ApiError, Call, Draft, DraftBody, HouseholdDraft, IssueDraft, PhotoSummary, ResidentDraft,
    StepDraft, VisitDraft,
};
use shared::domain::RecordRef;
use shared::ids::DraftId;

use super::{Button, ButtonKind, ErrorNote, Icon, IconName, offer_undo, replace};
use crate::i18n::t;
use crate::routes::Route;
use crate::store::{DraftKeeper, Store, use_store};

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
}

macro_rules! form_body {
    ($($kind:ident $form:ty,)+) => {$(
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
        }
    )+};
}
form_body! {
    Visit VisitDraft,
    Issue IssueDraft,
    Household HouseholdDraft,
    Resident ResidentDraft,
    Step StepDraft,
}

/// What is asked before a form is saved.
pub(crate) type Checking = Pin<Box<dyn Future<Output = Result<(), ApiError>>>>;

/// A form, but for what it holds. Cheap to hand to its parts.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Form {
    /// What is kept is read: the form can be shown.
    pub(crate) ready: Signal<bool>,
    /// There is neither draft nor record under this address.
    pub(crate) missing: Signal<bool>,
    /// It is a draft.
    pub(crate) kept: Signal<bool>,
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
    elsewhere: Signal<bool>,
    busy: Signal<bool>,
    failed: Signal<Option<ApiError>>,
    keeper: CopyValue<DraftKeeper>,
}

/// A form behind the address of `draft`. `fresh` is what it shows when nothing is kept there.
pub(crate) fn use_form<T: FormBody>(draft: DraftId, fresh: impl FnOnce() -> T) -> (Form, Signal<T>) {
    let store = use_store();
    let begun = use_hook(|| BEGUN.take().filter(|(id, _)| *id == draft).map(|(_, body)| body));
    let is_new = begun.is_some();
    let mut body = use_signal(|| begun.and_then(T::from_body).unwrap_or_else(fresh));
    let keeper = use_hook(|| CopyValue::new(DraftKeeper::new(store.clone(), draft)));
    let mut kept = use_signal(|| false);
    let keep = use_callback(move |()| {
        keeper.read().keep(body.peek().clone().into_body());
        kept.set(true);
    });
    let mut form = Form {
        ready: use_signal(|| is_new),
        missing: use_signal(|| false),
        kept,
        corrects: use_signal(|| false),
        keep,
        photos: use_signal(Vec::new),
        saved_photos: use_signal(Vec::new),
        running: use_signal(|| 0),
        draft,
        elsewhere: use_signal(|| false),
        busy: use_signal(|| false),
        failed: use_signal(|| None),
        keeper,
    };
    use_future(move || {
        let store = store.clone();
        async move {
            if is_new {
                return;
            }
            match store.call(Call::Draft { id: draft }).await {
                Ok(Answer::Draft(Some(found))) => match T::from_body(found.body.clone()) {
                    Some(shown) => {
                        body.set(shown);
                        form.take(*found);
                    }
                    None => form.missing.set(true),
                },
                Ok(_) => form.missing.set(true),
                Err(error) => form.failed.set(Some(error)),
            }
            form.ready.set(true);
        }
    });
    (form, body)
}

impl Form {
    fn take(&mut self, found: Draft) {
        self.keeper.read().has_seen(found.seen);
        self.photos.set(found.photos);
        self.saved_photos.set(found.saved_photos);
        self.kept.set(found.is_open);
        self.corrects.set(found.corrects.is_some());
    }

    /// The id under which everything up to now is kept: its photos go there.
    ///
    /// # Errors
    /// What the last write came back with.
    pub(crate) async fn written(&self) -> Result<DraftId, ApiError> {
        let keeper = self.keeper.read().clone();
        let id = keeper.written().await?;
        let mut elsewhere = self.elsewhere;
        if id != self.draft && !*elsewhere.peek() {
            elsewhere.set(true);
        }
        Ok(id)
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
        if *busy.peek() || *self.running.peek() > 0 {
            return;
        }
        busy.set(true);
        failed.set(None);
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
                    store.call(Call::FinishDraft { id }).await
                }
                Err(error) => Err(error),
            };
            busy.set(false);
            match saved {
                Ok(Answer::Saved(record)) => onsaved.call(record),
                Ok(_) => {}
                Err(error) => failed.set(Some(error)),
            }
            keeper.release();
        });
    }

    /// Throws it away: it lies in the bin, and can be taken back at once. `again` is where it is gone on with.
    fn discard(self, store: Store, again: Route, ondone: EventHandler<()>) {
        let Self {
            mut busy, mut failed, ..
        } = self;
        if *busy.peek() {
            return;
        }
        busy.set(true);
        spawn(async move {
            let keeper = self.keeper.read().clone();
            let done = match self.written().await {
                Ok(id) => {
                    keeper.hold();
                    store.call(Call::DiscardDraft { id }).await.map(|_| id)
                }
                Err(error) => Err(error),
            };
            busy.set(false);
            match done {
                Ok(id) => {
                    let text = if *self.corrects.peek() {
                        t("correction-thrown-away")
                    } else {
                        t("draft-thrown-away")
                    };
                    offer_undo(text, Call::TakeDraftBack { id }, Some(again));
                    ondone.call(());
                }
                Err(error) => failed.set(Some(error)),
            }
            keeper.release();
        });
    }
}

/// What is special about this form: that it corrects, or that another window has another one.
#[component]
pub(crate) fn FormNotes(form: Form) -> Element {
    rsx! {
        if (form.corrects)() {
            div { class: "note slim", role: "note", "data-testid": "form-correction",
                Icon { name: IconName::Edit }
                span { {t("form-correction")} }
            }
        }
        if (form.elsewhere)() {
            div { class: "note slim", role: "status", "data-testid": "form-elsewhere", span { {t("form-elsewhere")} } }
        }
    }
}

/// The end of a form, away from the thumb: throw it away. Only what is kept can be.
#[component]
pub(crate) fn Discard(form: Form, testid: String, again: Route, ondone: EventHandler<()>) -> Element {
    let store = use_store();
    rsx! {
        if (form.kept)() {
            div { class: "form-end",
                Button {
                    label: if (form.corrects)() { t("correction-discard") } else { t("visit-discard") },
                    testid, kind: ButtonKind::Quiet, icon: IconName::Close,
                    onclick: move |()| form.discard(store.clone(), again.clone(), ondone),
                }
            }
        }
    }
}

/// The bar in reach of the thumb: save. What `check` refuses stays a draft.
#[component]
pub(crate) fn SaveBar(
    form: Form,
    label: String,
    testid: String,
    check: Option<Callback<(), Checking>>,
    onsaved: EventHandler<RecordRef>,
) -> Element {
    let store = use_store();
    let waiting = (form.busy)() || (form.running)() > 0;
    rsx! {
        div { class: "save-bar",
            if let Some(error) = (form.failed)() {
                ErrorNote { error }
            }
            div { class: "save-row",
                Button {
                    label: if (form.corrects)() { t("save-correction") } else { label },
                    testid, kind: ButtonKind::Primary, icon: IconName::Check, busy: waiting,
                    onclick: move |()| form.save(store.clone(), check, onsaved),
                }
            }
            p { class: "hint", "data-testid": "draft-kept",
                if (form.kept)() { {t("draft-kept")} } else { {t("draft-will-be-kept")} }
            }
        }
    }
}
