//! The way between a device and the server: a real `Transport` whose wire loses, delays, doubles, cuts and alters.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};
use futures::stream::LocalBoxStream;
use replica::sync::transport::{Answer, Credential, Request, Transport, TransportError};
use shared::protocol::v1::{self, SyncRequest};

use super::clock::{Due, Timeline};
use super::faults::{Fates, Fault};

/// When a connection that says nothing is gone for good; every timeout is shorter.
const SILENCE_MS: u64 = 600_000;

/// An answer of the server, whole.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A request that reaches the server; nobody waits for the answer to a doubled one.
pub(super) struct Arrival {
    pub(super) device: usize,
    pub(super) request: Request,
    pub(super) waiting: Option<oneshot::Sender<Option<Told>>>,
}

/// What all devices' connections share.
pub(super) struct Network {
    pub(super) timeline: Rc<Timeline>,
    pub(super) fates: RefCell<Fates>,
}

/// One device's connection.
pub(super) struct Line {
    pub(super) device: usize,
    pub(super) connected: Cell<bool>,
    /// The most operations that it asks for at once; 0: as many as the app would.
    pub(super) page_max: Cell<u32>,
    pub(super) notices: RefCell<Option<mpsc::UnboundedSender<()>>>,
    /// How many answers of the server reached the device.
    pub(super) answered: Cell<u64>,
}

/// A device's transport.
pub(super) struct SimTransport {
    pub(super) network: Rc<Network>,
    pub(super) line: Rc<Line>,
}

impl SimTransport {
    fn chance(&self, least: u64, most: u64) -> u64 {
        self.network.fates.borrow_mut().chance().between(least, most)
    }

    /// Sends a request off, through everything that may happen to it.
    fn post(&self, mut request: Request, waiting: oneshot::Sender<Option<Told>>) {
        let mut fates = self.network.fates.borrow_mut();
        let travel_ms = fates.chance().between(5, 400);
        let arrive = |after_ms, request, waiting| {
            let arrival = Arrival {
                device: self.line.device,
                request,
                waiting,
            };
            self.network
                .timeline
                .schedule(after_ms, Due::Arrive(Box::new(arrival)));
        };
        if fates.strike(Fault::RequestLost) {
            // Silence or a reset connection: half of the devices hear at once that it failed.
            if fates.chance().per_mille(500) {
                self.deliver(travel_ms, waiting, None);
            } else {
                self.deliver(SILENCE_MS, waiting, None);
            }
            return;
        }
        if fates.strike(Fault::Portal) {
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            let page = Told {
                status: 200,
                headers: HeaderMap::from_iter([(CONTENT_TYPE, html)]),
                body: b"<html>sign in to the hotel</html>".to_vec(),
            };
            self.deliver(travel_ms, waiting, Some(page));
            return;
        }
        if fates.strike(Fault::Late) {
            let hours_ms = fates.chance().between(60_000, 6 * 3_600_000);
            arrive(hours_ms, request, Some(waiting));
            return;
        }
        if fates.strike(Fault::Doubled) {
            let later_ms = fates.chance().between(0, 20_000);
            arrive(travel_ms + later_ms, request.clone(), None);
        }
        if fates.strike(Fault::RequestCut) {
            cut(request.body.get_or_insert_default(), &mut fates);
        }
        if fates.strike(Fault::PushAltered) {
            alter_push(request.body.get_or_insert_default(), &mut fates);
        }
        arrive(travel_ms, request, Some(waiting));
    }

    fn deliver(&self, after_ms: u64, waiting: oneshot::Sender<Option<Told>>, told: Option<Told>) {
        self.network.deliver(after_ms, waiting, told);
    }
}

impl Network {
    /// Sends an answer back, through everything that may happen to it; `None`: the connection broke.
    pub(super) fn answer(&self, waiting: oneshot::Sender<Option<Told>>, told: Option<Told>) {
        let mut fates = self.fates.borrow_mut();
        let travel_ms = fates.chance().between(5, 400);
        let Some(mut told) = told else {
            self.deliver(travel_ms, waiting, None);
            return;
        };
        if fates.strike(Fault::ReplyLost) {
            if fates.chance().per_mille(500) {
                self.deliver(travel_ms, waiting, None);
            } else {
                self.deliver(SILENCE_MS, waiting, None);
            }
            return;
        }
        if fates.strike(Fault::ReplyCut) {
            if fates.chance().per_mille(500) {
                self.deliver(travel_ms, waiting, None);
                return;
            }
            cut(&mut told.body, &mut fates);
        }
        self.deliver(travel_ms, waiting, Some(told));
    }

    fn deliver(&self, after_ms: u64, waiting: oneshot::Sender<Option<Told>>, told: Option<Told>) {
        let deliver = move || {
            // The device may have given up or been killed.
            let _ = waiting.send(told);
        };
        self.timeline.schedule(after_ms, Due::Deliver(Box::new(deliver)));
    }
}

fn cut(body: &mut Vec<u8>, fates: &mut Fates) {
    let at = fates.chance().below(body.len() as u64);
    body.truncate(usize::try_from(at).unwrap_or(0));
}

fn alter_push(body: &mut Vec<u8>, fates: &mut Fates) {
    let Ok(mut request) = v1::decode::<SyncRequest>(body) else {
        return;
    };
    let Some(push) = &mut request.push else { return };
    let at = fates.chance().below(push.page.len() as u64);
    // One bit of a letter or a number: what most probably still reads as operations.
    let bit = fates.chance().below(8);
    if let Some(byte) = push.page.get_mut(usize::try_from(at).unwrap_or(0)) {
        *byte ^= 1 << bit;
    }
    *body = v1::encode(&request);
}

impl Transport for SimTransport {
    async fn send(&self, _server: &str, mut request: Request) -> Result<Answer, TransportError> {
        let timeline = &self.network.timeline;
        if !self.line.connected.get() {
            timeline.sleep(self.chance(1, 2_000)).await;
            return Err(TransportError::Offline);
        }
        let page_max = self.line.page_max.get();
        let asked = request.body.as_deref().map(v1::decode::<SyncRequest>);
        if let (1.., Some(Ok(mut smaller))) = (page_max, asked) {
            // Small pages, so that a world of a few dozen operations is read in many.
            smaller.operations_max = page_max;
            request.body = Some(v1::encode(&smaller));
        }
        let (waiting, told) = oneshot::channel();
        let timeout_ms = request.timeout_ms;
        self.post(request, waiting);
        let Either::Left((Ok(Some(told)), _)) = select(told, timeline.sleep(timeout_ms)).await else {
            return Err(TransportError::Offline);
        };
        self.line.answered.set(self.line.answered.get() + 1);
        Ok(Answer::whole(told.status, told.headers, told.body))
    }

    async fn notices(&self, _credential: &Credential) -> Result<LocalBoxStream<'static, ()>, TransportError> {
        if !self.line.connected.get() {
            return Err(TransportError::Offline);
        }
        let (notices, heard) = mpsc::unbounded();
        *self.line.notices.borrow_mut() = Some(notices);
        Ok(heard.boxed_local())
    }
}
