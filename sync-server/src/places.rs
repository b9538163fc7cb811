//! Places for those who wait for something: so many in all, so many of one caller.
//!
//! Whoever comes when all are taken takes the place of the one that has been silent for longest: of the same caller when
//! that one has too many, else of the caller who has most. So nobody who waits for nothing keeps others out, and there
//! is nothing to be locked out of.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::callers::Caller;

/// How often the log says that places are full.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// All places of one kind.
#[derive(Debug)]
pub struct Places {
    /// What they are places for, for the log.
    of: &'static str,
    all_max: usize,
    caller_max: usize,
    /// Counts up with every sign of life; what has the smallest has been silent for longest.
    signs: AtomicU64,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    seats: HashMap<u64, Arc<Seat>>,
    of_caller: HashMap<Caller, usize>,
    next: u64,
    warned: Option<Instant>,
}

#[derive(Debug)]
struct Seat {
    /// `None` where many come from one address, as behind a proxy.
    caller: Option<Caller>,
    sign: AtomicU64,
    /// How many reasons there are not to give the place away.
    kept: AtomicUsize,
    lost: Notify,
}

impl Places {
    /// So many places in all, and of one caller.
    pub fn new(of: &'static str, all_max: usize, caller_max: usize) -> Arc<Self> {
        Arc::new(Self {
            of,
            all_max,
            caller_max,
            signs: AtomicU64::new(0),
            taken: Mutex::default(),
        })
    }

    /// A place; `None` when all are taken by such as must not lose theirs.
    pub fn take(self: &Arc<Self>, caller: Option<Caller>) -> Option<Place> {
        let mut taken = self.taken();
        if caller.is_some_and(|caller| taken.count_of(caller) >= self.caller_max) {
            self.warn(&mut taken, "of one address");
            taken.free_one(|seat| seat.caller == caller)?;
        }
        if taken.seats.len() >= self.all_max {
            self.warn(&mut taken, "in all");
            let most = taken.of_caller.iter().max_by_key(|(_, count)| **count);
            let most = most.map(|(caller, _)| *caller);
            let freed = taken.free_one(|seat| most.is_some() && seat.caller == most);
            freed.or_else(|| taken.free_one(|_| true))?;
        }
        let seat = Arc::new(Seat {
            caller,
            sign: AtomicU64::new(self.signs.fetch_add(1, Ordering::Relaxed)),
            kept: AtomicUsize::new(0),
            lost: Notify::new(),
        });
        let number = taken.next;
        taken.next += 1;
        taken.seats.insert(number, Arc::clone(&seat));
        if let Some(caller) = caller {
            *taken.of_caller.entry(caller).or_default() += 1;
        }
        Some(Place {
            number,
            seat,
            places: Arc::clone(self),
        })
    }

    /// Whether all are taken.
    pub fn are_full(&self) -> bool {
        self.taken().seats.len() >= self.all_max
    }

    /// How many are taken.
    pub fn count(&self) -> usize {
        self.taken().seats.len()
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn warn(&self, taken: &mut Taken, which: &'static str) {
        if taken.warned.is_none_or(|warned| warned.elapsed() >= WARN_EVERY) {
            taken.warned = Some(Instant::now());
            tracing::warn!(
                places = self.of,
                which,
                "All places are taken: the one silent for longest goes."
            );
        }
    }
}

impl Taken {
    fn count_of(&self, caller: Caller) -> usize {
        self.of_caller.get(&caller).copied().unwrap_or(0)
    }

    /// Frees the place of the one that has been silent for longest among those that may go.
    fn free_one(&mut self, may_go: impl Fn(&Seat) -> bool) -> Option<()> {
        let free = |seat: &Seat| seat.kept.load(Ordering::Acquire) == 0;
        let seats = self.seats.iter();
        let (number, _) = seats
            .filter(|(_, seat)| may_go(seat) && free(seat))
            .min_by_key(|(_, seat)| seat.sign.load(Ordering::Relaxed))?;
        let number = *number;
        self.remove(number)?.lost.notify_one();
        Some(())
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Seat>> {
        let seat = self.seats.remove(&number)?;
        if let Some(caller) = seat.caller
            && let Some(count) = self.of_caller.get_mut(&caller)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_caller.remove(&caller);
            }
        }
        Some(seat)
    }
}

/// One place, until it is dropped or [lost](Self::lost).
#[derive(Debug)]
pub struct Place {
    number: u64,
    seat: Arc<Seat>,
    places: Arc<Places>,
}

impl Place {
    /// A sign of life.
    pub fn sign(&self) {
        let sign = self.places.signs.fetch_add(1, Ordering::Relaxed);
        self.seat.sign.store(sign, Ordering::Relaxed);
    }

    /// Ends when somebody else took the place.
    pub fn lost(&self) -> impl Future<Output = ()> + Send + 'static {
        let seat = Arc::clone(&self.seat);
        async move { seat.lost.notified().await }
    }

    /// While this is held the place cannot be lost.
    pub fn keep(&self) -> Kept {
        self.seat.kept.fetch_add(1, Ordering::AcqRel);
        Kept(Arc::clone(&self.seat))
    }

    /// Whether the place cannot be lost now.
    pub fn is_kept(&self) -> bool {
        self.seat.kept.load(Ordering::Acquire) > 0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().remove(self.number);
    }
}

/// A reason not to give a [`Place`] away.
#[derive(Debug)]
pub struct Kept(Arc<Seat>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.kept.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn caller(last: u8) -> Option<Caller> {
        Some(Caller::at([192, 0, 2, last].into()))
    }

    fn is_lost(place: &Place) -> bool {
        place.lost().now_or_never().is_some()
    }

    #[test]
    fn a_newcomer_takes_the_place_of_the_one_silent_for_longest() {
        let places = Places::new("tests", 3, 3);
        let seats: Vec<_> = (0..3).map(|_| places.take(caller(1)).unwrap()).collect();
        seats[0].sign();
        let newcomer = places.take(caller(1)).unwrap();
        assert_eq!(
            seats.iter().map(is_lost).collect::<Vec<_>>(),
            [false, true, false]
        );
        assert!(!is_lost(&newcomer));
        assert_eq!(places.count(), 3);
        drop((seats, newcomer));
        assert_eq!(places.count(), 0, "a lost place is not given back twice");
        assert!(places.taken().of_caller.is_empty());
    }

    #[test]
    fn who_takes_most_loses_first_and_one_caller_cannot_have_all() {
        let places = Places::new("tests", 4, 3);
        let quiet = places.take(caller(2)).unwrap();
        let many: Vec<_> = (0..3).map(|_| places.take(caller(1)).unwrap()).collect();
        let other = places.take(caller(3)).unwrap();
        assert!(!is_lost(&quiet), "silent for longest, but one of one");
        assert_eq!(many.iter().filter(|place| is_lost(place)).count(), 1);
        let more: Vec<_> = (0..9).map(|_| places.take(caller(1)).unwrap()).collect();
        assert_eq!(places.count(), 4);
        assert!(![&quiet, &other].iter().any(|place| is_lost(place)));
        drop(more);
    }

    #[test]
    fn a_kept_place_is_not_lost_and_without_a_free_one_nobody_comes_in() {
        let places = Places::new("tests", 2, 2);
        let (first, second) = (places.take(None).unwrap(), places.take(caller(1)).unwrap());
        let kept = (first.keep(), second.keep());
        assert!(places.take(caller(2)).is_none());
        assert!(places.are_full());
        drop(kept.1);
        let third = places.take(caller(2)).unwrap();
        assert!(is_lost(&second) && !is_lost(&first) && !is_lost(&third));
    }
}
