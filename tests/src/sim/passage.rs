//! How time passes: whatever is due happens, whoever is woken runs.

use std::sync::Arc;

use replica::sync::transport::Request;
use shared::ids::{AreaCode, DeviceId};
use shared::protocol::v1::{self, SyncRequest};
use sync_server::notices::Word;
use sync_server::storage::TokenHash;

use super::clock::Due;
use super::faults::Fault;
use super::ledger::Held;
use super::network::Arrival;
use super::server::DOWN_MS_MAX;
use super::world::{DISTRICT, World};

/// The most things that may happen in one world: more means that something runs in circles.
const EVENTS_MAX: u64 = 400_000;

impl World {
    /// Lets time pass, and everything happen in it.
    pub(super) fn run_for(&mut self, ms: u64) {
        let until_ms = self.timeline.now_ms() + ms;
        loop {
            self.poll();
            if self.events > EVENTS_MAX {
                self.fail("the world does not come to rest".to_owned());
                return;
            }
            match self.timeline.next(until_ms) {
                None => return self.poll(),
                Some(due) => {
                    self.events += 1;
                    match due {
                        // A sleeper may be gone.
                        Due::Ring(ring) => drop(ring.send(())),
                        Due::Deliver(deliver) => deliver(),
                        Due::Arrive(arrival) => self.arrive(*arrival),
                    }
                }
            }
        }
    }

    fn poll(&mut self) {
        loop {
            let mut polled = false;
            for phone in 0..self.devices.len() {
                if self.device(phone).poll() {
                    polled = true;
                    let answered = self.device(phone).line.answered.get();
                    if answered != self.device(phone).looked_at {
                        self.device(phone).looked_at = answered;
                        self.take_stock(phone);
                    }
                }
            }
            if !polled {
                return;
            }
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        let now_ms = self.timeline.now_ms();
        let Arrival {
            device,
            request: ask,
            waiting,
        } = arrival;
        let died = self.strike(Fault::ServerKilled).then(|| self.chance.below(3));
        let told = match died {
            _ if now_ms < self.server.down_until_ms => None,
            Some(0) => None,
            Some(1) => {
                self.server.dying(|server| server.answer(&ask, now_ms));
                None
            }
            Some(_) => {
                self.server.answer(&ask, now_ms);
                None
            }
            None => Some(self.server.answer(&ask, now_ms)),
        };
        let status = told.as_ref().map(|told| told.status);
        let code = told.as_ref().filter(|told| told.status >= 400);
        let code = code.map(|told| String::from_utf8_lossy(&told.body).into_owned());
        self.note(|| format!("{device} {} {status:?} {}", ask.path, code.unwrap_or_default()));
        let sent = ask.body.as_deref().unwrap_or_default();
        self.trace.bytes(sent);
        self.trace.bytes(told.as_ref().map_or(&[], |told| &told.body));
        if let Ok(request) = v1::decode::<SyncRequest>(sent) {
            self.watch_server(&ask, &request);
            self.watch_verification(device, &request, told.as_ref());
        }
        self.pass_notices(device);
        if died.is_some() {
            self.note(|| format!("server died {died:?}"));
            self.server.restart();
            self.server.down_until_ms = now_ms + self.chance.between(1_000, DOWN_MS_MAX);
            self.hang_up();
        }
        if let Some(waiting) = waiting {
            self.network.answer(waiting, told);
        }
    }

    /// Every stream of notices ends.
    pub(super) fn hang_up(&mut self) {
        for device in &self.devices {
            *device.line.notices.borrow_mut() = None;
        }
    }

    fn pass_notices(&mut self, from: usize) {
        let changed = |word: &Arc<Word>| matches!(**word, Word::Changed { .. });
        if !self.server.words().iter().any(changed) {
            return;
        }
        for device in self.devices.iter().filter(|device| device.index != from) {
            if let Some(notices) = device.line.notices.borrow().clone() {
                let after_ms = self.chance.between(10, 2_000);
                let deliver = move || {
                    // The stream may have ended.
                    let _ = notices.unbounded_send(());
                };
                self.timeline.schedule(after_ms, Due::Deliver(Box::new(deliver)));
            }
        }
    }

    /// Notes what the server holds after a push: of the device that sent it, and of those whose parked operations it may
    /// have brought what they waited for.
    fn watch_server(&mut self, ask: &Request, request: &SyncRequest) {
        if request.push.is_none() {
            return;
        }
        let token: Option<shared::ids::PhotoHash> = ask.token.as_ref().and_then(|token| token.parse().ok());
        let Some(token) = token.map(|bytes| TokenHash::of(&bytes.0)) else {
            return;
        };
        let sender = self.server.stored(async |state| {
            let session = state.storage.session(token).await.ok()??;
            Some(session.credential.device)
        });
        let Some(sender) = sender else { return };
        let mut devices = self.ledger.with_parked();
        devices.insert(sender);
        for device in devices {
            self.watch_device(device);
        }
    }

    /// Notes what the server holds of a device.
    fn watch_device(&mut self, device: DeviceId) {
        let district = AreaCode::new(DISTRICT).expect("a code");
        let held = self.server.stored(async |state| {
            let applied = state.storage.operations_of(device, &district).await.ok()?;
            let parked = state.storage.parked_of(device, 1, 1_000).await.ok()?;
            Some((applied, parked))
        });
        let Some((applied, parked)) = held else {
            return;
        };
        let applied = applied.into_iter().map(|applied| {
            let seq = applied.operation.seq;
            (seq, Held::Applied(Box::new(applied.operation)))
        });
        let parked = parked.into_iter().map(|parked| (parked.seq, Held::Parked));
        self.ledger.hold(device, applied.chain(parked).collect());
    }
}
