//! Phones with their real driver and the real HTTP transport, speaking over loopback to a real server core in the same
//! process, which may be exchanged for another one: a restored backup.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{Html, IntoResponse, Response};
use futures::FutureExt;
use futures::channel::mpsc;
use futures::stream::{LocalBoxStream, StreamExt};
use replica::Replica;
use replica::api::{self, ApiError, Status, SyncState};
use replica::calls::Local;
use replica::platform::Platform;
use replica::storage::Home;
use replica::sync::driver::Driver;
use replica::sync::http::HttpTransport;
use replica::sync::transport::{Answer, Credential, Request, Transport, TransportError};
use rusqlite::Connection;
use shared::ids::DeviceId;
use shared::protocol::v1::{self, SyncReply, SyncRequest};
use sync_server::chance::Chance;
use sync_server::testing::{SeededChance, TEST_PASSWORD, TestServer};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::world::log_of;

/// Where a server stands; what phones know of it. The server behind it may change.
pub struct Address {
    server: Arc<Mutex<Arc<TestServer>>>,
    /// What phones know of it: `http://` and so on.
    pub origin: String,
    serving: JoinHandle<()>,
    /// What stands between phones and the server.
    pub way: Arc<Way>,
    /// Off: phones never learn that the server's epoch is another one. For negative controls.
    pub epoch_is_told: Cell<bool>,
    /// Off: no phone gets another identity. For negative controls.
    pub identities_are_given: Cell<bool>,
}

/// A reverse proxy with limits. It lets everything through until one is set.
#[derive(Debug)]
pub struct Way {
    /// The largest request body that it lets through; it answers 413 to others, as nginx does.
    pub request_bytes: AtomicUsize,
    /// The largest reply that comes through; longer ones break off.
    pub reply_bytes: AtomicUsize,
    /// The request bodies that it has let through, and those that it has not.
    pub requests: Mutex<Vec<(String, usize, bool)>>,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            request_bytes: AtomicUsize::new(usize::MAX),
            reply_bytes: AtomicUsize::new(usize::MAX),
            requests: Mutex::default(),
        }
    }
}

impl Way {
    async fn pass(&self, router: Router, request: extract::Request) -> Response {
        let length = request.headers().get(CONTENT_LENGTH);
        let length = length
            .and_then(|length| length.to_str().ok()?.parse().ok())
            .unwrap_or(0);
        let fits = length <= self.request_bytes.load(Ordering::SeqCst);
        let seen = (request.uri().path().to_owned(), length, fits);
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
        if !fits {
            let page = Html("<html><h1>413 Request Entity Too Large</h1></html>");
            return (StatusCode::PAYLOAD_TOO_LARGE, page).into_response();
        }
        let answered = router.oneshot(request).await;
        let (parts, body) = answered.unwrap_or_else(|never| match never {}).into_parts();
        let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let reply_bytes = self.reply_bytes.load(Ordering::SeqCst);
        if whole.len() <= reply_bytes {
            return Response::from_parts(parts, Body::from(whole));
        }
        let begun = futures::stream::iter([Ok(whole.slice(..reply_bytes))]);
        // What was sent until then is on its way before the line breaks.
        let broken = futures::stream::once(async {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            Err(io::Error::from(io::ErrorKind::BrokenPipe))
        });
        Response::from_parts(parts, Body::from_stream(begun.chain(broken)))
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn standing(server: &Mutex<Arc<TestServer>>) -> MutexGuard<'_, Arc<TestServer>> {
    server.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Address {
    /// An address at which `server` stands.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn of(server: TestServer) -> Rc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let origin = format!("http://{}", listener.local_addr().expect("it has an address"));
        let server = Arc::new(Mutex::new(Arc::new(server)));
        let behind = Arc::clone(&server);
        let way = Arc::<Way>::default();
        let between = Arc::clone(&way);
        let router = Router::new().fallback(move |request: extract::Request| {
            let (router, way) = (standing(&behind).router.clone(), Arc::clone(&between));
            async move { way.pass(router, request).await }
        });
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Rc::new(Self {
            server,
            origin,
            serving,
            way,
            epoch_is_told: Cell::new(true),
            identities_are_given: Cell::new(true),
        })
    }

    /// The server that stands there now.
    pub fn server(&self) -> Arc<TestServer> {
        Arc::clone(&standing(&self.server))
    }

    /// From now on another server stands there.
    pub fn replace(&self, server: TestServer) {
        *standing(&self.server) = Arc::new(server);
    }
}

/// The real transport to an [`Address`], with the guards that a control switches off, and without notices.
struct Line {
    http: HttpTransport,
    address: Rc<Address>,
}

impl Transport for Line {
    async fn send(&self, server: &str, request: Request) -> Result<Answer, TransportError> {
        if request.path == "/v1/device/fork" && !self.address.identities_are_given.get() {
            return Err(TransportError::Refused("route.unknown".to_owned()));
        }
        let asked = request.body.as_deref().map(v1::decode::<SyncRequest>);
        let answer = self.http.send(server, request).await?;
        match asked {
            Some(Ok(asked)) if !self.address.epoch_is_told.get() => hide_epoch(&asked, answer).await,
            _ => Ok(answer),
        }
    }

    async fn notices(&self, _credential: &Credential) -> Result<LocalBoxStream<'static, ()>, TransportError> {
        Ok(futures::stream::pending().boxed_local())
    }
}

/// The same answer, with the epoch that the phone knows.
async fn hide_epoch(asked: &SyncRequest, answer: Answer) -> Result<Answer, TransportError> {
    let (status, headers) = (answer.status, answer.headers.clone());
    let mut body = answer.read(usize::MAX).await?;
    if let Ok(mut reply) = v1::decode::<SyncReply>(&body) {
        reply.epoch = asked.epoch.unwrap_or(reply.epoch);
        body = v1::encode(&reply);
    }
    Ok(Answer::whole(status, headers, body))
}

/// A clock set by hand, chance from a seed, and waits that never end by themselves.
struct StillPlatform {
    now_ms: Rc<Cell<u64>>,
    chance: SeededChance,
}

impl Platform for StillPlatform {
    fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.chance.fill(bytes);
    }

    fn sleep(&self, _ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(futures::future::pending())
    }
}

/// A phone with its real driver, which runs as a task. Needs a [`LocalSet`](tokio::task::LocalSet).
pub struct DrivenPhone {
    driver: Rc<Driver<Line>>,
    told: RefCell<mpsc::UnboundedReceiver<()>>,
    now_ms: Rc<Cell<u64>>,
    origin: String,
    running: JoinHandle<()>,
}

impl Drop for DrivenPhone {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl DrivenPhone {
    /// A phone whose replica lies in a file (in memory without one). `seed` must differ between phones.
    ///
    /// # Panics
    /// When the replica does not open.
    pub fn open(file: Option<&Path>, address: &Rc<Address>, now_ms: &Rc<Cell<u64>>, seed: u64) -> Self {
        let (connection, home) = match file {
            Some(file) => (Connection::open(file), Home::File),
            None => (Connection::open_in_memory(), Home::Memory),
        };
        let platform = StillPlatform {
            now_ms: Rc::clone(now_ms),
            chance: SeededChance::new(seed),
        };
        let connection = connection.expect("the database opens");
        let platform: Rc<dyn Platform> = Rc::new(platform);
        let line = Line {
            http: HttpTransport::new(Rc::clone(&platform)),
            address: Rc::clone(address),
        };
        let replica = Replica::open(connection, home, platform).expect("the replica opens");
        let (tell, told) = mpsc::unbounded();
        let driver = Rc::new(Driver::new(replica, line, move || {
            drop(tell.unbounded_send(()));
        }));
        let runner = Rc::clone(&driver);
        Self {
            driver,
            told: RefCell::new(told),
            now_ms: Rc::clone(now_ms),
            origin: address.origin.clone(),
            running: tokio::task::spawn_local(async move { runner.run().await }),
        }
    }

    /// The replica.
    pub fn replica(&self) -> &RefCell<Replica> {
        self.driver.replica()
    }

    /// Signs in, for the first time or again.
    ///
    /// # Panics
    /// When the server does not let the worker in.
    pub async fn sign_in(&self, username: &str) {
        let signed_in = self.try_sign_in(username, TEST_PASSWORD).await;
        signed_in.expect("the worker is let in");
    }

    /// The same when it may be refused.
    ///
    /// # Errors
    /// As the driver says.
    pub async fn try_sign_in(&self, username: &str, password: &str) -> Result<Status, ApiError> {
        let sign_in = api::SignIn {
            server: self.origin.clone(),
            username: username.to_owned(),
            password: password.to_owned(),
            device_name: "test".to_owned(),
        };
        self.driver.call(sign_in).await
    }

    /// A call that needs no network.
    ///
    /// # Panics
    /// When it is refused.
    pub fn call<A: Local>(&self, ask: A) -> A::Reply {
        self.driver
            .replica()
            .borrow_mut()
            .call(ask)
            .expect("the call is answered")
    }

    /// Notes of the merged log, latest first.
    ///
    /// # Panics
    /// When it is refused.
    pub fn log(&self) -> Vec<String> {
        log_of(|ask| self.call(ask))
    }

    /// Lets the driver work until the engine has nothing to do now, and tells how the sync stands then.
    ///
    /// # Panics
    /// When the database fails.
    #[expect(
        clippy::await_holding_refcell_ref,
        reason = "nobody else reads what this phone is told"
    )]
    pub async fn sync(&self) -> SyncState {
        // A wait after a failure is over.
        self.now_ms.set(self.now_ms.get() + 60_000);
        let mut told = self.told.borrow_mut();
        while told.next().now_or_never().flatten().is_some() {}
        self.driver.call(api::SyncNow).await.expect("the engine is woken");
        while told.next().await.is_some() {
            while told.next().now_or_never().flatten().is_some() {}
            let is_settled = self.driver.replica().borrow().is_settled();
            if is_settled.expect("the engine is asked") {
                break;
            }
        }
        self.state()
    }

    /// How the sync stands.
    ///
    /// # Panics
    /// When the database fails.
    pub fn state(&self) -> SyncState {
        self.call(api::CurrentStatus).sync
    }

    /// Who is signed in.
    ///
    /// # Panics
    /// When nobody is.
    pub fn device(&self) -> DeviceId {
        self.call(api::CurrentStatus)
            .session
            .expect("somebody is signed in")
            .device
    }
}
