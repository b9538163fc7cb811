//! The loop that does what the engine says. One future, no threads; calls from screens run between its steps.

mod calls;

use std::cell::RefCell;
use std::rc::Rc;

use futures::channel::mpsc;
use futures::future::select;
use futures::{FutureExt, StreamExt, pin_mut};
use shared::ids::{AreaCode, PhotoHash};
use shared::protocol::v1::{self, AreaPage, SyncReply};

use super::engine::{Action, Event, Failure};
use super::server::Server;
use super::transport::{Transport, TransportError};
use super::upload::{self, Step};
use crate::platform::Platform;
use crate::replica::Replica;
use crate::storage::replies::ReplyError;

/// What one step of a [`Driver`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// A round trip succeeded.
    Synced,
    /// Something else was done or tried.
    Tried,
    /// There is nothing to do for so many ms, unless woken; `None`: at all.
    Waits(Option<u64>),
}

/// A replica with its way to the server.
pub struct Driver<T> {
    replica: Rc<RefCell<Replica>>,
    server: Server<T>,
    platform: Rc<dyn Platform>,
    told: Box<dyn Fn()>,
    wake: mpsc::UnboundedSender<()>,
    woken: RefCell<Option<mpsc::UnboundedReceiver<()>>>,
}

impl<T: Transport> Driver<T> {
    /// A driver; `told` is called whenever the replica may have notices.
    pub fn new(replica: Replica, transport: T, told: impl Fn() + 'static) -> Self {
        let (wake, woken) = mpsc::unbounded();
        let platform = replica.platform();
        Self {
            replica: Rc::new(RefCell::new(replica)),
            server: Server(transport),
            platform,
            told: Box::new(told),
            wake,
            woken: RefCell::new(Some(woken)),
        }
    }

    /// The replica.
    pub fn replica(&self) -> &Rc<RefCell<Replica>> {
        &self.replica
    }

    fn wake_up(&self) {
        // The receiver lives as long as `run`; before and after it there is nothing to wake.
        let _ = self.wake.unbounded_send(());
    }

    /// Something may have changed: the loop looks, and whoever listens.
    pub(crate) fn stir(&self) {
        self.wake_up();
        (self.told)();
    }

    /// Hears from the platform how much room there is.
    pub(crate) async fn look_for_room(&self) {
        let room = self.platform.room().await;
        self.replica.borrow_mut().set_room(room);
    }

    /// Synchronises for ever: returns only when the wake channel is gone.
    pub async fn run(&self) {
        let Some(mut woken) = self.woken.borrow_mut().take() else {
            return;
        };
        let (connected, reached) = mpsc::unbounded();
        let syncing = async {
            loop {
                match self.step().await {
                    Stepped::Synced => drop(connected.unbounded_send(())),
                    Stepped::Tried => {}
                    Stepped::Waits(ms) => self.wait(&mut woken, ms).await,
                }
                (self.told)();
            }
        };
        futures::join!(syncing, self.listen(reached));
    }

    /// Does the one thing that the engine wants now: a round trip, or a step of a photo's upload.
    pub async fn step(&self) -> Stepped {
        let action = self.replica.borrow_mut().decide();
        (self.told)();
        let event = match action {
            Ok(Action::Sync) => self.sync_once().await,
            Ok(Action::Segment(area)) => self.segment(&area).await,
            Ok(Action::Upload(hash)) => self.upload(hash).await,
            Ok(Action::Wait(ms)) => return Stepped::Waits(ms),
            // The database failed; the screens say so at their next call. Look again later.
            Err(_) => return Stepped::Waits(Some(5_000)),
        };
        let synced = matches!(event, Event::Succeeded { .. });
        self.replica.borrow_mut().engine_event(event);
        if synced { Stepped::Synced } else { Stepped::Tried }
    }

    async fn wait(&self, woken: &mut mpsc::UnboundedReceiver<()>, ms: Option<u64>) {
        let sleep = match ms {
            Some(ms) => self.platform.sleep(ms.max(1)),
            None => Box::pin(futures::future::pending()),
        };
        select(woken.next(), sleep).await;
        // Several wishes to be woken are one.
        while woken.next().now_or_never().flatten().is_some() {}
    }

    async fn sync_once(&self) -> Event {
        let mut answered = self.round(true).await;
        if refused_with(&answered, "push.gap") {
            // The server lacks operations that it once receipted: its receipt says from where to offer again.
            answered = match self.round(false).await {
                Ok(Round::Done(Event::Succeeded { .. })) => self.round(true).await,
                standing => standing,
            };
        }
        if matches!(answered, Err(TransportError::Trouble(NO_ROOM))) {
            // What others recorded comes all the same.
            return match self.round(false).await {
                Ok(Round::Done(Event::Succeeded { .. })) => Event::Failed(Failure::ServerFull),
                other => self.event(other),
            };
        }
        let is_copied = matches!(answered, Ok(Round::OtherHistory)) || refused_with(&answered, "push.fork");
        // Still a gap: what the server lacks is not kept here any more.
        if is_copied || refused_with(&answered, "push.gap") || self.is_broken(&answered) {
            return self.begin_anew(is_copied).await;
        }
        match answered {
            Err(TransportError::TooLarge) => self.send_less().await,
            Err(TransportError::Refused(code)) if code == "request.too_large" => self.send_less().await,
            answered => self.event(answered),
        }
    }

    /// What was sent is larger than the way lets through. Less goes the next time, and what others did comes meanwhile.
    async fn send_less(&self) -> Event {
        let has_changed = self.replica.borrow_mut().send_less();
        let answered = self.round(false).await;
        match (has_changed, self.event(answered)) {
            (Ok(()), event) => event,
            (Err(_), _) => Event::Failed(Failure::Trouble),
        }
    }

    /// Whether own work that waits cannot be read any more as it was made: no request can bring it under its numbers,
    /// however often it is tried.
    fn is_broken(&self, answered: &Result<Round, TransportError>) -> bool {
        let may_be = matches!(answered, Ok(Round::NoRequest)) || refused_with(answered, "push.chain");
        may_be && matches!(self.replica.borrow().own_work_is_whole(), Ok(false))
    }

    /// This device cannot go on under its identity: another one has gone on under it, or its beginning is gone.
    /// What the server lacks goes out under a new one.
    async fn begin_anew(&self, is_copied: bool) -> Event {
        let Ok(Some(credential)) = self.replica.borrow().credential() else {
            return Event::Failed(Failure::SignInAgain);
        };
        let reply = match self.server.begin_anew(&credential).await {
            Ok(reply) => reply,
            Err(error) => return self.failed(error),
        };
        if self.replica.borrow_mut().keep_anew(&reply, is_copied).is_err() {
            return Event::Failed(Failure::Trouble);
        }
        // At once, and no further: a server that refuses again is trouble, which waits.
        let answered = self.round(true).await;
        self.event(answered)
    }

    fn event(&self, answered: Result<Round, TransportError>) -> Event {
        match answered {
            Ok(Round::Done(event)) => event,
            Ok(Round::OtherHistory | Round::NoRequest) => Event::Failed(Failure::Trouble),
            Err(error) => {
                // A request that is too slow for the way, or its reply, may go through when it is smaller.
                let smaller = match error {
                    TransportError::TooSlow => self.replica.borrow_mut().send_less_after_silence(),
                    TransportError::BrokeOff => self.replica.borrow_mut().ask_for_less(),
                    _ => Ok(()),
                };
                match smaller {
                    Ok(()) => self.failed(error),
                    Err(_) => Event::Failed(Failure::Trouble),
                }
            }
        }
    }

    async fn round(&self, with_push: bool) -> Result<Round, TransportError> {
        self.look_for_room().await;
        let prepared = {
            let replica = self.replica.borrow();
            replica
                .make_room_for_pull()
                .and_then(|()| replica.credential())
                .and_then(|credential| Ok((credential, replica.sync_request(with_push)?)))
        };
        let (Some(credential), request) = (match prepared {
            Ok(prepared) => prepared,
            Err(_) => return Ok(Round::NoRequest),
        }) else {
            return Ok(Round::Done(Event::Failed(Failure::SignInAgain)));
        };
        let reply = self.server.sync(&credential, request).await?;
        let Ok(reply) = v1::decode::<SyncReply>(&reply) else {
            return Ok(Round::Done(Event::Failed(Failure::Trouble)));
        };
        let mut replica = self.replica.borrow_mut();
        Ok(match replica.keep_reply(&reply) {
            Ok(kept) => Round::Done(Event::Succeeded {
                // Without room nothing was asked for; asking again at once would not change that.
                more: (kept.remaining > 0 || kept.verify) && replica.may_pull(),
            }),
            Err(ReplyError::ReceiptMismatch) => Round::OtherHistory,
            Err(_) => Round::Done(Event::Failed(Failure::Trouble)),
        })
    }

    async fn segment(&self, area: &AreaCode) -> Event {
        self.look_for_room().await;
        let prepared = {
            let replica = self.replica.borrow();
            replica
                .make_room_for_pull()
                .and_then(|()| Ok((replica.credential()?, replica.cursor(area)?)))
        };
        let (credential, after) = match prepared {
            Ok((Some(credential), Some(after))) => (credential, after),
            // The area was taken from the worker meanwhile, or nobody is signed in any more.
            Ok(_) => return self.no_segment(),
            Err(_) => return Event::Failed(Failure::Trouble),
        };
        match self.server.segment(&credential, area, after).await {
            // Also what a server says that has no segments.
            Err(TransportError::Refused(_)) => self.no_segment(),
            // The ordinary sync asks for less at a time.
            Err(error @ (TransportError::BrokeOff | TransportError::TooSlow)) => {
                self.replica.borrow_mut().end_segments();
                self.event(Err(error))
            }
            Err(error) => self.failed(error),
            Ok(bytes) => match v1::decode::<AreaPage>(&bytes) {
                Ok(page) if page.area == *area && page.cursor > after => {
                    match self.replica.borrow_mut().keep_segment(&page) {
                        Ok(()) => Event::SegmentKept { last: false },
                        Err(_) => {
                            // The ordinary sync does not need it.
                            self.replica.borrow_mut().end_segments();
                            Event::Failed(Failure::Trouble)
                        }
                    }
                }
                _ => self.no_segment(),
            },
        }
    }

    /// The ordinary sync reads on.
    fn no_segment(&self) -> Event {
        self.replica.borrow_mut().end_segments();
        Event::SegmentKept { last: true }
    }

    fn failed(&self, error: TransportError) -> Event {
        Event::Failed(match error {
            TransportError::Offline | TransportError::TooSlow | TransportError::BrokeOff => Failure::Offline,
            TransportError::Unauthorised => {
                // If even this cannot be written, the next request is refused again.
                let _ = self.replica.borrow_mut().drop_credential();
                Failure::SignInAgain
            }
            TransportError::Revoked => {
                // Without room for it everything stays as it is, and is sealed at the next refusal.
                let _ = self.replica.borrow_mut().seal();
                Failure::SignInAgain
            }
            TransportError::UpdateNeeded => Failure::UpdateNeeded,
            TransportError::Trouble(NO_ROOM) => Failure::ServerFull,
            TransportError::Foreign
            | TransportError::TooLarge
            | TransportError::Trouble(_)
            | TransportError::Refused(_) => Failure::Trouble,
        })
    }

    /// One step of a photo's upload: at most one chunk.
    async fn upload(&self, hash: PhotoHash) -> Event {
        let prepared = {
            let replica = self.replica.borrow();
            let next = replica.next_upload_step(hash);
            next.and_then(|next| Ok((replica.credential()?, next)))
        };
        let Ok((Some(credential), Some((step, length, chunk)))) = prepared else {
            return Event::Failed(Failure::Trouble);
        };
        let answer = match &step {
            Step::Begin => self.server.begin_upload(&credential, hash, length).await,
            Step::Ask { place } => self.server.ask_upload(&credential, place).await,
            Step::Send { place, from, .. } => self.server.send_chunk(&credential, place, *from, chunk).await,
        };
        if answer == Err(TransportError::TooLarge) {
            return self.send_smaller_chunks(hash);
        }
        let kept = self
            .replica
            .borrow_mut()
            .keep_upload_answer(hash, upload::judge(&step, answer, length));
        match kept {
            Ok(Ok(event)) => event,
            // Some answers about uploads have no body. A sync says why.
            Ok(Err(TransportError::Unauthorised)) => self.sync_once().await,
            Ok(Err(error)) => self.failed(error),
            Err(_) => Event::Failed(Failure::Trouble),
        }
    }

    /// A chunk is larger than the way lets through: nothing of it arrived, and a smaller one is tried at once.
    fn send_smaller_chunks(&self, hash: PhotoHash) -> Event {
        let mut replica = self.replica.borrow_mut();
        match replica.send_smaller_chunks() {
            Ok(true) => Event::ChunkSent,
            Ok(false) => {
                let refused = upload::Outcome::Refused("request.too_large".to_owned());
                match replica.keep_upload_answer(hash, refused) {
                    Ok(Ok(event)) => event,
                    _ => Event::Failed(Failure::Trouble),
                }
            }
            Err(_) => Event::Failed(Failure::Trouble),
        }
    }

    /// Holds the notice stream open while the server can be reached, and wakes the loop at every notice.
    async fn listen(&self, mut reached: mpsc::UnboundedReceiver<()>) {
        while reached.next().await.is_some() {
            let credential = self.replica.borrow().credential();
            let Ok(Some(credential)) = credential else {
                continue;
            };
            if let Ok(notices) = self.server.notices(&credential).await {
                pin_mut!(notices);
                while notices.next().await.is_some() {
                    self.replica.borrow_mut().wake();
                    self.wake_up();
                }
            }
            // The stream ended: ask once, and open it again after the next success.
            while reached.next().now_or_never().flatten().is_some() {}
            self.platform.sleep(1_000).await;
            self.replica.borrow_mut().wake();
            self.wake_up();
        }
    }
}

/// The status with which a server says that its disk is full.
const NO_ROOM: u16 = 507;

/// What came of one request.
enum Round {
    /// It was answered and kept, or it failed here.
    Done(Event),
    /// The server's receipt is for other operations than this device has made.
    OtherHistory,
    /// There is nothing to ask with: the database failed, or own work in it cannot be read.
    NoRequest,
}

fn refused_with(answered: &Result<Round, TransportError>, code: &str) -> bool {
    matches!(answered, Err(TransportError::Refused(refused)) if refused == code)
}
