//! The way between a device and the server: a real `Transport` whose wire loses, delays, doubles, cuts and alters.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use axum::http::{HeaderMap, Method};
use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};
use futures::stream::LocalBoxStream;
use replica::sync::http::answer::{Kind, Verdict, judge, refused};
use replica::sync::http::{CALL_TIMEOUT_MS, PHOTO_TIMEOUT_MS, SYNC_TIMEOUT_MS, tus};
use replica::sync::transport::{Credential, Standing, Transport, TransportError};
use shared::ids::{AreaCode, PhotoHash};
use shared::protocol::v1::{
    self, CONTENT_TYPE, ParkedOperation, Refusal, SignInReply, SignInRequest, SyncRequest,
};

use super::clock::{Due, Timeline};
use super::faults::{Fates, Fault};

const JSON: &str = "application/json";
const JPEG: &str = "image/jpeg";
/// When a connection that says nothing is gone for good; every timeout is shorter.
const SILENCE_MS: u64 = 600_000;

/// A request as it travels.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) token: Option<String>,
    pub(super) media_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// An answer as it travels.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) media_type: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A request that reaches the server; nobody waits for the answer to a doubled one.
pub(super) struct Arrival {
    pub(super) device: usize,
    pub(super) ask: Ask,
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
    async fn ask(&self, ask: Ask, timeout_ms: u64, wanted: Kind) -> Result<Vec<u8>, TransportError> {
        self.told(ask, timeout_ms, wanted).await.map(|told| told.body)
    }

    async fn told(&self, ask: Ask, timeout_ms: u64, wanted: Kind) -> Result<Told, TransportError> {
        let without_body = ask.method == Method::HEAD;
        let timeline = &self.network.timeline;
        if !self.line.connected.get() {
            timeline.sleep(self.chance(1, 2_000)).await;
            return Err(TransportError::Offline);
        }
        let (waiting, told) = oneshot::channel();
        self.send(ask, waiting);
        let told = match select(told, timeline.sleep(timeout_ms)).await {
            Either::Left((Ok(Some(told)), _)) => told,
            _ => return Err(TransportError::Offline),
        };
        self.line.answered.set(self.line.answered.get() + 1);
        match judge(told.status, told.media_type.as_deref(), wanted) {
            Verdict::Good => Ok(told),
            Verdict::Bad(error) => Err(error),
            Verdict::ReadRefusal if without_body => Err(match tus::is_spoken(&told.headers) {
                true => refused(told.status, tus::code_without_body(told.status).to_owned()),
                false => TransportError::Foreign,
            }),
            Verdict::ReadRefusal => {
                let refusal: Refusal = read_json(&told.body)?;
                Err(refused(told.status, refusal.code))
            }
        }
    }

    fn chance(&self, least: u64, most: u64) -> u64 {
        self.network.fates.borrow_mut().chance().between(least, most)
    }

    fn send(&self, mut ask: Ask, waiting: oneshot::Sender<Option<Told>>) {
        let mut fates = self.network.fates.borrow_mut();
        let travel_ms = fates.chance().between(5, 400);
        let arrive = |after_ms, ask, waiting| {
            let arrival = Arrival {
                device: self.line.device,
                ask,
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
            let page = Told {
                status: 200,
                media_type: Some("text/html; charset=utf-8".to_owned()),
                headers: HeaderMap::new(),
                body: b"<html>sign in to the hotel</html>".to_vec(),
            };
            self.deliver(travel_ms, waiting, Some(page));
            return;
        }
        if fates.strike(Fault::Late) {
            let hours_ms = fates.chance().between(60_000, 6 * 3_600_000);
            arrive(hours_ms, ask, Some(waiting));
            return;
        }
        if fates.strike(Fault::Doubled) {
            let later_ms = fates.chance().between(0, 20_000);
            arrive(travel_ms + later_ms, ask.clone(), None);
        }
        if fates.strike(Fault::RequestCut) {
            cut(&mut ask.body, &mut fates);
        }
        if fates.strike(Fault::PushAltered) {
            alter_push(&mut ask.body, &mut fates);
        }
        arrive(travel_ms, ask, Some(waiting));
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

fn read_json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, TransportError> {
    serde_json::from_slice(body).map_err(|_| TransportError::Foreign)
}

fn of(credential: &Credential, method: Method, path: String, media_type: &'static str, body: Vec<u8>) -> Ask {
    Ask {
        method,
        path,
        token: Some(credential.token.clone()),
        media_type,
        headers: Vec::new(),
        body,
    }
}

fn standing(told: &Told, place: Option<&str>) -> Result<Standing, TransportError> {
    tus::read_standing(&told.headers, place).ok_or(TransportError::Foreign)
}

impl Transport for SimTransport {
    async fn sign_in(&self, _server: &str, request: &SignInRequest) -> Result<SignInReply, TransportError> {
        let ask = Ask {
            method: Method::POST,
            path: "/v1/session".to_owned(),
            token: None,
            media_type: JSON,
            headers: Vec::new(),
            body: serde_json::to_vec(request).unwrap_or_default(),
        };
        read_json(&self.ask(ask, CALL_TIMEOUT_MS, Kind::Body(JSON)).await?)
    }

    async fn begin_anew(&self, credential: &Credential) -> Result<SignInReply, TransportError> {
        let path = "/v1/device/fork".to_owned();
        let ask = of(credential, Method::POST, path, JSON, Vec::new());
        read_json(&self.ask(ask, CALL_TIMEOUT_MS, Kind::Body(JSON)).await?)
    }

    async fn sign_out(&self, credential: &Credential) -> Result<(), TransportError> {
        let ask = of(
            credential,
            Method::DELETE,
            "/v1/session".to_owned(),
            JSON,
            Vec::new(),
        );
        self.ask(ask, CALL_TIMEOUT_MS, Kind::Done).await.map(drop)
    }

    async fn sync(&self, credential: &Credential, mut request: Vec<u8>) -> Result<Vec<u8>, TransportError> {
        let page_max = self.line.page_max.get();
        if let (1.., Ok(mut smaller)) = (page_max, v1::decode::<SyncRequest>(&request)) {
            // Small pages, so that a world of a few dozen operations is read in many.
            smaller.operations_max = page_max;
            request = v1::encode(&smaller);
        }
        let path = "/v1/sync".to_owned();
        let ask = of(credential, Method::POST, path, CONTENT_TYPE, request);
        self.ask(ask, SYNC_TIMEOUT_MS, Kind::Body(CONTENT_TYPE)).await
    }

    async fn segment(
        &self,
        credential: &Credential,
        area: &AreaCode,
        after: u64,
    ) -> Result<Vec<u8>, TransportError> {
        let path = format!("/v1/segments/{area}?after={after}");
        let ask = of(credential, Method::GET, path, CONTENT_TYPE, Vec::new());
        self.ask(ask, SYNC_TIMEOUT_MS, Kind::Body(CONTENT_TYPE)).await
    }

    async fn begin_upload(
        &self,
        credential: &Credential,
        hash: PhotoHash,
        length: u64,
    ) -> Result<Standing, TransportError> {
        let path = "/v1/uploads".to_owned();
        let mut ask = of(credential, Method::POST, path, JPEG, Vec::new());
        ask.headers = tus::announcement(hash, length);
        standing(&self.told(ask, CALL_TIMEOUT_MS, Kind::Headers).await?, None)
    }

    async fn ask_upload(&self, credential: &Credential, place: &str) -> Result<Standing, TransportError> {
        let mut ask = of(credential, Method::HEAD, place.to_owned(), JPEG, Vec::new());
        ask.headers = tus::spoken();
        standing(
            &self.told(ask, CALL_TIMEOUT_MS, Kind::Headers).await?,
            Some(place),
        )
    }

    async fn send_chunk(
        &self,
        credential: &Credential,
        place: &str,
        offset: u64,
        chunk: Vec<u8>,
    ) -> Result<Standing, TransportError> {
        let headers = tus::belonging(offset, &chunk);
        let mut ask = of(credential, Method::POST, place.to_owned(), tus::CHUNK_TYPE, chunk);
        ask.headers = headers;
        standing(
            &self.told(ask, PHOTO_TIMEOUT_MS, Kind::Headers).await?,
            Some(place),
        )
    }

    async fn get_photo(&self, credential: &Credential, hash: PhotoHash) -> Result<Vec<u8>, TransportError> {
        let ask = of(
            credential,
            Method::GET,
            format!("/v1/photos/{hash}"),
            JPEG,
            Vec::new(),
        );
        self.ask(ask, PHOTO_TIMEOUT_MS, Kind::Body(JPEG)).await
    }

    async fn parked(
        &self,
        credential: &Credential,
        after: &str,
    ) -> Result<Vec<ParkedOperation>, TransportError> {
        let place = format!("/v1/parked?after={after}");
        let ask = of(credential, Method::GET, place, JSON, Vec::new());
        read_json(&self.ask(ask, CALL_TIMEOUT_MS, Kind::Body(JSON)).await?)
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
