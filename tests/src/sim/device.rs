//! A phone: a disk that stays, a clock that may be wrong, and an app that is opened, killed and opened again.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use replica::api::{self, ApiError, SignIn, Status};
use replica::calls::Answered;
use replica::storage::{Home, operations};
use replica::sync::driver::Driver;
use replica::{Replica, platform::Platform};
use shared::change::Operation;
use shared::domain::schema::RecordRef;
use shared::ids::DeviceId;
use shared::protocol::v1::PUSH_OPERATIONS_MAX;

use super::chance::SharedChance;
use super::clock::{SimPlatform, Woken};
use super::disk::{Disk, Fuse};
use super::network::{Line, Network, SimTransport};

/// A phone.
pub(super) struct Device {
    pub(super) index: usize,
    /// Whose.
    pub(super) username: String,
    pub(super) disk: Disk,
    pub(super) platform: Rc<SimPlatform>,
    pub(super) line: Rc<Line>,
    /// The running app.
    pub(super) app: Option<App>,
    /// How many answers had reached it when it was last looked at.
    pub(super) looked_at: u64,
    /// What had been written to its disk when its operations were last read.
    pub(super) stock_taken: Option<u64>,
    /// What it showed then: its identity, what waits, what needs attention.
    pub(super) shown: Option<(DeviceId, u64, u64)>,
    /// Whether somebody has signed in on it.
    pub(super) enrolled: bool,
    /// Whether another phone was made from it, or it from another one.
    pub(super) has_copy: bool,
    /// Rows that were damaged on it.
    pub(super) damaged: BTreeSet<RecordRef>,
    /// How often in a row its worker saw that it is in trouble.
    pub(super) in_trouble: u32,
}

/// A running app.
pub(super) struct App {
    driver: Rc<Driver<SimTransport>>,
    fuse: Fuse,
    woken: Arc<Woken>,
    syncing: LocalBoxFuture<'static, ()>,
    calling: Option<LocalBoxFuture<'static, Result<Status, ApiError>>>,
    /// What came of the last call over the network.
    pub(super) called: Option<Result<Status, ApiError>>,
}

impl Device {
    pub(super) fn new(
        index: usize,
        username: &str,
        disk: Disk,
        network: &Rc<Network>,
        chance: SharedChance,
        page_max: u32,
    ) -> Self {
        let line = Line {
            device: index,
            connected: Cell::new(true),
            page_max: Cell::new(page_max),
            notices: RefCell::new(None),
            answered: Cell::new(0),
        };
        Self {
            index,
            username: username.to_owned(),
            disk,
            platform: Rc::new(SimPlatform::new(Rc::clone(&network.timeline), chance)),
            line: Rc::new(line),
            app: None,
            looked_at: 0,
            stock_taken: None,
            shown: None,
            enrolled: false,
            has_copy: false,
            damaged: BTreeSet::new(),
            in_trouble: 0,
        }
    }

    /// A later version of the app opens what is durable, and is killed after so many looks; `None`: it is not.
    pub(super) fn update(&self, killed_after: Option<u64>) -> rusqlite::Result<()> {
        self.disk.make_new();
        let fuse = Fuse::default();
        if let Some(looks) = killed_after {
            fuse.light(looks);
        }
        self.disk.update(&fuse)
    }

    /// Opens the app on what is durable.
    pub(super) fn open(&mut self, network: &Rc<Network>, pages_more: Option<u64>) {
        let fuse = Fuse::default();
        if pages_more.is_none() {
            self.disk.make_new();
        }
        let connection = self.disk.open(&fuse, pages_more).expect("the disk opens");
        let platform = Rc::clone(&self.platform) as Rc<dyn Platform>;
        let Ok(replica) = Replica::open(connection, Home::Memory, platform) else {
            // Too full even to open: the person makes room and tries again.
            return;
        };
        let transport = SimTransport {
            network: Rc::clone(network),
            line: Rc::clone(&self.line),
        };
        let driver = Rc::new(Driver::new(replica, transport, || {}));
        let running = Rc::clone(&driver);
        self.app = Some(App {
            driver,
            fuse,
            woken: Woken::fresh(),
            syncing: async move { running.run().await }.boxed_local(),
            calling: None,
            called: None,
        });
    }

    /// Ends the process, wherever it is.
    pub(super) fn kill(&mut self) {
        self.app = None;
        *self.line.notices.borrow_mut() = None;
    }

    /// Polls what is ready; true when there was something.
    pub(super) fn poll(&mut self) -> bool {
        let Some(app) = &mut self.app else { return false };
        if !app.woken.take() {
            return false;
        }
        let waker = Waker::from(Arc::clone(&app.woken));
        let mut context = Context::from_waker(&waker);
        let ended = app.syncing.poll_unpin(&mut context).is_ready();
        assert!(!ended, "the driver runs for ever");
        if let Some(calling) = &mut app.calling
            && let Poll::Ready(answer) = calling.poll_unpin(&mut context)
        {
            app.called = Some(answer);
            app.calling = None;
        }
        if app.fuse.is_burnt() {
            self.kill();
        }
        true
    }

    pub(super) fn is_burnt(&self) -> bool {
        self.app.as_ref().is_some_and(|app| app.fuse.is_burnt())
    }

    /// Lights the fuse of the running process.
    pub(super) fn light(&self, looks: u64) {
        if let Some(app) = &self.app {
            app.fuse.light(looks);
        }
    }

    /// Puts it out again.
    pub(super) fn put_out(&self) {
        if let Some(app) = &self.app {
            app.fuse.put_out();
        }
    }

    /// A call that needs no network; `None` when the app is not open.
    pub(super) fn call<A: Answered>(&mut self, ask: A) -> Option<Result<A::Reply, ApiError>> {
        let app = self.app.as_ref()?;
        // It answers at once; a call that waits would be one over the network.
        app.driver.call(ask).now_or_never()
    }

    /// The app verifies as soon as it can.
    pub(super) fn verify_soon(&mut self) {
        if let Some(app) = &self.app {
            let wanted = app.driver.replica().borrow_mut().verify_soon();
            wanted.expect("the disk has room");
            app.woken.set();
        }
    }

    /// Begins to sign in, over the network.
    pub(super) fn begin(&mut self, sign_in: SignIn) {
        if let Some(app) = &mut self.app {
            let driver = Rc::clone(&app.driver);
            app.called = None;
            app.calling = Some(async move { driver.call(sign_in).await }.boxed_local());
            app.woken.set();
        }
    }

    pub(super) fn status(&mut self) -> Option<Status> {
        self.call(api::CurrentStatus)?.ok()
    }

    /// Whether there is something of residents or of work on its disk that can be read.
    pub(super) fn holds_records(&self) -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM household UNION ALL SELECT 1 FROM resident UNION ALL SELECT 1 FROM visit
                   UNION ALL SELECT 1 FROM issue UNION ALL SELECT 1 FROM operation UNION ALL SELECT 1 FROM draft
                   UNION ALL SELECT 1 FROM photo_bytes UNION ALL SELECT 1 FROM search)";
        let found = self
            .disk
            .eyes
            .prepare_cached(sql)
            .and_then(|mut rows| rows.query_row([], |row| row.get(0)));
        found.expect("a disk can be read")
    }

    /// Its operations that no receipt covers, as its next request would send them; `None` when nothing was written to
    /// its disk since this was asked last.
    pub(super) fn unsent(&mut self) -> Option<Vec<Operation>> {
        let written = self.disk.written();
        if self.stock_taken.replace(written) == Some(written) {
            return None;
        }
        let waiting = operations::waiting(&self.disk.eyes, PUSH_OPERATIONS_MAX, usize::MAX);
        let waiting = waiting.ok().flatten();
        Some(waiting.map(|(_, operations, _)| operations).unwrap_or_default())
    }
}
