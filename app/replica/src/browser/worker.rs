//! The dedicated worker: does what [`Tab`](super::tab::Tab) decides.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use super::host::{BrowserPlatform, Channel, Lock, build, missing_ability};
use super::message::TabId;
use super::open::open_replica;
use super::tab::{self, Action, Event, Tab};
use crate::api::ErrorCode;
use crate::calls::ToReplica;
use crate::platform::Platform;
use crate::replica::Replica;
use crate::sync::driver::Driver;
use crate::sync::http::HttpTransport;
use crate::wire;

/// The lock and the channel are called so in every version of the app.
const NAME: &str = "koumen-replica";

/// The worker's end of the line to its page.
pub struct WorkerHandle(Rc<Worker>);

struct Worker {
    tab: RefCell<Tab>,
    post: Box<dyn Fn(Vec<u8>)>,
    platform: Rc<dyn Platform>,
    channel: RefCell<Option<Channel>>,
    lock: RefCell<Option<Lock>>,
    driver: RefCell<Option<Rc<Driver<HttpTransport>>>>,
    ticking: Cell<bool>,
}

/// Starts the replica in this dedicated worker; `post` posts messages to the page, as [`wire`] writes them.
///
/// Calls may be handed over at once: they are answered when the database is open.
pub async fn start(post: impl Fn(Vec<u8>) + 'static) -> WorkerHandle {
    let platform: Rc<dyn Platform> = Rc::new(BrowserPlatform);
    let mut id = [0; 8];
    platform.fill_random(&mut id);
    let worker = Rc::new(Worker {
        tab: RefCell::new(Tab::new(TabId(u64::from_le_bytes(id)))),
        post: Box::new(post),
        platform,
        channel: RefCell::default(),
        lock: RefCell::default(),
        driver: RefCell::default(),
        ticking: Cell::new(false),
    });
    #[cfg(feature = "testing")]
    super::conformance::listen();
    if let Some(code) = missing_ability() {
        worker.feed(Event::Failed(code));
        return WorkerHandle(worker);
    }
    let hearing = Rc::clone(&worker);
    *worker.channel.borrow_mut() = Some(Channel::join(NAME, build(), move |message| {
        hearing.feed(Event::Heard(message))
    }));
    let (taken, granted) = (Rc::clone(&worker), Rc::clone(&worker));
    let lock = Lock::request(
        NAME,
        move || taken.feed(Event::LockTaken),
        move || granted.feed(Event::LockGranted),
    );
    *worker.lock.borrow_mut() = Some(lock);
    WorkerHandle(worker)
}

impl WorkerHandle {
    /// Takes a [`ToReplica`] of the page; the answer is posted.
    pub fn on_message(&self, bytes: Vec<u8>) {
        match postcard::from_bytes::<ToReplica>(&bytes) {
            Ok(call) => self.0.feed(Event::Page(call)),
            // A page of another version. Its number comes first in every version.
            Err(_) => {
                if let Ok((id, _)) = postcard::take_from_bytes::<u64>(&bytes) {
                    (self.0.post)(wire::refusal(id, ErrorCode::UpdateNeeded, "wire"));
                }
            }
        }
    }
}

impl Worker {
    fn feed(self: &Rc<Self>, event: Event) {
        // Nothing that an action does comes back in here before the action has ended.
        let actions = self.tab.borrow_mut().on(event);
        for action in actions {
            self.perform(action);
        }
        if self.tab.borrow().wants_tick() && !self.ticking.replace(true) {
            let worker = Rc::clone(self);
            spawn_local(async move {
                worker.platform.sleep(tab::TICK_MS).await;
                worker.ticking.set(false);
                worker.feed(Event::Tick);
            });
        }
    }

    fn perform(self: &Rc<Self>, action: Action) {
        match action {
            Action::Tell(bytes) => (self.post)(bytes),
            Action::Say(message) => {
                if let Some(channel) = self.channel.borrow().as_ref() {
                    channel.say(&message);
                }
            }
            Action::Release => {
                if let Some(lock) = self.lock.borrow().as_ref() {
                    lock.release();
                }
            }
            Action::Open => {
                let worker = Rc::clone(self);
                spawn_local(async move { worker.open().await });
            }
            Action::Run { tab, call } => {
                let worker = Rc::clone(self);
                let Some(driver) = self.driver.borrow().clone() else {
                    return;
                };
                spawn_local(async move {
                    let (id, answer) = (call.id, driver.answer(&call).await);
                    worker.feed(Event::Answered { tab, id, answer });
                });
            }
        }
    }

    async fn open(self: &Rc<Self>) {
        match open_replica(Rc::clone(&self.platform)).await {
            Ok(replica) => self.drive(replica),
            Err(code) => self.feed(Event::Failed(code)),
        }
    }

    fn drive(self: &Rc<Self>, replica: Replica) {
        let worker = Rc::clone(self);
        let transport = HttpTransport::new(Rc::clone(&self.platform));
        let driver = Rc::new(Driver::new(replica, transport, move || worker.pass_notices_on()));
        *self.driver.borrow_mut() = Some(Rc::clone(&driver));
        self.feed(Event::Opened);
        spawn_local(async move { driver.run().await });
    }

    fn pass_notices_on(self: &Rc<Self>) {
        let Some(driver) = self.driver.borrow().clone() else {
            return;
        };
        let notices = driver.replica().borrow_mut().take_notices();
        for notice in notices {
            self.feed(Event::Noticed(notice));
        }
    }
}
