//! Virtual time: nothing waits, what is due next simply happens next.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use futures::channel::oneshot;
use replica::platform::Platform;

use super::chance::SharedChance;
use super::network::Arrival;

/// What happens at an instant.
pub(super) enum Due {
    /// A sleeper wakes.
    Ring(oneshot::Sender<()>),
    /// A request reaches the server.
    Arrive(Box<Arrival>),
    /// Something reaches a device.
    Deliver(Box<dyn FnOnce()>),
}

/// The one time of a simulated world, and everything that is still to happen in it.
#[derive(Default)]
pub(super) struct Timeline {
    now_ms: Cell<u64>,
    scheduled: Cell<u64>,
    due: RefCell<BTreeMap<(u64, u64), Due>>,
}

impl Timeline {
    /// A timeline that begins at `now_ms`.
    pub(super) fn at(now_ms: u64) -> Self {
        Self {
            now_ms: Cell::new(now_ms),
            ..Self::default()
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    pub(super) fn schedule(&self, after_ms: u64, due: Due) {
        // Of two things at one instant the one that was scheduled first comes first.
        let number = self.scheduled.get();
        self.scheduled.set(number + 1);
        self.due
            .borrow_mut()
            .insert((self.now_ms() + after_ms, number), due);
    }

    /// Moves to the next thing that is due until `until_ms`, or to `until_ms` when there is none.
    pub(super) fn next(&self, until_ms: u64) -> Option<Due> {
        let mut due = self.due.borrow_mut();
        let first = due.first_key_value().map(|(key, _)| *key);
        match first.filter(|(at_ms, _)| *at_ms <= until_ms) {
            Some(key) => {
                self.now_ms.set(self.now_ms().max(key.0));
                due.remove(&key)
            }
            None => {
                self.now_ms.set(self.now_ms().max(until_ms));
                None
            }
        }
    }

    pub(super) fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        let (ring, rung) = oneshot::channel();
        self.schedule(ms.max(1), Due::Ring(ring));
        Box::pin(async move {
            // A bell that is gone belongs to a world that is gone.
            let _ = rung.await;
        })
    }
}

/// A device's machine: the world's time seen through its own clock, and chance of its own.
pub(super) struct SimPlatform {
    timeline: Rc<Timeline>,
    chance: SharedChance,
    /// How far the device's clock is ahead, ms.
    pub(super) ahead_ms: Cell<i64>,
}

impl SimPlatform {
    pub(super) fn new(timeline: Rc<Timeline>, chance: SharedChance) -> Self {
        Self {
            timeline,
            chance,
            ahead_ms: Cell::new(0),
        }
    }
}

impl Platform for SimPlatform {
    fn now_ms(&self) -> u64 {
        self.timeline.now_ms().saturating_add_signed(self.ahead_ms.get())
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.chance.fill(bytes);
    }

    fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        self.timeline.sleep(ms)
    }
}

/// Set when a task wants to be polled.
#[derive(Debug, Default)]
pub(super) struct Woken(AtomicBool);

impl Woken {
    pub(super) fn fresh() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.set();
    }
}
