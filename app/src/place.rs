//! Where one was, so that back is back: which screen comes before this one, and on each screen the scroll position, what
//! was typed into a search, filters, the unit that was open. Kept for every entry of the browser's history while the page
//! lives; whichever way leads back to an entry, the screen finds it there. A screen that is opened anew has an entry of
//! its own and begins at its beginning.
//!
//! A screen keeps something by [`use_kept`] instead of `use_signal`; its scroll position is kept without asking.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;

use dioxus::prelude::*;

use crate::platform::{self, Entry, Step, Watcher};
use crate::routes::Route;

/// More than anybody goes back.
const PLACES_MAX: usize = 100;
/// A screen is scrolled to its place once it has grown so far, which takes as long as its queries.
const GROWS_FOR_MS: i32 = 5_000;
const LOOK_AGAIN_MS: i32 = 40;
/// Words that come later move what stands below them: the place is held until the screen has stayed as it is so often.
const STILL_LOOKS: u32 = 15;

/// One entry of the history.
#[derive(Default)]
struct Place {
    scroll: f64,
    values: BTreeMap<&'static str, Box<dyn Any>>,
}

/// All that are known. Later entries have greater numbers.
#[derive(Default)]
struct Places {
    places: BTreeMap<Entry, Place>,
    passed: Passed,
    /// Counts up whenever another screen is shown or the person scrolls: whoever was scrolling gives up.
    turn: u64,
    /// The shown screen is still on its way to its place.
    arriving: bool,
}

/// The entries of the history as far as this page has seen them, in their order, and which of them is shown.
#[derive(Default)]
struct Passed {
    entries: Vec<(Entry, String)>,
    shown: usize,
}

impl Passed {
    fn show(&mut self, step: Step, entry: Entry, address: String) {
        let shown = self.entries.get(self.shown).map(|(shown, _)| *shown);
        let known = self.entries.iter().position(|(known, _)| *known == entry);
        match (step, known, shown) {
            (_, Some(known), _) => self.shown = known,
            (Step::Instead, None, Some(_)) => {
                if let Some(shown) = self.entries.get_mut(self.shown) {
                    *shown = (entry, address);
                }
            }
            // From before the page was loaded: what lies between is not known.
            (Step::Walked, None, Some(shown)) if entry < shown => {
                self.entries = vec![(entry, address)];
                self.shown = 0;
            }
            _ => {
                self.entries.truncate(self.shown + 1);
                if self.entries.len() == PLACES_MAX {
                    self.entries.remove(0);
                }
                self.entries.push((entry, address));
                self.shown = self.entries.len() - 1;
            }
        }
    }

    fn previous(&self) -> Option<&str> {
        let before = self.shown.checked_sub(1)?;
        self.entries.get(before).map(|(_, address)| address.as_str())
    }
}

thread_local! {
    static PLACES: RefCell<Places> = RefCell::default();
}

impl Places {
    fn of(&mut self, entry: Entry) -> &mut Place {
        if self.places.len() >= PLACES_MAX && !self.places.contains_key(&entry) {
            self.places.pop_first();
        }
        self.places.entry(entry).or_default()
    }

    /// An entry is left while its screen was scrolled so far.
    fn leave(&mut self, entry: Entry, scroll: f64) {
        self.turn += 1;
        // Left before it had arrived: it is still to be found where it was.
        if !std::mem::take(&mut self.arriving) {
            self.of(entry).scroll = scroll;
        }
    }

    fn value<T: Clone + 'static>(&self, entry: Entry, name: &str) -> Option<T> {
        let value = self.places.get(&entry)?.values.get(name)?;
        value.downcast_ref().cloned()
    }
}

fn with_places<T>(work: impl FnOnce(&mut Places) -> T) -> T {
    PLACES.with_borrow_mut(work)
}

/// Begins to keep places. Called once, before the first screen.
pub(crate) fn start() {
    platform::watch_history(Watcher {
        leave: |entry, scroll| with_places(|places| places.leave(entry, scroll)),
        show: |step, entry, address| with_places(|places| places.passed.show(step, entry, address)),
    });
    platform::on_touch(|| {
        with_places(|places| {
            places.turn += 1;
            places.arriving = false;
        });
    });
}

/// The screen to which "back" leads; `None` where the app was opened.
pub(crate) fn previous() -> Option<Route> {
    let address = with_places(|places| places.passed.previous().map(str::to_owned));
    address.and_then(|address| address.parse().ok())
}

/// Like `use_signal`, but what it held is there again when one comes back. `name` is its own among those of a screen.
pub(crate) fn use_kept<T: Clone + 'static>(name: &'static str, initial: impl FnOnce() -> T) -> Signal<T> {
    let entry = use_hook(platform::entry);
    let signal = use_signal(|| with_places(|places| places.value(entry, name)).unwrap_or_else(initial));
    use_effect(move || {
        let value: Box<dyn Any> = Box::new(signal.read().clone());
        with_places(|places| places.of(entry).values.insert(name, value));
    });
    signal
}

/// Another screen is shown: it is scrolled to where it was left, or to its top.
pub(crate) fn arrive() {
    let (turn, to) = with_places(|places| {
        places.turn += 1;
        let to = places.of(platform::entry()).scroll;
        places.arriving = to > 0.0;
        (places.turn, to)
    });
    platform::scroll_to(0.0);
    if to > 0.0 {
        spawn(async move { scroll_when_grown(turn, to).await });
    }
}

/// The shown screen has something to say at its top, wherever it was left.
pub(crate) fn stay_at_top() {
    with_places(|places| {
        places.turn += 1;
        places.arriving = false;
        places.of(platform::entry()).scroll = 0.0;
    });
    platform::scroll_to(0.0);
}

async fn scroll_when_grown(turn: u64, to: f64) {
    let (mut room, mut still) = (0.0, 0);
    for _ in 0..GROWS_FOR_MS / LOOK_AGAIN_MS {
        platform::sleep_ms(LOOK_AGAIN_MS).await;
        if with_places(|places| places.turn != turn) {
            return;
        }
        let room_before = std::mem::replace(&mut room, platform::scroll_room());
        if room < to {
            continue;
        }
        platform::scroll_to(to);
        still = if room == room_before { still + 1 } else { 0 };
        if still == STILL_LOOKS {
            break;
        }
    }
    if with_places(|places| places.turn == turn && std::mem::take(&mut places.arriving)) {
        // It may be shorter than it was: as far as it goes.
        platform::scroll_to(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_keeps_its_own_values_and_its_scroll_position() {
        let mut places = Places::default();
        let text = |text: &str| Box::new(text.to_owned());
        places.of(1).values.insert("search", text("赵"));
        places.leave(1, 300.0);
        places.of(2).values.insert("search", text(""));
        places.leave(2, 0.0);
        assert_eq!(places.value::<String>(1, "search").as_deref(), Some("赵"));
        assert_eq!(places.value::<String>(2, "search").as_deref(), Some(""));
        assert_eq!(places.value::<String>(3, "search"), None);
        assert_eq!(places.value::<usize>(1, "search"), None, "of another type");
        assert_eq!(places.of(1).scroll, 300.0);
    }

    #[test]
    fn what_is_left_before_it_has_arrived_is_still_found_where_it_was() {
        let mut places = Places::default();
        places.leave(1, 300.0);
        places.arriving = true;
        places.leave(1, 0.0);
        assert_eq!(places.of(1).scroll, 300.0);
        places.leave(1, 20.0);
        assert_eq!(places.of(1).scroll, 20.0);
    }

    fn passed(steps: &[(Step, Entry)]) -> Passed {
        let mut passed = Passed::default();
        for (step, entry) in steps {
            passed.show(*step, *entry, format!("/{entry}"));
        }
        passed
    }

    #[test]
    fn back_leads_to_the_entry_before_also_after_going_back_and_on() {
        use Step::{Further, Instead, Walked};
        let opened = [(Walked, 1), (Further, 2), (Further, 3)];
        let previous = |more: &[(Step, Entry)]| {
            let passed = passed(&[&opened, more].concat());
            passed.previous().map(str::to_owned)
        };
        assert_eq!(passed(&[(Walked, 1)]).previous(), None);
        assert_eq!(previous(&[]).as_deref(), Some("/2"));
        assert_eq!(previous(&[(Walked, 2)]).as_deref(), Some("/1"));
        assert_eq!(
            previous(&[(Walked, 2), (Walked, 3)]).as_deref(),
            Some("/2"),
            "forward again"
        );
        assert_eq!(previous(&[(Walked, 2), (Further, 4)]).as_deref(), Some("/2"));
        assert_eq!(
            previous(&[(Instead, 4)]).as_deref(),
            Some("/2"),
            "a replaced screen is not gone back to"
        );
        assert_eq!(previous(&[(Instead, 4), (Further, 5)]).as_deref(), Some("/4"));
        assert_eq!(
            previous(&[(Walked, 2), (Instead, 4), (Walked, 3)]).as_deref(),
            Some("/4")
        );
        assert_eq!(
            previous(&[(Walked, 9)]).as_deref(),
            Some("/3"),
            "one that the page did not make"
        );
        assert_eq!(previous(&[(Walked, 0)]), None, "from before the page was loaded");
    }

    #[test]
    fn the_oldest_places_are_forgotten() {
        let mut places = Places::default();
        for entry in 0..PLACES_MAX as Entry + 10 {
            places.leave(entry, 5.0);
        }
        assert_eq!(places.places.len(), PLACES_MAX);
        assert_eq!(places.places.keys().next(), Some(&10));
    }
}
