//! Every request, and who answers it.
//!
//! The list below is the only one: [`Call`], which crosses to the replica, is made of it, and each request is handed to
//! whom it names there. A request that is not on it does not compile, nor does one that is answered with anything but its
//! [`Reply`](Ask::Reply).

use serde::{Deserialize, Serialize};

use crate::api::*;
use crate::replica::Replica;
use crate::storage::meta;
use crate::sync::driver::Driver;
use crate::sync::transport::Transport;
use crate::{commands, queries, wire};

/// A request that a [`Replica`] answers by itself, without a connection.
pub trait Local: Ask {
    /// Answers it.
    ///
    /// # Errors
    /// [`ApiError`] with what the person can do.
    fn answer_here(&self, replica: &mut Replica) -> Result<Self::Reply, ApiError>;
}

/// A request that a [`Driver`] answers, over the network where it must: every one.
pub trait Answered: Ask {
    /// Answers it.
    ///
    /// # Errors
    /// [`ApiError`] with what the person can do.
    fn answer<T: Transport>(&self, driver: &Driver<T>)
    -> impl Future<Output = Result<Self::Reply, ApiError>>;
}

impl Replica {
    /// Answers a request that needs no network. The [driver](Driver::call) answers every one.
    ///
    /// # Errors
    /// [`ApiError`] with what the person can do.
    pub fn call<A: Local>(&mut self, ask: A) -> Result<A::Reply, ApiError> {
        ask.answer_here(self)
    }
}

impl<T: Transport> Driver<T> {
    /// Answers any request, over the network where it must.
    ///
    /// # Errors
    /// [`ApiError`] with what the person can do.
    pub async fn call<A: Answered>(&self, ask: A) -> Result<A::Reply, ApiError> {
        let answer = ask.answer(self).await;
        self.stir();
        answer
    }

    /// Answers a request that came as bytes; returns the answer as bytes.
    pub async fn answer(&self, asked: &ToReplica) -> Vec<u8> {
        let answer = asked.call.answer(asked.id, self).await;
        self.stir();
        answer
    }

    /// Answers a request that needs no network.
    fn here<A: Local>(&self, ask: &A) -> Result<A::Reply, ApiError> {
        ask.answer_here(&mut self.replica().borrow_mut())
    }
}

/// From a screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToReplica {
    /// Chosen by the page; comes back with the answer.
    pub id: u64,
    /// The request.
    pub call: Call,
}

/// Makes [`Call`] of the list, and answers each request as it says: `way(who) { Request { fields } => reply, }`.
macro_rules! calls {
    ($($way:ident($who:ident) { $($request:ident $fields:tt => $reply:expr,)* })*) => {
        /// Any request, as it crosses to the replica.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum Call {$($(
            #[doc = concat!("[`", stringify!($request), "`](crate::api::", stringify!($request), ")")]
            $request($request),
        )*)*}

        $($(
            impl From<$request> for Call {
                fn from(request: $request) -> Self {
                    Self::$request(request)
                }
            }

            answered! { $way($who) $request $fields => $reply }
        )*)*

        impl Call {
            /// Has it answered; the answer as it crosses back.
            pub(crate) async fn answer<T: Transport>(&self, id: u64, driver: &Driver<T>) -> Vec<u8> {
                match self {$($(
                    Self::$request(request) => wire::answer(id, &answer!($way, request, driver)),
                )*)*}
            }
        }
    };
}

/// How a request is answered: over the network, or by the method of [`Replica`] that is called like its way.
macro_rules! answered {
    (driver($driver:ident) $request:ident $fields:tt => $reply:expr) => {
        impl Answered for $request {
            async fn answer<T: Transport>(&self, driver: &Driver<T>) -> Result<Self::Reply, ApiError> {
                let ($driver, Self $fields) = (driver, self);
                Ok($reply)
            }
        }
    };
    // A form's, but there must be room: the platform is asked how much there is. Adding a photo makes room by itself; that
    // it is tried once more when the disk is full all the same costs a second look at the file.
    (photo($replica:ident) $request:ident $fields:tt => $reply:expr) => {
        answered! { here form($replica) $request $fields => $reply }
        impl Answered for $request {
            async fn answer<T: Transport>(&self, driver: &Driver<T>) -> Result<Self::Reply, ApiError> {
                driver.look_for_room().await;
                driver.here(self)
            }
        }
    };
    ($way:ident($replica:ident) $request:ident $fields:tt => $reply:expr) => {
        answered! { here $way($replica) $request $fields => $reply }
        impl Answered for $request {
            async fn answer<T: Transport>(&self, driver: &Driver<T>) -> Result<Self::Reply, ApiError> {
                driver.here(self)
            }
        }
    };
    (here $way:ident($replica:ident) $request:ident $fields:tt => $reply:expr) => {
        impl Local for $request {
            fn answer_here(&self, replica: &mut Replica) -> Result<Self::Reply, ApiError> {
                let Self $fields = self;
                replica.$way(|$replica| Ok($reply))
            }
        }
    };
}

/// The answer to a request. Only what waits for something is waited for: each place to wait at takes its bytes in the app.
macro_rules! answer {
    (driver, $request:ident, $driver:ident) => {
        $request.answer($driver).await
    };
    (photo, $request:ident, $driver:ident) => {
        $request.answer($driver).await
    };
    (query, $request:ident, $driver:ident) => {
        $driver.here($request)
    };
    (command, $request:ident, $driver:ident) => {
        $driver.here($request)
    };
    (form, $request:ident, $driver:ident) => {
        $driver.here($request)
    };
    (setting, $request:ident, $driver:ident) => {
        $driver.here($request)
    };
}

calls! {
    // Reads.
    query(replica) {
        CurrentStatus {} => replica.status()?,
        Today {} => queries::today::today(&replica.connection)?,
        CareToday { shown } => queries::care::today(&replica.connection, *shown, replica.now_ms())?,
        Areas {} => queries::areas::all(&replica.connection)?,
        Buildings { area } => queries::households::buildings(&replica.connection, area.as_ref())?,
        Holdings {} => queries::areas::holdings(&replica.connection)?,
        Search { text, limit } => queries::search::search(&replica.connection, text, *limit)?,
        Doors { area, building } => {
            queries::households::doors(&replica.connection, area, building, replica.now_ms())?
        },
        Building { area, building } => {
            queries::building::building(&replica.connection, area, building, replica.now_ms())?
        },
        NextDoor { area, building, after } => {
            queries::building::next_door(&replica.connection, area, building, *after, replica.now_ms())?
        },
        Household { id } => queries::page::household(&replica.connection, *id, replica.now_ms())?,
        AtDoor { area, door, besides } => queries::doors::at_door(&replica.connection, area, door, *besides)?,
        Alike { record } => queries::duplicates::alike(&replica.connection, *record)?,
        Removals {} => queries::removals::all(&replica.connection, replica.now_ms())?,
        Conflicts {} => queries::conflicts::all(&replica.connection)?,
        Draft { id } => commands::drafts::draft(replica, *id)?,
        VisitLog { filter, after, limit } => {
            queries::log::visits(&replica.connection, filter, *after, *limit)?
        },
        Visit { id } => queries::log::visit_page(&replica.connection, *id)?,
        Issues { filter, after, limit } => {
            queries::issues::issues(&replica.connection, filter, *after, *limit)?
        },
        Issue { id } => {
            queries::issues::issue_page(&replica.connection, *id, replica.viewer()?.as_ref())?
        },
        Records { kind } => queries::generic::list(&replica.connection, *kind, replica.viewer()?.as_ref())?,
        Record { record } => {
            queries::generic::page(&replica.connection, *record, replica.viewer()?.as_ref())?
        },
        Outbox {} => queries::outbox::outbox(&replica.connection)?,
        Setting { name } => meta::setting(&replica.connection, name)?,
        Storage {} => queries::outbox::storage(&replica.connection)?,
    }
    // Changes records: screens ask again, and the engine looks for work.
    command(replica) {
        AddHousehold { area, household } => {
            commands::edits::add_household(replica, area.clone(), household)?
        },
        AddResident { resident } => commands::edits::add_resident(replica, resident)?,
        SaveFields { record, fields } => commands::edits::save_fields(replica, *record, fields.clone())?,
        Remove { record } => commands::edits::remove(replica, *record)?,
        Keep { record } => commands::edits::keep(replica, *record)?,
        Restore { record, field, value } => {
            commands::edits::restore(replica, *record, *field, value.clone())?
        },
        MergeInto { record, kept } => commands::merge::merge_into(replica, *record, *kept)?,
        Separate { record } => commands::merge::separate(replica, *record)?,
        AddEvent { issue, event } => commands::edits::add_event(replica, *issue, event.clone())?,
        FinishDraft { id } => commands::drafts::finish(replica, *id)?,
        DiscardDraft { id } => commands::drafts::throw_away(replica, *id)?,
        TakeDraftBack { id } => commands::drafts::take_back(replica, *id)?,
        RetryParked { seq } => commands::outbox::retry(replica, *seq)?,
        DismissParked { seq, seen } => commands::outbox::dismiss(replica, *seq, *seen)?,
        RetryPhoto { hash } => commands::outbox::retry_photo(replica, *hash)?,
        DiscardPhoto { hash } => commands::outbox::discard_photo(replica, *hash)?,
    }
    // Keeps something of a form that is open: no operation, nothing to tell other screens.
    form(replica) {
        SaveDraft { id, body, seen } => commands::drafts::save(replica, *id, body, seen)?,
        RemovePhoto { draft, hash } => commands::drafts::set_photo_removed(replica, *draft, *hash, true)?,
        PutPhotoBack { draft, hash } => commands::drafts::set_photo_removed(replica, *draft, *hash, false)?,
    }
    photo(replica) {
        AddPhoto { draft, file, modified_at } => {
            commands::drafts::add_photo(replica, *draft, file, *modified_at)?
        },
    }
    // Keeps something of this device, whoever is signed in.
    setting(replica) {
        SetSetting { name, value } => meta::set_setting(&replica.connection, name, value)?,
    }
    // Needs the network, or wakes what uses it.
    driver(driver) {
        SignIn { server, username, password, device_name } => {
            driver.sign_in(server, username, password, device_name).await?
        },
        SignOut {} => driver.sign_out().await?,
        SyncNow {} => driver.replica().borrow_mut().wake(),
        PhotoBytes { hash } => driver.photo(*hash).await?,
        ParkedAll { after } => driver.parked(after).await?,
        TakeUpParked { place } => driver.take_up_parked(place).await?,
        Gaps {} => driver.gaps().await?,
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use rusqlite::Connection;

    use super::*;
    use crate::native::NativePlatform;
    use crate::storage::Home;
    use crate::sync::http::HttpTransport;

    #[tokio::test]
    async fn what_crosses_back_is_the_reply_to_what_was_asked() {
        let connection = Connection::open_in_memory().unwrap();
        let replica = Replica::open(connection, Home::Memory, Rc::new(NativePlatform)).unwrap();
        let driver = Driver::new(replica, HttpTransport::new(Rc::new(NativePlatform)), || {});
        let language = || "language".to_owned();
        let set = SetSetting {
            name: language(),
            value: "en".to_owned(),
        };
        let (id, call) = (1, set.into());
        let answer = driver.answer(&ToReplica { id, call }).await;
        assert_eq!(answer, wire::answer(1, &Ok(())));
        let (id, call) = (2, Setting { name: language() }.into());
        let answer = driver.answer(&ToReplica { id, call }).await;
        assert_eq!(answer, wire::answer(2, &Ok(Some("en".to_owned()))));
        let (id, call) = (3, Gaps.into());
        let answer = driver.answer(&ToReplica { id, call }).await;
        let refused = driver.call(Gaps).await;
        assert!(refused.is_err(), "nobody is signed in");
        assert_eq!(answer, wire::answer(3, &refused));
    }
}
