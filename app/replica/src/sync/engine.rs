//! The sync engine (D4): event in, action out. It opens no socket, reads no clock and draws no chance.
//!
//! ```text
//!            Woken (save, network, notice, person)
//!                 |
//!   Wait <---- decide ----> Sync ----> Succeeded{more} -> decide
//!                 |            \-----> Failed          -> Wait (backoff) -> decide
//!                 +-------> Segment -> SegmentKept / Failed
//!                 +-------> Upload --> ChunkSent -> decide
//!                                 \--> PhotoUploaded / PhotoRefused / Failed
//! ```
//!
//! Own records go first, also before the next chunk of a photo; then a device that is far behind reads segments, then
//! photos go. It cannot wedge: a photo that the server refuses is passed over until the worker wants another try, and
//! every other failure is a wait with an end, also where only a person or another version of the app helps: they may
//! have helped already. Without a credential alone there is nobody to ask as, and so nothing to wait for.

use shared::clock::TimestampMs;
use shared::ids::{AreaCode, PhotoHash};

use super::backoff;
use crate::api::SyncPhase;

/// How often to ask when nothing wakes the engine: the notice stream may have died unnoticed.
pub const ASK_EVERY_MS: u64 = 60_000;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A save, the network, a push notice or a person: look again now.
    Woken,
    /// The server answered and everything was kept; `more` operations are still behind the cursor.
    Succeeded {
        /// Whether to go on at once.
        more: bool,
    },
    /// A segment was kept; `last` when none goes on behind it.
    SegmentKept {
        /// Whether an ordinary sync reads on.
        last: bool,
    },
    /// The server has some more of a photo's bytes.
    ChunkSent,
    /// The server has a photo's bytes.
    PhotoUploaded,
    /// The server will not take this photo.
    PhotoRefused(PhotoHash),
    /// The worker wants another try with a photo that the server would not take.
    PhotoWanted(PhotoHash),
    /// It did not work.
    Failed(Failure),
}

/// Why it did not work, by what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No connection: try again by itself.
    Offline,
    /// The server answers otherwise than it should: try again by itself.
    Trouble,
    /// The server's disk is full: everything stays here until it has room; try again by itself.
    ServerFull,
    /// The session was closed or the device revoked: only signing in again helps. Where even that could not be kept the
    /// server is asked again, and says it again.
    SignInAgain,
    /// Only another app version helps, or an answer that was not the server's.
    UpdateNeeded,
}

/// What there is to do, read from the store before every decision.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// This device belongs to a worker, also while it is sealed.
    pub enrolled: bool,
    /// The worker is signed in: there is a credential.
    pub signed_in: bool,
    /// Own operations wait.
    pub operations: bool,
    /// An area that is far behind: its next segment is read.
    pub segment: Option<AreaCode>,
    /// A photo whose record the server has.
    pub photo: Option<PhotoHash>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// One round trip: push what waits, pull what is new.
    Sync,
    /// Read the next segment of an area.
    Segment(AreaCode),
    /// Send the next chunk of a photo.
    Upload(PhotoHash),
    /// Nothing before this many ms, unless woken. `None`: nothing at all, unless woken.
    Wait(Option<u64>),
}

/// The state between two decisions.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    wanted: bool,
    /// Woken since the last decision: what is on its way may have been answered before.
    woken: bool,
    failures: u32,
    wait_until: TimestampMs,
    asked_at: TimestampMs,
    phase: SyncPhase,
    refused_photos: Vec<PhotoHash>,
}

impl Engine {
    /// Takes note of what happened. `chance` is random, for the backoff.
    pub fn on(&mut self, event: Event, now_ms: TimestampMs, chance: u32) {
        match event {
            Event::Woken => {
                (self.wanted, self.woken) = (true, true);
                // Being woken shortens a wait, but a hammering caller does not defeat the backoff.
                self.wait_until = self
                    .wait_until
                    .min(now_ms.saturating_add(backoff::wait_ms(1, chance)));
            }
            Event::Succeeded { more } => {
                self.succeed(now_ms);
                self.refused_photos.clear();
                self.asked_at = now_ms;
                self.wanted = more || self.woken;
                if more {
                    self.phase = SyncPhase::Working;
                }
            }
            Event::SegmentKept { last } => {
                self.succeed(now_ms);
                self.wanted |= last;
                // Another segment or a sync follows: nobody is told between them that all is here.
                self.phase = SyncPhase::Working;
            }
            Event::ChunkSent | Event::PhotoUploaded => self.succeed(now_ms),
            Event::PhotoRefused(hash) => {
                // Kept in the store, too. Here, until the next sync, so that a full disk does not make it a loop.
                self.refused_photos.push(hash);
                self.succeed(now_ms);
            }
            Event::PhotoWanted(hash) => self.refused_photos.retain(|refused| *refused != hash),
            Event::Failed(failure) => self.fail(failure, now_ms, chance),
        }
    }

    fn succeed(&mut self, now_ms: TimestampMs) {
        self.failures = 0;
        self.wait_until = now_ms;
        self.phase = SyncPhase::UpToDate;
    }

    fn fail(&mut self, failure: Failure, now_ms: TimestampMs, chance: u32) {
        self.failures = self.failures.saturating_add(1);
        self.wanted = true;
        let (phase, wait_ms) = match failure {
            Failure::Offline => (SyncPhase::Offline, 0),
            Failure::Trouble => (SyncPhase::Trouble, 0),
            Failure::ServerFull => (SyncPhase::ServerFull, 0),
            Failure::SignInAgain => (SyncPhase::SignInAgain, ASK_EVERY_MS),
            Failure::UpdateNeeded => (SyncPhase::UpdateNeeded, ASK_EVERY_MS),
        };
        self.phase = phase;
        let wait_ms = wait_ms.max(backoff::wait_ms(self.failures, chance));
        self.wait_until = now_ms.saturating_add(wait_ms);
    }

    /// What to do now.
    pub fn decide(&mut self, work: &Work, now_ms: TimestampMs) -> Action {
        if !work.signed_in {
            // A revoked credential is gone at once, and stays so after the next start.
            self.phase = if work.enrolled {
                SyncPhase::SignInAgain
            } else {
                SyncPhase::Idle
            };
            return Action::Wait(None);
        }
        // A clock that jumped back must not stretch a wait.
        self.wait_until = self.wait_until.min(now_ms.saturating_add(ASK_EVERY_MS));
        self.asked_at = self.asked_at.min(now_ms);
        if now_ms < self.wait_until {
            return Action::Wait(Some(self.wait_until - now_ms));
        }
        if let Some(area) = work.segment.clone().filter(|_| !work.operations) {
            if self.failures == 0 {
                self.phase = SyncPhase::Working;
            }
            return Action::Segment(area);
        }
        let ask_at = self.asked_at.saturating_add(ASK_EVERY_MS);
        if self.wanted || work.operations || now_ms >= ask_at {
            if self.failures == 0 {
                self.phase = SyncPhase::Working;
            }
            self.woken = false;
            return Action::Sync;
        }
        match work.photo {
            Some(hash) => {
                self.phase = SyncPhase::Working;
                Action::Upload(hash)
            }
            None => {
                // What was to follow is not wanted any more: there is no room for it, or the area went.
                if self.phase == SyncPhase::Working {
                    self.phase = SyncPhase::UpToDate;
                }
                Action::Wait(Some(ask_at - now_ms))
            }
        }
    }

    /// How the sync stands, for the screen.
    pub fn phase(&self) -> SyncPhase {
        self.phase
    }

    /// Photos that the server would not take since the last sync.
    pub fn refused_photos(&self) -> &[PhotoHash] {
        &self.refused_photos
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(operations: bool, photo: Option<PhotoHash>) -> Work {
        Work {
            enrolled: true,
            signed_in: true,
            operations,
            photo,
            ..Work::default()
        }
    }

    #[test]
    fn records_go_before_photos() {
        let photo = Some(PhotoHash::of(b"lamp"));
        let mut engine = Engine::default();
        assert_eq!(engine.decide(&work(true, photo), 1_000_000), Action::Sync);
        engine.on(Event::Succeeded { more: false }, 1_000_000, 0);
        assert_eq!(
            engine.decide(&work(false, photo), 1_000_000),
            Action::Upload(PhotoHash::of(b"lamp"))
        );
        engine.on(Event::PhotoUploaded, 1_000_001, 0);
        assert_eq!(
            engine.decide(&work(false, None), 1_000_001),
            Action::Wait(Some(ASK_EVERY_MS - 1))
        );
        assert_eq!(engine.phase(), SyncPhase::UpToDate);
    }

    #[test]
    fn a_device_far_behind_sends_first_then_reads_segments_then_the_rest() {
        let area = shared::testing::a_grid();
        let mut engine = Engine::default();
        let mut behind = work(true, Some(PhotoHash::of(b"lamp")));
        behind.segment = Some(area.clone());
        assert_eq!(engine.decide(&behind, 1_000_000), Action::Sync);
        engine.on(Event::Succeeded { more: true }, 1_000_000, 0);
        behind.operations = false;
        assert_eq!(engine.decide(&behind, 1_000_000), Action::Segment(area.clone()));
        engine.on(Event::Failed(Failure::Offline), 1_000_000, 0);
        assert!(matches!(engine.decide(&behind, 1_000_000), Action::Wait(Some(_))));
        assert_eq!(engine.decide(&behind, 1_060_000), Action::Segment(area));
        engine.on(Event::SegmentKept { last: true }, 1_060_000, 0);
        behind.segment = None;
        assert_eq!(engine.decide(&behind, 1_060_000), Action::Sync);
    }

    #[test]
    fn nobody_is_told_that_all_is_here_while_more_follows() {
        let mut engine = Engine::default();
        engine.on(Event::Succeeded { more: true }, 1_000_000, 0);
        assert_eq!(engine.phase(), SyncPhase::Working);
        engine.on(Event::SegmentKept { last: false }, 1_000_000, 0);
        assert_eq!(engine.phase(), SyncPhase::Working);
        engine.on(Event::SegmentKept { last: true }, 1_000_000, 0);
        assert_eq!(engine.phase(), SyncPhase::Working);
        assert_eq!(engine.decide(&work(false, None), 1_000_000), Action::Sync);
        engine.on(Event::Succeeded { more: false }, 1_000_000, 0);
        assert_eq!(engine.phase(), SyncPhase::UpToDate);
        // No room for the next segment: nothing follows, and nobody is kept waiting for it.
        engine.on(Event::SegmentKept { last: false }, 1_000_000, 0);
        assert!(matches!(
            engine.decide(&work(false, None), 1_000_000),
            Action::Wait(Some(_))
        ));
        assert_eq!(engine.phase(), SyncPhase::UpToDate);
    }

    #[test]
    fn a_record_saved_meanwhile_goes_before_the_next_chunk() {
        let photo = Some(PhotoHash::of(b"lamp"));
        let mut engine = Engine::default();
        engine.on(Event::Succeeded { more: false }, 1_000_000, 0);
        for _ in 0..2 {
            let action = engine.decide(&work(false, photo), 1_000_000);
            assert_eq!(action, Action::Upload(PhotoHash::of(b"lamp")));
            engine.on(Event::ChunkSent, 1_000_000, 0);
        }
        assert_eq!(engine.decide(&work(true, photo), 1_000_000), Action::Sync);
    }

    #[test]
    fn a_notice_during_a_sync_is_followed_by_another_one() {
        let mut engine = Engine::default();
        engine.on(Event::Woken, 1_000_000, 0);
        assert_eq!(engine.decide(&work(false, None), 1_000_000), Action::Sync);
        engine.on(Event::Woken, 1_000_001, 0);
        engine.on(Event::Succeeded { more: false }, 1_000_002, 0);
        assert_eq!(engine.decide(&work(false, None), 1_000_002), Action::Sync);
        engine.on(Event::Succeeded { more: false }, 1_000_003, 0);
        assert!(matches!(
            engine.decide(&work(false, None), 1_000_003),
            Action::Wait(Some(_))
        ));
    }

    #[test]
    fn offline_waits_and_tries_again_by_itself() {
        let mut engine = Engine::default();
        let mut now = 1_000_000;
        for _ in 0..400 {
            assert_eq!(engine.decide(&work(true, None), now), Action::Sync);
            engine.on(Event::Failed(Failure::Offline), now, u32::MAX);
            let Action::Wait(Some(wait)) = engine.decide(&work(true, None), now) else {
                panic!("must wait")
            };
            assert!((1..=60_000).contains(&wait));
            now += wait;
        }
        assert_eq!(engine.phase(), SyncPhase::Offline);
    }

    #[test]
    fn a_clock_that_jumps_back_a_year_does_not_stop_the_sync() {
        let mut engine = Engine::default();
        let now = 1_800_000_000_000;
        engine.on(Event::Failed(Failure::Offline), now, 0);
        let year_ago = now - 365 * 86_400_000;
        let Action::Wait(Some(wait)) = engine.decide(&work(true, None), year_ago) else {
            panic!("must wait")
        };
        assert!(wait <= 60_000);
        engine.on(Event::Succeeded { more: false }, now, 0);
        let Action::Wait(Some(wait)) = engine.decide(&work(false, None), year_ago) else {
            panic!("must wait")
        };
        assert!(wait <= 60_000);
    }

    #[test]
    fn a_refused_photo_does_not_stop_the_rest() {
        let mut engine = Engine::default();
        let bad = PhotoHash::of(b"bad");
        engine.on(Event::PhotoRefused(bad), 5, 0);
        assert_eq!(engine.refused_photos(), &[bad]);
        assert_eq!(engine.decide(&work(true, None), 5), Action::Sync);
        engine.on(Event::PhotoWanted(bad), 6, 0);
        assert_eq!(engine.refused_photos(), &[]);
    }

    #[test]
    fn a_device_without_its_credential_asks_to_sign_in_again_also_after_a_start() {
        let mut work = work(true, None);
        work.signed_in = false;
        let mut engine = Engine::default();
        assert_eq!(engine.decide(&work, 5), Action::Wait(None));
        assert_eq!(engine.phase(), SyncPhase::SignInAgain);
        work.enrolled = false;
        assert_eq!(engine.decide(&work, 5), Action::Wait(None));
        assert_eq!(engine.phase(), SyncPhase::Idle);
    }

    /// A phone that lies open must get on when somebody has helped elsewhere: the server was updated, the answer was a
    /// proxy's, or there was no room to keep what it said.
    #[test]
    fn no_failure_is_a_wait_without_an_end() {
        for failure in [
            Failure::Offline,
            Failure::Trouble,
            Failure::ServerFull,
            Failure::SignInAgain,
            Failure::UpdateNeeded,
        ] {
            let mut engine = Engine::default();
            let mut now = 1_800_000_000_000;
            for waits in [false, true] {
                for _ in 0..400 {
                    engine.on(Event::Failed(failure), now, u32::MAX);
                    let Action::Wait(Some(wait)) = engine.decide(&work(waits, None), now) else {
                        panic!("{failure:?} waits for ever")
                    };
                    assert!((1..=ASK_EVERY_MS).contains(&wait), "{failure:?}: {wait}");
                    now += wait;
                    assert_eq!(engine.decide(&work(waits, None), now), Action::Sync);
                }
            }
        }
    }

    #[test]
    fn who_is_asked_to_help_is_not_asked_twice_a_second() {
        for failure in [Failure::SignInAgain, Failure::UpdateNeeded] {
            let mut engine = Engine::default();
            engine.on(Event::Failed(failure), 5, 0);
            let wait = Action::Wait(Some(ASK_EVERY_MS));
            assert_eq!(engine.decide(&work(true, None), 5), wait);
            engine.on(Event::Woken, 5, 0);
            assert_eq!(engine.decide(&work(true, None), 5 + 500), Action::Sync);
        }
    }
}
