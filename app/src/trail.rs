//! The way back: which screens were passed, so that "back" goes where the person came from.

use std::cell::RefCell;

/// Screens passed since the app was opened, the shown one last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trail<R> {
    passed: Vec<R>,
    replacing: bool,
}

/// More than anybody goes back.
const TRAIL_LENGTH_MAX: usize = 100;

impl<R: PartialEq> Trail<R> {
    /// Nothing passed yet.
    pub(crate) const fn new() -> Self {
        Self {
            passed: Vec::new(),
            replacing: false,
        }
    }

    /// The next screen takes the place of the shown one.
    pub(crate) fn replace_next(&mut self) {
        self.replacing = true;
    }

    /// A screen is shown.
    pub(crate) fn shows(&mut self, screen: R) {
        if self.passed.last() == Some(&screen) {
            self.replacing = false;
            return;
        }
        if std::mem::take(&mut self.replacing) {
            self.passed.pop();
        } else if self.previous() == Some(&screen) {
            self.passed.pop();
            return;
        }
        if self.passed.len() == TRAIL_LENGTH_MAX {
            self.passed.remove(0);
        }
        self.passed.push(screen);
    }

    /// The screen before the shown one.
    pub(crate) fn previous(&self) -> Option<&R> {
        self.passed
            .len()
            .checked_sub(2)
            .and_then(|index| self.passed.get(index))
    }
}

thread_local! {
    static TRAIL: RefCell<Trail<crate::routes::Route>> = const { RefCell::new(Trail::new()) };
}

/// Works on the trail of this page.
pub(crate) fn with_trail<T>(work: impl FnOnce(&mut Trail<crate::routes::Route>) -> T) -> T {
    TRAIL.with_borrow_mut(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_back_shortens_the_trail() {
        let mut trail = Trail::new();
        trail.shows("today");
        assert_eq!(trail.previous(), None);
        trail.shows("households");
        trail.shows("household");
        assert_eq!(trail.previous(), Some(&"households"));
        trail.shows("households");
        assert_eq!(trail.previous(), Some(&"today"));
    }

    #[test]
    fn a_replaced_screen_is_not_gone_back_to() {
        let mut trail = Trail::new();
        trail.shows("today");
        trail.shows("new visit");
        trail.replace_next();
        trail.shows("visit form");
        assert_eq!(trail.previous(), Some(&"today"));
    }
}
